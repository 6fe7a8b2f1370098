"""Our libraries beside others, both in one run on one core: prints Markdown for bench/RESULTS.md.
    run.py FOLDER [goldilocks fp4 axx hlx]      (all of them when none is named)
FOLDER is what install.sh has filled. What is not there is skipped by name. An area may name parts:
goldilocks:hashes, hlx:tiny:1. Rows that are not measured anew stay as they were last."""
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.abspath(sys.argv[1])
AREAS = ["goldilocks", "fp4", "axx", "hlx"]
ASKED = [a.split(":") for a in sys.argv[2:] or AREAS]
LAST = os.path.join(FOLDER, "peers.json")
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
                             means=means, date=str(datetime.date.today())))
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


def key(r):
    """What makes two rows the same one."""
    means = r["means"].split(",")[0].split(";")[0] if r["area"] == "axx" else ""
    return r["area"], r["what"], r["unit"], r["name"].split(" ")[0], means, r["level"]


def table(found, names):
    """Rows of one area, levels side by side, padded."""
    merged = {}
    for r in found:
        merged.setdefault(key(r)[:-1], {})[r["level"]] = r
    head = ["row", "unit"]
    for name in names.values():
        head += [f"ours, {name}", "peer", "ratio"]
    lines = [head + ["peer, what it ran"]]
    for (_, what, unit, *_), by_level in merged.items():
        line = [what, unit]
        texts = {}
        for level, name in names.items():
            r = by_level.get(level)
            line += [cell(r["ours"]), cell(r["peer"]), f"{r['faster']:.2f}x"] if r else [""] * 3
            if r:
                texts.setdefault(f"{r['name']}: {r['means']}", []).append(name)
        lines.append(line + ["; ".join(
            t if len(texts) == 1 else f"({', '.join(n)}) {t}" for t, n in texts.items())])
    wide = [max(len(line[i]) for line in lines) for i in range(len(head))]
    out = []
    for n, line in enumerate(lines):
        out.append("| " + " | ".join(
            [c.ljust(w) for c, w in zip(line, wide)] + [line[-1]]) + " |")
        if n == 0:
            out.append("|" + "|".join("-" * (w + 2) for w in wide) + "|---|")
    return "\n".join(out)


def with_last():
    """This run's rows over those of earlier ones."""
    known = {}
    if os.path.exists(LAST):
        with open(LAST) as f:
            known = {key(r): r for r in json.load(f)["rows"]}
    known.update({key(r): r for r in rows})
    return list(known.values())


def main():
    name, flags = cpu()
    names = levels(flags)
    compiler = compile_ours()
    for area, *parts in ASKED:
        for level in names:
            if area == "goldilocks":
                rust(level, parts)
                if not parts:
                    python("field.py", level)
            elif area == "hlx":
                python("train.py", level, False, *parts)
            else:
                python(f"{area}.py", level)
    known = with_last()
    with open(LAST, "w") as f:
        json.dump(dict(machine=name, rows=known, skipped=skipped), f, indent=1)
    print(f"Machine: {name}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; "
          f"{compiler}; {first_line('rustc', '--version')}; Python {platform.python_version()}.")
    print("Peers: " + ", ".join(sorted({r["name"] for r in known})) + ".")
    for area in AREAS:
        found = [r for r in known if r["area"] == area]
        if found:
            dates = sorted({r["date"] for r in found})
            print(f"\n### {area}\n\n{' to '.join(dict.fromkeys([dates[0], dates[-1]]))}\n\n"
                  f"{table(found, names)}")
    for what, reason in dict.fromkeys(map(tuple, skipped)):
        print(f"\nSkipped: {what}: {reason}.")


main()
