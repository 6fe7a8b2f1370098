#!/bin/sh
# Table of verdicts: circuit, units, depth, verdict, evidence, seconds. sh tests/verify_epfl.sh DIR
# [PROGRAM]. DIR: the EPFL benchmarks (github.com/lsils/benchmarks), with the ISCAS-85 ones beside
# them in DIR/iscas85 where there are such (.bench). Each has 60 seconds.
dir=$1 program=${2:-build/fp4_compile} work=$(mktemp -d) failed=0
trap 'rm -rf "$work"' EXIT
row() { # name, arguments
    name=$1
    shift
    start=$(date +%s.%N)
    timeout 60 "$program" "$@" --verify --report -o "$work/out.fp4" >"$work/report" 2>"$work/log" || failed=1
    end=$(date +%s.%N)
    printf '%-28s %8s %6s  %-60s %6.2f s\n' "$name" \
        "$(sed -n 's/.* \([0-9]*\) threshold units.*/\1/p' "$work/log")" \
        "$(sed -n 's/.*"depth": \([0-9]*\).*/\1/p' "$work/report")" \
        "$(tail -1 "$work/log" | cut -c1-60)" "$(echo "$end - $start" | bc)"
}
for f in "$dir"/arithmetic/*.aig "$dir"/random_control/*.aig "$dir"/iscas85/*.bench \
    "$dir"/best_results/*/*.blif; do
    [ -s "$f" ] && row "$(basename "${f%.*}")" --circuit "$f"
done
for n in 64 80 128; do row "popcount $n" --template popcount --bits $n; done
for n in 16 64; do row "multiplier $n" --template multiplier --bits $n; done
row "adder 64" --template adder --bits 64
exit $failed
