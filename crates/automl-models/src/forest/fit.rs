//! A forest's trees, over threads.

use automl_core::{Design, FitContext, FitError, Member, MemoryNeed, Purpose, StopReason, Target};
use rayon::prelude::*;

use super::Kind;
use super::answers::Answers;
use super::config::ForestConfig;
use super::fitted::{ForestModel, Head};
use super::grow::Forest;
use super::order::order_categories;
use crate::draws::Draws;
use crate::standard::Standard;
use crate::target::target_of;
use crate::trees;
use crate::trees::bins::Binner;
use crate::trees::ensemble::Ensemble;
use crate::trees::tree::Tree;

/// Fits one member.
pub(super) fn fit(member: &Member<'_>, ctx: &FitContext<'_>, kind: Kind) -> Result<ForestModel, FitError> {
    if let Some(reason) = ctx.stop.check() {
        return Err(FitError::Stopped(reason));
    }
    let draws_rows = kind == Kind::RandomForest;
    let config = ForestConfig::from_params(member.params, draws_rows, ctx.task.is_classification())?;
    let design = member.train;
    let target = target_of(design, ctx)?;
    let (answers, head, weights) = prepare(design, target, &config);
    let mut binner = Binner::fit(design, member.seed.purpose(Purpose::Preprocess))?;
    let table = binner.bin(design)?;
    order_categories(&mut binner, &table, &answers, &weights);
    let table = binner.bin(design)?;
    let n_columns = binner.columns.len();
    let forest = Forest {
        columns: (0..n_columns).map(|column| table.column(column)).collect(),
        bins: &binner.columns,
        answers: &answers,
        n_drawn: (config.max_features * n_columns as f64).round().max(1.0) as usize,
        min_leaf: config.min_leaf,
        max_depth: config.max_depth.unwrap_or(usize::MAX),
        shrinkage: config.shrinkage,
        random_thresholds: kind == Kind::ExtraTrees,
        stop: ctx.stop,
    };
    let tree = |index: usize| {
        if let Some(reason) = ctx.stop.check() {
            return Err(reason);
        }
        let mut draws = Draws::new(member.seed.purpose(Purpose::Init).step(index as u64));
        match config.max_samples {
            Some(fraction) => {
                let (rows, weights) = bootstrap(&weights, fraction, &mut draws);
                forest.grow(rows, &weights, &mut draws)
            }
            None => forest.grow((0..weights.len() as u32).collect(), &weights, &mut draws),
        }
    };
    let trees: Result<Vec<Tree>, StopReason> = if ctx.threads > 1 {
        (0..config.n_trees).into_par_iter().map(tree).collect()
    } else {
        (0..config.n_trees).map(tree).collect()
    };
    let trees = trees.map_err(FitError::Stopped)?;
    let mut total = vec![0.0; answers.width()];
    for (row, &weight) in weights.iter().enumerate() {
        answers.add(&mut total, row, weight);
    }
    if let Answers::Classes { .. } = &answers {
        // A class that no training row has, as may be with groups and windows in time, is not impossible.
        let of_a_row = answers.weight(&total) / weights.len().max(1) as f64;
        total.iter_mut().filter(|sum| **sum == 0.0).for_each(|sum| *sum = of_a_row);
    }
    let (prior, n_outputs) = (answers.values(&total), answers.n_outputs());
    Ok(ForestModel::new(Ensemble { binner, trees, n_outputs }, head, prior))
}

/// What fitting `member` takes.
pub(super) fn memory(member: &Member<'_>, ctx: &FitContext<'_>, kind: Kind) -> Result<MemoryNeed, FitError> {
    let config =
        ForestConfig::from_params(member.params, kind == Kind::RandomForest, ctx.task.is_classification())?;
    let n_rows = member.train.n_rows() as f64;
    // Of rows drawn with replacement 1 - 1/e are different.
    let drawn = config.max_samples.map_or(1.0, |fraction| 1.0 - (-fraction).exp());
    let by_depth =
        config.max_depth.map_or(f64::INFINITY, |depth| f64::from(2.0_f32.powi(depth.min(64) as i32)));
    let n_leaves = (n_rows * drawn / config.min_leaf as f64).min(by_depth).max(1.0);
    let n_outputs = if ctx.n_classes > 2 { ctx.n_classes } else { 1 };
    let model = config.n_trees as f64 * trees::bytes(n_leaves, n_outputs);
    let n_columns = (member.train.numeric.n_cols() + member.train.codes.n_cols()) as f64;
    // A growing tree has its rows three times, and the values of its leaves in vectors of f64.
    let growing = 16.0 * n_rows + n_leaves * (64.0 + 8.0 * n_outputs as f64);
    Ok(MemoryNeed::new(model, 2.0 * n_rows * (n_columns + 8.0) + ctx.threads as f64 * growing))
}

/// What is learnt, what it means, and the weight of every row.
fn prepare(design: &Design, target: &Target, config: &ForestConfig) -> (Answers, Head, Vec<f32>) {
    let mut weights = design.weights.clone().unwrap_or_else(|| vec![1.0; design.n_rows()]);
    let (answers, head) = match target {
        Target::Real(values) => {
            let head = Head::Real(Standard::of(values, design.weights.as_deref()));
            (Answers::Real(values.iter().map(|&value| head.score_of(value)).collect()), head)
        }
        Target::Classes { codes, n_classes } => {
            if config.balanced {
                balance(&mut weights, codes, *n_classes);
            }
            let (codes, n_classes, criterion) = (codes.clone(), *n_classes, config.criterion);
            (Answers::Classes { codes, n_classes, criterion }, Head::Classes { n_classes })
        }
    };
    (answers, head, weights)
}

/// Makes every class count the same in total.
fn balance(weights: &mut [f32], codes: &[u32], n_classes: usize) {
    let mut of_class = vec![0.0_f64; n_classes];
    for (weight, &code) in weights.iter().zip(codes) {
        of_class[code as usize] += f64::from(*weight);
    }
    let n_present = of_class.iter().filter(|&&weight| weight > 0.0).count() as f64;
    let mean = of_class.iter().sum::<f64>() / n_present;
    for (weight, &code) in weights.iter_mut().zip(codes) {
        *weight = (f64::from(*weight) * mean / of_class[code as usize]) as f32;
    }
}

/// Rows drawn with replacement, each once in the list, with their weights times how often they were drawn.
fn bootstrap(weights: &[f32], fraction: f64, draws: &mut Draws) -> (Vec<u32>, Vec<f32>) {
    let mut times = vec![0_u32; weights.len()];
    for _ in 0..(fraction * weights.len() as f64).round().max(1.0) as usize {
        times[draws.below(weights.len())] += 1;
    }
    let rows = (0..weights.len() as u32).filter(|&row| times[row as usize] > 0).collect();
    let weights = weights.iter().zip(times).map(|(weight, times)| weight * times as f32).collect();
    (rows, weights)
}
