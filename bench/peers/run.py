"""Our libraries beside others, both in one run on one core: prints Markdown for bench/RESULTS.md.
    run.py FOLDER [goldilocks fp4 axx hlx]      (all of them when none is named)
FOLDER is what install.sh has filled. What is not there is skipped by name."""
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.abspath(sys.argv[1])
AREAS = sys.argv[2:] or ["goldilocks", "fp4", "axx", "hlx"]
PYTHON = os.path.join(FOLDER, "venv/bin/python")
if not os.path.exists(PYTHON):
    PYTHON = sys.executable
X86 = platform.machine() == "x86_64"
# Libraries that choose at run time are told to stay at AVX2.
AT_LEVEL = {1: {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2",
                "MKL_ENABLE_INSTRUCTIONS": "AVX2", "FBGEMM_ENABLE_INSTRUCTIONS": "AVX2",
                "OPENBLAS_CORETYPE": "Haswell"},
            2: {}}


def cpu():
    """Name and flags of the processor."""
    name, flags = platform.processor() or platform.machine(), []
    with open("/proc/cpuinfo") as f:
        for line in f:
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            if key.strip() in ("flags", "Features"):
                flags = value.split()
    return name, flags


def levels(flags):
    """The levels that can be compared here, and their names."""
    if not X86:
        return {2: "NEON"}
    found = {}
    if "avx2" in flags and "fma" in flags:
        found[1] = "AVX2"
    if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= set(flags):
        found[2] = "AVX-512"
    return found


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
    except (OSError, IndexError):
        return f"{command[0]}: not found"


def compile_ours():
    cc = os.environ.get("CC", "cc").split()
    subprocess.run(cc + ["-O2", "-fopenmp", "-shared", "-fPIC", os.path.join(HERE, "nc.c"), "-o",
                         os.path.join(FOLDER, "libnc.so"), "-lm"], check=True)
    return first_line(*cc, "--version")


def crates():
    """Versions of the crates that are compared, from Cargo.lock."""
    found, name = {}, ""
    with open(os.path.join(HERE, "Cargo.lock")) as f:
        for line in f:
            key, _, value = line.strip().partition(" = ")
            if key == "name":
                name = value.strip('"')
            elif key == "version" and name in ("p3-goldilocks", "twenty-first"):
                found.setdefault(name, []).append(value.strip('"'))
    return {"Plonky3": found["p3-goldilocks"][0], "twenty-first 2": min(found["twenty-first"]),
            "twenty-first": max(found["twenty-first"])}


def crate_name(name):
    return f"{name.removesuffix(' 2')} {crates()[name]}" if name in crates() else name


rows, skipped = [], []


def run(command, level, one_core=True):
    """Runs a program of this folder and takes its rows; several names an environment."""
    env = dict(os.environ, NC_PEERS=FOLDER, NC_LEVEL=str(level), **AT_LEVEL[level])
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        if name not in AT_LEVEL[level]:
            env.pop(name, None)
    if one_core:
        env.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", RAYON_NUM_THREADS="1")
    core = max(os.sched_getaffinity(0))
    ran = subprocess.run(command, env=env, text=True, stdout=subprocess.PIPE,
                         preexec_fn=(lambda: os.sched_setaffinity(0, {core})) if one_core else None)
    for line in ran.stdout.splitlines():
        cells = line.split("\t")
        if cells[0] == "skipped":
            if cells[1:] not in skipped:
                skipped.append(cells[1:])
        elif len(cells) == 8:
            area, what, unit, ours, peer, faster, name, means = cells
            rows.append(dict(area=area, what=what, unit=unit, level=level, ours=float(ours),
                             peer=float(peer), faster=float(faster), name=crate_name(name),
                             means=means))
            print(f"{line}", file=sys.stderr, flush=True)
    if ran.returncode:
        skipped.append([" ".join(command), f"failed with status {ran.returncode}"])


def rust(level, parts):
    program = os.path.join(FOLDER, f"cargo{level}", "release", "nc-peers")
    if not shutil.which("cargo"):
        return skipped.append(["Plonky3, twenty-first", "no cargo"])
    if not os.path.exists(program):
        return skipped.append(["Plonky3, twenty-first", f"{program} is not built: make peers"])
    flags = f"-C target-cpu={'x86-64-v3' if level == 1 else 'native'}"
    built = subprocess.run(["cargo", "build", "-q", "--release", "--locked", "--offline",
                            "--target-dir", os.path.join(FOLDER, f"cargo{level}")], cwd=HERE,
                           env=dict(os.environ, RUSTFLAGS=flags))  # our header may have changed
    if built.returncode:
        return skipped.append(["Plonky3, twenty-first", "cargo build failed"])
    run([program] + parts, level)


def python(script, level, one_core=True, *words):
    packages = subprocess.run([PYTHON, "-c", "import numpy"], capture_output=True)
    if packages.returncode:
        return skipped.append([script, "no numpy: make peers"])
    run([PYTHON, os.path.join(HERE, script), *words], level, one_core)


def cell(value):
    return f"{value:.0f}" if value >= 9999.5 else f"{value:.4g}"


def table(area, names):
    """Rows of one area, levels side by side, padded."""
    merged = {}
    for r in rows:
        if r["area"] == area:
            key = (r["what"], r["unit"], r["name"].split(" ")[0],
                   r["means"].split(",")[0].split(";")[0] if area == "axx" else "")
            merged.setdefault(key, {})[r["level"]] = r
    head = ["row", "unit"]
    for name in names.values():
        head += [f"ours, {name}", "peer", "ratio"]
    lines = [head + ["peer, what it ran"]]
    for (what, unit, _, _), by_level in merged.items():
        line = [what, unit]
        texts = []
        for level, name in names.items():
            r = by_level.get(level)
            line += [cell(r["ours"]), cell(r["peer"]), f"{r['faster']:.2f}x"] if r else [""] * 3
            text = f"{r['name']}: {r['means']}" if r else ""
            if text and text not in texts:
                texts.append(text)
        lines.append(line + ["; ".join(texts)])
    wide = [max(len(line[i]) for line in lines) for i in range(len(head))]
    out = []
    for n, line in enumerate(lines):
        out.append("| " + " | ".join(
            [c.ljust(w) for c, w in zip(line, wide)] + [line[-1]]) + " |")
        if n == 0:
            out.append("|" + "|".join("-" * (w + 2) for w in wide) + "|---|")
    return "\n".join(out)


def main():
    name, flags = cpu()
    names = levels(flags)
    compiler = compile_ours()
    for level in names:
        if "goldilocks" in AREAS:
            rust(level, [])
            python("field.py", level)
        if "fp4" in AREAS:
            python("fp4.py", level)
        if "axx" in AREAS:
            python("axx.py", level)
        if "hlx" in AREAS:
            python("train.py", level, False)
    print(f"Machine: {name}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; "
          f"{compiler}; {first_line('rustc', '--version')}; Python {platform.python_version()}; "
          f"{datetime.date.today()}.")
    used = sorted({r["name"] for r in rows})
    print("Peers: " + ", ".join(used) + ".")
    for area in AREAS:
        if any(r["area"] == area for r in rows):
            print(f"\n### {area}\n\n{table(area, names)}")
    for what, reason in skipped:
        print(f"\nSkipped: {what}: {reason}.")
    with open(os.path.join(FOLDER, "peers.json"), "w") as f:
        json.dump(dict(machine=name, date=str(datetime.date.today()), rows=rows, skipped=skipped),
                  f, indent=1)


main()
