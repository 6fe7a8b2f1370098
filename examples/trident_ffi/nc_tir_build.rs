//! Compile nc_tir.c into the crate that is being built, with the C compiler named by CC (cc when
//! unset). No crates are needed. A crate with a build script of its own takes this file as a module:
//!
//!     #[path = "vendor/nc_tir_build.rs"]
//!     mod nc_tir_build;
//!     fn main() {
//!         nc_tir_build::compile("vendor"); // where nc_tir.c lies; the rest of your script follows
//!     }
//!
//! nc_tirneural.h and nc_goldilocks.h lie beside nc_tir.c or two folders up, stb_ds.h beside either of
//! them, where STB_DS_DIR says, or where the C compiler finds it.
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

fn run(command: &mut Command) {
    let status = command.status();
    let status = status.unwrap_or_else(|e| panic!("{command:?} cannot be started: {e}"));
    assert!(status.success(), "{command:?} failed");
}

/// Build the library from the nc_tir.c of a folder, which is relative to the crate's own.
pub fn compile(folder: impl AsRef<Path>) {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo runs this"));
    let folder = root.join(folder);
    let out = env::var("OUT_DIR").expect("cargo runs this");
    let object = Path::new(&out).join("nc_tir.o");
    let archive = Path::new(&out).join("libnc_tir.a");
    let cc = env::var("CC").unwrap_or_else(|_| "cc".into());
    let ar = env::var("AR").unwrap_or_else(|_| "ar".into());
    let mut places = vec![folder.clone(), folder.join("../..")];
    places.extend(env::var("STB_DS_DIR").map(PathBuf::from));
    places.retain(|place| place.is_dir());
    let source = folder.join("nc_tir.c");
    let mut command = Command::new(cc);
    command.args(["-O2", "-fPIC", "-c"]).arg(&source).arg("-o").arg(&object);
    for place in &places {
        command.arg("-I").arg(place);
    }
    run(&mut command);
    let _ = std::fs::remove_file(&archive);
    run(Command::new(ar).arg("rcs").arg(&archive).arg(&object));
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static=nc_tir");
    println!("cargo:rustc-link-lib=m");
    println!("cargo:rerun-if-changed={}", source.display());
    for variable in ["CC", "AR", "STB_DS_DIR"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    for name in ["nc_tirneural.h", "nc_goldilocks.h", "stb_ds.h"] {
        if let Some(file) = places.iter().map(|p| p.join(name)).find(|f| f.is_file()) {
            println!("cargo:rerun-if-changed={}", file.display());
        }
    }
}
