//! Deadlines and interrupts. Long work asks a [`StopSignal`] between batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Why work was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The time budget is used up.
    TimeUp,
    /// A person (or the system) asked, for example with Ctrl-C.
    Interrupted,
    /// The wanted score is reached.
    TargetReached,
    /// No improvement that is worth a trial is expected.
    Plateau,
}

impl StopReason {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            StopReason::TimeUp => "time_up",
            StopReason::Interrupted => "interrupted",
            StopReason::TargetReached => "target_reached",
            StopReason::Plateau => "plateau",
        }
    }
}

/// A cheap, cloneable question: should this work stop now?
#[derive(Debug, Clone, Default)]
pub struct StopSignal {
    deadline: Option<Instant>,
    interrupted: Arc<AtomicBool>,
}

impl StopSignal {
    /// Never stops unless [`StopSignal::interrupt`] is called.
    pub fn never() -> Self {
        Self::default()
    }

    /// The same signal with a deadline. An earlier deadline is kept.
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        let deadline = self.deadline.map_or(deadline, |earlier| earlier.min(deadline));
        Self { deadline: Some(deadline), interrupted: Arc::clone(&self.interrupted) }
    }

    /// The same signal with a deadline after some time from now, if there is one. An earlier deadline is kept.
    #[must_use]
    pub fn within(&self, time: Option<Duration>) -> Self {
        time.map_or_else(|| self.clone(), |time| self.with_deadline(Instant::now() + time))
    }

    /// Asks all work that holds this signal, or a clone of it, to stop. Safe in a signal handler's thread.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// The reason to stop now, if there is one.
    pub fn check(&self) -> Option<StopReason> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Some(StopReason::Interrupted);
        }
        self.deadline.filter(|deadline| Instant::now() >= *deadline).map(|_| StopReason::TimeUp)
    }

    /// Time left until the deadline; `None` without one.
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_reaches_every_clone() {
        let signal = StopSignal::never();
        let clone = signal.with_deadline(Instant::now() + Duration::from_secs(3600));
        assert_eq!(clone.check(), None);
        signal.interrupt();
        assert_eq!(clone.check(), Some(StopReason::Interrupted));
    }

    #[test]
    fn a_passed_deadline_stops() {
        let signal = StopSignal::never().with_deadline(Instant::now());
        assert_eq!(signal.check(), Some(StopReason::TimeUp));
        assert_eq!(signal.time_left(), Some(Duration::ZERO));
        assert_eq!(StopSignal::never().within(Some(Duration::ZERO)).check(), Some(StopReason::TimeUp));
        assert_eq!(signal.within(Some(Duration::from_secs(3600))).check(), Some(StopReason::TimeUp));
        assert_eq!(StopSignal::never().within(None).time_left(), None);
    }
}
