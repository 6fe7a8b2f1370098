#!/bin/sh
# One libFuzzer target for some seconds: fuzz.sh NAME SECONDS BUILD. Starts from tests/corpus/NAME
# where that is; what it finds stays in BUILD/fuzz.
set -e
name=$1 seconds=$2 build=$3
corpus=$build/fuzz/corpus-$name
mkdir -p "$corpus"
seeds=
[ -d "tests/corpus/$name" ] && seeds=tests/corpus/$name
ASAN_OPTIONS=allocator_may_return_null=1 "$build/fuzz/$name" -malloc_limit_mb=0 -max_total_time="$seconds" -timeout=30 -rss_limit_mb=2048 -max_len=4096 \
    -artifact_prefix="$build/fuzz/$name-" -print_final_stats=1 "$corpus" $seeds \
    >"$build/fuzz/$name.log" 2>&1 || { tail -n 40 "$build/fuzz/$name.log"; exit 255; }
echo "$name: $(grep -h number_of_executed_units "$build/fuzz/$name.log" | sed 's/.* //') inputs, no finding"
