"""Writes tests/data/axx/wide.json: layers at 4, 9 and 12 bits as PyTorch computes them with integers
(made with torch 2.15; any version gives the same, they are integers). The multiplier is b times a
without its lowest bit. The tests read only the file.
    python3 tests/golden_axx_wide.py tests/data/axx/wide.json"""
import json
import sys

import torch

BATCH, IN, SIDE, OUT, KERNEL, K, ROWS = 2, 4, 6, 6, 3, 20, 5


def uniform(state, n):
    """n float32 numbers of [-1, 1) from a linear congruential generator, and its state."""
    out = []
    for _ in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append((state >> 40) / 2**23 - 1)
    return torch.tensor(out, dtype=torch.float32), state


def quantised(x, scale, bits):
    q = torch.round(x * scale.to(torch.float32))
    return torch.clamp(q, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1).to(torch.int64)


def scale_of(x, bits):
    return torch.tensor(2 ** (bits - 1) - 1, dtype=torch.float32) / x.abs().max()


def rows_quantised(w, bits):
    rows = [quantised(row, scale_of(row, bits), bits) for row in w.reshape(w.shape[0], -1)]
    return torch.stack(rows).reshape(w.shape)


def without_lowest(a):
    return a >> 1 << 1


def conv(x, w, groups, stride):
    """conv2d of int64 tensors with padding 1, product by product."""
    x = torch.nn.functional.pad(x, (1, 1, 1, 1))
    per = w.shape[0] // groups
    side = (SIDE + 2 - KERNEL) // stride + 1
    out = torch.zeros(x.shape[0], w.shape[0], side, side, dtype=torch.int64)
    for o in range(w.shape[0]):
        first = o // per * w.shape[1]
        for c in range(w.shape[1]):
            for i in range(KERNEL):
                for j in range(KERNEL):
                    at = x[:, first + c, i:i + side * stride:stride, j:j + side * stride:stride]
                    out[:, o] += without_lowest(at) * w[o, c, i, j]
    return out


def main():
    cases = []
    for bits in (4, 9, 12):
        x, state = uniform(bits, BATCH * IN * SIDE * SIDE)
        w, state = uniform(state, OUT * IN * KERNEL * KERNEL)
        rows, state = uniform(state, ROWS * K)
        weights, state = uniform(state, OUT * K)
        image = quantised(x, scale_of(x, bits), bits).reshape(BATCH, IN, SIDE, SIDE)
        a = quantised(rows, scale_of(rows, bits), bits).reshape(ROWS, K)
        b = rows_quantised(weights.reshape(OUT, K), bits)
        grouped = w.reshape(OUT, IN, KERNEL, KERNEL)[:, :2]
        cases.append({
            "bits": bits,
            "linear": (without_lowest(a) @ b.T).flatten().tolist(),
            "conv": conv(image, rows_quantised(w.reshape(OUT, IN, KERNEL, KERNEL), bits), 1,
                         1).flatten().tolist(),
            "grouped": conv(image, rows_quantised(grouped, bits), 2, 2).flatten().tolist(),
        })
    with open(sys.argv[1], "w", encoding="ascii") as file:
        json.dump({"cases": cases}, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
