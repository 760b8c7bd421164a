//! From the names in a configuration to samplers, pruners and stoppers.

use automl_core::{History, Metric, Params, Pruner, Sampler, SearchError, Seed, Stopper};
use automl_search::{
    AshaConfig, AshaPruner, AutoSampler, CmaEsSampler, ConfigError, GpSampler, GridSampler, HyperbandConfig,
    HyperbandPruner, MedianPruner, NopPruner, Nsga2Sampler, PercentileConfig, PercentilePruner, Plateau,
    RacingConfig, RacingPruner, RandomSampler, SobolSampler, TargetCost, TpeSampler,
};

use crate::config::{ExperimentConfig, Fidelity, PrunerKind, SamplerKind};
use crate::cross_validation::FOLD_STEP;

/// What proposes configurations, but for those of families in `too_slow`.
pub(crate) fn sampler(config: &ExperimentConfig, too_slow: &[String]) -> Box<dyn Sampler> {
    let sampler = named(config);
    if too_slow.is_empty() {
        return sampler;
    }
    Box::new(InTime { sampler, too_slow: too_slow.to_vec() })
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

fn named(config: &ExperimentConfig) -> Box<dyn Sampler> {
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
    use automl_core::{Domain, ParamSpec, SearchSpace};

    use super::*;

    #[test]
    fn slow_families_are_not_proposed() {
        let families = ["mlp", "tabm", "ft_transformer", "gbdt"];
        let space = SearchSpace::new(vec![ParamSpec::new("family", Domain::choice(&families))]).unwrap();
        let history = History::new(space);
        let mut config = ExperimentConfig::new("a.csv", "y");
        config.search.sampler = SamplerKind::Random;
        let proposed = |too_slow: &[&str]| {
            let too_slow: Vec<String> = too_slow.iter().map(|id| (*id).to_owned()).collect();
            let sampler = sampler(&config, &too_slow);
            let family =
                |seed: u64| sampler.suggest(&history, Seed(seed)).unwrap().text("family").unwrap().to_owned();
            (0..200).map(family).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(proposed(&[]).len(), 4);
        let quick = proposed(&["tabm", "ft_transformer"]);
        assert_eq!(quick.into_iter().collect::<Vec<_>>(), ["gbdt", "mlp"]);
        assert_eq!(proposed(&families).len(), 4, "something is proposed in any case");
    }
}
