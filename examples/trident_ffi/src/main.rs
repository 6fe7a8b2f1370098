//! Lower TIR files through the C library: trident_ffi FILE.tir... prints instructions before and
//! after, and fails when a file does not shrink or stay.
use std::{env, fs, process::exit};
use trident_ffi::{optimize_text, Options};

fn main() {
    let mut failed = false;
    for path in env::args().skip(1) {
        let result = fs::read_to_string(&path)
            .map_err(|e| e.to_string())
            .and_then(|tir| optimize_text(&tir, &Options::default()).map_err(|e| e.to_string()));
        match result {
            Ok((tasm, json)) => {
                let lines = tasm.lines().filter(|line| line.starts_with("    ")).count();
                print!("{path}: {lines} instructions, {json}");
            }
            Err(error) => {
                eprintln!("{path}: {error}");
                failed = true;
            }
        }
    }
    exit(failed as i32);
}
