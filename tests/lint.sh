#!/bin/sh
# clang-format leaves no difference; clang-tidy finds nothing in the headers.
cd "$(dirname "$0")/.." || exit 1
failures=0
clang-format --dry-run -Werror nc_*.h examples/*.c tests/*.c tests/*.h tests/*.cpp bench/*.c \
    bench/*.h cuda/* shaders/* || failures=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for h in nc_*.h; do
    printf '#define NC_IMPLEMENTATION\n#include "%s/%s"\n' "$(pwd)" "$h" >"$work/$(basename "$h" .h).c"
done
printf '%s\n' "$work"/*.c | xargs -P "$(nproc)" -n 1 sh -c '
    clang-tidy --quiet --config-file=.clang-tidy --header-filter="nc_[a-z0-9]*.h" "$0" -- -std=c11 \
        >"$0.log" 2>"$0.err" || { cat "$0.log" "$0.err"; exit 1; }
    grep -E "warning:|error:" "$0.log" && exit 1
    exit 0' || failures=1
[ $failures = 0 ] && echo "format and tidy clean"
exit $failures
