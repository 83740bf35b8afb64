"""Checkpoints are held against what can be before anything is built from them."""

import io
import math
import time
import zipfile

import pytest
import torch

from mmhelpers.makemore import checkpoint, sizes
from mmhelpers.makemore.sizes import parameter_shapes
from mmhelpers.models import REGISTRY, build

NAN, INF = math.nan, math.inf


@pytest.fixture
def state(desk):
    """The state of a short training of a GRU."""
    desk.train("--type", "gru")
    return checkpoint.load(desk.path / "out/last.pt")


def refused_everywhere(desk, state, *told):
    """Checks that the state is refused in one line, by --resume and by --sample-only, at once."""
    for name, flags in [
        ("last.pt", ["--resume", "--max-steps", 9]),
        ("model.pt", ["--sample-only"]),
    ]:
        if callable(state):
            state(desk.path / "out" / name)
        else:
            checkpoint.save(desk.path / "out" / name, state)
        before = desk.contents()
        start = time.process_time()
        error = desk.refused("-o", "out", *flags)
        assert time.process_time() - start < 60  # filling memory takes minutes
        for text in (f"out/{name}", *told):
            assert text in error
        assert desk.contents() == before


def changed(state, path, value):
    """The state with one entry changed; path is its keys."""
    first, *rest = path
    return {**state, first: changed(state[first], rest, value) if rest else value}


@pytest.mark.parametrize(
    "path, values",
    [
        (["best"], [NAN, INF, -INF, -1.0, "x", None]),
        (["optimizer", "steps"], [-1, -5, INF, NAN, 2.5, "x", 2**63]),
        (["config", "learning_rate"], [-1.0, 0.0, NAN, INF, "x"]),
        (["config", "weight_decay"], [-1.0, NAN, INF]),
        (["config", "batch_size"], [0, -1, 2.5, 2**40]),
        (["config", "cosine_steps"], [-1, 1.5]),
        (["config", "seed"], [-1, 2**63, 0.5, "x"]),
        (["config", "type"], ["gpt", 3, None]),
        (["config", "sizes", "block_size"], [0, -1, 10**6, 10**18, "x"]),
        (["config", "sizes", "n_embd"], [0, 7, 10**9, 10**18]),
        (["config", "sizes", "n_embd2"], [0, 7, 2**31 - 1]),
        (["config", "sizes", "dropout"], [-0.1, 1.0, NAN]),
        (["config", "sizes"], [{}, None, 3, {"n": 1}]),
        (["config"], [{}, None, 3]),
        (["vocabulary"], ["", "ba", "aab", "a.b", "a\x1b", 3, None]),
        (["random"], [[], None, [torch.zeros(3)]]),
        (["model"], [{}, None, 3]),
        (["optimizer"], [{}, None, 3]),
    ],
)
def test_entries_that_cannot_be(desk, state, path, values):
    for value in values:
        refused_everywhere(desk, changed(state, path, value))


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("part", ["model", "mean", "square"])
def test_numbers_that_are_not_finite(desk, state, part, value):
    tensors = state["model"] if part == "model" else state["optimizer"]
    tensor = tensors["head.weight" if part == "model" else part]
    tensor.view(-1)[3] = value
    refused_everywhere(desk, state, "not finite")


def test_a_mean_square_below_0(desk, state):
    state["optimizer"]["square"][0] = -1
    refused_everywhere(desk, state, "below 0")


def test_weights_as_large_as_can_be(desk, state):
    for tensor in state["model"].values():
        tensor.fill_(3e38)
    refused_everywhere(desk, state, "not finite")


def test_weights_that_overflow_only_in_use(desk):
    """After the start token alone all is well; after the letters nothing is."""
    desk.train()
    state = checkpoint.load(desk.path / "out/model.pt")
    state["model"]["token.weight"][1:] = 3e38
    checkpoint.save(desk.path / "out/model.pt", state)
    error = desk.refused("-o", "out", "--sample-only", status=1)
    assert "gives no probabilities" in error


@pytest.mark.parametrize(
    "shape",
    [lambda t: t[:-1], lambda t: t.double().to(torch.int64), lambda t: t.unsqueeze(0), lambda t: 3],
)
def test_tensors_of_another_kind(desk, state, shape):
    state["model"]["head.weight"] = shape(state["model"]["head.weight"])
    refused_everywhere(desk, state)


@pytest.mark.parametrize("layers", [10**9, 10**6, 1001, 999, 0, -1])
@pytest.mark.parametrize("kind", ["transformer", "cnn"])
def test_layers_that_the_file_does_not_have(desk, kind, layers):
    desk.train("--type", kind)
    state = checkpoint.load(desk.path / "out/last.pt")
    refused_everywhere(desk, changed(state, ["config", "sizes", "n_layer"], layers))


@pytest.mark.parametrize("sizes", [{"n_members": 10**9}, {"dilations": (1,) * 2000}])
def test_members_that_the_file_does_not_have(desk, sizes):
    desk.train("--type", "v6", steps=1)
    state = checkpoint.load(desk.path / "out/last.pt")
    for name, size in sizes.items():
        refused_everywhere(desk, changed(state, ["config", "sizes", name], size))


def test_a_tensor_that_is_larger_than_its_file(desk, state):
    state["model"]["head.weight"] = torch.zeros(1).expand(30_000, 30_000)  # 3.6 GB if written out
    refused_everywhere(desk, state, "claims to hold more")


def test_a_file_that_unpacks_to_gigabytes(desk, state):
    def compress(path):
        checkpoint.save(path, state)
        content = io.BytesIO(path.read_bytes())
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name in zipfile.ZipFile(content).namelist():
                packed.writestr(name, zipfile.ZipFile(content).read(name))
            packed.writestr("archive/data/99", bytes(10**8))

    refused_everywhere(desk, compress, "compressed")


@pytest.mark.parametrize(
    "content, told",
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "no checkpoint"),
        (b'{"a": 1}', "no checkpoint"),
        (b"\x80\x04N.", "no checkpoint"),
        (b"", "empty"),
        (b"PK\x03\x04", "cut short"),
        (b"PK\x05\x06" + bytes(18), "no checkpoint"),
    ],
)
def test_files_of_another_kind(desk, state, content, told):
    refused_everywhere(desk, lambda path: path.write_bytes(content), told)


def test_a_directory_in_the_place_of_a_checkpoint(desk, state):
    (desk.path / "out/model.pt").unlink()
    (desk.path / "out/model.pt").mkdir()
    assert "no file" in desk.refused("-o", "out", "--sample-only")


@pytest.mark.parametrize("kind", REGISTRY)
def test_shapes_are_those_of_the_model(kind):
    model = build(kind, 11)
    wanted = {name: tuple(t.shape) for name, t in model.state_dict().items() if t.requires_grad}
    own = {name: size for name, size in vars(REGISTRY[kind][0]).items()}
    assert parameter_shapes(kind, 11, own) == wanted


@pytest.mark.parametrize(
    "flags",
    [
        ["--n-layer", 100_000],
        ["--n-layer", 1001, "--type", "cnn"],
        ["--n-embd", 2**31 - 4],
        ["--n-embd", 2**31 - 1, "--type", "cnn"],
        ["--n-embd2", 2**31 - 1, "--n-embd", 2**31 - 1, "--type", "lstm"],
        ["--n-embd2", 2**31 - 1, "--n-embd", 10**5, "--type", "mlp"],
        ["-b", 2**31 - 1, "--type", "bigram"],
    ],
)
def test_sizes_that_no_memory_holds(desk, monkeypatch, flags):
    monkeypatch.setattr(sizes, "memory", lambda: 2**35)
    error = desk.refused("-i", "list.txt", "--max-steps", 1, *flags)
    assert str(flags[0]) in error and str(flags[1]) in error
    assert not (desk.path / "out").exists()


def test_a_vocabulary_that_no_memory_holds(desk, monkeypatch):
    monkeypatch.setattr(sizes, "memory", lambda: 2**27)
    text = "\n".join(chr(0x4E00 + i) for i in range(20_000))
    (desk.path / "list.txt").write_text(text, encoding="utf-8")
    error = desk.refused("-i", "list.txt", "--max-steps", 1, "--type", "bigram")
    assert "--type bigram" in error and "20,000 characters" in error
