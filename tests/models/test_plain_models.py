"""Our models and their fast forms give the losses of the same models in torch.nn, step by step."""

import pytest
import torch
from plain_models import ADAM, BATCH, PLAIN, pair, plain_step

from mmhelpers.data import load_names, pad_names, trim
from mmhelpers.fast import faster
from mmhelpers.losses import cross_entropy
from mmhelpers.optim import AdamW


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("form", [lambda model: model, faster], ids=["plain", "fast"])
def test_same_losses(name, form):
    words = load_names("bundled").words
    ours, plain, vocabulary = pair(name, words)
    model = form(ours)
    X, Y = pad_names(words[: BATCH * 20], vocabulary, ours.block_size)
    theirs, mine = torch.optim.AdamW(plain.parameters(), **ADAM), AdamW(ours.parameters(), **ADAM)
    for x, y in zip(X.split(BATCH), Y.split(BATCH), strict=True):
        loss = cross_entropy(model(trim(x, y)[0]), trim(x, y)[1])
        mine.zero_grad()
        loss.backward()
        mine.step()
        assert abs(loss.item() - plain_step(plain, theirs, x, y)) < 1e-4
