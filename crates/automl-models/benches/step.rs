//! Microseconds of a training step and model: `cargo bench -p automl-models --bench step`.
//!
//! Three hidden layers, `ReLU`, `AdamW`, 32 numeric columns, two classes. Medians over epochs, all members together,
//! wall clock. Validation is a few rows and counts in. `experiments/bench/step.py` runs it beside `PyTorch`.
//!
//! ```text
//! step [--json] [--device D] [--threads N] [--width W] [--batch B] [--members M]
//! ```
//! Every flag may be a list with commas.

use std::env;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use automl_core::{
    Design, Device, FitContext, Matrix, Member, ModelFamily, Params, Seed, StopSignal, Target, Task,
};
use automl_models::neural::MlpFamily;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const COLUMNS: usize = 32;
const STEPS: usize = 16;
/// Time for one row of the table.
const TIME: Duration = Duration::from_millis(1500);

/// One row of the table.
struct Case {
    device: Device,
    threads: usize,
    width: usize,
    batch: usize,
    members: usize,
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() {
    let json = env::args().any(|argument| argument == "--json");
    if !json {
        println!(
            "{:>9} {:>7} {:>6} {:>6} {:>8} {:>14} {:>12}",
            "device", "threads", "width", "batch", "members", "us/step&model", "rows/s"
        );
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for device in list("--device", &[Device::Flex]) {
        for threads in list("--threads", &[cores]) {
            for width in list("--width", &[64, 256, 512]) {
                for batch in list("--batch", &[64, 256, 1024]) {
                    for members in list("--members", &[1, 5]) {
                        let case = Case { device, threads, width, batch, members };
                        let micros = case.median_step();
                        let rows = batch as f64 / micros * 1e6;
                        if json {
                            println!(
                                "{{\"device\": \"{device}\", \"threads\": {threads}, \"width\": {width}, \
                                 \"batch\": {batch}, \"members\": {members}, \"micros\": {micros:.2}}}"
                            );
                        } else {
                            println!(
                                "{device:>9} {threads:>7} {width:>6} {batch:>6} {members:>8} {micros:>14.0} {rows:>12.0}"
                            );
                        }
                    }
                }
            }
        }
    }
}

/// The values after `flag`, or the defaults.
#[expect(clippy::expect_used, reason = "a benchmark may stop at a wrong flag")]
fn list<T: std::str::FromStr<Err: std::fmt::Debug> + Clone>(flag: &str, defaults: &[T]) -> Vec<T> {
    let mut arguments = env::args();
    match arguments.find(|argument| argument == flag).and(arguments.next()) {
        Some(text) => text.split(',').map(|part| part.parse().expect("a value of the list")).collect(),
        None => defaults.to_vec(),
    }
}

impl Case {
    fn median_step(&self) -> f64 {
        let (train, valid) = (design(self.batch * STEPS), design(16));
        let params = params(self.width, self.batch);
        let member = |index| Member { params: &params, train: &train, valid: &valid, seed: Seed(index) };
        let members: Vec<Member<'_>> = (0..self.members as u64).map(member).collect();
        let started = Instant::now();
        let stop = StopSignal::never();
        let ctx = FitContext {
            device: self.device,
            threads: self.threads,
            ..FitContext::new(Task::Binary, 2, &stop)
        };
        let mut times = Vec::new();
        let mut last = started;
        MlpFamily.fit_population(&members, &ctx, &mut |member, epoch| {
            if member + 1 == self.members {
                if epoch.index > 0 {
                    times.push(last.elapsed().as_secs_f64());
                }
                last = Instant::now();
            }
            if started.elapsed() > TIME && times.len() >= 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        times.sort_by(f64::total_cmp);
        times[times.len() / 2] / (STEPS * self.members) as f64 * 1e6
    }
}

fn params(width: usize, batch: usize) -> Params {
    Params::new()
        .with("n_layers", 3_i64)
        .with("width", width as i64)
        .with("activation", "relu")
        .with("dropout", 0.0)
        .with("batch_norm", false)
        .with("optimizer", "adamw")
        // So small that the loss stays where it is: a network that fits its rows perfectly has gradients of subnormal
        // numbers, which every processor computes slowly.
        .with("learning_rate", 1e-6)
        .with("schedule", "constant")
        .with("weight_decay", 0.01)
        .with("batch_size", batch as i64)
        .with("max_epochs", 1_000_000_i64)
        .with("patience", 1_000_000_i64)
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
        weights: None,
    }
}
