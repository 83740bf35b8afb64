"""What is no longer a finite number is never saved, sampled from or called a success."""

import pytest

from mmhelpers.makemore import checkpoint, run
from mmhelpers.makemore.distributed import GroupError
from mmhelpers.models import REGISTRY


@pytest.mark.parametrize("kind", [k for k in REGISTRY if k != "ngram"])  # counts don't diverge
def test_a_fresh_run_that_diverges_leaves_what_was(desk, kind):
    desk.train("--type", kind, steps=2)
    before = desk.contents()
    sizes = ["--n-layer", 1, "--n-head", 2, "--n-embd", 8, "--n-embd2", 8]
    flags = ["-i", "list.txt", "--type", kind, *sizes, "-l", 1e38, "-w", 0]
    error = desk.refused(*flags, "--max-steps", 1, status=1)
    assert "at step" in error and "learning rate" in error
    assert desk.contents() == before


@pytest.mark.parametrize("at, until", [(5, 6), (9, 10), (199, 200), (199, 201), (5, 50)])
@pytest.mark.parametrize("kind", ["gru", "transformer", "v5"])
def test_a_healthy_checkpoint_outlives_divergence(desk, kind, at, until):
    desk.train("--type", kind, steps=at)
    before = desk.contents()
    status, out, err = desk.resume("-l", 1e38, "-w", 0, "--max-steps", until)
    assert (status, err.count("\n")) == (1, 1) and err.startswith("error: at step")
    assert "saved in" not in out
    assert desk.contents() == before
    assert desk.resume("--max-steps", at + 1)[0] == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("part", ["weight", "mean", "square"])
def test_weights_and_moments_are_looked_at(desk, monkeypatch, part, value):
    desk.train("--type", "gru")
    before = desk.contents()

    def spoil(job, *losses):
        optimizer = job.optimizer
        tensor = optimizer.flat if part == "weight" else getattr(optimizer, part)
        tensor.view(-1)[0] = value
        return real(job, *losses)

    real = run.check_finite
    monkeypatch.setattr(run, "check_finite", spoil)
    status, _, err = desk.resume("--max-steps", 6)
    assert status == 1 and "at step 6 a weight is no finite number" in err
    assert desk.contents() == before


@pytest.mark.parametrize(
    "earlier, flags, told",
    [
        (False, ["-i", "list.txt", "--type", "gru"], "nothing was saved yet, start anew"),
        (True, ["-i", "list.txt", "--type", "bow"], "nothing was saved yet, start anew"),
        (True, ["--resume"], "the last checkpoint is whole, use --resume"),
    ],
)
def test_what_is_left_when_a_process_is_gone(desk, monkeypatch, earlier, flags, told):
    if earlier:
        desk.train("--type", "bow")
        flags = [*flags, "--n-embd", 8, "--n-embd2", 8]
        monkeypatch.setattr(run.time, "time", lambda: 2e10)  # the file is older than the run

    def gone(*_):
        raise GroupError("another process is gone (closed)")
        yield

    monkeypatch.setattr(run, "updates", gone)
    assert told in desk.refused(*flags, "--max-steps", 9, status=1)


def test_a_process_gone_after_a_save(desk, monkeypatch):
    real = run.updates

    def gone(*arguments):
        for step, loss in enumerate(real(*arguments)):
            if step == 6:
                raise GroupError("another process is gone (closed)")
            yield loss

    monkeypatch.setattr(run, "EVALUATE_EVERY", 5)
    monkeypatch.setattr(run, "updates", gone)
    flags = ["-i", "list.txt", "--type", "bigram", "--max-steps", 9]
    assert "use --resume" in desk.refused(*flags, status=1)
    assert checkpoint.load(desk.path / "out/last.pt")["optimizer"]["steps"] == 5
