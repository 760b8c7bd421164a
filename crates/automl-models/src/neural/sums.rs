//! Sums over rows of numbers in an order that vectors can follow, the same on every machine.

/// Sums kept side by side: as many as the widest vectors have places.
const LANES: usize = 16;

/// The sum of a function of all values.
#[inline]
pub(crate) fn sum_of(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().map(|value| of(*value)).sum();
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += of(*value));
    }
    sums.iter().sum::<f32>() + rest
}

/// The inner product of two rows.
#[inline]
pub(crate) fn product(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (left, right) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let rest: f32 = left.remainder().iter().zip(right.remainder()).map(|(a, b)| a * b).sum();
    for (left, right) in left.zip(right) {
        for ((sum, a), b) in sums.iter_mut().zip(left).zip(right) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// The greatest of all values.
#[inline]
pub(crate) fn greatest(values: &[f32]) -> f32 {
    let greater = |a: f32, b: f32| if b > a { b } else { a };
    let mut most = [f32::NEG_INFINITY; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, greater);
    for chunk in chunks {
        most.iter_mut().zip(chunk).for_each(|(most, value)| *most = greater(*most, *value));
    }
    most.into_iter().fold(rest, greater)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_definition() {
        for n in [0_usize, 1, 15, 16, 37] {
            let values: Vec<f32> = (0..n).map(|index| (index * 7 % 23) as f32 - 11.0).collect();
            assert_eq!(sum_of(&values, |x| 2.0 * x), 2.0 * values.iter().sum::<f32>());
            assert_eq!(product(&values, &values), values.iter().map(|x| x * x).sum::<f32>());
            assert_eq!(greatest(&values), values.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        }
    }
}
