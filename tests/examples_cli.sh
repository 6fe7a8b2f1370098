#!/bin/sh
# What all command lines share (examples/cli.h): common options, exit codes, output that is lost,
# numbers that are read whole, files that are checked before long work.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
programs="gl_hash gl_ntt gl_merkle gl_fixed fp4_quantize"
for e in $programs; do
    expect 0 "$b/$e" -h; contains "usage: $e"
    expect 0 "$b/$e" --no-such-option --help; contains "usage: $e"
    expect 0 "$b/$e" --version; contains "$e $(sed -n 's/^   version \([0-9.]*\).*/\1/p' nc_goldilocks.h)"
    expect 2 "$b/$e" --threads 1x; says "$e: --threads: '1x' is no whole number from 1 to"
    expect 2 "$b/$e" --threads
    expect 2 "$b/$e" --no-such-option; says "$e: "
    if [ -w /dev/full ]; then
        expect 1 sh -c "$b/$e --help >/dev/full"; says "$e: cannot write standard output: No space left"
    fi
done

# quiet: nothing but the exit code; names that look like options; an option twice
expect 0 $b/gl_hash --quiet LICENSE
[ -s "$work/out" ] && { echo "FAILED: --quiet prints"; failures=$((failures + 1)); }
cp LICENSE "$work/-name"
hash=$PWD/$b/gl_hash
expect 0 sh -c "cd '$work' && '$hash' -- -name"; contains "./-name"
expect 0 $b/gl_merkle --chunk 64 --chunk 4096 LICENSE; says "gl_merkle: --chunk stands twice: the last counts"
expect 2 $b/gl_ntt 8x; says "'8x' is no whole number from 4 to 24"
expect 1 $b/gl_hash no_such_file; says "'no_such_file': No such file or directory"
expect 1 $b/gl_fixed --svg /dev/full; says "No space left on device"

# results to a full device are lost, so no success
if [ -w /dev/full ]; then
    while read -r command; do
        expect 1 sh -c "$b/$command >/dev/full"; says "cannot write standard output: No space left"
    done <<EOF
gl_hash LICENSE
gl_merkle LICENSE
gl_ntt 8
gl_fixed --json
fp4_quantize
EOF
fi
finish
