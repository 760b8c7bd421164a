//! The page as data for its template: every number already a string, every chart already drawn.

mod columns;
mod facts;
mod leaderboard;
mod panels;
mod scores;
mod unfinished;

use minijinja::Value;
use serde::Serialize;

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
    name: &'static str,
    title: String,
    caption: String,
    full: bool,
    wide: Value,
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
    style: Value,
    verdict: Verdict,
    cards: Vec<facts::Card>,
    warnings: &'a [String],
    run: Vec<Fact>,
    columns: columns::Columns,
    data_panels: Vec<Panel>,
    leaderboard: leaderboard::Leaderboard,
    search_panels: Vec<Panel>,
    learning_panels: Vec<Panel>,
    prediction_panels: Vec<Panel>,
    prediction_note: Option<String>,
    confusions: Vec<scores::Confused>,
    scores: Option<scores::Scores>,
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
        let predictions = panels::predictions(model)?;
        Ok(Self {
            title: clip(&model.title, 160),
            created: &model.created,
            style: Value::from_safe_string(include_str!("../../templates/style.css").to_owned()),
            verdict: Verdict::of(model),
            cards: facts::cards(model),
            warnings: &model.warnings,
            run: facts::run(model),
            columns: columns::Columns::of(&model.profile),
            data_panels: panels::data(model)?,
            leaderboard: leaderboard::Leaderboard::of(model, &ranked),
            search_panels: panels::search(model, &ranked)?,
            learning_panels: panels::learning(model, &ranked)?,
            prediction_panels: predictions.panels,
            prediction_note: predictions.note,
            confusions: scores::confusions(model),
            scores: scores::Scores::of(model),
            unfinished: unfinished::Unfinished::of(&model.trials, model.metric),
            reproduce: facts::ReproduceBox::of(model),
        })
    }
}
