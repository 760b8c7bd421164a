//! Which n-grams say something of the target.

use automl_core::Target;
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// The chance that among n-grams which say nothing any is taken for one that does.
const LEVEL: f64 = 0.05;

/// The target of some rows, as whole numbers: their sums do not depend on the order of rows.
///
/// Classes are counted. Of numbers twice the centred rank counts, ties at their mean, so that no outlier decides.
#[derive(Debug)]
pub(super) struct Relevance {
    /// Of each row the place that it adds to, and what.
    amounts: Vec<(usize, i64)>,
    /// Of each place the sum over all rows, and that of squares.
    totals: Vec<(f64, f64)>,
}

impl Relevance {
    pub(super) fn of(target: &Target, rows: &[usize]) -> Self {
        let amounts: Vec<(usize, i64)> = match target {
            Target::Classes { codes, .. } => rows.iter().map(|&row| (codes[row] as usize, 1)).collect(),
            Target::Real(values) => {
                let values: Vec<f64> = rows.iter().map(|&row| values[row]).collect();
                centred_ranks(&values).into_iter().map(|rank| (0, rank)).collect()
            }
        };
        let n_places = amounts.iter().map(|(place, _)| place + 1).max().unwrap_or(0);
        let mut totals = vec![(0.0, 0.0); n_places];
        for &(place, amount) in &amounts {
            let amount = amount as f64;
            totals[place].0 += amount;
            totals[place].1 += amount * amount;
        }
        Self { amounts, totals }
    }

    /// Number of sums that an n-gram has.
    pub(super) fn n_places(&self) -> usize {
        self.totals.len()
    }

    /// Adds a row to the sums of an n-gram that is in it.
    pub(super) fn add(&self, row: usize, sums: &mut [i64]) {
        let (place, amount) = self.amounts[row];
        sums[place] += amount;
    }

    /// How much the rows with an n-gram differ from the others: Pearson's χ² of "is in it" and class, or the square of
    /// the standardised rank sum (Wilcoxon's).
    pub(super) fn statistic(&self, sums: &[i64], n_with: u32) -> f64 {
        let share = f64::from(n_with) / self.amounts.len() as f64;
        let part = |(sum, (total, squares)): (&i64, &(f64, f64))| {
            if *squares > 0.0 { (*sum as f64 - share * total).powi(2) / squares } else { 0.0 }
        };
        let between: f64 = sums.iter().zip(&self.totals).map(part).sum();
        if share < 1.0 { between / (share * (1.0 - share)) } else { 0.0 }
    }

    /// What the statistic of one of `n` n-grams must exceed: Bonferroni's correction.
    pub(super) fn bound(&self, n: usize) -> f64 {
        let n_classes = self.totals.iter().filter(|(_, squares)| *squares > 0.0).count();
        chi_square_bound(LEVEL / n.max(1) as f64, n_classes.saturating_sub(1).max(1))
    }
}

/// Twice the rank of each value minus the mean rank; equal values have the mean of their ranks.
fn centred_ranks(values: &[f64]) -> Vec<i64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0; values.len()];
    let mut start = 0;
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let end = start + group.len();
        // The ranks are `start + 1` to `end`, the mean of all is half of `values.len() + 1`.
        for &place in group {
            ranks[place] = (start + end) as i64 - values.len() as i64;
        }
        start = end;
    }
    ranks
}

/// The value that χ² of `df` degrees of freedom exceeds with probability `p`; for one and two without the rounding of `1 - p`.
fn chi_square_bound(p: f64, df: usize) -> f64 {
    match df {
        1 => Normal::standard().inverse_cdf(0.5 * p).powi(2),
        2 => -2.0 * p.ln(),
        _ => ChiSquared::new(df as f64).map_or(f64::INFINITY, |chi_squared| chi_squared.inverse_cdf(1.0 - p)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of the rows where `is_in` says so.
    fn statistic(target: &Target, is_in: &[bool]) -> f64 {
        let rows: Vec<usize> = (0..is_in.len()).collect();
        let relevance = Relevance::of(target, &rows);
        let mut sums = vec![0; relevance.n_places()];
        rows.iter().filter(|&&row| is_in[row]).for_each(|&row| relevance.add(row, &mut sums));
        relevance.statistic(&sums, is_in.iter().filter(|is_in| **is_in).count() as u32)
    }

    #[test]
    fn statistics_are_those_of_scipy_and_numpy() {
        let is_in = [1, 1, 0, 0, 1, 0, 0, 1, 0, 0].map(|flag| flag == 1);
        // scipy.stats.chi2_contingency(table, correction=False)
        let codes = vec![0, 0, 1, 1, 0, 2, 2, 1, 0, 2];
        let chi_square = statistic(&Target::Classes { codes, n_classes: 4 }, &is_in);
        assert!((chi_square - 4.097_222_222_222_222).abs() < 1e-12, "{chi_square}");
        // n r², numpy.corrcoef(scipy.stats.rankdata(y), is_in)
        let values = vec![3.0, 5.0, 1.0, 2.0, 8.0, 2.0, 1.0, 9.0, 4.0, 3.0];
        let rank_sum = statistic(&Target::Real(values), &is_in);
        assert!((rank_sum - 5.671_296_296_296_296).abs() < 1e-12, "{rank_sum}");
    }

    #[test]
    fn what_is_in_all_rows_or_of_a_constant_target_says_nothing() {
        let target = Target::Classes { codes: vec![0, 1, 1], n_classes: 2 };
        assert_eq!(statistic(&target, &[true; 3]), 0.0);
        assert_eq!(statistic(&Target::Real(vec![2.0; 3]), &[true, false, true]), 0.0);
        assert_eq!(
            statistic(&Target::Classes { codes: vec![1; 3], n_classes: 2 }, &[true, false, true]),
            0.0
        );
    }

    #[test]
    fn bounds_are_those_of_scipy() {
        // scipy.stats.chi2.isf
        for (p, df, expected, tolerance) in [
            (0.05, 1, 3.841_458_820_694_128_5, 1e-12),
            (1e-6, 1, 23.928_126_976_934_827, 1e-9),
            (1e-6, 2, 27.631_021_115_928_547, 1e-12),
            (1e-6, 3, 30.664_849_706_213_598, 1e-9),
            (0.05, 7, 14.067_140_449_340_167, 1e-9),
            (1e-6, 7, 40.521_831_234_179_864, 1e-9),
        ] {
            let bound = chi_square_bound(p, df);
            assert!((bound / expected - 1.0).abs() <= tolerance, "p {p}, df {df}: {bound}");
        }
    }
}
