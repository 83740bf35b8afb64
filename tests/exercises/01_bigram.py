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
one_call = F.cross_entropy
# %% Exercise 2: right
one_call = lambda logits, targets: F.nll_loss(F.log_softmax(logits, 1), targets)
# %% Exercise 2: wrong, says "inf with a logit of 200"
one_call = lambda z, t: -softmax(z)[range(len(t)), t].log().mean()
# %% Exercise 2: wrong, says "the loss is 2.1269"
one_call = lambda z, t: F.nll_loss(z, t)
# %% Exercise 2: wrong, says "the loss is 2.1269"
one_call = lambda z, t: F.cross_entropy(softmax(z), t)
# %% Exercise 2: never says "cross_entropy"

# %% Exercise 3: right
turned_words = [word[::-1] for word in words]
tx, ty = to_pairs(turned_words, vocabulary)
turned_table = count_pairs(tx, ty, len(vocabulary))
backwards = mean_nll(turned_table / turned_table.sum(1, keepdim=True), turned_table)
# %% Exercise 3: right
backwards = entropy(counts) - entropy(counts.sum(0))
# %% Exercise 3: wrong, says "dots at both ends"
backwards = mean_nll(model.P, counts.T).item()
# %% Exercise 3: wrong, says "dots at both ends"
backwards = math.log(len(vocabulary))
# %% Exercise 3: never says "2.56"
# %% Exercise 3: never says "same"

# %% Exercise 4: right
trigram_counts = torch.zeros(len(vocabulary) ** 2, len(vocabulary), dtype=torch.int64)
for word in words:
    spelled = [0, 0, *vocabulary.encode(word + ".")]
    for a, b, c in zip(spelled, spelled[1:], spelled[2:]):
        trigram_counts[len(vocabulary) * a + b, c] += 1
trigram_W = torch.zeros(trigram_counts.shape, requires_grad=True)
_ = descend(trigram_W, lambda W: loss_of_counts(W, trigram_counts), 100, lr=100)
# %% Exercise 4: right
V = len(vocabulary)
ids = torch.tensor([i for word in words for i in (0, 0, *vocabulary.encode(word + "."))])
ids = torch.cat([ids, torch.tensor([0, 0])])
rows = ids.unfold(0, 3, 1)
rows = rows[~((rows[:, 1] == 0) & (rows[:, 0] != 0)) & ~((rows[:, 2] == 0) & (rows[:, 1] == 0))]
trigram_counts = torch.bincount((rows[:, 0] * V + rows[:, 1]) * V + rows[:, 2], minlength=V**3)
trigram_counts = trigram_counts.view(V * V, V).float()
trigram_W = (trigram_counts + 1).log()
# %% Exercise 4: wrong, says "what stands before the first character"
tx, ty = to_pairs(words, vocabulary)
numbers = (tx.roll(1) * len(vocabulary) + tx) * len(vocabulary) + ty
trigram_counts = torch.bincount(numbers, minlength=len(vocabulary) ** 3)
trigram_counts = trigram_counts.view(-1, len(vocabulary))
# %% Exercise 4: wrong, says "of the shape"
trigram_counts = counts
# %% Exercise 4: wrong, says "now the network"
trigram_counts = torch.zeros(len(vocabulary) ** 2, len(vocabulary), dtype=torch.int64)
for (window, c), n in count_windows(words, 2).items():
    a, b = vocabulary.encode(window)
    trigram_counts[len(vocabulary) * a + b, vocabulary.stoi[c]] = n
# %% Exercise 4: wrong, says "worse than knowing nothing"
trigram_counts = torch.zeros(len(vocabulary) ** 2, len(vocabulary), dtype=torch.int64)
for (window, c), n in count_windows(words, 2).items():
    a, b = vocabulary.encode(window)
    trigram_counts[len(vocabulary) * a + b, vocabulary.stoi[c]] = n
trigram_W = 3 * torch.randn(trigram_counts.shape, generator=torch.Generator().manual_seed(1))
# %% Exercise 4: never says "roll"
# %% Exercise 4: never says "where(x == 0"

# %% Exercise 5: right
def losses_of(size):
    seen, total, V = Counter(), Counter(), len(vocabulary)
    three = split_names(words)
    for word in three[0]:
        spelled = "." * size + word + "."
        for i in range(len(word) + 1):
            seen[spelled[i : i + size + 1]] += 1
            total[spelled[i : i + size]] += 1
    found = []
    for part in three:
        nll, count = 0.0, 0
        for word in part:
            spelled = "." * size + word + "."
            for i in range(len(word) + 1):
                window = spelled[i : i + size + 1]
                nll -= math.log((seen[window] + 1) / (total[window[:-1]] + V))
                count += 1
        found.append(nll / count)
    return found
split_losses = {"bigram": losses_of(1), "trigram": losses_of(2)}
# %% Exercise 5: right
tables = {1: [], 2: []}
for part in split_names(words):
    for size, found in tables.items():
        table = torch.zeros(len(vocabulary) ** size, len(vocabulary))
        for (window, c), n in count_windows(part, size).items():
            row = 0
            for character in window:
                row = row * len(vocabulary) + vocabulary.stoi[character]
            table[row, vocabulary.stoi[c]] = n
        found.append(table)
split_losses = {}
for size, name in ((1, "bigram"), (2, "trigram")):
    P = (tables[size][0] + 1) / (tables[size][0] + 1).sum(1, keepdim=True)
    split_losses[name] = tuple(mean_nll(P, table) for table in tables[size])
# %% Exercise 5: wrong, says "keys bigram and trigram"
split_losses = {"bigram": [2.5, 2.5, 2.5]}
# %% Exercise 5: wrong, says "the bigram has another loss"
own = {}
for name, size in (("bigram", 1), ("trigram", 2)):
    own[name] = [loss_of_windows(count_windows(part, size), part, size, 1, len(vocabulary)) for part in split_names(words)]
split_losses = own
# %% Exercise 5: wrong, says "the bigram has another loss"
split_losses = {"bigram": [0, 0, 0], "trigram": [0, 0, 0]}
# %% Exercise 5: never says "2.5"
# %% Exercise 5: never says "2.4"

# %% Exercise 6: right
best_smoothing = {"bigram": 0.3, "trigram": 0.2}
# %% Exercise 6: right
best_smoothing = {"bigram": 1, "trigram": 0.15}
# %% Exercise 6: right
best_smoothing = {"bigram": 0.1, "trigram": 0.25}
# %% Exercise 6: wrong, says "the trigram does better with a smaller"
best_smoothing = {"bigram": 1, "trigram": 1}
# %% Exercise 6: wrong, says "the trigram does better with a larger"
best_smoothing = {"bigram": 0.3, "trigram": 0.001}
# %% Exercise 6: wrong, says "between 0.001 and 10"
best_smoothing = {"bigram": 0, "trigram": 0.2}
# %% Exercise 6: wrong, says "keys bigram and trigram"
best_smoothing = {"bi": 0.3, "tri": 0.2}
# %% Exercise 6: never says "0.2"
# %% Exercise 6: never says "0.178"
