"""Cycles of the NEON and the portable code on Arm processors that are not here: `make bench-mca`.

The work of bench/mca.c is run under qemu-aarch64, which writes down every instruction that was
executed between its two marks. This straight line, branches taken as they were, goes through
llvm-mca for each processor: cycles as if every branch was foreseen and every load hit the first
cache. Divided by the units of work this is comparable between the levels, and no more than that (llvm 14
has one model for both Neoverse cores).
    mca.py PROGRAM [WORD ..]       only rows with one of the words in their name"""
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

PROCESSORS = ["neoverse-n1", "neoverse-v1", "apple-m1"]
LEVELS = {0: "portable", 1: "NEON", 2: "with dot"}
MOST = 12000  # instructions that go through llvm-mca: the middle of longer work
QEMU, OBJDUMP = "qemu-aarch64", "aarch64-linux-gnu-objdump"
MCA = next((m for m in ("llvm-mca", "llvm-mca-14", "llvm-mca-16", "llvm-mca-19")
            if subprocess.run(["sh", "-c", f"command -v {m}"], capture_output=True).returncode == 0),
           None)


def disassembly(program):
    """Address to instruction, in the words llvm-mca reads; the address of the mark."""
    text = subprocess.run([OBJDUMP, "-d", "--no-show-raw-insn", program], capture_output=True,
                          text=True, check=True).stdout
    code, mark = {}, None
    for line in text.splitlines():
        named = re.match(r"([0-9a-f]+) <nc_mca_mark>:", line)
        if named:
            mark = int(named[1], 16)
        found = re.match(r"\s*([0-9a-f]+):\s+(\S.*)", line)
        if found:
            one = re.sub(r"\s*(//|<).*", "", found[2])
            # a place in the code: what it is does not matter to the cycles
            one = re.sub(r"^(b|bl|b\.\w+|cbn?z|tbn?z|adrp?)(\t.*?)[0-9a-f]{5,}$", r"\1\2#8", one)
            one = re.sub(r"^(ldr\t\w+, )[0-9a-f]{5,}$", r"\1#8", one)
            code[int(found[1], 16)] = one
    return code, mark


def executed(program, row, level, mark):
    """Addresses of the instructions between the marks."""
    with tempfile.NamedTemporaryFile("r") as log:
        ran = subprocess.run([QEMU, "-singlestep", "-d", "exec,nochain", "-D", log.name, program,
                              row, str(level)])
        if ran.returncode:
            return None
        inside, trace = 0, []
        for line in log:
            at = line.find("/")
            if at < 0:
                continue
            pc = int(line[at + 1:at + 17], 16)
            if pc == mark:
                inside += 1
            elif inside == 1:
                trace.append(pc)
    return trace


def cycles(lines, processor):
    """Cycles of a straight line of instructions."""
    ran = subprocess.run([MCA, "-mtriple=aarch64-linux-gnu", f"-mcpu={processor}",
                          "-mattr=+dotprod,+fullfp16", "-iterations=1",
                          "-instruction-info=0", "-resource-pressure=0"],
                         input="\n".join(lines), capture_output=True, text=True)
    total = re.search(r"Total Cycles:\s+(\d+)", ran.stdout)
    if not total:
        sys.exit(f"{MCA}: {ran.stderr[:400]}")
    return int(total[1])


def measure(program, code, mark, row, units, level):
    trace = executed(program, row, level, mark)
    if trace is None:
        return None
    start = max(0, (len(trace) - MOST) // 2)
    part = [code[pc] for pc in trace[start:start + MOST]]
    scale = len(trace) / len(part) / units
    return [cycles(part, p) * scale for p in PROCESSORS] + [len(trace) / units]


def main():
    program, words = sys.argv[1], sys.argv[2:]
    if not MCA:
        sys.exit("llvm-mca is missing (Debian: llvm)")
    code, mark = disassembly(program)
    listed = subprocess.run([QEMU, program, "list"], capture_output=True, text=True, check=True)
    rows = [r.split("\t") for r in listed.stdout.splitlines()]
    rows = [r for r in rows if not words or any(w in r[0] for w in words)]
    with ThreadPoolExecutor(2) as pool:
        jobs = {(r[0], level): pool.submit(measure, program, code, mark, r[0], float(r[2]), level)
                for r in rows for level in LEVELS}
        head = f"| {'cycles per unit':31} | {'unit':11} |"
        rule = f"|{'-' * 33}|{'-' * 13}|"
        for p in PROCESSORS + ["instructions"]:
            head += f" {p + ': portable, NEON, with dot':39} |"
            rule += "-" * 41 + "|"
        print(head + "\n" + rule)
        for name, unit, _ in rows:
            line = f"| {name:31} | {unit:11} |"
            levels = [jobs[name, level].result() for level in LEVELS]
            for i in range(len(PROCESSORS) + 1):
                values = [v[i] if v else None for v in levels]
                cells = [f"{v:8.3g}" if v else f"{'-':>8}" for v in values]
                known = [v for v in values[1:] if v]
                best = f"{values[0] / min(known):7.2f}x" if known and values[0] else ""
                line += f" {' '.join(cells):27}{best:>12} |"
            print(line, flush=True)


main()
