//! The page as data for its template: every number already a string, every chart already drawn.

mod columns;
mod facts;
mod final_model;
mod findings;
mod leaderboard;
mod models;
mod panels;
mod scores;
mod unfinished;

use minijinja::Value;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::ReportError;
use crate::figures::{DrawnFigure, Figure, Span, draw_both};
use crate::format::clip;
use crate::model::ReportModel;
use crate::verdict::Verdict;

/// A name and a value side by side.
#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Fact {
    pub(crate) fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }
}

/// A chart with its words.
#[derive(Debug, Serialize)]
pub(crate) struct Panel {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) caption: String,
    full: bool,
    pub(crate) wide: Value,
    narrow: Value,
}

impl Panel {
    /// Draws `figure`.
    ///
    /// # Errors
    /// [`ReportError::Draw`].
    pub(crate) fn of(figure: &dyn Figure) -> Result<Self, ReportError> {
        let DrawnFigure { wide, narrow } = draw_both(figure)?;
        Ok(Self {
            name: figure.name(),
            title: clip(&figure.title(), 120),
            caption: clip(&figure.caption(), 600),
            full: figure.span() == Span::Full,
            // Safe: plotters escapes every text, and `draw` the description.
            wide: Value::from_safe_string(wide),
            narrow: Value::from_safe_string(narrow),
        })
    }
}

/// All the template needs.
#[derive(Debug, Serialize)]
pub(crate) struct Page<'a> {
    title: String,
    created: &'a str,
    reload_secs: Option<u32>,
    is_of_function: bool,
    style: Value,
    script: Value,
    /// The script's hash, by which alone the browser runs it.
    script_hash: String,
    verdict: Verdict,
    cards: Vec<facts::Card>,
    warnings: &'a [String],
    run: Vec<Fact>,
    final_model: Option<final_model::FinalSection>,
    final_panels: Vec<Panel>,
    columns: columns::Columns,
    findings: Vec<findings::Finding>,
    data_panels: Vec<Panel>,
    leaderboard: leaderboard::Leaderboard,
    search_panels: Vec<Panel>,
    parameter_panels: Vec<Panel>,
    models: Vec<models::ModelSection>,
    unfinished: unfinished::Unfinished,
    reproduce: facts::ReproduceBox,
}

impl<'a> Page<'a> {
    /// Computes and draws everything.
    ///
    /// # Errors
    /// [`ReportError::Draw`].
    pub(crate) fn of(model: &'a ReportModel) -> Result<Self, ReportError> {
        let ranked = leaderboard::ranked(&model.trials);
        let script = include_str!("../../templates/script.js");
        Ok(Self {
            title: clip(&model.title, 160),
            created: &model.created,
            reload_secs: model.reload_secs,
            is_of_function: model.is_of_function(),
            style: Value::from_safe_string(include_str!("../../templates/style.css").to_owned()),
            script: Value::from_safe_string(script.to_owned()),
            script_hash: format!("sha256-{}", base64(&Sha256::digest(script.as_bytes()))),
            verdict: Verdict::of(model),
            cards: facts::cards(model),
            warnings: &model.warnings,
            run: facts::run(model),
            final_model: final_model::FinalSection::of(model),
            final_panels: panels::final_model(model)?,
            columns: columns::Columns::of(&model.profile),
            findings: findings::of(model),
            data_panels: panels::data(model)?,
            leaderboard: leaderboard::Leaderboard::of(model, &ranked),
            search_panels: panels::search(model, &ranked)?,
            parameter_panels: panels::parameters(model, &ranked)?,
            models: if model.is_of_function() { Vec::new() } else { models::of(model, &ranked)? },
            unfinished: unfinished::Unfinished::of(&model.trials, model.metric),
            reproduce: facts::ReproduceBox::of(model),
        })
    }
}

impl Page<'_> {
    /// All charts in the order of the page, with the trial that they are of, if it is one.
    pub(crate) fn panels(&self) -> impl Iterator<Item = (Option<String>, &Panel)> {
        let of_all = |panel| (None, panel);
        let of_models = self.models.iter();
        let of_models = of_models.flat_map(|own| own.panels().iter().map(|panel| (Some(own.trial()), panel)));
        let others = self.search_panels.iter().chain(&self.parameter_panels).chain(&self.data_panels);
        self.final_panels.iter().map(of_all).chain(of_models).chain(others.map(of_all))
    }

    /// The verdict's sentences.
    pub(crate) fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What should be known of the data.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &str> {
        self.findings.iter().map(|finding| finding.text.as_str())
    }
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            (0..3).fold(0_usize, |word, place| word << 8 | usize::from(*chunk.get(place).unwrap_or(&0)));
        for place in 0..4 {
            let letter = ALPHABET[word >> (18 - 6 * place) & 63];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_equals_the_vectors_of_its_rfc() {
        let vectors = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let expected = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        assert_eq!(vectors.map(|text| base64(text.as_bytes())), expected);
    }
}
