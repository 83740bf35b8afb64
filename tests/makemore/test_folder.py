"""The work directory: one run in it at a time, and nothing in it is lost unasked."""

import errno
import os

import pytest

from mmhelpers.makemore import checkpoint, folder, run


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def steps(desk, name):
    return checkpoint.load(desk.path / name)["optimizer"]["steps"]


@pytest.mark.parametrize("flags", [["--max-steps", 2], ["--resume", "--max-steps", 9]])
def test_a_directory_in_use_is_refused(desk, flags):
    desk.train()
    before = desk.contents()
    with folder.locked(desk.path / "out"):
        assert "another run is at work in out" in desk.refused("-i", "list.txt", *flags)
        status, out, err = desk.run("-o", "out", "--sample-only")  # only reads
        assert (status, err) == (0, "") and "samples" in out
    assert desk.contents() == before
    desk.train(steps=2)


def test_a_dead_process_does_not_lock(desk):
    first = desk.start("-i", "list.txt", "-o", "out", "--type", "bigram")
    desk.wait_for(first, (desk.path / "out/last.pt").exists)
    assert "another run" in desk.refused("-i", "list.txt", "--max-steps", 1)
    first.kill()
    first.communicate()
    at = steps(desk, "out/last.pt")
    status, out, _ = desk.resume("--max-steps", at + 1)
    assert status == 0 and f"resumed at step {at:,}" in out


def test_leftovers_of_killed_writers_go(desk):
    desk.train()
    left = [desk.path / "out" / name for name in (".last.pt.77.unfinished", ".log.csv.unfinished")]
    mine = desk.path / "out/.mine.unfinished"
    for path in [*left, mine]:
        path.write_bytes(b"half")
    assert desk.resume("--max-steps", 6)[0] == 0
    assert not any(path.exists() for path in left) and mine.exists()


def test_every_earlier_run_is_kept_whole(desk):
    runs = []
    for number in range(1, 5):
        printed = desk.train(steps=number)
        runs.append(desk.contents())
        assert ("stays in out/previous" in printed) == (number > 1)
    for number in (1, 2, 3):
        at = f"previous/{number}/"
        kept = {k.removeprefix(at): v for k, v in runs[3].items() if k.startswith(at)}
        assert kept == {k: v for k, v in runs[number - 1].items() if "/" not in k}
        assert desk.resume("--max-steps", number + 1, out=f"out/previous/{number}")[0] == 0
    assert steps(desk, "out/last.pt") == 4


def test_what_a_previous_version_left_stays(desk):
    desk.train(out="out/previous")
    before = desk.contents("out/previous")
    desk.train()
    desk.train()
    assert before.items() <= desk.contents("out/previous").items()


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("failing", ["mkdir", "link", "rename"])
def test_set_aside_whole_or_not_at_all(desk, monkeypatch, links, failing):
    desk.train()
    before = desk.contents()
    if not links:
        monkeypatch.setattr(os, "link", full)  # as on a file system without them
    names = {"mkdir": (os, "mkdir"), "rename": (os, "rename"), "link": (folder, "link_or_copy")}
    with monkeypatch.context() as patch:
        patch.setattr(*names[failing], full)
        with pytest.raises(OSError, match="No space"):
            folder.set_aside(desk.path / "out")
        assert desk.contents() == before
    assert folder.set_aside(desk.path / "out") == desk.path / "out/previous/1"
    assert desk.contents() == {f"previous/1/{name}": text for name, text in before.items()}


@pytest.mark.parametrize("at", range(4))
def test_set_aside_and_killed(desk, monkeypatch, at):
    """Wherever it is killed, the run is whole there, and --resume takes what is whole or none."""
    desk.train()
    before, calls = desk.contents(), []

    class Killed(BaseException):
        pass

    def unlink(path, missing_ok=False):
        if len(calls) == at:
            raise Killed
        calls.append(path)
        os.unlink(path)

    with monkeypatch.context() as patch:
        patch.setattr(type(desk.path), "unlink", unlink)
        with pytest.raises(Killed):
            folder.set_aside(desk.path / "out")
    assert {f"previous/1/{k}": v for k, v in before.items()}.items() <= desk.contents().items()
    status, out, err = desk.resume("--max-steps", 6)
    assert ("resumed at step 5" in out) if at == 0 else ("last.pt is not there" in err)


@pytest.mark.parametrize("moment", ["before the first save", "while saving the best"])
def test_a_new_run_killed_before_its_first_save(desk, monkeypatch, moment):
    """What --resume then takes is the old run with the old log, or nothing."""
    desk.train("--seed", 1)
    before = desk.contents()

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        target = (run, "set_aside") if moment == "before the first save" else (checkpoint, "save")
        patch.setattr(*target, die)
        with pytest.raises(Killed):
            desk.run("-i", "list.txt", "--type", "transformer", "--n-layer", 1, "--n-head", 2,
                     "--n-embd", 8, "-b", 4, "--max-steps", 3, "--seed", 2)  # fmt: skip
    if moment == "before the first save":
        assert desk.contents() == before
        status, out, _ = desk.resume("--max-steps", 6)
        assert status == 0 and "resumed at step 5" in out
    else:
        kept = {k.removeprefix("previous/1/"): v for k, v in desk.contents().items() if "/" in k}
        assert kept == before
        error = desk.refused("-o", "out", "--resume", "--max-steps", 9)
        assert "last.pt is not there: an earlier run is in out/previous/1" in error


@pytest.mark.parametrize("name", [*folder.FILES, "previous"])
def test_names_that_are_taken_are_told_at_once(desk, name):
    desk.train()
    taken = desk.path / "out" / name
    if name == "previous":
        taken.write_text("mine")
    else:
        if taken.exists():
            taken.unlink()
        taken.mkdir()
    assert f"out/{name} is" in desk.refused("-i", "list.txt", "--max-steps", 1)


def test_best_is_said_after_it_is_saved(desk, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        status, out, err = desk.run("-i", "list.txt", "--type", "bigram", "--max-steps", 3)
    assert status == 2 and "No space left" in err and "out/" in err
    assert "saved" not in out


@pytest.mark.parametrize(
    "spoil, flags, told",
    [
        (["last.pt"], ["--resume"], "last.pt is not there, but model.pt beside it is"),
        (["model.pt"], ["--sample-only"], "model.pt is not there, but last.pt beside it is"),
        (["model.pt", "last.pt"], ["--resume"], "train a model first"),
    ],
)
def test_what_is_missing_and_what_is_there(desk, spoil, flags, told):
    desk.train()
    for name in spoil:
        (desk.path / "out" / name).unlink()
    assert told in desk.refused("-o", "out", "--max-steps", 9, *flags)


def test_all_steps_are_done(desk):
    desk.train(steps=5)
    before = desk.contents()
    for wanted in (5, 3, 0):
        status, out, _ = desk.resume("--max-steps", wanted)
        assert status == 0 and f"--max-steps than {wanted}" in out and "step 5" in out
        assert "saved" not in out
    assert desk.contents() == before
