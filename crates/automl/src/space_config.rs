//! What a user changes of the search space: domains narrowed, widened or fixed, and configurations to try first.

use std::collections::BTreeMap;

use automl_core::{Axis, Domain, ParamSpec, ParamValue, Params, SearchSpace};
use toml::Value;

use crate::error::AutomlError;

/// Changes of domains by name of the parameter, as TOML gives them.
///
/// | value | meaning |
/// |---|---|
/// | `0.001`, `"relu"`, `true` | always this |
/// | `["relu", "gelu"]`, `[32, 64]` | one of these |
/// | `{ low = 1e-4, high = 1e-2, log = true, step = … }` | this range; what is left out stays as it is |
pub(crate) type Changes = BTreeMap<String, Value>;

/// The specs with their domains changed. Conditions that can no longer hold take their parameters with them.
pub(crate) fn change(specs: Vec<ParamSpec>, changes: &Changes) -> Result<Vec<ParamSpec>, AutomlError> {
    if let Some(unknown) = changes.keys().find(|name| !specs.iter().any(|spec| spec.name == **name)) {
        return Err(unknown_param(unknown, &specs));
    }
    let mut changed: Vec<ParamSpec> = Vec::with_capacity(specs.len());
    for mut spec in specs {
        if let Some(value) = changes.get(&spec.name) {
            spec.domain = changed_domain(&spec, value)?;
        }
        if let Some(condition) = &mut spec.when {
            let Some(parent) = changed.iter().find(|known| known.name == condition.parent) else { continue };
            condition.any_of.retain(|value| parent.domain.contains(value));
            if condition.any_of.is_empty() {
                continue;
            }
        }
        changed.push(spec);
    }
    Ok(changed)
}

fn unknown_param(name: &str, specs: &[ParamSpec]) -> AutomlError {
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    let error =
        AutomlError::config(format!("`search.space` names `{name}`, which this search does not have"));
    match automl_data::nearest_name(name, names.iter().copied()) {
        Some(known) => error.with_hint(format!("did you mean `{known}`?")),
        None => error.with_hint(format!("its parameters are {}", names.join(", "))),
    }
}

fn changed_domain(spec: &ParamSpec, value: &Value) -> Result<Domain, AutomlError> {
    let wrong = |wanted: &str| {
        AutomlError::config(format!(
            "`search.space`: `{}` is {value}, but must be {wanted} (its default is {})",
            spec.name,
            spec.domain.describe()
        ))
    };
    let one = |value: &Value| param_value(&spec.domain, value);
    match (&spec.domain, value) {
        (_, Value::Array(values)) => {
            let choices: Option<Vec<ParamValue>> = values.iter().map(one).collect();
            let choices = choices.ok_or_else(|| wrong("a list of values of its type"))?;
            check_names(spec, &choices)?;
            let ordered = !matches!(spec.domain, Domain::Categorical { ordered: false, .. });
            Ok(Domain::Categorical { choices, ordered })
        }
        (Domain::Float { low, high, log, step }, Value::Table(table)) => {
            check_keys(spec, table)?;
            let real = |key: &str, default: f64| -> Result<f64, AutomlError> {
                table
                    .get(key)
                    .map_or(Ok(default), |value| number(value).ok_or_else(|| wrong("a range of numbers")))
            };
            let step = match table.get("step") {
                None => *step,
                Some(value) => Some(number(value).ok_or_else(|| wrong("a range whose step is a number"))?),
            };
            let log = flag(table, *log).ok_or_else(|| wrong("a range whose `log` is true or false"))?;
            Ok(Domain::Float { low: real("low", *low)?, high: real("high", *high)?, log, step })
        }
        (Domain::Int { low, high, step, log }, Value::Table(table)) => {
            check_keys(spec, table)?;
            let whole = |key: &str, default: i64| -> Result<i64, AutomlError> {
                table.get(key).map_or(Ok(default), |value| {
                    value.as_integer().ok_or_else(|| wrong("a range of whole numbers"))
                })
            };
            let log = flag(table, *log).ok_or_else(|| wrong("a range whose `log` is true or false"))?;
            let (low, high) = (whole("low", *low)?, whole("high", *high)?);
            Ok(Domain::Int { low, high, step: whole("step", *step)?, log })
        }
        (Domain::Categorical { .. }, Value::Table(_)) => Err(wrong("a value or a list of values")),
        (domain, value) => match (domain, one(value)) {
            (Domain::Float { .. }, Some(ParamValue::Float(value))) => Ok(Domain::float(value, value)),
            (Domain::Int { .. }, Some(ParamValue::Int(value))) => Ok(Domain::int(value, value)),
            (Domain::Categorical { .. }, Some(value)) => {
                check_names(spec, std::slice::from_ref(&value))?;
                Ok(Domain::constant(value))
            }
            _ => Err(wrong("a value of its type, a list of them, or a range")),
        },
    }
}

/// Numbers may lie outside a list of choices, but a name that is none of them means nothing to the family.
fn check_names(spec: &ParamSpec, choices: &[ParamValue]) -> Result<(), AutomlError> {
    let unknown = choices.iter().find_map(|choice| match choice {
        ParamValue::Str(name) if !spec.domain.contains(choice) => Some(name),
        _ => None,
    });
    match unknown {
        None => Ok(()),
        Some(name) => Err(AutomlError::config(format!(
            "`search.space`: `{}` is `{name}`, but must be {}",
            spec.name,
            spec.domain.describe()
        ))),
    }
}

fn check_keys(spec: &ParamSpec, table: &toml::Table) -> Result<(), AutomlError> {
    let known = ["low", "high", "log", "step"];
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(AutomlError::config(format!(
            "`search.space`: `{}` has the unknown setting `{key}`; a range has {}",
            spec.name,
            known.join(", ")
        ))),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}

fn flag(table: &toml::Table, default: bool) -> Option<bool> {
    table.get("log").map_or(Some(default), Value::as_bool)
}

/// A TOML value as a value of the domain's type.
fn param_value(domain: &Domain, value: &Value) -> Option<ParamValue> {
    match domain {
        Domain::Float { .. } => number(value).map(ParamValue::Float),
        Domain::Int { .. } => value.as_integer().map(ParamValue::Int),
        Domain::Categorical { choices, .. } => {
            let plain = match value {
                Value::String(text) => ParamValue::Str(text.clone()),
                Value::Integer(whole) => ParamValue::Int(*whole),
                Value::Float(real) => ParamValue::Float(*real),
                Value::Boolean(flag) => ParamValue::Bool(*flag),
                _ => return None,
            };
            // A choice of 1.0 may be written as 1.
            let same = |choice: &&ParamValue| choice.as_f64().is_some() && choice.as_f64() == plain.as_f64();
            let known = choices.iter().find(same).cloned().unwrap_or(plain);
            let kind = std::mem::discriminant(&known);
            choices.iter().any(|choice| std::mem::discriminant(choice) == kind).then_some(known)
        }
    }
}

/// The configuration of `space` that is nearest to `params`: values outside their domain become its nearest
/// value, and parameters that `params` lacks the middle of theirs. `None` if a choice is gone altogether and so
/// there is nothing near.
pub(crate) fn nearest(space: &SearchSpace, params: &Params) -> Option<Params> {
    let mut near = Params::new();
    for spec in space.specs() {
        if !space.is_active(spec, &near) {
            continue;
        }
        let value = match params.get(&spec.name) {
            Some(value) if spec.domain.contains(value) => value.clone(),
            Some(value) => nearest_value(&spec.domain, value)?,
            None => Axis::new(&spec.domain).decode(0.5),
        };
        near.insert(&spec.name, value);
    }
    Some(near)
}

fn nearest_value(domain: &Domain, value: &ParamValue) -> Option<ParamValue> {
    if domain.is_constant() {
        return Some(Axis::new(domain).decode(0.0));
    }
    let wanted = value.as_f64()?;
    if let Domain::Float { low, high, step: None, .. } = domain {
        return Some(ParamValue::Float(wanted.clamp(*low, *high)));
    }
    // Grids are small enough to look at, or so fine that an end is near enough.
    let axis = Axis::new(domain);
    let all = axis.all(10_000).unwrap_or_else(|| vec![0.0, 1.0]);
    let distance = |value: &ParamValue| value.as_f64().map_or(f64::INFINITY, |at| (at - wanted).abs());
    all.into_iter()
        .map(|at| axis.decode(at))
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .filter(|value| distance(value).is_finite())
}

/// A user's configuration to try first, filled up with the defaults of its family (the first of `defaults` that
/// agrees with it in the family).
pub(crate) fn complete(
    space: &SearchSpace,
    given: &toml::Table,
    defaults: &[Params],
) -> Result<Params, AutomlError> {
    let shown = given.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ");
    let wrong = |reason: String| AutomlError::config(format!("`search.enqueue` {{ {shown} }}: {reason}"));
    let mut chosen = Params::new();
    for (name, value) in given {
        let spec = space.get(name).ok_or_else(|| wrong(format!("this search has no parameter `{name}`")))?;
        let value = param_value(&spec.domain, value).filter(|value| spec.domain.contains(value));
        let value = value.ok_or_else(|| wrong(format!("`{name}` must be {}", spec.domain.describe())))?;
        chosen.insert(name, value);
    }
    let agrees = |of: &&Params| chosen.get("family").is_none_or(|family| of.get("family") == Some(family));
    let base = defaults.iter().find(agrees);
    let mut params = Params::new();
    for spec in space.specs() {
        if !space.is_active(spec, &params) {
            continue;
        }
        let own = chosen.get(&spec.name);
        let default = || base.and_then(|base| base.get(&spec.name));
        let value = own.or_else(default).cloned().unwrap_or_else(|| Axis::new(&spec.domain).decode(0.5));
        params.insert(&spec.name, value);
    }
    match chosen.iter().find(|(name, _)| params.get(name).is_none()) {
        Some((name, _)) => Err(wrong(format!("`{name}` does not exist beside the other values"))),
        None => Ok(params),
    }
}

#[cfg(test)]
mod tests {
    use automl_core::Hint;

    use super::*;

    fn specs() -> Vec<ParamSpec> {
        vec![
            ParamSpec::new("family", Domain::choice(&["mlp", "linear"])),
            ParamSpec::new("mlp.rate", Domain::log_float(1e-4, 1e-1)).when("family", &["mlp"]),
            ParamSpec::new("mlp.width", Domain::int(8, 64)).when("family", &["mlp"]),
            ParamSpec::new("mlp.act", Domain::choice(&["relu", "gelu"])).when("family", &["mlp"]),
            ParamSpec::new("linear.penalty", Domain::log_float(1e-4, 1e4)).when("family", &["linear"]),
        ]
    }

    fn changed(text: &str) -> Result<SearchSpace, AutomlError> {
        let changes: Changes = toml::from_str(text).unwrap();
        Ok(SearchSpace::new(change(specs(), &changes)?)?)
    }

    fn domain(space: &SearchSpace, name: &str) -> Domain {
        space.get(name).unwrap().domain.clone()
    }

    #[test]
    fn ranges_are_narrowed_and_widened_and_values_fixed() {
        let space = changed(
            "'mlp.rate' = { high = 1 }\n'mlp.width' = [16, 32]\n'mlp.act' = 'gelu'\n'linear.penalty' = 2",
        )
        .unwrap();
        assert_eq!(domain(&space, "mlp.rate"), Domain::log_float(1e-4, 1.0));
        assert_eq!(domain(&space, "mlp.width"), Domain::ordered(&[16_i64, 32]));
        assert_eq!(domain(&space, "mlp.act"), Domain::constant("gelu"));
        assert_eq!(domain(&space, "linear.penalty"), Domain::float(2.0, 2.0));
    }

    #[test]
    fn a_name_that_is_no_choice_and_a_parameter_that_is_not_there_are_refused() {
        for text in ["'mlp.act' = ['relu', 'gelo']", "'mlp.act' = 'gelo'"] {
            let error = changed(text).unwrap_err().to_string();
            assert!(error.contains("`mlp.act` is `gelo`"), "{error}");
        }
        let error = changed("'mlp.widht' = 16").unwrap_err();
        assert_eq!(error.hints(), ["did you mean `mlp.width`?"]);
    }

    #[test]
    fn parameters_whose_condition_cannot_hold_go() {
        let space = changed("family = 'linear'").unwrap();
        let names: Vec<&str> = space.specs().iter().map(|spec| spec.name.as_str()).collect();
        assert_eq!(names, ["family", "linear.penalty"]);
    }

    #[test]
    fn mistakes_name_parameter_value_and_default() {
        let told = |text: &str| changed(text).unwrap_err().to_string();
        assert!(told("'mlp.rat' = 1").contains("`mlp.rat`"));
        let error = told("'mlp.width' = 0.5");
        assert!(error.contains("`mlp.width` is 0.5") && error.contains("8 to 64"), "{error}");
        assert!(told("'mlp.rate' = { hihg = 1 }").contains("hihg"));
        assert!(told("'mlp.act' = { low = 1 }").contains("a value or a list"));
        assert!(told("'mlp.rate' = { low = 2 }").contains("low <= high"));
    }

    #[test]
    fn defaults_are_moved_into_the_changed_space() {
        let space = changed("'mlp.rate' = { high = 1e-3 }\n'mlp.width' = [16, 32]").unwrap();
        let default = Params::new()
            .with("family", "mlp")
            .with("mlp.rate", 0.05)
            .with("mlp.width", 60_i64)
            .with("mlp.act", "relu");
        let near = nearest(&space, &default).unwrap();
        space.check(&near).unwrap();
        assert_eq!(near, default.with("mlp.rate", 1e-3).with("mlp.width", 32_i64));
        let filled = nearest(&space, &Params::new().with("family", "linear")).unwrap();
        space.check(&filled).unwrap();
        assert!((filled.float("linear.penalty").unwrap() - 1.0).abs() < 1e-9, "the middle, logarithmically");
    }

    #[test]
    fn a_family_that_is_gone_has_no_default() {
        let space = changed("family = ['linear', 'mlp']\n'mlp.act' = ['gelu', 'relu']").unwrap();
        assert_eq!(nearest(&space, &Params::new().with("family", "trees")), None);
    }

    #[test]
    fn enqueued_configurations_are_filled_up_and_checked() {
        let space = changed("").unwrap();
        let default = Params::new()
            .with("family", "mlp")
            .with("mlp.rate", 0.05)
            .with("mlp.width", 60_i64)
            .with("mlp.act", "relu");
        let given =
            |text: &str| complete(&space, &toml::from_str(text).unwrap(), std::slice::from_ref(&default));
        let params = given("family = 'mlp'\n'mlp.width' = 10").unwrap();
        assert_eq!(params, default.clone().with("mlp.width", 10_i64));
        let error = given("family = 'linear'\n'mlp.width' = 10").unwrap_err().to_string();
        assert!(error.contains("`mlp.width` does not exist beside"), "{error}");
        let error = given("'mlp.width' = 1000").unwrap_err().to_string();
        assert!(error.contains("must be 8 to 64"), "{error}");
    }
}
