"""How two ways of doing the same are measured side by side."""

import time
from statistics import median

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """One thread each, as the runner gives every notebook."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def in_turns(benchmark, capsys):
    """Gives a function that measures one way as a row of the table, and prints a comparison.

    The other way runs before each round, so that both meet the machine in the same mood.
    """

    def measure(way, other, rounds, per_round=1, unit="call"):
        seconds = []

        def run_other():
            start = time.perf_counter()
            other()
            seconds.append(time.perf_counter() - start)

        benchmark.pedantic(way, setup=run_other, rounds=rounds, warmup_rounds=1)
        if not benchmark.stats:  # under --benchmark-disable it ran once, unmeasured
            return
        mine, others = benchmark.stats.stats.median, median(seconds[1:])
        benchmark.extra_info["ratio to the other"] = others / mine
        with capsys.disabled():
            print(
                f"\n{benchmark.name}: {1e3 * mine / per_round:.3f} ms per {unit}, "
                f"the other in turns {1e3 * others / per_round:.3f} ms, ratio {others / mine:.2f}"
            )

    return measure
