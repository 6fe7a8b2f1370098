//! Compile the header with the C compiler named by CC (cc when unset). No crates are needed.
use std::{env, path::Path, process::Command};

fn run(command: &mut Command) {
    let status = command.status().expect("the C compiler or ar cannot be started");
    assert!(status.success(), "{command:?} failed");
}

fn main() {
    let out = env::var("OUT_DIR").unwrap();
    let object = Path::new(&out).join("nc_tir.o");
    let archive = Path::new(&out).join("libnc_tir.a");
    let cc = env::var("CC").unwrap_or_else(|_| "cc".into());
    run(Command::new(cc).args(["-O2", "-fPIC", "-I../..", "-c", "nc_tir.c", "-o"]).arg(&object));
    run(Command::new("ar").arg("rcs").arg(&archive).arg(&object));
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static=nc_tir");
    println!("cargo:rustc-link-lib=m");
    println!("cargo:rerun-if-changed=nc_tir.c");
    println!("cargo:rerun-if-changed=../../nc_tirneural.h");
    println!("cargo:rerun-if-changed=../../nc_goldilocks.h");
}
