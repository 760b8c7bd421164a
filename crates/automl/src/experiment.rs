//! An experiment that can run: checked configuration, table, folds and search space.

use std::path::{Path, PathBuf};
use std::time::Duration;

use automl_core::{
    ColumnKind, DataProfile, Event, FoldPlan, Metric, Observer, Purpose, Seed, StopReason, StopSignal,
    TrialRecord, TrialStore, counted,
};
use automl_data::{Source, SplitOptions, Table, TableOptions, plan_folds, plan_outer, read_frame};
use automl_models::device::check_precision;
use automl_search::{ConfigError, SearchPlan, SearchSummary, run_search};
use automl_store::StudyFile;

use crate::config::{ExperimentConfig, Scheme};
use crate::cross_validation::CrossValidation;
use crate::device::Choice;
use crate::duration::{format_duration, parse_duration};
use crate::error::AutomlError;
use crate::finish;
use crate::joint::Joint;
use crate::limits::Limits;
use crate::portfolio::Pace;
use crate::processes::{Role, WorkerName};
use crate::result::ExperimentResult;
use crate::run_folder::{RunFolder, write_atomic};
use crate::scoring::check_weighted;
use crate::strategy::Proposals;
use crate::supervisor::{Jobs, Orders, supervise};
use crate::worker::Heart;
use crate::{device, insight, refit, split, strategy, study};

/// Used when the user limits neither trials nor time.
const DEFAULT_TIME: &str = "5m";

/// Who else works on a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Company {
    /// Nobody.
    Alone,
    /// The other workers of one search, all of which have ended when it makes the final model.
    Jobs,
    /// A search that may make its final model at any time.
    Guest,
}

/// A checked experiment. Made by [`Experiment::prepare`], which reads the data.
pub struct Experiment {
    /// The configuration with every default filled in.
    pub(crate) config: ExperimentConfig,
    pub(crate) table: Table,
    pub(crate) split: SplitOptions,
    pub(crate) plan: FoldPlan,
    pub(crate) joint: Joint,
    pub(crate) metric: Metric,
    device: Choice,
    threads: usize,
    pub(crate) time: Option<Duration>,
    limits: Limits,
}

impl Experiment {
    /// Reads the data and checks the configuration against them.
    ///
    /// # Errors
    /// [`AutomlError`] naming the setting or the place in the data.
    pub fn prepare(mut config: ExperimentConfig) -> Result<Self, AutomlError> {
        check_given(&config)?;
        let time = budget(&mut config)?;
        let threads = device::threads(&config)?;
        let limits = Limits::of(&config, time, config.search.jobs.unwrap_or(1))?;
        config.data = absolute("data", &config.data)?;
        config.out = Some(config.run_folder());
        config.name = Some(config.resolved_name());
        let frame = read_frame(&Source::new(config.data.to_string_lossy()))?;
        let table = Table::for_training(frame, &table_options(&config))?;
        let profile = table.profile();
        let metric = config.metric.unwrap_or(Metric::default_of(profile.task));
        if !metric.supports(profile.task) {
            return Err(automl_core::MetricError::WrongTask { metric, task: profile.task }.into());
        }
        if let Some(weight) = &config.weight {
            check_weighted(metric, profile.task).map_err(|error| {
                AutomlError::config(format!(
                    "`weight` is `{weight}`, but {metric} counts no weights: {error}"
                ))
            })?;
        }
        let split = split::resolve(&mut config.split, table.n_rows(), split::rarest(metric, profile))?;
        let seed = Seed(config.seed);
        let plan = match config.split.outer {
            Some(outer) => plan_outer(&table, &split, outer, seed.purpose(Purpose::Split))?,
            None => plan_folds(&table, &split, seed.purpose(Purpose::Split))?,
        };
        if let Some(storage) = &config.search.storage {
            config.search.storage = Some(absolute("storage", storage)?);
            config.out = Some(absolute("out", &config.run_folder())?);
        }
        if let Some(wrong) = config.search.also.iter().find(|objective| !objective.supports(profile.task)) {
            return Err(AutomlError::config(format!(
                "`also`: {wrong} is not defined for {} tasks",
                profile.task
            )));
        }
        let pace = Pace { n_folds: plan.folds.len(), threads, limit: limits.time };
        let joint = Joint::new(profile, &config.search, pace)?;
        let device = device::choose(&config, &table, &plan, &joint, threads)?;
        check_precision(device.device, config.precision)?;
        config.device = device.device;
        config.metric = Some(metric);
        config.task = Some(profile.task);
        config.search.families = joint.families.iter().map(|family| family.id().to_owned()).collect();
        Ok(Self { config, table, split, plan, joint, metric, device, threads, time, limits })
    }

    /// What the search optimises.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The configuration with every default filled in.
    pub fn config(&self) -> &ExperimentConfig {
        &self.config
    }

    /// What is about to happen, a line each.
    pub fn describe(&self) -> Vec<String> {
        let profile = self.table.profile();
        let mut lines = vec![
            format!("data    {}, {}", counted(self.table.n_rows(), "row"), features(profile)),
            format!("target  {} ({}: {})", profile.target, profile.task, profile.task_reason),
            format!("split   {}", split::describe(&self.split, self.plan.holdout.len())),
        ];
        let families = self.config.search.families.join(", ");
        let limit = match (self.time, self.config.search.trials) {
            (Some(time), Some(trials)) => {
                format!("{} or {}", counted(trials, "trial"), format_duration(time))
            }
            (Some(time), None) => format_duration(time),
            (None, trials) => counted(trials.unwrap_or_default(), "trial"),
        };
        let left_out = match self.joint.too_slow.as_slice() {
            [] => String::new(),
            names => format!(" (but {}: too slow for the time)", names.join(", ")),
        };
        lines.push(format!("search  {} over {families}{left_out}; {limit}", self.metric));
        let reason = self.device.reason.as_ref().map(|reason| format!("; {reason}")).unwrap_or_default();
        let n_jobs = self.config.search.jobs.unwrap_or(1);
        let threads = match n_jobs {
            1 => counted(self.threads, "thread"),
            n => format!("{n} workers of {}", counted(self.threads_of_a_job(n), "thread")),
        };
        lines.push(format!("device  {}, {threads}{reason}", self.device.device));
        lines.extend(self.table.warnings().iter().map(|warning| format!("warning: {warning}")));
        lines
    }

    /// Searches until a limit is reached or `stop` asks for the end; then makes the final model, the
    /// leaderboard and the report. A folder that holds an unfinished run of the same experiment is
    /// taken up where it stands.
    ///
    /// All trials run in this process, one after another. A trial that never looks at `stop` runs to its end, even if
    /// the time budget is over; [`Experiment::run_with_jobs`] can end it.
    ///
    /// # Errors
    /// [`AutomlError`]; every trial that was finished before is kept.
    pub fn run(
        &self,
        stop: &StopSignal,
        observer: &mut dyn Observer,
    ) -> Result<ExperimentResult, AutomlError> {
        self.run_by(stop, observer, |folder, store, stop, observer| {
            store.set_worker(&WorkerName::this(Role::Search).to_string());
            // Without it a worker that joins would take a long trial for lost.
            let heart = Heart::start(&folder.study(), None, stop.clone())?;
            Ok(self.search(folder, store, Company::Alone, stop, &mut heart.listening(observer))?.stopped)
        })
    }

    /// As [`Experiment::run`], with the trials in worker processes, which share the cores: one that dies costs one
    /// try of one trial, and none keeps the search from ending in time.
    ///
    /// # Errors
    /// As [`Experiment::run`]; [`AutomlError::Workers`] if workers end by errors one after another; [`AutomlError::Config`] if the
    /// experiment has a model family that was registered in this process ([`register`](crate::register)).
    pub fn run_with_jobs(
        &self,
        jobs: &Jobs,
        stop: &StopSignal,
        observer: &mut dyn Observer,
    ) -> Result<ExperimentResult, AutomlError> {
        let own = self.joint.families.iter().find(|family| automl_models::is_registered(family.id()));
        if let Some(family) = own {
            let message =
                format!("worker processes do not know `{}`, a model family of this process", family.id());
            return Err(
                AutomlError::config(message).with_hint("run the search in this process: `Experiment::run`")
            );
        }
        self.run_by(stop, observer, |folder, store, stop, observer| {
            let stoppers = strategy::stoppers(&self.config, self.metric);
            let orders = Orders {
                jobs,
                folder,
                threads: self.threads_of_a_job(jobs.n),
                space: &self.joint.space,
                n_trials: self.config.search.trials,
                stoppers: &stoppers.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
            };
            supervise(&orders, store, stop, observer)
        })
    }

    /// Workers times threads never exceeds the cores, but for a thread each.
    fn threads_of_a_job(&self, n_jobs: usize) -> usize {
        (self.threads / n_jobs).max(1)
    }

    /// The configuration with a run folder that is found from every folder.
    fn config_for_anywhere(&self, root: &Path) -> Result<ExperimentConfig, AutomlError> {
        let out = std::path::absolute(root)
            .map_err(|error| AutomlError::config(format!("cannot resolve `{}`: {error}", root.display())))?;
        Ok(ExperimentConfig { out: Some(out), ..self.config.clone() })
    }

    fn run_by(
        &self,
        stop: &StopSignal,
        observer: &mut dyn Observer,
        search: impl FnOnce(
            &RunFolder,
            &mut StudyFile,
            &StopSignal,
            &mut dyn Observer,
        ) -> Result<Option<StopReason>, AutomlError>,
    ) -> Result<ExperimentResult, AutomlError> {
        let root = self.config.run_folder();
        let folder = RunFolder::lock(&root, self.config.search.storage.as_deref())?;
        let mut store = study::open(&folder, self)?;
        write_atomic(&folder.config(), self.config_for_anywhere(&root)?.to_toml()?.as_bytes())?;
        insight::write_summary(&folder, &self.table, &self.plan)?;
        let before = store.trials()?;
        store.record_event("run", &format!("automl {} begins", env!("CARGO_PKG_VERSION")))?;
        if let Choice { device, reason: Some(reason) } = &self.device {
            store.record_event("device", &format!("auto is {device}; {reason}"))?;
        }
        let reserve = self.reserve().unwrap_or_default();
        // Optuna's trials, which name no worker, were not of this budget.
        let used = time_used(before.iter().filter(|trial| trial.worker.is_some()));
        let left = self.time.map(|time| time.saturating_sub(reserve).saturating_sub(used));
        if let (Some(time), Some(Duration::ZERO)) = (self.time, left) {
            let (time, used) = (format_duration(time), format_duration(used));
            let message =
                format!("no time is left of {time} for trials: earlier runs took {used}; give more to go on");
            observer.on_event(&Event::Warning { message: &message });
        }
        let (of_search, of_all) = (stop.within(left), stop.within(left.map(|left| left + reserve)));
        let stopped = search(&folder, &mut store, &of_search, observer)?;
        observer.on_event(&Event::Stage { message: "making the final model and the report" });
        let n_before = before.iter().filter(|trial| trial.state.is_finished()).count();
        finish::conclude(self, &folder, store, stopped, n_before, &of_all)
    }

    /// What a trial does.
    pub(crate) fn cross_validation<'a>(
        &'a self,
        folder: &'a RunFolder,
        company: Company,
    ) -> CrossValidation<'a> {
        CrossValidation {
            table: &self.table,
            plan: &self.plan,
            joint: &self.joint,
            metric: self.metric,
            also: &self.config.search.also,
            fidelity: self.config.search.fidelity,
            is_race: strategy::looks_at_single_folds(&self.config),
            device: self.device.device,
            precision: self.config.precision,
            threads: self.threads,
            limits: self.limits,
            folder,
            may_forget: company != Company::Guest,
        }
    }

    /// What of the time budget is kept for making the final model and the report; `None` without a budget.
    pub(crate) fn reserve(&self) -> Option<Duration> {
        let (one_in, most) = if self.refits() { (5, 300) } else { (12, 60) };
        self.time.map(|time| (time / one_in).min(Duration::from_secs(most)))
    }

    /// Whether configurations of the final model are fitted on all rows too.
    pub(crate) fn refits(&self) -> bool {
        refit::is_worthwhile(&self.plan) && self.config.final_model.max_predict_ms.is_none()
    }

    /// Runs trials in this process.
    pub(crate) fn search(
        &self,
        folder: &RunFolder,
        store: &mut StudyFile,
        company: Company,
        stop: &StopSignal,
        observer: &mut dyn Observer,
    ) -> Result<SearchSummary, AutomlError> {
        let search = &self.config.search;
        let mut objective = self.cross_validation(folder, company);
        let refused = |error: ConfigError| AutomlError::config(error.to_string());
        let n_folds = self.plan.folds.len();
        let proposals =
            Proposals::of(&self.config, &self.joint, n_folds, self.time, stop).map_err(refused)?;
        let stoppers = strategy::stoppers(&self.config, self.metric);
        let plan = SearchPlan {
            space: &self.joint.space,
            initial: proposals.initial,
            sampler: proposals.sampler.as_ref(),
            pruner: proposals.pruner.as_ref(),
            stoppers: &stoppers.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
            seed: Seed(self.config.seed),
            n_trials: search.trials,
            stop,
            is_shared: company != Company::Alone,
        };
        Ok(run_search(&plan, store, &mut objective, observer)?)
    }
}

/// Wall-clock time during which trials ran: trials side by side count once.
pub(crate) fn time_used<'a>(trials: impl IntoIterator<Item = &'a TrialRecord>) -> Duration {
    let mut spans: Vec<(f64, f64)> = trials
        .into_iter()
        .map(|trial| (trial.started_secs, trial.started_secs + trial.seconds.max(0.0)))
        .collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut used = 0.0;
    let mut reached = f64::NEG_INFINITY;
    for (start, end) in spans {
        used += (end - start.max(reached)).max(0.0);
        reached = reached.max(end);
    }
    Duration::try_from_secs_f64(used).unwrap_or(Duration::MAX)
}

/// Features by kind, and what was left out.
fn features(profile: &DataProfile) -> String {
    let count = |kind: ColumnKind| profile.columns.iter().filter(|column| column.kind == kind).count();
    let of_kind = |kind: &ColumnKind| Some((count(*kind), kind.name())).filter(|(n, _)| *n > 0);
    let used = ColumnKind::ALL.iter().filter(|kind| kind.is_feature()).filter_map(of_kind);
    let used: Vec<String> = used.map(|(n, name)| format!("{n} {name}")).collect();
    let left_out = profile.columns.iter().filter(|column| !column.kind.is_feature());
    let left_out: Vec<String> =
        left_out.map(|column| format!("{} ({})", column.name, column.kind.name())).collect();
    let shown = match left_out.len() {
        0 => String::new(),
        n @ 1..=5 => format!("; {n} left out: {}", left_out.join(", ")),
        n => format!("; {n} left out: {}, …", left_out[..4].join(", ")),
    };
    format!("{}: {}{shown}", counted(profile.features().count(), "feature"), used.join(", "))
}

fn check_given(config: &ExperimentConfig) -> Result<(), AutomlError> {
    if config.data.as_os_str().is_empty() {
        return Err(AutomlError::config("no data are given")
            .with_hint("name a file with `--data FILE`, or `data = \"FILE\"` in the experiment file"));
    }
    if config.target.is_empty() {
        return Err(AutomlError::config("no target is given")
            .with_hint("name the column to predict with `--target COLUMN`, or `target = \"COLUMN\"`"));
    }
    for (name, number) in [("trials", config.search.trials), ("jobs", config.search.jobs)] {
        if number == Some(0) {
            return Err(AutomlError::config(format!("`{name}` is 0, but must be at least 1")));
        }
    }
    if config.final_model.max_predict_ms.is_some_and(|ms| !(ms.is_finite() && ms > 0.0)) {
        return Err(AutomlError::config("`max_predict_ms` must be a number above 0"));
    }
    if config.nested.is_some_and(|folds| folds < 2) {
        return Err(AutomlError::config("`nested` must be at least 2: the number of outer folds"));
    }
    if config.search.target_score.is_some_and(|score| !score.is_finite()) {
        return Err(AutomlError::config("`target_score` must be a finite number"));
    }
    Ok(())
}

fn absolute(setting: &str, path: &Path) -> Result<PathBuf, AutomlError> {
    std::path::absolute(path).map_err(|error| {
        AutomlError::config(format!("`{setting}`: cannot resolve `{}`: {error}", path.display()))
    })
}

/// The time budget, filled in where nothing limits the search.
fn budget(config: &mut ExperimentConfig) -> Result<Option<Duration>, AutomlError> {
    if config.search.time.is_none() && config.search.trials.is_none() {
        config.search.time = Some(DEFAULT_TIME.to_owned());
    }
    let parse =
        |text: &String| parse_duration(text).map_err(|error| AutomlError::config(format!("`time`: {error}")));
    let time = config.search.time.as_ref().map(parse).transpose()?;
    // One search an outer fold, and the last one on all rows.
    let n_searches = config.nested.map_or(1, |folds| folds as u32 + 1);
    Ok(time.map(|time| time / n_searches))
}

fn table_options(config: &ExperimentConfig) -> TableOptions {
    let of_scheme = |scheme: Scheme| config.split.scheme.is_none_or(|given| given == scheme);
    TableOptions {
        target: config.target.clone(),
        task: config.task,
        metric: config.metric,
        positive: config.positive.clone(),
        columns: config.columns.clone(),
        group: config.split.group.clone().filter(|_| of_scheme(Scheme::Group)),
        time: config.split.time.clone().filter(|_| of_scheme(Scheme::Time)),
        weight: config.weight.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use automl_core::{Params, TrialState};

    use super::*;

    const ONE_SHAPE: &str = r#"
        data = "train.csv"
        target = "y"
        seed = 3
        search.families = ["mlp"]
        search.sampler = "random"
        search.pruner = "none"
        search.trials = 7
        [search.space]
        "mlp.n_layers" = 1
        "mlp.width" = 16
        "mlp.activation" = "relu"
        "mlp.optimizer" = "adamw"
        "mlp.batch_size" = 64
        "mlp.batch_norm" = false
        "mlp.max_epochs" = 8
        "prep.scaling" = "standard"
    "#;

    /// Trials of a search as if there were `threads` cores, and the most that ran at once.
    fn searched(dir: &Path, threads: usize) -> (Vec<TrialRecord>, usize) {
        let mut config: ExperimentConfig = toml::from_str(ONE_SHAPE).unwrap();
        config.data = dir.join("train.csv");
        config.out = Some(dir.join(threads.to_string()));
        let mut experiment = Experiment::prepare(config).unwrap();
        experiment.threads = threads;
        let folder = RunFolder::lock(&experiment.config.run_folder(), None).unwrap();
        let mut store = study::open(&folder, &experiment).unwrap();
        let (mut running, mut most) = (0_usize, 0);
        let mut count = |event: &Event<'_>| match event {
            Event::TrialStarted { .. } => {
                running += 1;
                most = most.max(running);
            }
            Event::TrialFinished { .. } => running -= 1,
            _ => {}
        };
        let stop = StopSignal::never();
        experiment.search(&folder, &mut store, Company::Alone, &stop, &mut count).unwrap();
        (store.trials().unwrap(), most)
    }

    #[test]
    fn trials_that_train_together_score_as_those_that_train_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut table = "x,z,y\n".to_owned();
        for row in 0..240 {
            let (x, z) = (row * 37 % 101, row * 53 % 89);
            writeln!(table, "{x},{z},{}", if x + z > 95 { "yes" } else { "no" }).unwrap();
        }
        std::fs::write(dir.path().join("train.csv"), table).unwrap();
        let ((alone, one), (together, most)) = (searched(dir.path(), 1), searched(dir.path(), 60));
        assert_eq!(one, 1);
        assert!(most > 1, "the folds of one configuration leave threads idle");
        assert_eq!((alone.len(), together.len()), (7, 7));
        for (alone, together) in alone.iter().zip(&together) {
            assert_eq!((&alone.params, alone.slot), (&together.params, together.slot));
            let (one, other) = (alone.cost.unwrap(), together.cost.unwrap());
            assert!((one - other).abs() < 1e-5, "{}: {one} alone, {other} together", alone.params);
        }
    }

    #[test]
    fn trials_side_by_side_use_time_once() {
        let trial = |start: f64, seconds: f64| TrialRecord {
            started_secs: start,
            seconds,
            ..TrialRecord::new(0, TrialState::Complete, Params::new())
        };
        let trials = [trial(10.0, 5.0), trial(12.0, 1.0), trial(100.0, 2.0), trial(13.0, 4.0)];
        assert_eq!(time_used(&trials), Duration::from_secs(9));
        assert_eq!(time_used(&[]), Duration::ZERO);
    }
}
