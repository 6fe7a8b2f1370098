#!/bin/sh
# Unit tests side by side, as many as there are processors: unit.sh BUILD NAME... The logs come in the
# order of the names; 1 if one fails.
build=$1
shift
export OMP_WAIT_POLICY=passive # several run on these processors
mkdir -p "$build/log"
printf '%s\n' "$@" | xargs -P "$(nproc)" -I@ sh -c '
    "$0/test/@" >"$0/log/@" 2>&1 || echo "@ failed with $?" >>"$0/log/@"' "$build"
failed=0
for name in "$@"; do
    cat "$build/log/$name"
    tail -n 1 "$build/log/$name" | grep -q 'failed with' && failed=1
done
exit $failed
