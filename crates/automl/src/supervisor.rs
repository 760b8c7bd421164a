//! A search by worker processes: starts them, tells what they do, and makes up for those that die.
//!
//! Supervisor and workers meet in the store. A worker that dies costs its trial one try, whatever killed it: a
//! person, the system for lack of memory, or native code. At the end of the time budget workers that do not stop by
//! themselves are killed, so that no trial, whatever it is doing, keeps a search from ending.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use automl_core::trial::OUT_OF_MEMORY;
use automl_core::{
    Evaluation, Event, Lost, Observer, SearchSpace, StopReason, StopSignal, Stopper, StoreError,
    TrialOutcome, TrialRecord, TrialState, TrialStore,
};
use automl_search::announce;
use automl_store::StudyFile;

use crate::error::AutomlError;
use crate::processes::{End, Role, WorkerName, memory_kills};
use crate::run_folder::{RunFolder, io_error};
use crate::watch::Watch;

/// How often workers and store are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Time that workers get to stop by themselves: networks look between batches, and one batch takes far less.
const GRACE: Duration = Duration::from_millis(1500);

/// Workers that may end by an error one after another, with no trial finished in between: one that cannot start, or cannot write
/// what it has trained, is followed by others that cannot either.
const MOST_FAILURES: usize = 3;

/// How a search uses worker processes.
#[derive(Debug, Clone)]
pub struct Jobs {
    /// How many of them.
    pub n: usize,
    /// The program `automl`, whose command `worker` they run.
    pub program: PathBuf,
}

/// What the workers are told.
pub(crate) struct Orders<'a> {
    pub(crate) jobs: &'a Jobs,
    pub(crate) folder: &'a RunFolder,
    /// Threads of one worker.
    pub(crate) threads: usize,
    pub(crate) space: &'a SearchSpace,
    /// Trials wanted in all.
    pub(crate) n_trials: Option<usize>,
    pub(crate) stoppers: &'a [&'a dyn Stopper],
}

/// Runs workers until they have done what is wanted, the deadline of `stop` has passed, or it is interrupted.
pub(crate) fn supervise(
    orders: &Orders<'_>,
    store: &mut StudyFile,
    stop: &StopSignal,
    observer: &mut dyn Observer,
) -> Result<Option<StopReason>, AutomlError> {
    let n_lost = requeue_orphans(store)?;
    let mut watch = Watch::new(orders.space.clone());
    watch.look(store, &mut ())?;
    announce(watch.progress.history().len(), orders.n_trials, n_lost, stop, observer);
    let mut crew = Crew::new(orders)?;
    let result = keep_going(orders, &mut crew, &mut watch, store, stop, observer);
    crew.dismiss();
    crew.bury(store, &mut watch, observer)?;
    watch.look(store, observer)?;
    let stopped = result?;
    remove_silent_logs(&orders.folder.workers());
    observer.on_event(&Event::SearchFinished { stopped });
    Ok(stopped)
}

fn keep_going(
    orders: &Orders<'_>,
    crew: &mut Crew<'_>,
    watch: &mut Watch,
    store: &mut StudyFile,
    stop: &StopSignal,
    observer: &mut dyn Observer,
) -> Result<Option<StopReason>, AutomlError> {
    loop {
        watch.look(store, observer)?;
        if orders.n_trials.is_some_and(|wanted| watch.progress.history().len() >= wanted) {
            return Ok(None);
        }
        if let Some(reason) = stop.check() {
            return Ok(Some(reason));
        }
        if let Some(reason) =
            orders.stoppers.iter().find_map(|stopper| stopper.enough(watch.progress.history()))
        {
            return Ok(Some(reason));
        }
        crew.bury(store, watch, observer)?;
        // A worker ends by itself when nothing is left to try, as after the last point of a grid.
        if crew.n_done >= orders.jobs.n {
            return Ok(None);
        }
        crew.fill(stop)?;
        std::thread::sleep(LOOK);
    }
}

/// Leaves the logs of workers that said something. What cannot be removed does no harm.
fn remove_silent_logs(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if fs::metadata(&path).is_ok_and(|about| about.is_file() && about.len() == 0) {
            drop(fs::remove_file(&path));
        }
    }
    drop(fs::remove_dir(folder));
}

/// Puts back what workers of an earlier search were running. Their processes end when their search does; they get a
/// moment for it, so that this search sees the study as it will stay.
fn requeue_orphans(store: &mut StudyFile) -> Result<usize, AutomlError> {
    let deadline = Instant::now() + 2 * GRACE;
    let mut n_lost = 0;
    loop {
        let mut is_waiting = false;
        let running = store.trials()?.into_iter().filter(|trial| trial.state == TrialState::Running);
        let names: BTreeSet<String> = running.filter_map(|trial| trial.worker).collect();
        for text in names {
            let Some(name) = WorkerName::parse(&text) else { continue };
            if name.is_gone() || (name.is_of_local_search() && Instant::now() >= deadline) {
                n_lost += store.requeue_lost(Lost::Worker(&text), "its process ended before it did")?.len();
            } else {
                is_waiting |= name.is_of_local_search();
            }
        }
        if !is_waiting {
            return Ok(n_lost);
        }
        std::thread::sleep(LOOK);
    }
}

/// One worker process.
struct Worker {
    child: Child,
    name: String,
    log: PathBuf,
}

/// The workers of a search. Dropping it ends them.
struct Crew<'a> {
    orders: &'a Orders<'a>,
    workers: Vec<Worker>,
    /// Workers started so far: names their logs.
    n_started: usize,
    /// Workers that ended by themselves, with nothing left to do.
    n_done: usize,
    /// Workers that ended by an error since a trial was finished.
    n_failures: usize,
    /// Trials that were finished when the last of them did.
    n_finished: usize,
    memory_kills: u64,
    /// Slots whose trial crashed its worker once.
    crashed: BTreeSet<u32>,
}

impl<'a> Crew<'a> {
    fn new(orders: &'a Orders<'a>) -> Result<Self, AutomlError> {
        let logs = orders.folder.workers();
        fs::create_dir_all(&logs).map_err(|source| io_error("create", &logs, source))?;
        Ok(Self {
            orders,
            workers: Vec::new(),
            n_started: 0,
            n_done: 0,
            n_failures: 0,
            n_finished: 0,
            memory_kills: memory_kills(),
            crashed: BTreeSet::new(),
        })
    }

    /// Starts workers until there are as many as wanted.
    fn fill(&mut self, stop: &StopSignal) -> Result<(), AutomlError> {
        while self.workers.len() + self.n_done < self.orders.jobs.n {
            let log = self.orders.folder.workers().join(format!("{}.log", self.n_started));
            let output = File::create(&log).map_err(|source| io_error("create", &log, source))?;
            let mut command = Command::new(&self.orders.jobs.program);
            command.args(["worker", "--job", "--study"]).arg(self.orders.folder.study());
            command.args(["--threads", &self.orders.threads.to_string()]);
            if let Some(left) = stop.time_left() {
                command.args(["--time", &format!("{:.3}s", left.as_secs_f64().max(0.001))]);
            }
            let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(output).spawn();
            let program = &self.orders.jobs.program;
            let child = child.map_err(|source| io_error("start", program, source))?;
            let name = WorkerName { pid: child.id(), ..WorkerName::this(Role::Job) }.to_string();
            self.workers.push(Worker { child, name, log });
            self.n_started += 1;
        }
        Ok(())
    }

    /// Deals with workers that ended: with the trials they were running, and with those that cannot even start.
    fn bury(
        &mut self,
        store: &mut StudyFile,
        watch: &mut Watch,
        observer: &mut dyn Observer,
    ) -> Result<(), AutomlError> {
        let mut place = 0;
        while place < self.workers.len() {
            let worker = &mut self.workers[place];
            let path = &self.orders.jobs.program;
            let status = worker.child.try_wait().map_err(|source| io_error("watch", path, source))?;
            let Some(status) = status else {
                place += 1;
                continue;
            };
            let worker = self.workers.swap_remove(place);
            let kills = memory_kills();
            let log = fs::read_to_string(&worker.log).unwrap_or_default();
            let end = End::judge(status, &log, kills > self.memory_kills);
            self.memory_kills = kills;
            watch.look(store, observer)?;
            let running = watch.running_of(&worker.name);
            for trial in &running {
                self.end_trial(store, watch, trial, &end, observer)?;
            }
            match end {
                End::Done => self.n_done += 1,
                // Somebody else's doing, from which nothing follows for the next one.
                End::Killed => {}
                // The trial that it died of is tried once more, and no third time.
                _ if !running.is_empty() => {}
                _ => {
                    let n_finished = watch.progress.history().len();
                    let is_in_a_row = n_finished == self.n_finished;
                    self.n_failures = if is_in_a_row { self.n_failures + 1 } else { 1 };
                    self.n_finished = n_finished;
                    if self.n_failures >= MOST_FAILURES {
                        return Err(cannot_work(&end, &worker.log));
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts the trial of a dead worker back, or fails it if it has done the same before.
    fn end_trial(
        &mut self,
        store: &mut StudyFile,
        watch: &mut Watch,
        trial: &TrialRecord,
        end: &End,
        observer: &mut dyn Observer,
    ) -> Result<(), AutomlError> {
        let (reason, is_again) = match end {
            End::Done | End::Killed => ("its worker was killed".to_owned(), false),
            End::OutOfMemory => (
                format!(
                    "{OUT_OF_MEMORY}: its worker was ended because the memory of this machine was used up"
                ),
                watch.progress.ran_out_of_memory(trial.slot),
            ),
            End::Crashed(how) => (format!("its worker ended with {how}"), !self.crashed.insert(trial.slot)),
        };
        let state = if is_again { TrialState::Failed } else { TrialState::Lost };
        let next = match (is_again, end) {
            (true, _) => "it failed twice, so it is not tried again",
            (false, End::OutOfMemory) => "it is tried once more, one fold at a time",
            _ => "it is tried again",
        };
        let message = format!("trial {}: {reason}; {next}", trial.number);
        let outcome = TrialOutcome {
            state,
            cost: None,
            other_costs: Vec::new(),
            reason: Some(reason),
            evaluation: Evaluation { steps: trial.steps.clone(), ..Evaluation::default() },
            seconds: (automl_store::now_secs() - trial.started_secs).max(0.0),
        };
        match store.finish(trial.number, &outcome) {
            Ok(_) => {}
            // The worker finished it with its last breath.
            Err(StoreError::NotRunning { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        if *end != End::Done {
            store.record_event("warning", &message)?;
            observer.on_event(&Event::Warning { message: &message });
        }
        watch.look(store, observer)?;
        Ok(())
    }

    /// Asks all workers to stop, and kills those that do not.
    fn dismiss(&mut self) {
        for worker in &mut self.workers {
            if let Some(stdin) = &mut worker.child.stdin {
                // A worker that is gone already has no need to hear it.
                drop(stdin.write_all(b"stop\n").and_then(|()| stdin.flush()));
            }
        }
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline && self.workers.iter_mut().any(|worker| is_alive(&mut worker.child)) {
            std::thread::sleep(LOOK / 4);
        }
        for worker in &mut self.workers {
            // An error says that it has ended meanwhile.
            drop(worker.child.kill());
            drop(worker.child.wait());
        }
    }
}

impl Drop for Crew<'_> {
    fn drop(&mut self) {
        self.dismiss();
    }
}

fn is_alive(child: &mut Child) -> bool {
    matches!(child.try_wait(), Ok(None))
}

fn cannot_work(end: &End, log: &Path) -> AutomlError {
    let how = match end {
        End::Crashed(how) => how.clone(),
        End::OutOfMemory => "the memory of this machine was used up".to_owned(),
        End::Done | End::Killed => "they were killed".to_owned(),
    };
    AutomlError::Workers { how, log: log.to_owned() }
}
