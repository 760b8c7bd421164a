//! Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations (Golub & Van Loan 2013, section 8.5):
//! slow for large matrices, and as exact as can be for the small ones here.

/// Sweeps after which the rest off the diagonal is far below rounding.
const MAX_SWEEPS: usize = 50;

/// Eigenvalues, and eigenvectors as the columns of a row-major matrix.
pub(super) fn eigen(matrix: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut a = matrix.to_vec();
    let mut vectors = vec![0.0; n * n];
    for index in 0..n {
        vectors[index * n + index] = 1.0;
    }
    for _ in 0..MAX_SWEEPS {
        let off: f64 =
            (0..n).flat_map(|p| (0..p).map(move |q| (p, q))).map(|(p, q)| a[p * n + q].powi(2)).sum();
        let on: f64 = (0..n).map(|p| a[p * n + p].powi(2)).sum();
        if off <= 1e-30 * on {
            break;
        }
        for p in 1..n {
            for q in 0..p {
                rotate(&mut a, &mut vectors, n, (p, q));
            }
        }
    }
    ((0..n).map(|index| a[index * n + index]).collect(), vectors)
}

/// Makes one pair of elements off the diagonal zero.
fn rotate(a: &mut [f64], vectors: &mut [f64], n: usize, (p, q): (usize, usize)) {
    if a[p * n + q] == 0.0 {
        return;
    }
    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for k in 0..n {
        let (kp, kq) = (a[k * n + p], a[k * n + q]);
        a[k * n + p] = cosine * kp - sine * kq;
        a[k * n + q] = sine * kp + cosine * kq;
    }
    for k in 0..n {
        let (pk, qk) = (a[p * n + k], a[q * n + k]);
        a[p * n + k] = cosine * pk - sine * qk;
        a[q * n + k] = sine * pk + cosine * qk;
    }
    for k in 0..n {
        let (kp, kq) = (vectors[k * n + p], vectors[k * n + q]);
        vectors[k * n + p] = cosine * kp - sine * kq;
        vectors[k * n + q] = sine * kp + cosine * kq;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn vectors_are_orthonormal_and_give_the_matrix_back(values in prop::collection::vec(-1.0..1.0_f64, 49)) {
            let n = 7;
            let symmetric: Vec<f64> =
                (0..n * n).map(|index| values[index] + values[index % n * n + index / n]).collect();
            let (eigenvalues, vectors) = eigen(&symmetric, n);
            for row in 0..n {
                for column in 0..n {
                    let product: f64 = (0..n)
                        .map(|k| vectors[row * n + k] * eigenvalues[k] * vectors[column * n + k])
                        .sum();
                    prop_assert!((product - symmetric[row * n + column]).abs() < 1e-12);
                    let unit: f64 = (0..n).map(|k| vectors[k * n + row] * vectors[k * n + column]).sum();
                    prop_assert!((unit - f64::from(u8::from(row == column))).abs() < 1e-12);
                }
            }
        }
    }
}
