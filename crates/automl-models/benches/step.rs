//! Microseconds of a training step and model: `cargo bench -p automl-models --bench step`.
//!
//! Three hidden layers, `AdamW`, 32 numeric columns, batches of 64, 128 and 256 rows for widths 64, 128
//! and 256. Medians over epochs, all members together, wall clock, on as many threads as
//! `RAYON_NUM_THREADS` says. Validation is a few rows and counts in.

use std::ops::ControlFlow;
use std::time::Instant;

use automl_core::{
    Design, Device, FitContext, Matrix, Member, ModelFamily, Params, Seed, StopSignal, Target, Task,
};
use automl_models::mlp::MlpFamily;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const COLUMNS: usize = 32;
const STEPS: usize = 16;

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() {
    println!("{:>6} {:>6} {:>8} {:>16}", "width", "batch", "members", "us/step&model");
    for (width, batch) in [(64_usize, 64_usize), (128, 128), (256, 256)] {
        for members in [1, 3, 5, 20] {
            println!("{width:>6} {batch:>6} {members:>8} {:>16.0}", median_step(width, batch, members));
        }
    }
}

fn median_step(width: usize, batch: usize, n_members: usize) -> f64 {
    let (train, valid) = (design(batch * STEPS), design(16));
    let epochs = 4 + 40_000 / (width * batch);
    let params = params(width, batch, epochs);
    let member = |index| Member { params: &params, train: &train, valid: &valid, seed: Seed(index) };
    let members: Vec<Member<'_>> = (0..n_members as u64).map(member).collect();
    let stop = StopSignal::never();
    let ctx = FitContext { task: Task::Binary, n_classes: 2, device: Device::Flex, threads: 2, stop: &stop };
    let mut times = Vec::new();
    let mut last = Instant::now();
    MlpFamily.fit_population(&members, &ctx, &mut |member, epoch| {
        if member + 1 == n_members && epoch.index > 0 {
            times.push(last.elapsed().as_secs_f64());
        }
        if member + 1 == n_members {
            last = Instant::now();
        }
        ControlFlow::Continue(())
    });
    times.sort_by(f64::total_cmp);
    times[times.len() / 2] / (STEPS * n_members) as f64 * 1e6
}

fn params(width: usize, batch: usize, epochs: usize) -> Params {
    Params::new()
        .with("n_layers", 3_i64)
        .with("width", width as i64)
        .with("activation", "relu")
        .with("dropout", 0.0)
        .with("batch_norm", false)
        .with("optimizer", "adamw")
        .with("learning_rate", 1e-3)
        .with("schedule", "constant")
        .with("weight_decay", 0.01)
        .with("batch_size", batch as i64)
        .with("max_epochs", epochs as i64)
        .with("patience", epochs as i64)
        .with("class_weights", "none")
        .with("label_smoothing", 0.0)
}

fn design(n_rows: usize) -> Design {
    let value = |index: usize| ((index * 7919 % 2003) as f32 / 1001.5) - 1.0;
    let numeric = Matrix::new(n_rows, COLUMNS, (0..n_rows * COLUMNS).map(value).collect());
    let codes = numeric.rows().map(|row| u32::from(row[0] * row[1] > 0.0)).collect();
    Design {
        numeric,
        numeric_names: (0..COLUMNS).map(|column| format!("x{column}")).collect(),
        codes: Matrix::new(n_rows, 0, Vec::new()),
        code_names: Vec::new(),
        cardinalities: Vec::new(),
        target: Some(Target::Classes { codes, n_classes: 2 }),
    }
}
