//! `automl describe`.

use serde_json::Value;

use crate::support::{Scratch, titanic};

#[test]
fn a_table_reads_well() {
    let printed = Scratch::new().ok(&["describe", &titanic(), "--target", "Survived"]);
    insta::assert_snapshot!(printed.stdout);
}

#[test]
fn the_json_has_distributions_and_first_rows() {
    let scratch = Scratch::new();
    let printed =
        scratch.ok(&["describe", &titanic(), "--json", "--head", "3", "--column", "Pclass=categorical"]);
    let seen: Value = serde_json::from_str(&printed.stdout).unwrap();
    let columns = seen["columns"].as_array().unwrap();
    assert_eq!(seen["target"], Value::Null);
    assert_eq!(seen["head"].as_array().unwrap().len(), 3);
    assert_eq!(seen["head"][0].as_array().unwrap().len(), columns.len());
    let column = |name: &str| columns.iter().find(|column| column["name"] == name).unwrap();
    assert_eq!(column("Pclass")["kind"], "categorical");
    assert_eq!(column("Age")["distribution"]["numeric"]["counts"].as_array().unwrap().len(), 20);
    assert!(column("Age")["n_missing"].as_u64().unwrap() > 0);
}

#[test]
fn what_is_wrong_is_said_with_what_is_near() {
    let scratch = Scratch::new();
    let printed = scratch.automl(&["describe", &titanic(), "--target", "Survivd"]);
    assert_eq!(printed.code, Some(3));
    assert!(printed.failure().contains("Survived"), "{}", printed.stderr);
    scratch.write("odd.csv", "<script>alert(1)</script>,b\n1,x\n2,\n");
    let printed = scratch.ok(&["describe", "odd.csv"]);
    assert!(printed.stdout.starts_with("2 rows, 2 columns"), "{}", printed.stdout);
}
