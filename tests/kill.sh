#!/bin/sh
# A training run that is killed (-9) fifty times at random moments, most of them inside a checkpoint,
# and resumed: it always resumes, and ends at the bits of a run that nobody disturbed.
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make --no-print-directory -s build/hlx_train || exit 1
steps=1500
options="--data examples/data/genesis.txt --preset demo --batch 1 --decay $steps --threads 1"
train() { build/hlx_train $options "$@"; }
train --steps 1 --out "$work/out" >/dev/null || exit 1
kills=0
while [ $kills -lt 50 ]; do
    build/hlx_train $options --steps 100000 --save-every 1 --resume --out "$work/out" \
        >/dev/null 2>"$work/err" &
    process=$!
    sleep "0.$(od -An -N2 -tu2 /dev/urandom | awk '{ printf "%03d", 20 + $1 % 80 }')"
    kill -9 $process 2>/dev/null
    wait $process 2>/dev/null
    kills=$((kills + 1))
    train --steps 0 --resume --out "$work/out" >"$work/log" 2>&1 || {
        echo "FAILED: not resumable after kill $kills"
        cat "$work/log"
        exit 1
    }
    reached=$(sed -n 's/^at step \([0-9]*\).*/\1/p' "$work/log")
    [ "${reached:-0}" -ge "${before:-1}" ] || { echo "FAILED: step $reached after $before"; exit 1; }
    before=$reached
    [ "$reached" -lt $((steps - 30)) ] || break
done
train --steps $steps --resume --out "$work/out" >"$work/log" || exit 1
train --steps $steps --out "$work/straight" >"$work/straight.log" || exit 1
echo "$kills kills, step $before reached; $(tail -n 1 "$work/log")"
[ $kills -eq 50 ] || { echo "FAILED: only $kills kills before step $before"; exit 1; }
[ "$(tail -n 1 "$work/log")" = "$(tail -n 1 "$work/straight.log")" ] || { echo "FAILED: the bits differ"; exit 1; }
