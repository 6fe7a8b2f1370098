"""Every vision transformer that timm lists (vit_, deit, flexivit, beit, eva), with its options, shrunk
to a few tokens and random weights: files and answers of tests/golden_axx_vit.py --all, read by
nc_axx.h through nc_axx_net_describe with what no tensor tells. Prints how many agree, and a table by
family. Not a part of make test; needs timm, torch, safetensors, a C compiler.
    python3 tests/oracle_axx_vit.py [--all]
--all prints a row for each network. Returns 1 where a network is read and its logits are more than
1e-5 of the largest from timm's in float64, or one that nc_axx.h has is refused."""
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import timm
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
# what no tensor tells: describe keeps what is given
UNTOLD = ["image", "width", "heads", "eps", "activation", "patch_positions", "mean_pool", "post_norm"]


def row(*cells):
    widths = [44, 6, 8, 8]
    print("| " + " | ".join(str(c).ljust(w) for c, w in zip(cells, widths)) + " |", flush=True)


def error(values, wanted):
    values, wanted = np.array(values), np.array(wanted)
    return float(np.abs(values - wanted).max() / np.abs(wanted).max())


def main():
    with tempfile.TemporaryDirectory() as work:
        driver = f"{work}/oracle_axx_vit"
        subprocess.run(["cc", "-O2", f"{HERE}/oracle_axx_vit.c", "-o", driver, "-lm"], check=True)
        subprocess.run([sys.executable, f"{HERE}/golden_axx_vit.py", "--all", work], check=True,
                       stdout=subprocess.DEVNULL)
        answers = json.load(open(f"{work}/answers.json"))
        lines = []
        for name, a in answers.items():
            given = {k: a["config"].get(k, 0) for k in UNTOLD} if "config" in a else {}
            if "refused" in a:
                patch = int((re.search(r"patch(\d+)", name) or [0, 16])[1])
                given = dict(image=2 * patch, width=3 * patch, heads=2)
            lines.append(" ".join([f"{work}/{name}.safetensors"] +
                                  [f"{k}={v}" for k, v in given.items()]) + "\n")
        out = subprocess.run([driver], input="".join(lines), capture_output=True, text=True, check=True)
    print(f"timm {timm.__version__}, torch {torch.__version__}\n")
    families, wrong, reasons = {}, 0, {}
    if "--all" in sys.argv:
        row("network", "read", "float32", "int8")
        row("-" * 44, "-" * 6, "-" * 8, "-" * 8)
    for (name, a), line in zip(answers.items(), out.stdout.splitlines()):
        got = json.loads(line)
        family = re.match(r"(vit_[a-z]+|deit3?|flexivit|beit|eva\d*|own)", name)
        kind = families.setdefault(family[1] if family else "options alone", [0, 0, 0.0, 0.0])
        if "refused" in got:
            kind[1] += 1
            wrong += "refused" not in a
            cells = ["no", "", ""]
            reasons.setdefault(re.sub(r"'[^']*'|\d+", "..", got["refused"])[:60], []).append(name)
            if "refused" not in a:
                print(f"REFUSED: {name}: {got['refused']}")
        elif "refused" in a:
            wrong += 1
            cells = ["READ", "", ""]
            print(f"MISREAD: {name}, which is no such network: {a['refused']}")
        else:
            e, q = error(got["logits"], a["logits"]), error(got["int8"], a["logits"])
            kind[0], kind[2], kind[3] = kind[0] + 1, max(kind[2], e), max(kind[3], q)
            wrong += e > 1e-5
            cells = ["yes", f"{e:.1e}", f"{q:.1e}"]
        if "--all" in sys.argv:
            row(name, *cells)
    print("\n| family                 | read | refused | worst float32 | worst int8 |")
    print("|------------------------|-----:|--------:|--------------:|-----------:|")
    for name, (read, refused, e, q) in sorted(families.items()):
        cells = [f"{e:.1e}", f"{q:.1e}"] if read else ["", ""]
        print(f"| {name:<22} | {read:>4} | {refused:>7} | {cells[0]:>13} | {cells[1]:>10} |")
    print("\nrefused:")
    for reason, names in sorted(reasons.items(), key=lambda x: -len(x[1])):
        print(f"{len(names):4} {reason}: {names[0]}")
    print(f"{wrong} wrong of {len(answers)}")
    return wrong > 0


sys.exit(main())
