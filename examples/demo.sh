#!/bin/sh
# The five libraries on real input: what `make demo` shows. demo.sh BUILD
b=$1
out=$b/demo
corpus=${NC_TEST_DATA:-../shared/data}/tir
export OMP_WAIT_POLICY=passive # threads that wait leave the machine to others
rm -rf "$out"
mkdir -p "$out"

say() { printf '\n%s\n' "$*"; }

# A file whose digest the trident compiler publishes: byte i is 31 i + 7 mod 256.
known_file() {
    i=0
    : >"$1"
    while [ $i -lt 256 ]; do
        printf "\\$(printf '%03o' $(((31 * i + 7) % 256)))" >>"$1"
        i=$((i + 1))
    done
    while [ "$(wc -c <"$1")" -lt 65536 ]; do
        cat "$1" "$1" >"$1.twice"
        mv "$1.twice" "$1"
    done
}

goldilocks() {
    known_file "$out/known.bin"
    say "Poseidon2 digests of files, in four elements of the field:"
    "$b/gl_hash" LICENSE examples/data/digits.csv "$out/known.bin" | tee "$out/known.txt"
    grep -q 7c24bab7ce11e3329d4ebbb1f5fa638813f37553b42e653b14f88df6ce6369af "$out/known.txt"
    echo "the last is the known answer of the trident compiler"
    say "Products of polynomials by number-theoretic transforms (NTT) and by the schoolbook:"
    "$b/gl_ntt" 14
    say "A folder under one Merkle root, a leaf for every chunk of its files:"
    "$b/gl_merkle" examples/data
    say "Fixed-point functions: the largest error found, and the bound that is proven for it:"
    "$b/gl_fixed" --svg "$out/fixed_errors.svg"
}

fp4() {
    say "Boolean atoms as threshold neurons with weights of 4 bits. margin: how far a sum stays from its"
    echo "threshold; G/s: thousand million evaluations a second; accepted: right on every input."
    "$b/fp4_atoms"
    say "AES-128 made of such neurons alone, against the vectors of FIPS-197:"
    "$b/fp4_aes"
    say "A matrix in five formats of 4 bits, by each rule for the scale of a block. SNR: signal to noise:"
    "$b/fp4_quantize"
}

tirneural() {
    say "A program as the compiler lowers it and as the optimiser leaves it: cycles of each table. The"
    echo "cost of a proof is the tallest table, padded to a power of two; the optimistic bound is what no"
    echo "choice of replacements can pass; rejected candidates are those that no proof was found for."
    "$b/tir_opt" examples/data/sample.tir --lower-only -o "$out/classical.tasm" >/dev/null
    "$b/tir_opt" examples/data/sample.tir -o "$out/optimised.tasm"
    if [ -d "$corpus" ]; then
        say "std_crypto_bigint, a module of the trident standard library:"
        "$b/tir_opt" "$corpus/std_crypto_bigint.tir" -o "$out/bigint.tasm"
    fi
    for form in classical optimised; do
        say "$form, run on input 30 and 95:"
        "$b/tasm_run" "$out/$form.tasm" --input 30,95 >"$out/$form.txt"
        grep -E 'output|processor|op_stack|padded' "$out/$form.txt"
    done
    [ "$(grep output "$out/classical.txt")" = "$(grep output "$out/optimised.txt")" ]
}

axx() {
    say "A small vision transformer, trained on handwritten digits:"
    "$b/axx_vit_digits" --out "$out/digits"
    say "The same network on multipliers that are wrong now and then and take less power: accuracy with its"
    echo "interval of 95 %, then after an epoch of retraining; last, a search for cheaper assignments."
    "$b/axx_eval" "$out/digits.safetensors" "$out/digits.test.csv" --train "$out/digits.train.csv" \
        --validation "$out/digits.validation.csv" --largest 16 --retrain 1 --search 20 \
        --svg "$out/digits.svg"
}

# One training run; the last line is the digest of its parameters.
train() {
    "$b/hlx_train" --data examples/data/genesis.txt --preset demo --decay 300 "$@"
}

hlx() {
    say "A small transformer on the book of Genesis, 150 steps on one thread:"
    train --steps 150 --overwrite --out "$out/hlx" --threads 1
    say "The same run, resumed on two threads to step 300:"
    train --steps 300 --out "$out/hlx" --threads 2 --resume --sample 160 | tee "$out/resumed.txt"
    say "And 300 steps in one go:"
    train --steps 300 --overwrite --out "$out/hlx_straight" | tail -n 1 | tee "$out/straight.txt"
    [ "$(tail -n 1 "$out/resumed.txt")" = "$(cat "$out/straight.txt")" ]
    echo "the same bits"
}

number=0
right=0
begun=$(date +%s)
: >"$out/summary.txt"
part() { # part FUNCTION SECONDS HEADER TITLE
    number=$((number + 1))
    printf '\n== %d of 5: %s, %s (some %s s)\n' $number "$3" "$4" "$2"
    from=$(date +%s)
    (
        set -e
        "$1"
    )
    # shellcheck disable=SC2181 # `if` would switch -e off
    if [ $? = 0 ]; then
        right=$((right + 1))
        verdict=right
    else
        verdict='NOT RIGHT'
    fi
    printf '%-18s %-46s %-10s %4d s\n' "$3" "$4" "$verdict" $(($(date +%s) - from)) \
        >>"$out/summary.txt"
}

part goldilocks 2 nc_goldilocks.h "a field for hashes and proofs"
part fp4 4 nc_fp4.h "4-bit floats, and logic that is exact in them"
part tirneural 1 nc_tirneural.h "an optimiser whose every change is proven"
part axx 30 nc_axx.h "networks on approximate multipliers"
part hlx 15 nc_hlx.h "training whose bits never change"

printf '\n== %d of 5 parts right, %d s\n\n' $right $(($(date +%s) - begun))
cat "$out/summary.txt"
say "Pictures: $out/fixed_errors.svg, $out/digits.svg, $out/hlx/loss.svg"
[ $right = 5 ]
