#[path = "nc_tir_build.rs"]
mod nc_tir_build;

fn main() {
    println!("cargo:rerun-if-changed=nc_tir_build.rs");
    nc_tir_build::compile(".");
}
