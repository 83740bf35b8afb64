"""What holds for every test process."""

import os
import signal

# Before torch is loaded: the models are too small for several threads.
os.environ["OMP_NUM_THREADS"] = "1"
# A shell's background job ignores Ctrl-C, and what it starts inherits that; tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)
