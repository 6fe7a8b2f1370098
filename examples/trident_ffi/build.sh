#!/bin/sh
# Build the crate without cargo: build.sh OUT_DIR. stb_ds.h must be where cc finds it.
# The test program: OUT_DIR/trident_ffi FILE.tir...
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
mkdir -p "$out"
${CC:-cc} -O2 -I"$here/../.." -c "$here/nc_tir.c" -o "$out/nc_tir.o"
ar rcs "$out/libnc_tir.a" "$out/nc_tir.o"
rustc --edition 2021 -O --crate-type rlib --crate-name trident_ffi "$here/src/lib.rs" \
    -L native="$out" -l static=nc_tir -l m --out-dir "$out"
rustc --edition 2021 -O "$here/src/main.rs" --extern trident_ffi="$out/libtrident_ffi.rlib" \
    -L native="$out" -o "$out/trident_ffi"
rustc --edition 2021 -O --test --crate-name trident_ffi_test "$here/src/lib.rs" \
    -L native="$out" -l static=nc_tir -l m -o "$out/trident_ffi_test"
