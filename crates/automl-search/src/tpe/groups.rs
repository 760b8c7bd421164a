//! Parameters that exist together are drawn together.

use automl_core::{ParamSpec, SearchSpace};

/// The parameters of one condition, in the order of the space.
pub(super) type Group<'a> = Vec<&'a ParamSpec>;

/// Splits a space into groups of equal conditions, parents' groups before their children's.
///
/// Optuna derives such groups from the trials it has seen (`group=True`); here the space states them, so they
/// are right from the first trial on.
pub(super) fn groups(space: &SearchSpace) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for spec in space.specs() {
        match groups.iter_mut().find(|group| group[0].when == spec.when) {
            Some(group) => group.push(spec),
            None => groups.push(vec![spec]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use automl_core::Domain;

    use super::*;

    #[test]
    fn equal_conditions_make_a_group_and_parents_come_first() {
        let unit = || Domain::float(0.0, 1.0);
        let specs = vec![
            ParamSpec::new("family", Domain::choice(&["mlp", "ridge"])),
            ParamSpec::new("mlp.optimizer", Domain::choice(&["adamw", "sgd"])).when("family", &["mlp"]),
            ParamSpec::new("mlp.momentum", unit()).when("mlp.optimizer", &["sgd"]),
            ParamSpec::new("scale", unit()),
            ParamSpec::new("mlp.dropout", unit()).when("family", &["mlp"]),
        ];
        let space = SearchSpace::new(specs).unwrap();
        let names: Vec<Vec<&str>> = groups(&space)
            .iter()
            .map(|group| group.iter().map(|spec| spec.name.as_str()).collect())
            .collect();
        assert_eq!(
            names,
            [vec!["family", "scale"], vec!["mlp.optimizer", "mlp.dropout"], vec!["mlp.momentum"]]
        );
    }
}
