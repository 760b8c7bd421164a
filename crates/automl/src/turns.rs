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
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Instant;

    use automl_core::{Domain, ParamSpec, Task};
    use automl_search::RandomSampler;
    use automl_testkit::synthetic::bare_profile;

    use super::*;
    use crate::config::SearchConfig;
    use crate::portfolio::Pace;

    /// A family of one number, whose trials should take `usual` seconds.
    fn family(id: &str, joint: &SearchSpace, usual: f64) -> Family {
        Family {
            id: id.to_owned(),
            space: joint.given("family", id).unwrap(),
            guesses: Vec::new(),
            usual: Some(usual),
        }
    }

    fn space(ids: &[&str]) -> SearchSpace {
        let mut specs = vec![ParamSpec::new("family", Domain::choice(ids))];
        specs
            .extend(ids.iter().map(|id| {
                ParamSpec::new(&format!("{id}.x"), Domain::float(0.0, 1.0)).when("family", &[*id])
            }));
        SearchSpace::new(specs).unwrap()
    }

    fn turns(families: Vec<Family>, stop: StopSignal) -> Turns {
        Turns { families, sampler: AutoSampler::after(STARTUP).unwrap(), stop, least: 0.01 }
    }

    fn id(params: &Params) -> String {
        params.text("family").unwrap().to_owned()
    }

    /// Runs trials one after another for `seconds`: (seconds, cost) of each by `trial`. Seconds of each family.
    fn searched(
        turns: &Turns,
        space: &SearchSpace,
        seconds: f64,
        trial: impl Fn(&str, u32) -> (f64, f64),
    ) -> BTreeMap<String, f64> {
        let mut history = History::new(space.clone());
        let mut spent: BTreeMap<String, f64> = BTreeMap::new();
        let mut used = 0.0;
        for slot in 0.. {
            if used >= seconds {
                break;
            }
            let params = turns.suggest(&history, Seed(7).trial(slot)).unwrap();
            space.check(&params).unwrap();
            let family = id(&params);
            let (seconds, cost) = trial(&family, slot);
            used += seconds;
            *spent.entry(family).or_default() += seconds;
            let mut record = TrialRecord::new(slot, TrialState::Running, params).with_cost(cost);
            record.seconds = seconds;
            history.insert(record);
        }
        spent
    }

    #[test]
    fn families_get_time_by_their_promise_not_by_the_length_of_their_trials() {
        let ids = ["good", "close", "bad", "middle"];
        let space = space(&ids);
        let families =
            ids.map(|id| family(id, &space, if id == "close" { 10.0 } else { 1.0 })).into_iter().collect();
        let spent = searched(&turns(families, StopSignal::never()), &space, 300.0, |family, slot| {
            // All go on improving, so that only gaps tell them apart.
            let better = 1e-6 * f64::from(slot);
            match family {
                "good" => (1.0, 1.0 - better),
                "close" => (10.0, 1.05 - better),
                "bad" => (1.0, 1.15 - better),
                _ => (1.0, 1.1 - better),
            }
        });
        let [good, close, bad, _] = ids.map(|id| spent[id]);
        assert!(good > close && close > bad, "{spent:?}");
        // The median gap is 0.1, so the scale is 0.025: promises 1, 1/5 and 1/37 at gaps 0, 0.05 and 0.15.
        assert!((close / good - 0.2).abs() < 0.05, "{spent:?}");
        assert!((bad / good - 1.0 / 37.0).abs() < 0.02, "{spent:?}");
    }

    #[test]
    fn a_family_that_no_longer_improves_gives_way() {
        let ids = ["stale", "fresh", "a", "b", "c"];
        let space = space(&ids);
        let families = ids.map(|id| family(id, &space, 1.0)).into_iter().collect();
        let spent =
            searched(&turns(families, StopSignal::never()), &space, 200.0, |family, slot| match family {
                "stale" => (1.0, 1.0),
                "fresh" => (1.0, 1.0001 - 1e-7 * f64::from(slot)),
                _ => (1.0, 1.1),
            });
        assert!(spent["fresh"] > 1.5 * spent["stale"], "{spent:?}");
    }

    #[test]
    fn nothing_begins_that_would_not_end_in_time_while_something_would() {
        let space = space(&["long", "short"]);
        let families = || vec![family("long", &space, 60.0), family("short", &space, 1.0)];
        let history = History::with_trials(
            space.clone(),
            [{
                let params = Params::new().with("family", "short").with("short.x", 0.5);
                let mut trial = TrialRecord::new(0, TrialState::Running, params).with_cost(1.0);
                trial.seconds = 500.0;
                trial
            }],
        );
        let next = |left: Option<u64>| {
            let stop = StopSignal::never();
            let stop = left
                .map_or(stop.clone(), |left| stop.with_deadline(Instant::now() + Duration::from_secs(left)));
            // What a complete trial took tells more than what was expected.
            id(&turns(families(), stop).suggest(&history, Seed(1)).unwrap())
        };
        assert_eq!(next(None), "long");
        assert_eq!(next(Some(1000)), "long");
        assert_eq!(next(Some(30)), "long", "neither ends in time; the quicker one comes first");
        let quick = History::with_trials(
            space.clone(),
            history.trials().iter().cloned().map(|mut trial| {
                trial.seconds = 5.0;
                trial
            }),
        );
        let stop = StopSignal::never().with_deadline(Instant::now() + Duration::from_secs(30));
        let params = turns(families(), stop).suggest(&quick, Seed(1)).unwrap();
        assert_eq!(id(&params), "short");
    }

    #[test]
    fn trials_of_other_workers_count_as_time_that_is_spent() {
        let space = space(&["one", "other"]);
        let families = vec![family("one", &space, 10.0), family("other", &space, 11.0)];
        let turns = turns(families, StopSignal::never());
        let mut history = History::new(space.clone());
        let first = turns.suggest(&history, Seed(1)).unwrap();
        assert_eq!(id(&first), "one");
        history.set_running(vec![TrialRecord::new(0, TrialState::Running, first)]);
        assert_eq!(id(&turns.suggest(&history, Seed(2)).unwrap()), "other");
    }

    automl_testkit::pruner_contract!(
        within_family,
        WithinFamily(Box::new(automl_search::MedianPruner::default()))
    );

    #[test]
    fn a_trial_is_ended_for_others_of_its_family_alone() {
        let space = space(&["strong", "weak"]);
        let params = |id: &str| Params::new().with("family", id).with(&format!("{id}.x"), 0.5);
        let trial = |slot: u32, id: &str, cost: f64| {
            let mut trial = TrialRecord::new(slot, TrialState::Running, params(id)).with_cost(cost);
            trial.steps = vec![(1, cost)];
            trial
        };
        let strong = (0..20).map(|slot| trial(slot, "strong", 1.0));
        let mut history = History::with_trials(space, strong);
        let ends = |id: &str, cost: f64, history: &History| {
            let (params, steps) = (params(id), [(1, cost)]);
            let running = Running { slot: 99, params: &params, steps: &steps, folds: &[] };
            let median = || Box::new(automl_search::MedianPruner::default());
            assert_eq!(WithinFamily(median()).name(), median().name());
            (WithinFamily(median()).should_prune(&running, history), median().should_prune(&running, history))
        };
        assert_eq!(ends("strong", 2.0, &history), (true, true));
        assert_eq!(ends("weak", 2.0, &history), (false, true));
        (20..40).for_each(|slot| history.insert(trial(slot, "weak", 1.5)));
        assert_eq!(ends("weak", 2.0, &history), (true, true));
        assert_eq!(ends("weak", 1.4, &history), (false, true));
    }

    #[test]
    fn the_time_of_guesses_is_that_of_this_machine() {
        let space = space(&["a", "b"]);
        let params = |id: &str, x: f64| Params::new().with("family", id).with(&format!("{id}.x"), x);
        let guess = |id: &str, x: f64, seconds: f64| Guess { params: params(id, x), seconds: Some(seconds) };
        let mut families = vec![family("a", &space, 2.0), family("b", &space, 2.0)];
        families[0].guesses = vec![guess("a", 0.5, 1.0)];
        families[1].guesses = vec![guess("b", 0.5, 8.0)];
        let mut trial = TrialRecord::new(0, TrialState::Running, params("a", 0.5)).with_cost(1.0);
        trial.seconds = 3.0;
        let history = History::with_trials(space, [trial]);
        let speed = speed(&families, &history);
        assert_eq!(speed, 3.0);
        let next =
            |family: &Family| family.next_seconds(&history, &Standing::of(family, &history, 0.0), speed);
        assert_eq!((next(&families[0]), next(&families[1])), (3.0, 24.0));
    }

    #[test]
    fn turns_among_all_families_are_configurations_that_nobody_tried() {
        for task in Task::ALL {
            let pace = Pace { n_folds: 3, threads: 2, limit: None };
            let joint = Joint::new(&bare_profile(300, task), &SearchConfig::default(), pace).unwrap();
            let turns = Turns::new(&joint, Duration::from_secs(600), &StopSignal::never()).unwrap();
            assert_eq!(turns.families.len(), joint.families.len());
            for family in &turns.families {
                let part = History::new(family.space.clone());
                for seed in 0..20 {
                    let params = RandomSampler.suggest(&part, Seed(seed)).unwrap();
                    assert_eq!(id(&params), family.id);
                    joint.space.check(&params).unwrap();
                }
            }
            let mut history = History::new(joint.space.clone());
            let mut tried: Vec<Params> = Vec::new();
            for slot in 0..150 {
                let params = turns.suggest(&history, Seed(3).trial(slot)).unwrap();
                joint.space.check(&params).unwrap();
                assert!(!tried.contains(&params), "{task}: {params} was tried before");
                tried.push(params.clone());
                let mut trial =
                    TrialRecord::new(slot, TrialState::Running, params).with_cost(f64::from(slot % 7));
                trial.seconds = 1.0;
                history.insert(trial);
            }
            let families: BTreeSet<String> = tried.iter().map(id).collect();
            assert!(families.len() >= 6, "{task}: {families:?}");
        }
    }

    #[test]
    fn the_head_is_what_fits_into_a_sixth_of_the_time() {
        let pace = Pace { n_folds: 3, threads: 2, limit: None };
        let mut search = SearchConfig::default();
        let joint =
            |search: &SearchConfig| Joint::new(&bare_profile(20_000, Task::Binary), search, pace).unwrap();
        let plain = joint(&search);
        let seconds = |n: usize| plain.seconds[..n].iter().map(|seconds| seconds.unwrap()).sum::<f64>();
        for time in [10, 60, 600] {
            let n = head(&plain, 0, Duration::from_secs(time));
            assert!(
                n > 0 && seconds(n) <= time as f64 / 6.0 && seconds(n + 1) > time as f64 / 6.0,
                "{time}: {n}"
            );
        }
        search.enqueue = vec![toml::from_str("family = \"tabm\"").unwrap()];
        let given = joint(&search);
        let n = head(&given, 1, Duration::from_secs(1));
        assert!(
            n >= 1 && id(&given.initial[0]) == "tabm",
            "what the user gave comes first whatever it takes"
        );
    }
}
