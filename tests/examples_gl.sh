#!/bin/sh
# The examples of nc_goldilocks.h, as users run them: results, --json, bad usage, bad input.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
usage gl_hash gl_ntt gl_merkle gl_fixed

# gl_hash: the digests of tests/data/goldilocks/poseidon2_trident.json, byte i = 31 i + 7
i=0; : >"$work/bytes"
while [ $i -lt 57 ]; do
    printf "\\$(printf '%03o' $(((31 * i + 7) % 256)))" >>"$work/bytes"; i=$((i + 1)); done
expect 0 $b/gl_hash "$work/bytes"
contains 7f07e2375bb5d736598619cc50a19efbfe6b1b8d9841004c04d84ecf872e6cba
: >"$work/empty"
expect 0 $b/gl_hash "$work/empty" LICENSE
contains 0c3c1eaef3b8f8d517faaaea63f387abd044b39a3a72dc1434b86d788de91b59
expect 0 $b/gl_hash --json LICENSE; json
expect 1 $b/gl_hash --json no_such_file LICENSE; json
expect 1 $b/gl_hash .
expect 2 $b/gl_hash

expect 0 $b/gl_ntt 8; contains "every product checked"
expect 0 $b/gl_ntt --json 8; json
expect 2 $b/gl_ntt 99

root_of() { # options, path: as --root takes it
    $b/gl_merkle "$@" | sed -n 's/^root //p' | tr ' ' ','
}
for tip5 in "" --tip5; do
    expect 0 $b/gl_merkle $tip5 --prove 77 examples/data/digits.csv
    cp "$work/out" "$work/proof"
    root=$(root_of $tip5 examples/data/digits.csv)
    expect 0 $b/gl_merkle --verify "$work/proof" --root "$root" examples/data/digits.csv; contains "leaf 77 belongs"
    expect 0 $b/gl_merkle --verify "$work/proof" --root "$root" --json examples/data/digits.csv; json
    expect 3 $b/gl_merkle --verify "$work/proof" --root "$root" examples/data/genesis.txt
    sed 's/index 77/index 78/' "$work/proof" >"$work/moved"
    expect 3 $b/gl_merkle --verify "$work/moved" --root "$root" examples/data/digits.csv; says WRONG
    expect 1 $b/gl_merkle --verify LICENSE --root "$root" examples/data/digits.csv
    # a proof that is right for its own root, of other data, proves nothing for the trusted one
    tail -n +2 examples/data/digits.csv >"$work/forged.csv"
    $b/gl_merkle $tip5 --prove 77 "$work/forged.csv" >"$work/forged"
    expect 3 $b/gl_merkle --verify "$work/forged" --root "$root" "$work/forged.csv"; says "another root"
    { cat "$work/proof"; echo more; } >"$work/longer"
    expect 1 $b/gl_merkle --verify "$work/longer" --root "$root" examples/data/digits.csv; says "goes on"
done
expect 2 $b/gl_merkle --verify "$work/proof" examples/data/digits.csv; says "--root"
expect 2 $b/gl_merkle --verify "$work/proof" --root 1,2 examples/data/digits.csv; says "--root '1,2'"
expect 1 $b/gl_merkle --prove 9999 examples/data/digits.csv; says "there is no leaf 9999"
expect 2 $b/gl_merkle --prove 7x examples/data/digits.csv; says "'7x' is no whole number"
expect 2 $b/gl_merkle --chunk 8x examples/data/digits.csv; says "'8x' is no whole number"
expect 0 $b/gl_merkle "$work/empty"; contains "1 leaf,"
grep -q "root 0 0 0 0" "$work/out" && { echo "FAILED: an empty file has the root of nothing"; failures=$((failures + 1)); }
cp -r examples/data "$work/tree"
expect 0 $b/gl_merkle "$work/tree"; contains "5 files"; cp "$work/out" "$work/root"
expect 0 $b/gl_merkle --json "$work/tree"; json
expect 0 $b/gl_merkle --prove 5 "$work/tree"; cp "$work/out" "$work/proof"
root=$(root_of "$work/tree")
expect 0 $b/gl_merkle --verify "$work/proof" --root "$root" "$work/tree"; contains "leaf 5 belongs"
mv "$work/tree/sample.tir" "$work/tree/sample.TIR"
expect 0 $b/gl_merkle "$work/tree" # another name, another root
cmp -s "$work/out" "$work/root" && { echo "FAILED: a renamed file keeps the root"; failures=$((failures + 1)); }
printf x | dd of="$work/tree/digits.csv" bs=1 seek=4500 conv=notrunc 2>/dev/null # in leaf 5
expect 3 $b/gl_merkle --verify "$work/proof" --root "$root" "$work/tree"
expect 1 $b/gl_merkle "$work/no_such_folder"; says "No such file or directory"
# what has no bytes of its own is refused by name, a link on the command line is followed
mkdir "$work/nothing"
expect 1 $b/gl_merkle "$work/nothing"; says "there is no file in"
ln -s "$PWD/LICENSE" "$work/nothing/link"
expect 0 $b/gl_merkle "$work/nothing/link"
expect 1 $b/gl_merkle "$work/nothing"; says "link' is a link"
rm "$work/nothing/link"
mkfifo "$work/nothing/pipe"
expect 1 $b/gl_merkle "$work/nothing"; says "pipe' is neither"
expect 1 $b/gl_merkle "$work/nothing/pipe"
if [ -r /proc/version ]; then expect 1 $b/gl_merkle /proc/version; says "as its size says"; fi

expect 0 $b/gl_fixed --svg "$work/errors.svg"; contains sigmoid_taylor
grep -q '</svg>' "$work/errors.svg" || { echo "FAILED: no plot"; failures=$((failures + 1)); }
expect 0 $b/gl_fixed --json; json
expect 1 $b/gl_fixed --svg "$work/no/such/folder"; says "No such file or directory"
finish
