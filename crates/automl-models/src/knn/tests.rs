//! Against scikit-learn, against a search of every row, and at the edges.

use automl_core::{Design, Matrix, Predictions, Seed, StopReason, Target, Task};
use proptest::prelude::*;
use serde::Deserialize;

use super::distance::Ruler;
use super::neighbours::{Neighbour, nearest};
use super::*;

fn design(n_features: usize, x: &[f32], target: Target) -> Design {
    let n_rows = target.n_rows();
    Design {
        numeric: Matrix::new(n_rows, n_features, x.to_vec()),
        numeric_names: (0..n_features).map(|index| format!("x{index}")).collect(),
        codes: Matrix::filled(n_rows, 0, 0),
        code_names: Vec::new(),
        cardinalities: Vec::new(),
        target: Some(target),
        weights: None,
    }
}

fn params(n_neighbours: usize, weights: &str, metric: &str) -> Params {
    Params::new()
        .with("n_neighbours", n_neighbours as i64)
        .with("weights", weights)
        .with("metric", metric)
        .with("feature_weighting", "none")
        .with("max_rows", 100_000_i64)
}

fn fit_with(
    design: &Design,
    params: &Params,
    threads: usize,
    stop: &StopSignal,
) -> Result<KnnModel, FitError> {
    let (task, n_classes) = match &design.target {
        Some(Target::Classes { n_classes, .. }) => (Task::Multiclass, *n_classes),
        _ => (Task::Regression, 0),
    };
    let ctx = FitContext { threads, ..FitContext::new(task, n_classes, stop) };
    fit(&Member { params, train: design, valid: design, seed: Seed(5) }, &ctx)
}

fn predict(model: &KnnModel, x: &Design) -> Vec<f64> {
    match model.predict(x).unwrap() {
        Predictions::Real(values) => values,
        Predictions::Proba(proba) => proba.into_values(),
    }
}

fn fit_predict(design: &Design, params: &Params, x: &Design) -> Vec<f64> {
    predict(&fit_with(design, params, 1, &StopSignal::never()).unwrap(), x)
}

/// Answers of scikit-learn 1.9.1's `KNeighborsRegressor` and `KNeighborsClassifier`, made by `tests/make_knn.py`.
#[derive(Deserialize)]
struct Fixture {
    name: String,
    n_neighbours: usize,
    weights: String,
    metric: String,
    n_features: usize,
    n_classes: usize,
    x: Vec<f32>,
    y: Vec<f64>,
    query: Vec<f32>,
    predictions: Vec<f64>,
}

#[test]
fn predictions_equal_those_of_scikit_learn() {
    let fixtures: Vec<Fixture> = serde_json::from_str(include_str!("../../tests/data/knn.json")).unwrap();
    for fixture in fixtures {
        let target = |y: &[f64]| match fixture.n_classes {
            0 => Target::Real(y.to_vec()),
            n_classes => Target::Classes { codes: y.iter().map(|value| *value as u32).collect(), n_classes },
        };
        let train = design(fixture.n_features, &fixture.x, target(&fixture.y));
        let query = design(fixture.n_features, &fixture.query, target(&fixture.y[..20]));
        let got =
            fit_predict(&train, &params(fixture.n_neighbours, &fixture.weights, &fixture.metric), &query);
        assert_eq!(got.len(), fixture.predictions.len(), "{}", fixture.name);
        for (ours, theirs) in got.iter().zip(&fixture.predictions) {
            assert!(
                (ours - theirs).abs() < 2e-6 * (1.0 + theirs.abs()),
                "{}: {ours}, not {theirs}",
                fixture.name
            );
        }
    }
}

/// Every row measured in `f64`.
fn search_all(ruler: &Ruler<'_>, query: &[f32], n_prototypes: usize, wanted: usize) -> Vec<Neighbour> {
    let mut all: Vec<Neighbour> =
        (0..n_prototypes).map(|index| Neighbour { index, distance: ruler.exact(query, index) }).collect();
    all.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.index.cmp(&b.index)));
    all.truncate(wanted);
    all
}

fn assert_exact(n_features: usize, values: &[f32], queries: &[f32], wanted: usize) {
    let n_rows = values.len() / n_features;
    let x = Matrix::new(n_rows, n_features, values.to_vec());
    let kept: Vec<usize> = (0..n_rows).collect();
    let prototypes = Prototypes::new(&x, &kept, vec![1.0; n_features], &StopSignal::never()).unwrap();
    let mut scaled = Vec::new();
    queries.chunks(n_features).for_each(|row| prototypes.scale_into(row, &mut scaled));
    for metric in [Metric::Euclidean, Metric::Manhattan] {
        let ruler = Ruler::new(&prototypes, metric);
        let found = nearest(&ruler, &scaled, scaled.len() / n_features, n_rows, wanted);
        for (found, query) in found.iter().zip(scaled.chunks(n_features)) {
            assert_eq!(*found, search_all(&ruler, query, n_rows, wanted), "{metric:?}");
        }
    }
}

/// Numbers from -1 to 1 that repeat late.
fn spread(count: usize) -> Vec<f32> {
    (0..count as u64)
        .map(|index| ((index * 7919 + index * index * 31) % 10_007) as f32 / 5003.5 - 1.0)
        .collect()
}

#[test]
fn the_search_is_exact_over_several_chunks() {
    let values = spread(3000 * 7);
    assert_exact(7, &values, &values[..7 * 70], 9);
    assert_exact(7, &values, &values[..7 * 3], 2999);
}

/// `f32` cannot tell these rows apart, or overflows, or underflows; `f64` decides.
#[test]
fn the_search_is_exact_where_single_precision_fails() {
    let offset: Vec<f32> = spread(3000).iter().enumerate().map(|(i, v)| v + 3e4 * (i % 3) as f32).collect();
    assert_exact(3, &offset, &offset[..90], 5);
    for scale in [1e-30, 1e18, 1e19, 1e38] {
        let scaled: Vec<f32> = spread(900).iter().map(|value| value * scale).collect();
        assert_exact(3, &scaled, &scaled[..60], 4);
    }
    let mut outlier = spread(3000);
    outlier[1500..1503].fill(3e38);
    assert_exact(3, &outlier, &outlier[1488..1530], 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Small whole numbers have many ties, and rows that occur twice.
    #[test]
    fn ties_go_to_the_lower_row(
        n_features in 1_usize..5,
        wanted in 1_usize..40,
        values in proptest::collection::vec(-2_i8..3, 200),
    ) {
        let values: Vec<f32> = values[..200 / n_features * n_features].iter().map(|value| f32::from(*value)).collect();
        assert_exact(n_features, &values, &values[..10 * n_features], wanted);
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let values = spread(700 * 6);
    let design = design(6, &values, Target::Real(values.iter().step_by(6).map(|v| f64::from(*v)).collect()));
    for metric in ["euclidean", "manhattan"] {
        let params = params(7, "distance", metric);
        let fit = |threads| fit_with(&design, &params, threads, &StopSignal::never()).unwrap();
        assert_eq!(predict(&fit(1), &design), predict(&fit(5), &design));
    }
}

#[test]
fn a_row_of_weight_2_counts_as_two_rows() {
    let target = Target::Real(vec![1.0, 2.0, 4.0, 8.0]);
    let mut weighted = design(1, &[0.0, 1.0, 3.0, 3.5], target.clone());
    weighted.weights = Some(vec![2.0, 1.0, 2.0, 1.0]);
    let doubled = design(1, &[0.0, 0.0, 1.0, 3.0, 3.0, 3.5], target.select(&[0, 0, 1, 2, 2, 3]));
    let asked = design(1, &[0.4, 2.0, 3.1, 9.0], target);
    for votes in ["uniform", "distance"] {
        let params = params(10, votes, "manhattan");
        let (a, b) = (fit_predict(&weighted, &params, &asked), fit_predict(&doubled, &params, &asked));
        // The columns' means differ, so that the rows are rounded elsewhere.
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} and {b:?}");
    }
}

#[test]
fn more_rows_than_max_rows_are_a_sample_by_the_seed() {
    let values = spread(500);
    let design = design(1, &values, Target::Real(values.iter().map(|value| f64::from(*value)).collect()));
    let params = params(1, "uniform", "euclidean").with("max_rows", 50_i64);
    let model = fit_with(&design, &params, 1, &StopSignal::never()).unwrap();
    assert_eq!(model.n_parameters(), 100);
    let predictions = predict(&model, &design);
    let exact = predictions.iter().zip(&values).filter(|(got, value)| **got == f64::from(**value)).count();
    assert!((50..100).contains(&exact), "{exact} rows are their own neighbours");
}

#[test]
fn columns_that_say_more_count_more() {
    let x: Vec<f32> = spread(400).chunks(2).flat_map(|pair| [pair[0], 3.0 * pair[1]]).collect();
    let y = x.chunks(2).map(|row| f64::from(row[0])).collect();
    let design = design(2, &x, Target::Real(y));
    let truth: Vec<f64> = x.chunks(2).map(|row| f64::from(row[0])).collect();
    let error = |weighting: &str| {
        let params = params(5, "uniform", "euclidean").with("feature_weighting", weighting);
        let got = fit_predict(&design, &params, &design);
        got.iter().zip(&truth).map(|(a, b)| (a - b).powi(2)).sum::<f64>()
    };
    for weighting in ["target", "linear"] {
        assert!(
            error(weighting) < 0.2 * error("none"),
            "{weighting}: {} and {}",
            error(weighting),
            error("none")
        );
    }
}

#[test]
fn a_stop_signal_is_asked() {
    let design = design(1, &spread(10), Target::Real(vec![1.0; 10]));
    let stop = StopSignal::never();
    stop.interrupt();
    let kept: Vec<usize> = (0..10).collect();
    let stopped = Some(FitError::Stopped(StopReason::Interrupted));
    assert_eq!(Prototypes::new(&design.numeric, &kept, vec![1.0], &stop).err(), stopped);
    assert_eq!(
        relevance::of_columns(&design.numeric, design.target.as_ref().unwrap(), None, &stop).err(),
        stopped
    );
    assert_eq!(fit_with(&design, &params(1, "uniform", "euclidean"), 1, &stop).err(), stopped);
}

#[test]
fn weights_that_are_not_above_0_are_refused() {
    let mut design = design(1, &[1.0, 2.0], Target::Real(vec![1.0, 2.0]));
    for (weights, message) in [
        (vec![1.0, 0.0], "row weight: expected a finite number above 0, got 0"),
        (vec![1.0, f32::NAN], "row weight: expected a finite number above 0, got NaN"),
        (vec![1.0], "row weights: expected 2, got 1"),
    ] {
        design.weights = Some(weights);
        let error = fit_with(&design, &params(1, "uniform", "euclidean"), 1, &StopSignal::never());
        assert_eq!(error.unwrap_err().to_string(), message);
    }
}

#[test]
fn a_class_outside_the_classes_in_a_file_is_corrupt() {
    let design = design(1, &[1.0, 2.0], Target::Classes { codes: vec![0, 1], n_classes: 2 });
    let mut model = fit_with(&design, &params(1, "uniform", "euclidean"), 1, &StopSignal::never()).unwrap();
    model.answers_mut().targets[1] = 2.0;
    let dir = tempfile::tempdir().unwrap();
    model.save(dir.path()).unwrap();
    let error = KnnModel::load(dir.path()).unwrap_err().to_string();
    assert!(error.ends_with("holds class 2 of 2"), "{error}");
}
