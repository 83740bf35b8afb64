"""The figures that a run is expected to reach, and the check that a notebook makes of them.

figures.csv  every expected figure, for each list and number of steps, with its source
check        `Checker`, which holds a measured figure against the table
"""

from mmhelpers.reference.check import TABLE, Checker, Figure, figures

__all__ = ["TABLE", "Checker", "Figure", "figures"]
