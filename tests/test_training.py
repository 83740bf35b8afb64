"""The training loop against one written as plainly as the lecture writes it, and the evaluator."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tqdm import tqdm

from mmhelpers.data import LECTURE, Vocabulary, build_dataset, load_names, split_names
from mmhelpers.layers import Layer, parameter
from mmhelpers.losses import cross_entropy
from mmhelpers.models import MLP
from mmhelpers.optim import SGD, step_schedule
from mmhelpers.training import DivergedError, Hook, evaluate, minibatch, pick_device, train

SEED = 2147483647


def plain_loop(X, Y, vocab_size, steps, change):
    """Gives losses and tensors of the lecture's MLP, trained with nothing but torch."""
    g = torch.Generator().manual_seed(SEED)
    C = torch.randn((vocab_size, 10), generator=g)
    W1 = torch.randn((30, 200), generator=g)
    b1 = torch.randn(200, generator=g)
    W2 = torch.randn((200, vocab_size), generator=g)
    b2 = torch.randn(vocab_size, generator=g)
    parameters = [C, W1, b1, W2, b2]
    for p in parameters:
        p.requires_grad = True
    losses = []
    for step in range(steps):
        rows = torch.randint(0, X.shape[0], (32,), generator=g)
        hidden = torch.tanh(C[X[rows]].view(-1, 30) @ W1 + b1)
        loss = F.cross_entropy(hidden @ W2 + b2, Y[rows])
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -(0.1 if step < change else 0.01) * p.grad
        losses.append(loss.item())
    return losses, parameters


@pytest.fixture(scope="module")
def bundled():
    """The training split of the bundled list, context 3."""
    words = load_names("bundled").words
    return build_dataset(split_names(words)[0], Vocabulary(words), 3)


@pytest.fixture
def model():
    return MLP(27, 3, 4, 20, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("names", ["bundled", "lecture"])
def test_train_is_the_plain_loop_to_the_last_bit(names):
    if names == "lecture" and not LECTURE.exists():
        pytest.skip("the lecture's list was not downloaded")
    words = load_names(names).words
    vocabulary = Vocabulary(words)
    data = build_dataset(split_names(words)[0], vocabulary, 3)
    losses, parameters = plain_loop(*data, len(vocabulary), 500, change=300)
    g = torch.Generator().manual_seed(SEED)
    model = MLP(len(vocabulary), generator=g)
    optimizer = SGD(model.parameters(), step_schedule(0.1, {300: 0.01}))
    history = train(model, data, 500, optimizer, generator=g, loss=F.cross_entropy, progress=False)
    assert history.loss == losses
    pairs = zip(model.parameters(), parameters, strict=True)
    assert all(torch.equal(ours, plain) for ours, plain in pairs)


def test_training_lowers_the_loss(model, bundled):
    before = evaluate(model, bundled)
    optimizer = SGD(model.parameters(), 0.1)
    train(model, bundled, 300, optimizer, generator=torch.Generator().manual_seed(2))
    assert evaluate(model, bundled) < before - 1


def test_the_history_has_a_loss_per_step_and_the_seconds(model, bundled):
    history = train(model, bundled, 7, SGD(model.parameters(), 0.1), progress=False)
    assert len(history.loss) == 7 and history.seconds > 0


def test_the_progress_bar_is_on_standard_output_only_when_asked_for(model, bundled, capsys):
    for progress in (False, True):
        train(model, bundled, 2, SGD(model.parameters(), 0.1), progress=progress)
        out, err = capsys.readouterr()
        assert ("2/2" in out) == progress and err == ""


@pytest.mark.parametrize("steps", [0, -1])
def test_steps_of_0_or_less_are_refused(model, bundled, steps):
    before = model.C.data.clone()
    with pytest.raises(ValueError, match=f"steps is {steps}: it must be at least 1"):
        train(model, bundled, steps, SGD(model.parameters(), 0.1), progress=False)
    assert torch.equal(model.C.data, before)


@pytest.mark.parametrize("steps", ["50", "", 50.0, 0.5, math.nan, None, [50], "fünfzig"])
def test_steps_that_are_no_whole_number_are_refused(model, bundled, steps):
    with pytest.raises(ValueError) as caught:
        train(model, bundled, steps, SGD(model.parameters(), 0.1), progress=False)
    assert str(caught.value) == f"steps is {steps!r}: give a whole number, such as 1000"


def test_whole_numbers_of_numpy_are_taken(model, bundled):
    optimizer = SGD(model.parameters(), 0.1)
    assert len(train(model, bundled, np.int64(3), optimizer, progress=False).loss) == 3


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, DivergedError])
def test_a_bar_closes_when_training_is_stopped(model, bundled, capsys, error):
    def loss(logits, targets):
        calls.append(None)
        if len(calls) == 3 and error is not DivergedError:
            raise error
        return cross_entropy(logits, targets) * (math.nan if len(calls) == 3 else 1)

    calls = []
    with pytest.raises(error) as kept:  # as the kernel keeps it, and the frames with it
        train(model, bundled, 5, SGD(model.parameters(), 0.1), loss=loss)
    assert not tqdm._instances
    capsys.readouterr()
    train(model, bundled, 5, SGD(model.parameters(), 0.1))
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "\x1b[A" not in out and "5/5" in out
    assert kept


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_with_its_step(model, bundled, bad):
    calls = []

    def loss(logits, targets):
        calls.append(None)
        return cross_entropy(logits, targets) * (bad if len(calls) == 4 else 1)

    with pytest.raises(DivergedError, match=f"at step 3 the loss is {bad}") as caught:
        train(model, bundled, 10, SGD(model.parameters(), 0.1), loss=loss, progress=False)
    assert caught.value.step == 3 and len(caught.value.history.loss) == 4
    assert all(p.isfinite().all() for p in model.parameters())


def test_hooks_see_every_step_its_rate_and_its_gradients(model, bundled):
    class Watch(Hook):
        seen = []

        def before_backward(self, step, model):
            self.seen.append(("before", step))

        def after_step(self, step, model, lr):
            self.seen.append(("after", step, lr, model.C.grad is not None))

    optimizer = SGD(model.parameters(), step_schedule(0.1, {1: 0.01}))
    train(model, bundled, 2, optimizer, hooks=[Watch()], progress=False)
    first = [("before", 0), ("after", 0, 0.1, True)]
    assert Watch.seen == [*first, ("before", 1), ("after", 1, 0.01, True)]


def test_minibatches_are_pairs_of_the_data_and_come_back_from_their_seed():
    data = (torch.arange(50).view(50, 1), torch.arange(50) * 2)
    x, y = minibatch(data, 40, torch.Generator().manual_seed(3))
    assert x.shape == (40, 1) and torch.equal(x[:, 0] * 2, y)
    assert len(y.unique()) < 40  # drawn with replacement
    assert torch.equal(y, minibatch(data, 40, torch.Generator().manual_seed(3))[1])


@pytest.mark.parametrize("batch_size", [1, 7, 64, 8192])
def test_evaluate_in_batches_is_the_loss_at_once(model, bundled, batch_size):
    X, Y = (tensor[:100] for tensor in bundled)
    at_once = cross_entropy(model(X), Y).item()
    assert math.isclose(evaluate(model, (X, Y), batch_size), at_once, rel_tol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_evaluate_puts_back_the_mode(model, bundled, training):
    modes = []

    class Spy(Layer):
        def forward(self, x):
            modes.append(self.training)
            return x

    model.spy = Spy()
    run = model.forward
    model.forward = lambda x: model.spy(run(x))
    model.train(training)
    evaluate(model, bundled)
    assert set(modes) == {False}
    assert model.training == model.spy.training == training


def test_evaluate_leaves_no_gradients(model, bundled):
    evaluate(model, bundled)
    assert all(p.grad is None for p in model.parameters())


def test_evaluate_counts_targets_and_not_batches():
    class Fixed(Layer):
        """Logits (B, T, 2) that are looked up, so that the right mean is known."""

        def __init__(self):
            self.table = parameter(torch.tensor([[0.0, 0.0], [0.0, 3.0]]))

        def forward(self, x):
            return self.table[x]

    X = torch.tensor([[0, 1, 1], [1, 0, 0], [0, 0, 0]])
    Y = torch.tensor([[0, 1, 0], [1, -1, -1], [-1, -1, -1]])
    likely, unlikely = math.log(1 + math.exp(-3)), math.log(1 + math.exp(3))
    mean = (math.log(2) + 2 * likely + unlikely) / 4
    for batch_size in (1, 2, 3):
        assert math.isclose(evaluate(Fixed(), (X, Y), batch_size), mean, rel_tol=1e-6)


def test_evaluate_puts_back_the_mode_after_an_interrupt(model, bundled):
    def loss(logits, targets):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(model, bundled, loss=loss)
    assert model.training


def test_the_cpu_is_the_cpu_and_auto_is_some_device():
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("auto").type in {"cpu", "cuda", "mps", "xpu"}


@pytest.mark.parametrize(
    "name",
    ["", " ", "cuda:99", "toaster", "gpu", "CPU", "cpu\n", "hpu", "privateuseone", "xla", "meta"]
    + ["mkldnn", "vulkan", "mtia", "ipu", None, 7, 0.5, ["cpu"]],
)
def test_a_device_that_is_not_there(name, recwarn):
    with pytest.raises(ValueError) as caught:
        pick_device(name)
    assert str(caught.value) == f"device {name!r} is not there: use cpu or auto"
    assert not recwarn.list
