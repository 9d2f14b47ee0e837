"""Reference vectors of PyTorch for the network core.

Writes kernels.json (operations, with the gradients that PyTorch's autograd
gives, and optimisers) and update.json (losses and updates of a recurrent,
factored, discrete soft actor-critic) beside this file. PyTorch computes in
float64 from inputs that are float32 numbers, so that a difference is ours.
The Go tests read the files alone; `make vectors` writes them again.

Weights are written as our layers hold them, [in, out]: the transposes of
PyTorch's. Sequences are time-major, the steps one below the other.
"""
import json
import math
import os
import subprocess

import torch
import torch.nn.functional as F
from torch import distributions as D

COMMAND = ("env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE OPENBLAS_NUM_THREADS=1 "
           "/usr/bin/python3 agents/nn/testdata/torch/vectors.py")
HERE = os.path.dirname(os.path.abspath(__file__))

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(20240607)


def draw(*shape, scale=1.0):
    """Normal values that float32 holds exactly."""
    return (scale * torch.randn(*shape)).float().double()


def tensor(x):
    """A tensor as JSON has it; nine digits tell all float32 numbers apart."""
    x = x.detach()
    return {"shape": list(x.shape), "data": [float("%.9g" % v) for v in x.flatten().tolist()]}


def header():
    try:
        package = subprocess.run(["dpkg-query", "-W", "python3-torch"], capture_output=True, text=True).stdout.split()
    except OSError:
        package = []
    return {"tool": "PyTorch", "version": torch.__version__, "package": " ".join(package), "command": COMMAND}


def write(name, content):
    """One line for each entry of the file and of its lists."""
    parts = []
    for key, value in content.items():
        if isinstance(value, list):
            lines = ",\n".join(json.dumps(v, separators=(",", ":")) for v in value)
            parts.append("%s:[\n%s\n]" % (json.dumps(key), lines))
        else:
            parts.append("%s:%s" % (json.dumps(key), json.dumps(value, separators=(",", ":"))))
    with open(os.path.join(HERE, name), "w") as f:
        f.write("{\n" + ",\n".join(parts) + "\n}\n")


# Operations

kernels = []


def kernel(name, f, *inputs, constant=(), **options):
    """Adds f(*inputs), the gradient of a random weighting of it by all inputs
    but the constant ones, and the options that our kernel of that name takes."""
    inputs = [x.clone().requires_grad_(i not in constant) for i, x in enumerate(inputs)]
    out = f(*inputs)
    dout = draw(*out.shape)
    out.backward(dout)
    kernels.append({
        "kernel": name, "options": options, "in": [tensor(x) for x in inputs],
        "out": tensor(out), "dout": tensor(dout),
        "din": [None if i in constant else tensor(x.grad) for i, x in enumerate(inputs)],
    })


def dense(activation):
    return lambda x, w, b: activation(F.linear(x, w.t(), b))


def gru(x, h0, wih, whh, bih, bhh):
    """PyTorch's layer with the given weights, through which gradients flow."""
    steps, batch, hidden = x.shape[0] // h0.shape[0], h0.shape[0], h0.shape[1]
    weights = [wih.t().contiguous(), whh.t().contiguous(), bih, bhh]
    # torch._VF.gru is what torch.nn.GRU calls: input, state, weights,
    # biases, layers, dropout, training, bidirectional, batch first
    out, last = torch._VF.gru(x.view(steps, batch, -1), h0.unsqueeze(0), weights, True, 1, 0.0, True, False, False)
    assert torch.equal(out[-1], last[0])
    layer = torch.nn.GRU(x.shape[1], hidden)
    with torch.no_grad():
        for p, v in zip(layer.parameters(), weights):
            p.copy_(v)
    assert torch.equal(layer(x.view(steps, batch, -1), h0.unsqueeze(0))[0], out)
    return out.reshape(steps * batch, hidden)


def squashed(box, sigma):
    """Our head: the mean and the raw scale of z, and standard normal noise;
    u = box tanh(z) and its log-probability, one below the other."""
    def f(h, noise):
        scale = sigma * torch.exp(2 * torch.tanh(h[:, 1:] / 2))
        z = h[:, :1] + scale * noise
        chain = [D.TanhTransform(cache_size=1), D.AffineTransform(0, box, cache_size=1)]
        u = chain[1](chain[0](z))
        return torch.cat([u, D.TransformedDistribution(D.Normal(h[:, :1], scale), chain).log_prob(u)])
    return f


for name, activation in ("identity", lambda x: x), ("relu", F.relu), ("tanh", torch.tanh):
    for rows, cols, out in (1, 1, 1), (5, 3, 4):
        kernel("dense " + name, dense(activation), draw(rows, cols), draw(cols, out), draw(out))
for steps, batch, cols, hidden in (1, 1, 1, 1), (5, 3, 2, 4), (3, 2, 3, 9):
    kernel("gru", gru, draw(steps * batch, cols), draw(batch, hidden), draw(cols, 3 * hidden),
           draw(hidden, 3 * hidden, scale=0.5), draw(3 * hidden), draw(3 * hidden), steps=steps)
for rows, cols in (1, 2), (4, 7):
    # An operation that is no more: its draws are made, so that those of the
    # operations after it stay what they were.
    draw(rows, cols, scale=2), draw(cols), draw(cols), draw(rows, cols)
for rows, levels in (1, 2), (5, 3):
    kernel("log-softmax", lambda x: F.log_softmax(x, -1), draw(rows, levels, scale=3))
    logp = F.log_softmax(draw(rows, levels, scale=2), -1).float().double()
    kernel("entropy", lambda lp: -(lp.exp() * lp).sum(-1, keepdim=True), logp)
    assert torch.allclose(D.Categorical(logits=logp).entropy(), -(logp.exp() * logp).sum(-1), atol=1e-6)
    kernel("expectation", lambda lp, v: (lp.exp() * v).sum(-1, keepdim=True), logp, draw(rows, levels))
    kernel("gather", lambda x, i: x.gather(-1, i.long()), draw(rows, levels),
           torch.randint(levels, (rows, 1)).double(), constant=(1,))
for box, sigma in (1.0, 0.4), (1.5, 0.2):
    kernel("squashed Gaussian", squashed(box, sigma), draw(6, 2), draw(6, 1), constant=(1,), box=box, sigma=sigma)
for rows, cols in (1, 1), (5, 3):
    kernel("mean square", lambda x, y: F.mse_loss(x, y).view(1), draw(rows, cols), draw(rows, cols))
    for _ in range(2):  # as above
        draw(rows, cols, scale=2), draw(rows, cols), draw(1)


# Optimisers: three steps after clipping

def optimise(name, cls, max_norm, rate, **options):
    x = draw(7).requires_grad_()
    first, optimiser, steps = tensor(x), cls([x], lr=rate, **options), []
    for scale in 1.0, 5.0, 0.01:
        x.grad = draw(7, scale=scale)
        x.grad[3] = 0
        gradient = tensor(x.grad)
        norm = torch.nn.utils.clip_grad_norm_([x], max_norm if max_norm > 0 else math.inf)
        optimiser.step()
        steps.append({"gradient": gradient["data"], "norm": norm.item(), "values": tensor(x)["data"]})
    return {"optimiser": name, "rate": rate, "max_norm": max_norm, "weight_decay": options.get("weight_decay", 0),
            "values": first["data"], "steps": steps}


optimisers = [
    optimise("adam", torch.optim.Adam, 0.0, 1e-2),
    optimise("adam", torch.optim.Adam, 1.5, 3e-3),
    optimise("adamw", torch.optim.AdamW, 1.5, 3e-3, weight_decay=0.1),
    optimise("adamw", torch.optim.AdamW, 0.0, 1e-2, weight_decay=0.01),
]
write("kernels.json", {**header(), "kernels": kernels, "optimisers": optimisers})


# Soft actor-critic: categoricals of K levels for each of N servers; a critic's
# row is V and U_jk, Q(s, a) = V(s) + sum_j U_j(s, a_j)

HIDDEN, BATCH, STEPS, SERVERS, FEATURES, LEVELS = 5, 3, 4, 2, 2, 3
COLUMNS, HEADS = SERVERS * (FEATURES + 1), SERVERS * LEVELS
ROWS = STEPS * BATCH
DISCOUNT, RATE, TAU = 0.99, 1e-3, 0.005
TARGET_ENTROPY = 0.6 * SERVERS * math.log(LEVELS)


def policy(logits):
    """Log-probabilities [R,N,K] from logits [R,N*K]."""
    return F.log_softmax(logits.view(-1, SERVERS, LEVELS), -1)


def entropy(logp):
    return -(logp.exp() * logp).sum((1, 2))


def parts(row):
    return row[:, 0], row[:, 1:].view(-1, SERVERS, LEVELS)


def expected(row, logp):
    v, u = parts(row)
    return v + (logp.exp() * u).sum((1, 2))


def target(logp, next1, next2, rewards, alpha):
    value = torch.minimum(expected(next1, logp), expected(next2, logp)) + alpha * entropy(logp)
    return (rewards + DISCOUNT * value[BATCH:]).detach()


def critic_loss(row, actions, y):
    v, u = parts(row)
    return F.mse_loss(v + u.gather(2, actions.unsqueeze(2)).squeeze(2).sum(1), y)


def actor_loss(logp, row1, row2, alpha):
    u = torch.minimum(parts(row1)[1], parts(row2)[1]).detach()
    return (logp.exp() * (alpha * logp - u)).sum((1, 2)).mean()


def losses():
    """The three losses and the gradient of their sum by what they start from."""
    logits = draw(ROWS + BATCH, HEADS, scale=2).requires_grad_()
    rows = [draw(ROWS, 1 + HEADS).requires_grad_() for _ in range(2)]
    nexts = [draw(ROWS + BATCH, 1 + HEADS) for _ in range(2)]
    actions, rewards, alpha = torch.randint(LEVELS, (ROWS, SERVERS)), draw(ROWS), 0.375
    y = target(policy(logits), *nexts, rewards, alpha)
    critics = [critic_loss(row, actions, y) for row in rows]
    logp = policy(logits[:ROWS])
    actor = actor_loss(logp, *rows, alpha)
    (critics[0] + critics[1] + actor).backward()
    return {
        "alpha": alpha, "logits": tensor(logits), "critics": [tensor(r) for r in rows],
        "targets": [tensor(r) for r in nexts], "actions": tensor(actions.double()), "rewards": tensor(rewards),
        "y": tensor(y), "critic_losses": [c.item() for c in critics], "actor_loss": actor.item(),
        "entropy": entropy(logp).mean().item(),
        "dlogits": tensor(logits.grad), "dcritics": [tensor(r.grad) for r in rows],
    }


class Net(torch.nn.Module):
    """Two dense layers, a GRU, one or two dense layers, an output."""

    def __init__(self, after, out):
        super().__init__()
        linear = torch.nn.Linear
        self.before = torch.nn.ModuleList([linear(COLUMNS, HIDDEN), linear(HIDDEN, HIDDEN)])
        self.gru = torch.nn.GRU(HIDDEN, HIDDEN)
        self.after = torch.nn.ModuleList([linear(HIDDEN, HIDDEN) for _ in range(after)])
        self.out = linear(HIDDEN, out)
        with torch.no_grad():
            for p in self.parameters():
                p.copy_(p.float())

    def forward(self, x):
        for layer in self.before:
            x = F.relu(layer(x))
        x, _ = self.gru(x.view(-1, BATCH, HIDDEN))
        x = x.reshape(-1, HIDDEN)
        for layer in self.after:
            x = F.relu(layer(x))
        return self.out(x)

    def values(self, name):
        """The parameters under the names of our RecurrentNet."""
        out = {}
        layers = [*self.before, *self.after]
        for i, layer in enumerate(layers):
            out["hidden%d.weights" % (i + 1)], out["hidden%d.bias" % (i + 1)] = layer.weight.t(), layer.bias
        out["out.weights"], out["out.bias"] = self.out.weight.t(), self.out.bias
        out["gru.weights"], out["gru.state_weights"] = self.gru.weight_ih_l0.t(), self.gru.weight_hh_l0.t()
        out["gru.bias"], out["gru.state_bias"] = self.gru.bias_ih_l0, self.gru.bias_hh_l0
        return {name + "." + k: tensor(v) for k, v in out.items()}


def updates():
    """Three updates of a batch, each network with an optimiser of its own."""
    actor, critics = Net(2, HEADS), [Net(1, 1 + HEADS) for _ in range(2)]
    targets = [Net(1, 1 + HEADS) for _ in range(2)]
    for t, c in zip(targets, critics):
        t.load_state_dict(c.state_dict())
    log_alpha = torch.zeros(1, requires_grad=True)
    adam = {n: torch.optim.Adam(p, RATE) for n, p in
            [("actor", actor.parameters()), (0, critics[0].parameters()), (1, critics[1].parameters()), ("alpha", [log_alpha])]}
    obs, actions, rewards = draw(ROWS + BATCH, COLUMNS), torch.randint(LEVELS, (ROWS, SERVERS)), draw(ROWS)

    def values(nets):
        out = {}
        for i, n in enumerate(nets):
            out.update(n.values("critic%d" % (i + 1)))
        return out

    content = {
        "observations": tensor(obs), "actions": tensor(actions.double()), "rewards": tensor(rewards),
        "before": {**actor.values("actor"), **values(critics)}, "steps": [],
    }

    def descend(key, loss):
        adam[key].zero_grad()
        loss.backward()
        adam[key].step()

    for _ in range(3):
        alpha = log_alpha.detach().exp()
        with torch.no_grad():
            y = target(policy(actor(obs)), targets[0](obs), targets[1](obs), rewards, alpha)
        rows, step = [], {"losses": []}
        for i, c in enumerate(critics):
            row = c(obs[:ROWS])
            rows.append(row.detach())
            loss = critic_loss(row, actions, y)
            step["losses"].append(loss.item())
            descend(i, loss)
        logp = policy(actor(obs[:ROWS]))
        loss = actor_loss(logp, *rows, alpha)
        step["losses"].append(loss.item())
        descend("actor", loss)
        h = entropy(logp).detach()
        descend("alpha", (log_alpha * (h - TARGET_ENTROPY)).mean())
        step["entropy"], step["log_alpha"] = h.mean().item(), log_alpha.item()
        with torch.no_grad():
            for t, c in zip(targets, critics):
                for x, to in zip(t.parameters(), c.parameters()):
                    x.lerp_(to, TAU)
        content["steps"].append(step)
    content["after"] = {**actor.values("actor"), **values(critics)}
    content["targets_after"] = values(targets)
    content["logits_after"] = tensor(actor(obs))
    return content


SHAPE = {"Hidden": HIDDEN, "Batch": BATCH, "Steps": STEPS, "Servers": SERVERS, "Features": FEATURES, "Levels": LEVELS}
write("update.json", {**header(), "shape": SHAPE, "target_entropy": TARGET_ENTROPY,
                      "losses": [losses()], "updates": [updates()]})
