//! Axes: a range of values, round ticks, and the way from value to pixel.

use crate::format;

/// A range with its ticks. Always finite, always wider than nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// (value, label) inside the range, in increasing order.
    pub(crate) ticks: Vec<(f64, String)>,
}

impl Scale {
    /// Widened to round numbers that hold all finite `values`, with about `n_ticks` ticks.
    pub(crate) fn around(values: impl IntoIterator<Item = f64>, n_ticks: usize) -> Self {
        let (low, high) = extent(values);
        let step = round_step(high - low, n_ticks);
        Self::stepped((low / step + 1e-9).floor() * step, (high / step - 1e-9).ceil() * step, step)
    }

    /// Exactly `low` to `high`, with about `n_ticks` round ticks.
    pub(crate) fn between(low: f64, high: f64, n_ticks: usize) -> Self {
        let (low, high) = extent([low, high]);
        Self::stepped(low, high, round_step(high - low, n_ticks))
    }

    /// Exactly `low` to `high`, ticks on whole numbers only.
    pub(crate) fn whole(low: f64, high: f64, n_ticks: usize) -> Self {
        let (low, high) = extent([low, high]);
        Self::stepped(low, high, round_step(high - low, n_ticks).max(1.0).round())
    }

    /// Without ticks, for axes whose labels are drawn by hand.
    pub(crate) fn bare(low: f64, high: f64) -> Self {
        Self { low, high, ticks: Vec::new() }
    }

    /// 0 to 1, with these ticks.
    pub(crate) fn labelled(ticks: Vec<(f64, String)>) -> Self {
        Self { low: 0.0, high: 1.0, ticks }
    }

    fn stepped(low: f64, high: f64, step: f64) -> Self {
        let first = (low / step - 1e-9).ceil();
        let n_steps = ((high / step + 1e-9).floor() - first).clamp(0.0, 50.0) as usize;
        let at = |index: usize| (first + index as f64) * step;
        let largest = low.abs().max(high.abs());
        let ticks = (0..=n_steps).map(at).map(|value| (value, format::tick(value, step, largest))).collect();
        Self { low, high, ticks }
    }

    /// Where `value` lies: 0 at the low end, 1 at the high end, never outside.
    pub(crate) fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// Least and greatest finite value, widened where they are equal; 0 to 1 where there is none.
fn extent(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let finite = values.into_iter().filter(|value| value.is_finite());
    let range = finite.fold(None, |range: Option<(f64, f64)>, value| {
        Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
    });
    // Charts of 1e300 are of no use, and differences there would overflow.
    let (low, high) = range.map_or((0.0, 1.0), |(low, high)| (low.max(-1e100), high.min(1e100)));
    let (low, high) = (low.min(high), high.max(low));
    let least_width = (low.abs().max(high.abs()) * 1e-6).max(1e-9);
    if high - low >= least_width {
        return (low, high);
    }
    let pad = if low == 0.0 { 0.5 } else { low.abs() * 0.05 };
    (low - pad, high + pad)
}

/// 1, 2, 2.5 or 5 times a power of ten such that about `n_ticks` steps fill `width`.
fn round_step(width: f64, n_ticks: usize) -> f64 {
    let rough = width / n_ticks.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough * 0.999);
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(scale: &Scale) -> String {
        let labels: Vec<&str> = scale.ticks.iter().map(|(_, label)| label.as_str()).collect();
        labels.join(" ")
    }

    #[test]
    fn ticks_are_round_and_hold_the_values() {
        let scale = Scale::around([0.13, 0.87], 4);
        assert_eq!((scale.low, scale.high), (0.0, 1.0));
        assert_eq!(labels(&scale), "0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(labels(&Scale::between(0.0, 1.0, 4)), "0 0.25 0.50 0.75 1.00");
        assert_eq!(labels(&Scale::whole(0.0, 3.0, 6)), "0 1 2 3");
    }

    #[test]
    fn a_range_of_nothing_is_widened() {
        assert_eq!(Scale::around([], 4).low, 0.0);
        let one = Scale::around([5.0, f64::NAN, f64::INFINITY], 4);
        assert!(one.low < 5.0 && one.high > 5.0);
        let zero = Scale::around([0.0], 4);
        assert!(zero.low < 0.0 && zero.high > 0.0);
    }

    proptest! {
        #[test]
        fn every_scale_is_finite_with_few_ticks(a in any::<f64>(), b in any::<f64>(), n in 1_usize..9) {
            for scale in [Scale::around([a, b], n), Scale::between(a, b, n), Scale::whole(a, b, n)] {
                prop_assert!(scale.low.is_finite() && scale.high.is_finite() && scale.low < scale.high);
                prop_assert!(scale.ticks.len() <= 51);
                let share = scale.share(if a.is_nan() { 0.0 } else { a });
                prop_assert!((0.0..=1.0).contains(&share));
            }
        }
    }
}
