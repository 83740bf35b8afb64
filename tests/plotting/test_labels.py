"""Text from the data is drawn as it is: no mathematics, no missing characters, no warnings."""

import logging
import warnings

import pytest
import torch
from matplotlib.font_manager import findfont
from matplotlib.text import Text

from mmhelpers.plotting import (
    label_lines_at_end,
    mark,
    picture,
    plot_attention,
    plot_curves,
    plot_embedding_moves,
    plot_logit_gradients,
    plot_loss,
    plot_pair_counts,
    plot_pulls,
    plot_smoothing,
    plot_tables,
)
from mmhelpers.plotting.text import font_of, label, write

HOSTILE = ["a$b", "$$", "$", "\\frac", "\\", "_", "^", "x_{", "$\\frac{1}$", "%", "{", "é"]
STRANGE = ["漢", "\U0001f9ff", "\u0301", "\u200d", "क", "\ufdfa", "𝒜", " ", "\u3000", "\ud800"]

OWN_FONT = ("DejaVu Sans", findfont("DejaVu Sans"))


def table(texts):
    """A table of probabilities for as many characters."""
    return torch.full((len(texts), len(texts)), 1 / len(texts))


# Whose labels are names that the notebooks choose has an "a" before each: a legend skips "_…".
FIGURES = {
    "pair counts": lambda texts: plot_pair_counts(table(texts), texts),
    "tables": lambda texts: plot_tables(dict.fromkeys(texts[:4], table(texts)), texts),
    "embedding": lambda texts: plot_embedding_moves(
        table(texts)[:, :2], table(texts)[:, 2:4], texts
    ),
    "pulls": lambda texts: plot_pulls(table(texts)[0], 1, texts),
    "logit gradients": lambda texts: plot_logit_gradients(table(texts), texts),
    "attention": lambda texts: plot_attention(
        {"".join(texts): table([".", *"".join(texts)])[None]}
    ),
    "legend": lambda texts: plot_loss({f"a{text}": [2.0, 1.0] for text in texts[-3:]}),
    "line ends": lambda texts: plot_loss({f"a{text}": [2.0, 1.0] for text in texts}),
    "curves": lambda texts: plot_curves({"a": [[2.0]], f"a{texts[0]}": [[1.0]]}, Ends()),
    "smoothing": lambda texts: plot_smoothing([1], {f"a{text}": [2.0] for text in texts}),
}


class Ends(dict):
    """The same size for every label."""

    def __missing__(self, key):
        return 10.0


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
@pytest.mark.parametrize("texts", [HOSTILE, STRANGE], ids=["hostile", "strange"])
def test_every_text_is_drawn(draw, texts, caplog, capfd):
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        ax = draw(texts)
        assert picture(ax).startswith(b"\x89PNG")
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
    shown = {text.get_text() for text in ax.figure.findobj(Text)}
    wanted = {
        "attention": "".join(texts)[:39],
        "legend": texts[-3:],
        "curves": texts[:1],
    }
    for text in wanted.get(next(name for name in FIGURES if FIGURES[name] is draw), texts):
        assert {label(text), label(f"a{text}")} & shown, ascii(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "a"),
        ("é", "é"),
        ("$\\frac_^", "$\\frac_^"),
        ("first\nsecond", "first\nsecond"),
        (" ", "␣"),
        ("mary ann", "mary ann"),
        ("\u0301", "◌\u0301"),
        ("e\u0301", "e\u0301"),
        ("\U0001f9ff", "U+1F9FF"),
        ("漢a", "U+6F22a"),
        ("\u200d", "U+200D"),
        ("\t", "U+0009"),
        ("\ud800", "U+D800"),
        ("", ""),
    ],
)
def test_label(text, shown, monkeypatch):
    # As on a machine with no other font than the one that matplotlib brings.
    monkeypatch.setattr("mmhelpers.plotting.text._fonts", lambda: [OWN_FONT])
    font_of.cache_clear()
    assert label(text) == shown
    font_of.cache_clear()


def test_another_font_of_the_machine_is_taken():
    script = "\U0001d49c"  # of STIX, which matplotlib brings too
    assert font_of("a") == "DejaVu Sans" != font_of(script)
    text = Text()
    write(text, f"a{script}")
    assert text.get_text() == f"a{script}"
    assert text.get_fontfamily() == ["DejaVu Sans", font_of(script)]
    assert not text.get_parse_math()


def test_labels_of_marks_and_ends():
    ax = plot_loss({"a": [3.0, 1.0]})
    mark(ax, "$_{", x=1)
    label_lines_at_end(ax)
    assert {text.get_text() for text in ax.texts} == {"$_{", "mean of 1"}
    picture(ax)


def test_only_code_points_stand_upright():
    ax = plot_pulls(torch.tensor([0.1, 0.7, 0.2]), 1, ["a", "b", "\u200d"]).figure.axes[
        1
    ]  # in no font
    picture(ax)
    assert [text.get_rotation() for text in ax.get_xticklabels()] == [0, 0, 90]
