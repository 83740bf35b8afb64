"""The study of notebook 08: what is tried, its variants, its student, and its one call."""

import dataclasses
import importlib
import math

import pytest
import torch

from mmhelpers.data import NameRows, Vocabulary, load_names, split_names
from mmhelpers.fast import has_faster
from mmhelpers.losses import softmax
from mmhelpers.study import Cell, load_study, run_cell, sequence, student
from mmhelpers.study.cells import build_net
from mmhelpers.study.recipes import RECIPES, recipe_for
from mmhelpers.study.taught import table_of
from mmhelpers.study.variants import ABLATIONS, PARTS

grid_module = importlib.import_module("mmhelpers.study.grid")
WORDS = load_names("bundled").words[::40]


def result(cell, dev=2.0):
    """Gives what `run_cell` would, without running it."""
    sizes = dict.fromkeys(("parameters", "multiply_adds", "predictions", "seconds"), 1)
    fields = {name: getattr(cell, name) for name in grid_module.FIELDS}
    return fields | sizes | {"train": dev, "dev": dev, "curve": []}


def test_every_model_is_given_the_same_search():
    tried = {}
    for cell in sequence.search_cells():
        recipe = recipe_for(cell.model, cell.recipe)
        found = recipe.lr, recipe.dropout, recipe.weight_decay
        tried.setdefault(cell.model, []).append(found)
    assert set(tried) == set(sequence.MODELS)
    first, *others = tried.values()
    assert all(other == first for other in others)
    rates, dropouts, decays = zip(*first, strict=True)
    assert sorted(rates) == list(sequence.RATES) and sorted(dropouts) == list(sequence.DROPOUTS)
    assert sorted(decays) == list(sequence.DECAYS)


@pytest.mark.parametrize("model", sequence.MODELS)
def test_all_are_as_large(model):
    net = build_net(model, 27)
    assert 195_000 <= sum(p.numel() for p in net.parameters()) <= 204_800
    other = build_net(model, 27, dropout=0.25)
    assert [p.shape for p in other.parameters()] == [p.shape for p in net.parameters()]


def test_a_recipes_dropout_is_the_nets():
    net = build_net("transformer no-position", 27, dropout=0.125)
    assert net.dropout.p == net.blocks[0].dropout.p == 0.125
    assert build_net("gru", 27).dropout.p == RECIPES["gru"].dropout
    recipe = recipe_for("gru", "adamw 0.004 0.1 dropout 0.25")
    assert (recipe.dropout, recipe.sizes) == (0.25, {"n_embd2": 224})


@pytest.mark.parametrize("what", ABLATIONS)
def test_without(what):
    net = build_net(f"transformer {what}", 27, torch.Generator().manual_seed(1)).eval()
    whole = build_net("transformer", 27, torch.Generator().manual_seed(1)).eval()
    x = torch.tensor([[0, 3, 1, 4], [0, 1, 3, 4]])
    assert not torch.allclose(net(x), whole(x))
    assert has_faster(net) == (what in ("no-position", "one-head"))
    result = run_cell(Cell(f"transformer {what}", 1, 3, recipe=sequence.recipes()[0]), WORDS)
    assert math.isfinite(result["dev"]) and "averaged" in result


def test_order_is_lost_without_positions_in_a_single_block():
    net = build_net("transformer no-position", 27, torch.Generator().manual_seed(1)).eval()
    net.blocks = net.blocks[:1]
    first, other = net(torch.tensor([[0, 3, 1, 4], [0, 1, 3, 4]]))
    assert torch.allclose(first[3], other[3], atol=1e-5)


@pytest.mark.parametrize("part", PARTS)
def test_one_thing_of_today(part):
    net = build_net(f"transformer {part}", 27)
    assert has_faster(net) and sum(p.numel() for p in net.parameters()) <= 204_544


def test_no_such_variant():
    with pytest.raises(ValueError, match="no 'transformer no-head': there are no-position, "):
        build_net("transformer no-head", 27)


def test_the_one_call_runs_what_is_missing_only(tmp_path, monkeypatch):
    ran, taught = [], []

    def run(cell, words):
        ran.append(cell)
        return result(cell)

    monkeypatch.setattr(grid_module, "run_cell", run)
    monkeypatch.setattr(grid_module, "run_student", run)
    monkeypatch.setattr(sequence, "networks_of", lambda *given: taught.append(given))
    words, store = WORDS[:9], tmp_path / "study.json"
    done = sequence.run_sequence_study(words, store, jobs=1)
    assert len(ran) == len(set(ran)) == len(done) == len(load_study(store, words))
    assert len(taught) == 1
    ran.clear()
    assert sequence.run_sequence_study(words, store, jobs=1).keys() == done.keys()
    assert ran == [] and len(taught) == 1


def test_the_best_of_the_search_is_taken_to_the_full_length():
    done = {cell: result(cell) for cell in sequence.search_cells()}
    quarter = sequence.STEPS // 4
    tried = sequence.recipes()
    done[Cell("gru", 1, quarter, recipe=tried[4])]["dev"] = 1.9
    done[Cell("gru", 1, quarter, recipe=tried[0])]["dev"] = None  # it diverged
    assert sequence.best(done, "gru") == tried[4]


@pytest.fixture(scope="module")
def networks():
    return [student.trained_network(*network, 3, WORDS) for network in student.NETWORKS]


def test_the_teacher_mixes_networks_and_table(networks):
    vocabulary = Vocabulary(WORDS)
    teacher = student.teacher_of(WORDS, networks, 0.25)
    rows = NameRows(["emma", "bo"], vocabulary, 16)
    X, Y = rows[torch.arange(2)]
    log_probs = teacher(X)
    probs = torch.stack([softmax(network(X)) for network in teacher.models[:-1]]).mean(0)
    table = table_of(split_names(WORDS)[0], vocabulary)
    window = torch.tensor([[0, 0, *vocabulary.encode("emm")]])
    expected = 0.75 * probs[0, 3] + 0.25 * table(window)[0].exp().float()
    assert torch.allclose(log_probs[0, 3].exp(), expected, atol=1e-6)
    guesses = teacher.guesses(rows)
    assert torch.allclose(guesses, log_probs[Y >= 0].exp(), atol=1e-6)
    assert torch.allclose(guesses.sum(1), torch.ones(len(guesses)), atol=1e-5)


def test_a_lesson(networks):
    lesson = student.Lesson(made_up=50, real=2)
    teacher = student.teacher_of(WORDS, networks, lesson.table)
    rows = student.LessonRows(WORDS, teacher, lesson, seed=1)
    real, made_up = split_names(WORDS)[0], len(rows) - 2 * len(split_names(WORDS)[0])
    assert 40 <= made_up <= 50
    X, P = rows[torch.arange(made_up, len(rows))]
    expected, Y = NameRows(real * 2, Vocabulary(WORDS), 16)[torch.arange(2 * len(real))]
    assert torch.equal(X, expected)
    assert torch.equal(P[Y >= 0].argmax(-1), Y[Y >= 0]) and set(P.unique().tolist()) == {0, 1}
    _, P = rows[torch.arange(made_up)]
    sums = P.sum(-1)
    assert torch.allclose(sums[sums > 0], torch.ones(()), atol=1e-5) and P.max() < 1


@pytest.mark.parametrize("name", student.STUDENTS)
def test_students(tmp_path, monkeypatch, networks, name):
    monkeypatch.setattr(student, "networks_of", lambda *given: networks)
    what = name.partition(" ")[2]
    lesson = student.LESSONS[what]
    few = dataclasses.replace(lesson, made_up=min(30, lesson.made_up))
    monkeypatch.setitem(student.LESSONS, what, few)
    found = student.run_student(Cell(name, 42, 2), WORDS)
    assert found["parameters"] == 201_664 and {"dev_names", "averaged"} <= found.keys()
    assert found["teacher"]["dev"] < 4 and found["dev"] < 4
    assert ("seconds" in found["teacher"]) == (what != "no-network")


def test_networks_are_trained_once(tmp_path, monkeypatch):
    monkeypatch.setattr(student, "KEPT", tmp_path)
    monkeypatch.setattr(student, "NETWORKS", student.NETWORKS[:1])
    first = student.networks_of(WORDS, 1)[0]
    assert student.networks_of(WORDS, 1)[0]["seconds"] == first["seconds"]
