# What learners may hand in for the exercises of notebook 01; tests/runs/exercises.py reads it.
# ruff: noqa
# fmt: off

# %% Exercise 1: right
logits_by_index = lambda W, x: W[x]
# %% Exercise 1: right
def logits_by_index(W, x):
    return torch.stack([W[i] for i in x.tolist()])
# %% Exercise 1: right
logits_by_index = lambda W, x: F.embedding(x, W)
# %% Exercise 1: wrong, says "still multiplied"
logits_by_index = lambda W, x: F.one_hot(x, len(W)).float() @ W
# %% Exercise 1: wrong, says "other rows"
logits_by_index = lambda W, x: W[:, x].T
# %% Exercise 1: wrong, says "the shape is (6,)"
logits_by_index = lambda W, x: W[x[0]]
# %% Exercise 1: wrong, says "NoneType"
def logits_by_index(W, x):
    W[x]
# %% Exercise 1: never says "W[x]"

# %% Exercise 2: right
backwards_N = torch.zeros((V, V), dtype=torch.int64)
for word in words:
    spelled = "." + word[::-1] + "."
    for ch1, ch2 in zip(spelled, spelled[1:]):
        backwards_N[vocabulary.stoi[ch1], vocabulary.stoi[ch2]] += 1
backwards_loss = mean_nll(backwards_N / backwards_N.sum(1, keepdim=True), backwards_N)
# %% Exercise 2: right
backwards_N = N.T.float()
backwards_loss = -(backwards_N * (backwards_N / backwards_N.sum(1)[:, None]).clamp(min=1e-30).log()).sum().item() / backwards_N.sum().item()
# %% Exercise 2: wrong, says "which character is the row"
backwards_N = N
backwards_loss = floor
# %% Exercise 2: wrong, says "other counts"
backwards_N = N.T + 0.1
backwards_loss = mean_nll(backwards_N / backwards_N.sum(1, keepdim=True), backwards_N)
# %% Exercise 2: wrong, says "where are the dots"
backwards_N = torch.zeros((V, V), dtype=torch.int64)
for word in words:
    spelled = (word + ".")[::-1]
    for ch1, ch2 in zip(spelled, spelled[1:]):
        backwards_N[vocabulary.stoi[ch1], vocabulary.stoi[ch2]] += 1
backwards_loss = floor
# %% Exercise 2: wrong, says "now its loss"
backwards_N = N.T
backwards_loss = None
# %% Exercise 2: wrong, says "do its rows sum to 1"
backwards_N = N.T
backwards_loss = mean_nll(N.T / N.sum(), N.T)
# %% Exercise 2: wrong, says "of shape"
backwards_N = {"a": 1}
backwards_loss = floor
# %% Exercise 2: never says "N.T"
# %% Exercise 2: never says "2.5"

# %% Exercise 3a: right
trigram_N = torch.zeros(V * V, V, dtype=torch.int64)
for word in words:
    spelled = [0, 0, *vocabulary.encode(word + ".")]
    for one, two, three_ in zip(spelled, spelled[1:], spelled[2:]):
        trigram_N[V * one + two, three_] += 1
# %% Exercise 3a: right
X2, Y2 = data.build_dataset(words, twin, 2)
trigram_N = torch.bincount((X2[:, 0] * V + X2[:, 1]) * V + Y2, minlength=V**3).view(V * V, V).float()
# %% Exercise 3a: wrong, says "what stands before a name"
trigram_N = torch.zeros(V * V, V, dtype=torch.int64)
for word in words:
    spelled = vocabulary.encode("." + word + ".")
    for one, two, three_ in zip(spelled, spelled[1:], spelled[2:]):
        trigram_N[V * one + two, three_] += 1
# %% Exercise 3a: wrong, says "another count"
trigram_N = torch.zeros(V * V, V, dtype=torch.int64)
for word in words:
    spelled = [0, 0, *vocabulary.encode(word + ".")]
    for one, two, three_ in zip(spelled, spelled[1:], spelled[2:]):
        trigram_N[V * two + one, three_] += 1
# %% Exercise 3a: wrong, says "of the shape"
trigram_N = N
# %% Exercise 3a: never says "[0, 0"
# %% Exercise 3a: never says "encode"

# %% Exercise 3b: right
def train_net(W, counts, steps, lr):
    share = counts.sum(1, keepdim=True) / counts.sum()
    targets = counts / counts.sum(1, keepdim=True).clamp(min=1)
    for _ in range(steps):
        W = W - lr * share * (softmax(W) - targets)
    return W
# %% Exercise 3b: right
def train_net(W, counts, steps, lr):
    for _ in range(steps):
        slope = torch.zeros_like(W)
        for i, row in enumerate(counts):
            p = W[i].exp() / W[i].exp().sum()
            slope[i] = (row.sum() * p - row) / counts.sum()
        W -= lr * slope
    return W
# %% Exercise 3b: wrong, says "autograd is switched off"
def train_net(W, counts, steps, lr):
    W = W.clone().requires_grad_()
    descend(W, lambda W: loss_of_counts(W, counts), steps, lr)
    return W.detach()
# %% Exercise 3b: wrong, says "not numbers"
def train_net(W, counts, steps, lr):
    share = counts.sum(1, keepdim=True) / counts.sum()
    for _ in range(steps):
        W = W - lr * share * (softmax(W) - counts / counts.sum(1, keepdim=True))
    return W
# %% Exercise 3b: wrong, says "goes elsewhere"
train_net = lambda W, counts, steps, lr: (counts + 1).log()
# %% Exercise 3b: wrong, says "what they were"
train_net = lambda W, counts, steps, lr: W
# %% Exercise 3b: wrong, says "against the slope"
def train_net(W, counts, steps, lr):
    for _ in range(steps):
        W = W + lr * (counts.sum(1, keepdim=True) * softmax(W) - counts) / counts.sum()
    return W
# %% Exercise 3b: wrong, says "mean loss"
def train_net(W, counts, steps, lr):
    for _ in range(steps):
        W = W - lr * (counts.sum(1, keepdim=True) * softmax(W) - counts)
    return W
# %% Exercise 3b: wrong, says "no penalty"
def train_net(W, counts, steps, lr):
    for _ in range(steps):
        W = W - lr * (counts.sum(1, keepdim=True) * softmax(W) - counts) / counts.sum() - lr * 0.02 * W / W.numel()
    return W
# %% Exercise 3b: wrong, says "still far"
def train_net(W, counts, steps, lr):
    return W - lr * (counts.sum(1, keepdim=True) * softmax(W) - counts) / counts.sum()
# %% Exercise 3b: never says "n_i"
# %% Exercise 3b: never says "P_true"

# %% Exercise 4: right
my_softmax = softmax
my_loss = lambda z, t: ((z - z.amax(1, keepdim=True)).exp().sum(1).log() + z.amax(1) - z[range(len(t)), t]).mean()
my_gradient = None
# %% Exercise 4: right
def my_softmax(logits):
    top = logits.amax(1)[:, None]
    counts = torch.exp(logits - top)
    return counts / counts.sum(1)[:, None]
def my_loss(logits, targets):
    total = 0
    for row, target in zip(logits, targets):
        row = row - row.max()
        total += row.exp().sum().log() - row[target]
    return total / len(targets)
def my_gradient(logits, targets):
    slopes = my_softmax(logits)
    slopes[torch.arange(len(targets)), targets] -= 1
    return slopes / len(targets)
# %% Exercise 4: wrong, says "should sum to 1"
my_softmax = lambda z: z.exp() / z.exp().sum(1)
my_loss = F.cross_entropy
# %% Exercise 4: wrong, says "other probabilities"
my_softmax = lambda z: softmax(2 * z)
my_loss = F.cross_entropy
# %% Exercise 4: wrong, says "does not survive"
my_softmax = lambda z: z.exp() / z.exp().sum(1, keepdim=True)
my_loss = F.cross_entropy
# %% Exercise 4: wrong, says "does not survive"
my_softmax = lambda z: (z - z.max()).exp() / (z - z.max()).exp().sum(1, keepdim=True)
my_loss = F.cross_entropy
# %% Exercise 4: wrong, says "with a logit of 200"
my_softmax = softmax
my_loss = lambda z, t: ((z - z.max()).exp().sum(1).log() + z.max() - z[range(len(t)), t]).mean()
# %% Exercise 4: wrong, says "the gradient is not"
my_softmax = softmax
my_loss = lambda z, t: ((z - z.amax(1, keepdim=True)).exp().sum(1).log() + z.amax(1) - z[range(len(t)), t]).mean()
my_gradient = lambda z, t: (softmax(z) - F.one_hot(t, z.shape[1])) / z.shape[1]
# %% Exercise 4: wrong, says "another number"
my_softmax = softmax
my_loss = lambda z, t: ((z - z.amax(1, keepdim=True)).exp().sum(1).log() + z.amax(1) - z[range(len(t)), t]).sum() / z.shape[1]
# %% Exercise 4: wrong, says "now the loss"
my_softmax = softmax
my_loss = None
# %% Exercise 4: wrong, says "your loss gives inf"
my_softmax = softmax
my_loss = lambda z, t: -softmax(z)[range(len(t)), t].log().mean()
# %% Exercise 4: wrong, says "another number"
my_softmax = softmax
my_loss = lambda z, t: -softmax(z)[range(len(t)), t].log().sum()
# %% Exercise 4: wrong, says "another number"
my_softmax = softmax
my_loss = lambda z, t: softmax(z)[range(len(t)), t].log().mean()
# %% Exercise 4: wrong, says "the gradient is not"
my_softmax = softmax
my_loss = lambda z, t: ((z - z.amax(1, keepdim=True)).exp().sum(1).log() + z.amax(1) - z[range(len(t)), t]).mean()
my_gradient = lambda z, t: softmax(z) - F.one_hot(t, z.shape[1])
# %% Exercise 4: wrong, says "softmax does the exercise for you"
my_softmax = lambda z: z.softmax(1)
my_loss = None
# %% Exercise 4: wrong, says "cross_entropy does the exercise for you"
my_softmax = softmax
my_loss = F.cross_entropy
# %% Exercise 4: wrong, says "logsumexp does the exercise for you"
my_softmax = softmax
my_loss = lambda z, t: (z.logsumexp(1) - z[range(len(t)), t]).mean()
# %% Exercise 4: wrong, says "does not require grad"
my_softmax = softmax
my_loss = lambda z, t: ((z - z.amax(1, keepdim=True)).exp().sum(1).log() + z.amax(1) - z[range(len(t)), t]).mean()
def my_gradient(logits, targets):
    leaf = logits.requires_grad_()
    my_loss(leaf, targets).backward()
    return leaf.grad
# %% Exercise 4: never says "max("
# %% Exercise 4: never says "log()"

# %% Exercise 5: right
best_added = {1: 0.3, 2: 0.2}
# %% Exercise 5: right
best_added = {1: 0.1, 2: 0.25}
# %% Exercise 5: right
best_added = {2: 0.15, 1: 1}
# %% Exercise 5: wrong, says "2 does better with a smaller"
best_added = {1: 0.3, 2: 2}
# %% Exercise 5: wrong, says "2 does better with a larger"
best_added = {1: 0.3, 2: 0.001}
# %% Exercise 5: wrong, says "1 does better with a larger"
best_added = {1: 0.001, 2: 0.2}
# %% Exercise 5: wrong, says "between 0.001 and 10"
best_added = {1: 0, 2: 0.2}
# %% Exercise 5: wrong, says "keys 1 and 2"
best_added = {"bigram": 0.3, "trigram": 0.2}
# %% Exercise 5: never says "0.2"
# %% Exercise 5: never says "0.25"

# %% Exercise 6: right
ones = sum(count == 1 for after in plain[5].values() for count in after.values())
twos = sum(count == 2 for after in plain[5].values() for count in after.values())
my_discount = ones / (ones + 2 * twos)
# %% Exercise 6: right
seen_pairs = Counter((s[i - 5 : i], s[i]) for name in train for s in ["....." + name + "."] for i in range(5, len(s)))
of_counts = Counter(seen_pairs.values())
my_discount = of_counts[1] / (of_counts[1] + 2 * of_counts[2])
# %% Exercise 6: wrong, says "another number"
my_discount = 0.85
# %% Exercise 6: wrong, says "counts once"
my_discount = ones / (ones + twos)
# %% Exercise 6: wrong, says "another number"
my_discount = 7
# %% Exercise 6: never says "values.count"
# %% Exercise 6: never says "0.7"
