#!/bin/sh
# The real machine as judge of nc_tirneural.h, for make test-all: run.sh [RANDOM PROGRAMS]. Without
# cargo, or where the packages cannot be had, it is skipped by name. Built in build/triton. With
# PROVE=1 the machine also proves one layer of the optimiser's network: 12 minutes of a core, 6.4 GB.
cd "$(dirname "$0")/../.." || exit 1
data=${NC_TEST_DATA:-../shared/data}
data=$(cd "$data" 2>/dev/null && pwd || echo "$data")
mkdir -p build/triton
out=$(cd build/triton && pwd)
export CARGO_TARGET_DIR="$out/target"
cd tests/triton || exit 1
skip() {
    echo "triton-vm, tasm-lib: skipped, $1"
    exit 0
}
command -v cargo >/dev/null || skip "no cargo"
cargo fetch --locked >"$out/fetch.log" 2>&1 || skip "crates.io cannot be reached"
set -e
cargo build --release --locked
judge=$CARGO_TARGET_DIR/release/nc_triton
"$judge" random "${1:-1000}"
"$judge" corpus "$data/tir"
"$judge" snippets
make --no-print-directory -s -C ../.. build/tir_self
rm -rf "$out/self"
(cd ../.. && build/tir_self --machine "$out/self")
"$judge" self "$out/self"
[ -z "$PROVE" ] || TVM_LDE_TRACE=no_cache "$judge" self "$out/self" --prove optimised:smallest.layers1
sh harvest.sh "$out/harvest" bench >"$out/harvest.log" 2>&1 || { cat "$out/harvest.log"; exit 1; }
"$judge" harvest "$out/harvest"
"$judge" optimize "$out/harvest" --beam 8 --most 9000 --rows 20 \
    --prove fri_collinear_y_xfe.bench.1,map_dyn_length_elements.bench.2
