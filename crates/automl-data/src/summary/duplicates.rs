//! Rows that are there more than once.

use std::collections::HashMap;

use automl_core::{Duplicates, Target};
use sha2::{Digest, Sha256};

use crate::column::Column;
use crate::table::Table;

/// Half of a fingerprint is enough: among a billion rows two unlike ones share it with a probability of 1e-20.
type Print = [u8; 16];

/// Rows of `training` and `holdout` with the same features.
pub(super) fn among(table: &Table, target: &Target, training: &[usize], holdout: &[usize]) -> Duplicates {
    let columns: Vec<&Column> =
        table.profile().features().filter_map(|column| table.column(&column.name)).collect();
    let mut found = Duplicates { n_holdout: holdout.len(), ..Duplicates::default() };
    if columns.is_empty() {
        return found;
    }
    let mut buffer = Vec::new();
    let mut first: HashMap<Print, usize> = HashMap::with_capacity(training.len());
    for &row in training {
        let earlier = *first.entry(fingerprint(&columns, row, &mut buffer)).or_insert(row);
        if earlier != row {
            found.n_repeated += 1;
            found.n_contradicting += usize::from(!is_same(target, earlier, row));
        }
    }
    found.n_shared =
        holdout.iter().filter(|&&row| first.contains_key(&fingerprint(&columns, row, &mut buffer))).count();
    found
}

fn is_same(target: &Target, one: usize, other: usize) -> bool {
    match target {
        Target::Real(values) => values[one] == values[other],
        Target::Classes { codes, .. } => codes[one] == codes[other],
    }
}

fn fingerprint(columns: &[&Column], row: usize, buffer: &mut Vec<u8>) -> Print {
    buffer.clear();
    for column in columns {
        match column {
            // All missing numbers are alike, and so are both zeros.
            Column::Numeric(values) if values[row].is_nan() => buffer.extend(f64::NAN.to_le_bytes()),
            Column::Numeric(values) => buffer.extend((values[row] + 0.0).to_le_bytes()),
            Column::Categorical { codes, .. } => buffer.extend(codes[row].to_le_bytes()),
            Column::Time(values) => {
                buffer.push(u8::from(values[row].is_some()));
                buffer.extend(values[row].unwrap_or_default().to_le_bytes());
            }
            Column::Text(values) => {
                let text = values[row].as_deref();
                buffer.extend(text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
                buffer.extend(text.unwrap_or_default().as_bytes());
            }
        }
    }
    let mut print = [0; 16];
    print.copy_from_slice(&Sha256::digest(&buffer)[..16]);
    print
}
