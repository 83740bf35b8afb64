"""The figures that a run is expected to reach, and the check that a notebook makes of them.

figures.csv  every expected figure, for each list, number of steps and seed, with its source
table        reads it
check        `Checker`, which holds what a notebook measured against it, a line a group
defaults     each notebook's default steps and seed, and where a run's plots go
exercises    `verdict` on an exercise; `Without`, what an attempt may not call
chapters     the lectures' chapters, with their minutes, from chapters.csv
"""

from mmhelpers.reference.chapters import Chapter, chapters
from mmhelpers.reference.check import Checker
from mmhelpers.reference.defaults import DEFAULTS, plots_folder
from mmhelpers.reference.exercises import Without, verdict
from mmhelpers.reference.table import TABLE, Figure, figures

__all__ = [
    "DEFAULTS",
    "TABLE",
    "Chapter",
    "Checker",
    "Figure",
    "Without",
    "chapters",
    "figures",
    "plots_folder",
    "verdict",
]
