#!/bin/sh
# tasm-lib's own benchmarks and tests, with their inputs: harvest.sh FOLDER WORDS.. runs those tests
# of the crate whose names hold one of the words (bench: all benchmarks) on a copy of its source
# that writes down every state before it is run; once. CARGO_TARGET_DIR says where it is built.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
shift
[ "$(cat "$folder/done" 2>/dev/null)" = "$*" ] && exit 0 # nothing changes before tasm-lib does
copy=$folder/tasm-lib
manifest=$(cd "$here" && cargo metadata --format-version 1 --locked |
    tr '"' '\n' | grep '/tasm-lib-[0-9.]*/Cargo.toml$' | head -n 1)
rm -rf "$copy"
cp -r "$(dirname "$manifest")" "$copy"
chmod -R u+w "$copy"
cd "$copy"
# cargo-husky would install git hooks. The dependencies are those of our own lock file.
sed -i '/^\[dev-dependencies.cargo-husky\]/,/^$/d' Cargo.toml
sed -i '/^\[dev-dependencies.proptest\]/,/^$/s/^version.*/version = "=1.11.0"/' Cargo.toml
sed -n '/^\[profile/,$p' "$here/Cargo.toml" >>Cargo.toml
printf '\n[workspace]\n' >>Cargo.toml
cp "$here/Cargo.lock" .
cp "$here/harvest.rs" src/nc_harvest.rs
printf '\nmod nc_harvest;\n' >>src/lib.rs
sed -i 's|^pub fn maybe_write_debuggable_vm_state_to_disk.*|&\n    nc_harvest::take("test", vm_state);|' src/lib.rs
sed -i 's|^ *let (simulation_trace, _) =|    crate::nc_harvest::take("bench", \&vm_state);\n&|' src/linker.rs
NC_HARVEST=$folder cargo test --release --lib -- "$@"
echo "$*" >"$folder/done"
