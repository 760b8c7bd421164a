//! The sampler: costs to a process, the process to a proposal.

use automl_core::{History, Params, Sampler, SearchError, Seed, TrialRecord, TrialState};

use super::features::Features;
use super::likelihood::Observations;
use super::process::Process;
use super::propose::Search;
use super::transform::standardise;
use crate::error::ConfigError;
use crate::generator::Generator;
use crate::random::random_params;

/// Observations that hyper-parameters are fitted to, and that the process knows. The first bound is where a fit
/// takes about 10 ms.
const MOST_FITTED: usize = 100;
const MOST_KNOWN: usize = 400;
/// Best trials whose neighbourhood is searched.
const N_INCUMBENTS: usize = 3;

/// Proposes where a Gaussian process expects the largest improvement on the best trial.
///
/// Costs are transformed to be nearly normal. A failed trial counts as bad as the worst complete one, a pruned one
/// as bad as its last reported cost, but no better than the median: that it was pruned says as much. Trials that
/// other workers are running count as if they had ended as the process expects ("kriging believer", Ginsbourger et
/// al. 2010): there is no doubt left at their places, so that workers spread out. Of long histories the best and the
/// newest trials count.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `n_startup_trials` | 10 | from 2 | finished trials before the process is used; random until then |
/// | warping | off | | whether the axes are bent to where the costs change (`experiments/bench/quality.md`: no gain) |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GpSampler {
    n_startup_trials: usize,
    warps: bool,
}

impl GpSampler {
    /// A sampler with this many random proposals first.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] below 2.
    pub fn new(n_startup_trials: usize) -> Result<Self, ConfigError> {
        if n_startup_trials < 2 {
            return Err(ConfigError::OutOfRange {
                sampler: "gp",
                name: "n_startup_trials",
                value: n_startup_trials.to_string(),
                range: "2 and above",
            });
        }
        Ok(Self { n_startup_trials, ..Self::default() })
    }

    /// With axes that are bent to where the costs change.
    #[must_use]
    pub fn with_warping(mut self) -> Self {
        self.warps = true;
        self
    }
}

impl Default for GpSampler {
    fn default() -> Self {
        Self { n_startup_trials: 10, warps: false }
    }
}

impl Sampler for GpSampler {
    fn name(&self) -> &'static str {
        "gp"
    }

    fn suggest(&self, history: &History, seed: Seed) -> Result<Params, SearchError> {
        let mut generator = Generator::new(seed);
        if history.len() < self.n_startup_trials {
            return random_params(history, &mut generator);
        }
        let features = Features::new(history);
        let mut known = known(history, &features);
        let is_enough = known.rows.len() >= 2 && features.len() > 0;
        let fitted = is_enough.then(|| {
            let all = known.observations(&features);
            let sample = thinned(&all);
            Process::fit(&features, &sample, &all, self.warps).map(|process| (process, sample, all))
        });
        let Some(Some((mut process, sample, mut all))) = fitted else {
            return random_params(history, &mut generator);
        };
        if believe(history, &features, &process, &mut all) {
            let Some(believing) = Process::fit(&features, &sample, &all, self.warps) else {
                return random_params(history, &mut generator);
            };
            process = believing;
        }
        let means = all.points.iter().map(|point| process.predict(point).0);
        let best = means.reduce(f64::min).unwrap_or(0.0);
        known.rows.truncate(N_INCUMBENTS);
        let search = Search { history, features: &features, process: &process, best };
        Ok(history.params(&search.run(&known.rows, &mut generator)))
    }
}

/// Rows of trials with what they cost, best first.
struct Known {
    rows: Vec<Vec<f64>>,
    costs: Vec<f64>,
}

impl Known {
    fn observations(&self, features: &Features) -> Observations {
        let points = self.rows.iter().map(|row| features.point(row)).collect();
        Observations { points, costs: standardise(&self.costs) }
    }
}

/// The trials that count. One that lacks a parameter it should have, as after a change of the space, does not.
fn known(history: &History, features: &Features) -> Known {
    let complete = |trial: &TrialRecord| trial.cost.filter(|cost| cost.is_finite());
    let mut costs: Vec<f64> = history.trials().iter().filter_map(complete).collect();
    costs.sort_unstable_by(f64::total_cmp);
    let (Some(&worst), Some(&median)) = (costs.last(), costs.get(costs.len() / 2)) else {
        return Known { rows: Vec::new(), costs: Vec::new() };
    };
    let cost = |trial: &TrialRecord| match trial.state {
        TrialState::Complete => complete(trial),
        TrialState::Pruned => {
            let last = trial.steps.last().map(|(_, cost)| *cost).filter(|cost| !cost.is_nan());
            Some(last.unwrap_or(worst).clamp(median, worst))
        }
        TrialState::Failed => Some(worst),
        _ => None,
    };
    let counting = history.trials().iter().enumerate().filter_map(|(place, trial)| {
        let row = row(place, history.axes().len(), |param| history.column(param));
        is_whole(history, features, &row, trial).then_some(())?;
        Some((cost(trial)?, place, row))
    });
    let mut counting: Vec<(f64, usize, Vec<f64>)> = counting.collect();
    if counting.len() > MOST_KNOWN {
        counting.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut rest = counting.split_off(MOST_KNOWN / 2);
        rest.sort_by_key(|(_, place, _)| std::cmp::Reverse(*place));
        rest.truncate(MOST_KNOWN / 2);
        counting.extend(rest);
    }
    counting.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (costs, rows) = counting.into_iter().map(|(cost, _, row)| (cost, row)).unzip();
    Known { rows, costs }
}

fn row<'a>(place: usize, n_params: usize, column: impl Fn(usize) -> &'a [f64]) -> Vec<f64> {
    (0..n_params).map(|param| column(param)[place]).collect()
}

/// Whether the row has a coordinate wherever the trial's configuration asks for one.
fn is_whole(history: &History, features: &Features, row: &[f64], trial: &TrialRecord) -> bool {
    features.params.iter().all(|&param| {
        let spec = &history.space().specs()[param];
        !row[param].is_nan() || !history.space().is_active(spec, &trial.params)
    })
}

/// At most [`MOST_FITTED`] observations: the best half of them, and the others evenly by rank.
fn thinned(all: &Observations) -> Observations {
    let n = all.costs.len();
    if n <= MOST_FITTED {
        return all.clone();
    }
    let n_best = MOST_FITTED / 2;
    let n_others = MOST_FITTED - n_best;
    let others = (0..n_others).map(|place| n_best + place * (n - n_best) / n_others);
    let chosen: Vec<usize> = (0..n_best).chain(others).collect();
    Observations {
        points: chosen.iter().map(|&index| all.points[index].clone()).collect(),
        costs: chosen.iter().map(|&index| all.costs[index]).collect(),
    }
}

/// Adds running trials at the costs that the process expects of them; false if there are none.
fn believe(history: &History, features: &Features, process: &Process, all: &mut Observations) -> bool {
    let n_before = all.costs.len();
    for (place, trial) in history.running().iter().enumerate() {
        let row = row(place, history.axes().len(), |param| history.running_column(param));
        if is_whole(history, features, &row, trial) {
            let point = features.point(&row);
            all.costs.push(process.predict(&point).0);
            all.points.push(point);
        }
    }
    all.costs.len() > n_before
}
