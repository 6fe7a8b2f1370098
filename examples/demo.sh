#!/bin/sh
# The five libraries on real input: what `make demo` shows. demo.sh BUILD
set -e
b=$1
out=$b/demo
mkdir -p "$out"
say() { printf '\n== %s\n\n' "$*"; }

say "nc_goldilocks.h: Poseidon2 digests of files, polynomial products by NTT"
"$b/gl_hash" LICENSE examples/data/digits.csv
"$b/gl_ntt" 14

say "nc_fp4.h: Boolean atoms as 4-bit threshold neurons, and a real matrix in 4 bits"
"$b/fp4_atoms"
"$b/fp4_quantize"

say "nc_tirneural.h: TIR to TASM, blocks replaced by proven cheaper ones; then both are run"
"$b/tir_opt" examples/data/sample.tir --lower-only -o "$out/classical.tasm"
"$b/tir_opt" examples/data/sample.tir -o "$out/optimised.tasm"
for form in classical optimised; do
    printf '\n%s, input 30 and 95:\n' $form
    "$b/tasm_run" "$out/$form.tasm" --input 30,95 | grep -E 'output|processor|op_stack|padded'
done

say "nc_axx.h: handwritten digits on approximate multipliers"
"$b/axx_digits"

say "nc_hlx.h: a small transformer on the book of Genesis, stopped and resumed"
"$b/hlx_train" --data examples/data/genesis.txt --preset demo --steps 150 --decay 300 \
    --out "$out/hlx" --threads 1
"$b/hlx_train" --data examples/data/genesis.txt --preset demo --steps 300 --decay 300 \
    --out "$out/hlx" --threads 2 --resume --sample 160 | tee "$out/resumed.txt"
"$b/hlx_train" --data examples/data/genesis.txt --preset demo --steps 300 --decay 300 \
    --out "$out/hlx_straight" >"$out/straight.txt"
if [ "$(tail -n 1 "$out/resumed.txt")" = "$(tail -n 1 "$out/straight.txt")" ]; then
    echo "the same bits as 300 steps in one run"
else
    echo "DIFFERENT from 300 steps in one run"
    exit 1
fi
