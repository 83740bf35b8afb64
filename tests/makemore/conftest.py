"""What the tests of the command line share."""

import subprocess
import sys
import time

import pytest

from mmhelpers.makemore import run
from mmhelpers.makemore.__main__ import main

WORDS = ["ada", "bob", "abba", "baobab", "dodo", "ed", "abe", "bea", "deb", "babe", "dada", "eda"]
TINY = ["--n-layer", "1", "--n-head", "2", "--n-embd", "8", "--n-embd2", "8", "-b", "4"]


class Desk:
    """A directory with a list of names, and the command line in it."""

    def __init__(self, path, capsys):
        self.path, self.capsys = path, capsys

    def run(self, *flags):
        """Gives the status, what is printed and the errors."""
        self.capsys.readouterr()
        try:
            status = main([str(flag) for flag in flags])
        except SystemExit as ended:
            status = ended.code
        out, err = self.capsys.readouterr()
        return status, out, err

    def train(self, *flags, steps=5, out="out"):
        """A short training that must succeed; gives what is printed."""
        flags = ["-i", "list.txt", "-o", out, *TINY, "--max-steps", steps, *flags]
        status, printed, err = self.run(*flags)
        assert (status, err) == (0, "")
        return printed

    def resume(self, *flags, out="out"):
        """Gives status, output and errors."""
        return self.run("-o", out, "--resume", *flags)

    def refused(self, *flags, status=2):
        """Gives the one line of error with which the command ends."""
        got, _, err = self.run(*flags)
        assert got == status, err
        assert err.startswith("error: ") and err.count("\n") == 1, err
        return err

    def start(self, *flags, **options):
        """The command in a process of its own."""
        command = [sys.executable, "-m", "mmhelpers.makemore", *map(str, flags)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=self.path, **pipes | options)

    def wait_for(self, process, true):
        """Waits until it is true; the process must not end before."""
        deadline = time.time() + 300
        while not true() and time.time() < deadline:
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)

    def contents(self, out="out"):
        """Every file in the work directory but the lock, by its path there."""
        folder = self.path / out
        files = [p for p in folder.rglob("*") if p.is_file() and p.name != ".lock"]
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "draw_log", lambda folder: None)  # takes most of the time
    (tmp_path / "list.txt").write_text("\n".join(WORDS))
    return Desk(tmp_path, capsys)


@pytest.fixture(autouse=True)
def no_group(monkeypatch):
    """Leaves out what a torchrun around the tests may have set."""
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
