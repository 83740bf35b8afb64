"""The command line's losses on the lecture's list, against those of makemore.py."""

import csv

import pytest

from mmhelpers.data import LECTURE
from mmhelpers.makemore.__main__ import main

# makemore.py's held-out losses after 1,000 steps with its default flags.
HELD_OUT = {
    "bigram": 2.965, "mlp": 2.194, "rnn": 2.221, "gru": 2.202, "bow": 2.285, "transformer": 2.134,
}  # fmt: skip


@pytest.mark.skipif(not LECTURE.exists(), reason="the lecture's list is not there")
@pytest.mark.parametrize("kind", HELD_OUT)
def test_held_out_loss_after_1000_steps(tmp_path, kind):
    flags = ["-i", str(LECTURE), "-o", str(tmp_path), "--type", kind, "--max-steps", "1000"]
    assert main(flags) == 0
    with (tmp_path / "log.csv").open() as file:
        losses = {row["step"]: row["held_out"] for row in csv.DictReader(file) if row["held_out"]}
    assert float(losses["1000"]) <= HELD_OUT[kind] + 0.02
