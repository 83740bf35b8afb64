"""Brings matplotlib in.  A wrong MPLBACKEND is no reason to stop: no figure here needs a window."""

from __future__ import annotations

import os
from contextlib import suppress
from unittest.mock import patch

with patch.dict(os.environ):
    wanted = os.environ.pop("MPLBACKEND", None)
    import matplotlib

if wanted:
    with suppress(ValueError):  # no such backend: matplotlib picks one
        matplotlib.rcParams["backend"] = wanted
