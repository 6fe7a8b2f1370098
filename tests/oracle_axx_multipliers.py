#!/usr/bin/env python3
"""Every multiplier of EvoApproxLib and ArithsGen through nc_axx_wide_load, beside what its file says.

usage: oracle_axx_multipliers.py FOLDER ..

FOLDER: checked-out https://github.com/ehw-fit/evoapproxlib and https://github.com/ehw-fit/ariths-gen
(or parts of them); all .c, .v and .blif files below are read. Needs numpy and a C compiler (CC).
EvoApproxLib's files print MAE, WCE, MAE%, WCE%, WCRE%, EP%, MRE% and MSE: equal is what differs by less
than one unit of the last digit that is printed (MAE% may be that of the MAE as printed). ArithsGen's exact circuits must have no error, its
broken-array and truncated ones the products of their definition. Prints a table and every file that
differs; returns 1 if a file differs."""
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
LINE = re.compile(r'^// (MAE|WCE|MAE%|WCE%|WCRE%|EP%|MRE%|MSE) = ([0-9.]+)(e[0-9]+)? *%? *$', re.M)


def files_below(folders):
    for folder in folders:
        for path, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                if name.endswith(('.c', '.v', '.blif')):
                    yield os.path.join(path, name)


def run(paths, folder):
    """The driver's answer to every path, as they come."""
    binary = os.path.join(folder, 'oracle_axx_multipliers')
    source = os.path.join(HERE, 'oracle_axx_multipliers.c')
    subprocess.check_call([os.environ.get('CC', 'cc'), '-O2', source, '-o', binary, '-lm'])
    child = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for path in paths:
        child.stdin.write(path + '\n')
        child.stdin.flush()
        yield path, json.loads(child.stdout.readline())
    child.stdin.close()
    child.wait()


def published(path, answer):
    """Differences from the lines of an EvoApproxLib file, and whether it has any lines."""
    with open(path, encoding='utf-8', errors='replace') as file:
        lines = LINE.findall(file.read())
    products = 2.0 ** sum(answer['bits'])
    ours = {'MAE': answer['MAE'], 'WCE': answer['WCE'], 'MSE': answer['MSE'], 'EP%': answer['EP'],
            'MAE%': 100 * answer['MAE'] / products, 'WCE%': 100 * answer['WCE'] / products,
            'MRE%': answer['MRE_nonzero'], 'WCRE%': answer['WCRE_nonzero']}
    printed = {key: float(digits + exponent) for key, digits, exponent in lines}
    differences = []
    for key, digits, exponent in lines:
        unit = float('1' + exponent) * 10.0 ** -len(digits.partition('.')[2])
        errors = [abs(printed[key] - ours[key])]
        if key == 'MAE%' and 'MAE' in printed:
            errors.append(abs(printed[key] - 100 * printed['MAE'] / products))
        if min(errors) > unit * 1.0000001:
            differences.append('%s %s%s, computed %.10g' % (key, digits, exponent, ours[key]))
    return differences, bool(lines)


def defined(name, bits):
    """Products of an ArithsGen circuit by its name, or None where none is defined by it."""
    a = numpy.arange(2 ** bits[0], dtype=numpy.int64)[:, None]
    b = numpy.arange(2 ** bits[1], dtype=numpy.int64)[None, :]
    cut = re.match(r'[fh]_u_(arr|csa)(bam|tm)\d+_(?:\w+_)?(?:h(\d+)_v(\d+)|k(\d+))$', name)
    if not cut:
        a, b = a - 2 ** bits[0] // 2 * name.startswith('s_'), b - 2 ** bits[1] // 2 * name.startswith('s_')
        return a * b
    products = numpy.zeros((2 ** bits[0], 2 ** bits[1]), dtype=numpy.int64)
    for i in range(bits[0]):
        for j in range(bits[1]):
            if cut[2] == 'bam':  # without rows below h and columns below v
                there = j >= int(cut[3]) and i + j >= int(cut[4])
            else:  # without the rows and columns of the operands' lowest bits
                there = i >= int(cut[5]) and j >= int(cut[5])
            if there:
                products += ((a >> i & 1) * (b >> j & 1)) << (i + j)
    return products


def checksum(products):
    flat = products.reshape(-1).astype(numpy.uint64)
    return int((flat * numpy.arange(1, flat.size + 1, dtype=numpy.uint64)).sum(dtype=numpy.uint64))


def group_of(path):
    parts = path.split(os.sep)
    form = {'.c': 'C', '.v': 'Verilog', '.blif': 'BLIF'}[os.path.splitext(path)[1]]
    for part in parts:
        if re.match(r'\d+x\d+_(un)?signed$', part):
            pdk = ', 45 nm cells' if path.endswith('_pdk45.v') else ''
            return 'EvoApproxLib %s %s%s' % (part.replace('_', ' '), form, pdk)
    if 'adders' in parts:
        return 'EvoApproxLib adders'
    kind = 'BAM' if 'BAM' in parts else 'TM' if 'TM' in parts else ''
    if not kind:
        kind = 'dividers' if 'div' in parts[-1] else 'multipliers' if re.search('mul|wallace|dadda', parts[-1]) else 'adders'
    return 'ArithsGen %s %s %s' % (kind, 'flat' if 'flat' in parts else 'hierarchical', form)


def reason_of(message):
    """Why a file is refused, without its name."""
    found = re.search(r'multiplies (\d+) by (\d+) bits', message)
    if found:
        return '%s x %s bits' % found.groups()
    found = re.search(r'is (an adder|a divider)', message)
    return found.group(1) if found else message


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ('-h', '--help'):
        print(__doc__)
        return 0 if len(sys.argv) > 1 else 2
    groups, differ, seen = {}, [], {}
    with tempfile.TemporaryDirectory() as folder:
        for path, answer in run(files_below(sys.argv[1:]), folder):
            row = groups.setdefault(group_of(path), {'files': 0, 'read': 0, 'equal': 0, 'refused': {}})
            row['files'] += 1
            if answer['status']:
                reason = reason_of(answer['message'])
                row['refused'][reason] = row['refused'].get(reason, 0) + 1
                continue
            row['read'] += 1
            differences, says = published(path, answer)
            name = os.path.splitext(os.path.basename(path))[0]
            if not says:
                key = name, tuple(answer['bits'])
                if key not in seen:
                    seen = {key: checksum(defined(name, answer['bits']))}
                if answer['checksum'] != seen[key]:
                    differences = ['other products than its definition, MAE %.6g' % answer['MAE']]
            row['equal'] += not differences
            if differences:
                differ.append((path, '; '.join(differences)))
    print('| files | | read | equal | differ | refused |\n|---|---|---|---|---|---|')
    for name, row in groups.items():
        refused = ', '.join('%d: %s' % (n, r) for r, n in sorted(row['refused'].items(), key=lambda x: -x[1]))
        print('| %s | %d | %d | %d | %d | %s |' % (name, row['files'], row['read'], row['equal'],
                                                   row['read'] - row['equal'], refused))
    for path, text in differ:
        print('%s: %s' % (path, text))
    return 1 if differ else 0


if __name__ == '__main__':
    sys.exit(main())
