"""The Transformer's fast step, in its parts: prefix trees, packed blocks, kernels."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from in_double import close, double, draw

from mmhelpers.fast import kernels
from mmhelpers.fast.prefix_trees import TREE, PrefixTrees
from mmhelpers.fast.transformer import PackedBlocks, block_parameters, turns_table
from mmhelpers.layers import GELU, Dropout, LayerNorm, ModernBlock, RMSNorm, TransformerBlock

some = settings(max_examples=15, deadline=None)
size = st.integers(1, 6)
heads = st.sampled_from([(1, 3), (2, 4), (3, 6), (4, 8)])  # (n_head, n_embd)


def random_names(B, T, seed, letters=2):
    """Rows of padded names (B, T) of so few letters that many begin alike."""
    g = torch.Generator().manual_seed(seed)
    names = torch.randint(1, letters + 1, (B, T), generator=g)
    lengths = torch.randint(1, T + 1, (B,), generator=g)
    names[torch.arange(T) >= lengths[:, None]] = 0
    names[:, 0] = 0
    return names, torch.arange(T) < lengths[:, None]


@some
@given(B=st.integers(1, 40), T=st.integers(1, 40), seed=st.integers(0, 99))
def test_prefix_trees(B, T, seed):
    names, real = random_names(B, T, seed)
    trees, size = PrefixTrees(names, 1), TREE * (1 + (T > TREE))
    N = len(trees.tokens)
    of_row = {}
    for b, t in real.nonzero().tolist():
        row, beginning = trees.numbers[b * T + t].item(), tuple(names[b, : t + 1].tolist())
        assert of_row.setdefault(row, beginning) == beginning, "a row for two beginnings"
        assert (trees.tokens[row], trees.depths[row]) == (names[b, t], t)
    assert of_row.keys() == set(range(N)), "a row that nobody needs"
    slots = trees.places.view(N, 3)[:, 0].tolist()
    homes = [slots[row] // size for row in trees.numbers.view(B, T)[:, 0].tolist()]
    planted = [
        [of_row[row] for row in range(N) if slots[row] // size == tree]
        for tree in range(trees.trees[0])
    ]
    for tree, beginnings in enumerate(planted):
        assert len(beginnings) == len(set(beginnings)), "computed twice"
        if tree:  # begun only because its first name had no room in the tree before
            first = min(tuple(names[b][real[b]].tolist()) for b in range(B) if homes[b] == tree)
            wanted = {first[: t + 1] for t in range(len(first))}
            assert len(wanted.union(planted[tree - 1])) > size
    slots = torch.tensor(slots)
    assert trees.mask.shape == (trees.trees[0], size, size)
    for row, slot in enumerate(slots.tolist()):
        allowed = (trees.mask[slot // size, slot % size] == 0).nonzero().flatten()
        seen = (slots == slot // size * size + allowed[:, None]).nonzero()[:, 1].tolist()
        beginnings = [of_row[other] for other in seen]
        assert beginnings == [of_row[row][: t + 1] for t in range(len(of_row[row]))]


def test_names_that_begin_alike_share_rows():
    names = torch.tensor([[0, 1, 2, 3], [0, 4, 0, 0], [0, 1, 2, 0], [0, 1, 5, 0]])
    trees = PrefixTrees(names, 2)
    assert trees.tokens.tolist() == [0, 1, 2, 3, 5, 4]
    assert trees.depths.tolist() == [0, 1, 2, 3, 2, 1]
    assert trees.trees == (2, TREE)


@some
@given(B=st.integers(1, 30), T=st.integers(1, 40), shape=heads, seed=st.integers(0, 99))
def test_packed_equals_padded(B, T, shape, seed):
    n_head, C = shape
    names, real = random_names(B, T, seed)
    trees, real = PrefixTrees(names, n_head), real.unsqueeze(2)
    blocks = [double(TransformerBlock(C, n_head)) for _ in range(2)]
    parameters = [p for block in blocks for p in block_parameters(block)]
    assert len({id(p) for p in parameters}) == sum(len(block.parameters()) for block in blocks)
    token, position = draw(3, C), draw(T, C, seed=1)
    padded = token[names] + position
    for block in blocks:
        padded = block(padded)
    rows, none = token[trees.tokens] + position[trees.depths], [Dropout(0.0)] * 2
    packed = trees.unpack(PackedBlocks.apply(rows, trees, None, none, *parameters))
    close(packed * real, padded * real)
    inputs = [token, position, *parameters]
    grads = [torch.autograd.grad((out.sin() * real).sum(), inputs) for out in (packed, padded)]
    for mine, plain in zip(*grads, strict=True):
        close(mine, plain)


@some
@given(B=size, C=size)
def test_kernels_equal_plain_forms(B, C):
    x, gamma, beta = draw(B, 3, C), draw(C, seed=1), draw(C, seed=2)
    norm = LayerNorm(C)
    norm.gamma, norm.beta = gamma, beta
    close(kernels.layer_norm(norm, x), norm(x))
    rms = RMSNorm(C)
    rms.gamma, rows = gamma, x.detach().flatten(0, 1).requires_grad_()
    close(kernels.norm(rms, rows), rms(rows))
    assert torch.autograd.gradcheck(kernels.RMSNormFunction.apply, [rows, gamma, 1e-5])
    close(kernels.gelu(x), GELU()(x))
    assert torch.autograd.gradcheck(kernels.gelu, [x])


@some
@given(B=st.integers(1, 20), T=st.integers(1, 12), seed=st.integers(0, 99))
def test_packing_and_unpacking(B, T, seed):
    names, real = random_names(B, T, seed)
    packing, x = kernels.Packing(names), draw(B, T, 3)
    packed = packing.pack(x)
    assert torch.equal(packed, x[real])
    assert torch.equal(packing.unpack(packed), x * real[:, :, None])


@pytest.mark.parametrize("kind", [TransformerBlock, ModernBlock])
@pytest.mark.parametrize("p", [0, 0.5])
def test_gradients_of_packed_blocks(p, kind):
    trees = PrefixTrees(torch.tensor([[0, 3, 0], [0, 1, 2], [0, 1, 4]]), n_head=2)
    blocks = [double(kind(4, 2)) for _ in range(2)]
    parameters = [p for block in blocks for p in block_parameters(block)]
    turns = None
    if kind is ModernBlock:
        table = turns_table(3, 2, torch.float64, torch.device("cpu"))
        turns = table[:, trees.depths].unsqueeze(2)

    def run(x, *parameters):
        dropouts = [Dropout(p, torch.Generator().manual_seed(seed)) for seed in (1, 2)]
        return PackedBlocks.apply(x, trees, turns, dropouts, *parameters)

    assert torch.autograd.gradcheck(run, [draw(5, 4), *parameters])


def test_dropout_of_packed_blocks():
    trees = PrefixTrees(torch.zeros(1, 1, dtype=torch.int64), n_head=2)
    block, x, seed = double(TransformerBlock(4, 2)), draw(1, 4), torch.Generator().manual_seed
    block.dropout = Dropout(0.5, seed(1))
    packed = PackedBlocks.apply(x, trees, None, [block.dropout], *block_parameters(block))
    block.dropout = Dropout(0.5, seed(1))
    close(packed, block(x.unsqueeze(0)).squeeze(0))
