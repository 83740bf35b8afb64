"""The statistics against torch, and the diagnosis of six broken networks and a healthy one."""

import math

import pytest
import torch

from mmhelpers.data import Vocabulary, build_dataset, load_names, split_names
from mmhelpers.diagnostics import (
    Recorder,
    activations,
    diagnose,
    findings_table,
    gradients,
    histogram,
    nonlinearities,
    stuck_units,
    weight_gradients,
    weights,
)
from mmhelpers.layers import BatchNorm1d, Identity, Linear, ReLU, Sequential, Tanh
from mmhelpers.models import MLP, deep_mlp
from mmhelpers.optim import SGD
from mmhelpers.training import DivergedError, evaluate, train

SEEDS = range(5)


@pytest.fixture(scope="module")
def data():
    words = load_names("bundled").words
    vocabulary = Vocabulary(words)
    parts = split_names(words)
    dev = build_dataset(parts[1][:500], vocabulary, 3)
    few = build_dataset(parts[0][:60], vocabulary, 3)
    return build_dataset(parts[0], vocabulary, 3), dev, few


def plain(g, factor=1.0):
    """A deep net without BatchNorm, its hidden weights times a factor."""
    model = deep_mlp(27, n_hidden=60, norm=None, gain=5 / 3, generator=g)
    for layer in model.layers[:-1]:
        if isinstance(layer, Linear):
            layer.weight.data *= factor
    return model


def with_dead_units(g):
    model = deep_mlp(27, 3, 60, norm=None, gain=2**0.5, nonlinearity=ReLU, generator=g)
    model.layers[2].bias.data[:36] -= 10
    return model


def healthy(g):
    return deep_mlp(27, n_hidden=60, generator=g)


def study(make, data, seed, lr=0.1, steps=120):
    """A model after `steps` steps, with its findings."""
    train_data, dev_data = data
    g = torch.Generator().manual_seed(seed)
    model, record = make(g), Recorder(every=10)
    optimizer = SGD(model.parameters(), lr)
    history = train(model, train_data, steps, optimizer, 32, g, hooks=[record], progress=False)
    some = (train_data[0][:5000], train_data[1][:5000])
    found = (evaluate(model, some), evaluate(model, dev_data))
    return diagnose(model, record, history.loss, *found)


BROKEN = {
    "init too small": (lambda g: plain(g, 0.1), 0.1, {"vanishing"}),
    "init too large": (lambda g: plain(g, 3), 0.1, {"saturated"}),
    "learning rate too large": (plain, 10, {"too fast"}),
    "learning rate too small": (plain, 1e-4, {"too slow"}),
    "dead ReLUs": (with_dead_units, 0.1, {"dead units"}),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("broken", BROKEN)
def test_broken_nets_are_named(broken, seed, data):
    make, lr, expected = BROKEN[broken]
    findings = study(make, (data[0], data[1]), seed, lr)
    assert {f.symptom for f in findings} == expected


def test_finding_says_which_layer(data):
    findings = study(with_dead_units, (data[0], data[1]), seed=0)
    assert [f.where for f in findings] == ["hidden layer 2 (ReLU)"]


@pytest.mark.parametrize("seed", SEEDS)
def test_overfitted_net_is_named(seed, data):
    findings = study(healthy, (data[2], data[1]), seed, steps=400)
    assert [f.symptom for f in findings] == ["over-fitting"]


@pytest.mark.parametrize("seed", SEEDS)
def test_healthy_net_has_no_finding(seed, data):
    assert study(healthy, (data[0], data[1]), seed) == []


@pytest.mark.parametrize("factor, symptom", [(20, "exploding"), (0.05, "vanishing")])
def test_relu_nets_explode_and_vanish(factor, symptom, data):
    def scaled(g):
        model = with_dead_units(g)
        for layer in (model.layers[0], model.layers[4]):
            layer.weight.data *= factor
        return model

    findings = study(scaled, (data[0], data[1]), 0, lr=1e-6, steps=2)
    assert findings[0].symptom == symptom


def test_confident_first_guess(data):
    g = torch.Generator().manual_seed(0)
    model, record = MLP(27, generator=g), Recorder()
    history = train(
        model, data[0], 2, SGD(model.parameters(), 0.1), 32, g, hooks=[record], progress=False
    )
    assert diagnose(model, record, history.loss)[0].symptom == "confidently wrong"


def test_untrained_model_is_refused(data):
    model = healthy(torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="train it with the Recorder") as error:
        diagnose(model, Recorder())
    assert "\n" not in str(error.value)
    model(data[0][0][:8])  # a batch has passed, but nothing was trained
    with pytest.raises(ValueError, match="train it with the Recorder"):
        diagnose(model, Recorder())


def test_divergence_says_step_and_finding(data):
    model = plain(torch.Generator().manual_seed(0))
    with pytest.raises(
        DivergedError, match=r"at step \d+ the loss is (nan|inf).*too fast"
    ) as error:
        train(model, data[0], 500, SGD(model.parameters(), 1e38), progress=False)
    assert error.value.step > 0
    assert "\n" not in str(error.value)


def test_divergence_at_the_first_step_is_no_matter_of_the_learning_rate(data):
    model = plain(torch.Generator().manual_seed(0))
    model.layers[-1].weight.data *= math.inf
    with pytest.raises(DivergedError, match="at step 0 .*confidently wrong"):
        train(model, data[0], 5, SGD(model.parameters(), 0.1), progress=False)


def test_statistics_are_those_of_torch(data):
    g = torch.Generator().manual_seed(0)
    model, record = healthy(g), Recorder(every=2)
    train(model, data[0], 3, SGD(model.parameters(), 0.1), 32, g, hooks=[record], progress=False)
    tanhs = [layer for layer in model.layers if isinstance(layer, Tanh)]
    for stats, layer in zip(activations(model), tanhs, strict=True):
        assert stats.std == layer.out.std().item()
        assert stats.saturated == (layer.out.abs() > 0.97).float().mean().item()
    for stats, layer in zip(gradients(model), tanhs, strict=True):
        assert stats.std == layer.out.grad.std().item()
    for stats, p in zip(weight_gradients(model), (model.C, model.layers[0].weight), strict=False):
        assert stats.ratio == (p.grad.std() / p.detach().std()).item()
    assert [s.step for s in record.snapshots] == [0, 2]
    assert {len(ratios) for ratios in record.update_ratios.values()} == {3}


def test_update_ratio_is_that_of_the_step(data):
    g = torch.Generator().manual_seed(0)
    model, record = healthy(g), Recorder()
    before = model.C.detach().clone()
    train(model, data[0], 1, SGD(model.parameters(), 0.1), 32, g, hooks=[record], progress=False)
    change = model.C.detach() - before
    expected = math.log10(change.std().item() / model.C.detach().std().item())
    assert record.update_ratios["C"] == [pytest.approx(expected, abs=1e-3)]


def test_recorder_changes_no_digit(data):
    losses = []
    for hooks in ([], [Recorder(every=3)]):
        g = torch.Generator().manual_seed(1)
        model = healthy(g)
        optimizer = SGD(model.parameters(), 0.1)
        losses.append(train(model, data[0], 20, optimizer, 32, g, hooks=hooks, progress=False).loss)
    assert losses[0] == losses[1]


def test_histogram_is_a_density():
    values = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    drawn = histogram(values, bins=20)
    width = drawn.edges[1] - drawn.edges[0]
    assert len(drawn.edges) == 21
    assert sum(drawn.density) * width == pytest.approx(1, abs=1e-5)


def test_stuck_units():
    relu, tanh = ReLU(), Tanh()
    relu(torch.tensor([[-1.0, 1.0], [-2.0, -3.0]]))
    tanh(torch.tensor([[5.0, 0.1], [-5.0, 5.0]]))
    assert stuck_units(relu) == [True, False]
    assert stuck_units(tanh) == [True, False]


@pytest.mark.parametrize("nonlinearity", [Tanh, ReLU])
@pytest.mark.parametrize("norm", [None, BatchNorm1d])
def test_layers_are_named_as_one_counts_them(norm, nonlinearity):
    model = deep_mlp(27, depth=3, n_hidden=5, norm=norm, nonlinearity=nonlinearity)
    expected = [f"hidden layer {i} ({nonlinearity.__name__})" for i in (1, 2, 3)]
    assert [name for name, _ in nonlinearities(model)] == expected


def test_layers_of_a_tree_are_counted_on_through_its_parts():
    inner = Sequential([Linear(4, 4), Tanh()])
    model = Sequential([Linear(4, 4), ReLU(), inner, Linear(4, 4), Tanh()])
    found = list(nonlinearities(model))
    assert [layer for _, layer in found] == [model.layers[1], inner.layers[1], model.layers[4]]
    assert found[1][0] == "hidden layer 2 (Tanh)"


def test_statistics_need_a_batch_and_a_recorder(data):
    model = healthy(torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="has seen no batch"):
        activations(model)
    with pytest.raises(ValueError, match="no gradients"):
        weight_gradients(model)
    model(data[0][0][:8])
    with pytest.raises(ValueError, match="train with a Recorder"):
        gradients(model)


def test_table_of_findings(data):
    assert findings_table([]) == "no finding"
    lines = findings_table(study(plain, (data[0], data[1]), 0, lr=1e-4, steps=20)).splitlines()
    assert lines[0].split() == ["symptom", "where", "measured", "threshold", "(source)", "try"]
    assert lines[1].startswith("too slow") and "lecture part 3" in lines[1]


def test_weights_are_named_as_one_counts_the_layers():
    named = weights(deep_mlp(27, depth=2, n_hidden=5))
    assert list(named) == ["C", "hidden layer 1", "hidden layer 2", "output layer"]
    assert [tuple(w.shape) for w in named.values()] == [(27, 10), (30, 5), (5, 5), (5, 27)]
    assert list(weights(MLP(27))) == ["C", "W1", "W2"]


def test_a_stack_without_nonlinearity_explodes(data):
    g = torch.Generator().manual_seed(0)
    model, record = (
        deep_mlp(27, norm=None, gain=5 / 3, nonlinearity=Identity, generator=g),
        Recorder(),
    )
    train(model, data[0], 2, SGD(model.parameters(), 0.01), 32, g, hooks=[record], progress=False)
    assert [f.symptom for f in diagnose(model, record)] == ["exploding"]
    assert not any(map(any, record.snapshots[0].stuck))
    assert next(nonlinearities(model))[0] == "hidden layer 1 (Identity)"
