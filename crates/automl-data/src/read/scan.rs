//! First pass over separated values: is every row whole, and what do the columns hold?
//!
//! polars fills rows that are too short with nulls and renames duplicate columns without a word, and infers
//! types without regard to leading zeros; so the shape is checked and the types are chosen here.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use csv::{ByteRecord, ErrorKind, ReaderBuilder, Writer, WriterBuilder};

use super::Content;
use crate::error::DataError;

/// What every value of a column seen so far can be read as. A later variant includes the earlier ones, but that a decimal
/// comma and a decimal point together make a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holds {
    /// No value.
    Nothing,
    /// Whole numbers that fit `i64`, without leading zeros.
    Whole,
    /// Numbers.
    Numbers,
    /// Numbers, some with a decimal comma and none with a decimal point.
    CommaNumbers,
    /// Anything.
    Text,
}

/// What is known of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) holds: Holds,
    /// Some value has blanks around it, or a spelling such as `+1` or `.5` that polars may not read.
    pub(crate) unusual: bool,
}

/// Header, separator and column contents of one file.
pub(crate) struct Scan {
    pub(crate) names: Vec<String>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) n_rows: usize,
    /// The records anew, quoted where they must be, if the file has any quote or blank line: readers disagree on a quote in
    /// the middle of a field, and polars may take the rest of the file for one value; and polars takes a blank line for a row.
    pub(crate) quoted_anew: Option<Vec<u8>>,
}

/// Records that are looked at to find the separator, the header among them.
const SHOWN_RECORDS: usize = 21;

/// The separator of a `.csv`: the first of comma, tab, `;` and `|` that cuts header and first records into the same number
/// of fields, more than one. Where none does, the first that the header has, so that the fault is told of the likeliest.
pub(crate) fn separator_of(bytes: &[u8], tabs: bool) -> u8 {
    if tabs {
        return b'\t';
    }
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let header = lines.find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let mut likely = b",\t;|".iter().copied().filter(|separator| header.contains(separator)).peekable();
    let first = likely.peek().copied();
    likely.find(|&separator| cuts_evenly(bytes, separator)).or(first).unwrap_or(b',')
}

fn cuts_evenly(bytes: &[u8], separator: u8) -> bool {
    let mut reader =
        ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(bytes);
    let n_fields: Vec<usize> =
        reader.byte_records().take(SHOWN_RECORDS).flatten().map(|record| record.len()).collect();
    n_fields.first().is_some_and(|&first| first > 1 && n_fields.iter().all(|&n| n == first))
}

/// Reads all of `content` once.
pub(crate) fn scan(content: &Content, separator: u8, missing: &HashSet<&[u8]>) -> Result<Scan, DataError> {
    let path = content.path.as_path();
    let mut reader = ReaderBuilder::new().delimiter(separator).from_reader(content.bytes.as_slice());
    let header = reader.byte_headers().map_err(|error| refused(path, &error))?.clone();
    if header.is_empty() {
        return Err(DataError::EmptyFile { path: path.to_owned() });
    }
    let names = names_of(path, &header)?;
    let mut seen = vec![Seen { holds: Holds::Nothing, unusual: false }; names.len()];
    let mut record = ByteRecord::new();
    let mut n_rows = 0_usize;
    // Semicolons separate fields where the comma is taken: with another separator `1,500` may as well be 1500.
    let has_commas = separator == b';';
    // Of a single column a blank line may be a value that is missing.
    let is_anew = content.bytes.contains(&b'"') || names.len() > 1 && has_blank_line(&content.bytes);
    let mut anew = is_anew.then(|| WriterBuilder::new().delimiter(separator).from_writer(Vec::new()));
    copy(path, anew.as_mut(), &header)?;
    while reader.read_byte_record(&mut record).map_err(|error| refused(path, &error))? {
        n_rows += 1;
        if std::str::from_utf8(record.as_slice()).is_err() {
            let line = record.position().map_or(0, csv::Position::line);
            return Err(DataError::NotUtf8 { path: path.to_owned(), line: bad_line(&record, line) });
        }
        for (seen, field) in seen.iter_mut().zip(&record) {
            seen.add(field, missing, has_commas);
        }
        copy(path, anew.as_mut(), &record)?;
    }
    if n_rows == 0 {
        return Err(DataError::NoRows { path: path.to_owned(), n_columns: names.len() });
    }
    let quoted_anew = anew.map(Writer::into_inner).transpose();
    let quoted_anew = quoted_anew.map_err(|error| malformed(path, &error))?;
    Ok(Scan { names, seen, n_rows, quoted_anew })
}

fn has_blank_line(bytes: &[u8]) -> bool {
    let begins = [b"\n".as_slice(), b"\r\n"].iter().any(|end| bytes.starts_with(end));
    begins || bytes.windows(2).any(|pair| pair == b"\n\n") || bytes.windows(3).any(|three| three == b"\n\r\n")
}

fn copy(path: &Path, anew: Option<&mut Writer<Vec<u8>>>, record: &ByteRecord) -> Result<(), DataError> {
    anew.map_or(Ok(()), |anew| anew.write_byte_record(record)).map_err(|error| malformed(path, &error))
}

fn malformed(path: &Path, error: &impl ToString) -> DataError {
    DataError::Malformed { path: path.to_owned(), format: "CSV", reason: error.to_string() }
}

/// The line on which the bad byte stands: a quoted field may have run over several.
fn bad_line(record: &ByteRecord, start: u64) -> u64 {
    let bytes = record.as_slice();
    let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    start + bytes[..valid].split(|&byte| byte == b'\n').skip(1).count() as u64
}

fn refused(path: &Path, error: &csv::Error) -> DataError {
    match error.kind() {
        ErrorKind::UnequalLengths { pos, expected_len, len } => DataError::RaggedRow {
            path: path.to_owned(),
            line: pos.as_ref().map_or(0, csv::Position::line),
            expected: *expected_len,
            found: *len,
        },
        _ => malformed(path, error),
    }
}

fn names_of(path: &Path, header: &ByteRecord) -> Result<Vec<String>, DataError> {
    let mut names = Vec::with_capacity(header.len());
    for (index, name) in header.iter().enumerate() {
        let name = std::str::from_utf8(name)
            .map_err(|_| DataError::NotUtf8 { path: path.to_owned(), line: bad_line(header, 1) })?;
        // pandas writes its index without a name, and calls it so when it reads it.
        let name = if name.trim().is_empty() { format!("Unnamed: {index}") } else { name.trim().to_owned() };
        names.push(name);
    }
    let mut positions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, name) in names.iter().enumerate() {
        positions.entry(name).or_default().push(index + 1);
    }
    let twice = positions.iter().filter(|(_, at)| at.len() > 1).min_by_key(|(_, at)| at[0]);
    if let Some((name, at)) = twice {
        return Err(DataError::DuplicateColumnName {
            path: path.to_owned(),
            name: (*name).to_owned(),
            positions: at.clone(),
        });
    }
    Ok(names)
}

impl Seen {
    /// What both have.
    pub(crate) fn merge(self, other: Seen) -> Seen {
        Seen { holds: self.holds.join(other.holds), unusual: self.unusual || other.unusual }
    }

    fn add(&mut self, field: &[u8], missing: &HashSet<&[u8]>, has_commas: bool) {
        let value = field.trim_ascii();
        if value.is_empty() {
            self.unusual |= !field.is_empty();
            return;
        }
        self.unusual |= value.len() < field.len();
        if self.holds == Holds::Text && self.unusual || missing.contains(value) {
            return;
        }
        let (holds, plain) = match classify(value) {
            (Holds::Text, _) if has_commas && is_comma_number(value) => (Holds::CommaNumbers, false),
            found => found,
        };
        self.unusual |= !plain;
        self.holds = self.holds.join(holds);
    }
}

impl Holds {
    /// What values of both can be read as.
    fn join(self, other: Holds) -> Holds {
        match (self, other) {
            (Holds::Numbers, Holds::CommaNumbers) | (Holds::CommaNumbers, Holds::Numbers) => Holds::Text,
            _ => self.max(other),
        }
    }
}

/// Whether a value is a number with a decimal comma.
fn is_comma_number(value: &[u8]) -> bool {
    let mut parts = value.splitn(2, |&byte| byte == b',');
    let (Some(whole), Some(fraction)) = (parts.next(), parts.next()) else { return false };
    let starts_with_digit = fraction.first().is_some_and(u8::is_ascii_digit);
    starts_with_digit && classify(&[whole, b".", fraction].concat()).0 == Holds::Numbers
}

/// What a value is, and whether it is spelt plainly.
///
/// Leading zeros make a text (post codes, article numbers); so do whole numbers of more than 18 digits,
/// which are identifiers and would lose their last digits as floats.
fn classify(value: &[u8]) -> (Holds, bool) {
    let unsigned = value.strip_prefix(b"-").or_else(|| value.strip_prefix(b"+")).unwrap_or(value);
    let n_digits = unsigned.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if n_digits > 1 && unsigned[0] == b'0' {
        return (Holds::Text, true);
    }
    let plain = value[0] != b'+' && n_digits > 0;
    if n_digits == unsigned.len() && n_digits > 0 {
        return if n_digits <= 18 { (Holds::Whole, plain) } else { (Holds::Text, true) };
    }
    let starts_like_number =
        unsigned.first().is_some_and(|byte| byte.is_ascii_digit() || b".iI".contains(byte));
    let number =
        starts_like_number && std::str::from_utf8(value).is_ok_and(|text| text.parse::<f64>().is_ok());
    if !number {
        return (Holds::Text, true);
    }
    let fraction_is_plain = unsigned.last().is_some_and(u8::is_ascii_digit);
    (Holds::Numbers, plain && fraction_is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_and_long_numbers_are_texts() {
        assert_eq!(classify(b"007").0, Holds::Text);
        assert_eq!(classify(b"12345678901234567890").0, Holds::Text);
        assert_eq!(classify(b"0").0, Holds::Whole);
        assert_eq!(classify(b"-12").0, Holds::Whole);
        assert_eq!(classify(b"0.50"), (Holds::Numbers, true));
        assert_eq!(classify(b"1e-5"), (Holds::Numbers, true));
        assert_eq!(classify(b"+.5"), (Holds::Numbers, false));
        assert_eq!(classify(b"inf"), (Holds::Numbers, false));
        assert_eq!(classify(b"-").0, Holds::Text);
        assert_eq!(classify(b"1.2.3").0, Holds::Text);
    }

    #[test]
    fn numbers_with_a_decimal_comma_are_told_from_texts() {
        for value in ["1,5", "-0,25", "3,0e-2", ",5", "+1,0"] {
            assert!(is_comma_number(value.as_bytes()), "{value}");
        }
        for value in ["1,234,5", "1.234,5", "007,5", "1,", "1, 5", "a,b", "1,-5", ","] {
            assert!(!is_comma_number(value.as_bytes()), "{value}");
        }
        assert_eq!(Holds::Whole.join(Holds::CommaNumbers), Holds::CommaNumbers);
        assert_eq!(Holds::CommaNumbers.join(Holds::Numbers), Holds::Text);
    }

    #[test]
    fn the_separator_cuts_header_and_records_alike() {
        assert_eq!(separator_of(b"a;b\n1,5;2\n", false), b';');
        assert_eq!(separator_of(b"a,b;c\n1,x;y\n", false), b',');
        assert_eq!(separator_of(b"price, EUR;weight\n1;2\n3,5;4\n", false), b';');
        assert_eq!(separator_of(b"\"a;b\",c\n\"1;2;3\",4\n", false), b',');
        assert_eq!(separator_of(b"a|b\n1|2\n", false), b'|');
        assert_eq!(separator_of(b"a\tb, c\n1\t2\n", false), b'\t');
    }

    #[test]
    fn a_separator_that_fits_no_better_than_others_is_the_first_of_the_header() {
        assert_eq!(separator_of(b"a,b;c\n1\n", false), b',');
        assert_eq!(separator_of(b"a;b\n1;2;3\n", false), b';');
        assert_eq!(separator_of(b"a\n1,2\n", false), b',');
        assert_eq!(separator_of(b"", false), b',');
        assert_eq!(separator_of(b"a,b\n", true), b'\t');
    }
}
