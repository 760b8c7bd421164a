//! The normal distribution, where samplers and stoppers need it: tails in the logarithm,
//! and draws from a truncated normal.
//!
//! Sources: the error function is W. J. Cody's "Rational Chebyshev approximations for the error function"
//! (Math. Comp. 23, 1969) with the coefficients of his program CALERF; the quantile is M. J. Wichura's
//! AS 241, routine PPND16 (Applied Statistics 37, 1988). Both promise about 16 digits. The standard library
//! has neither, and results must not depend on the platform's C library.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

/// `ln(√(2π))`.
pub(crate) const LN_SQRT_2_PI: f64 = 0.918_938_533_204_672_8;

/// Beyond this distance a tail is below the last digit of 1.
const ALL: f64 = 8.4;

/// Below this width a difference of probabilities would cancel to nothing, and the density in the middle times
/// the width is exact to 1e-8 for all |x| < 100.
const NARROW: f64 = 1e-5;

/// Probability that a standard normal lies below `x`.
pub(crate) fn ndtr(x: f64) -> f64 {
    if x > 0.0 { 1.0 - upper_tail(x) } else { upper_tail(-x) }
}

/// `ln(ndtr(x))`, accurate far into both tails.
pub(crate) fn log_ndtr(x: f64) -> f64 {
    if x > 0.0 {
        return (-upper_tail(x)).ln_1p();
    }
    scaled_erfc(-x * FRAC_1_SQRT_2).ln() - LN_2 - 0.5 * x * x
}

/// `ln(ndtr(right) - ndtr(left))` for `left <= right`; minus infinity where they are equal.
pub(crate) fn log_interval_mass(left: f64, right: f64) -> f64 {
    let width = right - left;
    if width < NARROW {
        let middle = 0.5 * (left + right);
        return width.ln() - 0.5 * middle * middle - LN_SQRT_2_PI;
    }
    if left < -ALL && right > ALL {
        return 0.0;
    }
    if right <= 0.0 {
        let log_right = log_ndtr(right);
        log_right + (-(log_ndtr(left) - log_right).exp()).ln_1p()
    } else if left > 0.0 {
        log_interval_mass(-right, -left)
    } else {
        (-(upper_tail(-left) + upper_tail(right))).ln_1p()
    }
}

/// The value below which a standard normal lies with probability `p`, for `p` in `(0, 0.5]`.
fn quantile_lower_half(p: f64) -> f64 {
    let from_centre = p - 0.5;
    if from_centre.abs() <= 0.425 {
        let r = 0.180_625 - from_centre * from_centre;
        return from_centre * ratio(r, &CENTRE_ABOVE, &CENTRE_BELOW);
    }
    let r = (-p.ln()).sqrt();
    if r <= 5.0 {
        -ratio(r - 1.6, &MIDDLE_ABOVE, &MIDDLE_BELOW)
    } else {
        -ratio(r - 5.0, &FAR_ABOVE, &FAR_BELOW)
    }
}

/// The `share`-quantile of a standard normal truncated to `[left, right]`, which must contain 0: a kernel's
/// centre lies within its bounds, so neither bound is ever in the far tail of the other side.
pub(crate) fn truncated_quantile(share: f64, left: f64, right: f64) -> f64 {
    if share <= 0.0 {
        return left;
    }
    let below = upper_tail(-left);
    let above = upper_tail(right);
    let inside = 1.0 - below - above;
    let p = below + share * inside;
    let value = if p <= 0.5 {
        quantile_lower_half(p.max(f64::MIN_POSITIVE))
    } else {
        -quantile_lower_half((above + (1.0 - share) * inside).clamp(f64::MIN_POSITIVE, 0.5))
    };
    value.clamp(left, right)
}

/// Probability that a standard normal lies above `x`, for `x >= 0`.
fn upper_tail(x: f64) -> f64 {
    let y = x * FRAC_1_SQRT_2;
    if y <= 0.468_75 { 0.5 - 0.5 * erf_near_zero(y) } else { 0.5 * (-0.5 * x * x).exp() * scaled_erfc(y) }
}

/// `exp(y²) erfc(y)` for `y >= 0`.
fn scaled_erfc(y: f64) -> f64 {
    if y <= 0.468_75 {
        return (y * y).exp() * (1.0 - erf_near_zero(y));
    }
    if y <= 4.0 {
        return ratio(y, &ERFC_ABOVE, &ERFC_BELOW);
    }
    let inverse_square = 1.0 / (y * y);
    let correction = inverse_square * ratio(inverse_square, &TAIL_ABOVE, &TAIL_BELOW);
    (FRAC_1_SQRT_PI - correction) / y
}

/// `erf(y)` for `0 <= y <= 0.46875`.
fn erf_near_zero(y: f64) -> f64 {
    y * ratio(y * y, &ERF_ABOVE, &ERF_BELOW)
}

/// Quotient of two polynomials, coefficients from the constant upwards.
fn ratio(x: f64, above: &[f64], below: &[f64]) -> f64 {
    let horner = |coefficients: &[f64]| coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c);
    horner(above) / horner(below)
}

const FRAC_1_SQRT_PI: f64 = 0.564_189_583_547_756_3;

const ERF_ABOVE: [f64; 5] = [
    3_209.377_589_138_469_4,
    377.485_237_685_302,
    113.864_154_151_050_16,
    3.161_123_743_870_565_5,
    0.185_777_706_184_603_15,
];
const ERF_BELOW: [f64; 5] =
    [2_844.236_833_439_171, 1_282.616_526_077_372_3, 244.024_637_934_444_17, 23.601_290_952_344_122, 1.0];
const ERFC_ABOVE: [f64; 9] = [
    1_230.339_354_797_997_2,
    2_051.078_377_826_071_6,
    1_712.047_612_634_070_7,
    881.952_221_241_769,
    298.635_138_197_400_1,
    66.119_190_637_141_63,
    8.883_149_794_388_377,
    0.564_188_496_988_670_1,
    2.153_115_354_744_038_3e-8,
];
const ERFC_BELOW: [f64; 9] = [
    1_230.339_354_803_749_5,
    3_439.367_674_143_721_6,
    4_362.619_090_143_247,
    3_290.799_235_733_459_7,
    1_621.389_574_566_690_3,
    537.181_101_862_009_9,
    117.693_950_891_312_5,
    15.744_926_110_709_835,
    1.0,
];
const TAIL_ABOVE: [f64; 6] = [
    0.000_658_749_161_529_837_8,
    0.016_083_785_148_742_275,
    0.125_781_726_111_229_26,
    0.360_344_899_949_804_45,
    0.305_326_634_961_232_36,
    0.016_315_387_137_302_097,
];
const TAIL_BELOW: [f64; 6] = [
    0.002_335_204_976_268_691_8,
    0.060_518_341_312_441_32,
    0.527_905_102_951_428_5,
    1.872_952_849_923_467_3,
    2.568_520_192_289_822,
    1.0,
];
const CENTRE_ABOVE: [f64; 8] = [
    3.387_132_872_796_366_5,
    133.141_667_891_784_38,
    1_971.590_950_306_551_3,
    13_731.693_765_509_46,
    45_921.953_931_549_87,
    67_265.770_927_008_7,
    33_430.575_583_588_13,
    2_509.080_928_730_122_7,
];
const CENTRE_BELOW: [f64; 8] = [
    1.0,
    42.313_330_701_600_91,
    687.187_007_492_057_9,
    5_394.196_021_424_751,
    21_213.794_301_586_597,
    39_307.895_800_092_71,
    28_729.085_735_721_943,
    5_226.495_278_852_854,
];
const MIDDLE_ABOVE: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    0.241_780_725_177_450_6,
    0.022_723_844_989_269_184,
    0.000_774_545_014_278_341_4,
];
const MIDDLE_BELOW: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    0.689_767_334_985_1,
    0.148_103_976_427_480_08,
    0.015_198_666_563_616_457,
    0.000_547_593_808_499_534_5,
    1.050_750_071_644_416_9e-9,
];
const FAR_ABOVE: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    0.296_560_571_828_504_87,
    0.026_532_189_526_576_124,
    0.001_242_660_947_388_078_4,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_BELOW: [f64; 8] = [
    1.0,
    0.599_832_206_555_888,
    0.136_929_880_922_735_8,
    0.014_875_361_290_850_615,
    0.000_786_869_131_145_613_3,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_7e-15,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn quantile_inverts_probability(share in 0.0..1.0, left in -101.0..0.0, right in 0.0..101.0_f64) {
            let value = truncated_quantile(share, left, right);
            prop_assert!((left..=right).contains(&value));
            let inside = ndtr(right) - ndtr(left);
            prop_assert!(((ndtr(value) - ndtr(left)) / inside - share).abs() < 1e-12);
        }

        #[test]
        fn masses_of_neighbouring_intervals_add_up(a in -30.0..30.0_f64, b in 0.001..3.0_f64, c in 0.001..3.0_f64) {
            let whole = log_interval_mass(a, a + b + c);
            let parts = (log_interval_mass(a, a + b) - whole).exp() + (log_interval_mass(a + b, a + b + c) - whole).exp();
            prop_assert!((parts - 1.0).abs() < 1e-9, "{parts}");
        }

        #[test]
        fn logarithm_and_plain_agree_where_both_can_be(x in -30.0..8.0_f64) {
            prop_assert!((log_ndtr(x) - ndtr(x).ln()).abs() <= 1e-12 * log_ndtr(x).abs().max(1.0));
        }

        #[test]
        fn narrow_intervals_meet_wide_ones(x in -50.0..50.0_f64) {
            let narrow = log_interval_mass(x, x + 0.99 * NARROW) - 0.99_f64.ln();
            let wide = log_interval_mass(x, x + 1.01 * NARROW) - 1.01_f64.ln();
            prop_assert!((narrow - wide).abs() < 1e-4, "{narrow} {wide}");
        }
    }

    #[test]
    fn the_end_shares_are_the_bounds() {
        assert!((truncated_quantile(0.0, -1.5, 2.0) + 1.5).abs() < 1e-12);
        assert!((truncated_quantile(1.0, -1.5, 2.0) - 2.0).abs() < 1e-12);
        assert_eq!(truncated_quantile(0.0, 0.0, 1.0), 0.0);
    }
}
