# What learners may hand in for the exercises of notebook 09; tests/runs/exercises.py reads it.
# ruff: noqa
# fmt: off

# %% Exercise 1: right
def my_bytes(log_probs):
    return sum(-p / math.log(2) for p in log_probs) / 8
# %% Exercise 1: right
my_bytes = lambda log_probs: -math.fsum(log_probs) * math.log2(math.e) / 8
# %% Exercise 1: wrong, says "these are bits"
def my_bytes(log_probs):
    return -sum(log_probs) / math.log(2)
# %% Exercise 1: wrong, says "the size is negative"
def my_bytes(log_probs):
    return sum(log_probs) / math.log(2) / 8
# %% Exercise 1: wrong, says "1 names of"
def my_bytes(log_probs):
    return -sum(log_probs) / 8
# %% Exercise 1: wrong, says "24 names of"
def my_bytes(log_probs):
    return -sum(log_probs) / len(log_probs) / math.log(2) / 8
# %% Exercise 1: wrong, says "give nan"
def my_bytes(log_probs):
    return math.nan
# %% Exercise 1: never says "log(2)"
# %% Exercise 1: never says "0.9017"

# %% Exercise 2: right
def my_typical(p, mass):
    H = -(p * p.log()).sum()
    near = sorted(range(len(p)), key=lambda i: abs(float(-p[i].log() - H)))
    kept, total = torch.zeros_like(p), 0.0
    for i in near:
        if total >= mass:
            break
        kept[i], total = p[i], total + float(p[i])
    return kept / kept.sum()
# %% Exercise 2: right
def my_typical(p, mass):
    far = (p.log() + torch.distributions.Categorical(p).entropy()).abs()
    values, order = far.sort(stable=True)
    count = 1 + int((p[order].cumsum(0) < mass).sum())
    out = torch.zeros_like(p)
    out[order[:count]] = p[order[:count]]
    return out / out.sum()
# %% Exercise 2: wrong, says "as top-p does"
def my_typical(p, mass):
    return top_p(p, mass)
# %% Exercise 2: wrong, says "the letter that reaches the mass is missing"
def my_typical(p, mass):
    order = (-p.log() + (p * p.log()).sum()).abs().argsort()
    kept = torch.zeros_like(p)
    kept[order] = (p[order].cumsum(0) <= mass).float()
    kept = p * kept
    return kept / kept.sum() if kept.sum() > 0 else p
# %% Exercise 2: wrong, says "what is left has the sum"
def my_typical(p, mass):
    order = (-p.log() + (p * p.log()).sum()).abs().argsort()
    kept = torch.zeros_like(p)
    kept[order] = (p[order].cumsum(0) - p[order] < mass).float()
    return p * kept
# %% Exercise 2: wrong, says "not in the proportion"
def my_typical(p, mass):
    order = (-p.log() + (p * p.log()).sum()).abs().argsort()
    kept = torch.zeros_like(p)
    kept[order] = (p[order].cumsum(0) - p[order] < mass).float()
    return kept / kept.sum()
# %% Exercise 2: wrong, says "it keeps the letters"
def my_typical(p, mass):
    order = (p * p.log() + (p * p.log()).sum()).abs().argsort()
    kept = torch.zeros_like(p)
    kept[order] = (p[order].cumsum(0) - p[order] < mass).float()
    return p * kept / (p * kept).sum()
# %% Exercise 2: never says "argsort"
# %% Exercise 2: never says "entropy"

# %% Exercise 3: right
def my_sampler(next_of, letters, g, temperature=1.0, top_k=None, top_p=None, min_p=None, beginning="", length=9):
    name = beginning
    for _ in range(length - len(beginning)):
        p = torch.softmax(next_of(name).double() / temperature, -1)
        if top_k:
            p[p < p.sort().values[-min(top_k, len(p))]] = 0
            p /= p.sum()
        if top_p:
            kept, total = torch.zeros_like(p), 0.0
            for i in p.argsort(descending=True):
                if total < top_p:
                    kept[i] = 1
                total += float(p[i])
            p = p * kept / (p * kept).sum()
        if min_p:
            p[p < min_p * p.max()] = 0
        i = int(torch.multinomial(p / p.sum(), 1, generator=g))
        if i == 0:
            return name
        name += letters[i]
    return name
# %% Exercise 3: right
def my_sampler(next_of, letters, g, temperature=1.0, top_k=None, top_p=None, min_p=None, beginning="", length=9):
    drawn = list(beginning)
    while len(drawn) < length:
        p = sharpen(next_of("".join(drawn)), temperature, top_k, top_p, min_p)
        i = sampling.inverse_cdf(p, g)
        if letters[i] == ".":
            break
        drawn.append(letters[i])
    return "".join(drawn)
# %% Exercise 3: wrong, says "with temperature 0.5 and top_p 0.85"
def my_sampler(next_of, letters, g, temperature=1.0, top_k=None, top_p=None, min_p=None, beginning="", length=9):
    name = beginning
    while len(name) < length:  # the temperature comes after the cuts
        p = sharpen(next_of(name), 1.0, top_k, top_p, min_p) ** (1 / temperature)
        i = int(torch.multinomial(p, 1, generator=g))
        if i == 0:
            break
        name += letters[i]
    return name
# %% Exercise 3: wrong, says "with top_p 0.8 and min_p 0.25"
def my_sampler(next_of, letters, g, temperature=1.0, top_k=None, top_p=None, min_p=None, beginning="", length=9):
    name = beginning
    while len(name) < length:  # min_p before top_p
        p = sharpen(next_of(name), temperature, top_k, None, min_p)
        p = sharpen(p.log(), 1.0, None, top_p, None)
        i = int(torch.multinomial(p, 1, generator=g))
        if i == 0:
            break
        name += letters[i]
    return name
# %% Exercise 3: wrong, says "with temperature 0.5"
def my_sampler(next_of, letters, g, temperature=1.0, top_k=None, top_p=None, min_p=None, beginning="", length=9):
    name = beginning
    while len(name) < length:
        p = sharpen(next_of(name) * temperature, 1.0, top_k, top_p, min_p)
        i = int(torch.multinomial(p, 1, generator=g))
        if i == 0:
            break
        name += letters[i]
    return name
# %% Exercise 3: wrong, says "with top_p 0.7"
def my_sampler(next_of, letters, g, temperature=1.0, top_k=None, top_p=None, min_p=None, beginning="", length=9):
    name = beginning
    while len(name) < length:
        p = sharpen(next_of(name), temperature, top_k, None, min_p)
        if top_p:
            order = p.argsort(descending=True)
            p[order[1:][p[order].cumsum(0)[1:] > top_p]] = 0
        i = int(torch.multinomial(p / p.sum(), 1, generator=g))
        if i == 0:
            break
        name += letters[i]
    return name
# %% Exercise 3: wrong, says "with min_p 0.29"
def my_sampler(next_of, letters, g, temperature=1.0, top_k=None, top_p=None, min_p=None, beginning="", length=9):
    name = beginning
    while len(name) < length:
        p = sharpen(next_of(name), temperature, top_k, top_p)
        p = p * (p >= (min_p or 0))
        i = int(torch.multinomial(p / p.sum(), 1, generator=g))
        if i == 0:
            break
        name += letters[i]
    return name
# %% Exercise 3: wrong, says "instead of length=5"
def my_sampler(next_of, letters, g, temperature=1.0, top_k=None, top_p=None, min_p=None, beginning="", length=9):
    name = beginning
    for _ in range(length):
        i = int(torch.multinomial(sharpen(next_of(name), temperature, top_k, top_p, min_p), 1, generator=g))
        if i == 0:
            break
        name += letters[i]
    return name
# %% Exercise 3: wrong, says "the same generator gives other names"
def my_sampler(next_of, letters, g, temperature=1.0, top_k=None, top_p=None, min_p=None, beginning="", length=9):
    name = beginning
    while len(name) < length:
        i = int(torch.multinomial(sharpen(next_of(name), temperature, top_k, top_p, min_p), 1))
        if i == 0:
            break
        name += letters[i]
    return name
# %% Exercise 3: wrong, says "greedily the toy gives 'a.'"
def my_sampler(next_of, letters, g, temperature=1.0, top_k=None, top_p=None, min_p=None, beginning="", length=9):
    name = beginning
    while len(name) < length and not name.endswith("."):
        i = int(torch.multinomial(sharpen(next_of(name), temperature, top_k, top_p, min_p), 1, generator=g))
        name += letters[i]
    return name
# %% Exercise 3: wrong, says "begun with 'b'"
def my_sampler(next_of, letters, g, temperature=1.0, top_k=None, top_p=None, min_p=None, beginning="", length=9):
    name = ""
    while len(name) < length:
        i = int(torch.multinomial(sharpen(next_of(name), temperature, top_k, top_p, min_p), 1, generator=g))
        if i == 0:
            break
        name += letters[i]
    return beginning + name
# %% Exercise 3: never says "softmax"
# %% Exercise 3: never says "cumsum"

# %% Exercise 4: right
def my_update(weights, given):
    return weights * given / (weights @ given)
# %% Exercise 4: right
def my_update(weights, given):
    return torch.softmax(weights.log() + given.log(), 0)
# %% Exercise 4: right
def my_update(weights, given):
    weights *= given
    weights /= weights.sum()
    return weights
# %% Exercise 4: wrong, says "the weights sum to nan"
def my_update(weights, given):
    return weights * math.nan
# %% Exercise 4: wrong, says "the weights sum to"
def my_update(weights, given):
    return weights * given
# %% Exercise 4: wrong, says "letter by letter a name gets"
def my_update(weights, given):
    return weights
# %% Exercise 4: wrong, says "letter by letter a name gets"
def my_update(weights, given):
    return given / given.sum()
# %% Exercise 4: wrong, says "letter by letter a name gets"
def my_update(weights, given):
    new = weights + given
    return new / new.sum()
# %% Exercise 4: never says "weights * given"
# %% Exercise 4: never says "together"
