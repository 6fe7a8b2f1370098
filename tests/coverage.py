#!/usr/bin/env python3
"""How much of each header do the unit tests run? `make coverage` builds them for it and calls this.

    coverage.py BUILD [--lines 90] [--branches 80]

Reads what gcc's --coverage left under BUILD, through gcov. A header that stands in several objects
counts once: a line or branch is run when one of them ran it; so does a block that several headers
share to the letter. Functions of instruction sets that this processor lacks are left out and counted on
the side. Prints a table, writes the functions with lines
that never ran to BUILD/uncovered.txt, most first. Exit status 1: a header is below a bar. Needs gcc's
gcov, no packages.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys

# What a function is called, or a word before it or in a line, when it is of an instruction set, and the
# flag in /proc/cpuinfo that says it is there.
SETS = [(re.compile(r"ifma", re.I), "avx512ifma"), (re.compile(r"512|lanes\(\) == 16"), "avx512f"),
        (re.compile(r"vnni", re.I), "avx512_vnni"), (re.compile(r"vbmi", re.I), "avx512_vbmi")]


def _flags():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("flags"):
                return set(line.split(":")[1].split())
    return set()


FLAGS = _flags()


def lacks(head):
    """Is a function with this name and these words before it of a set that is not here?"""
    return any(words.search(head) and flag not in FLAGS for words, flag in SETS)


HEADERS = ["nc_fp4.h", "nc_goldilocks.h", "nc_tirneural.h", "nc_axx.h", "nc_hlx.h", "nc_gpu.h"]


def gcov(path):
    out = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", path],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    for line in out.decode("utf-8", "replace").splitlines():
        if line.startswith("{"):
            yield json.loads(line)


class Header:
    def __init__(self, name):
        self.lines = collections.Counter()    # number: how often it ran
        self.branches = collections.Counter() # (number, function, place): how often it was taken
        self.functions = {}                   # name: first and last line
        with open(name) as file:
            self.text = file.read().split("\n")
        self.shared, block, start = {}, None, 0 # line: the block it is in, and where
        for at, line in enumerate(self.text, 1):
            begins = re.match(r"/\* ==== nc ([a-z_ ]+): ", line)
            if begins:
                block, start = begins.group(1), at
            if block:
                self.shared[at] = (block, at - start)
            if "==== end of nc" in line:
                block = None

    def add(self, data):
        for f in data["functions"]:
            self.functions[f["name"]] = (f["start_line"], f["end_line"])
        for line in data["lines"]:
            at = line["line_number"]
            self.lines[at] += line["count"]
            plain = [b for b in line["branches"] if not b["throw"]]
            for k, branch in enumerate(plain):
                self.branches[at, line.get("function_name", ""), len(plain), k] += branch["count"]

    def places(self):
        """Of lines and branches in shared blocks: their key here, and the same one in all headers."""
        for at in self.lines:
            if at in self.shared:
                yield self.lines, at, self.shared[at]
        for key in self.branches:
            if key[0] in self.shared:
                yield self.branches, key, self.shared[key[0]] + key[1:]

    def leave_out(self):
        """Functions that this processor has no instructions for; the number of their lines."""
        gone = 0
        for name, (first, last) in self.functions.items():
            head = " ".join(self.text[max(0, first - 2):first]) + name
            if lacks(head) and not any(self.lines[at] for at in range(first + 1, last + 1)):
                gone += sum(at in self.lines for at in range(first, last + 1))
                for at in range(first, last + 1):
                    self.lines.pop(at, None)
                for key in [k for k in self.branches if first <= k[0] <= last]:
                    del self.branches[key]
        return gone

    def uncovered(self):
        """Of each function the lines that never ran, in runs; most first."""
        found = []
        for name, (first, last) in self.functions.items():
            lines = [at for at in range(first, last + 1) if at in self.lines and not self.lines[at]]
            if lines:
                found.append((len(lines), first, name, lines))
        return sorted(found, key=lambda f: (-f[0], f[1]))

    def untaken(self):
        """Lines that ran, with the number of their branches that were never taken."""
        found = collections.Counter()
        for key, count in self.branches.items():
            found[key[0]] += count == 0 and self.lines[key[0]] > 0
        return {at: count for at, count in found.items() if count}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--lines", type=float, default=90)
    parser.add_argument("--branches", type=float, default=80)
    args = parser.parse_args()
    headers = {name: Header(name) for name in HEADERS}
    for folder, _, names in os.walk(args.build):
        for name in sorted(names):
            if name.endswith(".gcda"):
                for unit in gcov(os.path.join(folder, name)):
                    for data in unit["files"]:
                        base = os.path.basename(data["file"])
                        if base in headers and os.path.dirname(data["file"]) in ("", ".", ".."):
                            headers[base].add(data)
    everywhere = collections.Counter()
    for header in headers.values():
        for counts, key, place in header.places():
            everywhere[place] += counts[key]
    for header in headers.values():
        for counts, key, place in list(header.places()):
            counts[key] = everywhere[place]
    low = 0
    print("| header | lines | run | % | branches | taken | % | lines not for this processor |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    with open(os.path.join(args.build, "uncovered.txt"), "w") as out:
        for name, header in headers.items():
            gone = header.leave_out()
            lines, ran = len(header.lines), sum(n > 0 for n in header.lines.values())
            branches, taken = len(header.branches), sum(n > 0 for n in header.branches.values())
            share = [100.0 * ran / max(lines, 1), 100.0 * taken / max(branches, 1)]
            low += share[0] < args.lines or share[1] < args.branches
            print(f"| {name} | {lines:,} | {ran:,} | {share[0]:.1f} | {branches:,} | {taken:,} | "
                  f"{share[1]:.1f} | {gone:,} |")
            for count, first, function, numbers in header.uncovered():
                out.write(f"{name}:{first} {function}: {count}: {' '.join(map(str, numbers))}\n")
            for at, count in sorted(header.untaken().items()):
                out.write(f"{name}:{at}: {count} branches not taken\n")
    if low:
        print(f"{low} headers below {args.lines:g} % of lines or {args.branches:g} % of branches")
    return low > 0


if __name__ == "__main__":
    sys.exit(main())
