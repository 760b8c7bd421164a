//! Rows: choosing some of them, and cutting all of them into parts.

use automl_core::{Matrix, Predictions, Purpose, Seed, Target};
use serde::{Deserialize, Serialize};

use crate::error::EnsembleError;
use crate::generator::Generator;

/// A partition of rows: every row is in exactly one part. What is fitted on out-of-fold predictions is judged with
/// it, by fitting on all parts but one and scoring on that one.
///
/// Rows that belong together, such as those of one customer, must be in one part, and then the parts are best those
/// that the out-of-fold predictions came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    n_rows: usize,
    parts: Vec<Vec<usize>>,
}

impl Parts {
    /// The parts given, each a list of row indices.
    ///
    /// # Errors
    /// [`EnsembleError::TooFew`] for fewer than two parts or an empty one; [`EnsembleError::Partition`] if a row of
    /// `0..n_rows` is in none or in several; [`EnsembleError::OutOfRange`] for a row that does not exist.
    pub fn new(n_rows: usize, parts: Vec<Vec<usize>>) -> Result<Self, EnsembleError> {
        if parts.len() < 2 {
            return Err(too_few("a nested estimate", "parts", parts.len(), 2));
        }
        let mut counts = vec![0_usize; n_rows];
        for part in &parts {
            if part.is_empty() {
                return Err(too_few("a part", "rows", 0, 1));
            }
            for &row in part {
                EnsembleError::check("row", row as f64, "below the number of rows", row < n_rows)?;
                counts[row] += 1;
            }
        }
        match counts.iter().position(|count| *count != 1) {
            Some(row) => Err(EnsembleError::Partition { row, n_rows, count: counts[row] }),
            None => Ok(Self { n_rows, parts }),
        }
    }

    /// `n_parts` random parts of nearly equal size, with each class spread evenly over them (for numbers: the rows
    /// in order of the target, so that each part has its share of every region).
    ///
    /// # Errors
    /// [`EnsembleError::TooFew`] for fewer than two parts, or fewer rows than parts.
    pub fn stratified(target: &Target, n_parts: usize, seed: Seed) -> Result<Self, EnsembleError> {
        if n_parts < 2 {
            return Err(too_few("a nested estimate", "parts", n_parts, 2));
        }
        let n_rows = target.n_rows();
        if n_rows < n_parts {
            return Err(too_few("a cut into parts", "rows", n_rows, n_parts));
        }
        let mut generator = Generator::new(seed.purpose(Purpose::Split));
        let mut rows: Vec<usize> = (0..n_rows).collect();
        generator.shuffle(&mut rows);
        match target {
            Target::Real(values) => rows.sort_by(|&a, &b| values[a].total_cmp(&values[b])),
            Target::Classes { codes, .. } => rows.sort_by_key(|&row| codes[row]),
        }
        // Every run of `n_parts` neighbours is dealt out, one to a part, in an order of its own.
        let mut parts = vec![Vec::with_capacity(n_rows / n_parts + 1); n_parts];
        let mut order: Vec<usize> = (0..n_parts).collect();
        for run in rows.chunks(n_parts) {
            generator.shuffle(&mut order);
            run.iter().zip(&order).for_each(|(&row, &part)| parts[part].push(row));
        }
        for part in &mut parts {
            part.sort_unstable();
        }
        Ok(Self { n_rows, parts })
    }

    /// Number of parts; at least 2.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Always false: there are two parts or more.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Each part's rows, and before them the rows of all others in rising order: (rows to fit on, rows to score on).
    pub fn splits(&self) -> impl Iterator<Item = (Vec<usize>, &[usize])> {
        self.parts.iter().map(|part| {
            let mut inside = vec![false; self.n_rows];
            for &row in part {
                inside[row] = true;
            }
            ((0..self.n_rows).filter(|&row| !inside[row]).collect(), part.as_slice())
        })
    }

    /// The parts of some of the rows, as positions in `rows`: what an estimate within an estimate needs. Parts that
    /// lose all their rows are left out.
    ///
    /// # Errors
    /// [`EnsembleError::TooFew`] if fewer than two parts are left.
    pub fn within(&self, rows: &[usize]) -> Result<Self, EnsembleError> {
        let mut place = vec![None; self.n_rows];
        rows.iter().enumerate().for_each(|(position, &row)| place[row] = Some(position));
        let inner = self.parts.iter().map(|part| part.iter().filter_map(|&row| place[row]).collect());
        Self::new(rows.len(), inner.filter(|part: &Vec<usize>| !part.is_empty()).collect())
    }
}

/// Puts each part's predictions back into the order of the rows. `pieces` are those of the parts in order.
pub(crate) fn gather(parts: &Parts, pieces: &[Predictions]) -> Predictions {
    if let Some(Predictions::Proba(first)) = pieces.first() {
        let mut all = Matrix::filled(parts.n_rows, first.n_cols(), 0.0);
        for (rows, piece) in parts.parts.iter().zip(pieces) {
            if let Predictions::Proba(proba) = piece {
                rows.iter().zip(proba.rows()).for_each(|(&row, from)| all.row_mut(row).copy_from_slice(from));
            }
        }
        Predictions::Proba(all)
    } else {
        let mut all = vec![0.0; parts.n_rows];
        for (rows, piece) in parts.parts.iter().zip(pieces) {
            if let Predictions::Real(values) = piece {
                rows.iter().zip(values).for_each(|(&row, &value)| all[row] = value);
            }
        }
        Predictions::Real(all)
    }
}

fn too_few(what: &'static str, unit: &'static str, got: usize, wanted: usize) -> EnsembleError {
    EnsembleError::TooFew { what, unit, got, wanted }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stratified_parts_are_a_partition_and_spread_classes(
            codes in proptest::collection::vec(0..3_u32, 10..80), n_parts in 2..8_usize, seed in 0..50_u64
        ) {
            let target = Target::Classes { codes: codes.clone(), n_classes: 3 };
            let parts = Parts::stratified(&target, n_parts, Seed(seed)).unwrap();
            prop_assert_eq!(&Parts::new(codes.len(), parts.parts.clone()).unwrap(), &parts);
            for class in 0..3 {
                let counts = parts.parts.iter().map(|part| part.iter().filter(|&&row| codes[row] == class).count());
                let (least, most) = counts.fold((usize::MAX, 0), |(a, b), count| (a.min(count), b.max(count)));
                // A class may begin and end within a run.
                prop_assert!(most - least <= 2, "{least} to {most}");
            }
        }
    }

    #[test]
    fn what_is_no_partition_is_named() {
        let message = |parts| Parts::new(3, parts).unwrap_err().to_string();
        assert_eq!(
            message(vec![vec![0, 1], vec![1, 2]]),
            "row 1 of 3 is in 2 parts, but must be in exactly one"
        );
        assert_eq!(message(vec![vec![0], vec![1]]), "row 2 of 3 is in 0 parts, but must be in exactly one");
        assert_eq!(message(vec![vec![0, 1, 2]]), "a nested estimate needs 2 or more parts, got 1");
        assert_eq!(message(vec![vec![0, 1], vec![3]]), "`row` is 3, but must be below the number of rows");
    }

    #[test]
    fn parts_within_rows_are_positions() {
        let parts = Parts::new(6, vec![vec![0, 3], vec![1, 4], vec![2, 5]]).unwrap();
        let inner = parts.within(&[0, 2, 3, 5]).unwrap();
        assert_eq!(inner.parts, [vec![0, 2], vec![1, 3]]);
    }
}
