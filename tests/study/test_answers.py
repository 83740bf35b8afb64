"""What the stored models answered, taken from small stores."""

import numpy as np
import pytest

from mmhelpers.study import StudyError, sequence
from mmhelpers.study.answers import stored_answers
from mmhelpers.study.cells import Cell
from mmhelpers.study.store import save_store
from mmhelpers.study.watch import packed

WORDS = ["ada", "bob", "eve"]
LOSSES = np.array([5.0, 6.5, 7.25])


def result(cell, dev=2.0, **more):
    fields = {"model": cell.model, "seed": cell.seed, "steps": cell.steps, "path": cell.path}
    sizes = dict.fromkeys(("parameters", "multiply_adds", "predictions", "seconds", "train"), 1)
    losses = {"dev": dev, "test": dev and dev + 0.1, "curve": [], "dev_names": packed(LOSSES)}
    losses["test_names"] = packed(LOSSES + 1)
    return fields | {"recipe": cell.recipe} | sizes | losses | more


def scaling_store(path, words=WORDS):
    averaged = {"train": 1.0, "dev": 1.9, "test": 1.95, "dev_names": packed(LOSSES / 2)}
    cells = [
        result(Cell("v1", 42, 10, "exact")),
        result(Cell("v1", 42, 10, "fast"), dev=9.0),
        result(Cell("v5", 42, 10, "exact", "sgd 0.2"), dev=9.0),
        result(Cell("v6", 42, 10, "fast"), averaged=averaged),
    ]
    save_store(path, "cells", cells, words)
    return path


def sequence_store(path, without=()):
    done = {cell: result(cell) for cell in sequence.search_cells()}
    cells = [*sequence.full_cells(done), *sequence.student_cells()]
    done |= {cell: result(cell) for cell in cells if cell.model not in without}
    save_store(path, "cells", list(done.values()), WORDS)
    return path


def test_the_losses_that_models_are_used_with(tmp_path):
    stores = scaling_store(tmp_path / "06.json"), sequence_store(tmp_path / "08.json")
    found, missing = stored_answers(WORDS, *stores)
    assert not missing and set(found) == {"v1", "v6", *sequence.MODELS, "student"}
    assert [run["dev"] for run in found["v1"]] == [2.0]
    assert found["v6"][0]["test"] == 1.95  # of the averaged weights
    assert found["v6"][0]["dev_names"].tolist() == (LOSSES / 2).tolist()
    assert len(found["student"]) == 3
    assert found["gru"][0]["test_names"].tolist() == (LOSSES + 1).tolist()


def test_what_is_missing_is_said(tmp_path):
    stores = tmp_path / "06.json", sequence_store(tmp_path / "08.json", ["gru", "student"])
    found, missing = stored_answers(WORDS, *stores)
    assert "gru" not in found and "lstm" in found
    assert missing == [
        "the study of notebook 06 is not there: its models are missing",
        "runs missing in the study of notebook 08: gru, student",
    ]


def test_a_run_that_diverged_is_missing(tmp_path):
    save_store(tmp_path / "06.json", "cells", [result(Cell("v6", 42, 10, "fast"), dev=None)], WORDS)
    found, missing = stored_answers(
        WORDS, tmp_path / "06.json", sequence_store(tmp_path / "08.json")
    )
    assert "v6" not in found and missing == ["runs missing in the study of notebook 06: v6"]


def test_of_another_list_there_are_no_losses_of_names(tmp_path):
    found, missing = stored_answers(
        ["mia"], scaling_store(tmp_path / "06.json"), tmp_path / "08.json"
    )
    assert "dev_names" not in found["v1"][0] and found["v1"][0]["test"] == pytest.approx(2.1)
    assert len(missing) == 2 and "of another list" in missing[0]


def test_a_damaged_store(tmp_path):
    (tmp_path / "06.json").write_text("{")
    with pytest.raises(StudyError, match="damaged"):
        stored_answers(WORDS, tmp_path / "06.json", tmp_path / "08.json")
