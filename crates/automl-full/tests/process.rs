//! What cells do in their own process: a network of one's own on the leaderboard, polars, a function.

use std::fs;

use automl_full::burn::module::Module;
use automl_full::burn::nn::{Linear, LinearConfig};
use automl_full::burn::tensor::activation::relu;
use automl_full::burn::tensor::{Device, Tensor};
use automl_full::facade::{Model, Run};
use automl_full::polars::prelude::*;
use automl_full::{
    Network, ParamSpec, Params, RunHere, Search, Shape, SpaceError, Training, burn, facade, read_frame,
    register,
};

#[derive(Module, Debug)]
struct Layers {
    hidden: Linear,
    output: Linear,
}

struct Small;

impl Network for Small {
    type Module = Layers;

    fn id(&self) -> &'static str {
        "small"
    }

    fn space(&self) -> Vec<ParamSpec> {
        vec![ParamSpec::new("width", automl_full::Domain::log_int(8, 32))]
    }

    fn init(&self, params: &Params, shape: Shape, device: &Device) -> Result<Layers, SpaceError> {
        let width = params.count("width")?;
        Ok(Layers {
            hidden: LinearConfig::new(shape.n_inputs, width).init(device),
            output: LinearConfig::new(width, shape.n_outputs).init(device),
        })
    }

    fn forward(&self, layers: &Layers, rows: Tensor<2>) -> Tensor<2> {
        layers.output.forward(relu(layers.hidden.forward(rows)))
    }

    fn training(&self) -> Training {
        Training { max_epochs: 300, patience: 40 }
    }
}

fn data() -> String {
    let row = |row: usize| {
        let (x, y) = (row % 17, row * 7 % 11);
        format!("{x},{y},{}", if x > y { "a" } else { "b" })
    };
    let rows: Vec<String> = ["x,y,side".to_owned()].into_iter().chain((0..240).map(row)).collect();
    rows.join("\n")
}

#[test]
fn a_network_of_ones_own_is_searched_kept_and_loaded() {
    let dir = tempfile::tempdir().unwrap();
    register(Small).unwrap();
    let path = dir.path().join("data.csv");
    fs::write(&path, data()).unwrap();
    let search = Search::new(&path, "side").out(dir.path().join("run")).trials(3);
    let search = search.families(&["small", "constant"]).set("split.folds", 3).set("split.repeats", 1);
    let study = search.run_here().unwrap();
    let run = Run::open(study.folder()).unwrap();
    let families: Vec<&str> = run.trials().iter().map(|trial| trial.params.text("family").unwrap()).collect();
    assert_eq!(families[0], "small", "what is new is tried first");
    let best = run.leaderboard().rows.remove(0);
    assert_eq!(best.family, "small");
    let model = Model::load(&study.folder().join("model"), facade::Device::default()).unwrap();
    let scores = model.evaluate_file(&path).unwrap().scores;
    let loss = scores.iter().find(|(metric, _)| metric.name() == "log_loss").unwrap().1;
    assert!(loss < 0.6, "{scores:?}");
    // Worker processes do not know it.
    let config = facade::ExperimentConfig::from_toml(&search.to_toml()).unwrap();
    let jobs = facade::Jobs { n: 2, program: "automl".into() };
    let experiment = facade::Experiment::prepare(config).unwrap();
    let refused = experiment.run_with_jobs(&jobs, &facade::StopSignal::never(), &mut ()).unwrap_err();
    assert!(refused.to_string().contains("do not know `small`"), "{refused}");
}

#[test]
fn polars_prepares_what_searches_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.csv");
    fs::write(&path, data()).unwrap();
    let frame = read_frame(path).unwrap();
    let sum = (col("x") + col("y")).alias("sum");
    let prepared = frame.lazy().with_column(sum).filter(col("x").gt(lit(3))).collect().unwrap();
    // Of 17 values 13 are above 3, and the last two of 240 rows are not.
    assert_eq!((prepared.width(), prepared.height()), (4, 14 * 13));
}

#[test]
fn gradients_are_those_of_the_library_s_one_graph() {
    let device = Device::flex().autodiff();
    let x = Tensor::<1>::from_floats([2.0, 3.0], &device).require_grad();
    let gradients = (x.clone() * x.clone()).sum().backward();
    let found = x.grad(&gradients).unwrap().into_data();
    assert_eq!(found.try_to_vec::<f32>().unwrap(), [4.0, 6.0]);
}
