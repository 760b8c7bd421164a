//! From model to page to file.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;

use crate::error::ReportError;
use crate::model::ReportModel;
use crate::page::Page;

/// The page of a run, as HTML. Equal models give equal pages.
///
/// # Errors
/// [`ReportError::Draw`] or [`ReportError::Template`]; no model that holds together leads there.
pub fn render(model: &ReportModel) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    // The name ends in `.html`, so every value is escaped unless marked as safe.
    environment.add_template("report.html", include_str!("../templates/report.html"))?;
    Ok(environment.get_template("report.html")?.render(Serde(Page::of(model)?))?)
}

/// Renders `model` into the file `path`, whose folder must exist. Readers see the old file or the new
/// one, never a half.
///
/// # Errors
/// Those of [`render`], and [`ReportError::Io`] naming the file.
pub fn write(model: &ReportModel, path: &Path) -> Result<(), ReportError> {
    let page = render(model)?;
    let mut name = path.file_name().map_or_else(|| OsString::from("report"), OsString::from);
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let failed = |action: &'static str, path: &Path| {
        let path = path.to_owned();
        move |source| ReportError::Io { action, path, source }
    };
    fs::write(&temporary, page).map_err(failed("write", path))?;
    fs::rename(&temporary, path).map_err(failed("rename", path)).inspect_err(|_| {
        // The error that matters is the first one.
        let _ = fs::remove_file(&temporary);
    })
}
