//! What can be chosen: hyper-parameters, their domains and their conditions.

use std::collections::BTreeMap;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use crate::error::SpaceError;
use crate::params::{ParamValue, Params};

/// The values a hyper-parameter may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Domain {
    /// A real number in `[low, high]`.
    Float {
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
        /// Uniform in the logarithm; needs `low > 0`.
        #[serde(default)]
        log: bool,
        /// Only `low, low + step, …` up to `high`; any number between if absent. Not with `log`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<f64>,
    },
    /// A whole number `low, low + step, …` up to `high`.
    Int {
        /// Smallest value.
        low: i64,
        /// Largest value.
        high: i64,
        /// Distance between neighbouring values; 1 when `log`.
        #[serde(default = "one")]
        step: i64,
        /// Uniform in the logarithm; needs `low >= 1`.
        #[serde(default)]
        log: bool,
    },
    /// One of a list.
    Categorical {
        /// The list; no value twice.
        choices: Vec<ParamValue>,
        /// Whether the list is in an order that means something: neighbours are alike.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        ordered: bool,
    },
}

/// Whether `value` is a whole number of steps from `low`. Wider numbers, since the range of all `i64` overflows one.
fn is_on_grid(value: i64, low: i64, step: i64) -> bool {
    (i128::from(value) - i128::from(low)) % i128::from(step) == 0
}

/// Whether `value` is a whole number of steps from `low`, up to the rounding of its computation.
fn is_on_float_grid(value: f64, low: f64, step: f64) -> bool {
    let steps = (value - low) / step;
    (steps - steps.round()).abs() <= 1e-8 * steps.abs().max(1.0)
}

fn one() -> i64 {
    1
}

impl Domain {
    /// A real number in `[low, high]`.
    pub fn float(low: f64, high: f64) -> Self {
        Domain::Float { low, high, log: false, step: None }
    }

    /// A real number in `[low, high]`, uniform in the logarithm.
    pub fn log_float(low: f64, high: f64) -> Self {
        Domain::Float { low, high, log: true, step: None }
    }

    /// A real number `low, low + step, …, high`.
    pub fn stepped_float(low: f64, high: f64, step: f64) -> Self {
        Domain::Float { low, high, log: false, step: Some(step) }
    }

    /// A whole number in `low..=high`.
    pub fn int(low: i64, high: i64) -> Self {
        Domain::Int { low, high, step: 1, log: false }
    }

    /// A whole number `low, low + step, …, high`.
    pub fn stepped_int(low: i64, high: i64, step: i64) -> Self {
        Domain::Int { low, high, step, log: false }
    }

    /// A whole number in `low..=high`, uniform in the logarithm.
    pub fn log_int(low: i64, high: i64) -> Self {
        Domain::Int { low, high, step: 1, log: true }
    }

    /// One of `choices`.
    pub fn choice<V: Into<ParamValue> + Clone>(choices: &[V]) -> Self {
        Domain::Categorical { choices: choices.iter().cloned().map(Into::into).collect(), ordered: false }
    }

    /// One of `choices`, which stand in an order that means something.
    pub fn ordered<V: Into<ParamValue> + Clone>(choices: &[V]) -> Self {
        Domain::Categorical { choices: choices.iter().cloned().map(Into::into).collect(), ordered: true }
    }

    /// Nothing but `value`.
    pub fn constant(value: impl Into<ParamValue>) -> Self {
        Domain::Categorical { choices: vec![value.into()], ordered: false }
    }

    /// Whether there is only one value.
    pub fn is_constant(&self) -> bool {
        match self {
            Domain::Float { low, high, .. } => low == high,
            Domain::Int { low, high, .. } => low == high,
            Domain::Categorical { choices, .. } => choices.len() == 1,
        }
    }

    /// `false` or `true`.
    pub fn boolean() -> Self {
        Self::choice(&[false, true])
    }

    /// True when `value` has this domain's type and lies in it.
    pub fn contains(&self, value: &ParamValue) -> bool {
        match (self, value) {
            (Domain::Float { low, high, step, .. }, ParamValue::Float(value)) => {
                (*low..=*high).contains(value) && step.is_none_or(|step| is_on_float_grid(*value, *low, step))
            }
            (Domain::Int { low, high, step, .. }, ParamValue::Int(value)) => {
                (*low..=*high).contains(value) && is_on_grid(*value, *low, *step)
            }
            (Domain::Categorical { choices, .. }, value) => choices.contains(value),
            _ => false,
        }
    }

    /// Whether every value of `other` is one of this domain, on the same scale.
    pub fn includes(&self, other: &Domain) -> bool {
        match (self, other) {
            (
                Domain::Float { low, high, log, step },
                Domain::Float { low: l, high: h, log: other_log, step: other_step },
            ) => {
                let fits = match (step, other_step) {
                    (None, _) => true,
                    (Some(step), Some(other)) => {
                        is_on_float_grid(*l, *low, *step) && is_on_float_grid(*l + *other, *l, *step)
                    }
                    (Some(step), None) => l == h && is_on_float_grid(*l, *low, *step),
                };
                low <= l && h <= high && (log == other_log || l == h) && fits
            }
            (
                Domain::Int { low, high, step, log },
                Domain::Int { low: l, high: h, step: other_step, log: other_log },
            ) => {
                let fits = is_on_grid(*l, *low, *step) && (l == h || other_step % step == 0);
                low <= l && h <= high && (log == other_log || l == h) && fits
            }
            (Domain::Categorical { choices, .. }, Domain::Categorical { choices: others, .. }) => {
                others.iter().all(|choice| choices.contains(choice))
            }
            _ => false,
        }
    }

    /// The domain in words, for messages: `0.001 to 0.1 (log)`.
    pub fn describe(&self) -> String {
        let log_note = |log: bool| if log { " (log)" } else { "" };
        match self {
            Domain::Float { low, high, step: Some(step), .. } => {
                format!("{low} to {high} in steps of {step}")
            }
            Domain::Float { low, high, log, step: None } => format!("{low} to {high}{}", log_note(*log)),
            Domain::Int { low, high, step: 1, log } => format!("{low} to {high}{}", log_note(*log)),
            Domain::Int { low, high, step, .. } => format!("{low} to {high} in steps of {step}"),
            Domain::Categorical { choices, ordered } => {
                let names: Vec<String> = choices.iter().map(ToString::to_string).collect();
                let order_note = if *ordered { " (in this order)" } else { "" };
                format!("one of {}{order_note}", names.join(", "))
            }
        }
    }

    fn check(&self, name: &str) -> Result<(), SpaceError> {
        let invalid = |reason: String| SpaceError::InvalidDomain { name: name.to_owned(), reason };
        match self {
            Domain::Float { low, high, log, step } => {
                if !low.is_finite() || !high.is_finite() || low > high {
                    return Err(invalid(format!("needs finite low <= high, got {low} and {high}")));
                }
                if *log && *low <= 0.0 {
                    return Err(invalid(format!("a log scale needs low > 0, got {low}")));
                }
                if let Some(step) = step {
                    if *log {
                        return Err(invalid("a log scale has no step".to_owned()));
                    }
                    if !step.is_finite() || *step <= 0.0 || !is_on_float_grid(*high, *low, *step) {
                        return Err(invalid(format!("step {step} does not divide {low} to {high}")));
                    }
                }
            }
            Domain::Int { low, high, step, log } => {
                if low > high {
                    return Err(invalid(format!("needs low <= high, got {low} and {high}")));
                }
                if *step < 1 || !is_on_grid(*high, *low, *step) {
                    return Err(invalid(format!("step {step} does not divide {low} to {high}")));
                }
                if *log && (*low < 1 || *step != 1) {
                    return Err(invalid(format!(
                        "a log scale needs low >= 1 and step 1, got {low} and {step}"
                    )));
                }
            }
            Domain::Categorical { choices, .. } => {
                if choices.is_empty() {
                    return Err(invalid("needs at least one choice".to_owned()));
                }
                let repeated = (1..choices.len()).find(|&index| choices[..index].contains(&choices[index]));
                if let Some(index) = repeated {
                    return Err(invalid(format!("lists {} twice", choices[index])));
                }
            }
        }
        Ok(())
    }
}

/// A parameter exists only while its parent has one of some values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Name of the parent parameter.
    pub parent: String,
    /// The parent's values under which the parameter exists.
    pub any_of: Vec<ParamValue>,
}

/// One hyper-parameter of a space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParamSpec {
    /// Name, unique in the space.
    pub name: String,
    /// Values it may take.
    pub domain: Domain,
    /// When it exists; always, if `None`.
    pub when: Option<Condition>,
}

impl ParamSpec {
    /// A parameter that always exists.
    pub fn new(name: &str, domain: Domain) -> Self {
        Self { name: name.to_owned(), domain, when: None }
    }

    /// The same parameter, existing only while `parent` has one of `any_of`.
    #[must_use]
    pub fn when<V: Into<ParamValue> + Clone>(mut self, parent: &str, any_of: &[V]) -> Self {
        let any_of = any_of.iter().cloned().map(Into::into).collect();
        self.when = Some(Condition { parent: parent.to_owned(), any_of });
        self
    }
}

/// A checked, conditional search space. Parents stand before their children.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SearchSpace {
    specs: Vec<ParamSpec>,
    #[serde(skip)]
    index: BTreeMap<String, usize>,
}

impl<'de> Deserialize<'de> for SearchSpace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Unchecked {
            specs: Vec<ParamSpec>,
        }
        Self::new(Unchecked::deserialize(deserializer)?.specs).map_err(D::Error::custom)
    }
}

impl SearchSpace {
    /// Checks and keeps `specs`.
    ///
    /// # Errors
    /// [`SpaceError`] for a name given twice, an impossible domain, or a condition whose parent does
    /// not stand earlier in the list or can never have the wanted value.
    pub fn new(specs: Vec<ParamSpec>) -> Result<Self, SpaceError> {
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        for (position, spec) in specs.iter().enumerate() {
            spec.domain.check(&spec.name)?;
            if let Some(condition) = &spec.when {
                let parent = index.get(&condition.parent).map(|&parent| &specs[parent]);
                check_condition(spec, condition, parent)?;
            }
            if index.insert(spec.name.clone(), position).is_some() {
                return Err(SpaceError::DuplicateParam { name: spec.name.clone() });
            }
        }
        Ok(Self { specs, index })
    }

    /// All parameters, parents before children.
    pub fn specs(&self) -> &[ParamSpec] {
        &self.specs
    }

    /// (name, index among the specs) in order of name.
    pub(crate) fn by_name(&self) -> impl Iterator<Item = (&str, usize)> {
        self.index.iter().map(|(name, &position)| (name.as_str(), position))
    }

    /// Index of the parameter `name` among the specs.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// The parameter `name`.
    pub fn get(&self, name: &str) -> Option<&ParamSpec> {
        self.index.get(name).map(|&position| &self.specs[position])
    }

    /// Whether `spec` exists under the values chosen so far.
    pub fn is_active(&self, spec: &ParamSpec, chosen: &Params) -> bool {
        spec.when.as_ref().is_none_or(|condition| {
            chosen.get(&condition.parent).is_some_and(|value| condition.any_of.contains(value))
        })
    }

    /// The part of the space in which the choice `name` is `value`: that choice has no other, and what does not exist
    /// there is left out. `None` if `name` is no choice that may be `value`.
    #[must_use]
    pub fn given(&self, name: &str, value: &str) -> Option<Self> {
        let chosen = ParamValue::from(value);
        let of = self.get(name)?;
        if !of.domain.contains(&chosen) {
            return None;
        }
        let mut specs: Vec<ParamSpec> = Vec::new();
        for spec in &self.specs {
            let mut spec = spec.clone();
            if spec.name == name {
                spec.domain = Domain::choice(&[value]);
            }
            match &mut spec.when {
                Some(Condition { parent, any_of }) if parent == name => {
                    if !any_of.contains(&chosen) {
                        continue;
                    }
                    *any_of = vec![chosen.clone()];
                }
                Some(Condition { parent, .. }) if !specs.iter().any(|kept| kept.name == *parent) => continue,
                _ => {}
            }
            specs.push(spec);
        }
        Self::new(specs).ok()
    }

    /// Where this space lacks something of `other`: the parameter's name, what `other` says of it, and what this
    /// space says. `None` if every configuration of `other` is one of this space, perhaps with parameters added.
    pub fn narrower_than(&self, other: &SearchSpace) -> Option<(String, String, String)> {
        other.specs.iter().find_map(|theirs| {
            let told = |now: String| Some((theirs.name.clone(), theirs.domain.describe(), now));
            let Some(ours) = self.get(&theirs.name) else { return told("absent".to_owned()) };
            if !ours.domain.includes(&theirs.domain) {
                return told(ours.domain.describe());
            }
            let is_free = |parent: &str| self.get(parent).is_some();
            let holds = match (&ours.when, &theirs.when) {
                (None, None) => true,
                (Some(ours), Some(theirs)) => {
                    ours.parent == theirs.parent
                        && is_free(&ours.parent)
                        && theirs.any_of.iter().all(|value| ours.any_of.contains(value))
                }
                _ => false,
            };
            if holds { None } else { told("under another condition".to_owned()) }
        })
    }

    /// Checks that `params` holds exactly the active parameters, each in its domain.
    ///
    /// # Errors
    /// [`SpaceError::MissingParam`], [`SpaceError::UnknownParam`], [`SpaceError::OutOfDomain`].
    pub fn check(&self, params: &Params) -> Result<(), SpaceError> {
        for spec in &self.specs {
            match (self.is_active(spec, params), params.get(&spec.name)) {
                (true, None) => return Err(SpaceError::MissingParam { name: spec.name.clone() }),
                (true, Some(value)) if !spec.domain.contains(value) => {
                    return Err(SpaceError::OutOfDomain {
                        name: spec.name.clone(),
                        value: value.to_string(),
                        domain: spec.domain.describe(),
                    });
                }
                (false, Some(_)) => return Err(SpaceError::UnknownParam { name: spec.name.clone() }),
                _ => {}
            }
        }
        let unknown = params.iter().find(|(name, _)| self.get(name).is_none());
        unknown.map_or(Ok(()), |(name, _)| Err(SpaceError::UnknownParam { name: name.to_owned() }))
    }
}

fn check_condition(
    spec: &ParamSpec,
    condition: &Condition,
    parent: Option<&ParamSpec>,
) -> Result<(), SpaceError> {
    let invalid = |reason: String| SpaceError::InvalidDomain { name: spec.name.clone(), reason };
    let parent = parent.ok_or_else(|| {
        invalid(format!("its condition names `{}`, which does not stand before it", condition.parent))
    })?;
    let impossible = condition.any_of.iter().find(|value| !parent.domain.contains(value));
    match impossible {
        Some(value) => Err(invalid(format!("its parent `{}` is never {value}", parent.name))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditional() -> SearchSpace {
        SearchSpace::new(vec![
            ParamSpec::new("optimizer", Domain::choice(&["adamw", "sgd"])),
            ParamSpec::new("momentum", Domain::float(0.0, 0.99)).when("optimizer", &["sgd"]),
        ])
        .unwrap()
    }

    #[test]
    fn a_child_exists_only_under_its_parents_value() {
        let space = conditional();
        let adamw = Params::new().with("optimizer", "adamw");
        assert!(space.check(&adamw).is_ok());
        assert!(space.check(&adamw.clone().with("momentum", 0.9)).is_err());
        assert!(space.check(&Params::new().with("optimizer", "sgd")).is_err());
        assert!(space.check(&Params::new().with("optimizer", "sgd").with("momentum", 0.9)).is_ok());
    }

    #[test]
    fn a_value_outside_its_domain_is_named() {
        let error = conditional().check(&Params::new().with("optimizer", "lion")).unwrap_err();
        assert_eq!(error.to_string(), "`optimizer` is lion, outside one of adamw, sgd");
    }

    #[test]
    fn a_wider_space_includes_a_narrower_one_and_not_the_other_way_round() {
        let pairs = [
            (Domain::float(0.0, 2.0), Domain::float(0.0, 1.0)),
            (Domain::float(0.0, 2.0), Domain::stepped_float(0.5, 1.5, 0.5)),
            (Domain::stepped_float(0.0, 2.0, 0.25), Domain::stepped_float(0.5, 1.5, 0.5)),
            (Domain::log_float(1e-4, 1.0), Domain::log_float(1e-3, 1e-1)),
            (Domain::log_float(1e-4, 1.0), Domain::float(0.1, 0.1)),
            (Domain::int(0, 9), Domain::stepped_int(3, 9, 3)),
            (Domain::stepped_int(0, 12, 2), Domain::stepped_int(4, 8, 4)),
            (Domain::choice(&["a", "b"]), Domain::choice(&["b"])),
        ];
        for (wide, narrow) in pairs {
            assert!(wide.includes(&wide) && narrow.includes(&narrow));
            assert!(wide.includes(&narrow), "{} and {}", wide.describe(), narrow.describe());
            assert!(!narrow.includes(&wide), "{} and {}", narrow.describe(), wide.describe());
        }
        assert!(!Domain::log_float(0.1, 9.0).includes(&Domain::float(1.0, 2.0)), "the scales differ");
    }

    #[test]
    fn what_a_narrower_space_lacks_is_named() {
        let wide = SearchSpace::new(vec![
            ParamSpec::new("optimizer", Domain::choice(&["adamw", "sgd", "lion"])),
            ParamSpec::new("momentum", Domain::float(0.0, 0.99)).when("optimizer", &["sgd", "lion"]),
            ParamSpec::new("decay", Domain::float(0.0, 1.0)),
        ])
        .unwrap();
        assert_eq!(wide.narrower_than(&conditional()), None);
        let lacks = conditional().narrower_than(&wide).unwrap();
        assert_eq!(lacks.0, "optimizer");
        let unconditional = SearchSpace::new(vec![
            ParamSpec::new("optimizer", Domain::choice(&["adamw", "sgd"])),
            ParamSpec::new("momentum", Domain::float(0.0, 0.99)),
        ])
        .unwrap();
        assert_eq!(unconditional.narrower_than(&conditional()).unwrap().2, "under another condition");
    }

    #[test]
    fn impossible_spaces_are_refused() {
        let twice = vec![ParamSpec::new("a", Domain::boolean()), ParamSpec::new("a", Domain::boolean())];
        assert!(matches!(SearchSpace::new(twice), Err(SpaceError::DuplicateParam { .. })));
        for domain in [Domain::float(1.0, 0.0), Domain::log_float(0.0, 1.0), Domain::stepped_int(0, 10, 3)] {
            let error = SearchSpace::new(vec![ParamSpec::new("a", domain)]).unwrap_err();
            assert!(matches!(error, SpaceError::InvalidDomain { .. }));
        }
        let orphan = vec![ParamSpec::new("a", Domain::boolean()).when("b", &[true])];
        assert!(SearchSpace::new(orphan).is_err());
    }

    #[test]
    fn the_part_of_a_space_has_what_exists_there() {
        let space = SearchSpace::new(vec![
            ParamSpec::new("family", Domain::choice(&["a", "b"])),
            ParamSpec::new("prep", Domain::boolean()).when("family", &["a", "b"]),
            ParamSpec::new("a.x", Domain::boolean()).when("family", &["a"]),
            ParamSpec::new("b.x", Domain::choice(&["one", "two"])).when("family", &["b"]),
            ParamSpec::new("b.y", Domain::boolean()).when("b.x", &["two"]),
        ])
        .unwrap();
        let names = |value: &str| -> Vec<String> {
            let part = space.given("family", value).unwrap();
            assert_eq!(
                space.narrower_than(&part),
                None,
                "every configuration of the part is one of the whole"
            );
            part.specs().iter().map(|spec| spec.name.clone()).collect()
        };
        assert_eq!(names("a"), ["family", "prep", "a.x"]);
        assert_eq!(names("b"), ["family", "prep", "b.x", "b.y"]);
        assert!(space.given("family", "c").is_none() && space.given("model", "a").is_none());
    }
}
