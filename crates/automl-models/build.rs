//! With the feature `libtorch`: where the libraries are, for messages, for this crate's own tests, and for the
//! crates that depend on it. A program finds them there without an environment variable.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // torch-sys says where it found them.
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::metadata=libtorch_lib={folder}");
        println!("cargo::rustc-env=AUTOML_LIBTORCH_LIB={folder}");
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
