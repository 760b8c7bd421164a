//! The same content for machines: charts as files, and everything as JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::draw::{Theme, standalone};
use crate::error::ReportError;
use crate::model::ReportModel;
use crate::page::Page;

/// Version of what [`json`] gives: it grows when a field changes its meaning or goes away, not when one is added.
pub const JSON_VERSION: u32 = 1;

/// Pixels in a unit of a chart, which is a pixel of CSS: fine enough for a slide.
const PNG_SCALE: f32 = 2.0;

/// A chart of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chart {
    /// Its name, of which there is one in a report: `history`, `roc`, `slices-2`.
    pub name: String,
    /// Its heading, with the trial that it is of.
    pub title: String,
    /// What is seen, in one or two sentences.
    pub caption: String,
    /// As it stands in the page, whose theme gives it its colours.
    #[serde(skip)]
    drawing: String,
}

impl Chart {
    /// The picture as SVG that stands alone.
    pub fn svg(&self, theme: Theme) -> String {
        standalone(&self.drawing, theme)
    }
}

/// All charts of a report, in the order of its page.
///
/// # Errors
/// [`ReportError::Draw`].
pub fn charts(model: &ReportModel) -> Result<Vec<Chart>, ReportError> {
    Ok(named(&Page::of(model)?))
}

fn named(page: &Page<'_>) -> Vec<Chart> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut charts = Vec::new();
    for (trial, panel) in page.panels() {
        let n = seen.entry(panel.name).or_insert(0);
        *n += 1;
        let name = if *n == 1 { panel.name.to_owned() } else { format!("{}-{n}", panel.name) };
        let drawing = panel.wide.as_str().unwrap_or_default().to_owned();
        let title = trial.map_or_else(|| panel.title.clone(), |trial| format!("{}, {trial}", panel.title));
        charts.push(Chart { name, title, caption: panel.caption.clone(), drawing });
    }
    charts
}

/// A chart as PNG, twice as many pixels as units along each side, in the fonts of this machine.
///
/// # Errors
/// [`ReportError::Picture`] if it has no font, or the picture is too large.
pub fn png(chart: &Chart, theme: Theme) -> Result<Vec<u8>, ReportError> {
    let failed = |reason: String| ReportError::Picture { name: chart.name.clone(), reason };
    let mut options = resvg::usvg::Options::default();
    Arc::make_mut(&mut options.fontdb).load_system_fonts();
    if options.fontdb.is_empty() {
        return Err(failed("this machine has no fonts".to_owned()));
    }
    let tree = resvg::usvg::Tree::from_str(&chart.svg(theme), &options)
        .map_err(|error| failed(error.to_string()))?;
    let size = tree.size().to_int_size().scale_by(PNG_SCALE);
    let pixmap = size.and_then(|size| resvg::tiny_skia::Pixmap::new(size.width(), size.height()));
    let mut pixmap = pixmap.ok_or_else(|| failed("it has no pixels".to_owned()))?;
    resvg::render(&tree, resvg::tiny_skia::Transform::from_scale(PNG_SCALE, PNG_SCALE), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| failed(error.to_string()))
}

/// Everything that a report says, as JSON; `report-json.md` beside this crate's sources documents the fields.
///
/// # Errors
/// [`ReportError::Draw`], [`ReportError::Json`].
pub fn json(model: &ReportModel) -> Result<String, ReportError> {
    #[derive(Serialize)]
    struct Whole<'a> {
        schema: &'static str,
        version: u32,
        verdict: Sentences<'a>,
        findings: Vec<&'a str>,
        charts: Vec<Chart>,
        report: &'a ReportModel,
    }
    #[derive(Serialize)]
    struct Sentences<'a> {
        headline: &'a str,
        details: &'a [String],
    }
    let page = Page::of(model)?;
    let verdict = page.verdict();
    let whole = Whole {
        schema: "automl.report",
        version: JSON_VERSION,
        verdict: Sentences { headline: &verdict.headline, details: &verdict.details },
        findings: page.findings().collect(),
        charts: named(&page),
        report: model,
    };
    Ok(serde_json::to_string(&whole)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn every_chart_has_a_name_of_its_own_and_stands_alone() {
        let charts = charts(&fixtures::binary(40)).unwrap();
        let names: std::collections::BTreeSet<&str> =
            charts.iter().map(|chart| chart.name.as_str()).collect();
        assert_eq!(names.len(), charts.len());
        for chart in &charts {
            let [light, dark] = [Theme::Light, Theme::Dark].map(|theme| chart.svg(theme));
            assert!(light.starts_with("<svg xmlns=") && !light.contains("var("), "{}", chart.name);
            assert!(dark != light && !dark.contains("var("), "{}", chart.name);
        }
        assert!(names.contains("history") && names.contains("roc"));
    }

    #[test]
    fn a_picture_has_the_pixels_of_its_units() {
        let charts = charts(&fixtures::binary(5)).unwrap();
        let history = charts.iter().find(|chart| chart.name == "history").unwrap();
        let png = match png(history, Theme::Dark) {
            Ok(png) => png,
            Err(ReportError::Picture { reason, .. }) if reason.contains("no fonts") => return,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(&png[1..4], b"PNG");
        let width = u32::from_be_bytes(png[16..20].try_into().unwrap());
        assert!(width == 1020 || width == 2120, "{width}");
    }

    #[test]
    fn every_field_of_the_json_is_documented() {
        let text = include_str!("../report-json.md");
        let whole: serde_json::Value = serde_json::from_str(&json(&fixtures::binary(5)).unwrap()).unwrap();
        for object in [&whole, &whole["report"]] {
            for name in object.as_object().unwrap().keys() {
                assert!(text.contains(&format!("`{name}`")), "{name} is not in report-json.md");
            }
        }
    }

    #[test]
    fn the_json_names_its_version_and_holds_the_model() {
        let model = fixtures::regression(5);
        let whole: serde_json::Value = serde_json::from_str(&json(&model).unwrap()).unwrap();
        assert_eq!((whole["schema"].as_str(), whole["version"].as_u64()), (Some("automl.report"), Some(1)));
        assert!(whole["verdict"]["headline"].as_str().unwrap().contains("price"));
        assert_eq!(whole["report"]["trials"].as_array().unwrap().len(), 5);
        assert!(whole["charts"][0]["name"].is_string() && whole["charts"][0].get("drawing").is_none());
    }
}
