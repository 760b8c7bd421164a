//! From the names in a configuration to samplers, pruners and stoppers.

use automl_core::{Metric, Pruner, Sampler, Seed, Stopper};
use automl_search::{
    AshaConfig, AshaPruner, AutoSampler, CmaEsSampler, ConfigError, GpSampler, GridSampler, HyperbandConfig,
    HyperbandPruner, MedianPruner, NopPruner, PercentileConfig, PercentilePruner, Plateau, RacingConfig,
    RacingPruner, RandomSampler, SobolSampler, TargetCost, TpeSampler,
};

use crate::config::{ExperimentConfig, Fidelity, PrunerKind, SamplerKind};
use crate::cross_validation::FOLD_STEP;

/// What proposes configurations.
pub(crate) fn sampler(config: &ExperimentConfig) -> Box<dyn Sampler> {
    let seed = Seed(config.seed);
    match config.search.sampler {
        SamplerKind::Random => Box::new(RandomSampler),
        SamplerKind::Gp => Box::new(GpSampler::default()),
        SamplerKind::Sobol => Box::new(SobolSampler::new(seed)),
        SamplerKind::CmaEs => Box::new(CmaEsSampler),
        SamplerKind::Grid => Box::new(GridSampler::default()),
        SamplerKind::Auto => Box::new(AutoSampler::default()),
        SamplerKind::Tpe | SamplerKind::Nsga2 => Box::new(TpeSampler::default()),
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
