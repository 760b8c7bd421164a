//! Whose turn it is: where time alone ends a search, each family gets time in proportion to its promise.
//!
//! A sampler that sees nothing but costs gives a family whose trials take a minute as many of them as one whose trials
//! take a second. Here the next family is the one that has had least time for its promise, its next trial counted in:
//!
//! ```text
//! turn     = (spent + next) / promise              least first, as in weighted fair queueing (Demers et al. 1989)
//! promise  = fresh / (1 + (gap / scale)²)
//! gap      = its best cost - the best cost of all
//! scale    = a quarter of the median gap of the families, at least the standard error of the best trial's mean over folds
//! fresh    = 1/2 + 1/2 share of its time that had gone by when its best trial ended
//! ```
//!
//! A family that was not tried has a promise of a tenth: the first trial of one that takes a minute waits until the best
//! family had ten.
//!
//! Gap and freshness are what the estimated cost for improvement of FLAML (Wang et al. 2021) is made of. Unlike there, a
//! family that is behind keeps a share: the final model is an ensemble, which a second family serves that is no better than
//! the first.

use std::time::Duration;

use automl_core::{
    History, Params, Pruner, Sampler, SearchError, SearchSpace, Seed, Standing as Running, StopSignal,
    TrialRecord, TrialState,
};
use automl_search::{AutoSampler, ConfigError};

use crate::joint::Joint;
use crate::portfolio::Guess;

/// Share of the time in which the portfolio's order is followed, family by family as it says.
const HEAD: f64 = 1.0 / 6.0;
/// Share of the time that any trial counts for at least: its proposal takes time too.
const LEAST: f64 = 1.0 / 2000.0;
/// Promise of a family of which nothing is known.
const UNTRIED: f64 = 0.1;
/// A trial begins if its time fits this often into what is left.
const MARGIN: f64 = 1.25;
/// Trials of a family before its own are learnt from; most come from the portfolio.
const STARTUP: usize = 5;
/// Draws after which a family has nothing left to propose that was not tried.
const DRAWS: u64 = 8;
/// The loop of a search refines the seed by small numbers when it wants another proposal.
const FIRST: u64 = 1 << 16;

/// Initial configurations that are tried in their order: what the user gave, and the portfolio's first ones.
pub(crate) fn head(joint: &Joint, n_given: usize, time: Duration) -> usize {
    let most = time.as_secs_f64() * HEAD;
    let mut sum = 0.0;
    // What the portfolio puts first without knowing its time is of a family that the user brought.
    let n_brought = joint.seconds[n_given..].iter().take_while(|seconds| seconds.is_none()).count();
    let quick = joint.seconds[n_given + n_brought..].iter().take_while(|seconds| {
        sum += seconds.unwrap_or(f64::INFINITY);
        sum <= most
    });
    n_given + n_brought + quick.count()
}

/// A sampler that first chooses the family, then a configuration of it: what the portfolio has left, then what the sampler
/// proposes from the trials of that family alone.
pub(crate) struct Turns {
    families: Vec<Family>,
    sampler: AutoSampler,
    stop: StopSignal,
    least: f64,
}

/// A family with what may be proposed of it.
struct Family {
    id: String,
    space: SearchSpace,
    guesses: Vec<Guess>,
    /// Seconds that a trial of it should take, before any was seen.
    usual: Option<f64>,
}

impl Turns {
    /// Takes turns among the families of `joint` in a search of `time` that `stop` ends.
    pub(crate) fn new(joint: &Joint, time: Duration, stop: &StopSignal) -> Result<Self, ConfigError> {
        let ids = joint.families.iter().map(|family| family.id());
        let ids = ids.filter(|id| !joint.too_slow.iter().any(|slow| slow == id));
        let family = |id: &str| {
            let guesses = joint.initial.iter().zip(&joint.seconds);
            let own = guesses.filter(|(params, _)| params.text("family") == Ok(id));
            Some(Family {
                id: id.to_owned(),
                space: joint.space.given("family", id)?,
                guesses: own
                    .map(|(params, seconds)| Guess { params: params.clone(), seconds: *seconds })
                    .collect(),
                usual: joint.usual_seconds.get(id).copied(),
            })
        };
        Ok(Self {
            families: ids.filter_map(family).collect(),
            sampler: AutoSampler::after(STARTUP)?,
            stop: stop.clone(),
            least: time.as_secs_f64() * LEAST,
        })
    }

    /// Families in order of turn; those whose next trial would not end in time stand last, the quickest first.
    fn order(&self, history: &History) -> Vec<usize> {
        let standings: Vec<Standing> =
            self.families.iter().map(|family| Standing::of(family, history, self.least)).collect();
        let speed = speed(&self.families, history);
        let next: Vec<f64> = self
            .families
            .iter()
            .zip(&standings)
            .map(|(family, standing)| family.next_seconds(history, standing, speed).max(self.least))
            .collect();
        let promises = promises(&standings, noise(history));
        let left = self.stop.time_left().map_or(f64::INFINITY, |left| left.as_secs_f64());
        let turn = |family: usize| {
            let running = standings[family].n_running as f64 * next[family];
            let turn = (standings[family].spent + running + next[family]) / promises[family];
            if MARGIN * next[family] <= left { (0, turn) } else { (1, next[family]) }
        };
        let mut order: Vec<usize> = (0..self.families.len()).collect();
        order.sort_by(|a, b| {
            let (a, b) = (turn(*a), turn(*b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        order
    }
}

impl Sampler for Turns {
    fn name(&self) -> &'static str {
        self.sampler.name()
    }

    fn suggest(&self, history: &History, seed: Seed) -> Result<Params, SearchError> {
        for family in self.order(history) {
            if let Some(params) = self.families[family].propose(history, &self.sampler, seed)? {
                return Ok(params);
            }
        }
        self.sampler.suggest(history, seed)
    }
}

impl Family {
    fn untried<'a>(&'a self, history: &History) -> Option<&'a Guess> {
        self.guesses.iter().find(|guess| !is_tried(history, &guess.params))
    }

    /// A configuration that was not tried; `None` if a few draws find none.
    fn propose(
        &self,
        history: &History,
        sampler: &dyn Sampler,
        seed: Seed,
    ) -> Result<Option<Params>, SearchError> {
        if let Some(guess) = self.untried(history) {
            return Ok(Some(guess.params.clone()));
        }
        let part = part(history, &self.id, &self.space);
        for draw in 0..DRAWS {
            let params = sampler.suggest(&part, seed.step(FIRST + draw))?;
            if !is_tried(history, &params) {
                return Ok(Some(params));
            }
        }
        Ok(None)
    }

    /// Seconds of its next trial: as its complete ones took, as was measured where there are none. What was measured
    /// counts on a machine of `speed`.
    fn next_seconds(&self, history: &History, standing: &Standing, speed: f64) -> f64 {
        let guess = self.untried(history).and_then(|guess| guess.seconds);
        let measured = || guess.or(self.usual).map(|seconds| seconds * speed);
        match (standing.usual, guess) {
            (_, Some(_)) | (None, _) => measured().unwrap_or(0.0),
            (Some(usual), None) => usual,
        }
    }
}

fn is_of(trial: &TrialRecord, family: &str) -> bool {
    trial.params.text("family") == Ok(family)
}

/// The trials of one family, as a history of `space`.
fn part(history: &History, family: &str, space: &SearchSpace) -> History {
    let own = |trials: &[TrialRecord]| -> Vec<TrialRecord> {
        trials.iter().filter(|trial| is_of(trial, family)).cloned().collect()
    };
    let mut part = History::with_trials(space.clone(), own(history.trials()));
    part.set_running(own(history.running()));
    part
}

/// A pruner that ends trials which cannot catch up with others of their family. Between families the turns decide: the final
/// model is served by one that is behind, but not by a trial that ended after a fold.
pub(crate) struct WithinFamily(pub(crate) Box<dyn Pruner>);

impl Pruner for WithinFamily {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn should_prune(&self, trial: &Running<'_>, history: &History) -> bool {
        let Ok(family) = trial.params.text("family") else { return self.0.should_prune(trial, history) };
        self.0.should_prune(trial, &part(history, family, history.space()))
    }
}

fn is_tried(history: &History, params: &Params) -> bool {
    history.contains(&history.row(params))
}

/// How a family did so far.
#[derive(Debug, Clone, Default, PartialEq)]
struct Standing {
    /// Seconds of its finished trials.
    spent: f64,
    /// Of these, how many had gone by when its best trial ended.
    found_at: f64,
    /// Cost of its best trial; of the best that was pruned, if none is complete.
    best: Option<f64>,
    /// Median seconds of its complete trials.
    usual: Option<f64>,
    /// Trials that other workers are running.
    n_running: usize,
}

impl Standing {
    fn of(family: &Family, history: &History, least: f64) -> Self {
        let mut standing = Self::default();
        let mut pruned: Option<f64> = None;
        let mut seconds: Vec<f64> = Vec::new();
        for trial in history.trials().iter().filter(|trial| is_of(trial, &family.id)) {
            standing.spent += trial.seconds.max(least);
            let cost = trial.cost.filter(|cost| trial.state == TrialState::Complete && cost.is_finite());
            let Some(cost) = cost else {
                let last = trial.steps.last().map(|(_, cost)| *cost).filter(|cost| cost.is_finite());
                pruned = [pruned, last].into_iter().flatten().reduce(f64::min);
                continue;
            };
            seconds.push(trial.seconds);
            if standing.best.is_none_or(|best| cost < best) {
                (standing.best, standing.found_at) = (Some(cost), standing.spent);
            }
        }
        seconds.sort_by(f64::total_cmp);
        standing.usual = seconds.get(seconds.len() / 2).copied();
        if standing.best.is_none() {
            // What was never complete is neither fresh nor stale.
            (standing.best, standing.found_at) = (pruned, standing.spent / 2.0);
        }
        standing.n_running = history.running().iter().filter(|trial| is_of(trial, &family.id)).count();
        standing
    }

    fn freshness(&self) -> f64 {
        if self.spent > 0.0 { 0.5 + 0.5 * self.found_at / self.spent } else { 1.0 }
    }
}

/// What a second of each family is worth beside one of the best, in (0, 1].
fn promises(standings: &[Standing], noise: f64) -> Vec<f64> {
    let best = standings.iter().filter_map(|standing| standing.best).reduce(f64::min);
    let Some(best) = best else { return vec![1.0; standings.len()] };
    let mut gaps: Vec<f64> = standings.iter().filter_map(|standing| Some(standing.best? - best)).collect();
    gaps.sort_by(f64::total_cmp);
    let median = gaps[gaps.len() / 2];
    let scale = (0.25 * median).max(noise).max(f64::MIN_POSITIVE);
    let promise = |standing: &Standing| {
        let closeness = standing.best.map_or(UNTRIED, |own| 1.0 / (1.0 + ((own - best) / scale).powi(2)));
        // The bound keeps a turn finite.
        (standing.freshness() * closeness).max(1e-6)
    };
    standings.iter().map(promise).collect()
}

/// Standard error of the mean cost of the best trial over its folds; 0 where it has less than two.
fn noise(history: &History) -> f64 {
    let Some(best) = TrialRecord::best(history.trials()) else { return 0.0 };
    let costs: Vec<f64> = best.folds.iter().map(|fold| fold.cost).collect();
    if costs.len() < 2 {
        return 0.0;
    }
    let n = costs.len() as f64;
    let mean = costs.iter().sum::<f64>() / n;
    let variance = costs.iter().map(|cost| (cost - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (variance / n).sqrt()
}

/// How much longer than measured the portfolio's configurations take here: the ratio of the sums, 1 before any was tried.
fn speed(families: &[Family], history: &History) -> f64 {
    let guesses: Vec<&Guess> = families.iter().flat_map(|family| &family.guesses).collect();
    let (mut taken, mut measured) = (0.0, 0.0);
    for trial in history.trials().iter().filter(|trial| trial.state == TrialState::Complete) {
        let guess = guesses.iter().find(|guess| guess.params == trial.params);
        if let Some(seconds) = guess.and_then(|guess| guess.seconds) {
            taken += trial.seconds;
            measured += seconds;
        }
    }
    if taken > 0.0 && measured > 0.0 { taken / measured } else { 1.0 }
}

#[cfg(test)]
mod tests;
