"""Runs the notebooks headlessly.

files        the notebooks as files: which there are, their parameters, how they are cleaned
plan         what a run will do; what can't be run is refused here
environment  what a notebook's process inherits, and what not
runner       runs several at once, a process each
notebook     one notebook through papermill
copies       a working copy, copies without solutions, which exercises are solved
report       progress, failures and the final table
"""


class NotebookError(ValueError):
    """One line that says what is wrong with a notebook or a request to run it."""
