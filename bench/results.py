"""Renews the tables of bench/RESULTS.md: `make bench-results`.
    results.py FOLDER [goldilocks fp4 tirneural axx hlx kernels sass radv roofline peers mca]  (all when none is named)
What stands between a part's two marks is replaced by what its program prints now, under the
machine and the date; the notes around it are written by hand and stay."""
import datetime
import os
import re
import subprocess
import sys

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "RESULTS.md")
FOLDER = sys.argv[1]
BENCHES = ["goldilocks", "fp4", "tirneural", "axx", "hlx"]
PARTS = sys.argv[2:] or BENCHES + ["kernels", "sass", "radv", "roofline", "peers", "mca"]


def output(*command):
    print(" ".join(command), file=sys.stderr, flush=True)
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def machine():
    name = ""
    with open("/proc/cpuinfo") as f:
        for line in f:
            if re.match(r"model name|CPU part", line):
                name = line.partition(":")[2].strip()
    cc = output(*os.environ.get("CC", "cc").split(), "--version").splitlines()[0]
    return f"{name}, {os.cpu_count()} cores; {cc}, -O2; {datetime.date.today()}."


def tables(part):
    if part == "peers":
        return output("python3", "bench/peers/run.py", os.path.join(FOLDER, "peers"))
    if part == "mca":
        date = f"{datetime.date.today()}; {output('aarch64-linux-gnu-gcc', '--version').splitlines()[0]}, -O2."
        return date + "\n\n" + output("python3", "bench/mca.py", os.path.join(FOLDER, "bench/mca"))
    commands = {"kernels": [os.path.join(FOLDER, "test/kernels")], "sass": ["make", "-s", "test-sass"],
                "roofline": ["make", "-s", "roofline"],
                "radv": [os.path.join(FOLDER, "test/kernels_radv")]}
    if part in commands:
        said = output(*commands[part])
        return "\n".join(line for line in said.splitlines() if line.startswith("|"))
    program = os.path.join(FOLDER, "bench", part)
    return machine() + "\n\n" + output(program, program + ".json")


for part in PARTS:
    new = tables(part)
    if not new:
        print(f"{part}: nothing to measure with, its table stays", file=sys.stderr)
        continue
    with open(FILE) as f:
        text = f.read()
    text, found = re.subn(rf"(<!-- {part} -->\n).*?(<!-- end of {part} -->)",
                          lambda m: m[1] + "\n" + new + "\n\n" + m[2], text, flags=re.S)
    if not found:
        sys.exit(f"{FILE} has no marks for {part}")
    with open(FILE, "w") as f:
        f.write(text)
