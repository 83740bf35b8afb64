"""One thread a process, set before torch is loaded: the models are too small to share."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
