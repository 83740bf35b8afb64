# What learners may hand in for the exercises of notebook 06; tests/runs/exercises.py reads it.
# ruff: noqa
# fmt: off

# %% Exercise 1: right
work_of_wide_v4 = 12800 + 40000 + 20000 + 2700
# %% Exercise 1: right
work_of_wide_v4 = sum(joins * width * 100 for joins, width in [(4, 32), (2, 200), (1, 200)]) + 100 * 27
# %% Exercise 1: wrong, says "less than torch counts"
work_of_wide_v4 = (2 * 16) * 100 + (2 * 100) * 100 + (2 * 100) * 100 + 100 * 27
# %% Exercise 1: wrong, says "more than torch counts"
work_of_wide_v4 = 4 * (2 * 16) * 100 + 4 * (2 * 100) * 100 + 2 * (2 * 100) * 100 + 100 * 27
# %% Exercise 1: wrong, says "more than torch counts"
work_of_wide_v4 = 4 * 32 * 100 + 2 * 200 * 100 + 200 * 100 + 100 * 27 + 27
# %% Exercise 1: never says "75500"
# %% Exercise 1: never says "75,500"

# %% Exercise 2: right
def seeds_needed(gain, sd, line):
    n = 2
    while gain <= line * sd / n**0.5:
        n += 1
    return n
# %% Exercise 2: right
def seeds_needed(gain, sd, line):
    return max(2, math.ceil((line * sd / gain) ** 2))
# %% Exercise 2: wrong, says "too few"
def seeds_needed(gain, sd, line):
    return max(2, math.floor((line * sd / gain) ** 2))
# %% Exercise 2: wrong, says "more than needed"
def seeds_needed(gain, sd, line):
    return max(2, math.ceil(2 * (line * sd / gain) ** 2))
# %% Exercise 2: wrong, says "too few"
def seeds_needed(gain, sd, line):
    return math.ceil((line * sd / gain) ** 2)
# %% Exercise 2: wrong, says "whole numbers"
def seeds_needed(gain, sd, line):
    return max(2, (line * sd / gain) ** 2)
# %% Exercise 2: wrong, says "too few"
def seeds_needed(gain, sd, line):
    return max(2, math.ceil(line * sd / gain))
# %% Exercise 2: never says "sqrt"
# %% Exercise 2: never says "**"

# %% Exercise 3: right
def steps_for(name, budget):
    return int(budget // (multiply_adds(build(name, 27)) * 32))
# %% Exercise 3: right
def steps_for(name, budget):
    each, rest = divmod(budget, 32 * multiply_adds(build(name, 27)))
    return each
# %% Exercise 3: wrong, says "could do more"
def steps_for(name, budget):
    return 200_000 * budget // 808_550_400_000
# %% Exercise 3: wrong, says "the budget is"
def steps_for(name, budget):
    return budget // multiply_adds(build(name, 27))
# %% Exercise 3: wrong, says "whole numbers"
def steps_for(name, budget):
    return budget / (32 * multiply_adds(build(name, 27)))
# %% Exercise 3: wrong, says "the budget is"
def steps_for(name, budget):
    return round(budget / (32 * multiply_adds(build(name, 27))))
# %% Exercise 3: wrong, says "could do more"
def steps_for(name, budget):
    return budget // (3 * 32 * multiply_adds(build(name, 27)))
# %% Exercise 3: never says "//"

# %% Exercise 4: right
def my_block(h, dilation, gamma, beta, W, b, W2, b2):
    normed = F.layer_norm(h, h.shape[-1:], gamma, beta)
    B, T, C = h.shape
    out = h.clone()
    for t in range(T):
        before = normed[:, t - dilation] if t >= dilation else torch.zeros(B, C)
        pair = torch.cat([before, normed[:, t]], 1)
        out[:, t] += F.gelu(pair @ W + b, approximate="tanh") @ W2 + b2
    return out
# %% Exercise 4: right
def my_block(h, dilation, gamma, beta, W, b, W2, b2):
    z = h - h.mean(-1, keepdim=True)
    z = gamma * z / (z.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() + beta
    C = h.shape[-1]
    x = F.pad(z, (0, 0, dilation, 0))[:, :h.shape[1]] @ W[:C] + z @ W[C:] + b
    x = 0.5 * x * (1 + torch.tanh((2 / math.pi) ** 0.5 * (x + 0.044715 * x ** 3)))
    return h + x @ W2 + b2
# %% Exercise 4: wrong, says "where is what it got"
def my_block(h, dilation, gamma, beta, W, b, W2, b2):
    z = F.layer_norm(h, h.shape[-1:], gamma, beta)
    pairs = torch.cat([F.pad(z, (0, 0, dilation, 0))[:, :h.shape[1]], z], -1)
    return F.gelu(pairs @ W + b, approximate="tanh") @ W2 + b2
# %% Exercise 4: wrong, says "the first"
def my_block(h, dilation, gamma, beta, W, b, W2, b2):
    z = F.layer_norm(h, h.shape[-1:], gamma, beta)
    pairs = torch.cat([z.roll(dilation, 1), z], -1)
    return h + F.gelu(pairs @ W + b, approximate="tanh") @ W2 + b2
# %% Exercise 4: wrong, says "the first"
def my_block(h, dilation, gamma, beta, W, b, W2, b2):
    shifted = F.pad(h, (0, 0, dilation, 0))[:, :h.shape[1]]
    z, before = (F.layer_norm(x, h.shape[-1:], gamma, beta) for x in (h, shifted))
    pairs = torch.cat([before, z], -1)
    return h + F.gelu(pairs @ W + b, approximate="tanh") @ W2 + b2
# %% Exercise 4: wrong, says "only the first positions"
def my_block(h, dilation, gamma, beta, W, b, W2, b2):
    z = F.layer_norm(h, h.shape[-1:], gamma, beta)
    pairs = torch.cat([F.pad(z, (0, 0, 2 * dilation, 0))[:, :h.shape[1]], z], -1)
    return h + F.gelu(pairs @ W + b, approximate="tanh") @ W2 + b2
# %% Exercise 4: wrong, says "the first"
def my_block(h, dilation, gamma, beta, W, b, W2, b2):
    z = F.layer_norm(h, h.shape[-1:], gamma, beta)
    pairs = torch.cat([z, F.pad(z, (0, 0, dilation, 0))[:, :h.shape[1]]], -1)
    return h + F.gelu(pairs @ W + b, approximate="tanh") @ W2 + b2
# %% Exercise 4: wrong, says "the first"
def my_block(h, dilation, gamma, beta, W, b, W2, b2):
    z = (h - h.mean(-1, keepdim=True)) / (h.var(-1, keepdim=True) + 1e-5).sqrt() * gamma + beta
    pairs = torch.cat([F.pad(z, (0, 0, dilation, 0))[:, :h.shape[1]], z], -1)
    return h + F.gelu(pairs @ W + b, approximate="tanh") @ W2 + b2
# %% Exercise 4: wrong, says "stops with"
def my_block(h, dilation, gamma, beta, W, b, W2, b2):
    return h @ W + b
# %% Exercise 4: never says "cat"
# %% Exercise 4: never says "pad"

# %% Exercise 5: right
def triangle(peak, steps):
    def rate(step):
        return 2 * peak * step / steps if 2 * step <= steps else 2 * peak * (steps - step) / steps
    return rate
# %% Exercise 5: right
def triangle(peak, steps):
    return lambda step: peak * (1 - abs(step - steps / 2) / (steps / 2))
# %% Exercise 5: wrong, says "at step"
def triangle(peak, steps):
    return lambda step: peak * step / steps
# %% Exercise 5: wrong, says "at step"
def triangle(peak, steps):
    return lambda step: peak * min(step, steps - step) / (steps // 2 or 1)
# %% Exercise 5: wrong, says "at step"
def triangle(peak, steps):
    return lambda step: peak * min(step + 1, steps - step) / (steps / 2)
# %% Exercise 5: never says "min("
# %% Exercise 5: never says "abs"

# %% Exercise 6: right
def mean_of_probabilities(logits):
    logp = F.log_softmax(logits, -1)
    top = logp.max(0).values
    return top + (logp - top).exp().mean(0).log()
# %% Exercise 6: right
def mean_of_probabilities(logits):
    return torch.logsumexp(logits - torch.logsumexp(logits, -1, keepdim=True), 0)
# %% Exercise 6: wrong, says "infinite"
def mean_of_probabilities(logits):
    return logits.softmax(-1).mean(0).log()
# %% Exercise 6: wrong, says "not the mean"
def mean_of_probabilities(logits):
    return logits.mean(0)
# %% Exercise 6: wrong, says "not the mean"
def mean_of_probabilities(logits):
    return torch.logsumexp(logits, 0)
# %% Exercise 6: wrong, says "not the mean"
def mean_of_probabilities(logits):
    return (logits.softmax(-1).mean(0) + 1e-30).log()
# %% Exercise 6: wrong, says "the shape"
def mean_of_probabilities(logits):
    return logits.log_softmax(-1)
# %% Exercise 6: never says "logsumexp"
