import pytest
import torch
import torch.nn.functional as F

from mmhelpers.data import Vocabulary, build_dataset, load_names
from mmhelpers.fast import HandGradients, train_fast
from mmhelpers.models import build
from mmhelpers.training import DivergedError, evaluate, minibatch

FAST = ["v1", "v2", "v4", "v5"]


def data_for(model):
    words = load_names("bundled").words[::16]
    return build_dataset(words, Vocabulary(load_names("bundled").words), model.block_size)


def plain_loop(model, data, steps, generator):
    """As the lecture writes it, but for minibatches drawn many at once."""
    rows = torch.randint(0, len(data[0]), (1000, 32), generator=generator)[:steps]
    losses = []
    for row in rows:
        loss = F.cross_entropy(model(data[0][row]), data[1][row])
        for p in model.parameters():
            p.grad = None
        loss.backward()
        for p in model.parameters():
            p.data += -0.1 * p.grad
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("name", FAST)
def test_gradients_equal_autograds(name):
    model, twin = (build(name, 27, torch.Generator().manual_seed(1)) for _ in range(2))
    x, y = minibatch(data_for(model), 32, torch.Generator().manual_seed(2))
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    with torch.no_grad():
        hand = HandGradients(twin)
        fast_loss = hand.compute(x, y)
    expected = torch.cat([p.grad.flatten() for p in model.parameters()])
    torch.testing.assert_close(fast_loss, loss.detach())
    torch.testing.assert_close(hand.gradients, expected, atol=1e-6, rtol=1e-4)
    for a, b in zip(model.layers, twin.layers, strict=True):
        for statistic in {"running_mean", "running_var"} & vars(a).keys():
            torch.testing.assert_close(getattr(a, statistic), getattr(b, statistic))


@pytest.mark.parametrize("name", FAST)
def test_training_follows_the_plain_loop(name):
    model, twin = (build(name, 27, torch.Generator().manual_seed(1)) for _ in range(2))
    data = data_for(model)
    plain = plain_loop(model, data, 30, torch.Generator().manual_seed(3))
    history = train_fast(
        twin,
        data,
        30,
        lambda step: 0.1,
        generator=torch.Generator().manual_seed(3),
        progress=False,
    )
    assert history.loss == pytest.approx(plain, abs=2e-3)
    assert evaluate(twin, data) == pytest.approx(evaluate(model, data), abs=2e-3)


def test_minibatches_go_on_after_a_thousand_steps():
    model = build("v1", 27, torch.Generator().manual_seed(1))
    history = train_fast(model, data_for(model), 1_203, lambda step: 0.1, progress=False)
    assert len(history.loss) == 1_203
    assert sum(history.loss[-100:]) < sum(history.loss[:100])


def test_a_layer_without_a_pass_is_named():
    with pytest.raises(ValueError, match="BatchNormPerPosition"):
        HandGradients(build("v3", 27))


def test_steps_and_divergence():
    model = build("v1", 27)
    with pytest.raises(ValueError, match="steps is 0"):
        train_fast(model, data_for(model), 0, lambda step: 0.1)
    with torch.no_grad():
        model.layers[-1].bias[0] = float("nan")
    with pytest.raises(DivergedError, match="at step 0 the loss is nan"):
        train_fast(model, data_for(model), 5, lambda step: 0.1, progress=False)
