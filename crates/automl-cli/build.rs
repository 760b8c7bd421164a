//! With the feature `libtorch`: the program finds the libraries without an environment variable, and keeps the
//! one for CUDA, which no symbol of ours names and the linker would drop.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let Ok(folder) = std::env::var("DEP_AUTOML_LIBTORCH_LIB") else { return };
    println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    // The notebook's library is built and found by the same one.
    println!("cargo::rustc-env=AUTOML_LIBTORCH_LIB={folder}");
    if Path::new(&folder).join("libtorch_cuda.so").exists() {
        println!("cargo::rustc-link-arg=-L{folder}");
        println!("cargo::rustc-link-arg=-Wl,--no-as-needed,-ltorch_cuda,--as-needed");
    }
}
