"""Cost is set by the letters there are, not by the longest name."""

import json
import random
import subprocess
import sys

import pytest

COMMAND = """
import json, sys, time
from pathlib import Path
from mmhelpers.makemore import command, run
from mmhelpers.makemore.__main__ import main

run.draw_log = lambda folder: None
start = time.process_time()
assert main(sys.argv[1:]) == 0
peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]  # kilobytes
print(json.dumps([time.process_time() - start, int(peak)]))
"""


def cost(folder, words, kind):
    """Seconds of the processor and kilobytes for a short training."""
    (folder / "list.txt").write_text("\n".join(words))
    flags = ["-i", "list.txt", "-o", f"out{len(words)}", "--type", kind, "--max-steps", "60"]
    command = [sys.executable, "-c", COMMAND, *flags]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.skipif(sys.platform != "linux", reason="asks the system for its memory")
@pytest.mark.parametrize("kind", ["transformer", "gru"])
def test_one_of_900_letters_among_100_000(tmp_path, kind):
    draw = random.Random(1)
    words = ["".join(draw.choices("abcdefghij", k=draw.randint(3, 9))) for _ in range(100_000)]
    alone = cost(tmp_path, words, kind)
    beside = cost(tmp_path, [*words, "abcdefghi" * 100], kind)
    for ours, usual in zip(beside, alone, strict=True):
        assert ours <= 1.5 * usual
