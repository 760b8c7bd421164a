//! What one trial may take: time and memory.

use std::str::FromStr;
use std::time::{Duration, Instant};

use automl_core::{MemoryNeed, StopSignal, TrialError, counted};
use bytesize::ByteSize;

use crate::config::ExperimentConfig;
use crate::duration::{format_duration, parse_duration};
use crate::error::AutomlError;
use crate::machine;

/// A trial takes no more than this share of the search's time, unless told.
const TIME_SHARE: u32 = 4;
/// Of the memory that is free when a search begins, what its trials may use, unless told.
const MEMORY_SHARE: f64 = 0.8;
/// What a fold beside others takes of the time of the first, which trains alone: at best, on several cores.
const BESIDE: f64 = 0.5;

/// What one trial may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Wall-clock time; `None` where the search itself has no end in time.
    pub(crate) time: Option<Duration>,
    /// Bytes of the host's memory.
    pub(crate) memory: ByteSize,
}

impl Limits {
    /// Those of a search of `time`, whose memory `n_jobs` workers share.
    ///
    /// # Errors
    /// [`AutomlError::Config`] if what the configuration says cannot be read.
    pub(crate) fn of(
        config: &ExperimentConfig,
        time: Option<Duration>,
        n_jobs: usize,
    ) -> Result<Self, AutomlError> {
        let wrong = |name: &str, error: String| AutomlError::config(format!("`{name}`: {error}"));
        let given = config.search.trial_time.as_deref().map(parse_duration).transpose();
        let given = given.map_err(|error| wrong("trial_time", error))?;
        let memory = match &config.memory {
            Some(text) => parse_memory(text).map_err(|error| wrong("memory", error))?,
            None => (machine::free_memory() as f64 * MEMORY_SHARE) as u64,
        };
        let time = given.or_else(|| time.map(|time| time / TIME_SHARE));
        Ok(Self { time, memory: ByteSize(memory / n_jobs.max(1) as u64) })
    }
}

/// Reads a size of memory such as `4GB` or `512 MiB`, in bytes; a bare number is bytes.
///
/// # Errors
/// A sentence fragment naming the text, when it is none or is zero.
pub fn parse_memory(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size of memory; write for example 4GB or 512MiB");
    ByteSize::from_str(text.trim()).ok().map(|size| size.0).filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

/// The time of one trial.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
    limit: Option<Duration>,
    n_folds: usize,
}

impl Clock {
    /// Starts now.
    pub(crate) fn start(limit: Option<Duration>, n_folds: usize) -> Self {
        Self { started: Instant::now(), limit, n_folds }
    }

    /// `stop` with the deadline of the first `n_done` folds: those who cannot be done in time should not begin.
    pub(crate) fn until(&self, n_done: usize, stop: &StopSignal) -> StopSignal {
        match self.allowed(n_done) {
            Some(allowed) => stop.with_deadline(self.started + allowed),
            None => stop.clone(),
        }
    }

    /// The end of a trial whose first `n_done` folds took too long.
    pub(crate) fn too_long(&self, n_done: usize) -> TrialError {
        let shown = |time: Option<Duration>| time.map(format_duration).unwrap_or_default();
        TrialError::TooLong {
            reason: format!(
                "{} were not enough for {n_done} of {}: a trial may take {} (`trial_time`)",
                shown(self.allowed(n_done)),
                counted(self.n_folds, "fold"),
                shown(self.limit)
            ),
        }
    }

    fn allowed(&self, n_done: usize) -> Option<Duration> {
        let work = |n_folds: usize| 1.0 + BESIDE * (n_folds.max(1) - 1) as f64;
        self.limit.map(|limit| limit.mul_f64((work(n_done) / work(self.n_folds)).min(1.0)))
    }
}

/// How many fits of a trial are in memory together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    allowed: ByteSize,
    used: u64,
}

impl Room {
    /// Of `allowed` bytes, none in use.
    pub(crate) fn new(allowed: ByteSize) -> Self {
        Self { allowed, used: 0 }
    }

    /// Takes what a fit with designs of `designs` bytes needs, if there is room.
    pub(crate) fn take(&mut self, designs: u64, need: MemoryNeed) -> bool {
        let used = self.used.saturating_add(designs).saturating_add(need.fit);
        let has_room = used <= self.allowed.0;
        if has_room {
            self.used = used;
        }
        has_room
    }

    /// Takes what stays of a fit when it is over: its model.
    pub(crate) fn keep(&mut self, need: MemoryNeed) {
        self.used = self.used.saturating_add(need.model);
    }

    /// The end of a trial of which one fit alone has no room.
    pub(crate) fn too_small(&self, designs: u64, need: MemoryNeed) -> TrialError {
        let needed = ByteSize(self.used.saturating_add(designs).saturating_add(need.fit));
        TrialError::Failed {
            reason: format!("needs about {needed} of memory, and {} may be used (`memory`)", self.allowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use automl_core::StopReason;

    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in
            [("4GB", 4_000_000_000), ("512 MiB", 512 << 20), (" 1.5GiB", 3 << 29), ("77", 77)]
        {
            assert_eq!(parse_memory(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "-4GB", "much", "4 parsecs"] {
            let error = parse_memory(text).unwrap_err();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn the_time_of_a_trial_is_its_own_or_a_quarter_of_the_search_s() {
        let mut config = ExperimentConfig::new("a.csv", "y");
        config.memory = Some("8GB".to_owned());
        let limits = |config: &ExperimentConfig, time| Limits::of(config, time, 2).unwrap();
        assert_eq!(limits(&config, None), Limits { time: None, memory: ByteSize::gb(4) });
        let minute = Duration::from_secs(60);
        assert_eq!(limits(&config, Some(minute)).time, Some(Duration::from_secs(15)));
        config.search.trial_time = Some("40s".to_owned());
        assert_eq!(limits(&config, Some(minute)).time, Some(Duration::from_secs(40)));
        config.memory = Some("plenty".to_owned());
        assert!(Limits::of(&config, None, 1).unwrap_err().to_string().contains("`plenty`"));
    }

    #[test]
    fn the_first_fold_has_its_share_of_a_trial_s_time() {
        let clock = Clock::start(Some(Duration::from_secs(30)), 5);
        assert_eq!(clock.allowed(1), Some(Duration::from_secs(10)));
        assert_eq!(clock.allowed(5), Some(Duration::from_secs(30)));
        assert_eq!(Clock::start(Some(Duration::from_secs(30)), 1).allowed(1), Some(Duration::from_secs(30)));
        let over = Clock::start(Some(Duration::ZERO), 5);
        assert_eq!(over.until(1, &StopSignal::never()).check(), Some(StopReason::TimeUp));
        assert_eq!(Clock::start(None, 5).until(1, &StopSignal::never()).check(), None);
        let told = clock.too_long(1).to_string();
        assert_eq!(told, "10 s were not enough for 1 of 5 folds: a trial may take 30 s (`trial_time`)");
    }

    #[test]
    fn fits_are_together_while_there_is_room() {
        let need = MemoryNeed { fit: 300, model: 100 };
        let mut room = Room::new(ByteSize(1000));
        room.keep(need);
        assert!(room.take(100, need));
        assert!(room.take(100, need));
        assert!(!room.take(100, need));
        assert!(Room { used: 900, ..room }.take(0, MemoryNeed { fit: 100, model: 0 }));
        let told =
            Room::new(ByteSize::kib(1)).too_small(1024, MemoryNeed { fit: 1024, model: 0 }).to_string();
        assert_eq!(told, "needs about 2.0 KiB of memory, and 1.0 KiB may be used (`memory`)");
    }
}
