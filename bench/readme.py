"""Renews the table of headers in README.md: lines of the files, figures of bench/RESULTS.md.
    readme.py [--check]  (--check: 1 where it would change)"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
RESULTS = open(os.path.join(HERE, "RESULTS.md")).read()
# header; what for; what to copy with it; flags; an example; a row of RESULTS, the peer, what is said of it
HEADERS = [
    ("nc_goldilocks.h", "the field of 2^64 - 2^32 + 1: vectors, NTT, Poseidon2, Tip5, Merkle trees, fixed point",
     "", "", "gl_hash FILE", ("Merkle tree of 2^20 leaves", "Plonky3", "a Merkle tree of 2^20 leaves")),
    ("nc_fp4.h", "4-bit floats (E2M1, MXFP4, NVFP4, NF4); Boolean circuits of 4-bit threshold neurons",
     "", "-lm", "fp4_quantize CSV",
     ("NVFP4 x float32, 4096^2", "ggml", "a matrix in NVFP4 by a vector")),
    ("nc_tirneural.h", "TIR to TASM for Triton VM, every change proven, guided by a network",
     "`nc_goldilocks.h`, `stb_ds.h`", "-lm", "tir_opt FILE.tir", None),
    ("nc_axx.h", "networks on approximate multipliers: tables, layers, calibration, retraining, search",
     "`stb_ds.h` (networks: `nc_hlx.h`)", "-lm", "axx_eval MODEL DATA",
     ("mitchell 128^3", "NumPy", "products by a table")),
    ("nc_hlx.h", "transformer training and inference, GPT-2's and LLaMA's blocks, to the same bits",
     "", "-lm", "hlx_train --data FILE",
     ("small, training, 2 threads", "PyTorch", "a training step")),
]


def figure(row):
    if row is None:
        share = re.search(r"\| corpus, 32, shipped weights: instructions *\|[^|]*\|[ |]*([0-9.]+)", RESULTS)
        return f"{float(share.group(1)):.2f} of the compiler's instructions (24 modules)"
    name, peer, what = row
    for line in RESULTS.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == name and peer in line and len(cells) == 9:
            return f"{what}: {cells[4].rstrip('x')} times {peer} with AVX2, {cells[7].rstrip('x')} with AVX-512"
    sys.exit(f"readme.py: RESULTS.md has no row '{name}' of {peer}")


def table():
    lines = ["| header | what for | also copy | lines | flags | example | measured |", "|---|---|---|--:|---|---|---|"]
    for name, purpose, beside, flags, example, row in HEADERS:
        with open(os.path.join(TOP, name)) as f:
            size = round(sum(1 for _ in f), -3)
        lines.append(f"| `{name}` | {purpose} | {beside} | {size:,} | {flags} | `{example}` | {figure(row)} |")
    return "\n".join(lines)


path = os.path.join(TOP, "README.md")
with open(path) as f:
    before = f.read()
after = re.sub(r"(<!-- headers -->\n).*(<!-- end of headers -->)", lambda m: m.group(1) + table() + "\n" + m.group(2),
               before, flags=re.S)
if "--check" in sys.argv:
    sys.exit("README.md: python3 bench/readme.py renews the table of headers" if after != before else 0)
with open(path, "w") as f:
    f.write(after)
