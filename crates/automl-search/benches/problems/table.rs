//! Lookup tables made from our own search logs by `experiments/bench/make_tables.py`.

use automl_core::{Axis, ParamSpec, Params};
use serde::Deserialize;

use super::Problem;

/// Every configuration of a space without conditions, with its cost.
#[derive(Deserialize)]
struct Table {
    space: Vec<ParamSpec>,
    /// In order of configurations, the last parameter varying fastest.
    costs: Vec<f64>,
}

/// More values than any parameter of a table has.
const MANY: usize = 1_000;

macro_rules! table {
    ($name:literal) => {
        problem($name, include_str!(concat!("../../../../experiments/bench/tables/", $name, ".json")))
    };
}

/// The tables in order of name.
pub(super) fn all() -> Vec<Problem> {
    vec![table!("auto_mpg_mlp"), table!("titanic_mlp"), table!("wall_robot_mlp")]
}

fn problem(name: &'static str, json: &str) -> Problem {
    let Table { space, costs } = serde_json::from_str(json).unwrap();
    let columns: Vec<(String, Axis, Vec<f64>)> = space
        .iter()
        .map(|spec| {
            let axis = Axis::new(&spec.domain);
            let levels = axis.all(MANY).unwrap();
            (spec.name.clone(), axis, levels)
        })
        .collect();
    let n_rows: usize = columns.iter().map(|(_, _, levels)| levels.len()).product();
    assert_eq!(costs.len(), n_rows, "{name}: costs of another grid");
    let best = (0..n_rows).min_by(|&a, &b| costs[a].total_cmp(&costs[b])).unwrap();
    let optimum = (configuration(&columns, best), costs[best]);
    let cost = move |params: &Params| {
        let row = columns.iter().fold(0, |row, (name, axis, levels)| {
            let at = params.get(name).and_then(|value| axis.encode(value)).unwrap();
            row * levels.len() + levels.iter().position(|level| *level == at).unwrap()
        });
        costs[row]
    };
    Problem::new(name, space, cost, optimum)
}

/// The configuration of a row.
fn configuration(columns: &[(String, Axis, Vec<f64>)], mut row: usize) -> Params {
    let mut params = Params::new();
    for (name, axis, levels) in columns.iter().rev() {
        params.insert(name, axis.decode(levels[row % levels.len()]));
        row /= levels.len();
    }
    params
}
