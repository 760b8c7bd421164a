//! Made-up runs for tests and for the `demo` example, which includes this file.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::missing_panics_doc, reason = "test data")]

use std::collections::BTreeMap;

use automl_core::metric::score_all;
use automl_core::{
    ColumnKind, ColumnProfile, DataProfile, Epoch, FoldScore, Matrix, Metric, Params, Predictions, Target,
    Task, TrialRecord, TrialState,
};
use automl_report::{HoldoutResult, OutOfFold, ReportModel, Reproduce, RunFacts};

/// The generator of Steele and others (2014), `splitmix64`: the same numbers on every machine.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Uniform in 0 to 1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Roughly normal, mean 0, standard deviation 1.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// A complete trial with log loss `values`, one a fold.
pub fn trial(number: u32, family: &str, values: &[f64]) -> TrialRecord {
    trial_of(Metric::LogLoss, number, family, values)
}

pub fn trial_of(metric: Metric, number: u32, family: &str, values: &[f64]) -> TrialRecord {
    let fold = |(fold, value): (usize, &f64)| FoldScore {
        fold: fold as u32,
        cost: metric.direction().cost(*value),
        scores: vec![(metric, *value)],
        best_epoch: None,
        n_epochs: 0,
        seconds: 1.0,
    };
    let folds: Vec<FoldScore> = values.iter().enumerate().map(fold).collect();
    let mean = folds.iter().map(|fold| fold.cost).sum::<f64>() / folds.len().max(1) as f64;
    TrialRecord {
        number,
        slot: number,
        state: TrialState::Complete,
        params: Params::new().with("family", family),
        cost: Some(mean),
        worker: None,
        other_costs: Vec::new(),
        steps: vec![(folds.len() as u32, mean)],
        folds,
        information: None,
        reason: None,
        started_secs: 0.0,
        seconds: 1.0,
    }
}

pub fn epoch(index: u32, train_loss: f64, valid_loss: f64) -> Epoch {
    Epoch { index, train_loss, valid_loss, learning_rate: 0.001 }
}

pub fn column(name: &str, kind: ColumnKind, n_missing: usize, n_distinct: usize) -> ColumnProfile {
    let numeric = kind == ColumnKind::Numeric;
    ColumnProfile {
        name: name.to_owned(),
        kind,
        reason: match kind {
            ColumnKind::Numeric => format!("{n_distinct} distinct numbers"),
            ColumnKind::Id => "every value differs".to_owned(),
            _ => format!("{n_distinct} distinct values in 32,561 rows"),
        },
        n_missing,
        n_distinct,
        min: numeric.then_some(17.0),
        mean: numeric.then_some(38.581_6),
        max: numeric.then_some(90.0),
        skewness: numeric.then_some(0.558_7),
        top: if numeric {
            vec![]
        } else {
            vec![("Private".to_owned(), 22_696), ("Self-emp".to_owned(), 2_541)]
        },
    }
}

fn profile(task: Task, target: &str, labels: &[&str], class_counts: &[usize]) -> DataProfile {
    use ColumnKind::{Boolean, Categorical, Constant, Date, Id, Numeric, Text};
    let columns = [
        ("row_id", Id, 0, 32_561),
        ("age", Numeric, 0, 73),
        ("workclass", Categorical, 1_836, 8),
        ("education", Categorical, 0, 16),
        ("hours_per_week", Numeric, 12, 94),
        ("capital_gain", Numeric, 0, 119),
        ("occupation", Categorical, 1_843, 14),
        ("citizen", Boolean, 583, 2),
        ("hired", Date, 12_001, 4_122),
        ("remarks", Text, 30_102, 2_310),
        ("survey", Constant, 0, 1),
    ];
    DataProfile {
        n_rows: 32_561,
        n_dropped: 14,
        task,
        task_reason: format!("`{target}` decides"),
        target: target.to_owned(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        class_counts: class_counts.to_vec(),
        columns: columns
            .map(|(name, kind, missing, distinct)| column(name, kind, missing, distinct))
            .to_vec(),
    }
}

/// A run of `n_trials` trials on made-up predictions.
fn run(profile: DataProfile, metric: Metric, out_of_fold: OutOfFold, n_trials: u32) -> ReportModel {
    let scores = score_all(profile.task, &out_of_fold.target, &out_of_fold.predictions);
    let best_value = scores.iter().find(|(of, _)| *of == metric).map_or(0.3, |(_, value)| *value);
    let mut noise = Noise::new(7);
    let trials: Vec<TrialRecord> = (0..n_trials)
        .map(|number| made_up(number, n_trials, metric, best_value, &scores, &mut noise))
        .collect();
    let best = TrialRecord::best(&trials).map(|trial| trial.number);
    let mut ranked: Vec<&TrialRecord> = trials
        .iter()
        .filter(|trial| trial.state == TrialState::Complete && trial.folds[0].best_epoch.is_some())
        .collect();
    ranked.sort_by(|a, b| a.cost.partial_cmp(&b.cost).unwrap_or(std::cmp::Ordering::Equal));
    let epochs = ranked.iter().take(4).map(|trial| (trial.number, curves(trial, &mut noise))).collect();
    let holdout = scores.iter().map(|(metric, value)| (*metric, value * 1.004)).collect();
    ReportModel {
        title: format!("Predicting {}", profile.target),
        created: "2026-11-23 21:40 UTC".to_owned(),
        run: facts(&profile.target),
        split: "5 folds, stratified by class, seed 42; 6,512 rows (20 %) kept as holdout".to_owned(),
        test_to_train: Some(0.25),
        metric,
        baseline: (n_trials > 0).then_some(0),
        best,
        epochs,
        front: None,
        space: None,
        importance: None,
        data: None,
        final_model: None,
        error_correlations: None,
        networks: BTreeMap::new(),
        p_values: BTreeMap::new(),
        explanation: None,
        out_of_fold: BTreeMap::from([(best.unwrap_or(0), out_of_fold)]),
        holdout: Some(HoldoutResult { n_rows: 6_512, scores: holdout }),
        warnings: vec!["`survey` has one value and is not used".to_owned()],
        interrupted: false,
        reload_secs: None,
        reproduce: reproduce(&profile.target),
        profile,
        trials,
    }
}

fn facts(target: &str) -> RunFacts {
    RunFacts {
        command: format!("automl run adult.csv --target {target} --trials 120 --out runs/adult"),
        data_files: vec!["adult.csv".to_owned()],
        budget: "120 trials or 10 min".to_owned(),
        elapsed_secs: 371.4,
        seed: 42,
        device: "flex (2 cores)".to_owned(),
    }
}

fn reproduce(target: &str) -> Reproduce {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Reproduce {
        command: "automl run --config runs/adult/experiment.toml --seed 42".to_owned(),
        config_toml: format!(
            "target = \"{target}\"\nmetric = \"log_loss\"\nseed = 42\n\n[data]\nfiles = [\"adult.csv\"]\n\n\
             [split]\nscheme = \"stratified\"\nfolds = 5\nholdout = 0.2\n\n[search]\nsampler = \"tpe\"\n\
             pruner = \"median\"\ntrials = 120\nbudget = \"10m\"\n"
        ),
        versions: vec![
            pair("automl", "0.1.0"),
            pair("burn", "0.22.1"),
            pair("polars", "0.55.2"),
            pair("rustc", "1.95.0"),
        ],
        data_hash: "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d".to_owned(),
        machine: vec![pair("cores", "2"), pair("memory", "23 GiB"), pair("system", "Linux x86-64")],
    }
}

fn made_up(
    number: u32,
    n_trials: u32,
    metric: Metric,
    best_value: f64,
    scores: &[(Metric, f64)],
    noise: &mut Noise,
) -> TrialRecord {
    let family = if number == 0 { "constant" } else { ["mlp", "mlp", "ridge"][number as usize % 3] };
    let progress = f64::from(number) / f64::from(n_trials.max(2));
    let worse = match family {
        "constant" => 0.75,
        "ridge" => 0.12 + 0.05 * noise.unit(),
        _ => 0.02 + 0.5 * noise.unit().powi(3) * (1.2 - progress),
    };
    let sign = metric.direction().cost(1.0);
    let value = |noise: &mut Noise| best_value * (1.0 + sign * (worse + 0.012 * noise.normal()));
    let mut record = trial_of(metric, number, family, &[0; 5].map(|_| value(noise)));
    for fold in &mut record.folds {
        let others = scores.iter().filter(|(of, _)| *of != metric);
        let worsen = |of: Metric| 1.0 + of.direction().cost(1.0) * worse * 0.3;
        let luck = 0.004 * noise.normal();
        fold.scores.extend(others.map(|(of, score)| (*of, score * (worsen(*of) + luck))));
        if family == "mlp" {
            fold.n_epochs = 40;
            fold.best_epoch = Some(24 + number % 9);
        }
        fold.seconds = 0.4 + noise.unit();
    }
    record.seconds = record.folds.iter().map(|fold| fold.seconds).sum();
    record.params = params(family, noise);
    let draw = noise.unit();
    if number > 5 && (worse > 0.2 || draw < 0.12) {
        record.state = TrialState::Pruned;
        record.folds.truncate(2);
        record.steps =
            vec![(1, record.folds[0].cost), (2, f64::midpoint(record.folds[0].cost, record.folds[1].cost))];
        record.cost = None;
        record.reason = Some("worse than the median of 12 trials after fold 2".to_owned());
    } else if number > 5 && draw > 0.96 {
        record.state = TrialState::Failed;
        record.folds.clear();
        record.steps.clear();
        record.cost = None;
        record.reason = Some("fold 1: training diverged in epoch 3: the loss is 4.1e38".to_owned());
    }
    record
}

fn params(family: &str, noise: &mut Noise) -> Params {
    let params = Params::new().with("family", family).with("scaling", "quantile").with("impute", "median");
    match family {
        "mlp" => params
            .with("mlp.learning_rate", 10_f64.powf(-1.5 - 2.5 * noise.unit()))
            .with("mlp.width", 32_i64 << (noise.unit() * 4.0) as i64)
            .with("mlp.layers", 1 + (noise.unit() * 4.0) as i64)
            .with("mlp.dropout", 0.5 * noise.unit())
            .with("mlp.optimizer", "adamw"),
        "ridge" => params.with("ridge.alpha", 10_f64.powf(-4.0 + 6.0 * noise.unit())),
        _ => Params::new().with("family", family),
    }
}

fn curves(trial: &TrialRecord, noise: &mut Noise) -> Vec<(u32, Epoch)> {
    let mut all = Vec::new();
    for fold in &trial.folds {
        let floor = fold.cost.abs();
        for index in 0..fold.n_epochs {
            let age = f64::from(index);
            let train =
                floor * (0.82 + 0.9 * (-age / 6.0).exp() - 0.002 * age) + 0.004 * noise.normal() * floor;
            let valid = floor * (1.0 + 0.7 * (-age / 5.0).exp() + 0.0002 * (age - 26.0).powi(2))
                + 0.008 * noise.normal() * floor;
            all.push((fold.fold, epoch(index, train, valid)));
        }
    }
    all
}

/// Class indices and probabilities of a classifier that is mostly right.
fn classified(n_rows: usize, weights: &[usize], skill: f64) -> OutOfFold {
    let mut noise = Noise::new(11);
    let total: usize = weights.iter().sum();
    let (mut codes, mut values) = (Vec::new(), Vec::new());
    for _ in 0..n_rows {
        let mut left = noise.unit() * total as f64;
        let code = weights.iter().position(|weight| {
            left -= *weight as f64;
            left < 0.0
        });
        let code = code.unwrap_or(0);
        let scores: Vec<f64> = (0..weights.len())
            .map(|class| {
                let prior = (weights[class] as f64 / total as f64).max(1e-3).ln();
                (prior + skill * f64::from(u8::from(class == code)) + 0.5 * skill * noise.normal()).exp()
            })
            .collect();
        let sum: f64 = scores.iter().sum();
        codes.push(code as u32);
        values.extend(scores.iter().map(|score| score / sum));
    }
    OutOfFold {
        target: Target::Classes { codes, n_classes: weights.len() },
        predictions: Predictions::Proba(Matrix::new(n_rows, weights.len(), values)),
    }
}

pub fn binary(n_trials: u32) -> ReportModel {
    let profile = profile(Task::Binary, "income", &["<=50K", ">50K"], &[24_720, 7_841]);
    run(profile, Metric::LogLoss, classified(3_000, &[24_720, 7_841], 2.2), n_trials)
}

pub fn multiclass(n_trials: u32) -> ReportModel {
    let counts = [11_340, 9_823, 5_012, 3_711, 2_675];
    let labels = ["spruce", "lodgepole pine", "ponderosa pine", "willow", "aspen"];
    let profile = profile(Task::Multiclass, "cover_type", &labels, &counts);
    run(profile, Metric::BalancedAccuracy, classified(3_000, &counts, 3.0), n_trials)
}

pub fn many_classes(n_classes: usize) -> ReportModel {
    let labels: Vec<String> = (0..n_classes).map(|class| format!("class {class}")).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let counts: Vec<usize> = (0..n_classes).map(|class| 10 + class).collect();
    let profile = profile(Task::Multiclass, "species", &labels, &counts);
    run(profile, Metric::LogLoss, classified(2_000, &counts, 5.0), 12)
}

pub fn regression(n_trials: u32) -> ReportModel {
    let mut noise = Noise::new(3);
    let truth: Vec<f64> = (0..4_000).map(|_| (12.2 + 0.45 * noise.normal()).exp()).collect();
    let predicted: Vec<f64> =
        truth.iter().map(|value| value * (0.14 * noise.normal()).exp() * 0.97 + 6_000.0).collect();
    let out_of_fold = OutOfFold { target: Target::Real(truth), predictions: Predictions::Real(predicted) };
    run(profile(Task::Regression, "price", &[], &[]), Metric::Rmse, out_of_fold, n_trials)
}

/// A run that found nothing: no trial, no prediction.
pub fn empty() -> ReportModel {
    let mut model = binary(0);
    model.out_of_fold.clear();
    model.holdout = None;
    model.epochs = BTreeMap::new();
    model.warnings.clear();
    model
}
