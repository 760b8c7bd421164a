//! One worker of a study: it reads what to do from the study file and meets the others nowhere else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use automl_core::{Event, Observer, StopSignal, StoreError, TrialStore};
use automl_search::SearchSummary;
use automl_store::StudyFile;

use crate::config::ExperimentConfig;
use crate::error::AutomlError;
use crate::experiment::{Company, Experiment};
use crate::processes::{Role, WorkerName};
use crate::run_folder::RunFolder;
use crate::study;

/// How often a worker says that it is alive.
const BEAT: Duration = Duration::from_secs(5);

/// How one worker works.
#[derive(Debug, Clone, Default)]
pub struct WorkerOptions {
    /// Threads that training uses; all cores if absent.
    pub threads: Option<usize>,
    /// Time after which no trial begins and the running one stops; without it the study's own limits alone hold.
    pub time: Option<Duration>,
    /// Whether a search started it: it then ends when the study's search does.
    pub is_job: bool,
}

/// Works on the study in `study` until its limits are reached, `options.time` is over or `stop` says so.
///
/// The study's configuration names the data by their absolute path; a worker on another machine needs them at the
/// same place.
///
/// # Errors
/// [`AutomlError`] if the study or its data cannot be read, or if the data are not those of the study.
pub fn work(
    study: &Path,
    options: &WorkerOptions,
    stop: &StopSignal,
    observer: &mut dyn Observer,
) -> Result<SearchSummary, AutomlError> {
    let header = StudyFile::open_read_only(study)?.header()?;
    let mut config: ExperimentConfig = toml::from_str(&header.config)
        .map_err(|error| AutomlError::config(format!("the study's configuration is wrong: {error}")))?;
    config.threads = options.threads;
    let stop = stop.within(options.time);
    let experiment = Experiment::prepare(config)?;
    let folder = RunFolder::of_study(study, &experiment.config);
    let mut store = StudyFile::open(study)?;
    study::check(&folder, &store.header()?, &experiment)?;
    let role = if options.is_job { Role::Job } else { Role::Worker };
    store.set_worker(&WorkerName::this(role).to_string());
    let has_limit = options.time.is_some() || experiment.config.search.trials.is_some();
    let search = (!has_limit).then(|| folder.root().to_owned());
    if search.as_deref().is_some_and(|root| !RunFolder::is_searched(root)) {
        return Err(AutomlError::config("no search of this study is running and nothing limits the worker")
            .with_hint("say how long it works with `--time`, or start `automl search` first"));
    }
    let heart = Heart::start(study, search, stop.clone())?;
    let company = if options.is_job { Company::Jobs } else { Company::Guest };
    experiment.search(&folder, &mut store, company, &stop, &mut heart.listening(observer))
}

/// Numbers of the trials that a worker runs.
#[derive(Debug, Clone, Default)]
struct Running(Arc<Mutex<BTreeSet<u32>>>);

impl Running {
    fn numbers(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that says every few seconds that the worker of running trials is alive.
pub(crate) struct Heart {
    running: Running,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Heart {
    /// Opens the study a second time, for the thread alone. With a run folder as `search`, work ends when no search of
    /// the folder runs any more, even if that was killed.
    pub(crate) fn start(
        study: &Path,
        search: Option<PathBuf>,
        stop: StopSignal,
    ) -> Result<Self, AutomlError> {
        let mut store = StudyFile::open(study)?;
        let n_ends = ends(&store)?;
        let running = Running::default();
        let is_over = Arc::new(AtomicBool::new(false));
        let (beats, over) = (running.clone(), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            let mut last = Instant::now();
            while !over.load(Ordering::Relaxed) {
                std::thread::park_timeout(BEAT.saturating_sub(last.elapsed()));
                if last.elapsed() < BEAT {
                    continue;
                }
                last = Instant::now();
                let numbers = beats.numbers().clone();
                let has_beaten = numbers.into_iter().all(|number| match store.heartbeat(number) {
                    Ok(()) => true,
                    // Taken for lost, for example while this machine slept: the trial's next report says so.
                    Err(StoreError::NotRunning { .. }) => {
                        beats.numbers().remove(&number);
                        true
                    }
                    Err(_) => false,
                });
                let is_searched = search.as_deref().is_none_or(RunFolder::is_searched);
                let is_well = has_beaten && ends(&store).is_ok_and(|n| n == n_ends) && is_searched;
                // The search ended, or the store cannot be used, which ends the trial with its next report too; but
                // a trial that reports nothing should not go on for hours.
                if !is_well {
                    stop.interrupt();
                }
            }
        });
        Ok(Self { running, is_over, thread: Some(thread) })
    }
}

/// How often a search of this study came to its end.
fn ends(store: &StudyFile) -> Result<usize, StoreError> {
    Ok(store.events()?.iter().filter(|event| event.kind == study::END).count())
}

impl Heart {
    /// Passes events on, and learns from them which trial runs.
    pub(crate) fn listening<'a>(&self, observer: &'a mut dyn Observer) -> Beating<'a> {
        Beating { running: self.running.clone(), observer }
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there has been printed; the trials it spoke for are stored.
            drop(thread.join());
        }
    }
}

/// Tells the heart which trials run.
pub(crate) struct Beating<'a> {
    running: Running,
    observer: &'a mut dyn Observer,
}

impl Observer for Beating<'_> {
    fn on_event(&mut self, event: &Event<'_>) {
        match event {
            Event::TrialStarted { number, .. } => {
                self.running.numbers().insert(*number);
            }
            Event::TrialFinished { trial, .. } => {
                self.running.numbers().remove(&trial.number);
            }
            _ => {}
        }
        self.observer.on_event(event);
    }
}
