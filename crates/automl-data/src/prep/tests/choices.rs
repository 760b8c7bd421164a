//! Which choices exist for which table.

use automl_core::{ColumnKind, DataProfile, InputForm, ParamValue, Params, SearchSpace};

use super::{KINDS, profile};
use crate::prep::{PrepConfig, prep_defaults, prep_space};

fn space_names(profile: &DataProfile, input: InputForm) -> Vec<String> {
    prep_space(profile, input).into_iter().map(|spec| spec.name).collect()
}

#[test]
fn only_choices_that_matter_are_searched() {
    let everything = profile(&KINDS);
    assert_eq!(
        space_names(&everything, InputForm::Codes),
        ["impute", "scaling", "log_skewed", "one_hot_max", "min_level_count", "text_ngrams", "text_features"]
    );
    assert!(!space_names(&everything, InputForm::OneHot).contains(&"one_hot_max".to_owned()));
    assert!(space_names(&profile(&[("b", ColumnKind::Boolean)]), InputForm::Codes).is_empty());
    assert_eq!(
        space_names(&everything, InputForm::Native),
        ["min_level_count", "text_ngrams", "text_features"]
    );
    let mut complete = profile(&[("n", ColumnKind::Numeric)]);
    complete.columns[0].n_missing = 0;
    complete.columns[0].min = Some(-1.0);
    assert_eq!(space_names(&complete, InputForm::Codes), ["scaling"]);
}

#[test]
fn defaults_lie_in_the_space_and_make_a_configuration() {
    let tables: Vec<DataProfile> = (0..1 << KINDS.len())
        .map(|subset: usize| {
            let kept = KINDS.iter().enumerate().filter(|(index, _)| subset >> index & 1 == 1);
            profile(&kept.map(|(_, kind)| *kind).collect::<Vec<_>>())
        })
        .collect();
    for table in &tables {
        for input in [InputForm::OneHot, InputForm::Codes, InputForm::Native] {
            let space = SearchSpace::new(prep_space(table, input)).unwrap();
            let defaults = prep_defaults(table, input);
            space.check(&defaults).unwrap();
            PrepConfig::from_params(&defaults).unwrap();
        }
    }
}

#[test]
fn one_hot_max_is_searched_no_further_than_the_data_has_levels() {
    let mut table = profile(&[("c", ColumnKind::Categorical)]);
    table.columns[0].n_distinct = 5;
    let specs = prep_space(&table, InputForm::Codes);
    assert!(specs[0].domain.contains(&ParamValue::Int(5)) && !specs[0].domain.contains(&ParamValue::Int(6)));
    assert_eq!(prep_defaults(&table, InputForm::Codes).get("one_hot_max"), Some(&ParamValue::Int(5)));
    table.columns[0].n_distinct = 2;
    assert_eq!(prep_defaults(&table, InputForm::Codes), Params::new());
}
