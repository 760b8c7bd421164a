//! Distinct values with their counts.

use std::collections::HashMap;

use crate::values::{Values, number_text};

/// Distinct values of a column, missing ones left out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Counts<'a> {
    /// By value, ascending.
    Numbers(Vec<(f64, usize)>),
    /// By text, ascending.
    Texts(Vec<(&'a str, usize)>),
    /// Of no and of yes.
    Flags([usize; 2]),
    /// By time, ascending.
    Times(Vec<(i64, usize)>),
}

impl<'a> Counts<'a> {
    pub(crate) fn of(values: &Values<'a>) -> Counts<'a> {
        match values {
            Values::Numbers { values, .. } => {
                let mut present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
                // Zero has two signs and is one value.
                present.iter_mut().filter(|value| **value == 0.0).for_each(|value| *value = 0.0);
                present.sort_unstable_by(f64::total_cmp);
                Counts::Numbers(runs(&present))
            }
            Values::Texts(values) => Counts::Texts(text_counts(values)),
            Values::Flags(values) => {
                let of = |wanted: bool| values.iter().filter(|flag| **flag == Some(wanted)).count();
                Counts::Flags([of(false), of(true)])
            }
            Values::Times { values, .. } => {
                let mut present: Vec<i64> = values.iter().copied().flatten().collect();
                present.sort_unstable();
                Counts::Times(runs(&present))
            }
            Values::Unsupported { .. } => Counts::Texts(Vec::new()),
        }
    }

    /// Number of distinct values.
    pub(crate) fn n_distinct(&self) -> usize {
        match self {
            Counts::Numbers(runs) => runs.len(),
            Counts::Texts(runs) => runs.len(),
            Counts::Flags(counts) => counts.iter().filter(|count| **count > 0).count(),
            Counts::Times(runs) => runs.len(),
        }
    }

    /// Rows with a value.
    pub(crate) fn n_present(&self) -> usize {
        match self {
            Counts::Numbers(runs) => runs.iter().map(|(_, count)| count).sum(),
            Counts::Texts(runs) => runs.iter().map(|(_, count)| count).sum(),
            Counts::Flags(counts) => counts.iter().sum(),
            Counts::Times(runs) => runs.iter().map(|(_, count)| count).sum(),
        }
    }

    /// The most frequent values, at most `n`; ties in order of value.
    pub(crate) fn top(&self, n: usize, days: bool) -> Vec<(String, usize)> {
        match self {
            Counts::Numbers(runs) => most(runs, n, |value| number_text(*value)),
            Counts::Texts(runs) => most(runs, n, |text| (*text).to_owned()),
            Counts::Flags(counts) => {
                let present: Vec<(bool, usize)> = [(false, counts[0]), (true, counts[1])]
                    .into_iter()
                    .filter(|(_, count)| *count > 0)
                    .collect();
                most(&present, n, ToString::to_string)
            }
            Counts::Times(runs) => most(runs, n, |micros| {
                Values::Times { values: vec![Some(*micros)], days }.text(0).unwrap_or_default()
            }),
        }
    }
}

/// Equal neighbours of a sorted slice.
fn runs<T: Copy + PartialEq>(sorted: &[T]) -> Vec<(T, usize)> {
    sorted.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect()
}

fn text_counts<'a>(values: &[Option<&'a str>]) -> Vec<(&'a str, usize)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for text in values.iter().flatten() {
        *counts.entry(text).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable();
    counts
}

fn most<T>(runs: &[(T, usize)], n: usize, write: impl Fn(&T) -> String) -> Vec<(String, usize)> {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    let key = |index: &usize| (std::cmp::Reverse(runs[*index].1), *index);
    if order.len() > n {
        order.select_nth_unstable_by_key(n, key);
        order.truncate(n);
    }
    order.sort_unstable_by_key(key);
    order.into_iter().map(|index| (write(&runs[index].0), runs[index].1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_frequent_come_first_and_ties_in_order_of_value() {
        let values = Values::Texts(vec![Some("b"), Some("a"), None, Some("c"), Some("c"), Some("d")]);
        let counts = Counts::of(&values);
        assert_eq!((counts.n_distinct(), counts.n_present()), (4, 5));
        let top: Vec<_> = counts.top(3, false);
        assert_eq!(top, [("c".to_owned(), 2), ("a".to_owned(), 1), ("b".to_owned(), 1)]);
    }

    #[test]
    fn both_zeros_are_one_value() {
        let values = Values::Numbers { values: vec![0.0, -0.0, f64::NAN], whole: true };
        assert_eq!(Counts::of(&values), Counts::Numbers(vec![(0.0, 2)]));
    }
}
