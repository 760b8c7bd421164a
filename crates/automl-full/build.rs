//! With the feature `libtorch`: whoever loads the library, and its tests, find libtorch without an environment variable.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let Ok(folder) = std::env::var("DEP_AUTOML_LIBTORCH_LIB") else { return };
    println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
}
