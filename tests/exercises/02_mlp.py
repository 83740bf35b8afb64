# What learners may hand in for the exercises of notebook 02; tests/runs/exercises.py reads it.
# ruff: noqa
# fmt: off

# %% Exercise 1: right
def my_calm(model):
    model.W2.data = model.W2.data / 100
    model.b2.data.zero_()
# %% Exercise 1: right
def my_calm(model):
    model.W2.data[:] = 0
    model.b2.data[:] = 0
# %% Exercise 1: right
def my_calm(model):
    with torch.no_grad():
        model.W2 *= 0.01
        model.b2 *= 0.01
# %% Exercise 1: wrong, says "can't learn"
def my_calm(model):
    model.C.data *= 0
    model.W1.data *= 1e-20
    model.W2.data *= 1e-20
    model.b2.data *= 0
# %% Exercise 1: wrong, says "can't learn"
def my_calm(model):
    for p in model.parameters():
        p.data *= 0
# %% Exercise 1: wrong, says "nats away"
def my_calm(model):
    model.W1.data *= 0.01
    model.b1.data *= 0
# %% Exercise 1: wrong, says "nats away"
def my_calm(model):
    model.b2.data *= 0
# %% Exercise 1: wrong, says "change its .data"
def my_calm(model):
    model.W2.data *= 0.01
    model.b2.data *= 0
    for name in ("C", "W1", "b1", "W2", "b2"):
        setattr(model, name, getattr(model, name).detach())
    model.b2.requires_grad = True
# %% Exercise 1: wrong, says "change its .data"
def my_calm(model):
    model.W2 = model.W2 * 0.01
    model.b2.data *= 0
# %% Exercise 1: wrong, says "change its .data"
def my_calm(model):
    model.W2.data *= 0.01
    model.b2 = torch.zeros(27)
# %% Exercise 1: wrong, says "change its .data"
def my_calm(model):
    model.W2.data *= 0.01
    model.b2.data *= 0
    model.C = model.C.detach()
# %% Exercise 1: right
def my_calm(model):
    model.W2 = torch.zeros(200, 27, requires_grad=True)
    model.b2.data *= 0
# %% Exercise 1: never says "W2"
# %% Exercise 1: never says "0.01"

# %% Exercise 2: right
def my_step(parameters, X, Y, lr):
    C, W1, b1, W2, b2 = parameters
    emb = C[X]
    h = torch.tanh(torch.cat(torch.unbind(emb, 1), 1) @ W1 + b1)
    counts = (h @ W2 + b2).exp()
    prob = counts / counts.sum(1, keepdim=True)
    loss = -prob[torch.arange(len(Y)), Y].log().mean()
    for p, grad in zip(parameters, torch.autograd.grad(loss, parameters)):
        with torch.no_grad():
            p -= lr * grad
    return loss
# %% Exercise 2: right
def my_step(parameters, X, Y, lr):
    optimizer = torch.optim.SGD(parameters, lr)
    C, W1, b1, W2, b2 = parameters
    h = torch.tanh(F.embedding(X, C).flatten(1) @ W1 + b1)
    loss = F.cross_entropy(h @ W2 + b2, Y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
# %% Exercise 2: wrong, says "after step 2"
def my_step(parameters, X, Y, lr):
    C, W1, b1, W2, b2 = parameters
    loss = F.cross_entropy(torch.tanh(C[X].view(len(X), -1) @ W1 + b1) @ W2 + b2, Y)
    loss.backward()
    for p in parameters:
        p.data += -lr * p.grad
    return loss.item()
# %% Exercise 2: wrong, says "C is not where it should be"
def my_step(parameters, X, Y, lr):
    C, W1, b1, W2, b2 = parameters
    loss = F.cross_entropy(torch.tanh(C[X].view(len(X), -1) @ W1 + b1) @ W2 + b2, Y)
    for p in parameters:
        p.grad = None
    loss.backward()
    for p in parameters:
        p.data += lr * p.grad
    return loss.item()
# %% Exercise 2: wrong, says "in step 1 the loss"
def my_step(parameters, X, Y, lr):
    C, W1, b1, W2, b2 = parameters
    loss = F.cross_entropy((C[X].view(len(X), -1) @ W1 + b1) @ W2 + b2, Y)
    for p in parameters:
        p.grad = None
    loss.backward()
    for p in parameters:
        p.data += -lr * p.grad
    return loss.item()
# %% Exercise 2: wrong, says "other tensors"
def my_step(parameters, X, Y, lr):
    C, W1, b1, W2, b2 = parameters
    loss = F.cross_entropy(torch.tanh(C[X].view(len(X), -1) @ W1 + b1) @ W2 + b2, Y)
    grads = torch.autograd.grad(loss, parameters)
    for i, grad in enumerate(grads):
        parameters[i] = (parameters[i] - lr * grad).detach().requires_grad_()
    return loss.item()
# %% Exercise 2: wrong, says "no loss"
def my_step(parameters, X, Y, lr):
    C, W1, b1, W2, b2 = parameters
    loss = F.cross_entropy(torch.tanh(C[X].view(len(X), -1) @ W1 + b1) @ W2 + b2, Y)
    for p in parameters:
        p.grad = None
    loss.backward()
    for p in parameters:
        p.data += -lr * p.grad
# %% Exercise 2: wrong, says "b2 is not where"
def my_step(parameters, X, Y, lr):
    C, W1, b1, W2, b2 = parameters
    loss = F.cross_entropy(torch.tanh(C[X].view(len(X), -1) @ W1 + b1) @ W2 + b2, Y)
    for p, grad in zip(parameters[:4], torch.autograd.grad(loss, parameters)):
        p.data += -lr * grad
    return loss.item()
# %% Exercise 2: never says "p.grad = None"
# %% Exercise 2: never says "tanh"

# %% Exercise 3: right
from mmhelpers.layers import parameter
class MyDirect(MLP):
    def __init__(self, vocab_size, block_size=3, n_embd=10, n_hidden=200, generator=None):
        super().__init__(vocab_size, block_size, n_embd, n_hidden, generator)
        self.W3 = parameter(torch.zeros(block_size * n_embd, vocab_size))
    def forward(self, x):
        return super().forward(x) + self.C[x].flatten(1) @ self.W3
# %% Exercise 3: right
class MyDirect(MLP):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        shape = (self.W1.shape[0], self.W2.shape[1])
        self.W3 = torch.zeros(shape, requires_grad=True)
    def forward(self, x):
        emb = torch.cat(torch.unbind(self.C[x], 1), 1)
        h = torch.tanh(emb @ self.W1 + self.b1)
        return h @ self.W2 + emb @ self.W3 + self.b2
# %% Exercise 3: wrong, says "should be 0"
class MyDirect(MLP):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.W3 = torch.randn((24, 27)).requires_grad_()
    def forward(self, x):
        return super().forward(x) + self.C[x].flatten(1) @ self.W3
# %% Exercise 3: wrong, says "not among the parameters"
class MyDirect(MLP):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.W3 = torch.zeros(24, 27)
    def forward(self, x):
        return super().forward(x) + self.C[x].flatten(1) @ self.W3
# %% Exercise 3: wrong, says "the logits are not"
class MyDirect(MLP):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.W3 = torch.zeros(24, 27, requires_grad=True)
# %% Exercise 3: wrong, says "of the shape"
class MyDirect(MLP):
    pass
# %% Exercise 3: wrong, says "of the shape"
class MyDirect(MLP):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.W3 = torch.zeros(30, 27, requires_grad=True)
    def forward(self, x):
        return super().forward(x) + self.C[x].view(-1, 30) @ self.W3
# %% Exercise 3: wrong, says "W3 does not get its gradient"
class MyDirect(MLP):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.W3 = torch.zeros(len(self.W1), self.W2.shape[1], requires_grad=True)
    def forward(self, x):
        return super().forward(x) + self.C[x].flatten(1) @ self.W3.data
# %% Exercise 3: wrong, says "C does not get its gradient"
class MyDirect(MLP):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.W3 = torch.zeros(len(self.W1), self.W2.shape[1], requires_grad=True)
    def forward(self, x):
        return super().forward(x) + self.C[x].detach().flatten(1) @ self.W3
# %% Exercise 3: never says "zeros"
# %% Exercise 3: never says "@ self.W3"

# %% Exercise 4: right
my_model, _, _ = train_mlp(data_tr, 400, (V, 3, 10, 200), seed, device, progress=False)
my_model.W2.data *= 0.01
my_model.b2.data *= 0
_ = train(my_model, data_tr, 300, SGD(my_model.parameters(), 0.1), 64, progress=False)
# %% Exercise 4: right
my_model = MLP(V, 4, 10, 100).to(device)
my_model.W2.data *= 0.01
my_model.b2.data *= 0
_ = train(my_model, data_tr_four, 400, SGD(my_model.parameters(), 0.1), progress=False)
# %% Exercise 4: wrong, says "not 0.02 below"
my_model = MLP(V, 5, 10, 200, torch.Generator().manual_seed(1))
# %% Exercise 4: wrong, says "not 0.02 below"
my_model = MLP(V, 3, 10, 20, torch.Generator().manual_seed(1))
my_model.W2.data *= 9
# %% Exercise 4: right
my_model = HandMLP(V, 10, 100, torch.Generator().manual_seed(1))
my_model.W2.data *= 0.01
my_model.b2.data *= 0
_ = train_by_hand(my_model, cpu_data, 400, HandSGD(my_model.parameters(), 0.1), torch.Generator())
# %% Exercise 4: wrong, says "not 0.02 below"
my_model = mlp
# %% Exercise 4: wrong, says "table of counts"
my_model = tables["four"]
# %% Exercise 4: never says "MLP("
# %% Exercise 4: never says "W2"
