"""The lectures' chapters: where in which video each begins, and the notebook that covers it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

CHAPTERS = Path(__file__).with_name("chapters.csv")


@dataclass(frozen=True)
class Chapter:
    """A chapter of a lecture: `part` is 1 to 5 for makemore, "gpt" for Let's build GPT."""

    part: str
    video: str
    time: str  # hours:minutes:seconds
    title: str
    notebook: str

    @property
    def link(self) -> str:
        """The address of the video at the chapter's first second."""
        hours, minutes, seconds = map(int, self.time.split(":"))
        at = 3600 * hours + 60 * minutes + seconds
        return f"https://www.youtube.com/watch?v={self.video}&t={at}s"


def chapters() -> list[Chapter]:
    """All chapters, lecture by lecture."""
    with CHAPTERS.open(newline="", encoding="utf-8") as file:
        return [Chapter(**row) for row in csv.DictReader(file)]
