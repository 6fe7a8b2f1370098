#!/bin/sh
# Whatever a program writes, it writes as nc_file_write does: through a link to its target, with the
# mode that was there, into a pipe; to a full device or disk not at all, and the old file stays. Before
# the ending of its name, !: only into files, whose bytes can be written in any order.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
same() { # two files, but for what axx_eval's table has of times
    sed 's/,[0-9.]*$//' "$1" >"$work/a"
    sed 's/,[0-9.]*$//' "$2" >"$work/b"
    cmp -s "$work/a" "$work/b"
}
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

# For axx_eval: a network, and images of it; for the transformer of digits: its weights.
awk 'BEGIN { for (r = 0; r < 40; r++) { printf "%d", r % 3
    for (i = 0; i < 72; i++) printf ",%d", (r % 3 * 80 + r * 7 + i * i * 7 + i * r) % 256; print "" } }' >"$work/images.csv"
eval="axx_eval tests/corpus/axx_graph/inverted.onnx $work/images.csv --train $work/images.csv"
expect 0 $b/axx_vit_digits --epochs 1 --out "$work/digits"

while read -r ending command; do
    only_files=
    case $ending in !*) only_files=yes ending=${ending#!} ;; esac
    to() { # name: the command with this output
        echo "$b/$(echo "$command" | sed "s#OUT#$1#; s#RUN#$run#; s#EVAL#$eval#; s#WORK#$work#g")"
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
    same "$work/plain$ending" "$work/private$ending" || bad "another text behind a link"
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
        same "$work/plain$ending" "$work/piped" || bad "another text in a pipe"

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
done <<'EOF2'
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
.csv EVAL --csv OUT mul8s_1L2H
.svg EVAL --svg OUT mul8s_1L2H
.config EVAL --search 2 --drop 0.1 --save-config OUT mul8s_1L2H
.safetensors axx_vit_digits --load WORK/digits.safetensors --out $(echo OUT | sed s/.safetensors$//)
EOF2

# What is read before it is written: behind a link, private; no pipe and no device, which it would
# wait for or read without end; a full disk leaves the old file.
eval="$b/$eval --search 2 --drop 0.1 mul8s_1L2H --state"
expect 0 $eval "$work/state"
cp "$work/state" "$work/private"
chmod 600 "$work/private"
ln -s private "$work/linked"
expect 0 $eval "$work/linked" --json; contains '"resumed": '
n=$((n + 2))
[ -L "$work/linked" ] || bad "a link becomes a file"
[ "$(stat -c %a "$work/private")" = 600 ] || bad "mode 600 becomes $(stat -c %a "$work/private")"
mkfifo "$work/fifo"
expect 1 timeout 60 $eval "$work/fifo"; says "no regular file"
expect 1 timeout 60 $eval /dev/full; says "no regular file"
train="$b/tir_opt examples/data/sample.tir --train 1 -o $work/trained.tasm --weights"
expect 1 timeout 60 $train "$work/fifo"; says "no regular file"
expect 1 timeout 60 $train /dev/full; says "no regular file"
expect 1 $train "$work/nowhere/weights"; says "No such file or directory"
expect 1 $train "$work/images.csv"; says "not a weights file"
expect 1 $eval "$work/nowhere/state"; says "No such file or directory"
expect 1 $b/axx_eval LICENSE "$work/images.csv" --search 2 --save-config "$work/nowhere/config"; says "No such file or directory"
if [ -n "$disk" ]; then
    rm -f "$work/disk/"*
    cp "$work/state" "$work/disk/state"
    cp "$work/disk/state" "$work/old"
    dd if=/dev/zero of="$work/disk/filler" bs=4096 2>/dev/null
    expect 1 $eval "$work/disk/state"; says "No space left on device"
    n=$((n + 1))
    cmp -s "$work/old" "$work/disk/state" || bad "a full disk costs the old state"

    # A disk that one checkpoint fits and no second beside it: the first stays, and goes on elsewhere.
    umount "$work/disk"
    mount -t tmpfs -o size=2m tmpfs "$work/disk"
    train="$b/hlx_train --data examples/data/genesis.txt --preset demo --eval-windows 0 --warmup 1 --decay 6"
    expect 1 $train --steps 6 --save-every 2 --out "$work/disk/run"; says "checkpoint.bin': No space left on device"
    n=$((n + 1))
    [ ! -e "$work/disk/run/checkpoint.bin.tmp" ] && [ "$(ls "$work/disk/run" | wc -l)" = 3 ] ||
        bad "a full disk is left with $(ls "$work/disk/run")"
    cp -R "$work/disk/run" "$work/rescued"
    expect 0 $train --resume --steps 6 --out "$work/rescued"
    grep digest "$work/out" >"$work/a"
    expect 0 $train --steps 6 --out "$work/whole"
    grep digest "$work/out" >"$work/b"
    n=$((n + 1))
    cmp -s "$work/a" "$work/b" || bad "another end after a full disk"
    rm -rf "$work/disk/run"
    expect 1 $b/hlx_verify train --data examples/data/genesis.txt --steps 2 --every 1 --out "$work/disk/run"
    says "step-1.bin': No space left on device"
    dd if=/dev/zero of="$work/disk/filler" bs=4096 2>/dev/null
    expect 1 $train --steps 1 --out "$work/disk/new"; says "No space left on device"
    expect 1 $train --steps 1 --out "$work/disk/no/such/folder"
fi

# hlx_train's picture goes through a link with its mode, as its checkpoint does.
mkdir "$work/links"
cp -R "$work/run/." "$work/links/"
mv "$work/links/checkpoint.bin" "$work/kept.bin"
mv "$work/links/loss.svg" "$work/kept.svg"
ln -s ../kept.bin "$work/links/checkpoint.bin"
ln -s ../kept.svg "$work/links/loss.svg"
chmod 600 "$work/kept.bin" "$work/kept.svg"
expect 0 $b/hlx_train --data examples/data/genesis.txt --eval-windows 0 --resume --steps 2 --out "$work/links"
n=$((n + 2))
[ -L "$work/links/checkpoint.bin" ] && [ -L "$work/links/loss.svg" ] || bad "a link becomes a file"
[ "$(stat -c %a "$work/kept.bin" "$work/kept.svg" | tr '\n' ' ')" = "600 600 " ] || bad "mode 600 is lost"
rm "$work/links/loss.svg"
if [ -w /dev/full ]; then
    ln -s /dev/full "$work/links/loss.svg"
    expect 1 $b/hlx_train --data examples/data/genesis.txt --eval-windows 0 --resume --steps 3 --out "$work/links"
    says "No space left on device"
fi
finish
