#!/usr/bin/env python3
"""Which public functions ask for memory, and whether a test lets that fail.

    python3 tests/allocations.py [-v] [--gpu] [header...]

Walks the calls in the text of each header, from every NC_API function to NC_MALLOC and to what
grows by stb_ds.h. A function that gets there must be named in a tests/*_memory.c; those that are
not are listed, and the exit status is then 1. -v lists the others too. --gpu counts functions that
exist only with NC_GPU, which need a device; without it they are left out. A function whose name
stands in another's text counts as called by it: callbacks are followed, and a call in an #if that
this build would leave out counts too.
"""
import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HEADERS = ("nc_fp4.h", "nc_goldilocks.h", "nc_tirneural.h", "nc_axx.h", "nc_hlx.h")
ALLOCATES = {"NC_MALLOC", "malloc", "calloc", "realloc", "strdup"}
GROWS = {"stbds_arrput", "stbds_arraddnptr", "stbds_arraddnindex", "stbds_arrsetlen",
         "stbds_arrsetcap", "stbds_arrins", "stbds_arrinsn", "stbds_hmput", "stbds_hmputs",
         "stbds_shput", "stbds_shputs", "stbds_hmdefault"}
WORD = re.compile(r"[A-Za-z_]\w*")


def without_comments(text):
    """The text with comments and strings blanked, its lines kept."""
    def blank(m):
        return re.sub(r"[^\n]", " ", m.group())
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def pieces(text):
    """What stands at the outermost level: (name, is public, needs NC_GPU, text)."""
    lines = without_comments(text).split("\n")
    guards, chunk, depth, i = [], [], 0, 0
    while i < len(lines):
        line = lines[i]
        i += 1
        if line.lstrip().startswith("#"):
            whole = line
            while whole.endswith("\\") and i < len(lines):
                whole = whole[:-1] + " " + lines[i]
                i += 1
            word = re.match(r"\s*#\s*(\w*)(.*)", whole)
            if word.group(1) in ("if", "ifdef", "ifndef"):
                guards.append(word.group(1) != "ifndef" and
                              re.search(r"(?<!!defined\()\bNC_GPU\b", word.group(2)) is not None)
            elif word.group(1) in ("else", "elif") and guards:
                guards[-1] = False
            elif word.group(1) == "endif" and guards:
                guards.pop()
            elif word.group(1) == "define":
                name = WORD.match(word.group(2).strip())
                if name:
                    yield name.group(), False, any(guards), word.group(2)
            continue
        if not chunk and re.match(r'\s*(extern\s+\s*\{|\})?\s*$', line):
            continue
        if not chunk and re.match(r"NC__\w+\s*$", line):
            continue
        chunk.append(line)
        depth += line.count("{") - line.count("}")
        if depth <= 0 and (line.rstrip().endswith((";", "}")) or line.startswith("}")):
            whole, chunk, depth = "\n".join(chunk), [], 0
            head = re.sub(r"__attribute__\s*\(\(.*?\)\)|__declspec\s*\(\w*\)", "", whole)
            if "{" not in head or head.lstrip().startswith(("typedef", "enum", "struct", "union")):
                if not re.match(r"\s*(static\s+)?(const\s+)?(struct|union)\s[^;]*[\)=]\s*\{", head):
                    continue
            front = head[:head.index("{")]
            name = re.search(r"([A-Za-z_]\w*)\s*\(", front) if "=" not in front else \
                re.search(r"([A-Za-z_]\w*)\s*(\[[^=]*)?=", front)
            if name:
                yield name.group(1), "NC_API" in front, any(guards), whole


def reaching(calls, goals):
    """Names from which one of the goals is reached."""
    callers = {}
    for name, called in calls.items():
        for other in called:
            callers.setdefault(other, set()).add(name)
    seen, todo = set(goals), list(goals)
    while todo:
        for name in callers.get(todo.pop(), ()):
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return seen


def main(arguments):
    verbose, gpu = "-v" in arguments, "--gpu" in arguments
    wanted = [a for a in arguments if not a.startswith("-")] or \
        [os.path.join(HERE, "..", name) for name in HEADERS]
    tested = set()
    for path in glob.glob(os.path.join(HERE, "*_memory.c")):
        with open(path, encoding="utf-8") as file:
            tested |= set(WORD.findall(without_comments(file.read())))
    missing = 0
    for path in wanted:
        calls, public, on_device = {}, [], set()
        with open(path, encoding="utf-8") as file:
            for name, is_public, needs_gpu, text in pieces(file.read()):
                calls.setdefault(name, set()).update(set(WORD.findall(text)) - {name})
                if is_public and name not in public:
                    public.append(name)
                    if needs_gpu:
                        on_device.add(name)
        plain, stb = reaching(calls, ALLOCATES), reaching(calls, GROWS)
        names = [n for n in public if (n in plain or n in stb) and (gpu or n not in on_device)]
        if not public or not names and "NC_MALLOC" in calls:
            print(f"{os.path.basename(path)}: no public function is found to allocate")
            missing += 1
        untested = [n for n in names if n not in tested]
        for name in names:
            if verbose or name in untested:
                how = "allocates" if name in plain else "grows an array of stb_ds.h"
                print(f"{os.path.basename(path)}: {name} {how}, "
                      + ("in no tests/*_memory.c" if name in untested else "tested"))
        print(f"{os.path.basename(path)}: {len(names)} of {len(public)} public functions allocate, "
              f"{len(untested)} of them in no tests/*_memory.c")
        missing += len(untested)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
