//! Every sampler of this crate keeps the contract of `Sampler`.

use automl_core::Seed;
use automl_search::{
    AutoSampler, CmaEsSampler, GpSampler, Nsga2Sampler, RandomSampler, SobolSampler, TpeConfig, TpeSampler,
};

automl_testkit::sampler_contract!(random, RandomSampler);
automl_testkit::sampler_contract!(tpe, TpeSampler::default());
automl_testkit::sampler_contract!(
    tpe_without_startup,
    TpeSampler::new(TpeConfig { n_startup_trials: 0, n_candidates: 1, prior_weight: 0.5 }).unwrap()
);
automl_testkit::sampler_contract!(gp, GpSampler::default());
automl_testkit::sampler_contract!(sobol, SobolSampler::new(Seed(4)), seeds_matter_after: []);
automl_testkit::sampler_contract!(cmaes, CmaEsSampler);
automl_testkit::sampler_contract!(auto, AutoSampler::default());
automl_testkit::sampler_contract!(nsga2, Nsga2Sampler::default());
