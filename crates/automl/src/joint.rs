//! The joint space: which family, how to prepare the table for it, and the family's own parameters.
//!
//! Names are `family`, `prep.NAME` and `FAMILY.NAME`. A preprocessing choice exists for the families it
//! matters to; a family's parameters exist while that family is chosen.

use std::collections::BTreeMap;
use std::sync::Arc;

use automl_core::{
    Condition, DataProfile, InputForm, ModelFamily, ParamSpec, ParamValue, Params, SearchSpace,
};
use automl_data::prep::{prep_defaults, prep_space};

use crate::config::SearchConfig;
use crate::error::AutomlError;
use crate::portfolio::{self, Guesses, Pace};
use crate::space_config;

/// Families, their joint space and the configurations to try first.
pub(crate) struct Joint {
    pub(crate) families: Vec<Arc<dyn ModelFamily>>,
    pub(crate) space: SearchSpace,
    /// What the user gave, then the portfolio's choice among the families' guesses.
    pub(crate) initial: Vec<Params>,
    /// What each of them should take, in seconds, where that is known.
    pub(crate) seconds: Vec<Option<f64>>,
    /// What a trial of each family should take, in seconds.
    pub(crate) usual_seconds: BTreeMap<String, f64>,
    /// Families that are not proposed because any trial of them would take too long. They stay in the space, which must not
    /// depend on the time: a study may be gone on with for another.
    pub(crate) too_slow: Vec<String>,
}

impl Joint {
    /// Builds the joint space of the families that are wanted (all, if none is named) and support the task, with
    /// the user's changes.
    pub(crate) fn new(profile: &DataProfile, search: &SearchConfig, pace: Pace) -> Result<Self, AutomlError> {
        let families = choose(profile, &search.families)?;
        // Naming all of them says no more than naming none; a resolved configuration, which workers read, names all.
        let is_named = families.len() < choose(profile, &[])?.len();
        let mut too_slow = if is_named { Vec::new() } else { portfolio::too_slow(profile, pace)? };
        too_slow.retain(|id| families.iter().any(|family| family.id() == id));
        // What the user wants tried, or has a say in, stays.
        let is_wanted = |id: &String| {
            let names = search.enqueue.iter().filter_map(|given| given.get("family")?.as_str());
            names.into_iter().any(|name| name == id)
                || search
                    .space
                    .keys()
                    .any(|name| name.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with('.')))
        };
        too_slow.retain(|id| !is_wanted(id));
        if too_slow.len() == families.len() {
            too_slow.clear();
        }
        let ids: Vec<&str> = families.iter().map(|family| family.id()).collect();
        let mut specs = vec![ParamSpec::new("family", automl_core::Domain::choice(&ids))];
        specs.extend(prep_specs(profile, &families));
        for family in &families {
            let own = family.space(profile).unwrap_or_default();
            specs.extend(own.into_iter().map(|spec| scoped(spec, family.id())));
        }
        let space = SearchSpace::new(space_config::change(specs, &search.space)?)?;
        let guesses = Guesses { families: &families, of_family: guesses(profile, &families) };
        let mut first = guesses.enqueued(&space, &search.enqueue)?;
        for guess in guesses.ordered(profile, &space, pace)? {
            if !first.iter().any(|known| known.params == guess.params) {
                first.push(guess);
            }
        }
        for guess in &first {
            space.check(&guess.params)?;
        }
        let (initial, seconds) = first.into_iter().map(|guess| (guess.params, guess.seconds)).unzip();
        let usual_seconds = portfolio::usual_seconds(profile, pace)?;
        Ok(Self { families, space, initial, seconds, usual_seconds, too_slow })
    }

    /// The family that `params` chose.
    pub(crate) fn family(&self, params: &Params) -> Result<&dyn ModelFamily, automl_core::SpaceError> {
        let id = params.text("family")?;
        let found = self.families.iter().find(|family| family.id() == id);
        found.map(AsRef::as_ref).ok_or_else(|| automl_core::SpaceError::OutOfDomain {
            name: "family".to_owned(),
            value: id.to_owned(),
            domain: self.space.get("family").map(|spec| spec.domain.describe()).unwrap_or_default(),
        })
    }
}

fn choose(profile: &DataProfile, wanted: &[String]) -> Result<Vec<Arc<dyn ModelFamily>>, AutomlError> {
    let all = automl_models::families();
    let known: Vec<&str> = all.iter().map(|family| family.id()).collect();
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(&name.as_str())) {
        let message = format!("there is no model family `{unknown}`");
        return Err(AutomlError::config(message).with_hint(format!("families are {}", known.join(", "))));
    }
    let chosen: Vec<Arc<dyn ModelFamily>> = all
        .into_iter()
        .filter(|family| wanted.is_empty() || wanted.iter().any(|name| name == family.id()))
        .filter(|family| family.space(profile).is_some())
        .collect();
    if chosen.is_empty() {
        return Err(AutomlError::config(format!(
            "none of the families asked for supports {} tasks",
            profile.task
        )));
    }
    Ok(chosen)
}

/// Preprocessing choices, each existing for the families that take the form it concerns.
fn prep_specs(profile: &DataProfile, families: &[Arc<dyn ModelFamily>]) -> Vec<ParamSpec> {
    let mut specs: Vec<ParamSpec> = Vec::new();
    for family in families.iter().filter(|family| uses_features(family.as_ref(), profile)) {
        for spec in prep_space(profile, family.input_form()) {
            let name = format!("prep.{}", spec.name);
            let id = ParamValue::from(family.id());
            if let Some(known) = specs.iter_mut().find(|known| known.name == name) {
                // A child of another preprocessing choice follows its parent; only top-level choices list families.
                if let Some(condition) = known.when.as_mut().filter(|condition| condition.parent == "family")
                {
                    condition.any_of.push(id);
                }
                continue;
            }
            let when = match spec.when {
                Some(inner) => Condition { parent: format!("prep.{}", inner.parent), any_of: inner.any_of },
                None => Condition { parent: "family".to_owned(), any_of: vec![id] },
            };
            specs.push(ParamSpec { name, domain: spec.domain, when: Some(when) });
        }
    }
    specs
}

/// A family without hyper-parameters of its own is a baseline: it gets the default preparation.
fn uses_features(family: &dyn ModelFamily, profile: &DataProfile) -> bool {
    family.space(profile).is_some_and(|specs| !specs.is_empty())
}

fn scoped(spec: ParamSpec, family: &str) -> ParamSpec {
    let when = match spec.when {
        Some(inner) => Condition { parent: format!("{family}.{}", inner.parent), any_of: inner.any_of },
        None => Condition { parent: "family".to_owned(), any_of: vec![ParamValue::from(family)] },
    };
    ParamSpec { name: format!("{family}.{}", spec.name), domain: spec.domain, when: Some(when) }
}

/// Families whose published preparation is by ranks (Gorishniy et al. 2021 and 2025).
const RANKED: [&str; 3] = ["tabm", "resnet", "ft_transformer"];

/// The guesses of each family, best first, with the choices of preprocessing.
fn guesses(profile: &DataProfile, families: &[Arc<dyn ModelFamily>]) -> Vec<Vec<Params>> {
    let of_family = |family: &dyn ModelFamily| {
        let mut prep = Params::new();
        if uses_features(family, profile) {
            prep = prep_defaults(profile, family.input_form());
            if RANKED.contains(&family.id()) && prep.get("scaling").is_some() {
                prep.insert("scaling", "quantile");
            }
        }
        let own = family.defaults(profile);
        own.into_iter().map(|params| join(family.id(), &prep, &params)).collect()
    };
    families.iter().map(|family| of_family(family.as_ref())).collect()
}

fn join(family: &str, prep: &Params, own: &Params) -> Params {
    let mut joint = Params::new().with("family", family);
    for (name, value) in prep.iter() {
        joint.insert(&format!("prep.{name}"), value.clone());
    }
    for (name, value) in own.iter() {
        joint.insert(&format!("{family}.{name}"), value.clone());
    }
    joint
}

/// The preprocessing part of a configuration; the defaults for a baseline, which has none.
pub(crate) fn prep_params(params: &Params, profile: &DataProfile, input: InputForm) -> Params {
    let chosen = params.scoped("prep");
    if chosen.is_empty() { prep_defaults(profile, input) } else { chosen }
}
