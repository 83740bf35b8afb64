"""The drawings of notebook 09 show what they are given, and its buttons what was pressed."""

import pytest
import torch
from matplotlib.colors import to_rgba
from matplotlib.text import Text

from mmhelpers import plotting
from mmhelpers.plotting.style import BLUE, FAINT

CHARACTERS = [".", "a", "$", "\u6f22"]


def texts(ax):
    return [text.get_text() for text in ax.figure.findobj(Text) if text.get_text()]


def colors(ax):
    return [patch.get_facecolor() for patch in ax.patches]


def test_the_cache_saves_all_but_the_diagonal():
    anew, kept = plotting.plot_cache("anna").figure.axes
    assert anew.get_title() == "everything read anew: 15 positions"
    assert kept.get_title() == "keys and values kept: 5 positions"
    assert len(set(colors(anew))) == 1 and len(set(colors(kept))) == 2


def test_ways_are_drawn_over_the_distribution_itself():
    plain, greedy = torch.tensor([0.1, 0.6, 0.3, 0.0]), torch.tensor([0.0, 1.0, 0.0, 0.0])
    ax = plotting.plot_ways({"as it is": plain, "greedy": greedy, "a third": plain}, CHARACTERS)
    first, second, _ = ax.figure.axes
    assert [t.get_text() for t in second.get_xticklabels()][:3] == ["a", "$", "."]
    heights = [bar.get_height() for bar in second.patches]
    assert heights == pytest.approx([0.6, 0.3, 0.1, 0.0, 1.0, 0.0, 0.0, 0.0])
    assert (first.get_title(), second.get_title()) == ("as it is: 3 left", "greedy: 1 left")


def test_the_beam_says_what_stays():
    levels = [{"a": (0.6, True), "b": (0.4, False)}, {"a.": (0.3, False), "aa": (0.3, True)}]
    shown = texts(plotting.plot_beam(levels))
    assert {"a  0.600", "b  0.400", "a.  0.300", "aa  0.300"} <= set(shown)


def test_deletions_have_a_square_for_each_letter():
    ax = plotting.plot_deletions({"a$": (1.5, [0.5, -2.0]), "abc": (-1.0, [1.0, 0.0, 0.1])})
    table = ax.get_images()[0].get_array()
    assert table.tolist()[0][:2] == [0.5, -2.0] and table.mask[0, 2]
    assert ax.get_images()[0].get_clim() == (-2, 2)
    assert "score +1.5" in texts(ax) and "-2.0" in texts(ax)


def test_the_sampler_shows_names_and_both_distributions():
    before, after = torch.tensor([0.1, 0.6, 0.3, 0.0]), torch.tensor([0.0, 0.8, 0.2, 0.0])
    ax = plotting.plot_sampler(before, after, CHARACTERS, ["$a", "b"], "top-k 2")
    assert {"$a\nb", "top-k 2", "a", "$"} <= set(texts(ax))
    tops = [[line[1, 1] for line in bars.get_segments()] for bars in ax.collections]
    assert tops == [pytest.approx([0.6, 0.3, 0.1, 0.0]), pytest.approx([0.8, 0.2, 0.0, 0.0])]


def test_slopes_go_from_the_first_loss_to_the_second():
    ax = plotting.plot_slopes({"one": (2.0, 2.1), "two": (2.0, 1.9)}, ("dev", "test"))
    up, down = ax.lines
    assert list(up.get_ydata()) == [2.0, 2.1] and up.get_color() != down.get_color() == BLUE
    assert {"one", "two", "dev", "test"} <= set(texts(ax))


def test_intervals_have_a_bar_where_there_is_one():
    ax = plotting.plot_intervals({"a": (0.5, 0.4, 0.7), "b": 0.6}, "accuracy", at=0.5)
    _, first, dot, second, _ = ax.lines
    assert list(first.get_xdata()) == [0.4, 0.7] and list(dot.get_xdata()) == [0.5]
    assert list(second.get_xdata()) == [0.6, 0.6]


def test_disagreement_names_dots_on_their_side():
    losses = [1.0, 5.0, 9.0], [4.0, 5.0, 3.0]
    ax = plotting.plot_disagreement(losses, {"up": (1, 4), "$": (9, 3)}, ("net", "table"))
    sides = {note.get_text(): note.get_ha() for note in ax.texts}
    assert sides == {"up": "right", "$": "left"}
    assert "table" in ax.get_ylabel() and "net" in ax.get_xlabel()


def test_names_of_close_dots_stand_apart():
    dots = {f"name {i}": (1 + i / 100, 9 + i / 100) for i in range(5)}
    ax = plotting.plot_disagreement(([1.0], [9.0]), dots, ("net", "table"))
    heights = sorted(note.xyann[1] + 5 * i / 100 for i, note in enumerate(ax.texts))
    assert min(b - a for a, b in zip(heights, heights[1:], strict=False)) > 9


def test_reliability_shows_a_group_in_which_nothing_happened_without_a_dot():
    bins = [(0.01, 0.0, 0.0, 0.02), (0.5, 0.4, 0.3, 0.5)]
    ax = plotting.plot_reliability({"a": bins, "b": bins[1:]})
    assert len(ax.lines) == 4 and ax.get_xscale() == ax.get_yscale() == "log"


def test_typical_names_stand_where_they_are():
    groups = {"dev": [-10.0, -12.0, -14.0], "drawn": [-9.0, -12.0]}
    ax = plotting.plot_typical(groups, {"anna": -5.0, "mia": -5.1}, "log-likelihood")
    assert {note.get_text(): note.xy[0] for note in ax.texts} == {"mia": -5.1, "anna": -5.0}


def test_a_plane_has_a_curve_for_each_way():
    ways = {"top-k": {"2": (-9, 0.3), "5": (-11, 0.7)}, "top-p": {"0.5": (-8, 0.2)}}
    ax = plotting.plot_plane(ways, {"real": (-14, 1.0)}, "x", "y")
    assert [line.get_label() for line in ax.lines[:2]] == ["top-k", "top-p"]
    assert {"2", "5", "0.5", "real"} <= set(texts(ax))


def test_the_quiz_tells_what_was_pressed():
    quiz = plotting.Quiz(["<b>", "anna"])
    assert quiz.answers == [None, None]
    quiz.buttons[0].value, quiz.buttons[1].value = "made up", "real"
    assert quiz.answers == [False, True]
    assert "&lt;b&gt;" in quiz.widget.children[0].children[0].value
    with pytest.raises(ValueError, match="no names to judge"):
        plotting.Quiz([])


def test_a_text_box_and_its_error():
    def draw(share, beginning):
        if "x" in beginning:
            raise ValueError("character 'x' is not in the vocabulary")
        return plotting.plot_sampler(torch.tensor([share, 0.1]), torch.ones(2), ".a", [beginning])

    box = plotting.with_sliders(draw, {"share": (0.5, 0, 1, 0.05), "beginning": "a"}, alt="Bars.")
    slider, text, message, image = box.children
    before = image.value
    text.value = "x"
    assert message.value == "character &#x27;x&#x27; is not in the vocabulary"
    assert image.value == before and slider.step == 0.05
    text.value = "aa"
    assert message.value == "" and image.value != before


def test_kept_letters_are_blue():
    ax = plotting.plot_ways({"as it is": torch.tensor([0.5, 0.5])}, ".a")
    wide, narrow = (
        {b.get_facecolor() for b in ax.patches if b.get_width() == w} for w in (0.9, 0.5)
    )
    assert wide == {to_rgba(FAINT)} and narrow == {to_rgba(BLUE)}
