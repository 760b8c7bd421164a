//! Median times of preprocessing: `cargo bench -p automl-data --bench prep`.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints and may panic")]

use std::time::Instant;

use automl_core::InputForm;
use automl_data::polars::prelude::{Column, DataFrame, NamedFrom, Series};
use automl_data::prep::{PrepConfig, Preprocessor, Scaling, TextNgrams};
use automl_data::{Table, TableOptions};

const N_REPEATS: usize = 15;

/// A generator of its own, so that the data never change: Marsaglia's xorshift64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// In [0, 1).
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn numeric(&mut self, name: &str, n_rows: usize) -> Column {
        let values: Vec<f64> = (0..n_rows).map(|_| (self.share() * 10.0).exp()).collect();
        Series::new(name.into(), values).into()
    }

    /// Levels of falling frequency, and a twentieth of the rows missing.
    fn categorical(&mut self, name: &str, n_rows: usize, n_levels: usize) -> Column {
        let mut value = || (self.share() > 0.05).then(|| self.share().powi(2) * n_levels as f64);
        let values: Vec<Option<String>> =
            (0..n_rows).map(|_| value().map(|level| format!("level {}", level as usize))).collect();
        Series::new(name.into(), values).into()
    }

    /// Words of falling frequency; every other one is of the side on which the target is.
    fn text(&mut self, name: &str, target: &[f64], n_words: usize) -> Column {
        let mut text = |target: &f64| {
            let mut word = |place: usize| {
                let side = if place.is_multiple_of(2) {
                    ""
                } else if *target > 0.0 {
                    "over"
                } else {
                    "under"
                };
                format!("{side}{:o}", 0o10_000 + (self.share().powi(3) * 5000.0) as usize)
            };
            (0..n_words).map(&mut word).collect::<Vec<_>>().join(" ")
        };
        let values: Vec<String> = target.iter().map(&mut text).collect();
        Series::new(name.into(), values).into()
    }
}

fn target(n_rows: usize) -> Vec<f64> {
    (0..n_rows).map(|row| (row as f64).sin()).collect()
}

fn table(n_rows: usize, mut columns: Vec<Column>) -> Table {
    let target = target(n_rows);
    columns.push(Series::new("target".into(), target).into());
    let frame = DataFrame::new(n_rows, columns).unwrap();
    let options = TableOptions { target: "target".to_owned(), ..TableOptions::default() };
    Table::for_training(frame, &options).unwrap()
}

/// As many rows and columns as four fifths of UCI adult: 6 numeric, 8 categorical.
fn adult_like() -> Table {
    let (mut numbers, n_rows) = (Numbers(1), 26_048);
    let mut columns: Vec<Column> =
        (0..6).map(|index| numbers.numeric(&format!("number {index}"), n_rows)).collect();
    for n_levels in [9, 16, 7, 15, 6, 5, 2, 42] {
        columns.push(numbers.categorical(&format!("category of {n_levels}"), n_rows, n_levels));
    }
    table(n_rows, columns)
}

fn numbers_only() -> Table {
    let (mut numbers, n_rows) = (Numbers(2), 43_000);
    table(n_rows, (0..10).map(|index| numbers.numeric(&format!("number {index}"), n_rows)).collect())
}

fn texts() -> Table {
    let (mut numbers, n_rows) = (Numbers(3), 5_000);
    table(n_rows, vec![numbers.text("text", &target(n_rows), 20)])
}

fn measure(what: &str, table: &Table, config: &PrepConfig, input: InputForm) {
    let recipe = Preprocessor::new(config.clone(), input, table.profile());
    let rows: Vec<usize> = (0..table.n_rows()).collect();
    let mut fits = Vec::new();
    let mut transforms = Vec::new();
    let mut width = 0;
    for _ in 0..N_REPEATS {
        let start = Instant::now();
        let fitted = recipe.fit(table, &rows).unwrap();
        fits.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        width = fitted.transform(table, &rows).unwrap().numeric.n_cols();
        transforms.push(start.elapsed().as_secs_f64());
    }
    let (fit, transform) = (median(fits) * 1e3, median(transforms) * 1e3);
    println!("{what:<34} fit {fit:>7.1} ms, transform {transform:>7.1} ms, {width} columns");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let (adult, numbers, texts) = (adult_like(), numbers_only(), texts());
    for scaling in [Scaling::Standard, Scaling::Robust, Scaling::Quantile] {
        let config = PrepConfig { scaling, ..PrepConfig::default() };
        measure(&format!("26k x 14, codes, {scaling:?}"), &adult, &config, InputForm::Codes);
        measure(&format!("26k x 14, one-hot, {scaling:?}"), &adult, &config, InputForm::OneHot);
        measure(&format!("43k x 10 numbers, {scaling:?}"), &numbers, &config, InputForm::OneHot);
    }
    for text_ngrams in [TextNgrams::Word, TextNgrams::Char, TextNgrams::Both] {
        let config = PrepConfig { text_ngrams, ..PrepConfig::default() };
        measure(&format!("5k texts of 20 words, {text_ngrams:?}"), &texts, &config, InputForm::OneHot);
    }
}
