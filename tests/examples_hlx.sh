#!/bin/sh
# The examples of nc_hlx.h, as users run them: results, --json, bad usage, bad input.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
usage hlx_train hlx_verify hlx_export hlx_quantize

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
expect 0 $b/hlx_export "$work/a.bin" -o "$work/folder"
expect 0 $b/hlx_export --import "$work/folder" -o "$work/again.bin"
[ "$(tail -n 1 "$work/out")" = "$out_digest" ] || { echo "FAILED: the folder's weights differ"; failures=$((failures + 1)); }
expect 0 $b/hlx_export --import tests/data/hlx/gpt2/sharded -o "$work/gpt2.bin"
expect 1 $b/hlx_export "$work/gpt2.bin" --import tests/data/hlx/gpt2/untied -o "$work/none.bin"
expect 0 $b/hlx_export "$work/gpt2.bin" --import tests/data/hlx/gpt2/untied --drop-head -o "$work/gpt2b.bin"
expect 2 $b/hlx_export "$work/a.bin" -o "$work/a.bin" # over itself
expect 0 $b/hlx_export "$work/gpt2.bin" --import tests/data/hlx/gpt2/bf16.safetensors -o "$work/gpt2b.bin"
contains "does not say its number of heads: 2 are taken"
expect 0 $b/hlx_export --import tests/data/hlx/llmc/bfloat16.bin -o "$work/llmc.bin"
expect 1 $b/hlx_export "$work/a.bin" -o "$work/gpt2b.bin"; grep -q "is a file, not a folder" "$work/err" || { echo "FAILED: a file in the way"; failures=$((failures + 1)); }

# hlx_train --init: from a folder, with its shape; other sizes than the preset's
init="$b/hlx_train --data examples/data/genesis.txt --init tests/data/hlx/gpt2/sharded --batch 2"
expect 1 $init --steps 1 --out "$work/init" # bytes are more than its 13 tokens
expect 0 $init --steps 2 --vocab 300 --context 6 --out "$work/init"
contains " of 300;"
expect 1 $init --layers 3 --steps 2 --vocab 300 --out "$work/init"
expect 2 $b/hlx_train --data examples/data/genesis.txt --width 30 --heads 4 --out "$work/shape"
expect 0 $b/hlx_train --data examples/data/genesis.txt --layers 1 --width 32 --heads 2 --context 16 --steps 1 --out "$work/shape"
contains "29664 parameters"

# hlx_quantize: the perplexity of whole windows, and little more with fewer bits
quantize="$b/hlx_quantize --windows 9 --sequences 4 --seconds 0 --json"
expect 0 $quantize "$work/a.bin" examples/data/genesis.txt; json; contains '"weights": "nvfp4"'
awk -F'"perplexity": ' '/perplexity/ { p = $2 + 0; if (!first) first = p
                        if (p < first * 0.99 || p > first * 1.05) bad = 1; n++ }
    END { exit bad || n != 6 }' "$work/out" || { echo "FAILED: perplexity of few bits"; failures=$((failures + 1)); }
expect 1 $quantize "$work/a.bin" no_such_file
expect 1 $quantize LICENSE examples/data/genesis.txt
expect 2 $quantize "$work/a.bin"
expect 2 $quantize --windows 0 "$work/a.bin" examples/data/genesis.txt
finish
