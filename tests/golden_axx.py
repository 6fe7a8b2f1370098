"""Writes tests/data/axx/calibration.json: what the calibrators of nc_axx.h must find, by a plain NumPy
model of their definitions. Needs numpy; the tests read only the file.
    python3 tests/golden_axx.py tests/data/axx/calibration.json"""
import json
import sys

import numpy as np

BINS = 2048


def uniform(state, n):
    """n float32 numbers of [0, 1) from a linear congruential generator, and its state."""
    out = np.empty(n, np.float32)
    for i in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out[i] = np.float32(state >> 40) / np.float32(2**24)
    return out, state


def values(kind, n, seed):
    state, columns = seed, []
    for _ in range(6):
        u, state = uniform(state, n)
        columns.append(u)
    bell = columns[0]
    for u in columns[1:]:
        bell = bell + u
    bell = bell - np.float32(3)
    if kind == "uniform":
        return columns[0] * np.float32(2) - np.float32(1)
    if kind == "bell":
        return bell
    if kind == "relu":
        return np.maximum(bell, np.float32(0)) * np.float32(3)
    return (columns[0] - np.float32(0.5)) / (columns[1] + np.float32(0.001))  # a heavy tail


def histogram(x):
    amax = np.abs(x).max()
    exponent = max(int(np.frexp(amax)[1]), -40)
    bins = np.floor(np.abs(x).astype(np.float64) * BINS / 2.0**exponent).astype(int)
    return np.bincount(bins, minlength=BINS), exponent


def percentile(counts, percent):
    below = np.cumsum(counts)
    return int(np.nonzero(below >= percent / 100 * counts.sum())[0][0]) + 1


def bins_used(counts):
    return int(np.nonzero(counts)[0][-1]) + 1


def least_squares(counts, bits, amax):
    """amax in bins: the last candidate."""
    levels = 2 ** (bits - 1) - 1
    centres = np.arange(BINS) + 0.5
    errors = []
    for k in range(128, bins_used(counts) + 1):
        edge = min(k, amax)
        q = np.minimum(np.rint(centres * levels / edge), levels)
        errors.append((counts * (centres - q * edge / levels) ** 2).sum())
    return 128 + int(np.argmin(errors))


def divergence(counts, bits):
    groups = 2 ** (bits - 1)
    bins = counts.astype(np.float64)
    bins[0] = bins[1]
    best, least = bins_used(counts), np.inf
    for k in range(128, bins_used(counts) + 1):
        kept = bins[:k]
        p = kept.copy()
        p[-1] += bins[k:].sum()
        group = np.arange(k) * groups // k
        weight = np.bincount(group, kept, groups)
        used = np.bincount(group, kept > 0, groups)
        mean = np.divide(weight, used, out=np.zeros(groups), where=used > 0)
        q = np.where(kept > 0, mean[group], 0)
        if kept.sum() == 0 or ((p > 0) & (q == 0)).any():
            continue
        p, q = p / p.sum(), q / q.sum()
        some = p > 0
        kl = max((p[some] * np.log(p[some] / q[some])).sum(), 0)
        if kl < least:
            best, least = k, kl
    return best


cases = []
for kind in ("uniform", "bell", "relu", "tail"):
    for n, seed in ((500, 1), (20000, 2)):
        x = values(kind, n, seed)
        counts, exponent = histogram(x)
        amax = np.abs(x).max()
        edge = lambda k: float(min(np.float32(k / BINS * 2.0**exponent), amax))
        in_bins = float(amax) * BINS / 2.0**exponent
        cases.append({
            "kind": kind, "n": n, "seed": seed, "exponent": exponent,
            "max": float(amax),
            "percentile_99.99": edge(percentile(counts, 99.99)),
            "percentile_90": edge(percentile(counts, 90)),
            "mse_8": edge(least_squares(counts, 8, in_bins)),
            "mse_4": edge(least_squares(counts, 4, in_bins)),
            "entropy_8": edge(divergence(counts, 8)), "entropy_6": edge(divergence(counts, 6)),
        })
with open(sys.argv[1], "w") as file:
    json.dump({"made by": "tests/golden_axx.py", "cases": cases}, file, indent=1)
    file.write("\n")
