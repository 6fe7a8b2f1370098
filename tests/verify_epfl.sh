#!/bin/sh
# Table of verdicts: circuit, units, verdict, evidence, seconds. sh tests/verify_epfl.sh DIR [PROGRAM]
# DIR: the EPFL benchmarks (github.com/lsils/benchmarks); circuits that are there as .aig only are
# turned into BLIF by berkeley-abc. Each has 60 seconds.
dir=$1 program=${2:-build/bin/fp4_compile} work=$(mktemp -d) failed=0
trap 'rm -rf "$work"' EXIT
row() { # name, arguments
    name=$1
    shift
    start=$(date +%s.%N)
    timeout 60 "$program" "$@" --verify -o "$work/out.fp4" 2> "$work/log" || failed=1
    end=$(date +%s.%N)
    printf '%-28s %8s  %-60s %6.2f s\n' "$name" \
        "$(sed -n 's/.* \([0-9]*\) threshold units.*/\1/p' "$work/log")" \
        "$(tail -1 "$work/log" | cut -c1-60)" "$(echo "$end - $start" | bc)"
}
for f in "$dir"/arithmetic/*.aig "$dir"/random_control/*.aig; do
    name=$(basename "$f" .aig)
    blif=${f%.aig}.blif
    if [ ! -s "$blif" ] || [ "$name" = hyp ]; then
        blif=$work/$name.blif
        berkeley-abc -q "read $f; write_blif $blif" > "$work/abc" 2>&1
    fi
    row "$name" --blif "$blif"
done
for f in "$dir"/best_results/size/max_size_*.blif; do row "$(basename "$f" .blif)" --blif "$f"; done
for n in 64 80 128; do row "popcount $n" --template popcount --bits $n; done
for n in 16 64; do row "multiplier $n" --template multiplier --bits $n; done
row "adder 64" --template adder --bits 64
exit $failed
