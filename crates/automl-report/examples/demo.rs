//! Writes the reports of four made-up runs into a folder: `cargo run --release --example demo -- FOLDER`.

use std::path::PathBuf;

use automl_report::{ReportError, write};

#[path = "../src/fixtures.rs"]
mod fixtures;

fn main() -> Result<(), ReportError> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    write(&fixtures::binary(120), &folder.join("binary.html"))?;
    write(&fixtures::multiclass(60), &folder.join("multiclass.html"))?;
    write(&fixtures::regression(80), &folder.join("regression.html"))?;
    write(&fixtures::many_classes(200), &folder.join("many_classes.html"))?;
    write(&fixtures::empty(), &folder.join("empty.html"))
}
