"""The average of the weights on the command line: trained, resumed, evaluated and sampled."""

import math

import pytest
import torch

from mmhelpers.makemore import checkpoint, run
from mmhelpers.models import REGISTRY


def weights(state):
    return {name: tensor for name, tensor in state["average"].items() if name != "steps"}


@pytest.fixture
def quiet(monkeypatch):
    monkeypatch.setattr(run, "draw_log", lambda folder: None)
    monkeypatch.setattr(run, "EVALUATE_EVERY", 5)


@pytest.mark.parametrize("kind", [kind for kind in REGISTRY if kind != "ngram"])
def test_resumed_is_bitwise_the_same(desk, quiet, kind):
    flags = ["--type", kind, "--average", 0.5]
    desk.train(*flags, steps=7, out="whole")
    desk.train(*flags, steps=5, out="parts")
    assert desk.resume("--max-steps", 7, out="parts")[0] == 0
    whole, parts = [checkpoint.load(desk.path / name / "last.pt") for name in ("whole", "parts")]
    mine, its = weights(whole), weights(parts)
    assert mine.keys() == its.keys() == whole["model"].keys()
    assert all(torch.equal(mine[name], its[name]) for name in mine)
    assert whole["best"] == parts["best"] and whole["average"]["steps"] == 7


def test_it_is_the_average_that_is_sampled(desk, quiet):
    desk.train("--type", "gru", "--average", 0.5, "-l", 0.05, steps=9)
    _, before, _ = desk.run("-o", "out", "--sample-only")
    state = checkpoint.load(desk.path / "out/model.pt")
    assert any(not torch.equal(t, state["model"][name]) for name, t in weights(state).items())
    for tensor in state["model"].values():
        tensor.zero_()
    checkpoint.save(desk.path / "out/model.pt", state)
    assert desk.run("-o", "out", "--sample-only")[1] == before


def test_training_itself_is_as_without(desk, quiet):
    desk.train("--average", 0.9, out="with")
    desk.train(out="without")
    averaged, plain = [
        checkpoint.load(desk.path / name / "last.pt") for name in ("with", "without")
    ]
    assert all(torch.equal(averaged["model"][name], t) for name, t in plain["model"].items())
    assert "average" not in plain


def test_an_older_checkpoint_has_none(desk, quiet):
    desk.train()
    for name in ("last.pt", "model.pt"):
        state = checkpoint.load(desk.path / "out" / name)
        del state["config"]["average"]
        checkpoint.save(desk.path / "out" / name, state)
    assert desk.run("-o", "out", "--sample-only")[0] == 0
    assert "begun with --average 0: leave out" in desk.refused(
        "-o", "out", "--resume", "--max-steps", 20, "--average", 0.9
    )
    assert desk.resume("--max-steps", 20)[0] == 0


@pytest.mark.parametrize("spoil", ["missing", "steps", "shape", "nan", "names", "empty"])
def test_an_average_that_cannot_be(desk, quiet, spoil):
    desk.train("--type", "gru", "--average", 0.5)
    state = checkpoint.load(desk.path / "out/last.pt")
    if spoil == "missing":
        del state["average"]
    elif spoil == "steps":
        state["average"]["steps"] = 3
    elif spoil == "shape":
        state["average"]["head.weight"] = torch.zeros(2, 2)
    elif spoil == "nan":
        state["average"]["head.weight"][0] = math.nan
    elif spoil == "empty":
        state["average"] = {"steps": state["average"]["steps"]}
    else:
        state["average"]["tail.weight"] = state["average"].pop("head.weight")
    checkpoint.save(desk.path / "out/last.pt", state)
    assert "does not fit together" in desk.refused("-o", "out", "--resume", "--max-steps", 20)


@pytest.mark.parametrize("part", ["rms_norm", "rotary", "swiglu", "zero_start"])
def test_the_parts_of_a_modern_checkpoint(desk, quiet, part):
    desk.train("--type", "modern")
    for value in (1, "x", None):
        state = checkpoint.load(desk.path / "out/last.pt")
        state["config"]["sizes"][part] = value
        checkpoint.save(desk.path / "out/last.pt", state)
        assert "does not fit together" in desk.refused("-o", "out", "--resume", "--max-steps", 20)
        state["config"]["sizes"][part] = True
        checkpoint.save(desk.path / "out/last.pt", state)
