"""The command line: what it trains, prints, leaves and refuses."""

import csv
import errno
import os
import pickle
import signal
import subprocess
import sys
import time
from subprocess import PIPE

import pytest
import torch

from mmhelpers.data import ROOT
from mmhelpers.makemore import checkpoint, command, run
from mmhelpers.makemore.__main__ import main
from mmhelpers.makemore.job import fresh
from mmhelpers.makemore.options import parse
from mmhelpers.models import NAME_MODELS, REGISTRY
from mmhelpers.sampling import MAX_BEAM

WORDS = ["ada", "bob", "abba", "baobab", "dodo", "ed", "abe", "bea", "deb", "babe", "dada", "eda"]
TINY = ["--n-layer", "1", "--n-head", "2", "--n-embd", "8", "--n-embd2", "8", "-b", "4"]
DEFAULT_PACE = run.LOG_EVERY, run.SAMPLE_EVERY, run.EVALUATE_EVERY
FILES = ["config.json", "last.pt", "log.csv", "loss.png", "model.pt"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "LOG_EVERY", 1)
    monkeypatch.setattr(run, "EVALUATE_EVERY", 5)
    monkeypatch.setattr(run, "SAMPLE_EVERY", 7)
    (tmp_path / "list.txt").write_text("\n".join(WORDS))
    return tmp_path


def train(*flags, steps=12, out="out"):
    return main(["-i", "list.txt", "-o", out, *TINY, "--max-steps", str(steps), *flags])


def refused(capsys, status, *reasons):
    """Checks the exit status, and that the error is one line with the reasons in it."""
    error = capsys.readouterr().err
    assert status == 2, error
    assert error.startswith("error: ") and error.count("\n") == 1, error
    for reason in reasons:
        assert reason in error


def exits(*flags):
    """Gives the status that argparse ends with."""
    with pytest.raises(SystemExit) as caught:
        train(*flags)
    return caught.value.code


def log_losses(path):
    with path.open() as file:
        return [(row["step"], row["loss"]) for row in csv.DictReader(file) if row["loss"]]


def same(a, b):
    """Gives whether two states are equal to the last bit."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


@pytest.mark.parametrize("kind", REGISTRY)
def test_every_type_trains_and_samples(folder, capsys, monkeypatch, kind):
    monkeypatch.setattr(run, "draw_log", lambda folder: None)
    assert train("--type", kind) == 0
    assert main(["-o", "out", "--sample-only", "--num-samples", "20"]) == 0
    out, err = capsys.readouterr()
    assert not err
    counts = [int(line.split()[0]) for line in out.splitlines() if " samples " in line][-3:]
    assert sum(counts) == 20


def test_what_a_run_leaves_and_prints(folder, capsys):
    assert train() == 0
    out = capsys.readouterr().out
    for text in [
        "12 names", "longest name: 6", "characters: 5: abdeo", "11 to train on, 1 held out",
        "transformer, 1,", "step 10: train loss", "step 12: train loss", "step/s", "loss ",
        "samples in train", "samples in held-out", "samples new", "saved in out",
    ]:  # fmt: skip
        assert text in out
    assert sorted(p.name for p in (folder / "out").iterdir()) == [".lock", *FILES]
    assert (folder / "out/loss.png").read_bytes().startswith(b"\x89PNG")
    assert [step for step, _ in log_losses(folder / "out/log.csv")] == list(map(str, range(1, 13)))


@pytest.mark.parametrize("kind", REGISTRY)
def test_resumed_is_bitwise_the_same(folder, monkeypatch, kind):
    monkeypatch.setattr(run, "draw_log", lambda folder: None)
    flags = ["--type", kind, "--cosine-steps", "10"]
    flags += ["--dropout", "0.2"] if kind in NAME_MODELS else []
    assert train(*flags, out="whole") == 0
    assert train(*flags, steps=0 if kind == "ngram" else 7, out="parts") == 0
    torch.manual_seed(99)
    assert main(["-o", "parts", "--resume", "--max-steps", "12"]) == 0
    whole, parts = [checkpoint.load(folder / name / "last.pt") for name in ("whole", "parts")]
    assert same(whole["model"], parts["model"]) and same(whole["optimizer"], parts["optimizer"])
    assert same(whole["random"], parts["random"])
    assert log_losses(folder / "whole/log.csv") == log_losses(folder / "parts/log.csv")


def test_the_learning_rate_follows_a_cosine(folder):
    options = parse(["-i", "list.txt", *TINY, "-l", "0.1", "--cosine-steps", "200"])
    job = fresh(options, WORDS, torch.device("cpu"))
    rates = [job.optimizer.schedule(step) for step in (0, 1, 2, 101, 200, 300)]
    assert rates == pytest.approx([0.05, 0.1, 0.1, 0.05, 0, 0])


def test_rows_after_the_checkpoint_come_again(folder):
    assert train(steps=7) == 0
    with (folder / "out/log.csv").open("a") as file:
        file.write("8,0.1,2.5,,\n9,0.2,2.")  # a run that died
    assert main(["-o", "out", "--resume", "--max-steps", "8"]) == 0
    assert [step for step, _ in log_losses(folder / "out/log.csv")] == list(map(str, range(1, 9)))


def test_max_steps_reached_before(folder, capsys):
    assert train(steps=5) == 0
    before = (folder / "out/last.pt").read_bytes()
    assert main(["-o", "out", "--resume", "--max-steps", "5"]) == 0
    assert (folder / "out/last.pt").read_bytes() == before


def test_zero_steps_save_the_untrained_model(folder):
    assert train(steps=0) == 0
    assert main(["-o", "out", "--sample-only"]) == 0


def test_the_best_model_is_kept(folder):
    assert train("-l", "1e9", steps=10) in (0, 1)
    assert train("-l", "0.01", steps=30, out="good") == 0
    with (folder / "good/log.csv").open() as file:
        held_out = [float(row["held_out"]) for row in csv.DictReader(file) if row["held_out"]]
    assert checkpoint.load(folder / "good/model.pt")["best"] == min(held_out)


def test_sampling_flags(folder, capsys):
    assert train() == 0
    capsys.readouterr()
    flags = ["--top-k", "40", "--top-p", "0.9", "--temperature", "0.5", "--prompt", "ba"]
    assert main(["-o", "out", "--resume", "--sample-only", *flags]) == 0  # as makemore.py takes it
    lines = capsys.readouterr().out.splitlines()
    names = [line for line in lines if line.isalpha()]
    assert len(names) == 50 and all(name.startswith("ba") for name in names)


@pytest.mark.parametrize(
    "flags",
    [
        ["--temperature", "0"], ["--temperature", "-1"], ["--temperature", "nan"],
        ["--top-k", "0"], ["--top-p", "0"], ["-b", "0"], ["-l", "-1"], ["-w", "x"],
        ["--cosine-steps", "-1"], ["--cosine-steps", "1.5"], ["--n-layer", "0"], ["--dropout", "1"],
        ["--max-steps", "-2"], ["--seed", "-1"], ["--average", "1"],
        ["--nonsense"], ["--min-p", "-0.1"], ["--min-p", "1.1"], ["--min-p", "nan"],
        ["--beam", "0"], ["--beam", "10001"], ["--beam", "2.5"],
    ],
)  # fmt: skip
def test_flags_refused(folder, capsys, flags):
    refused(capsys, exits(*flags))
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    "flags, reason",
    [
        (["--temperature", "0.5"], "leave out --temperature"),
        (["--top-k", "3"], "leave out --top-k"),
        (["--top-p", "0.9"], "leave out --top-p"),
        (["--min-p", "0.1"], "leave out --min-p"),
        (["--num-samples", "9"], "a beam of 8 finds no 9 names: give --beam 9"),
    ],
)
def test_what_contradicts_a_beam(folder, capsys, flags, reason):
    refused(capsys, exits("--beam", "8", *flags), reason)
    assert not (folder / "out").exists()


def test_the_widest_beam_is_that_of_the_search():
    assert parse(["--beam", str(MAX_BEAM)]).beam == MAX_BEAM


def test_min_p_and_beam(folder, capsys):
    assert train("--min-p", "0.3") == 0
    capsys.readouterr()
    names = []
    for _ in range(2):
        assert main(["-o", "out", "--sample-only", "--beam", "5", "--prompt", "ba"]) == 0
        lines = capsys.readouterr().out.splitlines()
        names.append([line for line in lines if line.isalpha()])
    assert names[0] == names[1] and len(set(names[0])) == 5
    assert all(name.startswith("ba") for name in names[0])


@pytest.mark.parametrize(
    "flags, reason",
    [
        (["--type", "gpt"], "there are bigram, mlp"),
        (["--n-head", "3"], "3 heads do not divide a width of 8"),
        (["--device", "cuda:99"], "cuda:99"),
        (["--device", "nonsense"], "not there"),
        (["--prompt", "xyz"], "'x' is not in the vocabulary"),
        (["--prompt", "a.b"], "marks where names end"),
        (["--prompt", "aaaaaaaaaaaaaaa"], "at most"),
        (["-i", "missing.txt"], "missing.txt is not in"),
        (["-o", "list.txt"], "list.txt can't be a directory"),
        (["-o", "list.txt/deeper"], "list.txt/deeper can't be a directory"),
        (["-o", "/proc/out"], "/proc/out"),
    ],
)
def test_runs_refused(folder, capsys, flags, reason):
    refused(capsys, train(*flags), reason)
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    "content, reason",
    [(b"", "no names"), (b"ada\n\xff", "UTF-8"), (b"a.b", "marks"), (b"ada", "longer list")],
)
def test_lists_refused(folder, capsys, content, reason):
    (folder / "list.txt").write_bytes(content)
    refused(capsys, train(), reason)


def test_v6_has_room_for_long_names(folder):
    (folder / "list.txt").write_text("\n".join([*WORDS, "ada" * 10]))
    assert train("--type", "v6", steps=1) == 0


def test_a_prompt_that_the_sampled_model_does_not_know(folder, capsys):
    assert train() == 0
    capsys.readouterr()
    refused(
        capsys, main(["-o", "out", "--sample-only", "--prompt", "xyz"]), "not in the vocabulary"
    )


def test_defaults_are_those_of_makemore_py(folder):
    options = parse([])
    assert (options.top_k, options.max_steps, options.device) == (-1, -1, "cpu")
    assert (options.work_dir, options.num_workers) == ("out", 4)
    config = fresh(options, WORDS, torch.device("cpu")).config
    sizes = {"block_size": 7, "n_layer": 4, "n_head": 4, "n_embd": 64, "dropout": 0.0}
    expected = {"type": "transformer", "seed": 3407, "batch_size": 32, "sizes": sizes}
    expected |= {"learning_rate": 5e-4, "weight_decay": 0.01, "cosine_steps": 0, "average": 0.0}
    assert config == expected
    assert DEFAULT_PACE == (10, 200, 500)


def test_a_directory_that_cannot_be_written(folder, capsys):
    (folder / "out").mkdir(mode=0o500)
    if os.access(folder / "out", os.W_OK):
        pytest.skip("root writes anywhere")
    refused(capsys, train(), "Permission")


def test_another_models_checkpoint_is_not_overwritten(folder, capsys):
    assert train("--type", "gru") == 0
    before = {p.name: p.read_bytes() for p in (folder / "out").iterdir()}
    capsys.readouterr()
    refused(capsys, train(), "another model's checkpoint", "gru")
    refused(capsys, train("--type", "gru", "--n-embd", "16"), "n_embd=16")
    refused(capsys, main(["-o", "out", "--resume", "--type", "rnn"]), "gru")
    refused(capsys, main(["-o", "out", "--sample-only", "--n-embd", "16"]), "n_embd=16")
    (folder / "list.txt").write_text("uwe\nvivi\n")
    refused(capsys, train("--type", "gru"), "another model's")
    refused(capsys, main(["-o", "out", "--resume"]), "another vocabulary")
    (folder / "list.txt").write_text("\n".join(WORDS[::-1]))
    refused(capsys, main(["-o", "out", "--resume"]), "other names")
    (folder / "list.txt").unlink()
    refused(capsys, main(["-o", "out", "--resume"]), "list.txt", "name it with -i")
    refused(capsys, main(["-o", "out", "--sample-only"]), "list.txt", "name it with -i")
    assert {p.name: p.read_bytes() for p in (folder / "out").iterdir()} == before


def test_unusable_checkpoints(folder, capsys):
    refused(capsys, main(["-o", "out", "--resume"]), "last.pt is not there")
    refused(capsys, main(["-o", "out", "--sample-only"]), "model.pt is not there")
    assert train() == 0
    whole = (folder / "out/last.pt").read_bytes()
    state = checkpoint.load(folder / "out/last.pt")
    capsys.readouterr()

    def with_config(**changes):
        return state | {"config": state["config"] | changes}

    for spoil, reason in [
        (lambda path: path.write_bytes(whole[: len(whole) // 2]), "cut short"),
        (lambda path: torch.save(state["model"], path), "no checkpoint of ours"),
        (lambda path: path.write_bytes(pickle.dumps(print)), "no checkpoint"),
        (lambda path: checkpoint.save(path, {"config": 3}), "does not fit together"),
        (lambda path: checkpoint.save(path, state | {"model": {}}), "does not fit together"),
        (lambda path: checkpoint.save(path, state | {"vocabulary": "a\x1b"}), "does not fit"),
        (lambda path: checkpoint.save(path, state | {"random": []}), "does not fit together"),
        (lambda path: checkpoint.save(path, with_config(seed="x")), "does not fit together"),
        (lambda path: checkpoint.save(path, with_config(type="gpt")), "does not fit together"),
        (lambda path: checkpoint.save(path, with_config(sizes={"n": 1})), "does not fit together"),
    ]:
        spoil(folder / "out/last.pt")
        refused(capsys, main(["-o", "out", "--resume"]), "last.pt", reason)
        spoil(folder / "out/model.pt")
        refused(capsys, main(["-o", "out", "--sample-only"]), "model.pt", reason)
    (folder / "out/last.pt").write_bytes(whole[:100])
    refused(capsys, train(), "last.pt")
    checkpoint.save(folder / "out/last.pt", {"config": 3})
    refused(capsys, train(), "last.pt is another model's checkpoint")


def test_full_disk_while_saving(folder, capsys, monkeypatch):
    assert train(steps=5) == 0

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = (folder / "out/last.pt").read_bytes()
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda d: full(d) if run_saves() else sync(d))
    capsys.readouterr()
    refused(
        capsys, main(["-o", "out", "--resume", "--max-steps", "9"]), "out/model.pt: No space left"
    )
    assert (folder / "out/last.pt").read_bytes() == before


def run_saves():
    """Gives whether a checkpoint is being saved."""
    frame = sys._getframe()
    while frame and frame.f_code is not checkpoint.save.__code__:
        frame = frame.f_back
    return frame is not None


def test_fewer_names_a_step_than_processes(folder, capsys, monkeypatch):
    class Pair:
        size, rank, leads = 2, 0, True

        def __init__(self, device):
            pass

        def close(self):
            pass

    monkeypatch.setattr(command, "Group", Pair)
    refused(capsys, train("-b", "1"), "-b 1 leaves some of 2 without names")


def test_diverged(folder, capsys):
    assert train("-l", "1e30", steps=50) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: at step") and error.count("\n") == 1
    assert train(steps=10, out="good") == 0
    assert main(["-o", "good", "--resume", "-l", "1e38", "--max-steps", "50"]) == 1
    assert "error: at step 11 " in capsys.readouterr().err


def test_more_memory_than_there_is(folder, capsys):
    huge = ["--n-embd", "100000", "--n-embd2", str(2**31 - 1)]  # petabytes
    refused(capsys, main(["-i", "list.txt", "-o", "out", "--type", "mlp", *huge]), *huge, "GB")


def test_a_reader_that_has_seen_enough(folder):
    assert train() == 0
    command = [sys.executable, "-m", "mmhelpers.makemore", "-o", "out", "--sample-only"]
    process = subprocess.Popen(command, cwd=folder, stdout=PIPE, stderr=PIPE, text=True)
    process.stdout.close()
    assert (process.stderr.read(), process.wait(600)) == ("", 0)


def start(folder, *flags):
    command = [sys.executable, "-m", "mmhelpers.makemore", "-o", str(folder / "out"), *flags]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_ctrl_c_saves_and_ends_with_0_from_any_directory(folder):
    process = start(folder, "-i", "names.txt", "--type", "bigram")  # the bundled one: no such here
    deadline = time.time() + 600
    while not (folder / "out/last.pt").exists() and time.time() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert (process.returncode, err) == (0, "")
    assert "32,000 names" in out and "saved in" in out
    state = checkpoint.load(folder / "out/last.pt")
    assert state["optimizer"]["steps"] >= 500
    assert state["config"]["input_file"] == str(ROOT / "names.txt")
    assert sorted(p.name for p in (folder / "out").iterdir()) == [".lock", *FILES]
