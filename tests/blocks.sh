#!/bin/sh
# Blocks that stand to the letter in several headers, between lines `==== nc NAME:` and
# `==== end of nc NAME`. Without an option: compare them. With --copy (make blocks): the one version
# that differs from the last commit is copied over the others; --copy HEADER (make blocks FROM=HEADER)
# says which.
cd "$(dirname "$0")/.." || exit 1
headers="nc_fp4.h nc_goldilocks.h nc_tirneural.h nc_axx.h nc_hlx.h nc_gpu.h"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
block() { # name, file or - : the block's lines
    awk -v name="$1" 'index($0, "/* ==== nc " name ":") == 1 { on = 1 }
        on { print }
        index($0, "/* ==== end of nc " name " ") == 1 { on = 0 }' "$2"
}
names=$(sed -n 's|^/\* ==== nc \([a-z_ ]*\): .*|\1|p' $headers | sort -u)
old_ifs=$IFS
IFS='
'
for name in $names; do
    IFS=$old_ifs
    rm -f "$work"/*
    for h in $headers; do
        block "$name" $h >"$work/$h"
        if [ ! -s "$work/$h" ]; then
            rm "$work/$h"
        elif ! tail -n 1 "$work/$h" | grep -q "^/\* ==== end of nc $name "; then
            echo "FAILED: $h: the block '$name' has no end"
            exit 1
        fi
    done
    versions=$(cd "$work" && md5sum nc_*.h | cut -d' ' -f1 | sort -u)
    [ "$(echo "$versions" | wc -l)" = 1 ] && continue
    if [ "$1" != --copy ]; then
        echo "FAILED: the block '$name' differs: $(cd "$work" && md5sum nc_*.h | tr '\n' ' ')"
        failures=$((failures + 1))
        continue
    fi
    new=$2
    for h in $headers; do # the versions that are not the last commit's
        [ -z "$2" ] && [ -f "$work/$h" ] || continue
        git show HEAD:$h 2>/dev/null | block "$name" - | cmp -s - "$work/$h" && continue
        if [ -n "$new" ] && ! cmp -s "$work/$h" "$work/$new"; then
            echo "FAILED: the block '$name' was changed differently in $new and $h"
            exit 1
        fi
        new=$h
    done
    if [ ! -f "$work/${new:-none}" ]; then
        echo "FAILED: which version of the block '$name' is the right one? FROM=HEADER says it"
        exit 1
    fi
    for h in $headers; do
        [ -f "$work/$h" ] && ! cmp -s "$work/$h" "$work/$new" || continue
        awk -v name="$name" -v from="$work/$new" '
            index($0, "/* ==== nc " name ":") == 1 { while ((getline line <from) > 0) print line; on = 1 }
            !on { print }
            index($0, "/* ==== end of nc " name " ") == 1 { on = 0 }' $h >"$work/out" &&
            cat "$work/out" >$h
        echo "$name: $new -> $h"
    done
done
exit $failures
