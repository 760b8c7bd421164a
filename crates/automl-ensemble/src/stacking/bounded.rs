//! Quadratic functions over vectors of which some components may not be negative.

/// Full passes at most. Each is `n²` multiplications, and a few hundred suffice but for near-singular matrices.
const MAX_PASSES: usize = 20_000;

/// Change of a component, in units of its own curvature, below which a pass counts as the last.
const TOLERANCE: f64 = 1e-13;

/// Minimises `x·Hx / 2 - g·x` over `x` whose first `n_bounded` components are at least 0, from the `x` given, by
/// coordinate descent: each component in turn goes to its best value, which for a positive definite `H` converges to
/// the one minimum (Luo & Tseng 1992).
///
/// `h` is symmetric with a positive diagonal, shape `[n, n]`, row by row; `g` and `x` have length `n`.
pub(super) fn minimise(h: &[f64], g: &[f64], n_bounded: usize, x: &mut [f64]) {
    let n = x.len();
    // The gradient `Hx - g`, kept as components move.
    let mut gradient: Vec<f64> = h
        .chunks_exact(n)
        .zip(g)
        .map(|(row, g)| row.iter().zip(&*x).map(|(h, x)| h * x).sum::<f64>() - g)
        .collect();
    for _ in 0..MAX_PASSES {
        let mut largest = 0.0_f64;
        for index in 0..n {
            let row = &h[index * n..][..n];
            let free = x[index] - gradient[index] / row[index];
            let value = if index < n_bounded { free.max(0.0) } else { free };
            let change = value - x[index];
            if change != 0.0 {
                x[index] = value;
                gradient.iter_mut().zip(row).for_each(|(gradient, h)| *gradient += change * h);
                largest = largest.max(change.abs() * row[index].sqrt());
            }
        }
        if largest <= TOLERANCE {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// At a minimum the gradient is 0 where a component is free, and not negative where it is held at 0.
        #[test]
        fn a_minimum_meets_the_conditions_of_karush_kuhn_and_tucker(
            factors in proptest::collection::vec(-1.0..1.0_f64, 16), g in proptest::collection::vec(-1.0..1.0_f64, 4)
        ) {
            let n = 4;
            let mut h = vec![0.0; n * n];
            for row in 0..n {
                for column in 0..n {
                    h[row * n + column] = (0..n).map(|k| factors[row * n + k] * factors[column * n + k]).sum();
                }
                h[row * n + row] += 0.05;
            }
            let mut x = vec![0.25; n];
            minimise(&h, &g, 3, &mut x);
            for index in 0..n {
                let gradient = (0..n).map(|k| h[index * n + k] * x[k]).sum::<f64>() - g[index];
                if index < 3 && x[index] == 0.0 {
                    prop_assert!(gradient >= -1e-9, "{x:?}");
                } else {
                    prop_assert!(gradient.abs() < 1e-9, "{x:?} {gradient}");
                    prop_assert!(index == 3 || x[index] > 0.0);
                }
            }
        }
    }
}
