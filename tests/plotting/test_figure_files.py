"""Files of figures: their bytes, their alt text, and that no setting of a user's changes them."""

import io
import os
import subprocess
import sys

import pytest
from matplotlib import rcParams
from PIL import Image

from mmhelpers.data import ROOT
from mmhelpers.plotting import mark, picture, plot_loss, save_figure
from mmhelpers.plotting.style import our_style

MATPLOTLIBRC = """
figure.dpi: 144
savefig.dpi: 33
savefig.bbox: tight
savefig.transparent: True
savefig.facecolor: black
figure.facecolor: red
axes.facecolor: red
axes.prop_cycle: cycler(color=["black"])
axes.titlesize: 30
font.family: serif
font.size: 23
text.usetex: True
lines.linewidth: 9
lines.markersize: 22
image.cmap: gray
legend.fontsize: 30
axes.spines.top: False
axes.unicode_minus: False
xtick.labelsize: 3
"""
DRAW = """
import sys, numpy, torch
from mmhelpers.plotting import *
losses = numpy.sin(numpy.arange(400)) + 2
one = plot_loss({"one": losses.tolist()})
mark(one, "here", x=30)
many = plot_loss({f"run {i}": (losses + i).tolist() for i in range(5)})
counts = plot_pair_counts(torch.arange(9).view(3, 3), ["a", "b", "$"])
for name, ax in {"one": one, "many": many, "counts": counts}.items():
    save_figure(ax, sys.argv[1], name, alt="three figures")
"""


def draw(folder, **environment):
    """The figures that a process of its own draws, by name."""
    command = [sys.executable, "-W", "error", "-c", DRAW, str(folder)]
    env = {key: value for key, value in os.environ.items() if not key.startswith("MPL")}
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env | environment)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_no_setting_of_the_user_changes_a_file(tmp_path):
    rc = tmp_path / "matplotlibrc"
    rc.write_text(MATPLOTLIBRC)
    files = draw(tmp_path / "one", MPLBACKEND="nonsense")
    assert sorted(files) == ["counts.png", "many.png", "one.png"]
    assert draw(tmp_path / "two", MPLBACKEND="TkAgg", MATPLOTLIBRC=str(rc)) == files


def test_settings_are_as_before_after_drawing():
    before = dict(rcParams)
    picture(plot_loss({"a": [1.0, 2.0]}))
    assert dict(rcParams) == before
    with our_style():
        assert dict(rcParams) != before


def test_same_figure_same_bytes(tmp_path):
    for name in ("first", "second"):
        save_figure(plot_loss({"a": [1.0, 3.0, 2.0]}), tmp_path, name, "a peak")
    first, second = ((tmp_path / f"{name}.png").read_bytes() for name in ("first", "second"))
    assert first == second
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["first.png", "second.png"]


@pytest.mark.parametrize(
    ("alt", "kept"),
    [
        ("The loss falls.", "The loss falls."),
        ("Two lines\n    of code, one sentence.", "Two lines of code, one sentence."),
        ("é, 漢, $x$ <b>", "é, 漢, $x$ <b>"),
    ],
)
def test_alt_stands_in_the_file(tmp_path, alt, kept):
    save_figure(plot_loss({"a": [1.0, 2.0]}), tmp_path / "made" / "for it", "loss", alt)
    image = Image.open(io.BytesIO((tmp_path / "made" / "for it" / "loss.png").read_bytes()))
    assert image.info["Description"] == kept
    assert "Software" not in image.info
    assert image.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)  # on a dark page too


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_empty_alt_is_refused(tmp_path, alt):
    with pytest.raises(ValueError, match="the figure loss has an empty alt"):
        save_figure(plot_loss({"a": [1.0, 2.0]}), tmp_path, "loss", alt)
    assert not list(tmp_path.iterdir())
    with pytest.raises(TypeError, match="alt"):
        save_figure(plot_loss({"a": [1.0, 2.0]}), tmp_path, "loss")


def test_relative_folder_counts_from_the_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mmhelpers.plotting.base.ROOT", tmp_path / "project")
    save_figure(plot_loss({"a": [1.0, 2.0]}), "plots", "loss", "a rise")
    assert (tmp_path / "project" / "plots" / "loss.png").exists()


def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    old = tmp_path / "loss.png"
    old.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        save_figure(plot_loss({"a": [1.0, 2.0]}), tmp_path, "loss", "a rise")
    assert old.read_bytes() == b"old"


def test_outside_a_kernel_nothing_is_shown(tmp_path, capfd):
    save_figure(plot_loss({"a": [1.0, 2.0]}), tmp_path, "loss", "a rise")
    assert capfd.readouterr() == ("", "")


def test_mark_takes_one_place():
    ax = plot_loss({"a": [1.0, 2.0]})
    mark(ax, "floor $2", y=2.0)
    assert list(ax.lines[-1].get_ydata()) == [2.0, 2.0]
    assert ax.texts[-1].get_text() == "floor $2"
    with pytest.raises(ValueError, match="either x or y"):
        mark(ax, "nowhere")
