//! Every pruner of this crate keeps the contract of `Pruner`.

use automl_search::{
    AshaConfig, AshaPruner, HyperbandConfig, HyperbandPruner, MedianPruner, NopPruner, PercentileConfig,
    PercentilePruner, RacingConfig, RacingPruner,
};

automl_testkit::pruner_contract!(none, NopPruner);
automl_testkit::pruner_contract!(median, MedianPruner::default());
automl_testkit::pruner_contract!(eager_median, MedianPruner { n_startup_trials: 0, n_warmup_steps: 0 });
automl_testkit::pruner_contract!(percentile, PercentilePruner::default());
automl_testkit::pruner_contract!(
    strict_percentile,
    PercentilePruner::new(PercentileConfig { percentile: 0.0, n_startup_trials: 1, n_warmup_steps: 2 })
        .unwrap()
);
automl_testkit::pruner_contract!(asha, AshaPruner::default());
automl_testkit::pruner_contract!(
    steep_asha,
    AshaPruner::new(AshaConfig { min_resource: 2, reduction_factor: 2, min_early_stopping_rate: 1 }).unwrap()
);
automl_testkit::pruner_contract!(hyperband, HyperbandPruner::new(HyperbandConfig::new(9)).unwrap());
automl_testkit::pruner_contract!(racing, RacingPruner::default());
automl_testkit::pruner_contract!(
    eager_racing,
    RacingPruner::new(RacingConfig { alpha: 0.4, n_startup_trials: 2 }).unwrap()
);
