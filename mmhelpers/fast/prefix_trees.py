"""Names that begin alike, laid out so that they share the work on the beginning.

Over packing alone, where every name has rows of its own, this saves about a fifth of a step with
128 names, and less than a tenth with 32 (`make bench` measures both).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

TREE = 32  # rows of a tree: enough for four or five names, and fast


class PrefixTrees:
    """The names of a batch x (B, T) as trees, in each of which a beginning is there only once.

    What a causal model computes at a letter depends on the letters up to it only, so it is the
    same in all names that begin alike.  In the order of the alphabet the names fill G trees of at
    most M rows each, N rows in all.  `tokens` and `depths` (N,) are the rows' letters and their
    positions in the name.  A row may look where `mask` (G * n_head, M, M) is 0 and not minus
    infinity: at itself and at the rows before it in its name.
    """

    def __init__(self, x: Tensor, n_head: int) -> None:
        B, T = x.shape
        M = TREE * math.ceil(T / TREE)
        names = x.numpy(force=True)  # numpy's calls cost less than torch's on so little
        order = np.lexsort(names.T[::-1])
        names = names[order]
        new, firsts = plant(names, M)
        name, depth = new.nonzero()  # of each row, (N,)
        row = np.arange(len(name))
        rows = np.zeros((B, T), np.int64)  # of each position
        rows[new] = row
        np.maximum.accumulate(rows, 0, out=rows)  # what is not new is in the name before
        numbers = np.empty_like(rows)
        numbers[order] = rows
        tree = np.searchsorted(firsts, name, "right") - 1  # (N,)
        column = row - np.searchsorted(tree, tree)  # (N,), the place in the tree
        path = np.where(np.arange(T) <= depth[:, None], rows[name], row[:, None])  # (N, T)
        mask = np.full((len(firsts), M * M), -np.inf, np.float32)
        mask[:, :: M + 1] = 0  # unused rows look at themselves, too
        mask.ravel()[((tree * M + column) * M)[:, None] + column[path]] = 0
        places, sources = head_places(tree, column, len(firsts), M, n_head)

        def tensor(array: np.ndarray) -> Tensor:
            return torch.from_numpy(array).to(x.device)

        self.shape, self.trees = (B, T), (len(firsts) * n_head, M)
        self.tokens, self.depths = tensor(names[new]), tensor(depth)
        self.mask = tensor(mask.reshape(-1, M, M).repeat(n_head, 0))
        self.numbers = tensor(numbers.ravel())  # (B * T,): each position's row
        self.places, self.sources = tensor(places.ravel()), tensor(sources)
        self.merged_places = tensor(places[:, :n_head].ravel())

    def unpack(self, rows: Tensor) -> Tensor:
        """(N, C) gives (B, T, C), with anything where the padding is."""
        return rows.index_select(0, self.numbers).view(*self.shape, -1)

    def split(self, qkv: Tensor) -> Tensor:
        """(N, 3 * C) gives queries, keys and values (3, G * n_head, M, C / n_head)."""
        pieces = qkv.view(len(self.places), -1).index_select(0, self.sources)
        return pieces.view(3, *self.trees, -1)

    def split_backward(self, heads: Tensor) -> Tensor:
        """The gradient of `split`, (N, 3 * C)."""
        return heads.flatten(0, 2).index_select(0, self.places).view(len(self.tokens), -1)

    def merge(self, heads: Tensor) -> Tensor:
        """(G * n_head, M, C / n_head) gives (N, C), the heads side by side."""
        return heads.flatten(0, 1).index_select(0, self.merged_places).view(len(self.tokens), -1)

    def merge_backward(self, rows: Tensor) -> Tensor:
        """The gradient of `merge`: zeros where nothing was taken."""
        pieces = rows.view(len(self.merged_places), -1)
        heads = rows.new_zeros(self.trees[0] * self.trees[1], pieces.shape[1])
        return heads.index_copy_(0, self.merged_places, pieces).view(*self.trees, -1)


def plant(names: np.ndarray, M: int) -> tuple[np.ndarray, list[int]]:
    """Where sorted names (B, T) need a row of their own (B, T), and which begin a tree.

    Elsewhere they are padding, or have all up to there from the name before, in the same tree.
    """
    real = names != 0  # a 0 after the first position is padding
    real[:, 0] = True
    new = real.copy()
    new[1:] &= np.logical_or.accumulate(names[1:] != names[:-1], 1)
    firsts, room = [], 0
    sizes = zip(real.sum(1).tolist(), new.sum(1).tolist(), strict=True)
    for b, (length, rest) in enumerate(sizes):
        if rest > room:
            firsts.append(b)
            rest, room = length, M
        room -= rest
    new[firsts] = real[firsts]
    return new, firsts


def head_places(
    tree: np.ndarray, column: np.ndarray, G: int, M: int, H: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where the heads of queries, keys and values of N rows (N, 3 * H) stand in (3, G, H, M).

    And the other way: which of the N * 3 * H is in each of the 3 * G * H * M; any where none is.
    """
    piece = np.arange(3 * H)
    places = (tree * H * M + column)[:, None] + piece // H * (G * H * M) + piece % H * M
    sources = np.zeros(3 * G * H * M, np.int64)
    sources[places] = np.arange(places.size).reshape(places.shape)
    return places, sources
