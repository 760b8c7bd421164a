//! Hyper-parameters of nearest neighbours.

use automl_core::{DataProfile, Domain, FitError, ParamSpec, Params, SpaceError};
use serde::{Deserialize, Serialize};

/// Most neighbours that are searched for.
const MOST_NEIGHBOURS: usize = 200;
/// Training rows above which a sample of them may be kept.
const MANY_ROWS: usize = 100_000;
/// How many are kept then: the choices of `max_rows`.
const MAX_ROWS: [i64; 2] = [25_000, 100_000];
const WEIGHTS: [&str; 2] = ["uniform", "distance"];
const METRICS: [&str; 2] = ["euclidean", "manhattan"];
const FEATURE_WEIGHTINGS: [&str; 3] = ["none", "target", "linear"];

/// How a neighbour's vote depends on its distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Votes {
    /// Not at all.
    Uniform,
    /// It falls with `1 / distance`; neighbours at distance 0 have all votes, if there are any.
    Distance,
}

/// What near means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The root of the sum of squared differences.
    Euclidean,
    /// The sum of absolute differences.
    Manhattan,
}

/// How much each column counts in a distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureWeighting {
    /// As the table is scaled.
    None,
    /// Multiplied by what the column alone says of the target; see [`super`].
    Target,
    /// Multiplied by its coefficient in ridge regression of the target; see [`super`].
    Linear,
}

/// Checked hyper-parameters.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `n_neighbours` | 15 | at least 1; searched from 1 to 200 or half the rows, log | neighbours that vote; all rows if there are fewer |
/// | `weights` | `distance` | `uniform`, `distance` | how a vote depends on the distance |
/// | `metric` | `manhattan` | `euclidean`, `manhattan` | what near means |
/// | `feature_weighting` | `linear` | `none`, `target`, `linear` | whether columns that say more of the target count more: alone, or given the others |
/// | `max_rows` | 100000 | at least 1; searched above 100000 rows alone | training rows that are kept, drawn by the seed if there are more |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnnConfig {
    /// Neighbours that vote.
    pub n_neighbours: usize,
    /// How a vote depends on the distance.
    pub votes: Votes,
    /// What near means.
    pub metric: Metric,
    /// How much each column counts.
    pub feature_weighting: FeatureWeighting,
    /// Training rows that are kept.
    pub max_rows: usize,
}

impl KnnConfig {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// [`FitError::Params`] naming the parameter.
    pub fn from_params(params: &Params) -> Result<Self, FitError> {
        let n_neighbours = at_least_one("n_neighbours", params)?;
        let max_rows = at_least_one("max_rows", params)?;
        let votes = match params.text("weights")? {
            "uniform" => Votes::Uniform,
            "distance" => Votes::Distance,
            other => return Err(out_of_domain("weights", other, "one of uniform, distance")),
        };
        let metric = match params.text("metric")? {
            "euclidean" => Metric::Euclidean,
            "manhattan" => Metric::Manhattan,
            other => return Err(out_of_domain("metric", other, "one of euclidean, manhattan")),
        };
        let feature_weighting = match params.text("feature_weighting")? {
            "none" => FeatureWeighting::None,
            "target" => FeatureWeighting::Target,
            "linear" => FeatureWeighting::Linear,
            other => return Err(out_of_domain("feature_weighting", other, "one of none, target, linear")),
        };
        Ok(Self { n_neighbours, votes, metric, feature_weighting, max_rows })
    }

    /// The hyper-parameters worth searching.
    pub(super) fn space(data: &DataProfile) -> Vec<ParamSpec> {
        let max_rows = if data.n_rows > MANY_ROWS {
            Domain::ordered(&MAX_ROWS)
        } else {
            Domain::constant(MAX_ROWS[MAX_ROWS.len() - 1])
        };
        vec![
            ParamSpec::new("n_neighbours", Domain::log_int(1, most_neighbours(data))),
            ParamSpec::new("weights", Domain::choice(&WEIGHTS)),
            ParamSpec::new("metric", Domain::choice(&METRICS)),
            ParamSpec::new("feature_weighting", Domain::choice(&FEATURE_WEIGHTINGS)),
            ParamSpec::new("max_rows", max_rows),
        ]
    }

    /// Good first guesses: near and weighted neighbours, and many alike for noisy tables.
    pub(super) fn defaults(data: &DataProfile) -> Vec<Params> {
        let with = |n_neighbours: i64, votes: &str, feature_weighting: &str| {
            Params::new()
                .with("n_neighbours", n_neighbours.min(most_neighbours(data)))
                .with("weights", votes)
                .with("metric", METRICS[1])
                .with("feature_weighting", feature_weighting)
                .with("max_rows", MAX_ROWS[MAX_ROWS.len() - 1])
        };
        vec![
            with(15, WEIGHTS[1], FEATURE_WEIGHTINGS[2]),
            with(40, WEIGHTS[1], FEATURE_WEIGHTINGS[1]),
            with(10, WEIGHTS[1], FEATURE_WEIGHTINGS[0]),
        ]
    }
}

/// Half the rows would say little more than the mean.
fn most_neighbours(data: &DataProfile) -> i64 {
    (data.n_rows / 2).clamp(1, MOST_NEIGHBOURS) as i64
}

fn at_least_one(name: &str, params: &Params) -> Result<usize, FitError> {
    match params.count(name)? {
        0 => Err(out_of_domain(name, "0", "the whole numbers above 0")),
        count => Ok(count),
    }
}

fn out_of_domain(name: &str, value: &str, domain: &str) -> FitError {
    let (name, value, domain) = (name.to_owned(), value.to_owned(), domain.to_owned());
    FitError::Params(SpaceError::OutOfDomain { name, value, domain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_their_domain_are_named() {
        let params = Params::new()
            .with("n_neighbours", 0_i64)
            .with("weights", "uniform")
            .with("metric", "cosine")
            .with("feature_weighting", "none")
            .with("max_rows", 10_i64);
        let error = KnnConfig::from_params(&params).unwrap_err().to_string();
        assert_eq!(error, "`n_neighbours` is 0, outside the whole numbers above 0");
        let error = KnnConfig::from_params(&params.with("n_neighbours", 3_i64)).unwrap_err().to_string();
        assert_eq!(error, "`metric` is cosine, outside one of euclidean, manhattan");
    }
}
