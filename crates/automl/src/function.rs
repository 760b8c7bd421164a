//! The least cost of any function: the search without a table.

use std::path::{Path, PathBuf};

use automl_core::{
    DataProfile, Event, FoldPlan, Metric, Objective, Observer, Params, SearchSpace, Seed, StopReason,
    StopSignal, Task, TrialRecord,
};
use automl_search::{ConfigError, SearchPlan, run_search};
use automl_store::{StudyFile, StudyHeader};

use crate::config::{ExperimentConfig, PrunerKind, SamplerKind};
use crate::duration::parse_duration;
use crate::error::AutomlError;
use crate::processes::{Role, WorkerName};
use crate::run::Run;
use crate::run_folder::{RunFolder, write_atomic};
use crate::{strategy, study};

/// A study of a function: which values of its parameters cost least. Its folder is a run folder like that of an experiment, with
/// leaderboard, charts and report, and is taken up again where it stands.
///
/// ```no_run
/// use automl::{Domain, FunctionStudy, ParamSpec, Params, SearchSpace, StopSignal, TrialContext, TrialError};
///
/// let space = SearchSpace::new(vec![
///     ParamSpec::new("x", Domain::float(-5.0, 10.0)),
///     ParamSpec::new("y", Domain::float(0.0, 15.0)),
/// ])?;
/// let mut cost = |params: &Params, _: &mut TrialContext<'_>| -> Result<f64, TrialError> {
///     let (x, y) = (params.float("x")?, params.float("y")?);
///     Ok((y - x * x).powi(2) + (x - 1.0).powi(2))
/// };
/// let study = FunctionStudy::new("runs/banana").trials(50);
/// let found = study.optimize(&space, &mut cost, &StopSignal::never(), &mut ())?;
/// println!("{:?}", found.best.map(|trial| trial.params));
/// # Ok::<(), automl::AutomlError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FunctionStudy {
    config: ExperimentConfig,
    initial: Vec<Params>,
}

/// What the search for the least cost found.
#[derive(Debug, Clone)]
pub struct FunctionResult {
    /// The complete trial of least cost; `None` if none completed.
    pub best: Option<TrialRecord>,
    /// Why the search ended before all wanted trials were done.
    pub stopped: Option<StopReason>,
    /// The run folder.
    pub folder: PathBuf,
    /// The report.
    pub report: PathBuf,
}

impl FunctionStudy {
    /// A study that is kept in `folder`, by [`SamplerKind::Auto`], without pruning.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let mut config =
            ExperimentConfig { name: Some(name), out: Some(folder), ..ExperimentConfig::default() };
        config.metric = Some(Metric::Cost);
        config.search.pruner = PrunerKind::None;
        Self { config, initial: Vec::new() }
    }

    /// Number of finished trials wanted, those of earlier runs included.
    #[must_use]
    pub fn trials(mut self, trials: usize) -> Self {
        self.config.search.trials = Some(trials);
        self
    }

    /// Time of one run, such as `90s` or `5m`.
    #[must_use]
    pub fn time(mut self, time: &str) -> Self {
        self.config.search.time = Some(time.to_owned());
        self
    }

    /// Seed of every random choice; 0 unless said otherwise.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// What proposes values.
    #[must_use]
    pub fn sampler(mut self, sampler: SamplerKind) -> Self {
        self.config.search.sampler = sampler;
        self
    }

    /// What ends trials that cannot catch up, by the costs that they report on their way
    /// ([`TrialContext::report`](automl_core::TrialContext::report)); Hyperband takes steps up to 100 for the whole way.
    #[must_use]
    pub fn pruner(mut self, pruner: PrunerKind) -> Self {
        self.config.search.pruner = pruner;
        self
    }

    /// Values to try before the sampler is asked.
    #[must_use]
    pub fn first(mut self, initial: Vec<Params>) -> Self {
        self.initial = initial;
        self
    }

    /// The run folder.
    pub fn folder(&self) -> PathBuf {
        self.config.run_folder()
    }

    /// Evaluates `objective` until a limit is reached or `stop` asks for the end; the report is written at the end.
    ///
    /// # Errors
    /// [`AutomlError::Config`] if neither trials nor time are limited, or a setting is wrong; [`AutomlError::OtherStudy`] if the
    /// folder holds a study of another seed, or of a narrower space; [`AutomlError::Search`] for a fatal error of the objective. Every trial that was
    /// finished before is kept.
    pub fn optimize(
        &self,
        space: &SearchSpace,
        objective: &mut dyn Objective,
        stop: &StopSignal,
        observer: &mut dyn Observer,
    ) -> Result<FunctionResult, AutomlError> {
        let search = &self.config.search;
        if search.trials.is_none() && search.time.is_none() {
            return Err(AutomlError::config("neither the number of trials nor the time is limited")
                .with_hint("say `.trials(100)`, `.time(\"1m\")`, or both"));
        }
        let wrong = |reason: String| AutomlError::config(format!("`time`: {reason}"));
        let time = search.time.as_deref().map(parse_duration).transpose().map_err(wrong)?;
        for params in &self.initial {
            space.check(params)?;
        }
        let refused = |error: ConfigError| AutomlError::config(error.to_string());
        let sampler = strategy::sampler(&self.config);
        let pruner = strategy::pruner(&self.config, 1).map_err(refused)?;
        let stoppers = strategy::stoppers(&self.config, Metric::Cost);
        let root = self.folder();
        let folder = RunFolder::lock(&root, None)?;
        let mut store = self.open(&folder, space)?;
        store.set_worker(&WorkerName::this(Role::Search).to_string());
        write_atomic(&folder.config(), self.config.to_toml()?.as_bytes())?;
        let stop = stop.within(time);
        let plan = SearchPlan {
            space,
            initial: &self.initial,
            sampler: sampler.as_ref(),
            pruner: pruner.as_ref(),
            stoppers: &stoppers.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
            seed: Seed(self.config.seed),
            n_trials: search.trials,
            stop: &stop,
            is_shared: false,
        };
        let summary = run_search(&plan, &mut store, objective, observer)?;
        observer.on_event(&Event::Stage { message: "making the report" });
        drop(store);
        let run = Run::open(&root)?;
        run.write_leaderboard()?;
        let report = run.write_report_stopped(summary.stopped == Some(StopReason::Interrupted))?;
        Ok(FunctionResult { best: summary.best, stopped: summary.stopped, folder: root, report })
    }

    fn open(&self, folder: &RunFolder, space: &SearchSpace) -> Result<StudyFile, AutomlError> {
        let wanted = self.header(space)?;
        let path = folder.study();
        let mut store = StudyFile::open_or_create(&path, &wanted)?;
        let found = store.header()?;
        check_same(folder.root(), &found, &wanted)?;
        study::check_space(folder, &found.initial, &wanted.initial)?;
        if found.config != wanted.config || found.initial != wanted.initial {
            store.set_config(&wanted.config, &wanted.initial)?;
        }
        Ok(store)
    }

    fn header(&self, space: &SearchSpace) -> Result<StudyHeader, AutomlError> {
        Ok(StudyHeader {
            name: self.config.resolved_name(),
            metric: Metric::Cost,
            objectives: vec![Metric::Cost.into()],
            task: Task::Regression,
            seed: Seed(self.config.seed),
            data_hash: String::new(),
            config: self.config.to_toml()?,
            fold_plan: study::json(&FoldPlan { holdout: Vec::new(), folds: Vec::new() })?,
            data_profile: study::json(&no_data())?,
            initial: study::search_text(space, &self.initial)?,
            automl_version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }
}

/// A function has no table.
fn no_data() -> DataProfile {
    DataProfile {
        n_rows: 0,
        n_dropped: 0,
        task: Task::Regression,
        task_reason: "a function".to_owned(),
        target: Metric::Cost.name(),
        labels: Vec::new(),
        class_counts: Vec::new(),
        columns: Vec::new(),
    }
}

/// Costs are comparable only if they are of one kind, and a resumed search the same only by its seed.
fn check_same(folder: &Path, found: &StudyHeader, wanted: &StudyHeader) -> Result<(), AutomlError> {
    let pairs = [
        ("metric", found.metric.name(), wanted.metric.name()),
        ("seed", found.seed.value().to_string(), wanted.seed.value().to_string()),
    ];
    match pairs.into_iter().find(|(_, found, wanted)| found != wanted) {
        None => Ok(()),
        Some((what, found, wanted)) => Err(AutomlError::OtherStudy {
            folder: folder.to_owned(),
            what,
            found: format!("`{found}`"),
            wanted: format!("`{wanted}`"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Domain, Hint, ParamSpec, TrialContext, TrialError, TrialState};

    use super::*;

    fn space(high: f64) -> SearchSpace {
        SearchSpace::new(vec![
            ParamSpec::new("x", Domain::float(-5.0, high)),
            ParamSpec::new("kind", Domain::choice(&["plain", "shifted"])),
        ])
        .unwrap()
    }

    fn parabola(params: &Params, trial: &mut TrialContext<'_>) -> Result<f64, TrialError> {
        let x = params.float("x")?;
        if x > 4.0 {
            return Err(TrialError::failed(format!("{x} is too much")));
        }
        trial.report(0, x.abs())?;
        Ok((x - 1.0).powi(2) + if params.text("kind")? == "shifted" { 1.0 } else { 0.0 })
    }

    fn optimize(study: &FunctionStudy, high: f64) -> Result<FunctionResult, AutomlError> {
        study.optimize(&space(high), &mut parabola, &StopSignal::never(), &mut ())
    }

    #[test]
    fn a_function_is_optimised_and_gone_on_with() {
        let dir = tempfile::tempdir().unwrap();
        let study = FunctionStudy::new(dir.path().join("parabola")).seed(3);
        let first = Params::new().with("x", 4.5).with("kind", "plain");
        let found = optimize(&study.clone().first(vec![first.clone()]).trials(12), 5.0).unwrap();
        let run = Run::open(&found.folder).unwrap();
        assert_eq!(run.trials().len(), 12);
        assert_eq!((run.trials()[0].state, &run.trials()[0].params), (TrialState::Failed, &first));
        assert!(found.report.is_file() && found.folder.join("leaderboard.csv").is_file());
        let board = run.leaderboard();
        assert_eq!(board.rows[0].score, found.best.as_ref().and_then(|best| best.cost));
        // Twelve trials are kept, as many again are run, in a wider space.
        let found = optimize(&study.clone().trials(40), 6.0).unwrap();
        assert_eq!(Run::open(&found.folder).unwrap().trials().len(), 40);
        let best = found.best.unwrap();
        assert!(best.cost.unwrap() < 0.1 && best.params.text("kind") == Ok("plain"), "{best:?}");
        let narrower = optimize(&study.clone().trials(41), 2.0).unwrap_err();
        assert!(narrower.to_string().contains("search space"), "{narrower}");
        let other = optimize(&study.seed(4).trials(41), 6.0).unwrap_err();
        assert!(other.to_string().ends_with("another seed: `3` there, `4` now"), "{other}");
    }

    #[test]
    fn its_report_speaks_of_no_table_and_no_model() {
        let dir = tempfile::tempdir().unwrap();
        let found = optimize(&FunctionStudy::new(dir.path().join("parabola")).trials(20), 3.0).unwrap();
        let page = std::fs::read_to_string(&found.report).unwrap();
        assert!(
            page.contains("The least cost found is ") && page.contains("It is that of kind = plain, x = ")
        );
        for word in [
            "Predicts",
            "0 rows",
            ">Target<",
            ">Split<",
            "id=\"data\"",
            "SHA-256",
            "automl search",
            ">Family<",
            "folds",
        ] {
            assert!(!page.contains(word), "{word}");
        }
        let run = Run::open(&found.folder).unwrap();
        let names: Vec<String> = run.charts().unwrap().into_iter().map(|chart| chart.name).collect();
        let has = |name: &str| names.iter().any(|own| own == name);
        assert!(["history", "importance", "slices"].into_iter().all(has), "{names:?}");
    }

    #[test]
    fn it_wants_a_limit_and_a_folder_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let study = FunctionStudy::new(dir.path().join("f"));
        let error = optimize(&study, 3.0).unwrap_err();
        assert!(!study.folder().exists() && error.hints()[0].contains(".trials(100)"), "{error}");
        let outside = Params::new().with("x", 40.0).with("kind", "plain");
        assert!(matches!(optimize(&study.trials(1).first(vec![outside]), 3.0), Err(AutomlError::Space(_))));
    }
}
