//! `TabM`.

use automl_core::{Params, Task};
use serde_json::Value;

use super::super::architecture::Body;
use super::super::families::tabm_read;
use super::{Arrays, Case, columns, file, numbers, transposed};

fn params(variant: &str, numbers: &str) -> Params {
    Params::new()
        .with("variant", variant)
        .with("k", 4_i64)
        .with("n_layers", 2_i64)
        .with("width", 10_i64)
        .with("numbers", numbers)
        .with("n_bins", 5_i64)
        .with("numbers_width", 3_i64)
        .with("dropout", 0.0)
        .with("learning_rate", 2e-3)
        .with("weight_decay", 0.1)
        .with("batch_size", 8_i64)
        .with("max_epochs", 1_i64)
        .with("patience", 1_i64)
        .with("class_weights", "none")
        .with("label_smoothing", 0.0)
        .with("loss", "mse")
}

/// Theirs: numbers, or three of an embedding each, then three and five columns of codes. Ours: codes first.
fn in_our_order(values: &[f64], width: usize) -> Vec<f64> {
    let places = (width - 8..width).chain(0..width - 8);
    let per_column = values.len() / width;
    places.flat_map(|place| values[place * per_column..(place + 1) * per_column].to_vec()).collect()
}

fn arrays(data: &Value, of: &Value) -> Arrays {
    let mut arrays = Arrays::new();
    let get = |name: &str| of.get(name);
    let mut put = |name: String, values: Option<Vec<f64>>| values.map(|values| arrays.insert(name, values));
    let adapter = get("backbone.blocks.0.0.r").or(get("backbone.affine.weight"));
    put(
        "adapter".to_owned(),
        adapter.map(|first| {
            let width = columns(first);
            numbers(first).chunks(width).flat_map(|row| in_our_order(row, width)).collect()
        }),
    );
    for layer in 0..2 {
        let weight = get(&format!("backbone.blocks.{layer}.0.weight"));
        put(
            format!("layer.{layer}.weight"),
            weight.map(|weight| {
                let ours = transposed(weight);
                if layer == 0 { in_our_order(&ours, columns(weight)) } else { ours }
            }),
        );
        for (ours, theirs) in [("scale", "s"), ("bias", "bias")] {
            put(
                format!("layer.{layer}.{ours}"),
                get(&format!("backbone.blocks.{layer}.0.{theirs}")).map(numbers),
            );
        }
    }
    put("layer.0.adapter".to_owned(), get("backbone.blocks.1.0.r").map(numbers));
    put(
        "heads.weight".to_owned(),
        get("output.weight").map(|weight| {
            let n_out = columns(weight);
            let by_head = numbers(weight);
            let columns = |head: &[f64]| {
                (0..n_out)
                    .flat_map(|out| head.iter().skip(out).step_by(n_out).copied().collect::<Vec<_>>())
                    .collect::<Vec<_>>()
            };
            by_head.chunks(10 * n_out).flat_map(columns).collect()
        }),
    );
    put("heads.bias".to_owned(), get("output.bias").map(numbers));
    for (ours, theirs) in [("slope", "linear0.weight"), ("bias", "linear0.bias"), ("weight", "linear.weight")]
    {
        put(format!("numbers.{ours}"), get(&format!("num_module.{theirs}")).map(numbers));
    }
    put(
        "numbers.edges".to_owned(),
        data.get("bins").map(|bins| {
            let bins = bins.as_array().unwrap().iter().map(|edges| {
                let edges: Vec<f64> =
                    edges.as_array().unwrap().iter().map(|edge| edge.as_f64().unwrap()).collect();
                // Missing bins have no width and stand before the last.
                let (last, before) = edges.split_last().unwrap();
                let missing = vec![*before.last().unwrap(); 6 - edges.len()];
                [before, &missing, &[*last]].concat()
            });
            bins.flatten().collect()
        }),
    );
    arrays
}

fn settle(body: &mut Body) {
    let Body::Tabm(shape) = body else { panic!("another body") };
    if !shape.embedded.is_empty() {
        shape.embedded = (0..6).collect();
    }
}

fn check(name: &'static str, task: Task, params: Params) {
    let data = file(&format!("{name}.json"));
    Case { name, data, task, params, read: tabm_read, arrays, tolerance: 1e-4, settle }.check();
}

#[test]
fn tabm_trains_as_the_published_code_does() {
    check("tabm", Task::Multiclass, params("tabm", "plain"));
}

#[test]
fn tabm_mini_trains_as_the_published_code_does() {
    check("tabm_mini", Task::Multiclass, params("mini", "plain"));
}

#[test]
fn tabm_with_embeddings_trains_as_the_published_code_does() {
    check("tabm_ple", Task::Regression, params("tabm", "ple"));
}
