#!/bin/sh
# The five libraries on real input: what `make demo` shows. demo.sh BUILD
set -e
b=$1
out=$b/demo
mkdir -p "$out"
say() { printf '\n== %s\n\n' "$*"; }

say "nc_goldilocks.h: Poseidon2 digests of files, polynomial products by NTT"
"$b/gl_hash" LICENSE examples/data/digits.csv
i=0
: >"$out/known.bin" # byte i = 31 i + 7 mod 256, a known answer of the trident compiler
while [ $i -lt 256 ]; do
    printf "\\$(printf '%03o' $(((31 * i + 7) % 256)))" >>"$out/known.bin"
    i=$((i + 1))
done
while [ "$(wc -c <"$out/known.bin")" -lt 65536 ]; do
    cat "$out/known.bin" "$out/known.bin" >"$out/twice.bin"
    mv "$out/twice.bin" "$out/known.bin"
done
"$b/gl_hash" "$out/known.bin" | tee "$out/known.txt"
grep -q 7c24bab7ce11e3329d4ebbb1f5fa638813f37553b42e653b14f88df6ce6369af "$out/known.txt" ||
    { echo "NOT the known digest"; exit 1; }
echo "                                              as poseidon2_trident.json demands"
"$b/gl_ntt" 14
"$b/gl_merkle" examples/data
"$b/gl_fixed" --svg "$out/fixed_errors.svg"

say "nc_fp4.h: Boolean atoms as 4-bit threshold neurons, and a real matrix in 4 bits"
"$b/fp4_atoms"
"$b/fp4_aes"
"$b/fp4_quantize"

say "nc_tirneural.h: TIR to TASM, blocks replaced by proven cheaper ones; then both are run"
"$b/tir_opt" examples/data/sample.tir --lower-only -o "$out/classical.tasm"
"$b/tir_opt" examples/data/sample.tir -o "$out/optimised.tasm"
corpus=${NC_TEST_DATA:-../shared/data}/tir
if [ -d "$corpus" ]; then
    printf '\nstd_crypto_bigint, a module of the trident standard library:\n'
    "$b/tir_opt" "$corpus/std_crypto_bigint.tir" -o "$out/bigint.tasm"
fi
for form in classical optimised; do
    printf '\n%s, input 30 and 95:\n' $form
    "$b/tasm_run" "$out/$form.tasm" --input 30,95 | grep -E 'output|processor|op_stack|padded'
done

say "nc_axx.h: a vision transformer on approximate multipliers (some 40 s)"
"$b/axx_vit_digits" --out "$out/digits"
"$b/axx_eval" "$out/digits.safetensors" "$out/digits.test.csv" --train "$out/digits.train.csv" \
    --validation "$out/digits.validation.csv" --largest 16 --retrain 1 --search 40 --svg "$out/digits.svg"

say "nc_hlx.h: a small transformer on the book of Genesis, stopped and resumed"
"$b/hlx_train" --data examples/data/genesis.txt --preset demo --steps 150 --decay 300 \
    --overwrite --out "$out/hlx" --threads 1
"$b/hlx_train" --data examples/data/genesis.txt --preset demo --steps 300 --decay 300 \
    --out "$out/hlx" --threads 2 --resume --sample 160 | tee "$out/resumed.txt"
"$b/hlx_train" --data examples/data/genesis.txt --preset demo --steps 300 --decay 300 \
    --overwrite --out "$out/hlx_straight" >"$out/straight.txt"
if [ "$(tail -n 1 "$out/resumed.txt")" = "$(tail -n 1 "$out/straight.txt")" ]; then
    echo "the same bits as 300 steps in one run"
else
    echo "DIFFERENT from 300 steps in one run"
    exit 1
fi
