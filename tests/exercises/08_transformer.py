# What learners may hand in for the exercises of notebook 08; tests/runs/exercises.py reads it.
# ruff: noqa
# fmt: off

# %% Exercise 1: right
def my_average(C):
    qkv = torch.zeros(C, 3 * C)
    qkv[:, 2 * C :] = torch.eye(C)
    return qkv, torch.eye(C)
# %% Exercise 1: right
def my_average(C):
    keys = torch.randn(C, C)  # queries of 0 are enough
    return torch.cat([torch.zeros(C, C), keys, 2 * torch.eye(C)], 1), torch.eye(C) / 2
# %% Exercise 1: wrong, says "does not look at all positions alike"
def my_average(C):
    return torch.cat([torch.eye(C)] * 3, 1), torch.eye(C)
# %% Exercise 1: wrong, says "what arrives is not the mean"
def my_average(C):
    return torch.cat([torch.eye(C), torch.zeros(C, 2 * C)], 1), torch.eye(C)
# %% Exercise 1: wrong, says "what arrives is not the mean"
def my_average(C):
    return torch.cat([torch.zeros(C, 2 * C), torch.ones(C, C)], 1), torch.eye(C)
# %% Exercise 1: wrong, says "the shapes are"
def my_average(C):
    return torch.eye(C), torch.eye(C)
# %% Exercise 1: never says "zero"
# %% Exercise 1: never says "eye"

# %% Exercise 2: right
def my_count(V, T, L, C):
    return (2 * V + T + 2) * C + L * (12 * C * C + 13 * C)
# %% Exercise 2: right
def my_count(V, T, L, C):
    linear = lambda a, b: a * b + b
    block = 2 * C + linear(C, 3 * C) + linear(C, C) + 2 * C + linear(C, 4 * C) + linear(4 * C, C)
    return V * C + T * C + L * block + 2 * C + C * V
# %% Exercise 2: wrong, says "not what is built"
def my_count(V, T, L, C):
    return (2 * V + T) * C + L * (12 * C * C + 13 * C)
# %% Exercise 2: wrong, says "not what is built"
def my_count(V, T, L, C):
    return (2 * V + T + 2) * C + V + L * (12 * C * C + 13 * C)
# %% Exercise 2: wrong, says "for V, T, L, C = 5"
def my_count(V, T, L, C):
    return 204_544 if C == 64 else 7
# %% Exercise 2: never says "204544"
# %% Exercise 2: never says "12 * C"

# %% Exercise 3: right
def my_attention(x, qkv, project, n_head):
    B, T, C = x.shape
    q, k, v = (x @ qkv).view(B, T, 3, n_head, C // n_head).permute(2, 0, 3, 1, 4)
    scores = torch.einsum("bhtd,bhsd->bhts", q, k) / (C // n_head) ** 0.5
    weights = scores.masked_fill(~torch.ones(T, T).tril().bool(), float("-inf")).softmax(-1)
    return torch.einsum("bhts,bhsd->bthd", weights, v).reshape(B, T, C) @ project
# %% Exercise 3: right
def my_attention(x, qkv, project, n_head):
    B, T, C = x.shape
    d, out = C // n_head, torch.zeros_like(x)
    for b in range(B):
        q, k, v = (x[b] @ qkv).split(C, dim=1)
        for h in range(n_head):
            for t in range(T):
                mine = slice(h * d, h * d + d)
                scores = k[: t + 1, mine] @ q[t, mine] / d**0.5
                out[b, t, mine] = F.softmax(scores, dim=0) @ v[: t + 1, mine]
    return out @ project
# %% Exercise 3: wrong, says "keep the size that section 2 measured"
def my_attention(x, qkv, project, n_head):
    B, T, C = x.shape
    q, k, v = (p.view(B, T, n_head, -1).transpose(1, 2) for p in (x @ qkv).chunk(3, -1))
    weights = (q @ k.mT).masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf).softmax(-1)
    return (weights @ v).transpose(1, 2).reshape(B, T, C) @ project
# %% Exercise 3: wrong, says "the wrong width"
def my_attention(x, qkv, project, n_head):
    B, T, C = x.shape
    q, k, v = (p.view(B, T, n_head, -1).transpose(1, 2) for p in (x @ qkv).chunk(3, -1))
    scores = q @ k.mT / C**0.5
    weights = scores.masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf).softmax(-1)
    return (weights @ v).transpose(1, 2).reshape(B, T, C) @ project
# %% Exercise 3: wrong, says "hears of later ones"
def my_attention(x, qkv, project, n_head):
    B, T, C = x.shape
    q, k, v = (p.view(B, T, n_head, -1).transpose(1, 2) for p in (x @ qkv).chunk(3, -1))
    weights = (q @ k.mT / (C // n_head) ** 0.5).softmax(-1)
    return (weights @ v).transpose(1, 2).reshape(B, T, C) @ project
# %% Exercise 3: wrong, says "never mixed"
def my_attention(x, qkv, project, n_head):
    B, T, C = x.shape
    q, k, v = (p.view(B, T, n_head, -1).transpose(1, 2) for p in (x @ qkv).chunk(3, -1))
    scores = q @ k.mT / (C // n_head) ** 0.5
    weights = scores.masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf).softmax(-1)
    return (weights @ v).transpose(1, 2).reshape(B, T, C)
# %% Exercise 3: wrong, says "the numbers differ"
def my_attention(x, qkv, project, n_head):
    B, T, C = x.shape
    q, k, v = (p.view(B, T, n_head, -1).transpose(1, 2) for p in (x @ qkv).chunk(3, -1))
    scores = q @ k.mT / (C // n_head) ** 0.5
    weights = scores.softmax(-1) * torch.ones(T, T).tril()  # no longer sum to 1
    return (weights @ v).transpose(1, 2).reshape(B, T, C) @ project
# %% Exercise 3: wrong, says "hears of later ones only"
def my_attention(x, qkv, project, n_head):
    B, T, C = x.shape
    q, k, v = (p.view(B, T, n_head, -1).transpose(1, 2) for p in (x @ qkv).chunk(3, -1))
    scores = q @ k.mT / (C // n_head) ** 0.5
    weights = scores.masked_fill(torch.ones(T, T).tril(-1).bool(), -torch.inf).softmax(-1)
    return (weights @ v).transpose(1, 2).reshape(B, T, C) @ project
# %% Exercise 3: wrong, says "looks only once"
def my_attention(x, qkv, project, n_head):
    B, T, C = x.shape
    q, k, v = (x @ qkv).chunk(3, -1)
    scores = (q @ k.mT / C**0.5).masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf)
    return scores.softmax(-1) @ v @ project
# %% Exercise 3: wrong, says "the shape is"
def my_attention(x, qkv, project, n_head):
    q, k, v = (x @ qkv).chunk(3, -1)
    return (q @ k.mT).softmax(-1)
# %% Exercise 3: wrong, says "does the exercise for you"
def my_attention(x, qkv, project, n_head):
    B, T, C = x.shape
    q, k, v = (p.view(B, T, n_head, -1).transpose(1, 2) for p in (x @ qkv).chunk(3, -1))
    mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return mixed.transpose(1, 2).reshape(B, T, C) @ project
# %% Exercise 3: never says "triu"
# %% Exercise 3: never says "masked_fill"
# %% Exercise 3: never says "transpose"

# %% Exercise 4: right
def my_penalty(T, slopes):
    away = torch.arange(T).view(1, T) - torch.arange(T).view(T, 1)
    future = torch.full((T, T), float("-inf")).triu(1)
    return slopes.view(-1, 1, 1) * away.tril() + future
# %% Exercise 4: right
def my_penalty(T, slopes):
    table = torch.full((len(slopes), T, T), -torch.inf)
    for h in range(len(slopes)):
        for t in range(T):
            for s in range(t + 1):
                table[h, t, s] = -slopes[h] * (t - s)
    return table
# %% Exercise 4: wrong, says "head 0, row 0, column 1 stands"
def my_penalty(T, slopes):
    away = torch.arange(T) - torch.arange(T)[:, None]
    return slopes[:, None, None] * away.tril()
# %% Exercise 4: wrong, says "row 1, column 0 stands 1"
def my_penalty(T, slopes):
    away = torch.arange(T)[:, None] - torch.arange(T)
    return (slopes[:, None, None] * away).masked_fill(away < 0, -torch.inf)
# %% Exercise 4: wrong, says "the shape is"
def my_penalty(T, slopes):
    away = torch.arange(T)[:, None] - torch.arange(T)
    return (-slopes[0] * away).masked_fill(away < 0, -torch.inf)
# %% Exercise 4: wrong, says "stands nan"
def my_penalty(T, slopes):
    away = torch.arange(T)[:, None] - torch.arange(T)
    return -slopes[:, None, None] * away + (away < 0) * -torch.inf
# %% Exercise 4: never says "masked_fill"
# %% Exercise 4: never says "distance"

# %% Exercise 5: right
def my_even(G):
    U, S, Vh = torch.linalg.svd(G, full_matrices=False)
    return U @ Vh
# %% Exercise 5: right
def my_even(G):
    X = G / G.norm()
    for _ in range(12):  # the older polynomial, slower and with 1 as its limit
        X = 1.5 * X - 0.5 * X @ X.T @ X
    return X
# %% Exercise 5: wrong, says "the singular values go from"
def my_even(G):
    return G / G.norm()
# %% Exercise 5: wrong, says "the singular values go from"
def my_even(G):
    X = G / G.norm()
    for _ in range(2):
        X = 1.5 * X - 0.5 * X @ X.T @ X
    return X
# %% Exercise 5: wrong, says "the singular vectors differ"
def my_even(G):
    return G.sign()
# %% Exercise 5: wrong, says "the singular v"
def my_even(G):  # never divided by its norm
    X = G
    for _ in range(5):
        A = X @ X.T
        X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
    return X
# %% Exercise 5: wrong, says "the shape is"
def my_even(G):
    return torch.linalg.svd(G, full_matrices=False)[0]
# %% Exercise 5: never says "3.4445"
# %% Exercise 5: never says "svd"
