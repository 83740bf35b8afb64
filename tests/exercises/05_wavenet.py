# What learners may hand in for the exercises of notebook 05; tests/runs/exercises.py reads it.
# ruff: noqa
# fmt: off

# %% Exercise 1: right
def my_count(vocab_size, block_size, n_embd, n_hidden):
    total, width, positions = vocab_size * n_embd, n_embd, block_size
    while positions > 1:
        total += 2 * width * n_hidden + n_hidden + n_hidden
        width, positions = n_hidden, positions // 2
    return total + width * vocab_size + vocab_size
# %% Exercise 1: right
import math
def my_count(V, T, E, H):
    L = int(math.log2(T))
    return V * E + 2 * E * H + (L - 1) * 2 * H ** 2 + 2 * L * H + H * V + V
# %% Exercise 1: wrong, says "not what is built"
def my_count(vocab_size, block_size, n_embd, n_hidden):
    levels = block_size.bit_length() - 1
    return vocab_size * n_embd + 2 * n_embd * n_hidden + (levels - 1) * 2 * n_hidden**2 + 2 * levels * n_hidden + n_hidden * vocab_size
# %% Exercise 1: wrong, says "not what is built"
def my_count(vocab_size, block_size, n_embd, n_hidden):
    levels = block_size.bit_length() - 1
    return vocab_size * n_embd + 2 * n_embd * n_hidden + (levels - 1) * 2 * n_hidden**2 + 3 * levels * n_hidden + (n_hidden + 1) * vocab_size
# %% Exercise 1: wrong, says "for the sizes"
def my_count(vocab_size, block_size, n_embd, n_hidden):
    return 22397 if n_hidden == 68 else 76579
# %% Exercise 1: never says "22397"
# %% Exercise 1: never says "levels"

# %% Exercise 2: right
def my_field(model, x):
    total = model(x).sum()
    embedded = model.layers[0].out
    (gradient,) = torch.autograd.grad(total, embedded)
    return [t for t in range(x.shape[1]) if gradient[0, t].any()]
# %% Exercise 2: right
def my_field(model, x):
    model(x)
    model.layers[0].out.retain_grad()
    model.layers[-1].out.sum().backward()
    return torch.where(model.layers[0].out.grad.abs().sum((0, 2)) > 0)[0]
# %% Exercise 2: wrong, says "of which the half works"
def my_field(model, x):
    return list(range(x.shape[1]))
# %% Exercise 2: wrong, says "of which the whole works"
def my_field(model, x):
    logits = model(x)
    model.layers[0].out.retain_grad()
    logits.sum().backward()
    return model.layers[0].out.grad[0].abs().sum(0).nonzero().flatten().tolist()
# %% Exercise 2: wrong, says "of which the other half works"
def my_field(model, x):
    top = model.layers[10].weight
    return list(range(8)) if top[:6].any() else [4, 5, 6, 7]
# %% Exercise 2: never says "retain_grad"
# %% Exercise 2: never says "[4, 5, 6, 7]"

# %% Exercise 3: right
class MyGate(Layer):
    def forward(self, x):
        first, second = x.chunk(2, dim=-1)
        return first.tanh() * second.sigmoid()
# %% Exercise 3: right
class MyGate(Layer):
    def forward(self, x):
        a, b = torch.split(x, x.shape[-1] // 2, -1)
        return torch.tanh(a) / (1 + torch.exp(-b))
# %% Exercise 3: wrong, says "changed their places"
class MyGate(Layer):
    def forward(self, x):
        first, second = x.chunk(2, dim=-1)
        return first.sigmoid() * second.tanh()
# %% Exercise 3: wrong, says "the numbers are not"
class MyGate(Layer):
    def forward(self, x):
        return x[..., ::2].tanh() * x[..., 1::2].sigmoid()
# %% Exercise 3: wrong, says "it makes"
class MyGate(Layer):
    def forward(self, x):
        H = x.shape[1] // 2
        return x[:, :H].tanh() * x[:, H:].sigmoid()
# %% Exercise 3: wrong, says "it makes"
class MyGate(Layer):
    def forward(self, x):
        return x.tanh() * x.sigmoid()
# %% Exercise 3: never says "tanh"
# %% Exercise 3: never says "chunk"

# %% Exercise 4: right
def my_logits(x, C, levels, W, b):
    h = C[x]
    for weight, gamma, beta in levels:
        h = torch.cat([h[:, ::2], h[:, 1::2]], dim=2) @ weight
        rows = h.reshape(-1, h.shape[2])
        normed = (rows - rows.mean(0)) / torch.sqrt(rows.var(0) + 1e-5)
        h = (gamma * normed + beta).tanh().view(h.shape)
    return h[:, 0] @ W + b
# %% Exercise 4: right
def my_logits(x, C, levels, W, b):
    h = F.embedding(x, C)
    for weight, gamma, beta in levels:
        h = h.unflatten(1, (-1, 2)).flatten(2) @ weight
        centred = h - h.mean(dim=[0, 1], keepdim=True)
        var = centred.square().sum(dim=[0, 1], keepdim=True) / (h.shape[0] * h.shape[1] - 1)
        h = torch.tanh(centred * (var + 1e-5).rsqrt() * gamma + beta)
    return (h @ W + b).squeeze(1)
# %% Exercise 4: wrong, says "sick tree"
def my_logits(x, C, levels, W, b):
    h = C[x]
    for weight, gamma, beta in levels:
        h = h.view(len(h), -1, 2 * h.shape[2]) @ weight
        h = torch.tanh(gamma * (h - h.mean(0)) / (h.var(0) + 1e-5) ** 0.5 + beta)
    return h.squeeze(1) @ W + b
# %% Exercise 4: wrong, says "are others"
def my_logits(x, C, levels, W, b):
    h = C[x]
    for weight, gamma, beta in levels:
        half = h.shape[1] // 2
        h = torch.cat([h[:, :half], h[:, half:]], dim=2) @ weight
        h = torch.tanh(gamma * (h - h.mean((0, 1))) / (h.var((0, 1)) + 1e-5) ** 0.5 + beta)
    return h.squeeze(1) @ W + b
# %% Exercise 4: wrong, says "the shape is"
def my_logits(x, C, levels, W, b):
    h = C[x]
    for weight, gamma, beta in levels:
        h = h.view(len(h), -1, 2 * h.shape[2]) @ weight
        h = torch.tanh(gamma * (h - h.mean((0, 1))) / (h.var((0, 1)) + 1e-5) ** 0.5 + beta)
    return h @ W + b
# %% Exercise 4: wrong, says "are others"
def my_logits(x, C, levels, W, b):
    h = C[x]
    for weight, gamma, beta in levels:
        h = h.view(len(h), -1, 2 * h.shape[2]) @ weight
        h = torch.tanh((h - h.mean((0, 1))) / (h.var((0, 1)) + 1e-5) ** 0.5)
    return h.squeeze(1) @ W + b
# %% Exercise 4: wrong, says "are others"
def my_logits(x, C, levels, W, b):
    h = C[x]
    for weight, gamma, beta in levels:
        h = h.view(len(h), -1, 2 * h.shape[2]) @ weight
        h = gamma * (h - h.mean((0, 1))) / (h.var((0, 1)) + 1e-5) ** 0.5 + beta
    return h.squeeze(1) @ W + b
# %% Exercise 4: never says "(0, 1)"
# %% Exercise 4: never says "view"

# %% Exercise 5: right
class Both(Layer):
    def __init__(self):
        self.net, self.block_size = v5, 8
    def forward(self, x):
        p, q = F.softmax(self.net(x), 1), tables[8](x).exp().float()
        return torch.log(0.5 * p + 0.5 * q)
my_model = Both()
# %% Exercise 5: right
g_mine = torch.Generator().manual_seed(1)
my_model = build("v4", V, g_mine)
train(my_model, (Xtr, Ytr), 600, SGD(my_model.parameters(), 0.1), generator=g_mine, progress=False)
# %% Exercise 5: wrong, says "not 0.02 below"
my_model = build("v5", V, torch.Generator().manual_seed(1))
# %% Exercise 5: wrong, says "not 0.02 below"
my_model = flat_model(V, 8, 24, 128, torch.Generator().manual_seed(1)).to(device)
# %% Exercise 5: wrong, says "not 0.02 below"
my_model = v5
# %% Exercise 5: wrong, says "table of counts"
my_model = tables[5]
# %% Exercise 5: wrong, says "one row of logits"
class Twice(Layer):
    block_size = 8
    def forward(self, x):
        return v5(x)[None]
my_model = Twice()
# %% Exercise 5: never says "mix"
# %% Exercise 5: never says "tables["
