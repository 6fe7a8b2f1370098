#!/bin/sh
# Examples, each once and on little, under valgrind's memcheck: no read or write outside, nothing that was
# never written decides, no memory lost. A table; 1 if a program has a finding. Needs valgrind.
# valgrind.sh NAME...: these alone, with those before them whose files they read.
cd "$(dirname "$0")/.." || exit 1
command -v valgrind >/dev/null || { echo "skipped: no valgrind (Debian: valgrind)"; exit 0; }
b=build/valgrind
# What MPI itself does, where its package tells.
known=$(ls /usr/share/openmpi/openmpi-valgrind.supp 2>/dev/null | sed "s/^/--suppressions=/")
names="$*"
targets=all
[ -z "$names" ] || targets=$(printf "$b/%s " $names)
mpi=
if command -v mpicc >/dev/null; then
    mpi=hlx_mpi
    [ -n "$names" ] || targets="all $b/hlx_mpi"
fi
make --no-print-directory -s -j"$(nproc)" B=$b OPENMP= CFLAGS="-O1 -g" $targets >/dev/null || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk 'BEGIN { for (r = 0; r < 12; r++) { printf "%d", r % 3
    for (i = 0; i < 72; i++) printf ",%d", (r * 87 + i * i * 7) % 256; print "" } }' >"$work/images.csv"
head -n 60 examples/data/digits.csv >"$work/digits.csv"
failures=0
printf '%-16s %8s  %s\n' program seconds findings
while read -r program arguments; do
    start=$(date +%s)
    case " ${names:-$program} " in *" $program "*) ;; *) continue ;; esac
    [ $program != hlx_mpi ] || [ -n "$mpi" ] || { echo "hlx_mpi: skipped, no MPI"; continue; }
    eval "set -- $arguments"
    leaks=full
    [ $program != hlx_mpi ] || leaks=no # MPI itself keeps some to the end
    valgrind -q $known --error-exitcode=99 --leak-check=$leaks --errors-for-leak-kinds=definite,indirect,possible \
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
tasm_run "$work/out.tasm" --input 95,30
tir_train examples/data --blocks 20 --epochs 1 --beam 4 --generations 1 --no-ablation -o "$work/weights.bin"
tir_self --blocks 1 --beam 1 --rounds 1 --effort 0
lut_convert drum:4 -o "$work/drum.npy" --heatmap "$work/drum.svg"
axx_vit_digits --data "$work/digits.csv" --epochs 1 --out "$work/digits"
axx_eval tests/corpus/axx_graph/inverted.onnx "$work/images.csv" --train "$work/images.csv" --retrain 1 --search 1 --json
axx_cifar --onnx tests/corpus/axx_graph/cifar.onnx --images 20 --test 10 --epochs 1 --json mul8s_1L2D
hlx_train --data examples/data/genesis.txt --preset demo --steps 1 --batch 1 --eval-windows 1 --out "$work/run"
hlx_export "$work/run/checkpoint.bin" -o "$work/model.safetensors"
hlx_quantize --windows 1 --sequences 1 "$work/run/checkpoint.bin" examples/data/genesis.txt
hlx_verify train --data examples/data/genesis.txt --out "$work/kept" --steps 1 --every 1 --batch 1
hlx_mpi --data examples/data/genesis.txt --preset demo --steps 1 --shards 1 --batch 1
gpu_devices /no/such/driver
chain --steps 2
EOF2
echo "$failures programs with findings"
[ $failures = 0 ]
