"""Tables of counts with longer contexts, and how they fall back on shorter ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from mmhelpers.layers import Layer
from mmhelpers.optim import SGD

METHODS = ("add", "witten_bell", "kneser_ney")
LOGITS = 2**22  # at once, in `NGram.own_updates`


@dataclass(frozen=True)
class NGramSizes:
    """What an `NGram` is made of."""

    block_size: int = 5  # characters of context
    method: str = "kneser_ney"  # how unseen characters get their share: one of METHODS
    discount: float = 0.85  # of kneser_ney: what every count gives away, 0 to 1
    added: float = 0.1  # of add: what is added to every count


class ContextTable(Layer):
    """The contexts of one length that were seen, and what follows each: nothing else is stored.

    The S contexts are numbered; `keys` (S,), sorted, holds for each the number of the context that
    is one character shorter, times V, plus the oldest character.  The share of each character is
    in `values` (E,): context s has `characters` and `values` from `first[s]` to `first[s + 1]`,
    and leaves `rest[s]` to the shorter context.
    """

    def __init__(self, keys: Tensor) -> None:
        self.keys = keys
        self.rest = torch.ones(len(keys), dtype=torch.float64, device=keys.device)
        self.first = keys.new_zeros(len(keys) + 1)
        self.characters, self.values = keys.new_zeros(0), self.rest[:0]

    def fill(self, owner: Tensor, characters: Tensor, values: Tensor, rest: Tensor) -> None:
        """Takes the entries (E,), sorted by the context that owns each, and the rests (S,)."""
        self.characters, self.values, self.rest = characters, values, rest
        self.first[1:] = torch.bincount(owner, minlength=len(self.keys)).cumsum(0)

    def find(self, shorter: Tensor, oldest: Tensor, vocab_size: int) -> Tensor:
        """The numbers (B,) of contexts, from those of the shorter ones; -1 where never seen."""
        wanted = shorter * vocab_size + oldest
        place = torch.searchsorted(self.keys, wanted).clamp(max=len(self.keys) - 1)
        return torch.where((shorter >= 0) & (self.keys[place] == wanted), place, -1)

    def is_one(self, limit: int, vocab_size: int) -> bool:
        """Whether the tensors are such a table, with keys below `limit`."""
        keys, rest, first = self.keys, self.rest, self.first
        if any(tensor.ndim != 1 for tensor in self.state_dict().values()) or not len(keys):
            return False
        if not len(keys) == len(rest) == len(first) - 1 or len(self.characters) != len(self.values):
            return False
        if keys[0] < 0 or (keys[1:] <= keys[:-1]).any() or keys[-1] >= limit:
            return False
        if first[0] != 0 or (first[1:] < first[:-1]).any() or first[-1] != len(self.values):
            return False
        if ((self.characters < 0) | (self.characters >= vocab_size)).any():
            return False
        owner = torch.arange(len(keys), device=keys.device).repeat_interleave(first.diff())
        sums = rest.index_add(0, owner, self.values)  # (S,)
        shares = not (self.values < 0).any() and not (rest < 0).any()
        return shares and bool(((sums - 1).abs() < 1e-6).all())

    def blend(self, shorter: Tensor, number: Tensor) -> Tensor:
        """The probabilities (B, V) in contexts (B,), given those in the shorter ones (B, V)."""
        rows = (number >= 0).nonzero().squeeze(1)  # the others keep what they have
        number = number[rows]
        shorter[rows] *= self.rest[number].unsqueeze(1)
        sizes = self.first[number + 1] - self.first[number]
        before = (sizes.cumsum(0) - sizes).repeat_interleave(sizes)  # (E,)
        entries = torch.arange(len(before), device=number.device) - before
        entries += self.first[number].repeat_interleave(sizes)
        place = rows.repeat_interleave(sizes), self.characters[entries]
        return shorter.index_put_(place, self.values[entries], accumulate=True)


class NGram(Layer):
    """The next character from a table of counts, with `block_size` characters of context.

    `add` adds the same to every count in the longest context.  The other two methods let every
    context leave a share to the one that is a character shorter, down to no context at all and
    the uniform distribution below: `witten_bell` in proportion to how many different characters
    followed, `kneser_ney` by a `discount` off every count, where a shorter context counts in how
    many different longer ones a character was seen, not how often.  What was never seen leaves
    everything.  Logits are logarithms of probabilities, in float64; before `fit` all are alike.

    Memory grows with the contexts that were seen.  Raises ValueError for a context of less than
    one character, an unknown method, a discount or an added count out of range.  Built in
    notebook 01 (Witten and Bell 1991; Kneser and Ney 1995; Chen and Goodman 1999).
    """

    def __init__(
        self, vocab_size: int, sizes: NGramSizes | None = None, generator: Generator | None = None
    ) -> None:
        self.vocab_size, self.sizes = vocab_size, sizes or NGramSizes()
        check_sizes(self.sizes)
        self.block_size = self.sizes.block_size
        self.tables = [ContextTable(torch.zeros(1, dtype=torch.int64))]  # that of no context

    @property
    def fitted(self) -> bool:
        """Whether there are counts."""
        return len(self.tables) > 1

    @property
    def contexts(self) -> int:
        """How many contexts are stored, of all lengths."""
        return sum(len(table.keys) for table in self.tables)

    def fit(self, X: Tensor, Y: Tensor) -> NGram:
        """Counts the examples X (N, block_size), Y (N,), and gives the model itself.

        Raises ValueError for no examples.
        """
        if not len(Y):
            raise ValueError("no examples to count: the training split is empty")
        V = self.vocab_size
        self.tables, numbers = [ContextTable(Y.new_zeros(1))], [torch.zeros_like(Y)]
        for length in range(1, self.block_size + 1):
            keys = numbers[-1] * V + X[:, -length]  # (N,)
            seen, number = torch.unique(keys, return_inverse=True)
            self.tables.append(ContextTable(seen))
            numbers.append(number)
        pairs = numbers[-1] * V + Y  # (N,), context and next character as one number
        for length in range(self.block_size, -1, -1):
            seen, counts = torch.unique(pairs, return_counts=True)  # (E,)
            self._count(self.tables[length], seen // V, seen % V, counts)
            if length == 0 or self.sizes.method == "add":
                return self
            pairs = numbers[length - 1] * V + Y
            if self.sizes.method == "kneser_ney":  # every context and character once
                pairs = self.tables[length].keys[seen // V] // V * V + seen % V
        return self

    def own_updates(
        self,
        data: tuple[Tensor, Tensor],
        optimizer: SGD,
        history: object,
        batch_size: int,
        generator: Generator | None,
        loss: Callable[[Tensor, Tensor], Tensor],
        hooks: Sequence[object],
    ) -> Iterator[float]:
        """One update that counts all the examples, and their loss under these counts.

        `training.updates` calls it; minibatches have no part in it.  Raises ValueError for hooks.
        """
        if hooks:
            raise ValueError("a table of counts has no gradients to look at: leave out the hooks")
        X, Y = data
        self.fit(X, Y)
        rows = max(1, LOGITS // self.vocab_size)
        parts = zip(X.split(rows), Y.split(rows), strict=True)
        total = sum(loss(self(x), y).item() * len(y) for x, y in parts)
        optimizer.steps += 1
        history.loss.append(total / len(Y))
        yield history.loss[-1]

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Takes over copies of the tables, however many contexts they have.

        Raises ValueError where they are not those of such a model, and changes nothing.
        """
        count = len(state) // len(self.tables[0].state_dict())
        if count not in (1, self.block_size + 1):
            raise ValueError(f"{count} tables of counts instead of {self.block_size + 1}")
        other, limit = NGram(self.vocab_size, self.sizes), 1
        blank = self.tables[0].keys.new_zeros(1)
        other.tables = [ContextTable(blank.clone()) for _ in range(count)]
        for name, tensor in other.state_dict().items():
            if name in state and state[name].dtype != tensor.dtype:
                raise ValueError(f"{name}: {state[name].dtype} instead of {tensor.dtype}")
        super(NGram, other).load_state_dict(state)
        for length, table in enumerate(other.tables):
            if not table.is_one(limit, self.vocab_size):
                raise ValueError(f"the table of contexts of {length} characters is garbled")
            limit = len(table.keys) * self.vocab_size
        self.tables = other.tables

    def _count(self, table: ContextTable, owner: Tensor, after: Tensor, counts: Tensor) -> None:
        """Turns the counts (E,) of what came `after` each context into shares."""
        sizes, method = self.sizes, self.sizes.method
        counts = counts.double()
        total = torch.bincount(owner, counts, len(table.keys))  # (S,)
        types = torch.bincount(owner, minlength=len(table.keys)).double()  # (S,)
        if method == "kneser_ney":
            values, rest = (counts - sizes.discount) / total[owner], sizes.discount * types / total
        else:
            more = types if method == "witten_bell" else sizes.added * self.vocab_size
            values, rest = counts / (total + more)[owner], more / (total + more)
        table.fill(owner, after, values, rest)

    def forward(self, x: Tensor) -> Tensor:
        number = torch.zeros_like(x[:, -1])  # (B,)
        probs = self.tables[0].values.new_full((len(x), self.vocab_size), 1 / self.vocab_size)
        probs = self.tables[0].blend(probs, number)
        for length, table in enumerate(self.tables[1:], 1):
            number = table.find(number, x[:, -length], self.vocab_size)
            probs = table.blend(probs, number)
        return probs.log()  # (B, V)


def check_sizes(sizes: NGramSizes) -> None:
    """Raises ValueError for sizes that can't be."""
    if sizes.block_size < 1:
        raise ValueError(f"a context of {sizes.block_size} characters: it must be at least 1")
    if sizes.method not in METHODS:
        raise ValueError(f"no method {sizes.method!r}: there are {', '.join(METHODS)}")
    if not 0 <= sizes.discount <= 1:
        raise ValueError(f"the discount is {sizes.discount}: it must be from 0 to 1")
    if not 0 <= sizes.added < float("inf"):
        raise ValueError(f"the added count is {sizes.added}: it must be 0 or more")
