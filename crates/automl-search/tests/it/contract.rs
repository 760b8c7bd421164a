//! Every sampler of this crate keeps the contract of `Sampler`.

use automl_search::{RandomSampler, TpeConfig, TpeSampler};

automl_testkit::sampler_contract!(random, RandomSampler);
automl_testkit::sampler_contract!(tpe, TpeSampler::default());
automl_testkit::sampler_contract!(
    tpe_without_startup,
    TpeSampler::new(TpeConfig { n_startup_trials: 0, n_candidates: 1, prior_weight: 0.5 }).unwrap()
);
