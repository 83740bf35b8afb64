"""Checkpoints: come back whole, or are refused with a reason; a death in between harms none."""

import errno
import os
import pickle
import re
import resource
import subprocess
import sys

import pytest
import torch

from mmhelpers.makemore import checkpoint
from mmhelpers.makemore.checkpoint import CheckpointError

STATE = {"weights": torch.arange(6.0).view(2, 3), "step": 3, "config": {"type": "rnn", "lr": 0.1}}

# Forks writers that save 0, 1, 2, … for ever, each over the last, and kills them at any moment,
# at least 50 of them and until as many different saves as asked for were found whole.
KILLER = """
import os, random, signal, sys, time
from pathlib import Path
import torch
from mmhelpers.makemore import checkpoint

path, wanted = Path(sys.argv[1]), int(sys.argv[2])
state = lambda n: {"number": n, "weights": torch.full((20_000,), float(n))}
checkpoint.save(path, state(0))
random.seed(1)
found, number, kills = set(), 0, 0
while len(found) < wanted or kills < 50:
    kills += 1
    child = os.fork()
    if child == 0:
        while True:
            number += 1
            checkpoint.save(path, state(number))
    time.sleep(random.uniform(0.002, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    loaded = checkpoint.load(path)
    assert bool((loaded["weights"] == loaded["number"]).all())
    number = loaded["number"]
    found.add(number)
left = sorted(p.name for p in path.parent.iterdir())
print(*left)
"""


@pytest.fixture
def path(tmp_path):
    checkpoint.save(tmp_path / "last.pt", STATE)
    return tmp_path / "last.pt"


def refused(path, reason):
    with pytest.raises(CheckpointError, match=reason) as caught:
        checkpoint.load(path)
    assert "\n" not in str(caught.value) and path.name in str(caught.value)


def test_comes_back(path):
    loaded = checkpoint.load(path)
    assert torch.equal(loaded["weights"], STATE["weights"])
    assert (loaded["step"], loaded["config"]) == (3, {"type": "rnn", "lr": 0.1})
    assert [p.name for p in path.parent.iterdir()] == ["last.pt"]


def test_not_there(tmp_path):
    refused(tmp_path / "model.pt", "is not there")


def test_a_directory(tmp_path):
    refused(tmp_path, "can't be read")


def test_cut_short_anywhere(path):
    whole = path.read_bytes()
    for length in [0, 1, 10, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        refused(path, "cut short|no checkpoint|empty")


def test_garbled_anywhere(path):
    whole = path.read_bytes()
    for start in range(0, len(whole), 97):
        path.write_bytes(whole[:start] + b"\xff" * 8 + whole[start + 8 :])
        try:
            loaded = checkpoint.load(path)
        except CheckpointError:
            continue
        assert torch.equal(loaded["weights"], STATE["weights"])  # what nobody reads was hit


def test_text(path):
    path.write_text("emma\nolivia\n")
    refused(path, "no checkpoint")


@pytest.mark.parametrize("content", [{"wte.weight": torch.zeros(2)}, [1], torch.zeros(3)])
def test_not_ours(path, content):
    torch.save(content, path)  # makemore.py's are a state_dict
    refused(path, "no checkpoint of ours")


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("save", [torch.save, lambda s, p: p.write_bytes(pickle.dumps(s))])
def test_a_pickled_object_is_never_run(path, save):
    trace = path.with_name("trace")
    save({"format": checkpoint.FORMAT, "bomb": Bomb(str(trace))}, path)
    refused(path, "more than data|no checkpoint")
    assert not trace.exists()


def test_full_disk_leaves_the_last_one(path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(path, STATE | {"step": 4})
    assert checkpoint.load(path)["step"] == 3
    assert [p.name for p in path.parent.iterdir()] == ["last.pt"]


def test_a_write_cut_off_by_the_system(path):
    code = (
        "import sys, resource, torch; from pathlib import Path\n"
        "from mmhelpers.makemore import checkpoint\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "checkpoint.save(Path(sys.argv[1]), {'step': 4, 'weights': torch.zeros(9999)})"
    )
    ran = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert "File too large" in ran.stderr
    assert checkpoint.load(path)["step"] == 3
    assert [p.name for p in path.parent.iterdir()] == ["last.pt"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 5000


def test_killed_while_saving(tmp_path):
    command = [sys.executable, "-c", KILLER, tmp_path / "last.pt", "20"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr
    *unfinished, last = ran.stdout.split()
    assert last == "last.pt"
    assert all(re.fullmatch(r"\.last\.pt\.\d+\.unfinished", name) for name in unfinished)
