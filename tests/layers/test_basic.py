"""The base of the layers, and Linear, Tanh and BatchNorm1d against torch.nn's."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhelpers.layers import (
    BatchNorm1d,
    Embedding,
    Flatten,
    FlattenConsecutive,
    Layer,
    Linear,
    Residual,
    Sequential,
    Tanh,
    parameter,
)
from mmhelpers.models import MLP

repeatable = settings(deadline=None, derandomize=True, database=None, max_examples=40)
widths = st.integers(1, 9)
seeds = st.integers(0, 2**32 - 1)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    """A float64 tensor of random numbers that wants a gradient."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


def double(layer: Layer) -> Layer:
    """The layer in float64."""
    for tensor in layer.state_dict().values():
        tensor.data = tensor.data.double()
    return layer


def assert_close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


def gradients(output: torch.Tensor, *of: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The gradients of a sum of the outputs, each with a weight of its own."""
    weights = torch.linspace(-1, 2, output.numel(), dtype=output.dtype).view_as(output)
    return torch.autograd.grad((output * weights).sum(), of)


# The base


class Scale(Layer):
    def __init__(self, n: int) -> None:
        self.factor = parameter(torch.ones(n))
        self.calls = torch.zeros(1)  # a tensor that training does not change

    def forward(self, x):
        return x * self.factor


class Net(Layer):
    """Sub-layers before, between and after tensors, in a list, one within the other."""

    def __init__(self) -> None:
        self.first = Scale(2)
        self.own = parameter(torch.zeros(2))
        self.rest = [Scale(2), Tanh(), "no layer", Linear(2, 3)]
        self.none, self.number = None, 7

    def forward(self, x):
        return self.rest[3](self.rest[1](self.rest[0](self.first(x) + self.own)))


NAMES = ["own", "first.factor", "first.calls", "rest.0.factor", "rest.0.calls"]
NAMES += ["rest.3.weight", "rest.3.bias"]


def test_state_and_parameters():
    net = Net()
    state = net.state_dict()
    assert list(state) == NAMES
    assert all(type(tensor) is torch.Tensor for tensor in state.values())
    found = [name for name in NAMES if not name.endswith("calls")]
    assert [id(p) for p in net.parameters()] == [id(state[name]) for name in found]
    assert [name for name, _ in net.children()] == ["first", "rest.0", "rest.1", "rest.3"]


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize(
    "net, x", [(Net(), torch.ones(4, 2)), (MLP(5, 2, 2, 3), torch.zeros(4, 2, dtype=torch.int64))]
)
def test_a_pass_adds_nothing_to_state_and_parameters(net, x, grad):
    names, ids = list(net.state_dict()), [id(p) for p in net.parameters()]
    with torch.set_grad_enabled(grad):
        net(x)
    assert list(net.state_dict()) == names
    assert [id(p) for p in net.parameters()] == ids


def test_out_keeps_the_output_and_its_gradient():
    net = Net()
    out = net(torch.ones(4, 2))
    assert out is net.out and net.out is net.rest[3].out
    inner = net.rest[1].out
    inner.retain_grad()
    out.sum().backward()
    torch.testing.assert_close(inner.grad, net.rest[3].weight.sum(1).expand(4, 2))


def test_forward_is_asked_for():
    with pytest.raises(NotImplementedError, match="Layer defines no forward"):
        Layer()(torch.ones(1))


def test_train_and_eval_reach_every_layer():
    net = Net()
    layers = [net, net.first, net.rest[0], net.rest[1], net.rest[3]]
    assert all(layer.training for layer in layers)
    assert net.eval() is net and not any(layer.training for layer in layers)
    assert net.train() is net and all(layer.training for layer in layers)
    assert not net.train(False).rest[3].training
    assert Net().training  # one network's mode is not another's


def test_to_keeps_the_same_tensors():
    net = Net()
    before = [id(p) for p in net.parameters()]
    assert net.to("cpu") is net
    assert [id(p) for p in net.parameters()] == before
    if torch.cuda.is_available():
        net.to("cuda")
        assert {t.device.type for t in net.state_dict().values()} == {"cuda"}
        assert [id(p) for p in net.parameters()] == before


def filled(value: float) -> Net:
    net = Net()
    for tensor in net.state_dict().values():
        tensor.data.fill_(value)
    return net


def test_load_state_dict_copies():
    net, other = filled(1), filled(2)
    before = [id(p) for p in net.parameters()]
    net.load_state_dict(other.state_dict())
    other.own.data.fill_(9)
    assert all((tensor == 2).all() for tensor in net.state_dict().values())
    assert [id(p) for p in net.parameters()] == before  # so that an optimiser still holds them
    assert net.own.requires_grad and not net.first.calls.requires_grad


def test_load_state_dict_keeps_the_type_of_numbers():
    net = filled(1)
    net.load_state_dict(double(filled(2)).state_dict())
    assert all(t.dtype == torch.float32 and (t == 2).all() for t in net.state_dict().values())


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda state: state.pop("own"), "state_dict does not fit this model: own"),
        (lambda state: state.update(new=torch.ones(1)), "state_dict does not fit this model: new"),
        (
            lambda state: state.update({"rest.3.weight": torch.ones(3, 2)}),
            r"rest\.3\.weight: shape \(3, 2\) instead of \(2, 3\)",
        ),
    ],
)
def test_load_state_dict_that_does_not_fit_changes_nothing(change, said):
    net, state = filled(1), filled(2).state_dict()
    change(state)
    with pytest.raises(ValueError, match=said):
        net.load_state_dict(state)
    assert all((tensor == 1).all() for tensor in net.state_dict().values())


# Linear


def test_linear_is_drawn_as_in_the_lecture():
    layer = Linear(4, 3, generator=torch.Generator().manual_seed(5))
    drawn = torch.randn((4, 3), generator=torch.Generator().manual_seed(5)) / 4**0.5
    assert torch.equal(layer.weight, drawn)
    assert torch.equal(layer.bias, torch.zeros(3))
    torch.manual_seed(5)
    assert torch.equal(Linear(4, 3).weight, drawn)  # else from the global generator
    assert all(p.is_leaf and p.requires_grad for p in layer.parameters())
    assert Linear(4, 3, bias=False).bias is None
    assert len(Linear(4, 3, bias=False).parameters()) == 1


@repeatable
@given(st.lists(widths, min_size=0, max_size=3), widths, widths, st.booleans(), seeds)
def test_linear_equals_torch(leading, fan_in, fan_out, bias, seed):
    ours, theirs = double(Linear(fan_in, fan_out, bias)), torch.nn.Linear(fan_in, fan_out, bias)
    theirs = theirs.double()
    theirs.weight.data = ours.weight.data.T  # torch keeps the transpose
    if bias:
        ours.bias.data = theirs.bias.data
    x = normal(*leading, fan_in, seed=seed)
    assert_close(ours(x), theirs(x))
    mine = gradients(ours(x), x, *ours.parameters())
    expected = gradients(theirs(x), x, *theirs.parameters())
    assert_close(mine, (expected[0], expected[1].T, *expected[2:]))


def test_linear_refuses_another_width():
    with pytest.raises(RuntimeError):
        Linear(4, 3)(torch.ones(2, 5))


# Tanh


@repeatable
@given(st.lists(widths, min_size=0, max_size=3), seeds)
def test_tanh_equals_torch(shape, seed):
    x = normal(*shape, seed=seed)
    ours, theirs = Tanh(), torch.nn.Tanh()
    assert torch.equal(ours(x), theirs(x))
    assert_close(gradients(ours(x), x), gradients(theirs(x), x))
    assert ours.parameters() == []


# BatchNorm1d.  Ours normalises by the unbiased variance u, as the lecture does, torch by the
# biased one, u * (n - 1) / n.  Since u + eps = n / (n - 1) * (biased + eps * (n - 1) / n), torch
# with that smaller eps gives sqrt(n / (n - 1)) times our normalised values, exactly.


def pair(dim: int, n: int, seed: int, eps: float, momentum: float):
    """Ours and torch's with the same parameters, and torch's eps and gamma adjusted for n rows."""
    ours = double(BatchNorm1d(dim, eps, momentum))
    ours.gamma.data, ours.beta.data = normal(2, dim, seed=seed).detach().unbind()
    theirs = torch.nn.BatchNorm1d(dim, eps * (n - 1) / n, momentum).double()
    theirs.weight.data = ours.gamma.data * ((n - 1) / n) ** 0.5
    theirs.bias.data = ours.beta.data.clone()
    return ours, theirs


def as_torch_takes_it(x: torch.Tensor) -> torch.Tensor:
    """(B, T, C) with the features second, (B, C, T); (B, C) stays."""
    return x.movedim(-1, 1)


batches = st.one_of(
    st.tuples(st.integers(2, 12)),
    st.tuples(widths, st.integers(1, 6)).filter(lambda shape: shape[0] * shape[1] > 1),
)
settings_of_norm = st.tuples(st.sampled_from([1e-5, 1e-3, 0.5]), st.sampled_from([0.1, 0.001, 1.0]))


@repeatable
@given(batches, widths, seeds, settings_of_norm)
def test_batchnorm_in_training_equals_torch(leading, dim, seed, eps_and_momentum):
    n = torch.Size(leading).numel()
    ours, theirs = pair(dim, n, seed, *eps_and_momentum)
    x = normal(*leading, dim, seed=seed + 1)
    out, expected = ours(x), theirs(as_torch_takes_it(x)).movedim(1, -1)
    assert_close(out, expected)
    mine = gradients(out, x, *ours.parameters())
    dx, dgamma, dbeta = gradients(expected, x, *theirs.parameters())
    # theirs.weight is gamma * sqrt((n - 1) / n): the chain rule gives that factor.
    assert_close(mine, (dx, dgamma * ((n - 1) / n) ** 0.5, dbeta))


@repeatable
@given(batches, widths, seeds, settings_of_norm, st.integers(1, 4))
def test_running_statistics_and_evaluation_equal_torch(leading, dim, seed, setting, passes):
    ours, _ = pair(dim, 2, seed, *setting)
    theirs = torch.nn.BatchNorm1d(dim, *setting).double()  # the running variance is unbiased there
    theirs.weight.data, theirs.bias.data = ours.gamma.data, ours.beta.data
    for i in range(passes):
        x = normal(*leading, dim, seed=seed + i) * (i + 1) + i
        ours(x), theirs(as_torch_takes_it(x))
    assert_close(ours.running_mean.flatten(), theirs.running_mean)
    assert_close(ours.running_var.flatten(), theirs.running_var)
    assert not ours.running_mean.requires_grad and not ours.running_var.requires_grad

    ours.eval(), theirs.eval()
    x = normal(*leading, dim, seed=seed + 9)
    out, expected = ours(x), theirs(as_torch_takes_it(x)).movedim(1, -1)
    assert_close(out, expected)
    assert_close(
        gradients(out, x, *ours.parameters()), gradients(expected, x, *theirs.parameters())
    )
    assert_close(ours.running_mean.flatten(), theirs.running_mean)  # evaluation moves nothing


def test_batchnorm_at_the_start():
    layer = BatchNorm1d(3)
    assert [p.tolist() for p in layer.parameters()] == [[1, 1, 1], [0, 0, 0]]
    x = torch.tensor([[1.0, -2.0, 3.0]])
    assert_close(layer.eval()(x), x / (1 + 1e-5) ** 0.5)  # one row is fine in evaluation mode


def test_state_of_a_trained_batchnorm_fits_a_new_one():
    trained, fresh = BatchNorm1d(3), BatchNorm1d(3)
    x = torch.arange(12.0).view(4, 3)
    trained(x)
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(fresh.eval()(x), trained.eval()(x))


@pytest.mark.parametrize("shape", [(1, 3), (1, 1, 3), (0, 3)])
def test_batchnorm_refuses_a_single_row(shape):
    layer = BatchNorm1d(3)
    with pytest.raises(ValueError, match="no variance: use a larger batch or evaluation mode"):
        layer(torch.ones(shape))
    assert torch.equal(layer.running_var, torch.ones(3))
    assert layer.eval()(torch.ones(shape)).shape == shape


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(), (3,), (4, 2), (4, 1), (4, 3, 2), (4, 2, 2, 3)])
def test_batchnorm_refuses_another_shape(shape, training):
    layer = BatchNorm1d(3).train(training)
    with pytest.raises(ValueError, match=r"BatchNorm1d\(3\) needs \(B, 3\)"):
        layer(torch.ones(shape))
    assert torch.equal(layer.running_mean, torch.zeros(3))


# Containers


def test_containers_equal_torch():
    table = Embedding(5, 4, torch.Generator().manual_seed(1))
    x = torch.tensor([[0, 4, 4], [1, 2, 0]])
    theirs = torch.nn.Sequential(torch.nn.Embedding(5, 4), torch.nn.Flatten())
    theirs[0].weight.data = table.weight.data.clone()
    ours = Sequential([table, Flatten()])
    assert torch.equal(ours(x), theirs(x))
    assert_close(gradients(ours(x), table.weight), gradients(theirs(x), theirs[0].weight))
    assert torch.equal(Sequential([table, FlattenConsecutive(3)])(x), theirs(x))


def test_flatten_consecutive_joins_neighbours():
    x = torch.arange(8.0).view(1, 4, 2)
    assert FlattenConsecutive(2)(x).tolist() == [[[0, 1, 2, 3], [4, 5, 6, 7]]]
    assert FlattenConsecutive(4)(x).shape == (1, 8)


def test_flatten_consecutive_refuses_a_length_that_it_does_not_divide():
    with pytest.raises(ValueError, match="3.* can't group 8 positions evenly: use a divisor of 8"):
        FlattenConsecutive(3)(torch.zeros(2, 8, 5))


def test_residual_adds():
    x = normal(3, 4, seed=1)
    layer = double(Linear(4, 4))
    assert torch.equal(Residual(layer)(x), x + layer(x))
