//! A forest's trees, over threads.

use automl_core::{Design, FitContext, FitError, Member, Purpose, StopReason, Target};
use rayon::prelude::*;

use super::Kind;
use super::answers::Answers;
use super::config::ForestConfig;
use super::fitted::{ForestModel, Head};
use super::grow::Forest;
use super::order::order_categories;
use crate::draws::Draws;
use crate::target::target_of;
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
    let (prior, n_outputs) = (answers.values(&total), answers.n_outputs());
    Ok(ForestModel::new(Ensemble { binner, trees, n_outputs }, head, prior))
}

/// What is learnt, what it means, and the weight of every row.
fn prepare(design: &Design, target: &Target, config: &ForestConfig) -> (Answers, Head, Vec<f32>) {
    let mut weights = design.weights.clone().unwrap_or_else(|| vec![1.0; design.n_rows()]);
    let (answers, head) = match target {
        Target::Real(values) => {
            let head = Head::real(values, &weights);
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
