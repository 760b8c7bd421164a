//! Which configurations a search tries first, and in what order: chosen by measurement on tables, for the time there is.
//!
//! `experiments/portfolio` measures and chooses; `portfolio.toml` is what it found.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use automl_core::{DataProfile, ModelFamily, Params, SearchSpace};
use serde::Deserialize;

use crate::error::AutomlError;
use crate::space_config;

const PORTFOLIO: &str = include_str!("portfolio.toml");
/// Threads that the times of the portfolio were measured with.
const MEASURED_THREADS: f64 = 2.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Portfolio {
    entry: Vec<Entry>,
}

/// A configuration of a family: one of its own guesses, or what differs from the first of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    family: String,
    guess: Option<usize>,
    #[serde(default)]
    params: toml::Table,
    /// `[a, b, c]`: a fold takes about `exp(a) rows^b columns^c` seconds.
    seconds: [f64; 3],
}

/// What the first configurations have to be quick enough for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Folds of a trial.
    pub(crate) n_folds: usize,
    /// Threads that training uses.
    pub(crate) threads: usize,
    /// Most time of a trial.
    pub(crate) limit: Option<Duration>,
}

impl Pace {
    /// Seconds that a trial of this entry should take.
    fn seconds(&self, entry: &Entry, profile: &DataProfile) -> f64 {
        let [a, b, c] = entry.seconds;
        let n_columns = profile.features().count().max(1) as f64;
        let fold = a.exp() * (profile.n_rows as f64).powf(b) * n_columns.powf(c);
        let threads = self.threads.clamp(1, 2 * self.n_folds.max(1)) as f64;
        fold * self.n_folds.max(1) as f64 * MEASURED_THREADS / threads
    }

    /// Whether a trial of this entry should be done in time.
    fn allows(&self, entry: &Entry, profile: &DataProfile) -> bool {
        self.limit.is_none_or(|limit| self.seconds(entry, profile) <= limit.as_secs_f64())
    }
}

/// A configuration to try, with the seconds that its trial should take, where that was measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Guess {
    /// The configuration.
    pub(crate) params: Params,
    /// Wall-clock seconds of all folds.
    pub(crate) seconds: Option<f64>,
}

fn read() -> Result<Portfolio, AutomlError> {
    toml::from_str(PORTFOLIO).map_err(|error| AutomlError::Internal(Box::new(error)))
}

/// Families of which every measured configuration would take too long for `pace`: whatever a sampler chooses of them would be
/// ended before it is done.
///
/// # Errors
/// [`AutomlError::Internal`] if the portfolio that this program was built with cannot be read.
pub(crate) fn too_slow(profile: &DataProfile, pace: Pace) -> Result<Vec<String>, AutomlError> {
    let mut slow: Vec<String> = Vec::new();
    let mut quick: Vec<String> = Vec::new();
    for entry in read()?.entry {
        let of = if pace.allows(&entry, profile) { &mut quick } else { &mut slow };
        if !of.contains(&entry.family) {
            of.push(entry.family);
        }
    }
    slow.retain(|family| !quick.contains(family));
    Ok(slow)
}

/// Seconds that a trial of each family should take: the median of those of its measured configurations.
///
/// # Errors
/// [`AutomlError::Internal`] if the portfolio that this program was built with cannot be read.
pub(crate) fn usual_seconds(profile: &DataProfile, pace: Pace) -> Result<BTreeMap<String, f64>, AutomlError> {
    let mut of_family: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for entry in read()?.entry {
        let seconds = pace.seconds(&entry, profile);
        of_family.entry(entry.family).or_default().push(seconds);
    }
    let median = |(family, mut seconds): (String, Vec<f64>)| {
        seconds.sort_by(f64::total_cmp);
        (family, seconds[seconds.len() / 2])
    };
    Ok(of_family.into_iter().map(median).collect())
}

/// The guesses of every family, in the families' order.
pub(crate) struct Guesses<'a> {
    /// The families.
    pub(crate) families: &'a [Arc<dyn ModelFamily>],
    /// The guesses of each, best first, with the choices of preprocessing.
    pub(crate) of_family: Vec<Vec<Params>>,
}

impl Guesses<'_> {
    /// What the user wants to be tried first, filled up with the first guess of its family.
    ///
    /// # Errors
    /// [`AutomlError::Config`] naming the parameter that is no choice of `space`.
    pub(crate) fn enqueued(
        &self,
        space: &SearchSpace,
        given: &[toml::Table],
    ) -> Result<Vec<Guess>, AutomlError> {
        let first = self.of_family.iter().filter_map(|of| space_config::nearest(space, of.first()?));
        let first: Vec<Params> = first.collect();
        let complete = |given| space_config::complete(space, given, &first);
        given.iter().map(|given| Ok(Guess { params: complete(given)?, seconds: None })).collect()
    }

    /// All guesses and what the portfolio has beside them, without those that would take too long for `pace`; with them
    /// if nothing else is left. Those of families that it does not know stand first: whoever brings one wants to see it.
    /// Each is the nearest configuration of `space`.
    ///
    /// # Errors
    /// [`AutomlError::Internal`] if the portfolio that this program was built with cannot be read.
    pub(crate) fn ordered(
        &self,
        profile: &DataProfile,
        space: &SearchSpace,
        pace: Pace,
    ) -> Result<Vec<Guess>, AutomlError> {
        let portfolio = read()?;
        let (mut quick, mut slow, mut named) = (Vec::new(), Vec::new(), Vec::new());
        for entry in &portfolio.entry {
            let Some(family) = self.families.iter().position(|family| family.id() == entry.family) else {
                continue;
            };
            named.extend(entry.guess.map(|guess| (family, guess)));
            let Some(params) = self.params(family, entry, space) else { continue };
            let guess = Guess { params, seconds: Some(pace.seconds(entry, profile)) };
            if pace.allows(entry, profile) { &mut quick } else { &mut slow }.push(guess);
        }
        let unnamed = self.round_by_round().filter(|(family, guess, _)| !named.contains(&(*family, *guess)));
        let is_known =
            |family: usize| portfolio.entry.iter().any(|of| of.family == self.families[family].id());
        let (known, new): (Vec<_>, Vec<_>) = unnamed.partition(|(family, ..)| is_known(*family));
        let unmeasured = |(_, _, params): (usize, usize, &Params)| {
            Some(Guess { params: space_config::nearest(space, params)?, seconds: None })
        };
        quick.extend(known.into_iter().filter_map(unmeasured));
        let first = new.into_iter().filter_map(unmeasured);
        let mut ordered: Vec<Guess> = Vec::new();
        for guess in first.chain(if quick.is_empty() { slow } else { quick }) {
            if !ordered.iter().any(|known| known.params == guess.params) {
                ordered.push(guess);
            }
        }
        Ok(ordered)
    }

    /// The configuration of an entry; `None` if this table, or the user's space, has none like it.
    fn params(&self, family: usize, entry: &Entry, space: &SearchSpace) -> Option<Params> {
        let of_family = &self.of_family[family];
        let Some(guess) = entry.guess else {
            let near = of_family.iter().filter_map(|params| space_config::nearest(space, params));
            let mut given = entry.params.clone();
            given.insert("family".to_owned(), toml::Value::String(entry.family.clone()));
            return space_config::complete(space, &given, &near.collect::<Vec<_>>()).ok();
        };
        space_config::nearest(space, of_family.get(guess)?)
    }

    /// First guesses of all families, then second ones, ….
    fn round_by_round(&self) -> impl Iterator<Item = (usize, usize, &Params)> {
        let rounds = self.of_family.iter().map(Vec::len).max().unwrap_or(0);
        (0..rounds).flat_map(|round| {
            let families = self.of_family.iter().enumerate();
            families.filter_map(move |(family, of)| Some((family, round, of.get(round)?)))
        })
    }
}

#[cfg(test)]
mod tests {
    use automl_core::Task;
    use automl_testkit::synthetic::bare_profile as profile;

    use super::*;
    use crate::config::SearchConfig;
    use crate::joint::Joint;

    fn first(n_rows: usize, seconds: Option<u64>, search: &SearchConfig) -> Vec<Params> {
        let pace = Pace { n_folds: 5, threads: 2, limit: seconds.map(Duration::from_secs) };
        Joint::new(&profile(n_rows, Task::Binary), search, pace).unwrap().initial
    }

    fn families(of: &[Params]) -> Vec<&str> {
        of.iter().map(|params| params.text("family").unwrap()).collect()
    }

    #[test]
    fn families_that_cannot_be_done_in_time_are_known_unless_they_are_wanted() {
        let slow = |seconds: Option<u64>, search: &SearchConfig| {
            let pace = Pace { n_folds: 5, threads: 2, limit: seconds.map(Duration::from_secs) };
            let joint = Joint::new(&profile(40_000, Task::Binary), search, pace).unwrap();
            assert!(joint.families.iter().any(|family| family.id() == "tabm"), "the space is the same");
            joint.too_slow
        };
        let search = SearchConfig::default();
        let few = slow(Some(10), &search);
        assert!(few.iter().any(|id| id == "tabm") && !few.iter().any(|id| id == "gbdt"), "{few:?}");
        assert!(slow(None, &search).is_empty());
        // What a worker reads is the resolved configuration.
        let all = automl_models::families().iter().map(|family| family.id().to_owned()).collect();
        assert_eq!(slow(Some(10), &SearchConfig { families: all, ..SearchConfig::default() }), few);
        let named = SearchConfig { families: vec!["tabm".to_owned()], ..SearchConfig::default() };
        assert!(slow(Some(10), &named).is_empty());
        let enqueue = vec![toml::from_str("family = \"tabm\"").unwrap()];
        let enqueued = slow(Some(10), &SearchConfig { enqueue, ..SearchConfig::default() });
        assert!(!enqueued.iter().any(|id| id == "tabm"), "{enqueued:?}");
    }

    #[test]
    fn every_entry_is_a_configuration_of_some_table() {
        let portfolio = read().unwrap();
        let all = automl_models::families();
        for entry in &portfolio.entry {
            let family = all.iter().find(|family| family.id() == entry.family).unwrap();
            let n_guesses = |n_rows| family.defaults(&profile(n_rows, Task::Binary)).len();
            assert_eq!(entry.guess.is_none(), !entry.params.is_empty(), "{}", entry.family);
            let guess = entry.guess.unwrap_or(0);
            assert!(
                [500, 5_000, 50_000].into_iter().any(|n_rows| guess < n_guesses(n_rows)),
                "{}",
                entry.family
            );
            let own = format!("{}.", entry.family);
            let is_named = |name: &String| name.starts_with(&own) || name.starts_with("prep.");
            assert!(entry.params.keys().all(is_named), "{:?}", entry.params);
        }
    }

    #[test]
    fn all_guesses_are_tried_where_time_has_no_end_and_the_baseline_is_first() {
        let all = first(1_000, None, &SearchConfig::default());
        assert_eq!(families(&all)[0], "constant");
        for family in automl_models::families() {
            let n_guesses = family.defaults(&profile(1_000, Task::Binary)).len();
            let n_tried = families(&all).iter().filter(|name| **name == family.id()).count();
            assert!(n_tried >= n_guesses, "{}: {n_tried} of {n_guesses}", family.id());
        }
    }

    #[test]
    fn what_takes_too_long_is_left_out_unless_nothing_else_is_asked_for() {
        let (all, quick) = (
            first(1_000_000, None, &SearchConfig::default()),
            first(1_000_000, Some(15), &SearchConfig::default()),
        );
        assert!(quick.len() < all.len() && quick.iter().all(|params| all.contains(params)));
        assert!(
            families(&quick).contains(&"gbdt") && !families(&quick).contains(&"realmlp"),
            "{:?}",
            families(&quick)
        );
        let alone = SearchConfig { families: vec!["realmlp".to_owned()], ..SearchConfig::default() };
        assert_eq!(first(1_000_000, Some(15), &alone), first(1_000_000, None, &alone));
        assert!(
            first(500, Some(3_600), &SearchConfig::default()).len()
                == first(500, None, &SearchConfig::default()).len()
        );
    }
}
