"""Signals, readers that leave, closed streams: the run is saved, and says nothing odd."""

import os
import signal
import subprocess
import sys
import time

import pytest

from mmhelpers.makemore import checkpoint, run
from mmhelpers.makemore.stop import Stopped, held

FLAGS = ["-i", "list.txt", "-o", "out", "--type", "bigram"]


def steps(desk):
    return checkpoint.load(desk.path / "out/last.pt")["optimizer"]["steps"]


def after(desk, monkeypatch, count, act):
    """Has the command do something after some steps."""
    real = run.Run.after_step

    def after_step(self, step, loss):
        real(self, step, loss)
        if step == count:
            act()

    monkeypatch.setattr(run.Run, "after_step", after_step)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_saves(desk, monkeypatch, name):
    after(desk, monkeypatch, 3, lambda: os.kill(os.getpid(), getattr(signal, name)))
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    status, out, err = desk.run(*FLAGS)
    assert (status, err) == (0, "") and "saved in out" in out
    assert steps(desk) == 3
    assert before == {n: signal.getsignal(n) for n in before}


@pytest.mark.parametrize("name, status", [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_told_twice_ends_at_once(desk, monkeypatch, name, status):
    def twice():
        os.kill(os.getpid(), getattr(signal, name))
        os.kill(os.getpid(), getattr(signal, name))

    after(desk, monkeypatch, 3, twice)
    got, _, err = desk.run(*FLAGS)
    assert (got, err) == (status, "interrupted: what was saved before is whole\n")
    assert desk.contents() == {}


@pytest.mark.parametrize("name, status", [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
@pytest.mark.parametrize("where", ["fresh", "open_list", "check_job"])
def test_a_signal_before_there_is_something_to_save(desk, monkeypatch, where, name, status):
    monkeypatch.setattr(run, where, lambda *_: os.kill(os.getpid(), getattr(signal, name)))
    got, _, err = desk.run(*FLAGS)
    assert (got, err) == (status, "interrupted: what was saved before is whole\n")
    assert not (desk.path / "out").exists()


def test_a_signal_while_the_last_state_is_saved(desk, monkeypatch):
    real = checkpoint.save

    def save(path, state):
        os.kill(os.getpid(), signal.SIGTERM)
        real(path, state)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", save)
        patch.setattr(
            run.Group, "stop", lambda self, number, frame: setattr(self, "wants_to_stop", True)
        )
        assert desk.run(*FLAGS, "--max-steps", 3)[0] == 0
    assert steps(desk) == 3


def test_nohup_goes_on(desk, monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        after(desk, monkeypatch, 3, lambda: os.kill(os.getpid(), signal.SIGHUP))
        assert desk.run(*FLAGS, "--max-steps", 5)[0] == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert steps(desk) == 5


@pytest.mark.parametrize("lines", [0, 3])
def test_a_reader_that_leaves(desk, lines):
    process = desk.start(*FLAGS)
    for _ in range(lines):
        process.stdout.readline()
    process.stdout.close()
    assert (process.stderr.read(), process.wait(300)) == ("", 0)
    assert steps(desk) >= 1


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams(desk, closed):
    script = f'exec "$@" {closed}'
    command = ["sh", "-c", script, "sh", sys.executable, "-m", "mmhelpers.makemore"]
    ran = subprocess.run([*command, *FLAGS, "--max-steps", "5"], cwd=desk.path, timeout=300)
    assert ran.returncode == 0
    assert steps(desk) == 5
    assert b"step" in (desk.path / "out/log.csv").read_bytes().splitlines()[0]


def test_a_full_device(desk):
    with open("/dev/full", "w") as full:
        process = desk.start(*FLAGS, stdout=full)
        error = process.communicate(timeout=300)[1]
    assert (process.returncode, error) == (1, "error: standard output: No space left on device\n")
    assert steps(desk) >= 1


def test_a_signal_is_held_to_the_end():
    done = False
    with pytest.raises(Stopped) as stopped, held():
        signal.raise_signal(signal.SIGTERM)
        done = True
    assert done and stopped.value.status == 128 + signal.SIGTERM


START = """
import sys
from mmhelpers.makemore.__main__ import main
print("ready", flush=True)
sys.exit(main())
"""


@pytest.mark.parametrize("wait", [0.05, 0.5, 1.5])
def test_ctrl_c_while_it_starts(desk, wait):
    """At whatever moment: saved, or nothing touched, and never a traceback."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", START, *FLAGS]
    process = subprocess.Popen(command, cwd=desk.path, **pipes)
    assert process.stdout.readline() == "ready\n"
    time.sleep(wait)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=300)[1]
    stopped = (130, "interrupted: what was saved before is whole\n")
    assert (process.returncode, err) in [(0, ""), stopped]
    assert (process.returncode == 0) == (desk.path / "out/last.pt").exists()
