# What learners may hand in for the exercises of notebook 03; tests/runs/exercises.py reads it.
# ruff: noqa
# fmt: off

# %% Exercise 1: right
my_moving = {"b2"}
# %% Exercise 1: right
my_moving = ["b2"]
# %% Exercise 1: right
my_moving = ("b2", "b2")
# %% Exercise 1: wrong, says "what is it multiplied by"
my_moving = {"b2", "W2"}
# %% Exercise 1: wrong, says "what is it multiplied by"
my_moving = {"b2", "b1"}
# %% Exercise 1: wrong, says "is missing"
my_moving = {"W2"}
# %% Exercise 1: wrong, says "is missing"
my_moving = set()
# %% Exercise 1: wrong, says "give a set of names"
my_moving = "b2"
# %% Exercise 1: wrong, says "no tensor called 'W3'"
my_moving = {"b2", "W3"}
# %% Exercise 1: never says "b2"

# %% Exercise 2: right
my_gain = measured_gain(F.gelu)
# %% Exercise 2: right
z = torch.linspace(-8, 8, 100_001).double()
density = (-z * z / 2).exp() / (2 * math.pi) ** 0.5
my_gain = (F.gelu(z).square() * density * (z[1] - z[0])).sum() ** -0.5
# %% Exercise 2: right
my_gain = round(measured_gain(lambda z: z * (1 + torch.erf(z / 2**0.5)) / 2), 2)
# %% Exercise 2: wrong, says "shrink"
my_gain = 2**0.5
# %% Exercise 2: wrong, says "grow"
my_gain = 5 / 3
# %% Exercise 2: wrong, says "grow"
my_gain = 1 / F.gelu(torch.randn(100_000, generator=torch.Generator().manual_seed(1))).std()
# %% Exercise 2: wrong, says "shrink"
my_gain = 1
# %% Exercise 2: never says "1.5"

# %% Exercise 3: right
class MyBatchNorm(Layer):
    def __init__(self, dim, eps=1e-5, momentum=0.1):
        self.eps, self.momentum = eps, momentum
        self.gamma, self.beta = parameter(torch.ones(1, dim)), parameter(torch.zeros(1, dim))
        self.running_mean, self.running_var = torch.zeros(1, dim), torch.ones(1, dim)
    def forward(self, x):
        if self.training:
            m = x.sum(0, keepdim=True) / len(x)
            v = ((x - m) ** 2).sum(0, keepdim=True) / (len(x) - 1)
            with torch.no_grad():
                self.running_mean += self.momentum * (m - self.running_mean)
                self.running_var += self.momentum * (v - self.running_var)
        else:
            m, v = self.running_mean, self.running_var
        return (x - m) * (self.gamma / (v + self.eps) ** 0.5) + self.beta
# %% Exercise 3: right
class MyBatchNorm:
    training = True
    def __init__(self, dim, eps=1e-5, momentum=0.1):
        self.eps, self.momentum = eps, momentum
        self.gamma, self.beta = torch.nn.Parameter(torch.ones(dim)), torch.nn.Parameter(torch.zeros(dim))
        self.running_mean, self.running_var = torch.zeros(dim), torch.ones(dim)
    def __call__(self, x):
        if not self.training:
            return self.apply(x, self.running_mean, self.running_var)
        var, mean = torch.var_mean(x, 0)
        self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean.data
        self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var.data
        return self.apply(x, mean, var)
    def apply(self, x, mean, var):
        return self.gamma * (x - mean) * torch.rsqrt(var + self.eps) + self.beta
# %% Exercise 3: wrong, says "in training the output is not right"
class MyBatchNorm(BatchNorm1d):
    def forward(self, x):
        m, v = x.mean(0), x.var(0, unbiased=False)
        self.running_mean = 0.9 * self.running_mean + 0.1 * m.detach()
        return self.gamma * (x - m) / torch.sqrt(v + self.eps) + self.beta
# %% Exercise 3: wrong, says "in training the output is not right"
class MyBatchNorm(BatchNorm1d):
    def forward(self, x):
        m, v = x.mean(1, keepdim=True), x.var(1, keepdim=True)
        return self.gamma * (x - m) / torch.sqrt(v + self.eps) + self.beta
# %% Exercise 3: wrong, says "its gradient is not"
class MyBatchNorm(BatchNorm1d):
    def forward(self, x):
        if self.training:
            m, v = x.mean(0).detach(), x.var(0).detach()
            self.running_mean = 0.75 * self.running_mean + 0.25 * m
            self.running_var = 0.75 * self.running_var + 0.25 * v
        else:
            m, v = self.running_mean, self.running_var
        return self.gamma * (x - m) / torch.sqrt(v + self.eps) + self.beta
# %% Exercise 3: wrong, says "running_mean is not where"
class MyBatchNorm(BatchNorm1d):
    def __init__(self, dim, eps=1e-5, momentum=0.1):
        super().__init__(dim, eps, 1 - momentum)
# %% Exercise 3: wrong, says "running_var is not where"
class MyBatchNorm(BatchNorm1d):
    def forward(self, x):
        before = self.running_var
        out = super().forward(x)
        if self.training:
            self.running_var = (1 - self.momentum) * before + self.momentum * x.var(0, unbiased=False)
        return out
# %% Exercise 3: wrong, says "graph of gradients"
class MyBatchNorm(BatchNorm1d):
    def forward(self, x):
        m, v = self.running_mean, self.running_var
        if self.training:
            m, v = x.mean(0), x.var(0)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * m
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * v
        return self.gamma * (x - m) / torch.sqrt(v + self.eps) + self.beta
# %% Exercise 3: wrong, says "in evaluation mode a single row"
class MyBatchNorm(BatchNorm1d):
    def forward(self, x):
        self.training = True
        return super().forward(x)
# %% Exercise 3: wrong, says "still change"
class MyBatchNorm(BatchNorm1d):
    def forward(self, x):
        out = super().forward(x)
        if not self.training:
            self.running_mean = 0.9 * self.running_mean + 0.1 * x.mean(0)
        return out
# %% Exercise 3: wrong, says "still change"
class MyBatchNorm(BatchNorm1d):
    def forward(self, x):
        out = super().forward(x)
        if not self.training:
            self.running_var = 0.9 * self.running_var + 0.1
        return out
# %% Exercise 3: wrong, says "no gradient reaches them"
class MyBatchNorm(BatchNorm1d):
    def __init__(self, dim, eps=1e-5, momentum=0.1):
        super().__init__(dim, eps, momentum)
        self.gamma, self.beta = torch.ones(dim), torch.zeros(dim)
# %% Exercise 3: wrong, says "no gradient reaches them"
class MyBatchNorm(BatchNorm1d):
    def forward(self, x):
        gamma, beta = self.gamma, self.beta
        self.gamma, self.beta = gamma.detach(), beta.detach()
        out = super().forward(x)
        self.gamma, self.beta = gamma, beta
        return out
# %% Exercise 3: never says "var(0"
# %% Exercise 3: never says "detach"
# %% Exercise 3: never says "no_grad"

# %% Exercise 4: right
def my_noise(size):
    g, kept = torch.Generator().manual_seed(1), []
    for _ in range(4000):
        batch = torch.cat([torch.ones(1), torch.randn(size - 1, generator=g)])
        kept.append((1 - batch.mean()) / batch.std())
    return torch.stack(kept).std()
# %% Exercise 4: right
import numpy as np
def my_noise(size):
    x = np.random.default_rng(1).standard_normal((5000, size))
    x[:, 0] = 1
    return np.std((1 - x.mean(1)) / x.std(1, ddof=1))
# %% Exercise 4: wrong, says "too far from"
def my_noise(size):
    batches = torch.randn(4000, size, generator=torch.Generator().manual_seed(1))
    batches[:, 0] = 1
    return (1 - batches.mean(1)).std().item()
# %% Exercise 4: wrong, says "too far from"
def my_noise(size):
    return 1 / size
# %% Exercise 4: wrong, says "too far from"
def my_noise(size):
    batches = torch.randn(4000, size, generator=torch.Generator().manual_seed(1))
    return ((batches[:, 0] - batches.mean(1)) / batches.std(1)).std().item()
# %% Exercise 4: never says "std(1)"
# %% Exercise 4: never says "square root"

# %% Exercise 5: right
def my_fold(linear, norm):
    scale = norm.gamma.detach() / (norm.running_var + norm.eps).sqrt()
    new = Linear(*linear.weight.shape)
    new.weight.data = linear.weight.detach() @ torch.diag(scale.flatten())
    bias = torch.zeros(linear.weight.shape[1]) if linear.bias is None else linear.bias.detach()
    new.bias.data = ((bias - norm.running_mean) * scale).flatten() + norm.beta.detach()
    return new
# %% Exercise 5: right
def my_fold(linear, norm):
    fan_in, fan_out = linear.weight.shape
    new = module_layers.Linear(fan_in, fan_out)
    zero = norm(linear(torch.zeros(1, fan_in)))
    new.bias.data = zero.flatten().clone()
    new.weight.data = norm(linear(torch.eye(fan_in))) - zero
    return new
# %% Exercise 5: wrong, says "without a bias"
def my_fold(linear, norm):
    return linear
# %% Exercise 5: wrong, says "with a bias before"
def my_fold(linear, norm):
    factor = norm.gamma / torch.sqrt(norm.running_var + norm.eps)
    folded = module_layers.Linear(*linear.weight.shape)
    folded.weight.data = linear.weight * factor
    folded.bias.data = (norm.beta - norm.running_mean * factor).flatten()
    return folded
# %% Exercise 5: wrong, says "without a bias"
def my_fold(linear, norm):
    factor = norm.gamma / norm.running_var.sqrt()
    folded = module_layers.Linear(*linear.weight.shape)
    folded.weight.data = linear.weight * factor
    before = 0 if linear.bias is None else linear.bias
    folded.bias.data = (norm.beta + (before - norm.running_mean) * factor).flatten()
    return folded
# %% Exercise 5: wrong, says "changes the pair"
def my_fold(linear, norm):
    factor = norm.gamma / torch.sqrt(norm.running_var + norm.eps)
    before = 0 if linear.bias is None else linear.bias.clone()
    linear.weight.data *= factor
    linear.bias = (norm.beta + (before - norm.running_mean) * factor).flatten()
    return linear
# %% Exercise 5: wrong, says "not one layer"
def my_fold(linear, norm):
    return lambda x: norm(linear(x))
# %% Exercise 5: wrong, says "changes the pair"
def my_fold(linear, norm):
    factor = norm.gamma / torch.sqrt(norm.running_var + norm.eps)
    before = 0 if linear.bias is None else linear.bias
    linear.weight = linear.weight.detach() * factor
    linear.bias = ((before - norm.running_mean) * factor + norm.beta).flatten()
    return linear
# %% Exercise 5: never says "running_var"
# %% Exercise 5: never says "gamma /"
