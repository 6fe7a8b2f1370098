#!/bin/sh
# Whatever a program writes, it writes as nc_file_write does: through a link to its target, with the
# mode that was there, into a pipe; to a full device or disk not at all, and the old file stays. Before
# the ending of its name, !: only into files, whose bytes can be written in any order.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
bad() { echo "FAILED: '$command': $*"; failures=$((failures + 1)); }

# A disk of 64 KB without a free byte, but for an old file; needs root.
mkdir "$work/disk"
if mount -t tmpfs -o size=64k tmpfs "$work/disk" 2>/dev/null; then
    trap 'umount "$work/disk"; rm -rf "$work"' EXIT
    disk=yes
else
    echo "a full disk: skipped, it cannot be mounted here"
fi
run="$work/run/checkpoint.bin"
expect 0 $b/hlx_train --data examples/data/genesis.txt --preset demo --steps 1 --eval-windows 0 --out "$work/run"
mkdir "$work/tir"
cp examples/data/sample.tir "$work/tir/"

while read -r ending command; do
    only_files=
    case $ending in !*) only_files=yes ending=${ending#!} ;; esac
    to() { # name: the command with this output
        echo "$b/$(echo "$command" | sed "s#OUT#$1#; s#RUN#$run#; s#WORK#$work#g")"
    }
    rm -rf "$work/plain$ending" "$work/link$ending" "$work/private$ending" "$work/pipe$ending" "$work/full$ending"
    expect 0 sh -c "$(to "$work/plain$ending")"
    [ -s "$work/plain$ending" ] || bad "it writes nothing"

    echo old >"$work/private$ending"
    chmod 600 "$work/private$ending"
    ln -s "private$ending" "$work/link$ending"
    expect 0 sh -c "$(to "$work/link$ending")"
    n=$((n + 3))
    [ -L "$work/link$ending" ] || bad "a link becomes a file"
    cmp -s "$work/plain$ending" "$work/private$ending" || bad "another text behind a link"
    [ "$(stat -c %a "$work/private$ending")" = 600 ] || bad "mode 600 becomes $(stat -c %a "$work/private$ending")"

    mkfifo "$work/pipe$ending"
    if [ -n "$only_files" ]; then
        expect 1 timeout 60 sh -c "$(to "$work/pipe$ending")"; says "no regular file"
        expect 1 timeout 60 sh -c "$(to /dev/null)"; says "no regular file"
        [ -c /dev/null ] && [ -p "$work/pipe$ending" ] || bad "a device or a pipe is replaced"
    else
        timeout 60 cat "$work/pipe$ending" >"$work/piped" &
        expect 0 timeout 60 sh -c "$(to "$work/pipe$ending")"
        [ $got = 0 ] && [ -p "$work/pipe$ending" ] || { bad "the pipe is gone"; kill %% 2>/dev/null; }
        wait
        cmp -s "$work/plain$ending" "$work/piped" || bad "another text in a pipe"

        if [ -w /dev/full ]; then
            ln -s /dev/full "$work/full$ending"
            expect 1 sh -c "$(to "$work/full$ending")"; says "No space left on device"
        fi
    fi
    if [ -n "$disk" ]; then
        rm -f "$work/disk/"*
        echo old >"$work/disk/out$ending"
        dd if=/dev/zero of="$work/disk/filler" bs=4096 2>/dev/null
        expect 1 sh -c "$(to "$work/disk/out$ending")"; says "No space left on device"
        n=$((n + 2))
        [ "$(cat "$work/disk/out$ending")" = old ] || bad "a full disk costs the old file"
        [ "$(ls "$work/disk" | wc -l)" = 2 ] || bad "a full disk is left with $(ls "$work/disk")"
    fi
done <<EOF2
.svg gl_fixed --svg OUT
.txt fp4_compile --template adder --bits 4 -o OUT
.txt fp4_aes --fp4 OUT
.bristol fp4_sha256 --bristol OUT
!.safetensors fp4_convert tests/data/fp4/bnb_nf4.npy -o OUT
.tasm tir_opt examples/data/sample.tir -o OUT
.weights tir_train WORK/tir --blocks 0 --epochs 1 --generations 0 --no-ablation -o OUT
.npy lut_convert drum:4 -o OUT
.svg lut_convert drum:4 --heatmap OUT
.safetensors hlx_export RUN -o OUT
.bin hlx_export RUN --import WORK/plain.safetensors -o OUT
EOF2
finish
