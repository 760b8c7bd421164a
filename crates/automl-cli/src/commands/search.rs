//! `automl search`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use automl::{
    AutomlError, Experiment, ExperimentConfig, ExperimentResult, Jobs, NestedScores, Observer, StopReason,
    StopSignal, counted, parse_duration,
};

use super::print;
use crate::args::SearchArgs;
use crate::events::{self, Events};
use crate::progress::Progress;
use crate::table;

/// The shell's code for a program that was interrupted.
pub(super) const INTERRUPTED: u8 = 130;
const SHOWN_TRIALS: usize = 10;

pub(crate) fn run(args: SearchArgs) -> Result<ExitCode, AutomlError> {
    if args.events.is_none() {
        return search(args);
    }
    events::hello();
    search(args).inspect_err(events::tell_error)
}

fn search(args: SearchArgs) -> Result<ExitCode, AutomlError> {
    let stop = StopSignal::never();
    listen_for_interrupts(&stop)?;
    let is_for_machines = args.events.is_some();
    let experiment = Experiment::prepare(configure(args)?)?;
    let result = if is_for_machines {
        let mut events = Events::begin(&experiment, &stop);
        let (result, nested) = run_all(&experiment, &stop, &mut events)?;
        events.finish(&result, nested.as_ref());
        result
    } else {
        for_people(&experiment, &stop)?
    };
    if result.stopped == Some(StopReason::Interrupted) {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    if result.best.is_none() {
        return Err(AutomlError::NoModel { reason: result.why_no_model() });
    }
    Ok(ExitCode::SUCCESS)
}

/// The search, and what it found, as a person reads it.
fn for_people(experiment: &Experiment, stop: &StopSignal) -> Result<ExperimentResult, AutomlError> {
    let mut progress = Progress::new(experiment.metric());
    for line in experiment.describe() {
        progress.say(&line);
    }
    let result = run_all(experiment, stop, &mut progress);
    progress.finish();
    let (result, nested) = result?;
    show(&result, nested.as_ref());
    Ok(result)
}

/// The searches on outer folds, where they are wanted, and the search.
fn run_all(
    experiment: &Experiment,
    stop: &StopSignal,
    observer: &mut dyn Observer,
) -> Result<(ExperimentResult, Option<NestedScores>), AutomlError> {
    let program = std::env::current_exe()
        .map_err(|error| AutomlError::config(format!("cannot find the program itself: {error}")))?;
    let jobs = Jobs { n: experiment.config().search.jobs.unwrap_or(1), program };
    let nested = experiment.run_nested(&jobs, stop, observer)?;
    Ok((experiment.run_with_jobs(&jobs, stop, observer)?, nested))
}

/// The first interrupt ends the search in good order, a second one at once.
pub(super) fn listen_for_interrupts(stop: &StopSignal) -> Result<(), AutomlError> {
    let stop = stop.clone();
    ctrlc::set_handler(move || {
        if stop.check() == Some(StopReason::Interrupted) {
            #[expect(clippy::exit, reason = "the user insists; every finished trial is already stored")]
            std::process::exit(i32::from(INTERRUPTED));
        }
        stop.interrupt();
    })
    .map_err(|error| AutomlError::config(format!("cannot listen for interrupts: {error}")))
}

/// The experiment file with the flags over it.
fn configure(args: SearchArgs) -> Result<ExperimentConfig, AutomlError> {
    let mut config = match &args.config {
        Some(path) if automl::is_table_file(path) => {
            let message = format!("`{}` is a table, not an experiment file", path.display());
            return Err(AutomlError::config(message).with_hint(format!(
                "`automl search --data {} --target COLUMN` searches a model of it",
                path.display()
            )));
        }
        Some(path) => ExperimentConfig::read(path)?,
        None => ExperimentConfig::default(),
    };
    if let Some(data) = args.data {
        config.data = data;
    }
    if let Some(target) = args.target {
        config.target = target;
    }
    config.out = args.out.or(config.out);
    config.seed = args.seed.unwrap_or(config.seed);
    config.metric = args.metric.or(config.metric);
    config.task = args.task.or(config.task);
    config.positive = args.positive.or(config.positive);
    config.weight = args.weight.or(config.weight);
    config.device = args.device.unwrap_or(config.device);
    config.precision = args.precision.unwrap_or(config.precision);
    config.threads = args.threads.or(config.threads);
    config.memory = args.memory.or(config.memory);
    config.nested = args.nested.or(config.nested);
    config.columns.extend(args.columns);
    let split = &mut config.split;
    split.scheme = args.split.or(split.scheme);
    split.folds = args.folds.or(split.folds);
    split.repeats = args.repeats.or(split.repeats);
    split.group = args.group.or(split.group.take());
    split.time = args.time_column.or(split.time.take());
    split.holdout = args.holdout.or(split.holdout);
    let search = &mut config.search;
    let in_words = |time: Option<Duration>| time.map(|time| format!("{}s", time.as_secs_f64()));
    search.time = in_words(args.time).or(search.time.take());
    search.trials = args.trials.map(|trials| trials as usize).or(search.trials);
    search.trial_time = in_words(args.trial_time).or(search.trial_time.take());
    if !args.families.is_empty() {
        search.families = args.families;
    }
    search.sampler = args.sampler.unwrap_or(search.sampler);
    search.pruner = args.pruner.unwrap_or(search.pruner);
    search.fidelity = args.fidelity.unwrap_or(search.fidelity);
    search.jobs = args.jobs.map(usize::from).or(search.jobs);
    search.target_score = args.target_score.or(search.target_score);
    search.plateau |= args.plateau;
    if !args.also.is_empty() {
        search.also = args.also;
    }
    search.storage = args.storage.or(search.storage.take());
    search.study_name = args.study_name.or(search.study_name.take());
    config.final_model.single_model |= args.single_model;
    config.final_model.max_predict_ms = args.max_predict_ms.or(config.final_model.max_predict_ms);
    debug_assert!(config.search.time.as_deref().is_none_or(|time| parse_duration(time).is_ok()));
    Ok(config)
}

fn show(result: &ExperimentResult, nested: Option<&NestedScores>) {
    let why = match result.stopped {
        Some(StopReason::TargetReached) => Some("the wanted score is reached"),
        Some(StopReason::Plateau) => Some("no improvement worth a trial is expected"),
        Some(StopReason::TimeUp | StopReason::Interrupted) | None => None,
    };
    if let Some(why) = why {
        print(&format!("ended early: {why}\n"));
    }
    if result.best.is_some() {
        print(&table::leaderboard(&result.leaderboard, SHOWN_TRIALS));
    }
    if let Some(manifest) = &result.manifest {
        print(&format!("\n{}", table::final_model(manifest, result.predict_ms)));
    }
    if !result.holdout.is_empty() {
        let line: Vec<String> = result
            .headline_scores()
            .iter()
            .map(|(metric, value)| format!("{metric} {}", table::number(*value)))
            .collect();
        print(&format!(
            "\nholdout ({} that no trial saw): {}",
            counted(result.n_holdout, "row"),
            line.join(", ")
        ));
    }
    if let Some(nested) = nested {
        print(&table::nested(nested));
    }
    let place = |path: &Path| path.display().to_string();
    print(&format!("\nreport      {}", place(&result.report)));
    print(&format!("leaderboard {}", place(&result.leaderboard_file)));
    print(&format!("trials      {}", place(&result.study)));
    if let Some(model) = &result.model {
        print(&format!("model       {}", place(model)));
        print(&format!("\nnext: automl predict --model {} --data FILE --out predictions.csv", place(model)));
    }
    if result.stopped == Some(StopReason::Interrupted) {
        print(&format!("interrupted; `automl search {}` goes on", place(&result.config)));
    }
}
