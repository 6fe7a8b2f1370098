#!/bin/sh
# clang-format leaves no difference; clang-tidy finds nothing in the headers.
cd "$(dirname "$0")/.." || exit 1
failures=0
clang-format --dry-run -Werror nc_*.h examples/*.c tests/*.c tests/*.h tests/*.cpp bench/*.c \
    bench/*.h cuda/* shaders/* || failures=1
# Each header is the main file of its run: the analyser does not look into included ones.
ls nc_*.h | xargs -P "$(nproc)" -n 1 sh -c '
    out=$(clang-tidy --quiet --config-file=.clang-tidy "$0" -- -x c -std=c11 -DNC_IMPLEMENTATION 2>&1)
    case $out in *error:*) echo "$out"; exit 1 ;; esac' || failures=1
[ $failures = 0 ] && echo "format and tidy clean"
exit $failures
