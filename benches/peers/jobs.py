#!/usr/bin/env python3
"""Whole jobs in scikit-learn and NumPy, for the bench `jobs`, which takes turns with it.

    python jobs.py FOLDER           answers questions, one a line, about tables in this folder: NAME.x, rows of float64 one
                                    after the other, and NAME.y, the class of each row as int64

    ready                           0
    fit NAME SEED                   seconds of the reference's fit, and the J that it came to
    epochs NAME UNITS COUNT         seconds of so many epochs of Adam in batches of 32, in float32
    epoch ROWS                      seconds of one epoch of 784-256-10 over so many rows, in float32, by NumPy
    predict NAME UNITS CALLS        seconds of one call with one row, of so many

One thread.
"""

import os
import sys

for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[name] = "1"

import time
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier

warnings.simplefilter("ignore")


def table(name):
    """x: (n, columns) and the class of each row."""
    y = np.fromfile(os.path.join(FOLDER, name + ".y"), dtype=np.int64)
    return np.fromfile(os.path.join(FOLDER, name + ".x")).reshape(len(y), -1), y


def seconds(job):
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def fit(name, seed):
    """25 logistic units, L-BFGS, alpha 1: the settings of the reference figures."""
    x, y = table(name)
    model = MLPClassifier([25], activation="logistic", solver="lbfgs", alpha=1.0, random_state=int(seed))
    took = seconds(lambda: model.fit(x, y))
    return f"{took} {model.loss_}"


def by_adam(name, units, count):
    x, y = table(name)
    model = MLPClassifier(
        [int(units)], batch_size=32, max_iter=int(count), n_iter_no_change=10**9, random_state=0
    )
    return x.astype(np.float32), y, model


def epochs(name, units, count):
    x, y, model = by_adam(name, units, count)
    return seconds(lambda: model.fit(x, y))


def predict(name, units, calls):
    x, y, model = by_adam(name, units, 1)
    model.fit(x, y)
    row, calls = x[:1], int(calls)
    return seconds(lambda: [model.predict_proba(row) for _ in range(calls)]) / calls


def epoch(rows):
    """Backpropagation by hand and Adam in place, a batch of 128 at a time; ReLU and softmax."""
    rows, random = int(rows), np.random.default_rng(0)
    x = random.random((rows, 784), np.float32)
    labels = random.integers(10, size=rows)
    y = np.eye(10, dtype=np.float32)[labels]
    sizes = [784, 256, 10]
    parameters = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        parameters += [random.standard_normal((n_in, n_out)).astype(np.float32) * (2 / n_in) ** 0.5]
        parameters += [np.zeros(n_out, np.float32)]
    moments = [(np.zeros_like(p), np.zeros_like(p), np.empty_like(p)) for p in parameters]

    def job():
        order = random.permutation(rows)
        for step, start in enumerate(range(0, rows, 128), 1):
            chosen = order[start : start + 128]
            a, target = x[chosen], y[chosen]
            w, b, v, c = parameters
            hidden = a @ w
            hidden += b
            np.maximum(hidden, 0, out=hidden)
            delta = hidden @ v
            delta += c
            delta -= delta.max(axis=1, keepdims=True)
            np.exp(delta, out=delta)
            delta /= delta.sum(axis=1, keepdims=True)
            delta -= target
            delta /= len(chosen)
            below = delta @ v.T
            below *= hidden > 0
            bars = [a.T @ below, below.sum(axis=0), hidden.T @ delta, delta.sum(axis=0)]
            rate = np.float32(1e-3 * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step))
            for p, bar, (first, second, scratch) in zip(parameters, bars, moments):
                first *= np.float32(0.9)
                np.multiply(bar, np.float32(0.1), out=scratch)
                first += scratch
                second *= np.float32(0.999)
                np.square(bar, out=scratch)
                scratch *= np.float32(0.001)
                second += scratch
                np.sqrt(second, out=scratch)
                scratch += np.float32(1e-8)
                np.divide(first, scratch, out=scratch)
                scratch *= rate
                p -= scratch

    return seconds(job)


QUESTIONS = {"ready": lambda: 0, "fit": fit, "epochs": epochs, "epoch": epoch, "predict": predict}

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("jobs.py: wants the folder of the tables")
    FOLDER = sys.argv[1]
    for line in sys.stdin:
        try:
            what, *rest = line.split()
            result = QUESTIONS[what](*rest)
        except Exception as error:  # whatever it is, the bench goes on without this row
            result = f"{type(error).__name__}: {error}".splitlines()[0]
        print(result, flush=True)
