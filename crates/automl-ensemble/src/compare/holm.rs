//! Several tests at once.

use crate::error::EnsembleError;

/// S. Holm, "A simple sequentially rejective multiple test procedure" (1979): p-values that may be compared with one
/// level although there are `m` of them, whatever their dependence, in the order given.
///
/// The `i`-th smallest becomes `max over j <= i of (m - j + 1) p_(j)`, at most 1.
///
/// # Errors
/// [`EnsembleError::OutOfRange`] for a value that is no probability.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, EnsembleError> {
    for &p in p_values {
        EnsembleError::check("p_value", p, "0 to 1", (0.0..=1.0).contains(&p))?;
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut most = 0.0_f64;
    for (place, &test) in order.iter().enumerate() {
        most = most.max((p_values.len() - place) as f64 * p_values[test]).min(1.0);
        adjusted[test] = most;
    }
    Ok(adjusted)
}
