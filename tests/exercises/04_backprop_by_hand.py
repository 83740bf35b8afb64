# What learners may hand in for the exercises of notebook 04; tests/runs/exercises.py reads it.
# ruff: noqa
# fmt: off

# %% Exercise 1a: right
def my_softmax_atoms(dlogprobs, counts, counts_sum, counts_sum_inv, probs):
    dprobs = (1.0 / probs) * dlogprobs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
    dcounts = counts_sum_inv * dprobs
    dcounts_sum = (-counts_sum**-2) * dcounts_sum_inv
    dcounts += torch.ones_like(counts) * dcounts_sum
    return dprobs, dcounts_sum_inv, dcounts_sum, dcounts, counts * dcounts
# %% Exercise 1a: right
def my_softmax_atoms(dlogprobs, counts, counts_sum, counts_sum_inv, probs):
    dprobs = torch.einsum("bv,bv->bv", dlogprobs, probs.reciprocal())
    dcounts_sum_inv = torch.einsum("bv,bv->b", dprobs, counts)[:, None]
    dcounts_sum = -dcounts_sum_inv * counts_sum_inv * counts_sum_inv
    dnorm_logits = dlogprobs - probs * dlogprobs.sum(1, keepdim=True)
    return [dprobs, dcounts_sum_inv, dcounts_sum, dnorm_logits / counts, dnorm_logits]
# %% Exercise 1a: wrong, says "dcounts is off"
def my_softmax_atoms(dlogprobs, counts, counts_sum, counts_sum_inv, probs):
    dprobs = dlogprobs / probs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
    dcounts_sum = -(counts_sum**-2) * dcounts_sum_inv
    dcounts = counts_sum_inv * dprobs
    return dprobs, dcounts_sum_inv, dcounts_sum, dcounts, counts * dcounts
# %% Exercise 1a: wrong, says "dcounts_sum_inv has the shape (5, 7)"
def my_softmax_atoms(dlogprobs, counts, counts_sum, counts_sum_inv, probs):
    dprobs = dlogprobs / probs
    dcounts_sum_inv = counts * dprobs
    dcounts_sum = -(counts_sum**-2) * dcounts_sum_inv
    dcounts = counts_sum_inv * dprobs + dcounts_sum
    return dprobs, dcounts_sum_inv, dcounts_sum, dcounts, counts * dcounts
# %% Exercise 1a: wrong, says "dprobs is off"
def my_softmax_atoms(dlogprobs, counts, counts_sum, counts_sum_inv, probs):
    dprobs = dlogprobs * probs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
    dcounts_sum = -(counts_sum**-2) * dcounts_sum_inv
    dcounts = counts_sum_inv * dprobs + dcounts_sum
    return dprobs, dcounts_sum_inv, dcounts_sum, dcounts, counts * dcounts
# %% Exercise 1a: wrong, says "dcounts_sum_inv is NoneType"
def my_softmax_atoms(dlogprobs, counts, counts_sum, counts_sum_inv, probs):
    return dlogprobs / probs, None, None, None, None
# %% Exercise 1a: wrong, says "dcounts_sum is off"
def my_softmax_atoms(dlogprobs, counts, counts_sum, counts_sum_inv, probs):
    dprobs = dlogprobs / probs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
    dcounts_sum = counts_sum**-2 * dcounts_sum_inv
    dcounts = counts_sum_inv * dprobs + dcounts_sum
    return dprobs, dcounts_sum_inv, dcounts_sum, dcounts, counts * dcounts
# %% Exercise 1a: never says "sum("
# %% Exercise 1a: never says "twice"

# %% Exercise 1b: right
def my_max_atoms(dnorm_logits, logits):
    dlogit_maxes = (-dnorm_logits).sum(1, keepdim=True)
    dlogits = dnorm_logits.clone()
    for i, j in enumerate(logits.argmax(1)):
        dlogits[i, j] += dlogit_maxes[i, 0]
    return dlogit_maxes, dlogits
# %% Exercise 1b: right
def my_max_atoms(dnorm_logits, logits):
    dlogit_maxes = -dnorm_logits.sum(1, keepdim=True)
    largest = (logits == logits.amax(1, keepdim=True)).double()
    return dlogit_maxes, dnorm_logits + largest / largest.sum(1, keepdim=True) * dlogit_maxes
# %% Exercise 1b: wrong, says "dlogits is off"
def my_max_atoms(dnorm_logits, logits):
    return -dnorm_logits.sum(1, keepdim=True), dnorm_logits
# %% Exercise 1b: wrong, says "dlogit_maxes is off"
def my_max_atoms(dnorm_logits, logits):
    return torch.zeros(len(logits), 1, dtype=logits.dtype), dnorm_logits
# %% Exercise 1b: wrong, says "dlogits is off"
def my_max_atoms(dnorm_logits, logits):
    dlogit_maxes = -dnorm_logits.sum(1, keepdim=True)
    largest = logits == logits.amax(1, keepdim=True)
    return dlogit_maxes, dnorm_logits + largest * dlogit_maxes
# %% Exercise 1b: wrong, says "dlogit_maxes is off"
def my_max_atoms(dnorm_logits, logits):
    dlogit_maxes = -dnorm_logits.mean(1, keepdim=True)
    return dlogit_maxes, dnorm_logits + F.one_hot(logits.argmax(1), 6) * dlogit_maxes
# %% Exercise 1b: wrong, says "dlogits is off"
def my_max_atoms(dnorm_logits, logits):
    dlogit_maxes = -dnorm_logits.sum(1, keepdim=True)
    return dlogit_maxes, dnorm_logits + logits.softmax(1) * dlogit_maxes
# %% Exercise 1b: wrong, says "dlogit_maxes has the shape (5,)"
def my_max_atoms(dnorm_logits, logits):
    dlogit_maxes = -dnorm_logits.sum(1)
    return dlogit_maxes, dnorm_logits + F.one_hot(logits.argmax(1), 6) * dlogit_maxes[:, None]
# %% Exercise 1b: never says "one_hot"
# %% Exercise 1b: never says "sum"

# %% Exercise 1c: right
def my_norm_atoms(dhpreact, bndiff, bnvar, bnvar_inv, bnraw, bngain):
    n = dhpreact.shape[0]
    dbngain = (bnraw * dhpreact).sum(0, keepdim=True)
    dbnbias = dhpreact.sum(0, keepdim=True)
    dbnraw = bngain * dhpreact
    dbndiff = bnvar_inv * dbnraw
    dbnvar_inv = (bndiff * dbnraw).sum(0, keepdim=True)
    dbnvar = (-0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv
    dbndiff2 = (1.0 / (n - 1)) * torch.ones_like(bndiff) * dbnvar
    dbndiff += (2 * bndiff) * dbndiff2
    dhprebn = dbndiff.clone()
    dbnmeani = (-dbndiff).sum(0, keepdim=True)
    dhprebn += 1.0 / n * (torch.ones_like(bndiff) * dbnmeani)
    return dbngain, dbnbias, dbnraw, dbnvar_inv, dbnvar, dbndiff2, dbndiff, dbnmeani, dhprebn
# %% Exercise 1c: right
def my_norm_atoms(dhpreact, bndiff, bnvar, bnvar_inv, bnraw, bngain):
    n = len(bndiff)
    dbngain, dbnbias = (dhpreact * bnraw).sum(0)[None], dhpreact.sum(0)[None]
    dbnraw = dhpreact * bngain
    dbnvar_inv = (dbnraw * bndiff).sum(0)[None]
    dbnvar = -0.5 * bnvar_inv**3 * dbnvar_inv
    dbndiff2 = dbnvar.repeat(n, 1) / (n - 1)
    dbndiff = dbnraw * bnvar_inv + 2 * bndiff * dbndiff2
    dhprebn = dbndiff - dbndiff.mean(0)
    return dbngain, dbnbias, dbnraw, dbnvar_inv, dbnvar, dbndiff2, dbndiff, -dbndiff.sum(0)[None], dhprebn
# %% Exercise 1c: wrong, says "dbndiff2 is off"
def my_norm_atoms(dhpreact, bndiff, bnvar, bnvar_inv, bnraw, bngain):
    n = len(bndiff)
    dbngain, dbnbias = (dhpreact * bnraw).sum(0)[None], dhpreact.sum(0)[None]
    dbnraw = dhpreact * bngain
    dbnvar_inv = (dbnraw * bndiff).sum(0)[None]
    dbnvar = -0.5 * bnvar_inv**3 * dbnvar_inv
    dbndiff2 = dbnvar.repeat(n, 1) / n
    dbndiff = dbnraw * bnvar_inv + 2 * bndiff * dbndiff2
    dhprebn = dbndiff - dbndiff.mean(0)
    return dbngain, dbnbias, dbnraw, dbnvar_inv, dbnvar, dbndiff2, dbndiff, -dbndiff.sum(0)[None], dhprebn
# %% Exercise 1c: wrong, says "dbndiff is off"
def my_norm_atoms(dhpreact, bndiff, bnvar, bnvar_inv, bnraw, bngain):
    n = len(bndiff)
    dbngain, dbnbias = (dhpreact * bnraw).sum(0)[None], dhpreact.sum(0)[None]
    dbnraw = dhpreact * bngain
    dbnvar_inv = (dbnraw * bndiff).sum(0)[None]
    dbnvar = -0.5 * bnvar_inv**3 * dbnvar_inv
    dbndiff2 = dbnvar.repeat(n, 1) / (n - 1)
    dbndiff = dbnraw * bnvar_inv
    dhprebn = dbndiff - dbndiff.mean(0)
    return dbngain, dbnbias, dbnraw, dbnvar_inv, dbnvar, dbndiff2, dbndiff, -dbndiff.sum(0)[None], dhprebn
# %% Exercise 1c: wrong, says "dhprebn is off"
def my_norm_atoms(dhpreact, bndiff, bnvar, bnvar_inv, bnraw, bngain):
    n = len(bndiff)
    dbngain, dbnbias = (dhpreact * bnraw).sum(0)[None], dhpreact.sum(0)[None]
    dbnraw = dhpreact * bngain
    dbnvar_inv = (dbnraw * bndiff).sum(0)[None]
    dbnvar = -0.5 * bnvar_inv**3 * dbnvar_inv
    dbndiff2 = dbnvar.repeat(n, 1) / (n - 1)
    dbndiff = dbnraw * bnvar_inv + 2 * bndiff * dbndiff2
    return dbngain, dbnbias, dbnraw, dbnvar_inv, dbnvar, dbndiff2, dbndiff, -dbndiff.sum(0)[None], dbndiff
# %% Exercise 1c: wrong, says "dbngain has the shape (6, 4)"
def my_norm_atoms(dhpreact, bndiff, bnvar, bnvar_inv, bnraw, bngain):
    return (dhpreact * bnraw,) * 9
# %% Exercise 1c: wrong, says "it should return 9"
def my_norm_atoms(dhpreact, bndiff, bnvar, bnvar_inv, bnraw, bngain):
    return (dhpreact * bnraw).sum(0)[None], dhpreact.sum(0)[None]
# %% Exercise 1c: never says "n - 1"
# %% Exercise 1c: never says "sum"

# %% Exercise 1d: right
def my_first_layer(dhprebn, Xb, C, embcat, W1):
    dembcat, dW1, db1 = dhprebn @ W1.T, embcat.T @ dhprebn, dhprebn.sum(0)
    demb = dembcat.view(4, 3, 2)
    dC = torch.zeros_like(C)
    for k in range(4):
        for j in range(3):
            dC[Xb[k, j]] += demb[k, j]
    return dembcat, dW1, db1, demb, dC
# %% Exercise 1d: right
def my_first_layer(dhprebn, Xb, C, embcat, W1):
    dembcat = torch.einsum("bh,eh->be", dhprebn, W1)
    demb = dembcat.reshape(*Xb.shape, C.shape[1])
    dC = F.one_hot(Xb.flatten(), len(C)).double().T @ demb.flatten(0, 1)
    return dembcat, embcat.T @ dhprebn, dhprebn.sum(0), demb, dC
# %% Exercise 1d: wrong, says "dC is off"
def my_first_layer(dhprebn, Xb, C, embcat, W1):
    dembcat, dW1, db1 = dhprebn @ W1.T, embcat.T @ dhprebn, dhprebn.sum(0)
    demb = dembcat.view(4, 3, 2)
    dC = torch.zeros_like(C)
    dC[Xb] = demb
    return dembcat, dW1, db1, demb, dC
# %% Exercise 1d: wrong, says "db1 is off"
def my_first_layer(dhprebn, Xb, C, embcat, W1):
    dembcat, dW1 = dhprebn @ W1.T, embcat.T @ dhprebn
    demb = dembcat.view(4, 3, 2)
    dC = torch.zeros_like(C).index_add_(0, Xb.flatten(), demb.flatten(0, 1))
    return dembcat, dW1, torch.zeros(4, dtype=torch.float64), demb, dC
# %% Exercise 1d: wrong, says "db1 is off"
def my_first_layer(dhprebn, Xb, C, embcat, W1):
    dembcat, dW1 = dhprebn @ W1.T, embcat.T @ dhprebn
    demb = dembcat.view(4, 3, 2)
    dC = torch.zeros_like(C).index_add_(0, Xb.flatten(), demb.flatten(0, 1))
    return dembcat, dW1, dhprebn.sum(1), demb, dC
# %% Exercise 1d: wrong, says "dW1 has the shape (4, 6)"
def my_first_layer(dhprebn, Xb, C, embcat, W1):
    dembcat, dW1 = dhprebn @ W1.T, dhprebn.T @ embcat
    demb = dembcat.view(4, 3, 2)
    dC = torch.zeros_like(C).index_add_(0, Xb.flatten(), demb.flatten(0, 1))
    return dembcat, dW1, dhprebn.sum(0), demb, dC
# %% Exercise 1d: wrong, says "dC is torch.float32"
def my_first_layer(dhprebn, Xb, C, embcat, W1):
    dembcat, dW1, db1 = dhprebn @ W1.T, embcat.T @ dhprebn, dhprebn.sum(0)
    demb = dembcat.view(4, 3, 2)
    dC = torch.zeros(C.shape)
    for k in range(4):
        for j in range(3):
            dC[Xb[k, j]] += demb[k, j]
    return dembcat, dW1, db1, demb, dC
# %% Exercise 1d: never says "index_add_"
# %% Exercise 1d: never says ".T"

# %% Exercise 2: right
def my_cross_entropy_backward(logits, targets):
    dlogits = F.softmax(logits, 1)
    dlogits[range(len(targets)), targets] -= 1
    dlogits /= len(targets)
    return dlogits
# %% Exercise 2: right
def my_cross_entropy_backward(logits, targets):
    counts = (logits - logits.amax(1, keepdim=True)).exp()
    p = counts / counts.sum(1, keepdim=True)
    return torch.stack([(p[i] - torch.eye(7, dtype=p.dtype)[t]) / 5 for i, t in enumerate(targets)])
# %% Exercise 2: wrong, says "off by up to"
def my_cross_entropy_backward(logits, targets):
    dlogits = F.softmax(logits, 1)
    dlogits[range(len(targets)), targets] -= 1
    return dlogits
# %% Exercise 2: wrong, says "off by up to"
def my_cross_entropy_backward(logits, targets):
    return F.softmax(logits, 1) / len(targets)
# %% Exercise 2: wrong, says "off by up to"
def my_cross_entropy_backward(logits, targets):
    counts = logits.exp()
    dlogits = counts / counts.sum(1, keepdim=True)
    dlogits[range(len(targets)), targets] -= 1
    return dlogits / len(targets)
# %% Exercise 2: wrong, says "have changed"
def my_cross_entropy_backward(logits, targets):
    logits -= logits.amax(1, keepdim=True)
    dlogits = F.softmax(logits, 1)
    dlogits[range(len(targets)), targets] -= 1
    return dlogits / len(targets)
# %% Exercise 2: wrong, says "off by up to"
def my_cross_entropy_backward(logits, targets):
    return (F.one_hot(targets, 7) - F.softmax(logits, 1)) / len(targets)
# %% Exercise 2: wrong, says "off by up to"
def my_cross_entropy_backward(logits, targets):
    dlogits = F.softmax(logits, 0)
    dlogits[range(len(targets)), targets] -= 1
    return dlogits / len(targets)
# %% Exercise 2: never says "softmax"
# %% Exercise 2: never says "1/n"

# %% Exercise 3: right
def my_batch_norm_backward(dout, x, bngain):
    n = len(x)
    mean = x.sum(0, keepdim=True) / n
    diff = x - mean
    var = (diff**2).sum(0, keepdim=True) / (n - 1)
    inv = (var + 1e-5) ** -0.5
    raw = diff * inv
    draw = dout * bngain
    dvar = (draw * diff).sum(0, keepdim=True) * -0.5 * (var + 1e-5) ** -1.5
    ddiff = draw * inv + 2 * diff * dvar / (n - 1)
    dx = ddiff - ddiff.sum(0, keepdim=True) / n
    return dx, (dout * raw).sum(0, keepdim=True), dout.sum(0, keepdim=True)
# %% Exercise 3: right
def my_batch_norm_backward(dout, x, bngain):
    r = (x.var(0, keepdim=True) + 1e-5) ** -0.5
    raw = (x - x.mean(0)) * r
    return losses.batch_norm_backward(dout, raw, r, bngain)
# %% Exercise 3: wrong, says "dx is off"
def my_batch_norm_backward(dout, x, bngain):
    n = len(x)
    r = (x.var(0, keepdim=True) + 1e-5) ** -0.5
    raw = (x - x.mean(0)) * r
    dgain, dbias = (dout * raw).sum(0, keepdim=True), dout.sum(0, keepdim=True)
    return bngain * r * (dout - dbias / n - raw * dgain / n), dgain, dbias
# %% Exercise 3: wrong, says "its mean is not 0"
def my_batch_norm_backward(dout, x, bngain):
    n = len(x)
    r = (x.var(0, keepdim=True) + 1e-5) ** -0.5
    raw = (x - x.mean(0)) * r
    dgain, dbias = (dout * raw).sum(0, keepdim=True), dout.sum(0, keepdim=True)
    return bngain * r * (dout - raw * dgain / (n - 1)), dgain, dbias
# %% Exercise 3: wrong, says "dx is off"
def my_batch_norm_backward(dout, x, bngain):
    r = (x.var(0, keepdim=True) + 1e-5) ** -0.5
    raw = (x - x.mean(0)) * r
    return bngain * r * dout, (dout * raw).sum(0, keepdim=True), dout.sum(0, keepdim=True)
# %% Exercise 3: wrong, says "for a batch of 3, dx is off"
def my_batch_norm_backward(dout, x, bngain):
    r = (x.var(0, keepdim=True, correction=0) + 1e-5) ** -0.5
    raw = (x - x.mean(0)) * r
    dgain, dbias = (dout * raw).sum(0, keepdim=True), dout.sum(0, keepdim=True)
    return bngain * r * (dout - dbias / len(x) - raw * dgain / len(x)), dgain, dbias
# %% Exercise 3: wrong, says "dbngain has the shape (4,)"
def my_batch_norm_backward(dout, x, bngain):
    n = len(x)
    r = (x.var(0, keepdim=True) + 1e-5) ** -0.5
    raw = (x - x.mean(0)) * r
    dgain, dbias = (dout * raw).sum(0), dout.sum(0)
    return bngain * r * (dout - dbias / n - raw * dgain / (n - 1)), dgain, dbias
# %% Exercise 3: wrong, says "off by"
def my_batch_norm_backward(dout, x, bngain):
    n = 8
    r = (x.var(0, keepdim=True) + 1e-5) ** -0.5
    raw = (x - x.mean(0)) * r
    dgain, dbias = (dout * raw).sum(0, keepdim=True), dout.sum(0, keepdim=True)
    return bngain * r * (dout - dbias / n - raw * dgain / (n - 1)), dgain, dbias
# %% Exercise 3: never says "n - 1"
# %% Exercise 3: never says "sum"

# %% Exercise 4: right
def my_gradients(parameters, Xb, Yb):
    C, W1, b1, W2, b2, bngain, bnbias = parameters
    n = len(Xb)
    embcat = C[Xb].view(n, -1)
    hprebn = embcat @ W1 + b1
    r = (hprebn.var(0, keepdim=True) + 1e-5) ** -0.5
    raw = (hprebn - hprebn.mean(0)) * r
    h = torch.tanh(bngain * raw + bnbias)
    dlogits = F.softmax(h @ W2 + b2, 1)
    dlogits[range(n), Yb] -= 1
    dlogits /= n
    dh = dlogits @ W2.T
    dpre = (1 - h**2) * dh
    dgain, dbias = (dpre * raw).sum(0, keepdim=True), dpre.sum(0, keepdim=True)
    dhprebn = bngain * r / n * (n * dpre - dbias - n / (n - 1) * raw * dgain)
    demb = (dhprebn @ W1.T).view(n, 3, -1)
    dC = torch.zeros_like(C)
    for k in range(n):
        for j in range(3):
            dC[Xb[k, j]] += demb[k, j]
    return dC, embcat.T @ dhprebn, dhprebn.sum(0), h.T @ dlogits, dlogits.sum(0), dgain, dbias
# %% Exercise 4: right
def my_gradients(parameters, Xb, Yb):
    C, W1, b1, W2, b2, bngain, bnbias = parameters
    embcat = C[Xb].view(len(Xb), -1)
    hprebn = embcat @ W1 + b1
    r = (hprebn.var(0, keepdim=True) + 1e-5) ** -0.5
    raw = (hprebn - hprebn.mean(0)) * r
    h = torch.tanh(bngain * raw + bnbias)
    dlogits = losses.cross_entropy_backward(h @ W2 + b2, Yb)
    dh, dW2, db2 = losses.linear_backward(dlogits, h, W2)
    dpre, dgain, dbias = losses.batch_norm_backward(losses.tanh_backward(dh, h), raw, r, bngain)
    dcat, dW1, db1 = losses.linear_backward(dpre, embcat, W1)
    dC = losses.embedding_backward(dcat.view(*Xb.shape, -1), Xb, len(C))
    return [dC, dW1, torch.zeros_like(b1), dW2, db2, dgain, dbias]
# %% Exercise 4: wrong, says "dC is off"
def my_gradients(parameters, Xb, Yb):
    C, W1, b1, W2, b2, bngain, bnbias = parameters
    embcat = C[Xb].view(len(Xb), -1)
    hprebn = embcat @ W1 + b1
    r = (hprebn.var(0, keepdim=True) + 1e-5) ** -0.5
    raw = (hprebn - hprebn.mean(0)) * r
    h = torch.tanh(bngain * raw + bnbias)
    dlogits = losses.cross_entropy_backward(h @ W2 + b2, Yb)
    dh, dW2, db2 = losses.linear_backward(dlogits, h, W2)
    dpre, dgain, dbias = losses.batch_norm_backward(losses.tanh_backward(dh, h), raw, r, bngain)
    dcat, dW1, db1 = losses.linear_backward(dpre, embcat, W1)
    dC = torch.zeros_like(C)
    dC[Xb] = dcat.view(*Xb.shape, -1)
    return dC, dW1, db1, dW2, db2, dgain, dbias
# %% Exercise 4: wrong, says "off by"
def my_gradients(parameters, Xb, Yb):
    C, W1, b1, W2, b2, bngain, bnbias = parameters
    embcat = C[Xb].view(len(Xb), -1)
    hprebn = embcat @ W1 + b1
    r = (hprebn.var(0, keepdim=True) + 1e-5) ** -0.5
    raw = (hprebn - hprebn.mean(0)) * r
    h = torch.tanh(bngain * raw + bnbias)
    dlogits = losses.cross_entropy_backward(h @ W2 + b2, Yb)
    dh, dW2, db2 = losses.linear_backward(dlogits, h, W2)
    dpre, dgain, dbias = losses.batch_norm_backward(dh, raw, r, bngain)
    dcat, dW1, db1 = losses.linear_backward(dpre, embcat, W1)
    dC = losses.embedding_backward(dcat.view(*Xb.shape, -1), Xb, len(C))
    return dC, dW1, db1, dW2, db2, dgain, dbias
# %% Exercise 4: wrong, says "off by"
def my_gradients(parameters, Xb, Yb):
    C, W1, b1, W2, b2, bngain, bnbias = parameters
    embcat = C[Xb].view(len(Xb), -1)
    hprebn = embcat @ W1 + b1
    r = (hprebn.var(0, keepdim=True) + 1e-5) ** -0.5
    raw = (hprebn - hprebn.mean(0)) * r
    h = torch.tanh(bngain * raw + bnbias)
    dlogits = losses.cross_entropy_backward(h @ W2 + b2, Yb) * len(Yb)
    dh, dW2, db2 = losses.linear_backward(dlogits, h, W2)
    dpre, dgain, dbias = losses.batch_norm_backward(losses.tanh_backward(dh, h), raw, r, bngain)
    dcat, dW1, db1 = losses.linear_backward(dpre, embcat, W1)
    dC = losses.embedding_backward(dcat.view(*Xb.shape, -1), Xb, len(C))
    return dC, dW1, db1, dW2, db2, dgain, dbias
# %% Exercise 4: wrong, says "dW2 has the shape"
def my_gradients(parameters, Xb, Yb):
    C, W1, b1, W2, b2, bngain, bnbias = parameters
    embcat = C[Xb].view(len(Xb), -1)
    hprebn = embcat @ W1 + b1
    r = (hprebn.var(0, keepdim=True) + 1e-5) ** -0.5
    raw = (hprebn - hprebn.mean(0)) * r
    h = torch.tanh(bngain * raw + bnbias)
    dlogits = losses.cross_entropy_backward(h @ W2 + b2, Yb)
    dh, dW2, db2 = losses.linear_backward(dlogits, h, W2)
    dpre, dgain, dbias = losses.batch_norm_backward(losses.tanh_backward(dh, h), raw, r, bngain)
    dcat, dW1, db1 = losses.linear_backward(dpre, embcat, W1)
    dC = losses.embedding_backward(dcat.view(*Xb.shape, -1), Xb, len(C))
    return dC, dW1, db1, dW2.T, db2, dgain, dbias
# %% Exercise 4: never says "batch_norm_backward"
# %% Exercise 4: never says "index_add_"

# %% Exercise 5: right
def my_biased_backward(dout, bnraw, bnvar_inv, bngain):
    n = len(dout)
    return bngain * bnvar_inv / n * (n * dout - dout.sum(0) - bnraw * (dout * bnraw).sum(0))
# %% Exercise 5: right
def my_biased_backward(dout, bnraw, bnvar_inv, bngain):
    dx, dgain, _ = losses.batch_norm_backward(dout, bnraw, bnvar_inv, bngain)
    n = len(dout)
    return dx + bngain * bnvar_inv * bnraw * dgain * (1 / (n - 1) - 1 / n)
# %% Exercise 5: wrong, says "off by"
def my_biased_backward(dout, bnraw, bnvar_inv, bngain):
    return losses.batch_norm_backward(dout, bnraw, bnvar_inv, bngain)[0]
# %% Exercise 5: wrong, says "off by"
def my_biased_backward(dout, bnraw, bnvar_inv, bngain):
    n = len(dout)
    return bngain * bnvar_inv * (dout - dout.sum(0) / (n - 1) - bnraw * (dout * bnraw).sum(0) / (n - 1))
# %% Exercise 5: wrong, says "not a tensor"
def my_biased_backward(dout, bnraw, bnvar_inv, bngain):
    return losses.batch_norm_backward(dout, bnraw, bnvar_inv, bngain)
# %% Exercise 5: never says "mean"
# %% Exercise 5: never says "n - 1"
