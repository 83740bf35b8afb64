"""What can be said of many names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def novelty(
    names: Iterable[str], train: Iterable[str], held_out: Iterable[str]
) -> dict[str, list[str]]:
    """The names in three lists: "in train", "in held-out" (and not in train), and "new"."""
    known = [("in train", set(train)), ("in held-out", set(held_out))]
    groups: dict[str, list[str]] = {"in train": [], "in held-out": [], "new": []}
    for name in names:
        groups[next((group for group, words in known if name in words), "new")].append(name)
    return groups


def measures(
    names: Sequence[str], train: Iterable[str], held_out: Iterable[str]
) -> dict[str, float]:
    """The share of "distinct" names, their mean length in "letters", and the shares of `novelty`.

    Raises ValueError for no names.  Built in notebook 09.
    """
    if not names:
        raise ValueError("no names to judge")
    groups = novelty(names, train, held_out)
    shares = {group: len(members) / len(names) for group, members in groups.items()}
    letters = sum(map(len, names)) / len(names)
    return {"distinct": len(set(names)) / len(names), "letters": letters, **shares}
