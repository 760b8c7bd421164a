//! FT-Transformer.

use automl_core::{Params, Task};
use serde_json::Value;

use super::super::families::ft_transformer_read;
use super::{Arrays, Case, file, numbers, transposed};

/// Two matrices of as many rows side by side.
fn side_by_side(left: &[f64], right: &[f64], columns: usize) -> Vec<f64> {
    left.chunks(columns).zip(right.chunks(columns)).flat_map(|(left, right)| [left, right].concat()).collect()
}

fn arrays(_: &Value, of: &Value) -> Arrays {
    let mut arrays = Arrays::new();
    let mut put = |ours: &str, values: Vec<f64>| arrays.insert(ours.to_owned(), values);
    if of.get("cls_embedding.weight").is_none() {
        return arrays;
    }
    put("asking", numbers(&of["cls_embedding.weight"]));
    put("numbers.weight", numbers(&of["cont_embeddings.weight"]));
    put("numbers.bias", numbers(&of["cont_embeddings.bias"]));
    put("embedding_bias", numbers(&of["cat_embeddings.bias"]));
    for column in 0..2 {
        put(
            &format!("embedding.{column}"),
            numbers(&of[format!("cat_embeddings.embeddings.{column}.weight")]),
        );
    }
    let mut linear = |ours: &str, theirs: &str| {
        put(&format!("{ours}.weight"), transposed(&of[format!("{theirs}.weight")]));
        put(&format!("{ours}.bias"), numbers(&of[format!("{theirs}.bias")]));
    };
    linear("output", "backbone.output.linear");
    for block in 0..2 {
        let theirs = format!("backbone.blocks.{block}");
        linear(&format!("block.{block}.queries"), &format!("{theirs}.attention.W_q"));
        linear(&format!("block.{block}.attended"), &format!("{theirs}.attention.W_out"));
        linear(&format!("block.{block}.gated"), &format!("{theirs}.ffn.linear1"));
        linear(&format!("block.{block}.second"), &format!("{theirs}.ffn.linear2"));
    }
    for block in 0..2 {
        let part = |name: &str, part: &str| &of[format!("backbone.blocks.{block}.attention.W_{name}.{part}")];
        let weight = side_by_side(&transposed(part("k", "weight")), &transposed(part("v", "weight")), 8);
        put(&format!("block.{block}.keys.weight"), weight);
        put(
            &format!("block.{block}.keys.bias"),
            [numbers(part("k", "bias")), numbers(part("v", "bias"))].concat(),
        );
    }
    let mut norm = |ours: &str, theirs: &str| {
        put(&format!("{ours}.norm_scale"), numbers(&of[format!("backbone.{theirs}.weight")]));
        put(&format!("{ours}.norm_shift"), numbers(&of[format!("backbone.{theirs}.bias")]));
    };
    norm("block.0.gated", "blocks.0.ffn_normalization");
    norm("block.1.gated", "blocks.1.ffn_normalization");
    norm("block.1.attention", "blocks.1.attention_normalization");
    norm("output", "output.normalization");
    arrays
}

#[test]
fn ft_transformer_trains_as_the_published_code_does() {
    let params = Params::new()
        .with("n_layers", 2_i64)
        .with("width", 8_i64)
        .with("n_heads", 2_i64)
        .with("hidden_factor", 4.0 / 3.0)
        .with("attention_dropout", 0.0)
        .with("dropout", 0.0)
        .with("residual_dropout", 0.0)
        .with("learning_rate", 1e-4)
        .with("weight_decay", 0.1)
        .with("batch_size", 8_i64)
        .with("max_epochs", 1_i64)
        .with("patience", 1_i64)
        .with("loss", "mse");
    let (name, data, read) = ("ft_transformer", file("ft_transformer.json"), ft_transformer_read);
    let (task, tolerance) = (Task::Regression, 1e-4);
    Case { name, data, task, params, read, arrays, tolerance, settle: |_| {} }.check();
}
