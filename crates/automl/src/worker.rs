//! One worker of a study: it reads what to do from the study file and meets the others nowhere else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
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

/// No trial is being run.
const NO_TRIAL: u32 = u32::MAX;

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
    let stop = options.time.map_or_else(|| stop.clone(), |time| stop.with_deadline(Instant::now() + time));
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

/// A thread that says every few seconds that the running trial's worker is alive.
pub(crate) struct Heart {
    trial: Arc<AtomicU32>,
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
        let trial = Arc::new(AtomicU32::new(NO_TRIAL));
        let is_over = Arc::new(AtomicBool::new(false));
        let (beats, over) = (Arc::clone(&trial), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            let mut last = Instant::now();
            while !over.load(Ordering::Relaxed) {
                std::thread::park_timeout(BEAT.saturating_sub(last.elapsed()));
                if last.elapsed() < BEAT {
                    continue;
                }
                last = Instant::now();
                let number = beats.load(Ordering::Relaxed);
                let beaten = if number == NO_TRIAL { Ok(()) } else { store.heartbeat(number) };
                let is_searched = search.as_deref().is_none_or(RunFolder::is_searched);
                let is_well = match beaten {
                    // Taken for lost, for example while this machine slept: the trial's next report says so.
                    Ok(()) | Err(StoreError::NotRunning { .. }) => ends(&store).is_ok_and(|n| n == n_ends),
                    Err(_) => false,
                };
                let is_well = is_well && is_searched;
                // The search ended, or the store cannot be used, which ends the trial with its next report too; but
                // a trial that reports nothing should not go on for hours.
                if !is_well {
                    stop.interrupt();
                }
            }
        });
        Ok(Self { trial, is_over, thread: Some(thread) })
    }
}

/// How often a search of this study came to its end.
fn ends(store: &StudyFile) -> Result<usize, StoreError> {
    Ok(store.events()?.iter().filter(|event| event.kind == study::END).count())
}

impl Heart {
    /// Passes events on, and learns from them which trial runs.
    pub(crate) fn listening<'a>(&self, observer: &'a mut dyn Observer) -> Beating<'a> {
        Beating { trial: Arc::clone(&self.trial), observer }
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

/// Tells the heart which trial runs.
pub(crate) struct Beating<'a> {
    trial: Arc<AtomicU32>,
    observer: &'a mut dyn Observer,
}

impl Observer for Beating<'_> {
    fn on_event(&mut self, event: &Event<'_>) {
        match event {
            Event::TrialStarted { number, .. } => self.trial.store(*number, Ordering::Relaxed),
            Event::TrialFinished { .. } => self.trial.store(NO_TRIAL, Ordering::Relaxed),
            _ => {}
        }
        self.observer.on_event(event);
    }
}
