#!/bin/sh
# clang-format leaves no difference; clang-tidy finds nothing in the headers.
cd "$(dirname "$0")/.." || exit 1
failures=0
clang-format --dry-run -Werror nc_*.h examples/*.c examples/*.h tests/*.c tests/*.h tests/*.cpp bench/*.c \
    bench/*.h cuda/* shaders/*.comp shaders/*.glsl || failures=1
# Each header is the main file of its run: the analyser does not look into included ones. So that it
# reads a block that several headers share only once, the copies in the other headers are included
# here; lines keep their numbers. Networks and graphs of nc_axx.h are read, too.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for h in nc_*.h; do
    awk -v folder="$work" '
        match($0, /^\/\* ==== nc [a-z_ ]+:/) {
            name = substr($0, 12, RLENGTH - 12)
            gsub(/ /, "_", name)
            file = folder "/block_" name
            inside = 1
            if (system("test -e " file) != 0) { first = 1; printf "" >file }
            else { first = 0; print "#include \"" file "\""; next }
        }
        inside { print first ? $0 : ""; if (first) print >file }
        !inside { print }
        /==== end of nc/ { if (first) close(file); inside = 0 }' $h >"$work/$h"
done
(cd "$work" && wc -l nc_*.h) | sort -rn | awk '$2 != "total" { print $2 }' |
    xargs -P "$(nproc)" -n 1 sh -c '
    out=$(clang-tidy --quiet --config-file=.clang-tidy "$0/$1" -- -x c -std=c11 -DNC_IMPLEMENTATION -DNC_AXX_VIT 2>&1)
    case $out in *error:*) echo "$out"; exit 1 ;; esac' "$work" || failures=1
[ $failures = 0 ] && echo "format and tidy clean"
exit $failures
