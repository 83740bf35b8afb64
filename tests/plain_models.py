"""Models of whole names written plainly with torch.nn, as makemore.py writes them.

An RNN's cell is applied to [x, h] position by position, attention is masked and normalised in
every head.  Each takes over the weights of ours.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from mmhelpers.data import Vocabulary
from mmhelpers.models import build

C, LAYERS, HEADS, BATCH = 64, 4, 4, 32
ADAM = {"lr": 5e-4, "betas": (0.9, 0.99), "weight_decay": 0.01}


class PlainAttention(nn.Module):
    def __init__(self, T):
        super().__init__()
        self.qkv, self.project = nn.Linear(C, 3 * C), nn.Linear(C, C)
        self.register_buffer("past", torch.tril(torch.ones(T, T)))

    def forward(self, x):
        B, T, _ = x.shape
        heads = [part.view(B, T, HEADS, -1).transpose(1, 2) for part in self.qkv(x).split(C, 2)]
        q, k, v = heads  # each (B, HEADS, T, C / HEADS)
        scores = q @ k.transpose(2, 3) * (1 / math.sqrt(C // HEADS))
        scores = scores.masked_fill(self.past[:T, :T] == 0, -torch.inf)
        mixed = F.softmax(scores, -1) @ v
        return self.project(mixed.transpose(1, 2).contiguous().view(B, T, C))


class PlainGELU(nn.Module):
    def forward(self, x):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


class PlainBlock(nn.Module):
    def __init__(self, T):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.attention = PlainAttention(T)
        self.mlp = nn.Sequential(nn.Linear(C, 4 * C), PlainGELU(), nn.Linear(4 * C, C))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PlainTransformer(nn.Module):
    def __init__(self, V, T):
        super().__init__()
        self.token, self.position = nn.Embedding(V, C), nn.Embedding(T, C)
        self.blocks = nn.Sequential(*[PlainBlock(T) for _ in range(LAYERS)])
        self.norm, self.head = nn.LayerNorm(C), nn.Linear(C, V, bias=False)

    def forward(self, x):
        embedded = self.token(x) + self.position(torch.arange(x.shape[1]))
        return self.head(self.norm(self.blocks(embedded)))

    def take(self, ours):
        """Takes over our model's weights."""
        pairs = [(self.token, ours.token), (self.position, ours.position)]
        pairs += [(self.norm, ours.norm), (self.head, ours.head)]
        for mine, its in zip(self.blocks, ours.blocks, strict=True):
            pairs += [(mine.norm1, its.norm1), (mine.norm2, its.norm2)]
            pairs += [(mine.attention.qkv, its.attention.qkv)]
            pairs += [(mine.attention.project, its.attention.project)]
            pairs += [(mine.mlp[i], its.mlp.layers[i]) for i in (0, 2)]
        take(pairs)


class PlainRecurrent(nn.Module):
    def __init__(self, V, gates):
        super().__init__()
        self.embedding, self.head = nn.Embedding(V, C), nn.Linear(C, V)
        self.start = nn.Parameter(torch.zeros(1, C))
        self.gates = nn.ModuleList([nn.Linear(2 * C, C) for _ in range(gates)])

    def forward(self, x):
        embedded, h, outputs = self.embedding(x), self.start.expand(len(x), -1), []
        for t in range(x.shape[1]):
            h = self.cell(embedded[:, t], h)
            outputs.append(h)
        return self.head(torch.stack(outputs, 1))


class PlainRNN(PlainRecurrent):
    def __init__(self, V, T):
        super().__init__(V, 1)

    def cell(self, x, h):
        return torch.tanh(self.gates[0](torch.cat([x, h], 1)))

    def take(self, ours):
        """Takes over our model's weights."""
        take([(self.embedding, ours.embedding), (self.head, ours.head)])
        cell = ours.recurrent.cell
        weight = torch.cat([cell.inputs.weight, cell.hidden.weight])
        self.gates[0].weight.data.copy_(weight.detach().T)
        self.gates[0].bias.data.copy_(cell.inputs.bias.detach())


class PlainGRU(PlainRecurrent):
    def __init__(self, V, T):
        super().__init__(V, 2)
        self.x_candidate, self.h_candidate = nn.Linear(C, C), nn.Linear(C, C)

    def cell(self, x, h):
        r, z = [torch.sigmoid(gate(torch.cat([x, h], 1))) for gate in self.gates]
        candidate = torch.tanh(self.x_candidate(x) + r * self.h_candidate(h))
        return (1 - z) * candidate + z * h

    def take(self, ours):
        """Takes over our model's weights."""
        take([(self.embedding, ours.embedding), (self.head, ours.head)])
        cell = ours.recurrent.cell
        x_weights = cell.inputs.weight.detach().chunk(3, 1)
        h_weights = cell.hidden.weight.detach().chunk(3, 1)
        biases = cell.inputs.bias.detach().chunk(3)
        for gate, x, h, bias in zip(self.gates, x_weights, h_weights, biases, strict=False):
            gate.weight.data.copy_(torch.cat([x, h]).T)
            gate.bias.data.copy_(bias)
        candidate_biases = [biases[2], cell.candidate_bias.detach()]
        candidates = [self.x_candidate, self.h_candidate]
        weights = [x_weights[2], h_weights[2]]
        for linear, weight, bias in zip(candidates, weights, candidate_biases, strict=True):
            linear.weight.data.copy_(weight.T)
            linear.bias.data.copy_(bias)


def take(pairs):
    """Copies the weights of each second to the first of a pair."""
    for mine, its in pairs:
        weight = its.gamma if isinstance(mine, nn.LayerNorm) else its.weight
        bias = its.beta if isinstance(mine, nn.LayerNorm) else getattr(its, "bias", None)
        transposed = weight.T if isinstance(mine, nn.Linear) else weight
        mine.weight.data.copy_(transposed.detach())
        if bias is not None:
            mine.bias.data.copy_(bias.detach())


PLAIN = {"transformer": PlainTransformer, "gru": PlainGRU, "rnn": PlainRNN}


def pair(name, words):
    """Gives our model and the plain one, alike, and the vocabulary."""
    vocabulary, T = Vocabulary(words), max(map(len, words)) + 1
    ours = build(name, len(vocabulary), torch.Generator().manual_seed(1), block_size=T)
    plain = PLAIN[name](len(vocabulary), T)
    plain.take(ours)
    return ours, plain, vocabulary


def plain_step(model, optimizer, x, y):
    """Gives the loss of a step."""
    logits = model(x)
    loss = F.cross_entropy(logits.view(-1, logits.shape[-1]), y.view(-1), ignore_index=-1)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item()
