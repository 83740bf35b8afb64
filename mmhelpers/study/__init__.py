"""The studies: many training runs, each stored as it finishes.

recipes      how each model is built and trained
grid         runs the cells of a study, on one machine or many, and stores them
table        what the stored studies found, and the table in README.md
"""

from mmhelpers.study.grid import Cell, StudyError, grid, load_study, run_cell, run_study, usual_path
from mmhelpers.study.recipes import RECIPES, Recipe, room_for

__all__ = [
    "RECIPES",
    "Cell",
    "Recipe",
    "StudyError",
    "grid",
    "load_study",
    "room_for",
    "run_cell",
    "run_study",
    "usual_path",
]
