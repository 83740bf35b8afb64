"""`--type ngram`: counted in one step, saved, held against what can be, and sampled from."""

import subprocess
import sys

import pytest
import torch

from mmhelpers.data import Vocabulary, build_dataset
from mmhelpers.makemore import checkpoint, command
from mmhelpers.makemore.lists import Split
from mmhelpers.models import NGram
from mmhelpers.training import evaluate

TRAIN = ["-i", "list.txt", "-o", "out", "--type", "ngram"]


@pytest.fixture
def counted(desk):
    """What the run printed that left its model in out."""
    status, printed, err = desk.run(*TRAIN)  # no --max-steps: ends by itself
    assert (status, err) == (0, "")
    return printed


def words_of(desk):
    return (desk.path / "list.txt").read_text().split()


def test_counts_the_train_split_once(desk, counted):
    split, vocabulary = Split.of(words_of(desk), 3407), Vocabulary(words_of(desk))
    model = NGram(len(vocabulary)).fit(*build_dataset(split.train, vocabulary, 5))
    state = checkpoint.load(desk.path / "out/model.pt")
    assert state["optimizer"]["steps"] == 1
    assert all(torch.equal(state["model"][name], t) for name, t in model.state_dict().items())
    held_out = evaluate(model, build_dataset(split.held_out, vocabulary, 5))
    assert state["best"] == pytest.approx(held_out, abs=1e-9)
    for text in [
        "model: ngram, contexts of up to 5 characters, on cpu",
        f"held-out loss {held_out:.4f} (best so far, saved)",
        f"saved in out: {model.contexts} contexts are counted, more names with --sample-only",
        "samples new:",
    ]:
        assert text in counted


@pytest.mark.parametrize("flags", [[], ["--max-steps", 1], ["--max-steps", 1000]])
def test_resume_says_that_all_is_counted(desk, counted, flags):
    before = desk.contents()
    done = "all is counted: out/last.pt is at step 1, more names with --sample-only\n"
    assert desk.resume(*flags) == (0, done, "")
    assert desk.contents() == before


def test_no_step_then_the_count(desk, counted):
    whole = checkpoint.load(desk.path / "out/last.pt")
    status, printed, _ = desk.run(*TRAIN[:2], "-o", "later", *TRAIN[4:], "--max-steps", 0)
    assert status == 0 and "held-out loss 1.7918" in printed  # log 6: every character alike
    assert desk.run("-o", "later", "--sample-only", "--num-samples", 3)[0] == 0
    assert desk.resume(out="later")[0] == 0
    later = checkpoint.load(desk.path / "later/last.pt")["model"]
    assert all(torch.equal(later[name], t) for name, t in whole["model"].items())


def test_samples_with_a_prompt(desk, counted):
    status, printed, _ = desk.run("-o", "out", "--sample-only", "--prompt", "ba")
    names = [line for line in printed.splitlines() if line.isalpha()]
    assert status == 0 and len(names) == 50 and all(name.startswith("ba") for name in names)
    again = desk.run("-o", "out", "--sample-only", "--prompt", "ba")[1]
    assert printed == again
    told = desk.refused("-o", "out", "--sample-only", "--prompt", "bax")
    assert "'x' is not in the vocabulary" in told
    assert "'x' is not in the vocabulary" in desk.refused(*TRAIN, "--prompt", "x")


def test_flags_that_other_types_need(desk, counted):
    before = checkpoint.load(desk.path / "out/model.pt")["model"]
    desk.train("--type", "ngram", "-l", 1e38, "-w", 0, "--cosine-steps", 5, out="other")
    other = checkpoint.load(desk.path / "other/model.pt")["model"]
    assert all(torch.equal(other[name], t) for name, t in before.items())


def set_size(name, value):
    return lambda state: state["config"]["sizes"].update({name: value})


def set_table(name, change):
    """Replaces a tensor of the table of two characters, or of the table that is named."""
    name = name if "." in name else f"2.{name}"

    def spoil(state):
        state["model"][f"tables.{name}"] = change(state["model"][f"tables.{name}"].clone())

    return spoil


def put(index, value):
    return lambda tensor: tensor.index_fill(0, torch.tensor(index % len(tensor)), value)


SPOILT = {
    "method": [set_size("method", m) for m in ("magic", "", 3, None)],
    "discount": [set_size("discount", d) for d in (-0.1, 1.5, float("nan"), "x", None)],
    "added": [set_size("added", a) for a in (-1.0, float("inf"), float("nan"), "x")],
    "block_size": [set_size("block_size", n) for n in (0, -1, 10**6, 2.5, "x")],
    "size": [set_size("n_embd", 8)],
    "garbled": [
        set_table("keys", put(0, -1)), set_table("keys", put(-1, 10**6)),
        set_table("keys", lambda t: t.flip(0)), set_table("keys", lambda t: t[:0]),
        set_table("keys", lambda t: t[:-1]), set_table("keys", lambda t: t[None]),
        *[set_table("first", change) for change in (put(0, 1), put(1, 2**62), put(-1, 2**62))],
        set_table("first", put(1, -(2**63))), set_table("first", lambda t: t[:-1]),
        *[set_table("characters", put(0, value)) for value in (-1, 6, 2**62)],
        *[set_table("values", put(0, value)) for value in (-0.1, 0.9, 1e300)],
        *[set_table("rest", put(0, value)) for value in (-0.1, 0.0, 2.0)],
        set_table("values", lambda t: t[:-1]), set_table("0.keys", put(0, 1)),
    ],
    "not finite": [set_table(name, put(0, float("nan"))) for name in ("rest", "values")],
    "instead of": [
        set_table("keys", torch.Tensor.double), set_table("rest", torch.Tensor.float),
        set_table("characters", torch.Tensor.int), set_table("values", torch.Tensor.long),
    ],
    "no tensor": [set_table("keys", lambda t: 3)],
    "tables": [
        *[set_size("block_size", n) for n in (1, 4, 6, 900)],
        lambda state: state["model"].popitem(), lambda state: state["model"].clear(),
    ],
    "more": [lambda state: state["model"].update(more=torch.zeros(1))],
}  # fmt: skip


@pytest.mark.parametrize("told", SPOILT)
def test_checkpoints_that_cannot_be(desk, counted, told):
    for spoil in SPOILT[told]:
        for name, flag in [("last.pt", "--resume"), ("model.pt", "--sample-only")]:
            path = desk.path / "out" / name
            whole = path.read_bytes()
            state = checkpoint.load(path)
            spoil(state)
            checkpoint.save(path, state)
            error = desk.refused("-o", "out", flag)
            assert f"out/{name} does not fit together" in error and told in error
            path.write_bytes(whole)


def test_another_type_in_the_directory(desk, counted):
    before = desk.contents()
    assert "another model's checkpoint" in desk.refused(*TRAIN[:4], "--type", "bigram")
    assert desk.contents() == before


def test_counts_on_the_cpu_whatever_the_device(desk, counted, monkeypatch):
    before = checkpoint.load(desk.path / "out/last.pt")["model"]
    monkeypatch.setattr(command, "open_device", lambda name: torch.device("meta"))
    assert "on cpu" in desk.train("--type", "ngram", out="other")
    assert desk.run("-o", "other", "--sample-only")[0] == 0
    other = checkpoint.load(desk.path / "other/last.pt")["model"]
    assert all(torch.equal(other[name], tensor) for name, tensor in before.items())


def test_two_processes_leave_what_one_does(desk, counted):
    module = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [sys.executable, *module, "-m", "mmhelpers.makemore", *TRAIN, "-o", "two"]
    ran = subprocess.run(command, cwd=desk.path, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("contexts are counted") == 1  # one of them prints
    one, two = [checkpoint.load(desk.path / out / "last.pt")["model"] for out in ("out", "two")]
    assert all(torch.equal(two[name], tensor) for name, tensor in one.items())
