"""Text that comes from the data: drawn as it is, whatever its characters are.

A `$` begins no formula, and a character that no font of the machine has is written as its code
point, such as U+1F600.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from matplotlib.axis import Axis, XAxis
from matplotlib.font_manager import findfont, fontManager, get_font
from matplotlib.text import Text

from mmhelpers.plotting.style import STYLE

OWN_FONT = STYLE["font.family"]


def label(text: str) -> str:
    """The text as a figure can show it; a single blank or combining mark is made visible."""
    if text == " ":
        return "␣"
    shown = "".join(
        char if char in " \n" or font_of(char) else f"U+{ord(char):04X}" for char in text
    )
    # A mark that stands alone sits on a dotted circle, as in the charts of Unicode.
    alone = shown == text and unicodedata.category(text[:1] or " ").startswith("M")
    return f"◌{shown}" if alone else shown


def write(artist: Text, text: str) -> None:
    """Has a title, a label or any other text of a figure say `text`, as it is."""
    artist.set(text=label(text), parse_math=False, fontfamily=_families(text))


def write_ticks(axis: Axis, texts: Sequence[str], fontsize: float = 8) -> None:
    """Writes the texts at 0, 1, 2, … of an axis, as they are; long ones upright on a horizontal."""
    shown = [label(text) for text in texts]
    axis.set_ticks(
        range(len(shown)),
        shown,
        parse_math=False,
        fontfamily=_families("".join(texts)),
        fontsize=fontsize,
    )
    for tick, text in zip(axis.get_ticklabels(), shown, strict=True):
        tick.set_rotation(90 if isinstance(axis, XAxis) and len(text) > 2 else 0)


@cache
def font_of(char: str) -> str | None:
    """The name of a font that draws the character: our own, else another of the machine's."""
    return next((name for name, path in _fonts() if _draws(path, char)), None)


def _families(text: str) -> list[str]:
    """Our own font, and those that the other characters of the text need."""
    others = {font_of(char) for char in text} - {None, OWN_FONT}
    return [OWN_FONT, *sorted(others)]


@cache
def _fonts() -> list[tuple[str, str]]:
    """The machine's fonts by name, with the files of their regular cuts, our own first."""
    regular = {
        font.name: font.fname
        for font in fontManager.ttflist
        if font.style == font.variant == font.stretch == "normal" and font.weight in (400, "normal")
        # This one has a box for every character there is.
        if not font.name.startswith("Last Resort")
    }
    regular[OWN_FONT] = findfont(OWN_FONT)
    return sorted(regular.items(), key=lambda font: (font[0] != OWN_FONT, font))


def _draws(path: str, char: str) -> bool:
    """Whether the font has the character, and a picture for it that is not empty."""
    font = get_font(path)
    return bool(font.get_char_index(ord(char))) and font.load_char(ord(char)).width > 0
