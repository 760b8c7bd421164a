//! What predicts in the end: its parts, what it costs, and where it fails.

use serde::Serialize;

use super::Fact;
use super::scores::Scores;
use crate::format::{
    NONE, bytes, capitalised, clip, count, counted, mean_and_deviation, metric_label, number, short_number,
};
use crate::model::{FinalModel, ReportModel, WorstRow};

/// One kind of final model that was compared.
#[derive(Debug, Serialize)]
struct Kind {
    name: String,
    score: String,
    is_taken: bool,
}

/// One badly predicted row.
#[derive(Debug, Serialize)]
struct Worst {
    row: String,
    truth: String,
    predicted: String,
    loss: String,
    values: Vec<String>,
}

/// The section of the final model.
#[derive(Debug, Serialize)]
pub(crate) struct FinalSection {
    lead: String,
    facts: Vec<Fact>,
    metric: String,
    kinds: Vec<Kind>,
    /// Whether another kind has a better estimate than the one taken.
    is_by_chance: bool,
    loss_name: &'static str,
    worst_note: String,
    worst_columns: Vec<String>,
    worst: Vec<Worst>,
    scores: Option<Scores>,
}

impl FinalSection {
    /// `None` without a final model.
    pub(crate) fn of(model: &ReportModel) -> Option<Self> {
        let found = model.final_model.as_ref()?;
        let kind = |(name, score): &(String, f64)| Kind {
            name: capitalised(name),
            score: number(*score),
            is_taken: *name == found.kind,
        };
        let cost = |score: f64| model.metric.direction().cost(score);
        let taken =
            found.estimates.iter().find(|(name, _)| *name == found.kind).map(|(_, score)| cost(*score));
        let is_by_chance =
            taken.is_some_and(|taken| found.estimates.iter().any(|(_, score)| cost(*score) < taken));
        let explanation = model.explanation.as_ref();
        let worst = explanation.map(|of| of.worst.as_slice()).unwrap_or_default();
        let of_holdout = explanation.is_some_and(|of| of.is_holdout);
        let n_rows = explanation.map_or(0, |of| of.n_rows);
        Some(Self {
            lead: lead(found),
            facts: facts(model, found),
            metric: capitalised(&metric_label(model.metric)),
            kinds: found.estimates.iter().map(kind).collect(),
            is_by_chance,
            loss_name: if model.profile.labels.is_empty() { "Absolute error" } else { "Log loss" },
            worst_note: format!(
                "The worst of {} {}.",
                counted(n_rows, "row"),
                if of_holdout { "of the holdout" } else { "that the model was trained on" }
            ),
            worst_columns: worst.first().map(column_names).unwrap_or_default(),
            worst: worst.iter().map(worst_row).collect(),
            scores: Scores::of_final(model, found),
        })
    }
}

fn lead(found: &FinalModel) -> String {
    let n_members: usize = found.parts.iter().map(|part| part.n_members).sum();
    match found.parts.as_slice() {
        [only] => format!(
            "{}: trial #{} ({}), {}.",
            capitalised(&found.kind),
            only.trial,
            only.family,
            counted(n_members, "model")
        ),
        parts => format!(
            "{} of {}, {} in all.",
            capitalised(&found.kind),
            counted(parts.len(), "configuration"),
            counted(n_members, "model")
        ),
    }
}

fn facts(model: &ReportModel, found: &FinalModel) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(ms) = found.predict_ms {
        facts.push(Fact::new("Time to predict 1,000 rows", format!("{} ms", short_number(ms))));
    }
    facts.push(Fact::new("Size of its files", bytes(found.n_bytes)));
    if !found.calibration.is_empty() {
        facts.push(Fact::new("Probabilities are corrected by", found.calibration.clone()));
    }
    if let Some(threshold) = found.threshold {
        let positive = model.profile.labels.get(1).map_or(NONE.to_owned(), |label| clip(label, 60));
        facts.push(Fact::new(
            "Threshold",
            format!("“{positive}” from a probability of {} on", number(threshold)),
        ));
    }
    if found.nested.len() > 1 {
        let n = found.nested.len() as f64;
        let mean = found.nested.iter().sum::<f64>() / n;
        let squares: f64 = found.nested.iter().map(|value| (value - mean).powi(2)).sum();
        let score = mean_and_deviation(Some(mean), Some((squares / (n - 1.0)).sqrt()));
        let text =
            format!("{} {score} over {} outer folds", metric_label(model.metric), count(found.nested.len()));
        facts.push(Fact::new("The whole procedure, search included", text));
    }
    facts
}

fn column_names(row: &WorstRow) -> Vec<String> {
    row.values.iter().map(|(name, _)| clip(name, 40)).collect()
}

fn worst_row(row: &WorstRow) -> Worst {
    let value = |text: &str| if text.is_empty() { NONE.to_owned() } else { clip(text, 40) };
    Worst {
        row: count(row.row),
        truth: clip(&row.truth, 40),
        predicted: clip(&row.predicted, 50),
        loss: number(row.loss),
        values: row.values.iter().map(|(_, text)| value(text)).collect(),
    }
}
