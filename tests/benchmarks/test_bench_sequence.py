"""Training steps of whole-name models against the same training written plainly with torch.nn.

Plainly: names padded to the longest of the list by a DataLoader with four workers, the cell of
an RNN applied to [x, h] position by position, attention masked and normalised in every head,
torch.optim.AdamW.  Whether two threads are faster than one changes with the machine and its mood,
so both run with both in each round, and the faster of each are compared.  Also the sampling of
10,000 names.
"""

import json
import subprocess
import sys
import time
from statistics import median

import pytest
import torch
from plain_models import ADAM, BATCH, PLAIN, pair, plain_step
from torch.utils.data import DataLoader, Dataset, RandomSampler

from mmhelpers.data import BUNDLED, load_names, pad_names
from mmhelpers.models import build
from mmhelpers.optim import AdamW
from mmhelpers.sampling import generate_names
from mmhelpers.training import History, updates

STEPS, ROUNDS = 30, 9


class Names(Dataset):
    """Each name as a padded row, made when it is asked for."""

    def __init__(self, words, vocabulary):
        self.words, self.vocabulary = words, vocabulary
        self.length = max(map(len, words)) + 1

    def __len__(self):
        return len(self.words)

    def __getitem__(self, index):
        letters = torch.tensor(self.vocabulary.encode(self.words[index]))
        x = torch.zeros(self.length, dtype=torch.int64)
        y = torch.full((self.length,), -1)
        x[1 : 1 + len(letters)] = letters
        y[: len(letters)] = letters
        y[len(letters)] = 0
        return x, y


@pytest.fixture(scope="module")
def words():
    return load_names().words


@pytest.mark.benchmark(group=f"{STEPS} steps of {BATCH} names, ours and plain, one thread and two")
@pytest.mark.parametrize("name", PLAIN)
def test_step(benchmark, capsys, words, name):
    ours, plain, vocabulary = pair(name, words)
    names = Names(words, vocabulary)
    sampler = RandomSampler(names, replacement=True, num_samples=10**9)
    batches = iter(DataLoader(names, BATCH, sampler=sampler, num_workers=4))
    theirs, mine = torch.optim.AdamW(plain.parameters(), **ADAM), AdamW(ours.parameters(), **ADAM)
    data = pad_names(words, vocabulary, ours.block_size)
    steps = updates(ours, data, mine, History(), BATCH)
    ways = {
        "ours": lambda: next(steps),
        "plain": lambda: plain_step(plain, theirs, *next(batches)),
    }
    milliseconds = {(way, threads): [] for way in ways for threads in (1, 2)}

    def run_all():
        for way, threads in milliseconds:
            torch.set_num_threads(threads)
            start = time.perf_counter()
            for _ in range(STEPS):
                ways[way]()
            milliseconds[way, threads].append(1e3 * (time.perf_counter() - start) / STEPS)

    benchmark.pedantic(run_all, rounds=ROUNDS)
    took = {key: median(rounds) for key, rounds in milliseconds.items()}  # the first round is cold
    fastest = {way: min(took[way, 1], took[way, 2]) for way in ways}
    ratio = benchmark.extra_info["ratio"] = fastest["plain"] / fastest["ours"]
    line = ", ".join(f"{way} {took[way, 1]:.2f} and {took[way, 2]:.2f} ms" for way in ways)
    with capsys.disabled():
        print(f"\n{name}, a step on one thread and on two: {line}; fastest to fastest {ratio:.2f}")


@pytest.mark.benchmark(group="10,000 names of a Transformer")
def test_sampling(in_turns, words):
    model, _, vocabulary = pair("transformer", words)
    train_briefly(model, words, vocabulary)
    uncached = build("transformer", len(vocabulary), block_size=model.block_size)
    uncached.load_state_dict(model.state_dict())
    uncached.new_cache = lambda: None

    def sample(model):
        return lambda: generate_names(model, vocabulary, 10_000, torch.Generator().manual_seed(2))

    in_turns(sample(model), sample(uncached), rounds=2, unit="10,000 names")


def train_briefly(model, words, vocabulary):
    """Trains so long that names end."""
    data = pad_names(words, vocabulary, model.block_size)
    optimizer = AdamW(model.parameters(), 3e-3)
    for _, _ in zip(range(100), updates(model, data, optimizer, History(), BATCH), strict=False):
        pass


# Runs the command line, and tells when its first step was done and how much memory it took.
COMMAND = """
import json, sys, time
from pathlib import Path
from mmhelpers.makemore.__main__ import main
from mmhelpers.makemore import run
real = run.updates

def updates(*arguments):
    for number, loss in enumerate(real(*arguments)):
        if number == 0:
            first.append(time.time())
        yield loss

first, run.updates = [], updates
main(sys.argv[1:])
peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]  # kilobytes
print(json.dumps([first[0], int(peak) / 1024]))
"""


@pytest.mark.benchmark(group="the command line: from start to first step")
def test_start_and_memory(benchmark, tmp_path, capsys):
    took = []

    def start():
        before = time.time()
        flags = ["-i", str(BUNDLED), "-o", str(tmp_path), "--max-steps", "600"]
        ran = subprocess.run(
            [sys.executable, "-c", COMMAND, *flags], capture_output=True, text=True, check=True
        )
        first, megabytes = json.loads(ran.stdout.splitlines()[-1])
        took.append((first - before, megabytes))

    benchmark.pedantic(start, rounds=1)
    with capsys.disabled():
        print("\nfirst step after {:.1f} s, {:.0f} MB".format(*took[0]))
    assert took[0][1] < 500
