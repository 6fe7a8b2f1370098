#!/bin/sh
# Examples, each once and on little, under valgrind's memcheck: no read or write outside, nothing that was
# never written decides, no memory lost. A table; 1 if a program has a finding. Needs valgrind.
# Not here: axx_cifar, axx_eval, hlx_mpi, hlx_verify, tir_self, tir_train.
cd "$(dirname "$0")/.." || exit 1
command -v valgrind >/dev/null || { echo "skipped: no valgrind (Debian: valgrind)"; exit 0; }
b=build/valgrind
make --no-print-directory -s -j"$(nproc)" B=$b OPENMP= CFLAGS="-O1 -g" all >/dev/null || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
printf '%-16s %8s  %s\n' program seconds findings
while read -r program arguments; do
    start=$(date +%s)
    eval "set -- $arguments"
    valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible \
        --log-file="$work/log" "$b/$program" "$@" >"$work/out" 2>"$work/err" </dev/null
    code=$?
    verdict=none
    [ $code = 0 ] || verdict="returned $code"
    [ $code = 99 ] && verdict="$(grep -c '^==' "$work/log") lines:"
    printf '%-16s %8d  %s\n' "$program" $(($(date +%s) - start)) "$verdict"
    [ $code = 0 ] || { failures=$((failures + 1)); head -n 25 "$work/log"; head -n 3 "$work/err"; }
done <<EOF2
gl_hash LICENSE
gl_ntt 8
gl_merkle --chunk 256 LICENSE
gl_fixed --json
fp4_atoms
fp4_compile --template adder --bits 4 --verify
fp4_aes
fp4_sha256
fp4_quantize
fp4_perplexity --steps 1 --windows 1
fp4_convert tests/data/fp4/bnb_nf4.npy --to f16 -o "$work/f16.safetensors"
tir_opt examples/data/sample.tir --weights examples/data/tir_weights.bin -o "$work/out.tasm"
tasm_run "$work/out.tasm"
lut_convert drum:4 -o "$work/drum.npy" --heatmap "$work/drum.svg"
axx_vit_digits --data examples/data/digits.csv --epochs 1 --out "$work/digits"
hlx_train --data examples/data/genesis.txt --preset demo --steps 1 --batch 1 --eval-windows 1 --out "$work/run"
hlx_export "$work/run/checkpoint.bin" -o "$work/model.safetensors"
hlx_quantize --windows 1 --sequences 1 "$work/run/checkpoint.bin" examples/data/genesis.txt
gpu_devices /no/such/driver
chain --steps 2
EOF2
echo "$failures programs with findings"
[ $failures = 0 ]
