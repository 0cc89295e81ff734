#!/usr/bin/env python3
"""One training step of a network in NumPy, PyTorch, JAX and scikit-learn: nanoseconds a step.

    python step.py [LIBRARY ...]    a table in TSV (library, net, ns) of these libraries, or of all
    python step.py --answer LIBRARY answers questions, one a line, for the bench `networks`, which takes turns with it:
                                    `ready`, `check NET` (J after ten steps without a penalty), `time NET CALLS`

Forward, J, all gradients and a step of gradient descent, in single precision and one thread. Nets and data are those of
`src/networks/net.rs`.
"""

import os
import sys

# One thread for all libraries: said to each before it is imported, and by one processor for those that do not listen.
for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[name] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import time
import warnings

import numpy as np

NETS = {
    "4-8-3-b16-f32": ([4, 8, 3], 16),
    "64-64-10-b64-f32": ([64, 64, 10], 64),
    "784-256-128-10-b128-f32": ([784, 256, 128, 10], 128),
    "784-2048-2048-10-b512-f32": ([784, 2048, 2048, 10], 512),
}
LAMBDA = 1.0
ALPHA = 0.1


def data(net):
    """The rows, the targets and the first weights, each (out, in)."""
    sizes, rows = NETS[net]
    counted = lambda *shape: np.arange(np.prod(shape), dtype=float).reshape(shape)
    x = np.sin(1.3 * counted(rows, sizes[0])).astype(np.float32)
    y = (np.sin(2.1 * counted(rows, sizes[-1])) > 0.6).astype(np.float32)
    weights = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        width = (6 / (n_in + n_out)) ** 0.5
        weights.append((width * np.sin(1.7 * counted(n_out, n_in) + 0.3)).astype(np.float32))
    return x, y, weights


def by_numpy(net, penalty):
    """Backpropagation by hand, as the course writes it."""
    x, y, thetas = data(net)
    n = np.float32(len(x))
    biases = [np.zeros(len(theta), np.float32) for theta in thetas]
    decay, alpha = np.float32(penalty) / n, np.float32(ALPHA)

    def step():
        a = [x]
        for theta, bias in zip(thetas, biases):
            z = a[-1] @ theta.T
            z += bias
            a.append(1 / (1 + np.exp(-z)))
        # z is now that of the last layer.
        cost = (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).sum() / n
        delta = (a.pop() - y) / n
        for k in reversed(range(len(thetas))):
            theta, below = thetas[k], a.pop()
            theta_bar = delta.T @ below
            bias_bar = delta.sum(axis=0)
            if decay:
                cost += decay / 2 * np.vdot(theta, theta)
                theta_bar += decay * theta
            if k > 0:
                delta = (delta @ theta) * (below * (1 - below))
            theta -= alpha * theta_bar
            biases[k] -= alpha * bias_bar
        return float(cost)

    return step


def by_pytorch(net, penalty, compiled=False):
    """Its modules, loss and optimizer, which decays weights."""
    import torch

    torch.set_num_threads(1)
    x, y, weights = data(net)
    layers = []
    for theta in weights:
        layer = torch.nn.Linear(theta.shape[1], theta.shape[0])
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(theta))
            layer.bias.zero_()
        layers += [layer, torch.nn.Sigmoid()]
    model = torch.nn.Sequential(*layers[:-1])
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    descent = torch.optim.SGD(model.parameters(), lr=ALPHA, weight_decay=penalty / len(x))

    def cost_of(x, y):
        return torch.nn.functional.binary_cross_entropy_with_logits(model(x), y, reduction="sum") / len(x)

    if compiled:
        cost_of = torch.compile(cost_of)

    def step():
        descent.zero_grad()
        cost = cost_of(x, y)
        cost.backward()
        descent.step()
        return cost.item()

    return step


def by_pytorch_compiled(net, penalty):
    return by_pytorch(net, penalty, compiled=True)


def by_jax(net, penalty):
    """One compiled function, to which the parameters are given away."""
    import jax
    import jax.numpy as jnp

    x, y, weights = data(net)
    n = len(x)
    parameters = [(jnp.asarray(theta), jnp.zeros(len(theta), jnp.float32)) for theta in weights]
    x, y = jnp.asarray(x), jnp.asarray(y)

    def cost(parameters, x, y):
        a = x
        for theta, bias in parameters[:-1]:
            a = jax.nn.sigmoid(a @ theta.T + bias)
        theta, bias = parameters[-1]
        z = a @ theta.T + bias
        value = (jax.nn.softplus(z) - z * y).sum() / n
        if penalty:
            value += penalty / (2 * n) * sum((theta * theta).sum() for theta, _ in parameters)
        return value

    def update(parameters, x, y):
        value, bar = jax.value_and_grad(cost)(parameters, x, y)
        return jax.tree.map(lambda p, p_bar: p - ALPHA * p_bar, parameters, bar), value

    update = jax.jit(update, donate_argnums=0)

    def step():
        nonlocal parameters
        parameters, value = update(parameters, x, y)
        return float(value)

    return step


def by_scikit_learn(net, penalty):
    """`MLPClassifier` with several labels, so that its outputs are sigmoid units, a batch at a time."""
    from sklearn.neural_network import MLPClassifier

    x, y, weights = data(net)
    if x.shape[1] * len(weights[0]) > 1e6:
        raise RuntimeError("too slow for this net to be measured")
    y = y.astype(int)
    model = MLPClassifier(
        [len(theta) for theta in weights[:-1]], activation="logistic", solver="sgd", alpha=penalty,
        batch_size=len(x), learning_rate_init=ALPHA, momentum=0.0, shuffle=False,
    )
    warnings.simplefilter("ignore")
    model.partial_fit(x, y, classes=np.arange(y.shape[1]))
    # In place: the optimizer holds these very arrays.
    for theta, coefficients, intercepts in zip(weights, model.coefs_, model.intercepts_):
        coefficients[:] = theta.T
        intercepts[:] = 0

    def step():
        model.partial_fit(x, y)
        return model.loss_

    return step


LIBRARIES = {
    "numpy": by_numpy,
    "pytorch": by_pytorch,
    "pytorch-compiled": by_pytorch_compiled,
    "jax": by_jax,
    "scikit-learn": by_scikit_learn,
}
MODULES = {"numpy": "numpy", "pytorch": "torch", "pytorch-compiled": "torch", "jax": "jax", "scikit-learn": "sklearn"}


def measured(step, calls):
    start = time.perf_counter_ns()
    for _ in range(calls):
        step()
    return (time.perf_counter_ns() - start) / calls


def median_time(step):
    """The median of nine batches of some 20 ms, after two steps that warm up."""
    step()
    calls = max(1, int(2e7 / min(measured(step, 1), measured(step, 1))))
    return sorted(measured(step, calls) for _ in range(9))[4]


def answer(library):
    """Answers questions until there are none."""
    build, steps = LIBRARIES[library], {}
    for line in sys.stdin:
        try:
            what, *rest = line.split()
            if what == "ready":
                __import__(MODULES[library])
                result = 0
            elif what == "check":
                step = build(rest[0], 0.0)
                for _ in range(10):
                    step()
                result = step()
            else:
                net, calls = rest
                if net not in steps:
                    # One net at a time is in memory.
                    steps = {net: build(net, LAMBDA)}
                result = measured(steps[net], int(calls))
        except Exception as error:  # whatever it is, the bench goes on without this library
            result = f"{type(error).__name__}: {error}".splitlines()[0]
        print(result, flush=True)


def table(libraries):
    print("library\tnet\tns")
    for library in libraries:
        for net in NETS:
            try:
                print(library, net, f"{median_time(LIBRARIES[library](net, LAMBDA)):.0f}", sep="\t", flush=True)
            except Exception as error:
                print(f"{library}, {net}: {error}", file=sys.stderr)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    unknown = [name for name in arguments if name not in LIBRARIES and name != "--answer"]
    if unknown:
        sys.exit(f"step.py: knows {', '.join(LIBRARIES)}, got {unknown[0]}")
    if arguments[:1] == ["--answer"] and len(arguments) == 2:
        answer(arguments[1])
    elif "--answer" in arguments:
        sys.exit("step.py: wants one library after --answer")
    else:
        table(arguments or LIBRARIES)
