//! From the names in a configuration to samplers, pruners and stoppers.

use std::time::Duration;

use automl_core::{History, Metric, Params, Pruner, Sampler, SearchError, Seed, StopSignal, Stopper};
use automl_search::{
    AshaConfig, AshaPruner, AutoSampler, CmaEsSampler, ConfigError, GpSampler, GridSampler, HyperbandConfig,
    HyperbandPruner, MedianPruner, NopPruner, Nsga2Sampler, PercentileConfig, PercentilePruner, Plateau,
    RacingConfig, RacingPruner, RandomSampler, SobolSampler, TargetCost, TpeSampler,
};

use crate::config::{ExperimentConfig, Fidelity, PrunerKind, SamplerKind};
use crate::cross_validation::FOLD_STEP;
use crate::joint::Joint;
use crate::turns::{self, Turns, WithinFamily};

/// What a search tries: configurations in their order, then what a sampler proposes.
pub(crate) struct Proposals<'a> {
    /// Tried first.
    pub(crate) initial: &'a [Params],
    /// Proposes the rest, but for families that are too slow.
    pub(crate) sampler: Box<dyn Sampler>,
    /// Ends trials that cannot catch up.
    pub(crate) pruner: Box<dyn Pruner>,
}

impl<'a> Proposals<'a> {
    /// Those of a search of `time` on `n_folds`, which `stop` ends.
    ///
    /// # Errors
    /// [`ConfigError`] for settings that a sampler or pruner refuses.
    pub(crate) fn of(
        config: &ExperimentConfig,
        joint: &'a Joint,
        n_folds: usize,
        time: Option<Duration>,
        stop: &StopSignal,
    ) -> Result<Self, ConfigError> {
        let pruner = pruner(config, n_folds)?;
        // With a number of trials the same seed should give the same ones, however long they take.
        let is_free = config.search.sampler == SamplerKind::Auto
            && config.search.also.is_empty()
            && config.search.trials.is_none();
        if let Some(time) = time.filter(|_| is_free && joint.families.len() > 1) {
            let n_first = turns::head(joint, config.search.enqueue.len(), time);
            let turns = Turns::new(joint, time, stop)?;
            return Ok(Self {
                initial: &joint.initial[..n_first],
                sampler: Box::new(turns),
                pruner: Box::new(WithinFamily(pruner)),
            });
        }
        let sampler = match joint.too_slow.as_slice() {
            [] => sampler(config),
            too_slow => Box::new(InTime { sampler: sampler(config), too_slow: too_slow.to_vec() }),
        };
        Ok(Self { initial: &joint.initial, sampler, pruner })
    }
}

/// A sampler that is asked again when it proposes a family that cannot be done in time.
struct InTime {
    sampler: Box<dyn Sampler>,
    too_slow: Vec<String>,
}

impl InTime {
    /// Draws after which a slow family is accepted: some samplers follow a sequence, whatever the seed.
    const DRAWS: u64 = 32;
    /// The loop of a search refines the seed by small numbers when it wants another proposal.
    const FIRST: u64 = 1 << 16;
}

impl Sampler for InTime {
    fn name(&self) -> &'static str {
        self.sampler.name()
    }

    fn suggest(&self, history: &History, seed: Seed) -> Result<Params, SearchError> {
        let is_slow = |params: &Params| {
            params.text("family").is_ok_and(|family| self.too_slow.iter().any(|slow| slow == family))
        };
        let mut params = self.sampler.suggest(history, seed)?;
        for draw in 0..Self::DRAWS {
            if !is_slow(&params) {
                break;
            }
            params = self.sampler.suggest(history, seed.step(Self::FIRST + draw))?;
        }
        Ok(params)
    }

    fn ignores_history(&self) -> bool {
        self.sampler.ignores_history()
    }
}

/// The sampler that is named.
pub(crate) fn sampler(config: &ExperimentConfig) -> Box<dyn Sampler> {
    let seed = Seed(config.seed);
    match config.search.sampler {
        SamplerKind::Random => Box::new(RandomSampler),
        SamplerKind::Gp => Box::new(GpSampler::default()),
        SamplerKind::Sobol => Box::new(SobolSampler::new(seed)),
        SamplerKind::CmaEs => Box::new(CmaEsSampler),
        SamplerKind::Grid => Box::new(GridSampler::default()),
        SamplerKind::Nsga2 => Box::new(Nsga2Sampler::default()),
        SamplerKind::Auto if !config.search.also.is_empty() => Box::new(Nsga2Sampler::default()),
        SamplerKind::Auto => Box::new(AutoSampler::default()),
        SamplerKind::Tpe => Box::new(TpeSampler::default()),
    }
}

/// What ends trials that cannot catch up.
pub(crate) fn pruner(config: &ExperimentConfig, n_folds: usize) -> Result<Box<dyn Pruner>, ConfigError> {
    let n_folds = n_folds as u32;
    let most = match config.search.fidelity {
        Fidelity::Folds => n_folds,
        Fidelity::Epochs | Fidelity::Rows => FOLD_STEP * n_folds,
    };
    Ok(match config.search.pruner {
        PrunerKind::Median => Box::new(MedianPruner::default()),
        PrunerKind::Percentile => Box::new(PercentilePruner::new(PercentileConfig::default())?),
        PrunerKind::Asha => Box::new(AshaPruner::new(AshaConfig::default())?),
        PrunerKind::Hyperband => Box::new(HyperbandPruner::new(HyperbandConfig::new(most))?),
        PrunerKind::Racing => Box::new(RacingPruner::new(RacingConfig::default())?),
        PrunerKind::None => Box::new(NopPruner),
    })
}

/// Whether the pruner decides fold by fold, so that the first ones are fitted one at a time.
pub(crate) fn looks_at_single_folds(config: &ExperimentConfig) -> bool {
    let pruner = config.search.pruner;
    pruner == PrunerKind::Racing
        || (config.search.fidelity == Fidelity::Folds
            && matches!(pruner, PrunerKind::Asha | PrunerKind::Hyperband))
}

/// What ends the search beside trials and time.
pub(crate) fn stoppers(config: &ExperimentConfig, metric: Metric) -> Vec<Box<dyn Stopper>> {
    let mut stoppers: Vec<Box<dyn Stopper>> = Vec::new();
    if let Some(score) = config.search.target_score {
        stoppers.push(Box::new(TargetCost { cost: metric.direction().cost(score) }));
    }
    if config.search.plateau {
        stoppers.push(Box::new(Plateau::default()));
    }
    stoppers
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use automl_core::{SearchSpace, Task};
    use automl_testkit::synthetic::bare_profile;

    use super::*;
    use crate::portfolio::Pace;

    const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

    fn joint(config: &ExperimentConfig) -> Joint {
        let pace = Pace { n_folds: 5, threads: 2, limit: Some(Duration::from_secs(10)) };
        Joint::new(&bare_profile(40_000, Task::Binary), &config.search, pace).unwrap()
    }

    #[test]
    fn families_that_are_too_slow_are_not_proposed() {
        for sampler in [SamplerKind::Random, SamplerKind::Tpe, SamplerKind::Auto] {
            let mut config = ExperimentConfig::new("a.csv", "y");
            config.search.sampler = sampler;
            let joint = joint(&config);
            assert!(joint.too_slow.iter().any(|id| id == "tabm"), "{:?}", joint.too_slow);
            let history = History::new(joint.space.clone());
            let proposals = Proposals::of(&config, &joint, 5, MINUTE, &StopSignal::never()).unwrap();
            let family = |seed: u64| {
                let params = proposals.sampler.suggest(&history, Seed(seed)).unwrap();
                joint.space.check(&params).unwrap();
                params.text("family").unwrap().to_owned()
            };
            let proposed: BTreeSet<String> = (0..100).map(family).collect();
            assert!(joint.too_slow.iter().all(|slow| !proposed.contains(slow)), "{sampler:?}: {proposed:?}");
        }
    }

    #[test]
    fn something_is_proposed_even_if_everything_is_too_slow() {
        let space = SearchSpace::new(vec![automl_core::ParamSpec::new(
            "family",
            automl_core::Domain::choice(&["mlp", "tabm"]),
        )]);
        let history = History::new(space.unwrap());
        let too_slow = vec!["mlp".to_owned(), "tabm".to_owned()];
        let sampler = InTime { sampler: Box::new(RandomSampler), too_slow };
        assert!(sampler.suggest(&history, Seed(1)).is_ok());
    }

    #[test]
    fn families_take_turns_only_where_time_is_what_ends_the_search() {
        let first = |change: fn(&mut ExperimentConfig), time: Option<Duration>| {
            let mut config = ExperimentConfig::new("a.csv", "y");
            change(&mut config);
            let joint = joint(&config);
            let proposals = Proposals::of(&config, &joint, 5, time, &StopSignal::never()).unwrap();
            (proposals.initial.len(), joint.initial.len())
        };
        let (in_time, all) = first(|_| {}, MINUTE);
        assert!(in_time > 0 && in_time < all, "{in_time} of {all}");
        let whole = |(n, all): (usize, usize)| assert_eq!(n, all);
        whole(first(|_| {}, None));
        whole(first(|config| config.search.sampler = SamplerKind::Tpe, MINUTE));
        whole(first(|config| config.search.trials = Some(50), MINUTE));
        whole(first(|config| config.search.families = vec!["mlp".to_owned()], MINUTE));
        whole(first(|config| config.search.also = vec![crate::FurtherObjective::PredictTime], MINUTE));
    }
}
