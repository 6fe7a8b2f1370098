#!/bin/sh
# A training run that is killed (-9) $KILLS times (default 25) at random moments, most of them inside a
# checkpoint, a validation or a row of a log, and resumed: it always resumes, its logs have every step
# once, its best model is whole, and it ends at the bits and the rows of a run that nobody disturbed.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
make --no-print-directory -s build/hlx_train build/hlx_export || exit 1
wanted=${KILLS:-25}
steps=$((40 * wanted))
train="$b/hlx_train --data examples/data/genesis.txt --threads 1 --eval-every 3 --eval-windows 4 --patience 100000"
fresh="$train --preset demo --batch 1 --decay $steps"
rows() { # folder: what does not depend on the clock
    cut -d, -f1-4,6 "$1/log.csv"
    sed 's/"tokens_per_s":[0-9]*,//; s/"time":[0-9]*//; s/,"validation_loss_all":[0-9.e-]*//' "$1/log.jsonl"
}
expect 0 $fresh --steps 3 --out "$work/run"
kills=0 before=3
while [ $kills -lt $wanted ] && [ $before -lt $((steps - 40)) ] && [ $failures = 0 ]; do
    $train --steps 100000 --save-every $((kills % 4 + 1)) --resume --tensorboard --out "$work/run" >/dev/null 2>&1 &
    process=$!
    sleep "0.$(od -An -N2 -tu2 /dev/urandom | awk '{ printf "%03d", 20 + $1 % 200 }')"
    kill -9 $process 2>/dev/null
    wait $process 2>/dev/null
    kills=$((kills + 1))
    expect 0 $train --steps 0 --resume --out "$work/run"
    reached=$(sed -n 's/^at step \([0-9]*\).*/\1/p' "$work/out")
    [ "${reached:-0}" -ge $before ] || { echo "FAILED: step $reached after $before"; exit 1; }
    before=$reached
    whole_logs "$work/run" $reached
    expect 0 $b/hlx_export "$work/run/best.bin" -o "$work/best.safetensors"
done
expect 0 $train --steps $steps --resume --out "$work/run"
last=$(tail -n 1 "$work/out")
expect 0 $fresh --steps $steps --out "$work/straight"
n=$((n + 3))
[ "$(tail -n 1 "$work/out")" = "$last" ] || { echo "FAILED: the bits differ"; failures=$((failures + 1)); }
cmp "$work/run/best.bin" "$work/straight/best.bin" || { echo "FAILED: another best.bin"; failures=$((failures + 1)); }
rows "$work/run" >"$work/a"
rows "$work/straight" >"$work/b"
cmp "$work/a" "$work/b" || { echo "FAILED: the logs differ"; failures=$((failures + 1)); }
echo "$kills kills, step $before reached; $last"
[ $kills -eq $wanted ] || { echo "FAILED: only $kills kills before step $before"; exit 1; }
finish
