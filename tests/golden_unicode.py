#!/usr/bin/env python3
"""Writes the tables of Unicode of nc_hlx.h, section >>tokenizer: classes of characters, then those of
normalisation form C.

    pip install unicodedata2==16.0.0 tokenizers==0.23.3 && python3 tests/golden_unicode.py

Unicode 16.0.0, the version of tiktoken 0.14 and tokenizers 0.23. A run is length * 8 + class; classes: 0 none of
these, 1 Lu Lt, 2 Ll, 3 Lm Lo, 4 M, 5 N, 6 runs in which 1 and 2 alternate from 1 on, 7 P S.

`tokenizers` normalises by Unicode 9: of Unicode 16 what it does not do is left out, so that ids are the same.
"""
import unicodedata2 as unicode
from tokenizers import normalizers

LIMIT = 0x32400  # behind it only the variation selectors of plane 14 have a class here

CLASSES = {"Lu": 1, "Lt": 1, "Ll": 2, "Lm": 3, "Lo": 3, "Mn": 4, "Mc": 4, "Me": 4, "Nd": 5, "Nl": 5, "No": 5}


def kind(code):
    name = unicode.category(chr(code))
    return 7 if name[0] in "PS" else CLASSES.get(name, 0)


def runs():
    kinds = [kind(code) for code in range(LIMIT)]
    at = 0
    while at < LIMIT:
        end = at + 1
        while end < LIMIT and kinds[end] == kinds[at]:
            end += 1
        mixed = at
        while mixed < LIMIT and kinds[mixed] == 1 + (mixed - at) % 2:
            mixed += 1
        if kinds[at] == 1 and mixed - at >= 4:
            yield 6, mixed - at
            at = mixed
        else:
            yield kinds[at], end - at
            at = end


def show(head, numbers):
    """A table of C with lines of 100 characters at most."""
    print(head + " = {")
    line = "   "
    for n in numbers:
        if len(line) + len(n) + 3 > 100:
            print(line)
            line = "   "
        line += f" {n},"
    print(line + "\n};")


def combining(nfc):
    """Runs of a combining class that `tokenizers` has too."""
    runs = []
    for code in range(LIMIT):
        kind, c = unicode.combining(chr(code)), chr(code)
        tries = ["q" + c + "\u0327", "q\u0301" + c]
        if not kind or any(nfc(t) != unicode.normalize("NFC", t) for t in tries):
            continue
        if runs and sum(runs[-1][:2]) == code and runs[-1][2] == kind:
            runs[-1][1] += 1
        else:
            runs.append([code, 1, kind])
    at = 0
    for code, length, kind in runs:
        yield from (str(code - at), str(length * 256 + kind))
        at = code + length


def decompositions(nfc):
    """Characters with their parts, the runs they form, and the second parts."""
    runs, parts, second = [], [], []
    for code in range(0x110000):
        there = unicode.decomposition(chr(code))
        if not there or there[0] == "<":
            continue
        pair = [int(x, 16) for x in there.split()]
        text = "".join(map(chr, pair))
        if nfc(text) != unicode.normalize("NFC", text):
            continue  # newer than Unicode 9
        assert code < LIMIT and nfc(chr(code)) == unicode.normalize("NFC", chr(code))
        kind = 127
        if len(pair) == 2:
            if pair[1] not in second:
                second.append(pair[1])
            kind = second.index(pair[1]) + 128 * (unicode.normalize("NFC", text) != chr(code))
        if not runs or runs[-1][0] + runs[-1][1] != code:
            runs.append([code, 0, len(parts)])
        runs[-1][1] += 1
        parts.append(str(pair[0] * 256 + kind))
    assert len(second) < 127
    return ["{%d, %d, %d}" % tuple(r) for r in runs], parts, [str(c) for c in second]


def main():
    assert unicode.unidata_version == "16.0.0"
    nfc = normalizers.NFC().normalize_str
    for code in range(LIMIT, 0x110000):
        assert kind(code) == (4 if 0xE0100 <= code <= 0xE01EF else 0)
        assert not unicode.combining(chr(code))
    numbers = []
    for value, length in runs():
        while length:
            part = min(length, 8191)
            numbers.append(str(part * 8 + value))
            length -= part
    show("static const uint16_t nc_hlx__unicode[]", numbers)
    stretches, parts, second = decompositions(nfc)
    show("static const uint16_t nc_hlx__nfc_classes[]", combining(nfc))
    show("static const uint32_t nc_hlx__nfc_runs[][3]", stretches)
    show("static const uint32_t nc_hlx__nfc_parts[]", parts)
    show("static const uint32_t nc_hlx__nfc_second[]", second)


main()
