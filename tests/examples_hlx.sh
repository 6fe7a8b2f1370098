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
expect 1 $b/hlx_train --data no_such_file --out "$work/none"

# a run goes on with what it began with, and says so where it cannot
same() { # digest line, what
    n=$((n + 1))
    [ "$(tail -n 1 "$work/out")" = "$1" ] || { echo "FAILED: $2: other bits"; failures=$((failures + 1)); }
}
run="$b/hlx_train --data examples/data/genesis.txt"
own="--preset demo --batch 2 --lr 1.9e-3 --decay 30 --warmup 3 --beta1 0.8 --weight-decay 0.2 --clip 0.5 --seed 7"
expect 0 $run $own --steps 30 --eval-every 5 --out "$work/own"; own_digest=$(tail -n 1 "$work/out")
whole_logs "$work/own" 30
expect 0 $run $own --steps 12 --eval-every 5 --out "$work/kept"
cp "$work/kept/checkpoint.bin" "$work/twelve.bin"
expect 0 $run --resume --eval-every 5 --out "$work/kept"; same "$own_digest" "what is not given is not the checkpoint's"
whole_logs "$work/kept" 30
expect 0 $run --resume --steps 30 --lr 1e-3 --decay 50 --out "$work/kept"; same "$own_digest" "a finished run"
for other in "--layers 3" "--preset tiny" "--vocab 300" "--seed 8" "--batch 3" "--dropout 0.1" --tied --flash --bf16 --recompute "--context 32"; do
    expect 2 $run --resume $other --out "$work/kept"; says "${other%% *}"
done
expect 2 $run --resume --init tests/data/hlx/gpt2/sharded --out "$work/kept"; says "--init"
expect 2 $run --token-bytes 1 --tokenizer tests/data/hlx/tokenizers/tokenizer.json; says "--token-bytes 1"
head -c 50000 examples/data/genesis.txt >"$work/other.txt"
expect 1 $b/hlx_train --data "$work/other.txt" --resume --out "$work/kept"
says "data of 110377 bytes, this file has 50000; --other-data goes on"
expect 1 $run --token-bytes 2 --resume --out "$work/kept"; says "tokens of 1 bytes, not 2"
expect 1 $run --tokenizer tests/data/hlx/tokenizers/tokenizer.json --resume --other-data --out "$work/kept"; says "no tokenizer"
cp "$work/twelve.bin" "$work/kept/checkpoint.bin"
expect 0 $b/hlx_train --data "$work/other.txt" --resume --other-data --steps 30 --out "$work/kept"
[ "$(tail -n 1 "$work/out")" != "$own_digest" ] || { echo "FAILED: other data, the same bits"; failures=$((failures + 1)); }
whole_logs "$work/kept" 30
# a run with byte pairs keeps its tokenizer, and will have it again
expect 0 $run --preset demo --vocab 300 --steps 4 --out "$work/pairs"
mv "$work/pairs/tokenizer.bpe" "$work/kept.bpe"
expect 1 $run --resume --steps 6 --out "$work/pairs"; says "had a tokenizer; give --tokenizer"
expect 0 $run --resume --steps 6 --tokenizer "$work/kept.bpe" --out "$work/pairs"
expect 0 $run --preset demo --tokenizer "$work/kept.bpe" --steps 6 --out "$work/pairs2"
expect 0 $run --resume --steps 8 --out "$work/pairs2"; contains "tokens of 300"
# the best loss goes on with the run: no better one since step 4, whatever the rest brings
bad="--preset demo --lr 3 --lr-min 3 --clip 1000 --warmup 0 --eval-every 2"
expect 0 $run $bad --steps 6 --patience 20 --out "$work/best"
cmp -s "$work/best/best.bin" "$work/best/checkpoint.bin" && { echo "FAILED: it got better"; failures=$((failures + 1)); }
best=$(sed -n 's/.*validation loss \([0-9.]*\) over.*/\1/p' "$work/out" | sort -n | head -n 1)
expect 0 $run --resume --steps 20 --eval-every 2 --patience 5 --out "$work/best"
contains "no better for 5 validations"; contains "has loss $best"

# a loss that is not finite ends a run with its step; the checkpoint stays, and goes on otherwise
wild="$run --preset demo --batch 1 --context 16 --lr 10 --lr-min 10 --weight-decay 10 --warmup 0 --save-every 2 --eval-windows 0"
expect 1 $wild --steps 60 --out "$work/wild"
says "step 10: the loss is not finite; the parameters are those of step 9"; says "lower --lr"
whole_logs "$work/wild" 9
expect 0 $run --resume --lr 1e-3 --weight-decay 0 --eval-windows 0 --steps 9 --out "$work/wild"; contains "at step 8"
whole_logs "$work/wild" 9

# a folder with a run is not written over by accident
cp -r "$work/own" "$work/safe"
expect 2 $run $own --steps 5 --out "$work/safe"; says "--overwrite"
diff -r "$work/own" "$work/safe" >"$work/out" || { echo "FAILED: a refused start changed the run"; failures=$((failures + 1)); }
expect 1 $b/hlx_train --data no_such_file --overwrite --out "$work/safe"
diff -r "$work/own" "$work/safe" >"$work/out" || { echo "FAILED: a failed start changed the run"; failures=$((failures + 1)); }
expect 2 $run --resume --overwrite --out "$work/safe"
expect 0 $run $own --steps 5 --overwrite --out "$work/safe"; whole_logs "$work/safe" 5
[ ! -e "$work/safe/best.bin" ] || { echo "FAILED: the old best.bin is left"; failures=$((failures + 1)); }

# logs are cut to the checkpoint: rows beyond it, half a row, a row twice
cp "$work/twelve.bin" "$work/safe/checkpoint.bin"
cp "$work/own/log.csv" "$work/own/log.jsonl" "$work/safe"
printf '31,2.5' >>"$work/safe/log.csv"; printf '{"step":31,"lo' >>"$work/safe/log.jsonl"
expect 0 $run --resume --steps 20 --eval-every 4 --out "$work/safe"
whole_logs "$work/safe" 20
for log in csv jsonl; do # what the first run wrote of the steps up to 12 but for step 12's validation
    head -n 12 "$work/own/log.$log" >"$work/a.log"; head -n 12 "$work/safe/log.$log" >"$work/b.log"
    cmp "$work/a.log" "$work/b.log" || { echo "FAILED: log.$log was changed"; failures=$((failures + 1)); }
done
sed -n 5p "$work/safe/log.csv" >>"$work/safe/log.csv"
expect 0 $run --resume --steps 21 --out "$work/safe"; whole_logs "$work/safe" 21
expect 0 $run --resume --steps 21 --out "$work/safe" # the last validation again
n=$((n + 1)); [ "$(tail -n 1 "$work/safe/log.jsonl" | grep -o validation_loss_all | wc -l)" = 1 ] || { echo "FAILED: a row has it twice"; failures=$((failures + 1)); }
rm "$work/safe/log.csv"
expect 0 $run --resume --steps 22 --out "$work/safe" # a log that is gone begins anew
[ "$(wc -l <"$work/safe/log.csv")" = 2 ] || { echo "FAILED: no new log"; failures=$((failures + 1)); }

# event files of TensorBoard: one for each start, which together say what log.csv says
run="$b/hlx_train --data examples/data/genesis.txt --eval-every 5 --tensorboard --out $work/events"
expect 0 $run --preset demo --batch 2 --decay 40 --steps 10
cp "$work/events/checkpoint.bin" "$work/ten.bin"
od -An -tx1 -v "$work"/events/events.out.tfevents.* | tr -d ' \n' >"$work/out"
# length and its masked checksum; file_version in field 3; tag and value in field 5
contains 1a00000000000000129bd82d09; contains 10001a0d627261696e2e4576656e743a32
contains 2a130a110a0a747261696e2f6c6f737315
expect 0 $run --resume --steps 20
cp "$work/ten.bin" "$work/events/checkpoint.bin"
expect 0 $run --resume --steps 13
[ "$(find "$work/events" -name 'events.out.tfevents.*' | wc -l)" = 3 ] || { echo "FAILED: not three event files"; failures=$((failures + 1)); }
if command -v python3 >/dev/null; then expect 0 python3 tests/oracle_events.py "$work/events"; contains "55 scalars as in log.csv"; fi

# validation on a file of its own, epochs, checkpoints by epochs and minutes
run="$b/hlx_train --data $work/other.txt --preset demo --batch 2 --eval-windows 4"
expect 0 $run --valid examples/data/genesis.txt --epochs 0.2 --save-epochs 1 --eval-every 20 --out "$work/epochs"
contains "50000 bytes of training text"; contains "step 40: validation loss"; contains "over 4 windows"
contains "step 79: last validation, of all"; contains "over 1724 windows" # 781 windows / 2 * 0.2
whole_logs "$work/epochs" 79; tail -n 1 "$work/epochs/log.jsonl" >"$work/out"; contains '"validation_loss_all":'
expect 1 $run --resume --epochs 0.3 --out "$work/epochs"; says "a file of data for validation"
expect 1 $run --resume --valid LICENSE --out "$work/epochs"; says "other data for validation"
expect 0 $run --resume --valid examples/data/genesis.txt --epochs 0.21 --eval-windows 3 --out "$work/epochs"
contains "over 3 windows, not 4"; contains "step 83: validation loss"
expect 2 $run --epochs 1 --steps 5 --out "$work/none"
expect 1 $run --valid no_such_file --out "$work/none"; expect 1 $run --valid /dev/null --out "$work/none"
[ ! -e "$work/none" ] || { echo "FAILED: a start that failed left a folder"; failures=$((failures + 1)); }
saved_by() { # options, step: the last checkpoint of a run that is killed with its last step still to come
    rm -rf "$work/by"
    $run --steps 200000 --decay 100 --eval-every 200000 $1 --out "$work/by" >"$work/out" 2>&1 &
    process=$! i=0
    while ! grep -q "^$(($2 + 2))," "$work/by/log.csv" 2>/dev/null && [ $i -lt 600 ]; do sleep 0.1; i=$((i + 1)); done
    kill -9 $process
    wait $process 2>/dev/null
    expect 0 $run --steps 0 --resume --out "$work/by"
}
saved_by "--save-epochs 1" 352; n=$((n + 1)) # 703 windows by twos
grep -Eqx "at step (352|703|1055)" "$work/out" || { echo "FAILED: no checkpoint behind an epoch"; failures=$((failures + 1)); }
saved_by "--save-minutes 0.001" 50; n=$((n + 1))
[ "$(sed -n 's/^at step //p' "$work/out")" -ge 10 ] || { echo "FAILED: no checkpoint by the clock"; failures=$((failures + 1)); }

# the last validation can be interrupted, and is done again
i=0
while [ $i -lt 40 ]; do cat examples/data/genesis.txt; i=$((i + 1)); done >"$work/long.txt"
$run --valid "$work/long.txt" --steps 2 --out "$work/cut" >"$work/out" 2>"$work/err" &
process=$! i=0
while ! grep -q "validation loss" "$work/out" && [ $i -lt 300 ]; do sleep 0.1; i=$((i + 1)); done
kill -TERM $process
wait $process
n=$((n + 1))
[ $? = 0 ] || { echo "FAILED: an interrupted validation"; failures=$((failures + 1)); }
contains "interrupted in the validation"; contains "parameters digest"
expect 0 $run --steps 2 --resume --valid "$work/long.txt" --eval-windows 100000 --out "$work/cut" --peak 100
contains "given peak 100 GFLOP/s"

# samples: without data, of checkpoints and folders; they stop; bytes to files, characters to terminals
byte="$b/hlx_train --model $work/own/checkpoint.bin --temperature 1"
expect 0 $byte --sample 60 --prompt "And God "; cp "$work/out" "$work/sample"
contains "And God "; contains "$own_digest"
expect 0 $b/hlx_train --resume --out "$work/own" --temperature 1 --sample 60 --prompt "And God "
cmp "$work/out" "$work/sample" || { echo "FAILED: --resume and --model differ"; failures=$((failures + 1)); }
stop=$(sed -n 2p "$work/sample" | cut -c 10-12)
expect 0 $byte --sample 60 --prompt "And God " --stop "$stop"; n=$((n + 1))
[ "$(sed -n 2p "$work/out")" = "$(sed -n 2p "$work/sample" | awk -v stop="$stop" '{ rest = substr($0, 9); print "And God " substr(rest, 1, index(rest, stop) - 1) }')" ] ||
    { echo "FAILED: --stop '$stop':"; sed -n 2p "$work/out" "$work/sample"; failures=$((failures + 1)); }
expect 2 $byte; expect 2 $byte --sample 5 --data LICENSE; expect 2 $byte --sample 5 --stop ""
expect 1 $b/hlx_train --model LICENSE --sample 5; expect 1 $b/hlx_train --model /nowhere --sample 5
printf 'Привет, мир! В начале сотворил Бог небо и землю. %.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 >"$work/russian.txt"
expect 0 $b/hlx_train --data "$work/russian.txt" --preset demo --context 32 --batch 4 --lr 3e-3 --steps 60 --out "$work/russian"
russian="$b/hlx_train --model $work/russian/checkpoint.bin --sample 41 --temperature 0 --prompt Привет"
expect 0 $russian; sed -n 2p "$work/out" >"$work/sample" # 41 bytes: half a character at the end
grep -q '^Привет.*о.*о' "$work/sample" || { echo "FAILED: no Russian:"; cat "$work/sample"; failures=$((failures + 1)); }
if command -v script >/dev/null; then # a terminal: nothing but characters, and none that a terminal obeys
    expect 0 script -qec "$byte --temperature 3 --top-p 0 --sample 400" "$work/typescript"
    n=$((n + 1))
    tr -d '\r\n\t' <"$work/out" | iconv -f utf-8 -t utf-16le | od -An -v -tx2 -w2 | awk '$1 < "0020" || ($1 >= "007f" && $1 < "00a0") { bad = 1 } $1 == "fffd" { odd = 1 } END { exit bad || !odd }' ||
        { echo "FAILED: a terminal got other than characters"; failures=$((failures + 1)); }
    contains '\x'
    expect 0 script -qec "$russian" "$work/typescript"; n=$((n + 1))
    sed -n 2p "$work/out" | tr -d '\r' | iconv -f utf-8 -t utf-8 >"$work/shown" && [ "$(head -c 44 "$work/shown")" = "$(head -c 44 "$work/sample")" ] ||
        { echo "FAILED: a terminal shows otherwise:"; cat "$work/shown" "$work/sample"; failures=$((failures + 1)); }
fi
expect 0 $byte --temperature 3 --top-p 0 --sample 400; n=$((n + 1))
[ "$(wc -c <"$work/out")" = 467 ] || { echo "FAILED: not the bytes of the sample"; failures=$((failures + 1)); }

# LLaMA's blocks, and models of others with their tokenizer: trained on, sampled
llama="$b/hlx_train --data examples/data/genesis.txt --batch 2 --steps 3"
tokenizer=tests/data/hlx/tokenizers/tokenizer.json
expect 0 $llama --llama --heads 4 --kv-heads 2 --layers 2 --width 32 --ffn 88 --context 16 --tokenizer $tokenizer --out "$work/llama"
expect 2 $llama --resume --kv-heads 4 --out "$work/llama"; says "--kv-heads would be"
expect 0 $b/hlx_export "$work/llama/checkpoint.bin" -o "$work/folder.llama"; llama_digest=$(tail -n 1 "$work/out")
expect 1 $llama --init "$work/folder.llama" --out "$work/none"; says "no tokenizer in"
cp $tokenizer "$work/folder.llama"
expect 0 $llama --init "$work/folder.llama" --out "$work/tuned" --sample 5; contains "$(sed -n 's/.* tokens of \([0-9]*;\).*/tokens of \1/p' "$work/out")"
[ -s "$work/tuned/tokenizer.json" ] || { echo "FAILED: the tokenizer was not kept"; failures=$((failures + 1)); }
expect 0 $b/hlx_train --model "$work/folder.llama" --sample 5 --prompt "In the"; same "$llama_digest" "a folder that is sampled"
expect 0 $llama --steps 5 --resume --out "$work/tuned" --sample 5
for kind in llama mistral qwen2; do
    expect 0 $llama --init tests/data/hlx/llama/$kind --vocab 300 --out "$work/tuned.$kind" --sample 4
done
expect 0 $b/hlx_train --model tests/data/hlx/llama/llama --sample 5 --prompt "1 2 3"
sed -n 2p "$work/out" | grep -Eq '^1 2 3([0-9]+ ){5}$' || { echo "FAILED: no numbers of tokens"; failures=$((failures + 1)); }
expect 1 $b/hlx_train --model tests/data/hlx/llama/llama --sample 5 --prompt "one two"; says "takes numbers"
expect 1 $b/hlx_train --model tests/data/hlx/llama/llama --sample 5 --prompt 70000

# twenty steps here, twenty more on a device (two through the slow CUDA shim): the digest of forty
for device in vulkan cuda; do
    library= kernels=build/kernels first=20 windows=2
    [ $device = cuda ] && library=build/shim/libcuda_on_cpu.so kernels=build/shim first=38 windows=0
    expect 0 $train --batch 2 --steps $first --overwrite --out "$work/device"
    expect 0 env NC_GPU_LIBRARY=$library NC_KERNEL_PATH=$kernels $train --batch 2 --steps 40 \
        --resume --device $device --eval-windows $windows --out "$work/device"
    there=$(tail -n 1 "$work/out") judged=$(grep 'last validation' "$work/out")
    expect 0 $train --batch 2 --steps 40 --eval-windows $windows --overwrite --out "$work/here"
    [ "$(grep 'last validation' "$work/out")" = "$judged" ] || { echo "FAILED: $device validates otherwise: $judged"; failures=$((failures + 1)); }
    [ "$(tail -n 1 "$work/out")" = "$there" ] || { echo "FAILED: $device differs: $there"; failures=$((failures + 1)); }
done
expect 1 env NC_GPU_LIBRARY=no_such_driver.so $train --device cuda --out "$work/none"
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
expect 3 $verify --data examples/data/digits.csv
expect 0 $train --batch 2 --steps 40 --seed 2 --out "$work/other"
expect 3 $b/hlx_verify "$work/a.bin" "$work/other/checkpoint.bin" --data examples/data/genesis.txt
expect 3 $b/hlx_verify "$work/verify/checkpoint.bin" "$work/a.bin" --data examples/data/genesis.txt
expect 1 $b/hlx_verify "$work/a.bin" LICENSE --data examples/data/genesis.txt
expect 2 $train --steps many
expect 2 $train --steps 2.5
expect 2 $train --dropout 1
expect 2 $train --data

# Ctrl-C and SIGTERM save where it stands
for signal in INT TERM; do
    $train --steps 100000 --save-every 100000 --out "$work/$signal" >"$work/out" 2>"$work/err" &
    process=$!
    i=0 # the log is opened after the handler is set
    while [ ! -e "$work/$signal/log.csv" ] && [ $i -lt 300 ]; do sleep 0.1; i=$((i + 1)); done
    sleep 0.5
    kill -$signal $process
    wait $process
    [ $? = 0 ] && [ -s "$work/$signal/checkpoint.bin" ] || { echo "FAILED: SIG$signal leaves no checkpoint"; failures=$((failures + 1)); }
    expect 0 $train --steps 0 --resume --out "$work/$signal"
    whole_logs "$work/$signal" "$(sed -n 's/^at step //p' "$work/out")"
done

# byte pairs, dropout, accumulation, flash attention and recomputation: resumed, and verified elsewhere
all="$b/hlx_train --data examples/data/genesis.txt --preset demo --decay 20 --batch 2 --vocab 300 --dropout 0.1 --accumulate 2 --flash --recompute --tied"
expect 0 $all --steps 20 --out "$work/all" --sample 20 --prompt "And God"; whole=$(tail -n 1 "$work/out")
contains "nats/byte"; contains "tokens of 300"
expect 0 $all --steps 10 --out "$work/half"; cp "$work/half/checkpoint.bin" "$work/half.bin"
expect 0 $all --steps 20 --resume --out "$work/half"
[ "$(tail -n 1 "$work/out")" = "$whole" ] || { echo "FAILED: the resumed run with all options differs"; failures=$((failures + 1)); }
expect 0 $b/hlx_verify "$work/half.bin" "$work/half/checkpoint.bin" --data examples/data/genesis.txt \
    --tokenizer "$work/half/tokenizer.bpe" --device vulkan; contains "confirmed"
expect 3 $b/hlx_verify "$work/half.bin" "$work/half/checkpoint.bin" --data examples/data/genesis.txt
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
expect 1 $b/hlx_train --data "$work/tokens" --token-bytes 2 --vocab 100 --preset demo --steps 5 --out "$work/none"
grep -q vocabulary "$work/err" || { echo "FAILED: no word of the vocabulary"; failures=$((failures + 1)); }
expect 2 $b/hlx_train --data "$work/tokens" --token-bytes 2
expect 1 $b/hlx_train --data "$work/letters" --tokenizer LICENSE --out "$work/none"
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
expect 0 $b/hlx_export "$work/gpt2.bin" --import tests/data/hlx/gpt2/bf16.safetensors -o "$work/gpt2c.bin"
contains "does not say its number of heads: 2 are taken"
expect 0 $b/hlx_export --import tests/data/hlx/llmc/bfloat16.bin -o "$work/llmc.bin"
echo plain >"$work/plain"
expect 1 $b/hlx_export "$work/a.bin" -o "$work/plain"; says "is a file, not a folder"
cp "$work/back.bin" "$work/b.safetensors" # and over another one
expect 2 $b/hlx_export "$work/a.bin" -o "$work/b.safetensors"; says "is a checkpoint"
expect 2 $b/hlx_export --import "$work/folder" -o "$work/verify/checkpoint.bin"; says "is a checkpoint"

# hlx_train --init: from a folder, with its shape; other sizes than the preset's
init="$b/hlx_train --data examples/data/genesis.txt --init tests/data/hlx/gpt2/sharded --batch 2"
expect 1 $init --steps 1 --out "$work/init" # bytes are more than its 13 tokens
expect 0 $init --steps 2 --vocab 300 --context 6 --out "$work/init"
contains " of 300;"
expect 1 $init --layers 3 --steps 2 --vocab 300 --out "$work/none"
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
