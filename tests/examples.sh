#!/bin/sh
# The examples as users run them: results, --help, --json, bad usage, bad input.
cd "$(dirname "$0")/.." || exit 1
b=build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make --no-print-directory -s -j"$(nproc)" all || exit 1
failures=0
n=0

expect() { # exit code, command...
    want=$1
    shift
    n=$((n + 1))
    "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ $got != "$want" ]; then
        echo "FAILED: '$*' returned $got, not $want"
        head -n 5 "$work/err"
        failures=$((failures + 1))
    fi
    if [ "$want" != 0 ] && [ ! -s "$work/err" ]; then
        echo "FAILED: '$*' says nothing about its error"
        failures=$((failures + 1))
    fi
}
contains() { # text
    n=$((n + 1))
    grep -qF -- "$1" "$work/out" || { echo "FAILED: no '$1' in:"; head -n 8 "$work/out"; failures=$((failures + 1)); }
}
json() { # the last output is JSON, where there is something to check it with
    command -v python3 >/dev/null || return
    n=$((n + 1))
    python3 -m json.tool <"$work/out" >/dev/null || { echo "FAILED: not JSON"; failures=$((failures + 1)); }
}

for e in gl_hash gl_ntt gl_merkle gl_fixed fp4_atoms fp4_compile fp4_aes fp4_quantize tir_opt tir_train tasm_run lut_convert axx_vit_digits hlx_train hlx_verify hlx_export; do
    expect 0 $b/$e --help
    contains "usage: $e"
    expect 2 $b/$e --no-such-option
done

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

for tip5 in "" --tip5; do
    expect 0 $b/gl_merkle $tip5 --prove 77 examples/data/digits.csv
    cp "$work/out" "$work/proof"
    expect 0 $b/gl_merkle --verify "$work/proof" examples/data/digits.csv; contains "leaf 77 belongs"
    expect 1 $b/gl_merkle --verify "$work/proof" examples/data/genesis.txt
    sed 's/index 77/index 78/' "$work/proof" >"$work/moved"
    expect 1 $b/gl_merkle --verify "$work/moved" examples/data/digits.csv
    expect 1 $b/gl_merkle --verify LICENSE examples/data/digits.csv
done
expect 1 $b/gl_merkle --prove 9999 examples/data/digits.csv
expect 0 $b/gl_merkle "$work/empty"; contains "0 leaves"
cp -r examples/data "$work/tree"
expect 0 $b/gl_merkle "$work/tree"; contains "5 files"; cp "$work/out" "$work/root"
expect 0 $b/gl_merkle --prove 5 "$work/tree"; cp "$work/out" "$work/proof"
expect 0 $b/gl_merkle --verify "$work/proof" "$work/tree"; contains "leaf 5 belongs"
mv "$work/tree/sample.tir" "$work/tree/sample.TIR"
expect 0 $b/gl_merkle "$work/tree" # another name, another root
cmp -s "$work/out" "$work/root" && { echo "FAILED: a renamed file keeps the root"; failures=$((failures + 1)); }
printf x | dd of="$work/tree/digits.csv" bs=1 seek=4500 conv=notrunc 2>/dev/null # in leaf 5
expect 1 $b/gl_merkle --verify "$work/proof" "$work/tree"
expect 1 $b/gl_merkle "$work/no_such_folder"

expect 0 $b/gl_fixed --svg "$work/errors.svg"; contains sigmoid_taylor
grep -q '</svg>' "$work/errors.svg" || { echo "FAILED: no plot"; failures=$((failures + 1)); }
expect 0 $b/gl_fixed --json; json
expect 1 $b/gl_fixed --svg "$work/no/such/folder"

expect 0 $b/fp4_atoms; contains "all exact"; contains "131072    100.00 %"
expect 0 $b/fp4_atoms --json; json
expect 0 $b/fp4_aes --bristol "$work/aes.txt" --fp4 "$work/aes.fp4"; contains "all right"
expect 0 $b/fp4_aes --json; json
expect 0 $b/fp4_compile --bristol "$work/aes.txt" --report; json
expect 0 $b/fp4_compile --fp4 "$work/aes.fp4" --report; contains '"units": 134722'
expect 1 $b/fp4_compile --fp4 "$work/aes.fp4" --verify
expect 1 $b/fp4_compile --blif "$work/aes.txt"
expect 1 $b/fp4_compile --json no_such_file
expect 1 $b/fp4_compile --template adder --bits 5000
expect 1 $b/fp4_compile --template adder --bits 4 -o "$work/no/such/folder"
expect 2 $b/fp4_compile --template adder
expect 2 $b/fp4_compile --template ladder --bits 4
for t in adder:64 subtractor:32 add-sub:16 comparator:64 multiplier:8 parity:64 popcount:16 mux:4 \
    decoder:5 priority-encoder:20 alu:16 shifter:32; do
    name=${t%:*} bits=${t#*:}
    expect 0 $b/fp4_compile --template $name --bits $bits --verify --emit circuit-blif -o "$work/c.blif"
    expect 0 $b/fp4_compile --blif "$work/c.blif" --verify --emit bristol -o "$work/c.txt"
    expect 0 $b/fp4_compile --bristol "$work/c.txt" --verify --emit circuit-json -o "$work/c.json"
    expect 0 $b/fp4_compile --json "$work/c.json" --verify --emit blif -o "$work/units.blif"
    # another tool's word for it: the threshold units after three formats are the template
    if command -v berkeley-abc >/dev/null; then
        expect 0 berkeley-abc -q "cec -n $work/c.blif $work/units.blif"; contains "are equivalent"
    fi
done
# the emitted header stands alone, and agrees with the machine's addition
expect 0 $b/fp4_compile --template adder --bits 16 --emit c -o "$work/adder16.h"
cat >"$work/adder16.c" <<'EOF'
#include "adder16.h"
int main(void) {
    uint64_t in[33], out[17], a, b, i;
    for (a = 0; a < 65536; a += 255)
        for (b = 1; b < 65536; b += 1021) {
            uint64_t sum = a + b + 1, got = 0;
            for (i = 0; i < 33; i++) in[i] = 0 - ((i < 16 ? a >> i : i < 32 ? b >> (i - 16) : 1) & 1);
            nc_adder(in, out);
            for (i = 0; i < 17; i++) got |= (out[i] & 1) << i;
            if (got != sum) return 1;
        }
    return 0;
}
EOF
expect 0 ${CC:-cc} -std=c99 -Wall -Wextra -Wpedantic -Werror -O1 "$work/adder16.c" -o "$work/adder16"
expect 0 "$work/adder16"
expect 0 $b/fp4_compile --template adder --bits 4 --emit dot; contains digraph
expect 0 $b/fp4_compile --template adder --bits 4 --emit safetensors -o "$work/adder.safetensors"
if command -v nvcc >/dev/null; then # another encoder's word for it
    printf '#define NC_IMPLEMENTATION\n#include "nc_fp4.h"\n' >"$work/fp4.c"
    expect 0 ${CC:-cc} -O2 -I. -c "$work/fp4.c" -o "$work/fp4.o"
    expect 0 nvcc -O2 tests/fp4_oracle.cu "$work/fp4.o" -o "$work/fp4_oracle"
    expect 0 "$work/fp4_oracle"; contains ": 0 differ"
fi
expect 0 $b/fp4_quantize; contains NVFP4
expect 0 $b/fp4_quantize --json; json
expect 1 $b/fp4_quantize LICENSE

expect 0 $b/tir_opt examples/data/sample.tir --lower-only
cmp -s "$work/out" tests/corpus/tir_tasm/sample.tasm || { echo "FAILED: sample.tasm differs"; failures=$((failures + 1)); }
expect 0 $b/tir_opt examples/data/sample.tir -o "$work/o.tasm" --report json; json
expect 0 $b/tir_opt examples/data/sample.tir -o "$work/o.tasm"; contains "each proven equivalent"
expect 1 $b/tir_opt examples/data/sample.tir -o "$work/no/such/folder"
printf 'entry main\nfn_start main\npush 7\nhint 1\nhint 1\npop 1\npop 1\nwrite_io 1\nreturn\nfn_end\n' >"$work/raw.tir"
expect 0 $b/tir_opt --raw --lower-only "$work/raw.tir"; contains "divine 2"; contains "pop 2"
expect 0 $b/tir_opt examples/data/sample.tir --target triton --lower-only -o "$work/t.tasm"
expect 0 $b/tir_opt "$work/t.tasm" --whole --blocks --profile examples/data/sample.inputs -o "$work/w.tasm"
contains "block at"; contains "real machine"; contains "worst of 3 samples"
for input in 30,95,65 95,30,65 300,7,100; do
    a=${input%%,*} rest=${input#*,}
    expect 0 $b/tasm_run "$work/w.tasm" --input "$a,${rest%%,*}"; contains "output: ${rest#*,}"
done
expect 0 $b/tir_opt examples/data/sample.tir --weights examples/data/tir_weights.bin -o "$work/o.tasm"
contains "each proven equivalent"
expect 1 $b/tir_opt examples/data/sample.tir --weights LICENSE -o "$work/o.tasm"; grep -q "not a weights file" "$work/err"
expect 0 $b/tir_opt examples/data/sample.tir --train 2 --weights "$work/own.bin" -o "$work/o.tasm"
for run in 1 2; do # the same weights, whatever runs beside
    expect 0 $b/tir_train examples/data --epochs 2 --beam 16 --generations 3 --no-ablation -o "$work/w$run.bin"
    contains "90816 parameters"
done
cmp -s "$work/w1.bin" "$work/w2.bin" || { echo "FAILED: tir_train gives two results"; failures=$((failures + 1)); }
expect 0 $b/tir_train examples/data --weights "$work/w1.bin" --generations 1 --state "$work/state"; contains "no network"
expect 1 $b/tir_train no_such_folder
expect 2 $b/tir_train
printf 'public 1 2\nsecret 3 x\n' >"$work/bad.inputs"
expect 1 $b/tir_opt examples/data/sample.tir --profile "$work/bad.inputs" -o "$work/o.tasm"
expect 1 $b/tir_opt examples/data/sample.tir --profile no_such_file -o "$work/o.tasm"
expect 0 $b/tir_opt --corpus examples/data; contains "sample"; contains "every replacement proven"
expect 1 $b/tir_opt --corpus no_such_folder
if command -v rustc >/dev/null; then
    sh examples/trident_ffi/build.sh build/ffi >"$work/out" 2>&1 || { cat "$work/out"; failures=$((failures + 1)); }
    expect 0 build/ffi/trident_ffi_test; contains "4 passed"
    expect 0 build/ffi/trident_ffi examples/data/sample.tir; contains '"instructions_after"'
    expect 1 build/ffi/trident_ffi LICENSE
    for f in "${NC_TEST_DATA:-../shared/data}"/tir/std_*.tir; do
        case $f in *.raw.tir | *\**) continue ;; esac
        expect 0 build/ffi/trident_ffi "$f"
    done
else
    echo "trident_ffi: skipped, no rustc"
fi
expect 1 $b/tir_opt LICENSE
expect 1 $b/tir_opt no_such_file
for input in 30,95,65 95,30,65 5,5,0 300,7,100; do
    a=${input%%,*} rest=${input#*,}
    expect 0 $b/tasm_run "$work/o.tasm" --input "$a,${rest%%,*}"; contains "output: ${rest#*,}"
done
expect 0 $b/tasm_run "$work/o.tasm" --input 1,2 --json; json
expect 1 $b/tasm_run "$work/o.tasm" --input 1; grep -q . "$work/out"
expect 2 $b/tasm_run "$work/o.tasm" --input 1,x
expect 1 $b/tasm_run LICENSE

# Multipliers: from every form to every other and back, the same metrics.
expect 0 $b/lut_convert mul8s_1L2H --json; json; contains '"MAE": 53.333984'
cp "$work/out" "$work/metrics"
last=mul8s_1L2H
for ending in i16 i32 npy h csv i16 h; do
    expect 0 $b/lut_convert "$last" -o "$work/mul8s_1L2H.$ending"
    last=$work/mul8s_1L2H.$ending
    expect 0 $b/lut_convert "$last" --json
    cmp -s "$work/out" "$work/metrics" || { echo "FAILED: $ending changes a table"; failures=$((failures + 1)); }
done
expect 0 $b/lut_convert --families; contains "error_tolerant_7"; contains "mul8s_1KR3"
expect 0 $b/lut_convert --families --json; json
expect 0 $b/lut_convert mitchell --heatmap "$work/map.ppm" --heatmap "$work/map.svg" --metrics
contains mitchell
expect 0 $b/lut_convert mitchell --heatmap "$work/map.ppm"
[ "$(wc -c <"$work/map.ppm")" = 196623 ] && grep -q '</svg>' "$work/map.svg" ||
    { echo "FAILED: no maps"; failures=$((failures + 1)); }
printf 'int f(int8_t A, int8_t B) {\n  return A * ;\n}\n' >"$work/bad.c"
expect 1 $b/lut_convert "$work/bad.c"; grep -q 'bad.c:2:14' "$work/err" ||
    { echo "FAILED: no position"; failures=$((failures + 1)); }
expect 1 $b/lut_convert wallace
expect 1 $b/lut_convert drum:4 -o "$work/x.blif"
expect 2 $b/lut_convert
expect 2 $b/lut_convert a b

# The whole way of the vision transformer: 96 % in float32, exact within a point after retraining.
expect 0 $b/axx_vit_digits --json --out "$work/vit" --save "$work/vit.safetensors"; json
cp "$work/out" "$work/vit.json"
awk -F'[:,}]' '/"multiplier"/ { a[$2] = $4; for (i = 1; i < NF; i++) if ($i ~ /"retrained"/) r[$2] = $(i + 1) }
    END { f = a[" \"float32\""]; e = a[" \"mul8s_1KV8\""]; l = r[" \"mul8s_1L2H\""]
          exit !(f >= 0.96 && e >= f - 0.01 && l >= e - 0.01) }' "$work/vit.json" ||
    { echo "FAILED: accuracy"; head -n 6 "$work/vit.json"; failures=$((failures + 1)); }
[ -s "$work/vit.svg" ] && [ "$(wc -l <"$work/vit.csv")" -gt 50 ] ||
    { echo "FAILED: no plot or table"; failures=$((failures + 1)); }
expect 0 $b/axx_vit_digits --load "$work/vit.safetensors" --rounds 8 --out "$work/again" "$work/mul8s_1L2H.i16"
contains "float32"; contains "best assignment"
expect 1 $b/axx_vit_digits --load LICENSE
expect 1 $b/axx_vit_digits wallace
expect 1 $b/axx_vit_digits --data LICENSE
expect 2 $b/axx_vit_digits --epochs

train="$b/hlx_train --data examples/data/genesis.txt --preset demo --decay 40"
expect 0 $train --steps 40 --out "$work/straight" --sample 20
straight=$(tail -n 1 "$work/out")
contains "parameters digest: "
expect 0 $train --steps 15 --out "$work/parts"
expect 0 $train --steps 40 --out "$work/parts" --resume
[ "$(tail -n 1 "$work/out")" = "$straight" ] || { echo "FAILED: resumed run differs"; failures=$((failures + 1)); }
[ -s "$work/straight/loss.svg" ] && [ "$(grep -c , "$work/straight/log.csv")" = 41 ] ||
    { echo "FAILED: no curve or log"; failures=$((failures + 1)); }
awk -F, 'NR == 2 { first = $2 } END { exit !($2 < first - 1) }' "$work/straight/log.csv" ||
    { echo "FAILED: the loss does not fall"; failures=$((failures + 1)); }
printf x | dd of="$work/parts/checkpoint.bin" bs=1 seek=5000 conv=notrunc 2>/dev/null
expect 1 $train --steps 40 --out "$work/parts" --resume
expect 1 $train --steps 40 --out "$work/none" --resume
expect 1 $b/hlx_train --data no_such_file
# twenty steps here, twenty more on a device (two through the slow CUDA shim): the digest of forty
for device in vulkan cuda; do
    library= kernels=build/kernels first=20
    [ $device = cuda ] && library=build/shim/libcuda_on_cpu.so kernels=build/shim first=38
    expect 0 $train --batch 2 --steps $first --out "$work/device"
    expect 0 env NC_GPU_LIBRARY=$library NC_KERNEL_PATH=$kernels $train --batch 2 --steps 40 \
        --resume --device $device --out "$work/device"
    there=$(tail -n 1 "$work/out")
    expect 0 $train --batch 2 --steps 40 --out "$work/here"
    [ "$(tail -n 1 "$work/out")" = "$there" ] || { echo "FAILED: $device differs: $there"; failures=$((failures + 1)); }
done
expect 1 env NC_GPU_LIBRARY=no_such_driver.so $train --device cuda
expect 2 $train --device abacus

# hlx_verify: the checkpoint of step 40 follows from that of step 20, and no other does
expect 0 $train --batch 2 --steps 20 --out "$work/verify"; cp "$work/verify/checkpoint.bin" "$work/a.bin"
expect 0 $train --batch 2 --steps 40 --resume --out "$work/verify"
verify="$b/hlx_verify $work/a.bin $work/verify/checkpoint.bin"
expect 0 $verify --data examples/data/genesis.txt; contains "confirmed"
expect 0 $verify --data examples/data/genesis.txt --device vulkan --json; json; contains '"confirmed": true'
expect 0 $b/gl_merkle "$work/verify/checkpoint.bin" # the commitment that hlx_verify prints
root=$(sed -n 's/^root //p' "$work/out")
expect 0 $verify --data examples/data/genesis.txt; contains "$root"
expect 1 $verify --data examples/data/digits.csv
expect 0 $train --batch 2 --steps 40 --seed 2 --out "$work/other"
expect 1 $b/hlx_verify "$work/a.bin" "$work/other/checkpoint.bin" --data examples/data/genesis.txt
expect 1 $b/hlx_verify "$work/verify/checkpoint.bin" "$work/a.bin" --data examples/data/genesis.txt
expect 1 $b/hlx_verify "$work/a.bin" LICENSE --data examples/data/genesis.txt
expect 2 $train --steps many
expect 2 $train --steps 2.5
expect 2 $train --dropout 1
expect 2 $train --data

# Ctrl-C saves where it stands
$train --steps 100000 --save-every 100000 --out "$work/int" >"$work/out" 2>"$work/err" &
process=$!
i=0 # the log is opened after the handler is set
while [ ! -e "$work/int/log.csv" ] && [ $i -lt 300 ]; do sleep 0.1; i=$((i + 1)); done
sleep 0.5
kill -INT $process
wait $process
[ $? = 0 ] && [ -s "$work/int/checkpoint.bin" ] || { echo "FAILED: an interrupted run leaves no checkpoint"; failures=$((failures + 1)); }

# byte pairs, dropout, accumulation, flash attention and recomputation: resumed, and verified elsewhere
all="$b/hlx_train --data examples/data/genesis.txt --preset demo --decay 20 --batch 2 --vocab 300 --dropout 0.1 --accumulate 2 --flash --recompute --tied"
expect 0 $all --steps 20 --out "$work/all" --sample 20 --prompt "And God"; whole=$(tail -n 1 "$work/out")
contains "nats/byte"; contains "tokens of 300"
expect 0 $all --steps 10 --out "$work/half"; cp "$work/half/checkpoint.bin" "$work/half.bin"
expect 0 $all --steps 20 --resume --out "$work/half"
[ "$(tail -n 1 "$work/out")" = "$whole" ] || { echo "FAILED: the resumed run with all options differs"; failures=$((failures + 1)); }
expect 0 $b/hlx_verify "$work/half.bin" "$work/half/checkpoint.bin" --data examples/data/genesis.txt \
    --tokenizer "$work/half/tokenizer.bpe" --device vulkan; contains "confirmed"
expect 1 $b/hlx_verify "$work/half.bin" "$work/half/checkpoint.bin" --data examples/data/genesis.txt
# four batches of two are one of eight; recomputation changes nothing
expect 0 $train --steps 10 --out "$work/large"; large=$(tail -n 1 "$work/out")
expect 0 $train --steps 10 --batch 2 --accumulate 4 --recompute --out "$work/micro"
[ "$(tail -n 1 "$work/out")" = "$large" ] || { echo "FAILED: micro-batches differ"; failures=$((failures + 1)); }
# a file of 16-bit tokens is the text that it holds
awk 'BEGIN { for (i = 0; i < 6000; i++) printf "%c", 97 + (i * i + i / 7) % 26 }' >"$work/letters"
sed 's/./&\x00/g' "$work/letters" | tr -d '\n' >"$work/tokens"
expect 0 $b/hlx_train --data "$work/letters" --preset demo --steps 5 --out "$work/l"; large=$(tail -n 1 "$work/out")
expect 0 $b/hlx_train --data "$work/tokens" --token-bytes 2 --vocab 256 --preset demo --steps 5 --out "$work/t"
[ "$(tail -n 1 "$work/out")" = "$large" ] || { echo "FAILED: a token file differs from its text"; failures=$((failures + 1)); }
expect 1 $b/hlx_train --data "$work/tokens" --token-bytes 2 --vocab 100 --preset demo --steps 5 --out "$work/t"
grep -q vocabulary "$work/err" || { echo "FAILED: no word of the vocabulary"; failures=$((failures + 1)); }
expect 2 $b/hlx_train --data "$work/tokens" --token-bytes 2
expect 1 $b/hlx_train --data "$work/letters" --tokenizer LICENSE --out "$work/t"
# stops when validation gets no better: at once, with a learning rate that wrecks the model
expect 0 $b/hlx_train --data "$work/letters" --preset demo --lr 3 --clip 1000 --warmup 0 --steps 40 --eval-every 5 --patience 2 --out "$work/stop"
contains "no better for 2 validations"
[ -s "$work/stop/best.bin" ] || { echo "FAILED: no best.bin"; failures=$((failures + 1)); }

# hlx_export: out as safetensors and back, the same weights
expect 0 $b/hlx_export "$work/a.bin" -o "$work/a.safetensors"; out_digest=$(tail -n 1 "$work/out")
grep -q '"h.1.attn.c_attn.weight":{"dtype":"F32","shape":\[64,192\]' "$work/a.safetensors" || { echo "FAILED: no GPT-2 name"; failures=$((failures + 1)); }
expect 0 $b/hlx_export "$work/verify/checkpoint.bin" --import "$work/a.safetensors" -o "$work/back.bin"
contains "$out_digest"
expect 1 $b/hlx_export "$work/a.bin" --import LICENSE -o "$work/none.bin"
expect 1 $b/hlx_export LICENSE -o "$work/none.safetensors"

# hlx_mpi: one, two and four ranks, the same bits
if command -v mpirun >/dev/null && command -v mpicc >/dev/null; then
    make --no-print-directory -s $b/hlx_mpi || failures=$((failures + 1))
    ranks() {
        OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1 \
            mpirun --oversubscribe -n "$@"
    }
    for r in 1 2 4; do
        expect 0 ranks $r $b/hlx_mpi --data examples/data/genesis.txt --preset demo --steps 30 --out "$work/mpi.bin"
        one=${one:-$(tail -n 1 "$work/out")}
        [ "$(tail -n 1 "$work/out")" = "$one" ] || { echo "FAILED: $r ranks give other bits"; failures=$((failures + 1)); }
        echo "$r ranks: $(tail -n 1 "$work/out")"
    done
    expect 0 $b/hlx_export "$work/mpi.bin" -o "$work/mpi.safetensors"; contains "${one##* }"
    expect 2 ranks 2 $b/hlx_mpi --data examples/data/genesis.txt --shards 3
    expect 1 ranks 2 $b/hlx_mpi --data no_such_file
    expect 0 $b/hlx_mpi --help; contains "usage: mpirun"
else
    echo "hlx_mpi: skipped, no MPI"
fi

echo "$n checks, $failures failures"
[ $failures = 0 ]
