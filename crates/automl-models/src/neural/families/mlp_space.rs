//! What is worth searching, and what is tried first, by size of the table.

use automl_core::{DataProfile, Domain, ParamSpec, Params};

use super::super::activation::Activation;
use super::common_space;

/// Sizes that follow from the number of rows.
struct Sizes {
    batches: [i64; 3],
    epochs: (i64, i64, i64),
}

impl Sizes {
    fn of(n_rows: usize) -> Self {
        let batches = match n_rows {
            0..2_000 => [32, 64, 128],
            2_000..10_000 => [64, 128, 256],
            10_000..50_000 => [128, 256, 512],
            _ => [256, 512, 1024],
        };
        let epochs = match n_rows {
            0..10_000 => (50, 300, 50),
            _ => (20, 100, 20),
        };
        Self { batches, epochs }
    }
}

/// The search space.
pub(crate) fn space(data: &DataProfile) -> Vec<ParamSpec> {
    let sizes = Sizes::of(data.n_rows);
    let (fewest, most, step) = sizes.epochs;
    let own = vec![
        ParamSpec::new("n_layers", Domain::int(1, 4)),
        ParamSpec::new("width", Domain::stepped_int(32, 256, 32)),
        ParamSpec::new("activation", Domain::choice(&Activation::ALL.map(Activation::name))),
        ParamSpec::new("dropout", Domain::float(0.0, 0.5)),
        ParamSpec::new("batch_norm", Domain::boolean()),
        ParamSpec::new("optimizer", Domain::choice(&["adamw", "sgd"])),
        ParamSpec::new("learning_rate", Domain::log_float(3e-4, 2e-2)).when("optimizer", &["adamw"]),
        ParamSpec::new("sgd_learning_rate", Domain::log_float(3e-3, 0.3)).when("optimizer", &["sgd"]),
        ParamSpec::new("momentum", Domain::float(0.5, 0.98)).when("optimizer", &["sgd"]),
        ParamSpec::new("schedule", Domain::choice(&["constant", "cosine", "one_cycle"])),
        ParamSpec::new("weight_decay", Domain::log_float(1e-5, 0.3)),
        ParamSpec::new("batch_size", Domain::choice(&sizes.batches)),
        ParamSpec::new("max_epochs", Domain::stepped_int(fewest, most, step)),
        ParamSpec::new("patience", Domain::stepped_int(5, 40, 5)),
    ];
    common_space::space(own, data, 0.2)
}

/// First configurations: a quick one, a stronger one, and one of another kind.
pub(crate) fn defaults(data: &DataProfile) -> Vec<Params> {
    let [small, middle, _] = Sizes::of(data.n_rows).batches;
    let base = |batch: i64| {
        let params = Params::new()
            .with("activation", "silu")
            .with("batch_norm", false)
            .with("optimizer", "adamw")
            .with("schedule", "one_cycle")
            .with("batch_size", batch);
        common_space::plain(params, data.task)
    };
    let shape = |params: Params, layers: i64, width: i64, dropout: f64| {
        params.with("n_layers", layers).with("width", width).with("dropout", dropout)
    };
    let train = |params: Params, rate: f64, decay: f64, epochs: i64, patience: i64| {
        let params = params.with("learning_rate", rate).with("weight_decay", decay);
        params.with("max_epochs", epochs).with("patience", patience)
    };
    if data.n_rows < 10_000 {
        return vec![
            train(shape(base(middle), 2, 64, 0.2), 5e-3, 0.03, 50, 20),
            train(shape(base(middle), 3, 128, 0.3), 3e-3, 0.1, 100, 40),
            train(shape(base(small), 2, 128, 0.1), 2e-3, 0.01, 200, 40).with("activation", "relu"),
        ];
    }
    vec![
        train(shape(base(middle), 2, 128, 0.0), 5e-3, 0.01, 20, 10),
        train(shape(base(middle), 3, 128, 0.1), 3e-3, 0.03, 40, 15),
        train(shape(base(small), 3, 256, 0.1), 2e-3, 0.03, 60, 20).with("activation", "mish"),
    ]
}

#[cfg(test)]
mod tests {
    use automl_core::{FitError, SearchSpace, Task};
    use automl_testkit::synthetic::bare_profile as profile;

    use super::super::mlp::read;
    use super::*;

    #[test]
    fn every_default_lies_in_the_space_and_can_be_read() {
        for n_rows in [50, 1_500, 9_000, 20_000, 1_000_000] {
            for task in Task::ALL {
                let data = profile(n_rows, task);
                let space = SearchSpace::new(space(&data)).unwrap();
                for params in defaults(&data) {
                    space.check(&params).unwrap();
                    read(&params, task).unwrap();
                }
            }
        }
    }

    #[test]
    fn a_value_outside_its_range_is_named() {
        let params = defaults(&profile(500, Task::Binary)).remove(0).with("dropout", 1.5);
        let error = read(&params, Task::Binary).err().unwrap();
        assert!(matches!(error, FitError::Params(_)));
        assert_eq!(error.to_string(), "`dropout` is 1.5, outside 0 to 0.95");
    }
}
