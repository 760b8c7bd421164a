//! From the names in a configuration to samplers, pruners and stoppers.

use automl_core::{Metric, Pruner, Sampler, Stopper};
use automl_search::{MedianPruner, NopPruner, Plateau, RandomSampler, TargetCost, TpeSampler};

use crate::config::{ExperimentConfig, PrunerKind, SamplerKind};

/// What proposes configurations.
pub(crate) fn sampler(config: &ExperimentConfig) -> Box<dyn Sampler> {
    match config.search.sampler {
        SamplerKind::Random => Box::new(RandomSampler),
        _ => Box::new(TpeSampler::default()),
    }
}

/// What ends trials that cannot catch up.
pub(crate) fn pruner(config: &ExperimentConfig) -> Box<dyn Pruner> {
    match config.search.pruner {
        PrunerKind::None => Box::new(NopPruner),
        _ => Box::new(MedianPruner::default()),
    }
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
