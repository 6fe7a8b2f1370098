#!/bin/sh
# examples/chain by every build, for make test-all: gcc and clang at three optimisations, every level
# of SIMD, one and four threads, aarch64 (NEON) and big-endian s390x under qemu. Every line, with the
# digest of every stage, must be as in examples_chain.sh's chain; a table of all. With a word, only
# the builds whose name holds it: chain.sh clang.
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_WAIT_POLICY=passive
golden=$(sed -n 's/^whole=//p' tests/examples_chain.sh)
mkdir "$work/stb" # for the cross compilers
cp /usr/include/stb/stb_ds.h "$work/stb/"

cat >"$work/build.sh" <<'E2'
# Levels, how it is run, then compiler and flags: a line a level and a number of threads.
levels=$1 under=$2
shift 2
program=$(mktemp "$work/chain.XXXXXX")
"$@" examples/chain.c -o "$program" -lm 2>"$program.log" ||
    { sed -n 1,9p "$program.log"; echo "FAILED: $* does not compile examples/chain.c"; exit; }
for level in $levels; do
    for threads in 1 4; do
        name=$(printf '%-58s %-16s %5s %7s' "$*" "${under:-here}" "$level" $threads)
        $under "$program" --simd "$level" --threads $threads >"$program.out" 2>"$program.err"
        code=$?
        if grep -q 'has no level' "$program.err"; then
            echo "level $level, ${under:-here}: skipped, this machine lacks it"
        elif [ $code = 0 ] && [ "$(tail -n 1 "$program.out")" = "chain $golden" ]; then
            echo "$name  $(md5sum <"$program.out" | cut -c1-8)  $golden"
        else
            echo "FAILED: $name  returns $code"
            { echo "$name:"; sed -n '1,20p' "$program.out" "$program.err"; } \
                >"$program.$level.$threads.failed"
        fi
    done
done
E2

{
    for processor in aarch64 s390x; do
        levels='0 1 2'
        [ $processor = s390x ] && levels=0
        if command -v qemu-$processor >/dev/null && command -v $processor-linux-gnu-gcc >/dev/null; then
            echo "'$levels' qemu-$processor $processor-linux-gnu-gcc -O1 -static -fopenmp -I\"$work/stb\""
        else
            echo "$processor: skipped, no cross compiler or qemu-user" >&2
        fi
    done
    for flags in "gcc -O3 -march=native" "clang -O3" "gcc -O3" "clang -O2" "gcc -O2" "clang -O0" "gcc -O0"; do
        echo "'0 1 2' '' $flags -fopenmp"
    done
    echo "0 '' gcc -O1 -DNC_NO_SIMD -fopenmp"
} | grep -e "${1:-.}" >"$work/jobs"
printf '%-58s %-16s %5s %7s  %-8s  %s\n' build processor level threads lines "chain: all stages"
export work golden
xargs -P "$(nproc)" -d '\n' -I@ sh -c 'set -- @; . "$work/build.sh"' <"$work/jobs" >"$work/out" 2>&1
sed "s|$work/||" "$work/out" | sort
cat "$work"/*.failed 2>/dev/null
same=$(grep -c " $golden\$" "$work/out")
failures=$(grep -c FAILED "$work/out")
printed=$(sed -n "s/.*  \([0-9a-f]\{8\}\)  $golden\$/\1/p" "$work/out" | sort -u | wc -l)
[ "$printed" -le 1 ] || { echo "FAILED: the same digest, but other lines"; failures=$((failures + 1)); }
[ "$same" -gt 0 ] || { echo "FAILED: nothing was run"; failures=$((failures + 1)); }
echo "$same runs with the digest of every stage the same, $failures failures"
[ "$failures" = 0 ]
