"""Training steps of whole-name models against the same training written plainly with torch.nn.

Plainly: names padded to the longest of the list by a DataLoader with four workers, the cell of
an RNN applied to [x, h] position by position, attention masked and normalised in every head,
torch.optim.AdamW.  Whether two threads are faster than one changes with the machine and its mood,
so both run with both in each round, and the faster of each are compared.  Also the sampling of
10,000 names.
"""

import copy
import json
import shutil
import subprocess
import sys
import time
from statistics import median

import pytest
import torch
from packing_alone import PackingAlone
from plain_models import ADAM, BATCH, PLAIN, pair, plain_step
from torch.utils.data import DataLoader, Dataset, RandomSampler

from mmhelpers.data import BUNDLED, NameRows, Vocabulary, load_names, pad_names
from mmhelpers.fast import faster, transformer
from mmhelpers.models import build
from mmhelpers.optim import AdamW
from mmhelpers.sampling import generate_names
from mmhelpers.training import History, train, updates

STEPS, ROUNDS = 30, 9
COMPILER = any(shutil.which(name) for name in ("c++", "g++", "clang++"))


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


def time_in_turns(benchmark, ways, steps=STEPS):
    """The milliseconds a step of each way on one thread and on two: the medians of the rounds."""
    took = {(way, threads): [] for way in ways for threads in (1, 2)}

    def run_all():
        for way, threads in took:
            torch.set_num_threads(threads)
            start = time.perf_counter()
            for _ in range(steps):
                ways[way]()
            took[way, threads].append(1e3 * (time.perf_counter() - start) / steps)

    benchmark.pedantic(run_all, rounds=ROUNDS)  # the first round is cold
    return {key: median(rounds) for key, rounds in took.items()}


def steps_of(model, data, form=faster, batch_size=BATCH):
    """A function that trains a form of our model by a step."""
    updated = updates(form(model), data, AdamW(model.parameters(), **ADAM), History(), batch_size)
    return lambda: next(updated)


@pytest.mark.benchmark(group=f"{STEPS} steps of {BATCH} names, ours and plain, one thread and two")
@pytest.mark.parametrize("name", PLAIN)
def test_step(benchmark, capsys, words, name):
    ours, plain, vocabulary = pair(name, words)
    names = Names(words, vocabulary)
    sampler = RandomSampler(names, replacement=True, num_samples=10**9)
    batches = iter(DataLoader(names, BATCH, sampler=sampler, num_workers=4))
    theirs = torch.optim.AdamW(plain.parameters(), **ADAM)
    data = NameRows(words, vocabulary, ours.block_size)
    ways = {
        "ours": steps_of(ours, data),
        "plain": lambda: plain_step(plain, theirs, *next(batches)),
    }
    took = time_in_turns(benchmark, ways)
    fastest = {way: min(took[way, 1], took[way, 2]) for way in ways}
    ratio = benchmark.extra_info["ratio"] = fastest["plain"] / fastest["ours"]
    readings = [took["plain", its] / took["ours", mine] for mine in (1, 2) for its in (1, 2)]
    benchmark.extra_info["lowest reading"] = min(readings)
    line = ", ".join(f"{way} {took[way, 1]:.2f} and {took[way, 2]:.2f} ms" for way in ways)
    with capsys.disabled():
        print(f"\n{name}, a step on one thread and on two: {line}; fastest to fastest {ratio:.2f}")
        print(f"lowest of the four readings {min(readings):.2f}")


@pytest.mark.benchmark(group="a step of the modern Transformer and of GPT-2's")
@pytest.mark.parametrize("batch_size", [32, 128])
def test_modern(benchmark, capsys, words, batch_size):
    vocabulary, ways = Vocabulary(words), {}
    for name in ("modern", "transformer"):
        model = build(name, len(vocabulary), torch.Generator().manual_seed(1))
        data = NameRows(words, vocabulary, model.block_size)
        ways[name] = steps_of(model, data, batch_size=batch_size)
    took = time_in_turns(benchmark, ways, steps=10)
    ratios = [took["modern", threads] / took["transformer", threads] for threads in (1, 2)]
    benchmark.extra_info["ratios"] = ratios
    with capsys.disabled():
        for threads, ratio in zip((1, 2), ratios, strict=True):
            line = ", ".join(f"{name} {took[name, threads]:.2f} ms" for name in ways)
            print(f"\nbatches of {batch_size}, {threads} thread(s): {line}, ratio {ratio:.2f}")


@pytest.mark.skipif(not COMPILER, reason="there is no C++ compiler for torch.compile")
@pytest.mark.benchmark(group="the Transformer's step against torch.compile with a fused AdamW")
def test_against_compiled(benchmark, capsys, words):
    ours, plain, vocabulary = pair("transformer", words)
    X, Y = pad_names(words, vocabulary, ours.block_size)
    theirs = torch.optim.AdamW(plain.parameters(), fused=True, **ADAM)
    compiled = torch.compile(plain)

    def step():
        rows = torch.randint(0, len(X), (BATCH,))
        plain_step(compiled, theirs, X[rows], Y[rows])

    for threads in (1, 2):  # each compiled ahead
        torch.set_num_threads(threads)
        step()
    data = NameRows(words, vocabulary, ours.block_size)
    took = time_in_turns(benchmark, {"ours": steps_of(ours, data), "compiled": step})
    ratios = [took["compiled", threads] / took["ours", threads] for threads in (1, 2)]
    benchmark.extra_info["ratios"] = ratios
    with capsys.disabled():
        for threads, ratio in zip((1, 2), ratios, strict=True):
            mine, its = took["ours", threads], took["compiled", threads]
            line = f"ours {mine:.2f} ms, compiled with fused AdamW {its:.2f} ms, ratio {ratio:.2f}"
            print(f"\ntransformer, {threads} thread(s): {line}", end="")


@pytest.mark.benchmark(group="what shared beginnings bring over packing alone")
@pytest.mark.parametrize("batch_size", [32, 128])
def test_prefix_trees(benchmark, capsys, words, batch_size, monkeypatch):
    model, _, vocabulary = pair("transformer", words)
    other = copy.deepcopy(model)
    data = NameRows(words, vocabulary, model.block_size)
    packed = steps_of(other, data, batch_size=batch_size)

    def packing_alone():
        with monkeypatch.context() as patch:
            patch.setattr(transformer, "PrefixTrees", PackingAlone)
            packed()

    ways = {"trees": steps_of(model, data, batch_size=batch_size), "packing": packing_alone}
    took = time_in_turns(benchmark, ways, steps=10)
    ratios = [took["packing", threads] / took["trees", threads] for threads in (1, 2)]
    benchmark.extra_info["ratios"] = ratios
    with capsys.disabled():
        line = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"\nbatches of {batch_size}: packing alone takes {line} times as long (1, 2 threads)")


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
    data = NameRows(words, vocabulary, model.block_size)
    train(faster(model), data, 100, AdamW(model.parameters(), 3e-3), BATCH, progress=False)


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
