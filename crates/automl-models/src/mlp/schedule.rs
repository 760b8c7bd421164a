//! Learning rates over time.

use std::f64::consts::PI;

use super::config::Schedule;

impl Schedule {
    /// The factor on the full rate at `progress`, the share of all planned steps that are done, in `[0, 1)`.
    pub(crate) fn factor(self, progress: f64) -> f64 {
        const WARM: f64 = 0.3;
        const FIRST: f64 = 1.0 / 25.0;
        const LAST: f64 = 1e-4;
        match self {
            Schedule::Constant => 1.0,
            Schedule::Cosine => half_cosine(1.0, 0.0, progress),
            Schedule::OneCycle if progress < WARM => half_cosine(FIRST, 1.0, progress / WARM),
            Schedule::OneCycle => half_cosine(1.0, LAST, (progress - WARM) / (1.0 - WARM)),
        }
    }
}

fn half_cosine(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * share).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_meet_their_ends() {
        assert_eq!(Schedule::Constant.factor(0.7), 1.0);
        assert!((Schedule::Cosine.factor(0.0) - 1.0).abs() < 1e-12);
        assert!((Schedule::Cosine.factor(0.5) - 0.5).abs() < 1e-12);
        assert!(Schedule::Cosine.factor(1.0).abs() < 1e-12);
        assert!((Schedule::OneCycle.factor(0.0) - 0.04).abs() < 1e-12);
        assert!((Schedule::OneCycle.factor(0.3) - 1.0).abs() < 1e-12);
        assert!((Schedule::OneCycle.factor(1.0) - 1e-4).abs() < 1e-12);
    }
}
