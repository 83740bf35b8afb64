"""Whatever a console can't show is escaped; whatever the environment says, one line or none."""

import io
import os
import sys

import pytest

from mmhelpers.makemore import checkpoint
from mmhelpers.makemore.console import Output

CODES = ["ascii", "latin-1", "cp437", "cp1252", "utf-8"]


class Console(io.TextIOWrapper):
    """A standard output of some encoding that refuses what it can't show."""

    def __init__(self, encoding):
        super().__init__(io.BytesIO(), encoding=encoding, errors="strict", newline="")

    def shown(self):
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)


@pytest.mark.parametrize("encoding", CODES)
@pytest.mark.parametrize("text", ["é…Ω", "мария", "名前", "😀", "\ud800", "plain"])
def test_what_an_encoding_lacks_is_escaped(encoding, text):
    console = Console(encoding)
    Output(console).write(text)
    for character, shown in zip(text, split_escapes(console.shown()), strict=True):
        assert shown in (character, character.encode("ascii", "backslashreplace").decode())
        assert (shown == character) == encodes(character, encoding)


def encodes(character, encoding):
    """Gives whether the encoding has the character."""
    try:
        return bool(character.encode(encoding))
    except UnicodeEncodeError:
        return False


def split_escapes(text):
    """The characters of a text, escapes as one."""
    sizes = {"\\x": 4, "\\u": 6, "\\U": 10}
    while text:
        size = sizes.get(text[:2], 1)
        yield text[:size]
        text = text[size:]


@pytest.mark.parametrize("encoding", CODES)
def test_help_and_a_cyrillic_list(desk, monkeypatch, encoding):
    (desk.path / "list.txt").write_text("мария\nанна\nяна\nлёша", encoding="utf-8")
    consoles = [Console(encoding), Console(encoding)]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", consoles[0])
        patch.setattr(sys, "stderr", consoles[1])
        from mmhelpers.makemore.__main__ import main

        with pytest.raises(SystemExit) as ended:
            main(["--help"])
        assert ended.value.code == 0
        flags = ["-i", "list.txt", "-o", "out", "--type", "bigram"]
        assert main([*flags, "--max-steps", "200"]) == 0
        assert main(["-o", "out", "--sample-only"]) == 0
        assert main([*flags, "-o", "имя", "--prompt", "я", "--max-steps", "1"]) == 0
        assert main(["-i", "нет.txt"]) == 2
    assert "--n-layer" in consoles[0].shown() and "samples new" in consoles[0].shown()
    assert consoles[1].shown().startswith("error: ") and consoles[1].shown().count("\n") == 1


@pytest.mark.parametrize("rank", ["0", "1", "7", "-1", "x", ""])
def test_a_single_process_always_leads(desk, monkeypatch, rank):
    monkeypatch.setenv("RANK", rank)
    assert "saved in out" in desk.train("--type", "bigram", steps=2)
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert "saved in two" in desk.train("--type", "bigram", steps=2, out="two")
    assert checkpoint.load(desk.path / "two/last.pt")["optimizer"]["steps"] == 2


@pytest.mark.parametrize(
    "variables, told",
    [
        ({"WORLD_SIZE": "x"}, "WORLD_SIZE is 'x'"),
        ({"WORLD_SIZE": "0"}, "WORLD_SIZE is '0'"),
        ({"WORLD_SIZE": "-2"}, "WORLD_SIZE is '-2'"),
        ({"WORLD_SIZE": "1.5"}, "WORLD_SIZE is '1.5'"),
        ({"WORLD_SIZE": ""}, "WORLD_SIZE is ''"),
        ({"WORLD_SIZE": "2"}, "RANK is ''"),
        ({"WORLD_SIZE": "2", "RANK": "2"}, "RANK is '2'"),
        ({"WORLD_SIZE": "2", "RANK": "x"}, "RANK is 'x'"),
        ({"WORLD_SIZE": "2", "RANK": "0"}, "MASTER_ADDR is not set"),
        ({"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "localhost"}, "MASTER_PORT is not set"),
        (
            {"WORLD_SIZE": "2", "RANK": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "x"},
            "MASTER_PORT is 'x'",
        ),
    ],
)
def test_variables_of_torchrun_that_are_none(desk, monkeypatch, variables, told):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    error = desk.refused("-i", "list.txt", "--max-steps", 1)
    assert told in error and "torchrun" in error
    assert not (desk.path / "out").exists()


@pytest.mark.parametrize("name", ["hpu", "privateuseone", "meta", "", "cuda:99", "cpu:", "gpu"])
def test_devices_that_are_not_there(desk, name):
    assert repr(name) in desk.refused("-i", "list.txt", "--device", name, "--max-steps", 1)
    assert not (desk.path / "out").exists()


@pytest.mark.parametrize(
    "matplotlibrc, backend",
    [("text.usetex: True", "nonsense"), ("backend: nonsense", ""), ("figure.dpi: x", "TkAgg")],
)
def test_settings_of_matplotlib_change_nothing(desk, matplotlibrc, backend):
    (desk.path / "matplotlibrc").write_text(matplotlibrc)
    flags = ["-i", "list.txt", "-o", "out", "--type", "bigram", "--max-steps", 3]
    process = desk.start(*flags, env=os.environ | {"MPLBACKEND": backend})
    out, err = process.communicate(timeout=300)
    assert (process.returncode, "saved in out" in out) == (0, True), err
    assert (desk.path / "out/loss.png").read_bytes().startswith(b"\x89PNG")


def test_a_figure_that_cannot_be_drawn(desk, monkeypatch):
    from mmhelpers.makemore import run

    def fail(folder):
        raise RuntimeError("no fonts\nat all")

    monkeypatch.setattr(run, "draw_log", fail)
    flags = ["-i", "list.txt", "--type", "bigram", "--max-steps", 3]
    assert "out/loss.png can't be drawn (no fonts)" in desk.refused(*flags, status=1)
    assert checkpoint.load(desk.path / "out/last.pt")["optimizer"]["steps"] == 3
