"""The lectures' chapters."""

import re

import pytest

from mmhelpers.reference import DEFAULTS, chapters


@pytest.mark.parametrize(
    ("part", "title", "link"),
    [
        ("1", "counting in a 2D tensor", "https://www.youtube.com/watch?v=PaCmpygFfXo&t=765s"),
        (
            "4",
            "why you should care, fun history",
            "https://www.youtube.com/watch?v=q8SA3rM6ckI&t=0s",
        ),
        ("5", "the BatchNorm1d bug", "https://www.youtube.com/watch?v=t3YJ5hKiMQ0&t=2330s"),
        ("gpt", "one head, self-attention", None),
    ],
)
def test_link(part, title, link):
    found = [c.link for c in chapters() if (c.part, c.title) == (part, title)]
    assert found == ([link] if link else [])


def test_each_part_runs_forward_in_one_video_and_one_notebook():
    parts = {c.part: [d for d in chapters() if d.part == c.part] for c in chapters()}
    assert list(parts) == ["1", "2", "3", "4", "5", "gpt"]
    for part in parts.values():
        times = [c.time for c in part]
        assert times == sorted(times) and len(set(times)) == len(times)
        assert len({(c.video, c.notebook) for c in part}) == 1
        assert part[0].notebook in DEFAULTS
        assert all(c.title and re.fullmatch(r"\d:\d\d:\d\d", c.time) for c in part)
    assert sum(map(len, parts.values())) == 91
