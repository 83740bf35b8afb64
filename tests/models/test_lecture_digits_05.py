"""The lecture's digits of part 5, in code of its shape with our layers imported instead."""

import pytest
import torch
import torch.nn.functional as F
from lecture_digits import LISTS, STEPS, shown, x86_64_only

from mmhelpers.data import Vocabulary, build_dataset, load_names, split_names
from mmhelpers.layers import BatchNorm1d, Embedding, FlattenConsecutive, Linear, Sequential, Tanh
from mmhelpers.optim import SGD
from mmhelpers.training import train

pytestmark = x86_64_only

WAVENET = {  # the losses of the steps SHOWN
    "bundled": "3.2925 3.3033 2.7062 2.4875 2.5550 2.6378 2.3824 3.0704",
    "lecture": "3.3167 3.2927 2.8103 2.6021 2.6466 2.6182 2.3149 2.3593",
}


def training_data(kind):
    words = load_names(kind).words
    return build_dataset(split_names(words)[0], Vocabulary(words), 8)


def wavenet():
    """The network of 76,579 parameters, drawn from torch's global generator."""
    torch.manual_seed(42)
    layers = [Embedding(27, 24)]
    for fan_in in (24, 128, 128):
        layers += [FlattenConsecutive(2), Linear(fan_in * 2, 128, bias=False)]
        layers += [BatchNorm1d(128), Tanh()]
    model = Sequential([*layers, Linear(128, 27)])
    with torch.no_grad():
        model.layers[-1].weight *= 0.1
    return model


def first_losses(X, Y):
    """The losses of the loop spelled out."""
    model = wavenet()
    parameters = model.parameters()
    assert sum(p.nelement() for p in parameters) == 76579
    for p in parameters:
        p.requires_grad = True
    losses = []
    for _ in range(STEPS):
        rows = torch.randint(0, X.shape[0], (32,))
        loss = F.cross_entropy(model(X[rows]), Y[rows])
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -0.1 * p.grad
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("kind", LISTS)
def test_first_steps_of_the_wavenet(kind):
    losses = first_losses(*training_data(kind))
    assert shown(losses) == WAVENET[kind]


def test_the_trainer_takes_the_same_steps():
    data = training_data("bundled")
    model = wavenet()
    history = train(
        model, data, STEPS, SGD(model.parameters(), 0.1), loss=F.cross_entropy, progress=False
    )
    assert history.loss == first_losses(*data)
