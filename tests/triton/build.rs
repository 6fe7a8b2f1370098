//! Compiles nc_tirneural.h, and lists the names of tasm-lib's exported snippets, which no function
//! of it gives.
use std::{env, fs, path::Path, process::Command};

fn run(command: &mut Command) {
    let status = command
        .status()
        .expect("the C compiler or ar cannot be started");
    assert!(status.success(), "{command:?} failed");
}

fn main() {
    let out = env::var("OUT_DIR").unwrap();
    let object = Path::new(&out).join("nct.o");
    let archive = Path::new(&out).join("libnct.a");
    let cc = env::var("CC").unwrap_or_else(|_| "cc".into());
    run(Command::new(cc)
        .args(["-O2", "-fPIC", "-I../..", "-c", "shim.c", "-o"])
        .arg(&object));
    run(Command::new("ar").arg("rcs").arg(&archive).arg(&object));
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static=nct");
    println!("cargo:rustc-link-lib=m");
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
