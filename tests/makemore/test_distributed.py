"""Training by two real processes: as one would, and told when the other is gone."""

import csv
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import torch

from mmhelpers.makemore import checkpoint

WORDS = ["ada", "bob", "abba", "baobab", "dodo", "ed", "abe", "bea", "deb", "babe", "dada", "eda"]
FLAGS = "-i list.txt --type gru --n-embd 8 --n-embd2 8 -b 5".split()
TRANSFORMER = "-i list.txt --type transformer --n-embd 8 --n-layer 1 --n-head 2 -b 5".split()

# The command line, which logs every step, and leaves the parameters of each process.
SCRIPT = """
import sys
import torch
from mmhelpers.makemore import run
from mmhelpers.makemore.__main__ import main

run.LOG_EVERY, run.EVALUATE_EVERY = 1, 10
train = run.Run.train

def train_and_tell(self):
    train(self)
    torch.save([p.detach() for p in self.job.model.parameters()], f"rank{self.group.rank}.pt")

run.Run.train = train_and_tell
sys.exit(main())
"""

TORCHRUN = [
    *[sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"],
    "script.py",
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "list.txt").write_text("\n".join(WORDS))
    (tmp_path / "script.py").write_text(SCRIPT)
    return tmp_path


def losses(path):
    with path.open() as file:
        return [float(row["loss"]) for row in csv.DictReader(file) if row["loss"]]


@pytest.mark.parametrize("flags", [FLAGS, TRANSFORMER], ids=["gru", "transformer"])
def test_two_processes_as_one(folder, flags):
    alone = [sys.executable, "script.py", *flags, "-o", "one", "--max-steps", "20"]
    ran = subprocess.run(alone, cwd=folder, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr
    one = torch.load(folder / "rank0.pt")
    both = [*TORCHRUN, *flags, "-o", "two", "--max-steps", "20"]
    ran = subprocess.run(both, cwd=folder, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr
    first, second = torch.load(folder / "rank0.pt"), torch.load(folder / "rank1.pt")
    assert all(map(torch.equal, first, second))
    for mine, its in zip(first, one, strict=True):
        if mine.shape == (24,):  # the biases of q, k and v: that of k has no gradient but rounding
            mine, its = torch.cat([mine[:8], mine[16:]]), torch.cat([its[:8], its[16:]])
        torch.testing.assert_close(mine, its, rtol=1e-3, atol=1e-5)
    together, alone = losses(folder / "two/log.csv"), losses(folder / "one/log.csv")
    assert len(alone) == 20
    assert together == pytest.approx(alone, abs=1e-5)
    assert ran.stdout.count("saved in two") == 1  # one of them prints


def start(folder, *flags):
    """Starts two processes as torchrun does, without what torchrun does when one of them dies."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    common = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": port}
    return [
        subprocess.Popen(
            [sys.executable, "script.py", *FLAGS, "-o", "out", *flags],
            cwd=folder, env=common | {"RANK": rank}, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        for rank in ("0", "1")
    ]  # fmt: skip


def wait_for(path, processes):
    deadline = time.time() + 600
    while not path.exists() and time.time() < deadline:
        assert all(process.poll() is None for process in processes), "ended early"
        time.sleep(0.05)


@pytest.mark.parametrize("rank", [0, 1])
def test_one_killed_ends_the_other(folder, rank):
    processes = start(folder)
    wait_for(folder / "out/last.pt", processes)
    killed, other = processes[rank], processes[1 - rank]
    killed.kill()
    killed.communicate()
    _, error = other.communicate(timeout=600)
    assert other.returncode == 1
    assert error.splitlines()[-1].startswith("error: another process is gone")
    assert checkpoint.load(folder / "out/last.pt")["optimizer"]["steps"] >= 10


def test_interrupting_one_stops_both(folder):
    processes = start(folder)
    wait_for(folder / "out/last.pt", processes)
    processes[1].send_signal(signal.SIGINT)
    for process in processes:
        _, error = process.communicate(timeout=600)
        assert process.returncode == 0, error
    assert checkpoint.load(folder / "out/last.pt")["optimizer"]["steps"] >= 10


def test_interrupting_torchrun_saves(folder):
    process = subprocess.Popen(
        [*TORCHRUN, *FLAGS, "-o", "out"], cwd=folder, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    wait_for(folder / "out/last.pt", [process])
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: torchrun and both processes
    printed, _ = process.communicate(timeout=600)
    assert "saved in out" in printed, printed
    first, second = torch.load(folder / "rank0.pt"), torch.load(folder / "rank1.pt")
    assert all(map(torch.equal, first, second))
    assert checkpoint.load(folder / "out/last.pt")["optimizer"]["steps"] >= 10
