//! The search itself, over models that are sorted from best to worst.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::config::GreedyConfig;
use super::loss::Loss;
use crate::error::EnsembleError;
use crate::library::Candidate;

/// Costs nearer to each other than this share of them are equal: what is left of the same sum in another order.
const ROUNDING: f64 = 1e-12;

/// Share of the budget by which a sum of times may exceed it: three times 0.1 is more than 0.3.
const SUM_ROUNDING: f64 = 1e-9;

/// A search over one list of models, run once a bag.
pub(super) struct Greedy<'a> {
    config: &'a GreedyConfig,
    /// Time to predict a row, milliseconds, of each model.
    times: Vec<f64>,
    loss: Box<dyn Loss + 'a>,
    /// Models that an earlier bag has chosen. They are in the ensemble already and take no further time.
    in_use: Vec<bool>,
}

/// An ensemble as it grows, and the best that it has been.
struct Path {
    chosen: Vec<usize>,
    /// Length of `chosen` when it was best.
    best_len: usize,
    best_cost: f64,
}

impl<'a> Greedy<'a> {
    /// `models` are sorted from best to worst.
    pub(super) fn new(config: &'a GreedyConfig, models: &[Candidate<'_>], loss: Box<dyn Loss + 'a>) -> Self {
        let times = models.iter().map(|model| model.ms_per_row).collect();
        Self { config, times, loss, in_use: vec![false; models.len()] }
    }

    /// How often each model is chosen, of those in `bag` (in rising order); `None` if none of them is fast enough.
    ///
    /// # Errors
    /// Those of the metric.
    pub(super) fn run(&mut self, bag: &[usize]) -> Result<Option<Vec<u32>>, EnsembleError> {
        let mut best: Option<Path> = None;
        let mut last_pool = Vec::new();
        for limit in self.config.speed_limits() {
            let within = |&&model: &&usize| self.times[model] <= limit || self.in_use[model];
            let pool: Vec<usize> = bag.iter().filter(within).copied().collect();
            if pool == last_pool {
                continue;
            }
            if let Some(path) = self.search(&pool)?
                && best.as_ref().is_none_or(|best| is_less(path.best_cost, best.best_cost))
            {
                best = Some(path);
            }
            last_pool = pool;
        }
        let Some(best) = best else { return Ok(None) };
        let mut counts = vec![0; self.times.len()];
        for &model in &best.chosen[..best.best_len] {
            counts[model] += 1;
            self.in_use[model] = true;
        }
        Ok(Some(counts))
    }

    fn search(&mut self, pool: &[usize]) -> Result<Option<Path>, EnsembleError> {
        let Some(mut path) = self.begin(pool)? else { return Ok(None) };
        self.loss.clear();
        path.chosen.truncate(path.best_len);
        path.chosen.iter().for_each(|&model| self.loss.add(model));
        while path.chosen.len() < self.config.n_rounds
            && path.chosen.len() - path.best_len < self.config.patience
        {
            let Some((model, cost)) = self.best_addition(pool, &path.chosen)? else { break };
            self.loss.add(model);
            path.push(model, cost);
        }
        Ok(Some(path))
    }

    /// Sorted initialisation: the best one, two, … of the models that fit into the time together.
    fn begin(&mut self, pool: &[usize]) -> Result<Option<Path>, EnsembleError> {
        self.loss.clear();
        let mut path = Path { chosen: Vec::new(), best_len: 0, best_cost: f64::INFINITY };
        for &model in pool {
            if path.chosen.len() == self.config.n_initial.min(self.config.n_rounds) {
                break;
            }
            if self.fits(model, &path.chosen) {
                let cost = self.loss.cost_with(model)?;
                self.loss.add(model);
                path.push(model, cost);
            }
        }
        Ok((!path.chosen.is_empty()).then_some(path))
    }

    /// The model with which the ensemble is best. Among equals one that is in it already, then the faster, then the
    /// one that is better alone.
    fn best_addition(&self, pool: &[usize], chosen: &[usize]) -> Result<Option<(usize, f64)>, EnsembleError> {
        let allowed: Vec<usize> = pool.iter().copied().filter(|&model| self.fits(model, chosen)).collect();
        let cost = |&model: &usize| Ok((model, self.loss.cost_with(model)?));
        let costs: Vec<(usize, f64)> = allowed.par_iter().map(cost).collect::<Result<_, EnsembleError>>()?;
        let least = costs.iter().map(|(_, cost)| *cost).fold(f64::INFINITY, f64::min);
        let ties = costs.into_iter().filter(|(_, cost)| !is_less(least, *cost));
        Ok(ties.min_by(|a, b| {
            let is_new = |model| !(chosen.contains(&model) || self.in_use[model]);
            let by_time = self.times[a.0].total_cmp(&self.times[b.0]);
            is_new(a.0).cmp(&is_new(b.0)).then(by_time).then(a.0.cmp(&b.0))
        }))
    }

    /// Whether the ensemble with this model stays within the budget. Every model counts once.
    fn fits(&self, model: usize, chosen: &[usize]) -> bool {
        if self.config.max_ms_per_row.is_none() {
            return true;
        }
        let counts = |other: &usize| *other == model || self.in_use[*other] || chosen.contains(other);
        let total: f64 = (0..self.times.len()).filter(counts).map(|other| self.times[other]).sum();
        total <= self.config.budget() * (1.0 + SUM_ROUNDING)
    }
}

impl Path {
    fn push(&mut self, model: usize, cost: f64) {
        self.chosen.push(model);
        if is_less(cost, self.best_cost) {
            self.best_cost = cost;
            self.best_len = self.chosen.len();
        }
    }
}

/// Whether `a` is less than `b` by more than rounding.
fn is_less(a: f64, b: f64) -> bool {
    let margin = if b.is_finite() { ROUNDING * b.abs() } else { 0.0 };
    a.partial_cmp(&(b - margin)) == Some(Ordering::Less)
}
