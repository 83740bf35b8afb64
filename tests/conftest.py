"""What holds for every test process."""

import os
import signal

# Before torch is loaded: the models are too small for several threads.
os.environ["OMP_NUM_THREADS"] = "1"
# A shell's background job ignores Ctrl-C, one under nohup SIGHUP too, and what they start inherits
# that; tests send both.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
