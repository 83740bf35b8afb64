"""The average of the weights: what it is, that the model is left alone, and that it goes on."""

import pytest
import torch

from mmhelpers.layers import BatchNorm1d, Linear, Sequential, Tanh
from mmhelpers.makemore import checkpoint
from mmhelpers.optim import SGD, WeightAverage


def small():
    g = torch.Generator().manual_seed(1)
    return Sequential(
        [Linear(3, 4, generator=g), BatchNorm1d(4), Tanh(), Linear(4, 2, generator=g)]
    )


def steps(model, count, average=None, seed=2):
    """Trains on random numbers; gives a copy of the state after every step."""
    g, optimizer, seen = torch.Generator().manual_seed(seed), SGD(model.parameters(), 0.1), []
    for _ in range(count):
        optimizer.zero_grad()
        model(torch.randn(8, 3, generator=g)).pow(2).mean().backward()
        optimizer.step()
        if average:
            average.update()
        seen.append({k: v.detach().clone() for k, v in model.state_dict().items()})
    return seen


def test_it_is_the_plain_mean_at_first_then_an_exponential_one():
    model = small()
    average = WeightAverage(model, 0.75)  # remembers four steps
    for i, state in enumerate(steps(model, 9, average)):
        if i == 0:
            expected = state
        else:
            share = max(0.25, 1 / (i + 1))
            expected = {k: expected[k] + share * (state[k] - expected[k]) for k in state}
    for name, tensor in average.weights.items():
        assert torch.allclose(tensor, expected[name], atol=1e-6), name
    model, four = small(), WeightAverage(small(), 0.0)
    four = WeightAverage(model, 0.75)
    seen = steps(model, 4, four)
    for name, tensor in four.weights.items():
        assert torch.allclose(tensor, sum(s[name] for s in seen) / 4, atol=1e-6), name


def test_training_is_what_it_is_without():
    with_it, without = small(), small()
    assert all(
        torch.equal(a[k], b[k])
        for a, b in zip(
            steps(with_it, 5, WeightAverage(with_it, 0.9)), steps(without, 5), strict=True
        )
        for k in a
    )


def test_in_place_and_back_even_after_an_error():
    model = small()
    average = WeightAverage(model, 0.9)
    own = steps(model, 5, average)[-1]
    places = {name: tensor.data_ptr() for name, tensor in model.state_dict().items()}
    with pytest.raises(KeyError), average.in_place():
        for name, tensor in model.state_dict().items():
            assert torch.equal(tensor, average.weights[name])
        raise KeyError
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, own[name])
        assert tensor.data_ptr() == places[name]  # what holds on to them still may
    twin = small()
    twin.load_state_dict(average.weights)
    assert torch.equal(twin.layers[0].weight, average.weights["layers.0.weight"])


def test_it_goes_on_from_a_checkpoint(tmp_path):
    whole, first = small(), small()
    average, before = WeightAverage(whole, 0.8), WeightAverage(first, 0.8)
    steps(whole, 3, average)
    steps(whole, 4, average, seed=5)
    steps(first, 3, before)
    checkpoint.save(tmp_path / "model.pt", {"average": before.state_dict()})
    state = checkpoint.load(tmp_path / "model.pt")["average"]
    second = small()
    second.load_state_dict(first.state_dict())
    after = WeightAverage(second, 0.8)
    after.load_state_dict(state)
    steps(second, 4, after, seed=5)
    assert after.steps == average.steps == 7
    for name, tensor in after.weights.items():
        assert torch.equal(tensor, average.weights[name]), name
    after.update()
    assert not torch.equal(after.weights["layers.0.weight"], state["layers.0.weight"])


def test_what_is_refused():
    for decay in (-0.1, 1.0, 1.5):
        with pytest.raises(ValueError, match="at least 0 and below 1"):
            WeightAverage(small(), decay)
    average = WeightAverage(small(), 0.9)
    average.update()
    other = WeightAverage(Sequential([Linear(3, 4)]), 0.9)
    with pytest.raises(ValueError, match="do not fit this model"):
        other.load_state_dict(average.state_dict())
