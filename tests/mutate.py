#!/usr/bin/env python3
"""How many single faults do the tests of a header notice?

    mutate.py nc_goldilocks.h --sections scalars,extensions --tests goldilocks_scalar --count 100

Mutants are made in the functions that are named (--functions, a regular expression), lie between
two lines (--lines 100-200) or in sections of the header (--sections): a relational, arithmetic or
bit operator swapped, a constant one more or less, a condition negated, a statement removed. Which
of all possible ones is drawn from --seed. Only lines that the preprocessor keeps count; comments,
strings, macros and tables outside functions are left alone.

All mutants are compiled at once: a function becomes a switch over the number of the mutant, with
the mutated bodies as its cases, and NC_MUTANT in the environment says which one runs. So a mutant
costs one run of the tests, which ends at the first failure. One that takes three times the
processor time of a run without a mutant is stopped and counts as caught. Indices beyond an array
and shifts beyond a word are noticed, as `make test` does by its sanitizers. NC_TEST_SHORT in the
environment asks tests that draw thousands of cases to draw fewer.

Mutants that nothing can notice are listed in tests/data/mutants_equivalent.txt, each with its
reason; they do not count. Exit status 1: the score is below --least. Needs Python, a C compiler,
cmocka.
"""
import argparse
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys

EQUIVALENT = "tests/data/mutants_equivalent.txt"
TOKEN = re.compile(
    r"""(?P<skip>/\*.*?\*/|//[^\n]*|\s+)
      | (?P<directive>(?<![^\n])[ \t]*\#(?:\\\n|[^\n])*)
      | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<number>(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)[uUlLfF]*)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<sign><<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)""",
    re.S | re.X)
SWAPS = {
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"],
    "==": ["!="], "!=": ["=="], "+": ["-"], "-": ["+"], "*": ["+"], "/": ["*"], "%": ["/"],
    "<<": [">>"], ">>": ["<<"], "&": ["|"], "|": ["&"], "^": ["&"], "&&": ["||"], "||": ["&&"],
    "++": ["--"], "--": ["++"], "+=": ["-="], "-=": ["+="], "*=": ["+="], "/=": ["*="],
    "%=": ["/="], "<<=": [">>="], ">>=": ["<<="], "&=": ["|="], "|=": ["&="], "^=": ["|="]}
# A swap of these needs an operand before them: after others they are signs, references, pointers.
BINARY = {"+", "-", "*", "&"}
CONTROL = {";", "for", "if", "while", "do", "switch", "case", "default", "else"}
MOST_MEMORY = 4 << 30


class Token:
    def __init__(self, match):
        self.kind = match.lastgroup
        self.text = match.group()
        self.start, self.end = match.span()


class Function:
    """A body, from brace to brace, as positions in the header and as a list of tokens."""

    def __init__(self, name, tokens):
        self.name = name
        self.tokens = tokens
        self.start, self.end = tokens[0].start, tokens[-1].end


class Mutant:
    def __init__(self, function, start, end, text, what):
        self.function, self.start, self.end, self.text, self.what = function, start, end, text, what


def tokens_of(source):
    found = [Token(m) for m in TOKEN.finditer(source)]
    return [t for t in found if t.kind not in ("skip", "directive")]


def functions_of(tokens):
    """Braces that follow a parenthesis outside all others open functions."""
    functions, depth, opened, name, parentheses, before = [], 0, None, "", 0, None
    for at, t in enumerate(tokens):
        if depth == 0 and t.text == "(":
            if parentheses == 0 and before is not None and before.kind == "word":
                name = before.text
            parentheses += 1
        elif depth == 0 and t.text == ")":
            parentheses -= 1
        elif t.text == "{" and not (before is not None and before.kind == "text"):
            if depth == 0:
                opened = at if before is not None and before.text == ")" else None
            depth += 1
        elif t.text == "}" and depth > 0: # one that closes an extern "C" has no open one
            depth -= 1
            if depth == 0 and opened is not None:
                functions.append(Function(name, tokens[opened:at + 1]))
        before = t
    return functions


def closing(tokens, at):
    """The parenthesis that closes the one at this place."""
    depth = 0
    for i in range(at, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[i].text, 0)
        if depth == 0:
            return i
    return None


def statement_end(tokens, at):
    """The semicolon that ends a plain statement which starts here, else None."""
    depth = 0
    for i in range(at, len(tokens)):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(tokens[i].text, 0)
        if tokens[i].text in "{}" or depth < 0:
            return None
        if tokens[i].text == ";" and depth == 0:
            return i
    return None


def is_removable(tokens, at):
    """A call or an assignment, or an early return: no declaration, label or control statement."""
    before, t, after = tokens[at - 1].text, tokens[at], tokens[at + 1].text
    if before not in ("{", "}", ";", ")", "else") or t.text in CONTROL:
        return False
    if t.text == "return":
        return before == ")"
    if t.text in ("break", "continue", "++", "--", "*"):
        return t.text != "*" or before != ")"
    return t.kind == "word" and (after in ("(", "[", ".", "->", "++", "--") or after.endswith("="))


def candidates(function, source):
    """Every mutant of a function."""
    list_, tokens, parentheses = [], function.tokens, 0
    for at in range(1, len(tokens) - 1):
        t, before = tokens[at], tokens[at - 1]
        operand = before.kind in ("word", "number") and before.text not in ("return", "case")
        operand = operand or before.text in (")", "]")
        parentheses += {"(": 1, ")": -1}.get(t.text, 0)
        if t.kind == "sign" and t.text in SWAPS and (operand or t.text not in BINARY):
            for text in SWAPS[t.text]:
                list_.append(Mutant(function, t.start, t.end, text, "%s to %s" % (t.text, text)))
        if t.kind == "number" and not re.search(r"[.eE]", re.sub("^0[xX].*", "", t.text)):
            for text in ("+", "-"):
                value = "(%s %s 1)" % (t.text, text)
                if before.text == "(" and at > 1 and re.match(r"U?INT\d+_C$", tokens[at - 2].text):
                    digits = t.text.rstrip("uUlL") # the macro pastes: one number again
                    value = "0x%x" % (int(digits, 0) + (1 if text == "+" else -1))
                    if value.startswith("0x-"):
                        continue
                list_.append(Mutant(function, t.start, t.end, value, "%s %s 1" % (t.text, text)))
        if t.text in ("if", "while") and tokens[at + 1].text == "(":
            end = closing(tokens, at + 1)
            first, last = tokens[at + 1].start, tokens[end].end
            list_.append(Mutant(function, first, last, "(!%s)" % source[first:last], "negated"))
        if parentheses == 0 or before.text == ")":
            end = statement_end(tokens, at) if is_removable(tokens, at) else None
            if end is not None:
                list_.append(Mutant(function, t.start, tokens[end].start, "", "removed"))
    return list_


def line_of(source, position):
    return source.count("\n", 0, position) + 1


def shown(source, start, end, text):
    """The line with a change, before and after, its spaces as one each."""
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", end)
    words = (source[first:last], source[first:start] + text + source[end:last])
    return tuple(" ".join(w.split()) for w in words)


def active_lines(header, flags):
    """The lines that are left after the preprocessor."""
    out = subprocess.run(["gcc", "-E", "-I.", "-DNC_IMPLEMENTATION", "-x", "c", header] + flags,
                         capture_output=True, text=True, check=True).stdout
    lines, here, at = set(), False, 0
    for line in out.split("\n"):
        mark = re.match(r'# (\d+) "([^"]*)"', line)
        if mark:
            at, here = int(mark.group(1)), os.path.basename(mark.group(2)) == header
            continue
        if here and line.strip():
            lines.add(at)
        at += 1
    return lines


def sections_of(source, names):
    """Lines of sections of the implementation, which start with a rule line."""
    starts = [(line_of(source, m.start()), m.group(1))
              for m in re.finditer(r"^/\* >>(\w+)", source, re.M)]
    ranges = [(a, b - 1) for (a, name), (b, _) in zip(starts, starts[1:]) if name in names]
    if len(ranges) != len(names):
        sys.exit("mutate.py: no such section among: " + " ".join(name for _, name in starts))
    return ranges


def with_mutants(source, mutants):
    """The header with switches. Compiler messages name the file mutant-N for what is in case N."""
    out, position, by_function = [], 0, {}
    for number, m in mutants.items():
        by_function.setdefault(m.function, []).append((number, m))
    for f in sorted(by_function, key=lambda f: f.start):
        body = source[f.start:f.end]
        out += [source[position:f.start], "{ switch (nc_mutant) {"]
        for number, m in by_function[f]:
            changed = source[f.start:m.start] + m.text + source[m.end:f.end]
            out.append('\n#line 1 "mutant-%d"\ncase %d: %s break;' % (number, number, changed))
        out.append('\n#line %d "%s"\ndefault: %s } }' % (line_of(source, f.start), "header", body))
        position = f.end
    prelude = ("#include <stdlib.h>\nstatic int nc_mutant;\n"
               "__attribute__((constructor)) static void nc_mutant_choose(void) {\n"
               '    const char *number = getenv("NC_MUTANT");\n'
               "    nc_mutant = number ? atoi(number) : 0;\n}\n")
    return prelude + "".join(out) + source[position:]


def without_broken(source, mutants, path, flags):
    """Write the header with all mutants that compile; the numbers of the others."""
    broken = set()
    while True:
        left = {n: m for n, m in mutants.items() if n not in broken}
        with open(path, "w", encoding="utf-8") as file:
            file.write(with_mutants(source, left))
        run = subprocess.run(["gcc", "-w", "-I.", "-DNC_IMPLEMENTATION", "-x", "c", path,
                              "-fsyntax-only", "-fmax-errors=0"] + flags,
                             stderr=subprocess.PIPE, text=True)
        bad = {int(n) for n in re.findall(r"^mutant-(\d+):[\d:]+ error", run.stderr, re.M)}
        if run.returncode == 0:
            return broken
        if not bad:
            sys.exit("mutate.py: the header does not compile:\n" + run.stderr[:4000])
        broken |= bad


def link_tests(folder):
    """The tests in a folder of their own, from where ../nc_NAME.h is the one with mutants."""
    os.makedirs(os.path.join(folder, "tests"), exist_ok=True)
    for name in os.listdir("tests"):
        link = os.path.join(folder, "tests", name)
        if not os.path.lexists(link):
            os.symlink(os.path.abspath(os.path.join("tests", name)), link)


def outcome(program, number, seconds):
    """None where the test passes, else why not."""
    def limits():
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    run = subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           env=dict(os.environ, NC_MUTANT=str(number), NC_TEST_SHORT="1",
                                    OMP_NUM_THREADS="1"),
                           preexec_fn=limits)
    why = None
    for line in run.stdout:
        failed = re.match(rb"\[  FAILED  \] \w+: (\w+)|\[  FAILED  \] (\w+)", line)
        if failed:
            why = (failed.group(1) or failed.group(2)).decode()
            run.kill() # the tests after it need not run
            break
    run.stdout.close()
    code = run.wait()
    if why is None and code:
        why = "stopped by %s" % signal.Signals(-code).name if code < 0 else "exit %d" % code
    return why


def known_equivalent(header):
    """(function, before, after) of mutants that change nothing: see the file's first lines."""
    known = set()
    with open(EQUIVALENT, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if line.strip() and line[0] != "#"]
    for name, before, after in zip(lines[0::3], lines[1::3], lines[2::3]):
        place = name.split(":")[0].split()
        if place[0] == header:
            known.add((place[1], before.split(None, 1)[1], after.split(None, 1)[1]))
    return known


def caught_before(path):
    """(line, before, after) of what an earlier run, of no more tests, saw caught: by which."""
    with open(path, encoding="utf-8") as file:
        rows = json.load(file)["mutants"]
    return {(r["line"], r["before"], r["after"]): r["by"] for r in rows if r["state"] == "caught"}


def choose(args, source):
    """The mutants to try, numbered from 1 on in the order of their lines."""
    ranges = [tuple(int(n) for n in r.split("-")) for r in args.lines.split(",") if r]
    if args.sections:
        ranges += sections_of(source, args.sections.split(","))
    active, every = active_lines(args.header, args.flags.split()), []
    for f in functions_of(tokens_of(source)):
        line = line_of(source, f.start)
        if any(a <= line <= b for a, b in ranges) and re.search(args.functions, f.name):
            every += [m for m in candidates(f, source) if line_of(source, m.start) in active]
    count = min(args.count or len(every), len(every))
    drawn = random.Random(args.seed).sample(every, count)
    drawn.sort(key=lambda m: (m.start, m.what))
    print("%s: %d of %d mutants" % (args.header, count, len(every)))
    return {number: m for number, m in enumerate(drawn, 1)}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("header")
    p.add_argument("--lines", default="", help="A-B,C-D: functions that start there")
    p.add_argument("--sections", default="", help="names of sections, with commas")
    p.add_argument("--functions", default=".", help="only those whose name this matches")
    p.add_argument("--without", default="^$", help="lines that this processor cannot run")
    p.add_argument("--tests", required=True, help="unit tests, the quickest first, with commas")
    p.add_argument("--count", type=int, default=100, help="how many mutants; 0: all")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--flags", default="", help="of the compiler, such as -DNC_NO_SIMD")
    p.add_argument("--least", type=float, default=0, help="score in percent that is an error below")
    p.add_argument("--again", help="results of an earlier run: only what survived there is tried")
    p.add_argument("--json", help="results to this file")
    p.add_argument("--build", default="build", help="folder for what is compiled")
    args = p.parse_args()
    if not args.lines and not args.sections:
        args.lines = "1-1000000000"
    folder = os.path.join(args.build, "mutate", re.sub(r"\W", "_", args.header))
    os.makedirs(folder, exist_ok=True)
    with open(args.header, encoding="utf-8") as file:
        source = file.read()
    mutants = choose(args, source)
    broken = without_broken(source, mutants, os.path.join(folder, args.header),
                            args.flags.split())
    link_tests(folder)
    programs, limits = [], []
    for name in args.tests.split(","):
        programs.append(os.path.join(folder, name))
        # static: what this test does not call is dropped before it costs time
        subprocess.run(["gcc", "-O1", "-w", "-I.", "-DNC_IMPLEMENTATION", "-DNC_STATIC",
                        "-fsanitize=bounds,shift", "-fno-sanitize-recover=all",
                        os.path.join(folder, "tests", name + ".c"), "-o", programs[-1], "-lcmocka",
                        "-ljson-c", "-lm"] + args.flags.split(), check=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        why = outcome(programs[-1], 0, 600)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if why:
            sys.exit("mutate.py: %s fails without a mutant: %s" % (name, why))
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print("%s: %.1f s" % (name, seconds), flush=True)
        limits.append(2 + int(3 * seconds))
    report(args, source, mutants, broken, list(zip(programs, limits)))


def report(args, source, mutants, broken, programs):
    known, rows = known_equivalent(args.header), []
    caught = caught_before(args.again) if args.again else {}
    for number, m in mutants.items():
        before, after = shown(source, m.start, m.end, m.text)
        line, why = line_of(source, m.start), None
        if number in broken:
            state = "did not compile"
        elif re.search(args.without, before):
            state = "left out"
        elif (m.function.name, before, after) in known:
            state = "equivalent"
        elif (line, before, after) in caught:
            state, why = "caught", caught[line, before, after]
        else:
            for program, seconds in programs:
                why = why or outcome(program, number, seconds)
            state = "caught" if why else "survived"
        rows.append({"line": line, "function": m.function.name, "state": state,
                     "before": before, "after": after, "by": why})
        if state == "survived":
            print("%s:%d: %s: %s\n  - %s\n  + %s" % (args.header, rows[-1]["line"],
                  m.function.name, m.what, before, after), flush=True)
    n = {s: sum(r["state"] == s for r in rows)
         for s in ("caught", "survived", "equivalent", "left out", "did not compile")}
    score = 100.0 * n["caught"] / max(1, n["caught"] + n["survived"])
    print("%s: %s; score %.1f %%" % (args.header, ", ".join("%d %s" % (n[s], s) for s in n), score))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump({"score": score, "mutants": rows}, file, indent=1)
    sys.exit(score < args.least)


if __name__ == "__main__":
    main()
