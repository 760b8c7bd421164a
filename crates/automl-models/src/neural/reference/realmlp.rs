//! `RealMLP`.

use std::collections::BTreeMap;

use automl_core::{Design, Matrix, Member, Params, Seed, Target, Task};
use serde_json::Value;

use super::super::architecture::Body;
use super::super::data::Prepared;
use super::super::engine::{EpochPlan, MemberPlan};
use super::super::families::realmlp_read;
use super::super::parameters::{Spec, Weights};
use super::super::training::Schedule;
use super::{assert_close, columns, engines, file, numbers};

/// One set of arrays by our names, in our order of input columns.
struct RealMlp {
    data: Value,
    /// For each of our input columns the place in theirs.
    order: Vec<usize>,
}

impl RealMlp {
    fn new(name: &str) -> Self {
        // Theirs: six times three of an embedding, six numbers, four one-hot columns, eight of an embedded category.
        // Ours: the category, the embeddings, the numbers.
        let order = (28..36).chain(0..28).collect();
        Self { data: file(name), order }
    }

    fn arrays(&self, of: &Value) -> BTreeMap<String, Vec<f64>> {
        let mut arrays = BTreeMap::new();
        let mut put = |ours: &str, theirs: &str| arrays.insert(ours.to_owned(), numbers(&of[theirs]));
        put("embedding.0", "tfms/emb");
        put("numbers.frequency", "plr/weight_1");
        put("numbers.phase", "plr/bias_1");
        put("numbers.weight", "plr/weight_2");
        put("numbers.bias", "plr/bias_2");
        put("scale", "net/first_layer/layer-0/scale");
        for (index, layer) in ["first_layer", "middle_layer", "middle_layer", "last_layer"].iter().enumerate()
        {
            for (ours, theirs) in [("weight", "weight"), ("bias", "bias"), ("strength", "act")] {
                if index < 3 || ours != "strength" {
                    put(&format!("layer.{index}.{ours}"), &format!("net/{layer}/layer-{index}/{theirs}"));
                }
            }
        }
        for name in ["scale", "layer.0.weight"] {
            let values = &arrays[name];
            let width = values.len() / self.order.len();
            let rows = self.order.iter().flat_map(|&row| values[row * width..(row + 1) * width].to_vec());
            let rows = rows.collect();
            arrays.insert(name.to_owned(), rows);
        }
        arrays
    }

    fn weights(&self, specs: &[Spec], of: &Value) -> Weights {
        let arrays = self.arrays(of);
        Weights(specs.iter().map(|spec| arrays[&spec.name].iter().map(|x| *x as f32).collect()).collect())
    }

    /// The first rows of the table, prepared with the constants of the file.
    fn design(&self, rows: std::ops::Range<usize>) -> Design {
        let (numeric, codes) =
            (numbers(&self.data["table"]["x_cont"]), numbers(&self.data["table"]["x_cat"]));
        let constants = |name: &str| numbers(&self.data["constants"][name]);
        let [shift, factor] = ["numeric/minus_median.bias", "numeric/factor.scale"].map(constants);
        let [flag_shift, flag_factor] = ["one_hot/minus_median.bias", "one_hot/factor.scale"].map(constants);
        let scaled = |x: f64, shift: f64, factor: f64| {
            let x = (x + shift) * factor;
            (x / (1.0 + (x / 3.0).powi(2)).sqrt()) as f32
        };
        let mut values = Vec::new();
        let mut own_codes = Vec::new();
        for row in rows.clone() {
            let row_numbers = &numeric[row * 6..(row + 1) * 6];
            let pairs = shift.iter().zip(&factor);
            values.extend(
                row_numbers.iter().zip(pairs).map(|(x, (shift, factor))| scaled(*x, *shift, *factor)),
            );
            let [first, second, third] = [0, 1, 2].map(|column| codes[row * 3 + column] as usize);
            let sign = [0.0, 1.0, -1.0][second];
            let flags = (1..4).map(|code| f64::from(u8::from(first == code))).chain([sign]);
            let pairs = flag_shift.iter().zip(&flag_factor);
            values.extend(flags.zip(pairs).map(|(x, (shift, factor))| scaled(x, *shift, *factor)));
            own_codes.push(third as u32);
        }
        let y = numbers(&self.data["table"]["y"]);
        let target = if self.data["config"]["n_classes"].as_u64().unwrap_or(0) > 0 {
            Target::Classes { codes: y[rows.clone()].iter().map(|y| *y as u32).collect(), n_classes: 3 }
        } else {
            Target::Real(y[rows.clone()].to_vec())
        };
        Design {
            numeric: Matrix::new(rows.len(), 10, values),
            numeric_names: (0..10).map(|index| format!("x{index}")).collect(),
            codes: Matrix::new(rows.len(), 1, own_codes),
            code_names: vec!["c".to_owned()],
            cardinalities: vec![12],
            target: Some(target),
            weights: None,
        }
    }
}

fn params(task: Task) -> Params {
    let params = Params::new()
        .with("variant", "td")
        .with("n_layers", 3_i64)
        .with("width", 12_i64)
        .with("beta_2", 0.95)
        .with("numbers", "pbld")
        .with("sigma", 0.1)
        .with("numbers_width", 4_i64)
        .with("dropout", 0.0)
        .with("weight_decay", 0.02)
        .with("scale_rate", 6.0)
        .with("numbers_rate", 0.1)
        .with("first_rate", 1.0)
        .with("batch_size", 8_i64)
        .with("max_epochs", 1_i64)
        .with("patience", 1_i64);
    if task == Task::Regression {
        return params.with("learning_rate", 0.2).with("activation", "mish").with("loss", "mse");
    }
    let params = params.with("learning_rate", 0.04).with("activation", "selu");
    params.with("class_weights", "none").with("label_smoothing", 0.1)
}

fn check(name: &str, task: Task) {
    let reference = RealMlp::new(name);
    let (train, valid) = (reference.design(0..48), reference.design(48..56));
    let params = params(task);
    let member = Member { params: &params, train: &train, valid: &valid, seed: Seed(1) };
    let mut own = Prepared::new(&member, realmlp_read, task, 3).unwrap();
    // One number of the file is constant; there it is embedded like the others.
    let Body::RealMlp(shape) = &mut own.architecture.body else { panic!("another body") };
    shape.embedded = (0..6).collect();
    let specs = own.architecture.specs();
    assert_eq!(columns(&reference.data["parameters"]["net/first_layer/layer-0/scale"]), 36);
    let start = reference.weights(&specs, &reference.data["parameters"]);
    for (engine_name, mut engine) in engines(&own, &start) {
        let moves = (0..6).map(|step| own.training.next_move(step + 1, f64::from(step) / 6.0)).collect();
        let plan = MemberPlan { order: (0..48).collect(), starts: vec![0], moves, dropout: Seed(0) };
        engine.begin_epoch(EpochPlan(vec![plan]));
        for (steps, after) in [(0..3, "after_3"), (3..6, "after_6")] {
            steps.for_each(|step| engine.step(step));
            engine.remember(&[0]);
            let weights = engine.remembered(0).unwrap();
            let expected = reference.arrays(&reference.data["float64"][after]);
            for (spec, ours) in specs.iter().zip(&weights.0) {
                let what = format!("{name}, {engine_name}, {after}, {}", spec.name);
                assert_close(ours, &expected[&spec.name], 2e-4, &what);
            }
        }
        let losses = reference.data["float64"]["losses"].as_array().unwrap();
        let mean = losses.iter().map(|loss| loss.as_f64().unwrap()).sum::<f64>() / 6.0;
        let ours = engine.train_losses()[0];
        assert!((ours - mean).abs() < 1e-4 * mean, "{name}, {engine_name}: loss {ours}, not {mean}");
    }
    assert_eq!(own.training.schedule, Schedule::CosLog4);
}

#[test]
fn realmlp_trains_as_the_published_code_does() {
    check("realmlp_classification.json", Task::Multiclass);
    check("realmlp_regression.json", Task::Regression);
}
