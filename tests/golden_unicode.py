#!/usr/bin/env python3
"""Writes the table of Unicode classes of nc_hlx.h, section >>tokenizer (NC_HLX__UNICODE).

    pip install unicodedata2==16.0.0 && python3 tests/golden_unicode.py

Unicode 16.0.0, the version of tiktoken 0.14 and tokenizers 0.23. A run is length * 8 + class; classes: 0 none of
these, 1 Lu Lt, 2 Ll, 3 Lm Lo, 4 M, 5 N, 6 runs in which 1 and 2 alternate from 1 on, 7 P S.
"""
import unicodedata2 as unicode

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


def main():
    assert unicode.unidata_version == "16.0.0"
    for code in range(LIMIT, 0x110000):
        assert kind(code) == (4 if 0xE0100 <= code <= 0xE01EF else 0)
    numbers = []
    for value, length in runs():
        while length:
            part = min(length, 8191)
            numbers.append(str(part * 8 + value))
            length -= part
    line = "    "
    for n in numbers:
        if len(line) + len(n) + 2 > 100:
            print(line.rstrip())
            line = "    "
        line += n + ", "
    print(line.rstrip())


main()
