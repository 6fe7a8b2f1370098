//! Compiles nc_tirneural.h, and lists the names of tasm-lib's exported snippets, which no function
//! of it gives.
use std::{env, fs, path::Path, process::Command};

fn main() {
    cc::Build::new()
        .file("shim.c")
        .include("../..")
        .opt_level(2)
        .warnings(false)
        .compile("nct");
    for file in ["shim.c", "../../nc_tirneural.h", "../../nc_goldilocks.h"] {
        println!("cargo:rerun-if-changed={file}");
    }
    let metadata = Command::new(env::var("CARGO").unwrap())
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .output()
        .expect("cargo metadata");
    let metadata = String::from_utf8(metadata.stdout).unwrap();
    let manifest = metadata
        .split('"')
        .find(|w| w.contains("tasm-lib-") && w.ends_with("Cargo.toml"));
    let source = Path::new(manifest.expect("tasm-lib's manifest"))
        .with_file_name("src/exported_snippets.rs");
    let source = fs::read_to_string(source).unwrap();
    let names: Vec<_> = source
        .split('"')
        .filter(|w| w.starts_with("tasm"))
        .collect();
    fs::write(
        Path::new(&env::var("OUT_DIR").unwrap()).join("names.txt"),
        names.join("\n"),
    )
    .unwrap();
}
