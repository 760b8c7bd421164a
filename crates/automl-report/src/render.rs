//! From model to page to file.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value};

use crate::error::ReportError;
use crate::format;
use crate::model::ReportModel;
use crate::page::Page;

/// The page of a run, as HTML. Equal models give equal pages.
///
/// # Errors
/// [`ReportError::Draw`] or [`ReportError::Template`]; no model that holds together leads there.
pub fn render(model: &ReportModel) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_filter("code", |text: String| Value::from_safe_string(format::with_code(&text)));
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

#[cfg(test)]
mod tests {
    use automl_core::{ColumnKind, Metric, Predictions, Target, TrialState};

    use super::*;
    use crate::fixtures::{self, column, epoch, trial};
    use crate::model::HoldoutResult;

    /// What holds for the page of every model.
    fn page(model: &ReportModel) -> String {
        let page = render(model).unwrap();
        let (before, rest) = page.split_once("<script>").unwrap();
        let (script, after) = rest.split_once("</script>").unwrap();
        // The script is the same on every page, and the only one.
        assert_eq!(script, include_str!("../templates/script.js"));
        let whole = page.len();
        let page = format!("{before}{after}");
        assert!(whole < 5_000_000, "the page has {whole} bytes");
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
        assert_eq!(page.matches("<table").count(), page.matches("</table>").count());
        for forbidden in ["NaN", "inf<", "<script", "://", "url(", "{{", "{%", "#0102"] {
            assert!(!page.contains(forbidden), "the page holds {forbidden}");
        }
        page
    }

    fn n_charts(page: &str) -> usize {
        page.matches("<figure").count()
    }

    #[test]
    fn each_task_has_its_charts() {
        let binary = page(&fixtures::binary(40));
        // Of the model, of the search, of the data.
        assert_eq!(n_charts(&binary), 11 + 5 + 2);
        let multiclass = page(&fixtures::multiclass(40));
        assert_eq!(n_charts(&multiclass), 7 + 5 + 2);
        assert!(multiclass.contains("Most frequent confusions"));
        let regression = page(&fixtures::regression(40));
        assert_eq!(n_charts(&regression), 7 + 5 + 2);
        assert!(regression.contains("Residuals against predicted"));
    }

    #[test]
    fn equal_models_give_equal_pages() {
        assert_eq!(render(&fixtures::binary(20)).unwrap(), render(&fixtures::binary(20)).unwrap());
    }

    #[test]
    fn runs_without_a_complete_trial_have_a_page() {
        let nothing = page(&fixtures::empty());
        assert!(nothing.contains("No trial was run, so there is no model."));
        let mut model = fixtures::empty();
        model.trials = (0..3).map(|number| trial(number, "mlp", &[])).collect();
        for failed in &mut model.trials {
            failed.state = TrialState::Failed;
            failed.cost = None;
            failed.reason = Some("fold 0: the loss is infinite".to_owned());
        }
        model.baseline = Some(0);
        let failed = page(&model);
        assert!(failed.contains("All 3 trials failed, so there is no model."));
        assert!(failed.contains("fold 0: the loss is infinite"));
        model.trials[0].state = TrialState::Pruned;
        model.trials[0].steps = vec![(1, 0.7)];
        assert_eq!(n_charts(&page(&model)), 2 + 2);
    }

    #[test]
    fn one_trial_of_one_fold_has_a_page() {
        let mut model = fixtures::empty();
        model.trials = vec![trial(0, "mlp", &[0.4])];
        model.best = Some(0);
        model.epochs.insert(0, vec![(0, epoch(0, 0.5, 0.4))]);
        let page = page(&model);
        assert!(page.contains("The only complete trial is #0 (mlp)."));
        assert_eq!(n_charts(&page), 2 + 4 + 2);
    }

    #[test]
    fn a_hostile_name_is_shown_and_never_run() {
        let hostile = "<script>alert(1)</script>";
        let long = "x".repeat(500);
        let mut model = fixtures::binary(30);
        model.title = hostile.to_owned();
        model.profile.target = hostile.to_owned();
        model.profile.labels = vec![hostile.to_owned(), format!("\"'><img src=x>{long}")];
        model.profile.columns = vec![
            column(hostile, ColumnKind::Numeric, 9_000, 3),
            column(&long, ColumnKind::Text, 8_000, 3),
            column("line\nbreak \u{0} \u{202e}", ColumnKind::Categorical, 7_000, 3),
        ];
        model.profile.columns[2].top = vec![(hostile.to_owned(), 3)];
        model.warnings = vec![format!("`{hostile}` is odd")];
        model.reproduce.config_toml = format!("target = \"{hostile}\"");
        model.trials[3].params.insert(hostile, hostile);
        model.trials[3].params.insert("family", hostile);
        let page = page(&model);
        assert!(!page.contains("<img"));
        assert!(page.contains("<code>&lt;script&gt;alert(1)&lt;/script&gt;</code> is odd"));
        assert!(!page.contains(&"x".repeat(501)));
    }

    #[test]
    fn numbers_that_are_none_leave_no_trace() {
        let mut model = fixtures::binary(30);
        for (index, bad) in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into_iter().enumerate() {
            let trial = &mut model.trials[index + 1];
            trial.cost = Some(bad);
            trial.seconds = bad;
            trial.folds[0].scores = vec![(Metric::LogLoss, bad), (Metric::RocAuc, bad)];
            model.profile.columns[index].mean = Some(bad);
            model.profile.columns[index].max = Some(bad);
            model.epochs.insert(trial.number, vec![(0, epoch(0, bad, bad)), (0, epoch(1, 0.4, bad))]);
        }
        model.run.elapsed_secs = f64::NAN;
        model.holdout = Some(HoldoutResult { n_rows: 0, scores: vec![(Metric::LogLoss, f64::NAN)] });
        if let Some(Predictions::Proba(proba)) =
            model.out_of_fold.values_mut().next().map(|of| &mut of.predictions)
        {
            proba.row_mut(0).fill(f64::NAN);
        }
        let partly = page(&model);
        assert!(partly.contains("Some predictions are not finite") && partly.contains("ROC curve"));

        let mut model = fixtures::regression(10);
        if let Some(of) = model.out_of_fold.values_mut().next() {
            of.target = Target::Real(vec![f64::NAN, 1e300, -1e300, 0.0]);
            of.predictions = Predictions::Real(vec![1.0, f64::INFINITY, 1e300, f64::NAN]);
        }
        page(&model);
        if let Some(of) = model.out_of_fold.values_mut().next() {
            of.predictions = Predictions::Real(vec![1.0]);
        }
        assert!(page(&model).contains("Predictions are of 1 row, true values of 4, so nothing is drawn."));
    }

    #[test]
    fn large_runs_have_small_pages() {
        let many = page(&fixtures::many_classes(200));
        assert!(many.contains("186 others"));
        assert!(many.contains("drawn for up to 10 classes"));
        let mut model = fixtures::binary(5_000);
        model.profile.columns = (0..1_000)
            .map(|index| column(&format!("column {index}"), ColumnKind::Categorical, index, 9))
            .collect();
        let long = page(&model);
        assert!(long.contains("970 more columns"));
        assert!(long.contains("1,500 points are drawn, evenly chosen."));
        assert!(long.len() < 2_500_000, "{} bytes", long.len());
    }

    #[test]
    fn the_file_is_whole_or_absent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        write(&fixtures::empty(), &path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), render(&fixtures::empty()).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let missing = folder.path().join("none").join("report.html");
        let error = write(&fixtures::empty(), &missing).unwrap_err().to_string();
        assert!(error.contains("cannot write") && error.contains("none/report.html"), "{error}");
    }

    #[test]
    fn the_model_survives_json() {
        let model = fixtures::multiclass(5);
        let text = serde_json::to_string(&model).unwrap();
        assert_eq!(serde_json::from_str::<ReportModel>(&text).unwrap(), model);
    }
}
