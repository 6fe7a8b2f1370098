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
PREPARE, WORK = ["nc_axx_make", "nc_axx_engine_create"], ["nc_axx_gemm"]
BRANCH = re.compile(r"(b|bl|br|blr|ret|b\.\w+|cbn?z|tbn?z|svc)\b")
CALL = re.compile(r"^(bl|blr|br|ret)\b.*")  # llvm-mca takes 100 cycles for a call
QEMU, OBJDUMP = "qemu-aarch64", "aarch64-linux-gnu-objdump"
MCA = next((m for m in ("llvm-mca", "llvm-mca-14", "llvm-mca-16", "llvm-mca-19")
            if subprocess.run(["sh", "-c", f"command -v {m}"], capture_output=True).returncode == 0),
           None)


def disassembly(program):
    """Address to instruction, in the words llvm-mca reads; the address of the mark; functions as
    name to (first address, last address, names they call)."""
    text = subprocess.run([OBJDUMP, "-d", "--no-show-raw-insn", program], capture_output=True,
                          text=True, check=True).stdout
    code, functions, name = {}, {}, None
    for line in text.splitlines():
        named = re.match(r"([0-9a-f]+) <([^>]+)>:", line)
        if named:
            name = named[2]
            functions[name] = [int(named[1], 16), int(named[1], 16), set()]
        found = re.match(r"\s*([0-9a-f]+):\s+(\S.*)", line)
        if not found:
            continue
        at = int(found[1], 16)
        functions[name][1] = at
        called = re.match(r"bl?\t[0-9a-f]+ <([^>+]+)>", found[2])
        if called:
            functions[name][2].add(called[1])
        one = re.sub(r"\s*(//|<).*", "", found[2])
        # a place in the code: what it is does not matter to the cycles
        one = re.sub(r"^(adrp\t\w+, ).*", r"\1#0", one)
        one = re.sub(r"^(bl?|b\.\w+|cbn?z|tbn?z|adr)(\t.*?)[0-9a-f]{5,}$", r"\1\2#8", one)
        one = re.sub(r"^(ldr\t\w+, )[0-9a-f]{5,}$", r"\1#8", one)
        code[at] = one
    return code, functions["nc_mca_mark"][0], functions


def reached(functions, names):
    """Functions that these call, one through another."""
    found, todo = set(), [n for n in names if n in functions]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += [n for n in functions[name][2] if n in functions]
    return found


def logged(functions):
    """Ranges of addresses for qemu's log: all but what only the preparation runs, which is long."""
    left_out = reached(functions, PREPARE) - reached(functions, WORK)
    ranges, start = [], 0
    for first, last, _ in sorted(functions[n] for n in left_out):
        if first > start:
            ranges.append(f"0x{start:x}..0x{first - 1:x}")
        start = last + 4
    return ",".join(ranges + [f"0x{start:x}..0x7fffffffffff"])


def executed(program, row, level, mark, ranges, code):
    """The instructions between the marks. qemu logs the first address of straight pieces, which
    end at a branch or where the next begins."""
    with tempfile.NamedTemporaryFile("r") as log:
        ran = subprocess.run([QEMU, "-cpu", "neoverse-n1", "-d", "exec,nochain", "-dfilter", ranges,
                              "-D", log.name, program, row, str(level)])
        if ran.returncode:
            return None
        inside, starts = 0, []
        for line in log:
            at = line.find("/")
            if at < 0:
                continue
            pc = int(line[at + 1:at + 17], 16)
            if pc == mark:
                inside += 1
            elif inside == 1:
                starts.append(pc)
    trace = []
    for pc, following in zip(starts, starts[1:] + [0]):
        while True:
            trace.append(code[pc])
            if BRANCH.match(code[pc]) or pc + 4 == following or pc + 4 not in code:
                break
            pc += 4
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


def measure(program, code, mark, ranges, row, units, level):
    trace = executed(program, row, level, mark, ranges, code)
    if trace is None:
        return None
    start = max(0, (len(trace) - MOST) // 2)
    part = [CALL.sub("b #8", one) for one in trace[start:start + MOST]]
    scale = len(trace) / len(part) / units
    return [cycles(part, p) * scale for p in PROCESSORS] + [len(trace) / units]


def main():
    program, words = sys.argv[1], sys.argv[2:]
    if not MCA:
        sys.exit("llvm-mca is missing (Debian: llvm)")
    code, mark, functions = disassembly(program)
    ranges = logged(functions)
    listed = subprocess.run([QEMU, program, "list"], capture_output=True, text=True, check=True)
    rows = [r.split("\t") for r in listed.stdout.splitlines()]
    rows = [r for r in rows if not words or any(w in r[0] for w in words)]
    with ThreadPoolExecutor(2) as pool:
        jobs = {(r[0], level): pool.submit(measure, program, code, mark, ranges, r[0], float(r[2]), level)
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
