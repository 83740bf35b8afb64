"""What a notebook's process inherits from who starts it, and what not."""

import os
from pathlib import Path

from mmhelpers.data import ROOT

# A user's settings for other work: another backend or resolution of figures, warnings shown,
# asserts left out, a profile that runs code of its own.
OF_THE_USER = ("PYTHON", "IPYTHON", "JUPYTER", "MPL", "MATPLOTLIB", "TQDM", "PYTEST", "MAKEMORE")
NEEDED = ("PYTHONHOME", "PYTHONPATH")  # without them the interpreter may not find itself
# These models are so small that a second thread slows them down, two notebooks at once even more.
ONE_THREAD = ["OMP", "MKL", "OPENBLAS", "VECLIB_MAXIMUM", "NUMEXPR"]

INLINE = "module://matplotlib_inline.backend_inline"  # figures in the notebook, as in JupyterLab


def kernel_environment(scratch: Path) -> dict[str, str]:
    """Gives the environment variables of a notebook's process, the same whoever starts it.

    What its libraries keep on disk (fonts they found, sockets, a history) goes to `scratch`: so
    the user's own settings don't count, and their home need not be writable.
    """
    kept = {
        key: value
        for key, value in os.environ.items()
        if key in NEEDED or not key.startswith(OF_THE_USER)
    }
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **kept,
        **{f"{name}_NUM_THREADS": "1" for name in ONE_THREAD},
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONUTF8": "1",
        "MPLBACKEND": INLINE,
        "MATPLOTLIBRC": os.devnull,  # a file without settings
        "MPLCONFIGDIR": str(scratch / "matplotlib"),
        "IPYTHONDIR": str(scratch / "ipython"),
        "JUPYTER_CONFIG_DIR": str(scratch / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "jupyter" / "runtime"),
    }
