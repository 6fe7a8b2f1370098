//! Compiles nc_goldilocks.h as its users do, with the C compiler and -O2, and links it.
use std::{env, path::Path, process::Command};

fn main() {
    let out = env::var("OUT_DIR").unwrap();
    let root = Path::new("../..").canonicalize().unwrap();
    let source = format!("{out}/nc.c");
    let object = format!("{out}/nc.o");
    let cc = env::var("CC").unwrap_or_else(|_| "cc".into());
    let text = "#define NC_IMPLEMENTATION\n#include \"nc_goldilocks.h\"\n";
    std::fs::write(&source, text).unwrap();
    let compiled = Command::new(cc)
        .args(["-std=gnu11", "-O2", "-c", &source, "-o", &object, "-I"])
        .arg(&root)
        .status();
    assert!(compiled.expect("no C compiler").success());
    println!("cargo:rustc-link-arg={object}");
    println!("cargo:rerun-if-changed={}", root.join("nc_goldilocks.h").display());
    println!("cargo:rerun-if-env-changed=CC");
}
