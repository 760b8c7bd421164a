//! Parameters that exist together are drawn together.

use automl_core::SearchSpace;

/// Splits a space into groups of equal conditions, parents' groups before their children's. A group holds the
/// indices of its parameters among the specs.
///
/// Optuna derives such groups from the trials it has seen (`group=True`); here the space states them, so they
/// are right from the first trial on.
pub(crate) fn groups(space: &SearchSpace) -> Vec<Vec<usize>> {
    let specs = space.specs();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, spec) in specs.iter().enumerate() {
        match groups.iter_mut().find(|group| specs[group[0]].when == spec.when) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use automl_core::{Domain, ParamSpec};

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
            .map(|group| group.iter().map(|&spec| space.specs()[spec].name.as_str()).collect())
            .collect();
        assert_eq!(
            names,
            [vec!["family", "scale"], vec!["mlp.optimizer", "mlp.dropout"], vec!["mlp.momentum"]]
        );
    }
}
