"""The studies: many training runs, each stored as it finishes.

recipes      how each model is trained
watch        what is measured of it
cells        one cell of a study: a model built, trained and measured
store        the file of a study
grid         runs the cells of a study, on one machine or many, and stores them
depth        the study of notebook 03
scaling      the study of notebook 06
sequence     the study of notebook 08
variants     its Transformers with one thing left out, or with one thing of today
student      its network that is taught by others
taught       targets that are partly a table of counts
statistics   how sure one may be of a mean, a difference and a slope
answers      what every stored model says of dev and test names
table        what the stored studies found, and the table in README.md
"""

from mmhelpers.study.cells import Cell, run_cell, usual_path
from mmhelpers.study.grid import grid, load_study, run_study
from mmhelpers.study.recipes import RECIPES, Recipe, room_for
from mmhelpers.study.store import StudyError

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
