//! Learning rates over time.

use std::f64::consts::PI;

use super::training::Schedule;

impl Schedule {
    /// The factor on the full rate at `progress`, the share of all planned steps that are done, in `[0, 1)`.
    pub(crate) fn factor(self, progress: f64) -> f64 {
        const WARM: f64 = 0.3;
        const FIRST: f64 = 1.0 / 25.0;
        const LAST: f64 = 1e-4;
        const WARM_UP: f64 = 0.1;
        match self {
            Schedule::Constant => 1.0,
            Schedule::Cosine => half_cosine(1.0, 0.0, progress),
            Schedule::WarmCosine if progress < WARM_UP => progress / WARM_UP,
            Schedule::WarmCosine => half_cosine(1.0, 0.0, (progress - WARM_UP) / (1.0 - WARM_UP)),
            Schedule::CosLog4 => 0.5 * (1.0 - (2.0 * PI * (1.0 + 15.0 * progress).log2()).cos()),
            Schedule::FlatCosine if progress < 0.5 => 1.0,
            Schedule::FlatCosine => half_cosine(1.0, 0.0, 2.0 * progress - 1.0),
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
        assert!((Schedule::WarmCosine.factor(0.05) - 0.5).abs() < 1e-12);
        assert!((Schedule::WarmCosine.factor(0.1) - 1.0).abs() < 1e-12);
        assert_eq!(Schedule::FlatCosine.factor(0.49), 1.0);
        assert!(Schedule::FlatCosine.factor(1.0).abs() < 1e-12);
        // Four cosines, whose tops and bottoms lie where 1 + 15 t is a half power and a power of 2.
        for whole in 0..=4 {
            let at = |exponent: f64| Schedule::CosLog4.factor((exponent.exp2() - 1.0) / 15.0);
            assert!(at(f64::from(whole)).abs() < 1e-12);
            assert!(whole == 4 || (at(f64::from(whole) + 0.5) - 1.0).abs() < 1e-12);
        }
    }
}
