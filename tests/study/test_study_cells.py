"""One cell: what is built, how it is trained, what is measured."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmhelpers.data import NameRows, Vocabulary, build_dataset, load_names, split_names
from mmhelpers.models import NGram, WaveNet, build
from mmhelpers.optim import SGD, AdamW
from mmhelpers.study import Cell, run_cell
from mmhelpers.study.cells import build_net, members_of, train_net
from mmhelpers.study.recipes import named, recipe_for
from mmhelpers.study.taught import TaughtRows, soft_cross_entropy
from mmhelpers.study.watch import Splits, name_losses, outputs, packed, unpacked
from mmhelpers.training import evaluate, train

WORDS = load_names("bundled").words[::40]
LOSSES = {"train", "dev", "test", "dev_new"}


def test_the_families():
    same = [build_net("tree 128", 27, torch.Generator().manual_seed(1)),
            build("v5", 27, torch.Generator().manual_seed(1))]  # fmt: skip
    assert all(torch.equal(a, b) for a, b in zip(*[m.parameters() for m in same], strict=True))
    assert isinstance(build_net("wavenet 64", 27), WaveNet)
    assert [members_of(m) for m in ("v5", "wavenet 64", "v6")] == [1, 1, 2]
    for name in ("wavenet", "tree x"):
        with pytest.raises(ValueError, match="give a family its width"):
            build_net(name, 27)
    with pytest.raises(ValueError, match="no model 'v7'"):
        build_net("v7", 27)


def test_recipes_by_name():
    assert recipe_for("v5", "sgd 0.2").lr == 0.2
    optimizer = recipe_for("v5", "sgd 0.2").optimizer(build("v1", 27), 8)
    assert type(optimizer) is SGD
    rates = [optimizer.schedule(step) for step in (0, 5, 6, 7)]
    assert rates == pytest.approx([0.2, 0.2, 0.02, 0.02])
    recipe = recipe_for("wavenet 64", "adamw 0.004 0.1 final 0.25 table 0.5 spare 1 average 0.1")
    assert recipe.spare and not recipe_for("v5", "adamw 0.004 0.1").spare
    assert (recipe.lr, recipe.weight_decay, recipe.table) == (0.004, 0.1, 0.5)
    optimizer = recipe.optimizer(build("v1", 27), 100)
    assert type(optimizer) is AdamW and optimizer.weight_decay == 0.1
    assert optimizer.schedule(100) == pytest.approx(0.001)
    assert recipe.memory(100) == pytest.approx(0.9)
    assert named("v5", "sgd 0.1") == "" and named("v5", "sgd 0.2") == "sgd 0.2"


@pytest.mark.parametrize(
    ("model", "name"),
    [("v5", "adam 0.1"), ("v5", "sgd fast"), ("v5", "adamw 0.1"), ("v5", "adamw 1 1 peak 2"),
     ("v5", "sgd 1 2"), ("wavenet 64", "")],
)  # fmt: skip
def test_recipes_that_are_none(model, name):
    with pytest.raises(ValueError, match=f"no recipe '{name}' for {model}: give one such as"):
        recipe_for(model, name)


def test_a_cell_tells_all():
    recipe = "adamw 0.004 0.1 average 0.25"
    result = run_cell(Cell("wavenet 8", 1, 40, recipe=recipe), WORDS)
    assert LOSSES <= result.keys() and LOSSES <= result["averaged"].keys()
    steps, losses = zip(*result["dev_curve"], strict=True)
    assert len(steps) == 16 and steps[-1] == 40 and losses[0] > losses[-1]
    assert losses[-1] == pytest.approx(result["dev"], abs=1e-5)
    assert result["averaged"]["dev_curve"][-1][1] == pytest.approx(
        result["averaged"]["dev"], abs=1e-5
    )
    assert result["averaged"]["dev"] != result["dev"]
    assert "dev_names" not in result  # only where a model is trained by its own recipe


def test_measuring_changes_nothing():
    """The digits of the lecture depend on it."""
    words, g = WORDS, torch.Generator().manual_seed(3)
    vocabulary, (names, dev, _) = Vocabulary(words), split_names(words)
    model = build("v4", len(vocabulary), g)
    X, Y = build_dataset(names, vocabulary, 8)
    optimizer = recipe_for("v4").optimizer(model, 30)
    train(model, (X, Y), 30, optimizer, 32, g, F.cross_entropy, progress=False)
    expected = evaluate(model, build_dataset(dev, vocabulary, 8), loss=F.cross_entropy)
    assert run_cell(Cell("v4", 3, 30), words)["dev"] == expected


def test_a_committee_is_nets_of_other_seeds():
    cell = Cell("v6", 5, 20, recipe="adamw 0.004 0.1")
    result = run_cell(cell, WORDS)
    nets = [train_net(Cell("v6", seed, 20, recipe=cell.recipe), WORDS).net
            for seed in (5, 1005)]  # fmt: skip
    splits = Splits(WORDS, Vocabulary(WORDS), nets[0])
    logits = torch.stack([outputs(net, splits.data["dev"])[0] for net in nets]).mean(0)
    targets = outputs(nets[0], splits.data["dev"])[1]
    assert result["dev"] == pytest.approx(F.cross_entropy(logits, targets).item(), abs=1e-6)
    assert result["dev_curve"][-1][1] == pytest.approx(result["dev"], abs=1e-6)
    assert result["parameters"] == 2 * sum(p.numel() for p in nets[0].parameters())


def test_a_run_that_diverges_is_told():
    result = run_cell(Cell("wavenet 8", 1, 20, recipe="sgd 1e12"), WORDS)
    assert all(result[name] is None for name in LOSSES)


@pytest.mark.parametrize("model", ["v2", "wavenet 8"])
def test_the_loss_of_every_name(model):
    words = ["a", "bcd", "ab", "dddd"]
    vocabulary, net = Vocabulary(words), build_net(model, 5, torch.Generator().manual_seed(1))
    windows = model == "v2"
    dataset = build_dataset if windows else NameRows
    net.eval()
    losses = name_losses(net, dataset(words, vocabulary, net.block_size))
    for word, loss in zip(words, losses, strict=True):
        alone = evaluate(net, dataset([word], vocabulary, net.block_size))
        assert loss == pytest.approx(alone * (len(word) + 1), rel=1e-4), word


def test_packed_losses_come_back():
    losses = np.array([0.0, 1.2344, 14.5, 70.0])
    assert unpacked(packed(losses)).tolist() == [0.0, 1.234, 14.5, 65.535]


def test_taught_rows():
    words = ["emma", "bo", "ada"]
    vocabulary = Vocabulary(words)
    table = NGram(len(vocabulary))
    X, Y = build_dataset(words, vocabulary, table.block_size)
    table.fit(X, Y)
    rows = TaughtRows(words, vocabulary, 6, table, share=0.25)
    order = torch.tensor([2, 0])
    x, P = rows[order]
    plain_x, y = NameRows(words, vocabulary, 6)[order]
    assert torch.equal(x, plain_x) and P.shape == (*y.shape, len(vocabulary))
    assert torch.allclose(P.sum(-1), (y >= 0).float())
    assert torch.allclose(P[y < 0], torch.zeros(()))
    guesses = table(X).exp().float()  # of emma's five places, bo's three, ada's four
    expected = torch.cat([guesses[8:], guesses[:5]]) * 0.25
    expected[range(9), y[y >= 0]] += 0.75
    assert torch.allclose(P[y >= 0], expected)
    rows.guesses = None  # as where there is no room for all
    assert torch.allclose(rows[order][1], P)
    logits = torch.randn(*P.shape, generator=torch.Generator().manual_seed(1))
    loss = soft_cross_entropy(logits, P)
    assert loss.item() == pytest.approx(F.cross_entropy(logits[y >= 0], P[y >= 0]).item(), abs=1e-6)
    hard = TaughtRows(words, vocabulary, 6, table, share=0.0)
    assert soft_cross_entropy(logits, hard[order][1]).item() == pytest.approx(
        F.cross_entropy(logits[y >= 0], y[y >= 0]).item(), abs=1e-6
    )
    assert math.isfinite(loss.item())
