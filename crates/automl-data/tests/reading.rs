//! Files to tables: every format, every flaw, and the words in which a flaw is told.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use automl_core::{ColumnKind, ColumnProfile, Hint, Task};
use automl_data::polars::prelude::{DataFrame, IpcWriter, JsonWriter, ParquetWriter, SerWriter};
use automl_data::{Column, DataError, Source, Table, TableOptions, read_frame};
use flate2::Compression;
use flate2::write::GzEncoder;

const CSV: &str = "age,name,paid,when,y\n31,\"Ann, B.\",1.5,2024-01-02,yes\n,Bob,NA,2024-01-03,no\n7,\"two\nlines\",-2,,yes\n";

fn read(path: &Path) -> Result<DataFrame, DataError> {
    read_frame(&Source::new(path.to_string_lossy()))
}

fn read_text(name: &str, content: impl AsRef<[u8]>) -> Result<DataFrame, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    read(&path)
}

/// Error and hints as a person reads them, with the folder left out.
fn told(result: Result<DataFrame, DataError>) -> String {
    tell(&result.unwrap_err())
}

fn tell(error: &DataError) -> String {
    let mut text = error.to_string();
    for hint in error.hints() {
        text.push_str("\nhint: ");
        text.push_str(&hint);
    }
    // Paths of temporary folders differ from run to run.
    while let Some(start) = text.find("`/") {
        let end = start + 1 + text[start + 1..].find('`').unwrap();
        let name = text[start + 1..end].rsplit('/').next().unwrap().to_owned();
        text.replace_range(start + 1..end, &name);
    }
    text
}

fn train(frame: DataFrame, target: &str) -> Result<Table, DataError> {
    Table::for_training(frame, &TableOptions { target: target.to_owned(), ..TableOptions::default() })
}

#[test]
fn every_format_gives_the_same_table() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("t.csv"), CSV).unwrap();
    fs::write(at("crlf.csv"), CSV.replace('\n', "\r\n").replace("two\r\nlines", "two\nlines")).unwrap();
    fs::write(at("bom.csv"), format!("\u{FEFF}{CSV}")).unwrap();
    let plain = CSV.replace("\"Ann, B.\"", "Ann; B.").replace(',', "\t").replace("Ann; B.", "Ann, B.");
    fs::write(at("t.tsv"), &plain).unwrap();
    fs::write(at("tabs.csv"), &plain).unwrap();
    fs::write(at("no_end.csv"), CSV.trim_end()).unwrap();
    for (name, content) in [("t.csv.gz", CSV), ("t.tsv.gz", &plain)] {
        let mut encoder = GzEncoder::new(fs::File::create(at(name)).unwrap(), Compression::fast());
        encoder.write_all(content.as_bytes()).unwrap();
        encoder.finish().unwrap();
    }
    let mut frame = read(&at("t.csv")).unwrap();
    ParquetWriter::new(fs::File::create(at("t.parquet")).unwrap()).finish(&mut frame).unwrap();
    for name in ["t.arrow", "t.feather", "t.ipc"] {
        IpcWriter::new(fs::File::create(at(name)).unwrap()).finish(&mut frame).unwrap();
    }
    for name in ["t.jsonl", "t.ndjson"] {
        JsonWriter::new(fs::File::create(at(name)).unwrap()).finish(&mut frame).unwrap();
    }
    let reference = train(frame, "y").unwrap();
    assert_eq!(reference.n_rows(), 3);
    for file in fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let table = train(read(&path).unwrap(), "y").unwrap();
        assert_eq!(table.content_hash(), reference.content_hash(), "{}", path.display());
        assert_eq!(table.profile(), reference.profile(), "{}", path.display());
    }
}

#[test]
fn types_are_inferred_over_the_whole_file() {
    let mut lines = vec!["a,b,c,d,e".to_owned()];
    lines.extend((0..2000).map(|row| format!("{row},{row},00{row},{row},{row}")));
    lines.push("0.5,x,1,+7, 8 ".to_owned());
    let frame = read_text("t.csv", lines.join("\n")).unwrap();
    let types: Vec<String> = frame.dtypes().iter().map(ToString::to_string).collect();
    assert_eq!(types, ["f64", "str", "str", "i64", "i64"]);
    assert_eq!(frame.column("e").unwrap().i64().unwrap().get(2000), Some(8));
    assert_eq!(frame.column("d").unwrap().i64().unwrap().get(2000), Some(7));
}

#[test]
fn decimal_commas_are_numbers_where_semicolons_separate() {
    let text = "a;b;c;d;e\n1,5;2;1,5;x;NA\n-0,25; 3,5 ;1.5;1,5;7\n3;4;2;2,5;0,5\n";
    let frame = read_text("t.csv", text).unwrap();
    let types: Vec<String> = frame.dtypes().iter().map(ToString::to_string).collect();
    // Commas and points in one column are no numbers, and neither are they beside other texts.
    assert_eq!(types, ["f64", "f64", "str", "str", "f64"]);
    let values = |name: &str| frame.column(name).unwrap().f64().unwrap().to_vec();
    assert_eq!(values("a"), [Some(1.5), Some(-0.25), Some(3.0)]);
    assert_eq!(values("b"), [Some(2.0), Some(3.5), Some(4.0)]);
    assert_eq!(values("e"), [None, Some(7.0), Some(0.5)]);
    // With tabs `1,500` may be 1500.
    let tabs = read_text("t.tsv", "a\tb\n1,500\t2\n").unwrap();
    assert_eq!(tabs.column("a").unwrap().dtype().to_string(), "str");
    // Files of one table agree on a column: whole numbers in one and commas in the other.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), "a;b\n1;2\n").unwrap();
    fs::write(folder.path().join("b.csv"), "a;b\n1,5;2\n").unwrap();
    let both = read_frame(&Source::new(folder.path().join("*.csv").to_string_lossy())).unwrap();
    assert_eq!(both.column("a").unwrap().f64().unwrap().to_vec(), [Some(1.0), Some(1.5)]);
}

#[test]
fn missing_values_have_many_spellings() {
    let frame = read_text("t.csv", "a,b\n1,x\nNA,?\nnull,\n , NA\n\"\",\"\"\n2,y\n").unwrap();
    assert_eq!(frame.column("a").unwrap().null_count(), 4);
    assert_eq!(frame.column("b").unwrap().null_count(), 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, "a,b\n1,NA\n-9,x\n").unwrap();
    let frame = read_frame(&Source::new(path.to_string_lossy()).with_missing(["-9"])).unwrap();
    assert_eq!(frame.column("a").unwrap().null_count(), 1);
    assert_eq!(frame.column("b").unwrap().null_count(), 0);
}

#[test]
fn a_thousand_columns_are_fine() {
    let header: Vec<String> = (0..1000).map(|column| format!("c{column}")).collect();
    let row: Vec<String> = (0..1000).map(|column| format!("{}", f64::from(column) / 2.0)).collect();
    let frame = read_text("t.csv", format!("{}\n{}\n", header.join(","), row.join(","))).unwrap();
    assert_eq!(frame.shape(), (1, 1000));
}

#[test]
fn files_of_a_pattern_are_stacked_and_may_order_columns_differently() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("1.csv"), "a,b\n1,x\n").unwrap();
    fs::write(folder.path().join("2.csv"), "b,a\ny,2.5\n").unwrap();
    let frame = read(&folder.path().join("*.csv")).unwrap();
    let a: Vec<Option<f64>> = frame.column("a").unwrap().f64().unwrap().iter().collect();
    assert_eq!(a, [Some(1.0), Some(2.5)]);

    fs::write(folder.path().join("3.csv"), "a,c\n1,x\n").unwrap();
    insta::assert_snapshot!(told(read(&folder.path().join("*.csv"))), @"`1.csv` and `3.csv` differ in column `b`: str there, no such column here");
}

#[test]
fn flaws_of_separated_files_are_told_with_their_place() {
    insta::assert_snapshot!(told(read_text("t.csv", "")), @"`t.csv` is empty");
    insta::assert_snapshot!(told(read_text("t.csv", "\n\n")), @"`t.csv` is empty");
    insta::assert_snapshot!(told(read_text("t.csv", "a,b\n")), @"`t.csv` has 2 columns and no rows");
    insta::assert_snapshot!(told(read_text("t.csv", "a,b\n1,\"x\ny\"\n1\n")), @r"
    `t.csv`, line 4: expected 2 fields as in the header, found 1
    hint: a field that holds the separator or a line break needs double quotes around it
    ");
    insta::assert_snapshot!(told(read_text("t.csv", "a,b\n1,2\n1,2,3\n")), @r"
    `t.csv`, line 3: expected 2 fields as in the header, found 3
    hint: a field that holds the separator or a line break needs double quotes around it
    ");
    insta::assert_snapshot!(told(read_text("t.csv", b"a,b\n1,x\n2,\"x\nM\xfcller\"\n")), @r"
    `t.csv`, line 4: not valid UTF-8
    hint: convert the file, for example with `iconv -f latin1 -t utf-8`
    ");
    insta::assert_snapshot!(told(read_text("t.csv", b"a,M\xfcller\n1,x\n")), @r"
    `t.csv`, line 1: not valid UTF-8
    hint: convert the file, for example with `iconv -f latin1 -t utf-8`
    ");
    insta::assert_snapshot!(told(read_text("t.csv", "b,a,b,a,b\n1,2,3,4,5\n")), @r"
    `t.csv`: columns 1, 3, 5 are all called `b`
    hint: the first line must name every column once
    ");
}

#[test]
fn a_column_without_a_name_gets_one_as_in_pandas() {
    let frame = read_text("t.csv", ",a, \n0,1,2\n1,3,4\n").unwrap();
    assert_eq!(frame.get_column_names(), ["Unnamed: 0", "a", "Unnamed: 2"]);
    assert_eq!(frame.columns()[1].i64().unwrap().to_vec(), [Some(1), Some(3)]);
}

#[test]
fn blank_lines_are_no_rows() {
    for text in ["a,b\n1,x\n\n2,y\n\n\n", "a,b\r\n1,x\r\n\r\n2,y\r\n\r\n", "\na,b\n1,x\n2,y\n"] {
        let frame = read_text("t.csv", text).unwrap();
        assert_eq!(frame.shape(), (2, 2), "{text:?}");
        assert_eq!(frame.columns()[0].i64().unwrap().to_vec(), [Some(1), Some(2)]);
    }
}

/// Files that pandas wrote: `make_parquet.py`.
fn written_by_pandas(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

#[test]
fn categories_and_times_of_pandas_are_features() {
    for name in ["pandas.parquet", "pandas.feather"] {
        let table = train(read(&written_by_pandas(name)).unwrap(), "y").unwrap();
        assert!(table.warnings().is_empty(), "{:?}", table.warnings());
        let told = |column: &ColumnProfile| format!("{}: {}", column.name, column.kind.name());
        let kinds: Vec<String> = table.profile().columns.iter().map(told).collect();
        insta::allow_duplicates! {
            insta::assert_snapshot!(kinds.join(", "), @"city: categorical, size: numeric, at: numeric, took: numeric, count: numeric");
        }
        assert_eq!(table.profile().labels, ["no", "yes"]);
        let number = |column: &str, row: usize| match table.column(column) {
            Some(Column::Numeric(values)) => values[row],
            other => panic!("{other:?}"),
        };
        assert_eq!((number("at", 1), number("took", 2), number("size", 1)), (5400.0, 180.0, 20.0));
        assert!(number("count", 3).is_nan());
    }
}

#[test]
fn a_type_that_cannot_be_read_is_told() {
    insta::assert_snapshot!(told(read(&written_by_pandas("decimal.parquet"))), @r"
    `decimal.parquet`: column `price` is of the type Decimal(3, 2), which cannot be read
    hint: convert it, a decimal to 64-bit floats for example, or leave it out of the file
    ");
}

#[test]
fn other_unreadable_files_are_told() {
    insta::assert_snapshot!(told(read_text("t.xlsx", "x")), @r"
    `t.xlsx` has the extension `xlsx`, which tells no format that can be read
    hint: the known extensions are csv, csv.gz, tsv, tsv.gz, parquet, arrow, feather, ipc, ndjson, ndjson.gz, jsonl, jsonl.gz
    ");
    insta::assert_snapshot!(told(read_text("t", "x")), @r"
    `t` has no extension, which tells no format that can be read
    hint: the known extensions are csv, csv.gz, tsv, tsv.gz, parquet, arrow, feather, ipc, ndjson, ndjson.gz, jsonl, jsonl.gz
    ");
    insta::assert_snapshot!(told(read(Path::new("/nowhere/*.csv"))), @r"
    no file matches `*.csv`
    hint: paths are relative to the current folder
    ");
    insta::assert_snapshot!(told(read(Path::new("a[.csv"))), @"`a[.csv` is not a file pattern: Pattern syntax error near position 1: invalid range pattern");
    // What the decoder says of the bytes is its own.
    let told_of_gzip = told(read_text("t.csv.gz", "this is no gzip file"));
    assert!(told_of_gzip.starts_with("`t.csv.gz` is not readable as gzip: "), "{told_of_gzip}");
    insta::assert_snapshot!(told(read_text("t.parquet", "not parquet")), @"`t.parquet` is not readable as Parquet: parquet: File out of specification: A Parquet file must contain a header and footer with at least 12 bytes");
    insta::assert_snapshot!(told(read_text("t.arrow", "not arrow")), @"`t.arrow` is not readable as Arrow IPC: invalid seek to a negative or overflowing position");
    insta::assert_snapshot!(told(read_text("t.jsonl", "{\"a\": 1}\n{\"a\": \n")), @"`t.jsonl` is not readable as JSON lines: line 2: EOF while parsing a value at line 1 column 5");
    insta::assert_snapshot!(told(read_text("t.jsonl", "{\"a\": 1}\n[2]\n")), @"`t.jsonl` is not readable as JSON lines: line 2: expected an object");
}

#[test]
fn infinities_become_missing_with_a_warning() {
    let frame = read_text("t.csv", "a,b,y\n1,1,p\ninf,2,q\n3,4,p\n-inf,7,q\n").unwrap();
    let table = train(frame, "y").unwrap();
    let Some(Column::Numeric(values)) = table.column("a") else { panic!("a is not numeric") };
    assert_eq!(values.iter().filter(|value| value.is_nan()).count(), 2);
    insta::assert_snapshot!(table.warnings().join("\n"), @"column `a`: 2 infinite values taken as missing");
}

#[test]
fn nested_columns_are_left_out_with_a_warning() {
    let frame =
        read_text("t.jsonl", "{\"a\": [1], \"b\": 1, \"y\": \"p\"}\n{\"a\": [2], \"b\": 3, \"y\": \"q\"}\n")
            .unwrap();
    let table = train(frame.clone(), "y").unwrap();
    assert_eq!(table.profile().columns[0].kind, ColumnKind::Ignored);
    insta::assert_snapshot!(table.warnings().join("\n"), @"column `a` is not used: list[i64] values cannot be used");
    insta::assert_snapshot!(tell(&train(frame, "a").unwrap_err()), @"target `a` holds list[i64] values, which are neither classes nor numbers");
}

#[test]
fn the_hash_tells_contents_apart() {
    let hash =
        |content: &str| train(read_text("t.csv", content).unwrap(), "y").unwrap().content_hash().to_owned();
    let reference = hash("a,y\n1,p\n2,q\n");
    assert_eq!(reference.len(), 64);
    assert_eq!(reference, hash("a,y\n1.0,p\n2,q\n"));
    for other in
        ["b,y\n1,p\n2,q\n", "a,y\n1,p\n3,q\n", "a,y\n1,p\n,q\n2,q\n", "a,y\n2,q\n1,p\n", "a,y\nx1,p\n2,q\n"]
    {
        assert_ne!(reference, hash(other), "{other}");
    }
}

#[test]
fn a_boolean_target_keeps_its_spelling() {
    let table = train(read_text("t.csv", "a,y\n1,True\n2,False\n5,True\n").unwrap(), "y").unwrap();
    assert_eq!(
        (table.profile().task, table.profile().labels.clone()),
        (Task::Binary, vec!["False".into(), "True".into()])
    );
}

#[test]
fn a_quote_within_a_field_is_a_character_like_any_other() {
    let content = "screen \"diagonal\",y\n15\" wide,1\n\"17\"\" wide\",2\n19,3\n";
    let frame = read_text("t.csv", content).unwrap();
    assert_eq!(frame.get_column_names(), ["screen \"diagonal\"", "y"]);
    let screens: Vec<Option<&str>> = frame.columns()[0].str().unwrap().iter().collect();
    assert_eq!(screens, [Some("15\" wide"), Some("17\" wide"), Some("19")]);
}
