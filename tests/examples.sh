#!/bin/sh
# The examples as users run them: one script for each header's, side by side, the longest first.
cd "$(dirname "$0")/.." || exit 1
make --no-print-directory -s -j"$(nproc)" all || exit 1
mkdir -p build/log
scripts="hlx axx verify mpi tir writes fp4 gl gpu chain cli"
printf '%s\n' $scripts | xargs -P "$(nproc)" -I@ sh -c '
    sh tests/examples_@.sh >build/log/examples_@ 2>&1 || echo "FAILED: the examples of @"
    ' >build/log/examples_failed
for name in $scripts; do sed "s/^/$name: /" build/log/examples_$name; done
cat build/log/examples_failed
[ ! -s build/log/examples_failed ]
