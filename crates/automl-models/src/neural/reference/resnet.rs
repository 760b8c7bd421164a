//! `ResNet`.

use automl_core::{Params, Task};
use serde_json::Value;

use super::super::families::resnet_read;
use super::{Arrays, Case, file, numbers, transposed};

fn arrays(data: &Value, of: &Value) -> Arrays {
    let mut arrays = Arrays::new();
    let mut put = |ours: String, theirs: String, is_matrix: bool| {
        if let Some(tensor) = of.get(&theirs) {
            arrays.insert(ours, if is_matrix { transposed(tensor) } else { numbers(tensor) });
        }
    };
    let mut linear = |ours: &str, theirs: &str| {
        put(format!("{ours}.weight"), format!("{theirs}.weight"), true);
        put(format!("{ours}.bias"), format!("{theirs}.bias"), false);
    };
    linear("input", "input_projection");
    linear("output", "output.linear");
    for block in 0..2 {
        linear(&format!("block.{block}.first"), &format!("blocks.{block}.linear1"));
        linear(&format!("block.{block}.second"), &format!("blocks.{block}.linear2"));
    }
    let places = [("block.0", "blocks.0"), ("block.1", "blocks.1"), ("output", "output")];
    for (ours, theirs) in places {
        let parts =
            [("scale", "weight"), ("shift", "bias"), ("mean", "running_mean"), ("variance", "running_var")];
        for (our_part, their_part) in parts {
            put(format!("{ours}.norm_{our_part}"), format!("{theirs}.normalization.{their_part}"), false);
        }
    }
    // Running statistics begin as in PyTorch; the file has them after training alone.
    if *of == data["parameters"] {
        for (ours, _) in places {
            arrays.insert(format!("{ours}.norm_mean"), vec![0.0; 8]);
            arrays.insert(format!("{ours}.norm_variance"), vec![1.0; 8]);
        }
    }
    arrays
}

#[test]
fn resnet_trains_as_the_published_code_does() {
    let params = Params::new()
        .with("n_layers", 2_i64)
        .with("width", 8_i64)
        .with("hidden_factor", 1.5)
        .with("dropout", 0.0)
        .with("residual_dropout", 0.0)
        .with("learning_rate", 1e-3)
        .with("weight_decay", 0.1)
        .with("batch_size", 8_i64)
        .with("max_epochs", 1_i64)
        .with("patience", 1_i64)
        .with("class_weights", "none")
        .with("label_smoothing", 0.0);
    let (name, data, read) = ("resnet", file("resnet.json"), resnet_read);
    // Statistics and outputs follow the biases that rounding moves.
    let tolerance = 1e-2;
    Case { name, data, task: Task::Multiclass, params, read, arrays, tolerance, settle: |_| {} }.check();
}
