//! Small made-up tables that can be learnt, for tests.

use automl_core::{
    ColumnKind, ColumnProfile, DataProfile, Design, InputForm, Matrix, Purpose, Seed, Target, Task,
};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

/// Numeric columns of a synthetic design, in which the target is linear up to noise.
const N_NUMERIC: usize = 5;
/// Codes of its categorical columns, the unknown one included.
const CARDINALITIES: [u32; 2] = [4, 30];
/// Classes of a synthetic multiclass target.
const N_CLASSES: usize = 3;

/// The number of classes of a synthetic target; 0 for regression.
pub fn n_classes(task: Task) -> usize {
    match task {
        Task::Binary => 2,
        Task::Multiclass => N_CLASSES,
        Task::Regression => 0,
    }
}

/// A design of `n_rows` rows with target: five numeric columns of mean 0 and variance 1, and two columns
/// of codes unless `input` is [`InputForm::OneHot`].
///
/// Regression targets are `10 +` a linear score `+` noise; classes are cut from that score.
pub fn design(task: Task, input: InputForm, n_rows: usize, seed: Seed) -> Design {
    let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed.purpose(Purpose::Data).value());
    let cardinalities = match input {
        InputForm::OneHot => Vec::new(),
        InputForm::Codes | InputForm::Native => CARDINALITIES.to_vec(),
    };
    let (mut numeric, mut codes, mut scores) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n_rows {
        let row: [f32; N_NUMERIC] = std::array::from_fn(|_| standard(&mut generator) as f32);
        let levels: Vec<u32> = cardinalities.iter().map(|&n| generator.random_range(0..n)).collect();
        let of_levels = f64::from(levels.first().copied().unwrap_or(0)) * 0.3;
        let score = 1.5 * f64::from(row[0]) - f64::from(row[1]) + of_levels + 0.3 * standard(&mut generator);
        numeric.extend(row);
        codes.extend(levels);
        scores.push(score);
    }
    Design {
        numeric: Matrix::new(n_rows, N_NUMERIC, numeric),
        numeric_names: (0..N_NUMERIC).map(|index| format!("x{index}")).collect(),
        codes: Matrix::new(n_rows, cardinalities.len(), codes),
        code_names: (0..cardinalities.len()).map(|index| format!("c{index}")).collect(),
        cardinalities,
        target: Some(target(task, &scores)),
        weights: None,
    }
}

/// A profile that belongs to [`design`] with `n_rows` rows.
pub fn profile(task: Task, input: InputForm, n_rows: usize) -> DataProfile {
    let kinds = match input {
        InputForm::OneHot => vec![ColumnKind::Numeric; N_NUMERIC],
        InputForm::Codes | InputForm::Native => {
            [vec![ColumnKind::Numeric; N_NUMERIC], vec![ColumnKind::Categorical; 2]].concat()
        }
    };
    let columns = kinds.into_iter().enumerate().map(|(index, kind)| column(index, kind, n_rows)).collect();
    let n_classes = n_classes(task);
    DataProfile {
        n_rows,
        n_dropped: 0,
        task,
        task_reason: "made up".to_owned(),
        target: "y".to_owned(),
        labels: (0..n_classes).map(|class| format!("class {class}")).collect(),
        class_counts: (0..n_classes).map(|_| n_rows / n_classes).collect(),
        columns,
    }
}

/// The profile of a table of which nothing but its size and task is known.
pub fn bare_profile(n_rows: usize, task: Task) -> DataProfile {
    DataProfile {
        n_rows,
        n_dropped: 0,
        task,
        task_reason: String::new(),
        target: "y".to_owned(),
        labels: Vec::new(),
        class_counts: Vec::new(),
        columns: Vec::new(),
    }
}

fn column(index: usize, kind: ColumnKind, n_rows: usize) -> ColumnProfile {
    ColumnProfile {
        name: format!("column {index}"),
        kind,
        reason: "made up".to_owned(),
        n_missing: 0,
        n_distinct: if kind == ColumnKind::Numeric { n_rows } else { 30 },
        min: None,
        mean: None,
        max: None,
        skewness: None,
        top: Vec::new(),
    }
}

fn target(task: Task, scores: &[f64]) -> Target {
    let class = |score: f64| match task {
        Task::Multiclass => u32::from(score > -0.5) + u32::from(score > 1.0),
        Task::Binary | Task::Regression => u32::from(score > 0.3),
    };
    if task == Task::Regression {
        return Target::Real(scores.iter().map(|score| 10.0 + score).collect());
    }
    Target::Classes { codes: scores.iter().map(|&score| class(score)).collect(), n_classes: n_classes(task) }
}

/// A standard normal number (Box & Muller 1958).
fn standard(generator: &mut impl Rng) -> f64 {
    let (radius, angle): (f64, f64) = (generator.random(), generator.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_makes_one_table() {
        for task in Task::ALL {
            let make = |seed| design(task, InputForm::Codes, 50, Seed(seed));
            assert_eq!(make(1), make(1));
            assert_ne!(make(1), make(2));
        }
    }

    #[test]
    fn every_class_occurs() {
        for task in [Task::Binary, Task::Multiclass] {
            let Some(Target::Classes { codes, n_classes }) =
                design(task, InputForm::OneHot, 200, Seed(3)).target
            else {
                panic!("no classes")
            };
            for class in 0..n_classes as u32 {
                assert!(codes.iter().filter(|&&code| code == class).count() > 20);
            }
        }
    }
}
