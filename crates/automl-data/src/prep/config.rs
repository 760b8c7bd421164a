//! The choices of preprocessing, as the search or a person makes them.

use automl_core::{InputForm, Params, SpaceError};
use serde::{Deserialize, Serialize};

use super::space::{self, MAX_TEXT_FEATURES, MIN_TEXT_FEATURES};

/// What a missing number becomes. Where train rows miss values, an indicator column says so besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impute {
    /// The median of the train rows.
    Median,
    /// The mean of the train rows.
    Mean,
    /// The number 0, in the unit of the data.
    Zero,
}

/// How numbers are brought to a common scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// Mean 0, standard deviation 1.
    Standard,
    /// Median 0, interquartile range 1, smoothly clipped to (-3, 3): `RealMLP`'s scaling.
    Robust,
    /// Ranks mapped to the quantiles of the standard normal distribution; a value that many rows share is in the middle of
    /// its ranks.
    Quantile,
}

/// Which pieces of a text are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextNgrams {
    /// Single words and pairs of neighbouring words.
    Word,
    /// Runs of 3 to 5 characters inside words.
    Char,
    /// Both, each with half of the features.
    Both,
}

/// One way to prepare a table, not yet checked against any table.
///
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `impute` | median | median, mean, zero | what a missing number becomes |
/// | `scaling` | standard | standard, robust, quantile | how numbers are scaled; `robust` scales flags and one-hot columns too, for families that take codes |
/// | `log_skewed` | false | | logarithm of non-negative columns of skewness above 1, before scaling; not with `quantile` |
/// | `one_hot_max` | 8 | 0 and more | most levels of a one-hot column; columns with more become codes |
/// | `min_level_count` | 2 | 1 and more | train rows a level needs to stand for itself |
/// | `text_ngrams` | both | word, char, both | pieces of a text that are counted |
/// | `text_features` | 256 | 64 to 1024 | most features of one text column |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrepConfig {
    /// What a missing number becomes.
    pub impute: Impute,
    /// How numbers are scaled.
    pub scaling: Scaling,
    /// Whether non-negative, right-skewed columns are put on a logarithmic scale first.
    pub log_skewed: bool,
    /// Most levels of a one-hot column, for families that take codes; columns with more become codes.
    pub one_hot_max: usize,
    /// Train rows a level needs to stand for itself.
    pub min_level_count: usize,
    /// Which pieces of a text are counted.
    pub text_ngrams: TextNgrams,
    /// Most features of one text column.
    pub text_features: usize,
}

impl Default for PrepConfig {
    fn default() -> Self {
        Self {
            impute: Impute::Median,
            scaling: Scaling::Standard,
            log_skewed: false,
            one_hot_max: 8,
            min_level_count: 2,
            text_ngrams: TextNgrams::Both,
            text_features: 256,
        }
    }
}

impl PrepConfig {
    /// Reads parameters named as in [`super::prep_space`], without prefix. A choice that does not
    /// matter for a table is not in its space, so an absent parameter has its default.
    ///
    /// # Errors
    /// [`SpaceError::UnknownParam`], [`SpaceError::WrongType`] or [`SpaceError::OutOfDomain`].
    pub fn from_params(params: &Params) -> Result<Self, SpaceError> {
        let mut config = Self::default();
        for (name, _) in params.iter() {
            config.set(name, params)?;
        }
        Ok(config)
    }

    /// Whether flags and one-hot columns are scaled as numbers are: `RealMLP` does, after the one-hot encoding
    /// (Holzmüller et al. 2024, appendix C).
    pub(super) fn scales_flags(&self, input: InputForm) -> bool {
        self.scaling == Scaling::Robust && input == InputForm::Codes
    }

    fn set(&mut self, name: &str, params: &Params) -> Result<(), SpaceError> {
        match name {
            space::IMPUTE => self.impute = choice(params, name)?,
            space::SCALING => self.scaling = choice(params, name)?,
            space::LOG_SKEWED => self.log_skewed = params.flag(name)?,
            space::ONE_HOT_MAX => self.one_hot_max = params.count(name)?,
            space::MIN_LEVEL_COUNT => self.min_level_count = at_least_one(params, name)?,
            space::TEXT_NGRAMS => self.text_ngrams = choice(params, name)?,
            space::TEXT_FEATURES => self.text_features = text_features(params, name)?,
            _ => return Err(SpaceError::UnknownParam { name: name.to_owned() }),
        }
        Ok(())
    }
}

/// A closed set of choices with the names that parameters use.
pub(super) trait Choice: Copy + PartialEq + Sized + 'static {
    /// All choices with their names.
    const ALL: &'static [(Self, &'static str)];
}

impl Choice for Impute {
    const ALL: &'static [(Self, &'static str)] =
        &[(Impute::Median, "median"), (Impute::Mean, "mean"), (Impute::Zero, "zero")];
}

impl Choice for Scaling {
    const ALL: &'static [(Self, &'static str)] =
        &[(Scaling::Standard, "standard"), (Scaling::Robust, "robust"), (Scaling::Quantile, "quantile")];
}

impl Choice for TextNgrams {
    const ALL: &'static [(Self, &'static str)] =
        &[(TextNgrams::Word, "word"), (TextNgrams::Char, "char"), (TextNgrams::Both, "both")];
}

fn choice<C: Choice>(params: &Params, name: &str) -> Result<C, SpaceError> {
    let text = params.text(name)?;
    let found = C::ALL.iter().find(|(_, choice)| *choice == text);
    found.map(|(choice, _)| *choice).ok_or_else(|| {
        let names: Vec<&str> = C::ALL.iter().map(|(_, choice)| *choice).collect();
        out_of_domain(name, text, format!("one of {}", names.join(", ")))
    })
}

fn at_least_one(params: &Params, name: &str) -> Result<usize, SpaceError> {
    match params.count(name)? {
        0 => Err(out_of_domain(name, "0", "1 and more".to_owned())),
        count => Ok(count),
    }
}

fn text_features(params: &Params, name: &str) -> Result<usize, SpaceError> {
    let count = params.count(name)?;
    if (MIN_TEXT_FEATURES..=MAX_TEXT_FEATURES).contains(&count) {
        return Ok(count);
    }
    let domain = format!("{MIN_TEXT_FEATURES} to {MAX_TEXT_FEATURES}");
    Err(out_of_domain(name, &count.to_string(), domain))
}

fn out_of_domain(name: &str, value: &str, domain: String) -> SpaceError {
    SpaceError::OutOfDomain { name: name.to_owned(), value: value.to_owned(), domain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_parameters_have_their_defaults() {
        let config = PrepConfig::from_params(&Params::new().with("scaling", "quantile")).unwrap();
        assert_eq!(config, PrepConfig { scaling: Scaling::Quantile, ..PrepConfig::default() });
    }

    #[test]
    fn wrong_parameters_are_named() {
        let message = |params: Params| PrepConfig::from_params(&params).unwrap_err().to_string();
        assert_eq!(
            message(Params::new().with("scaling", "minmax")),
            "`scaling` is minmax, outside one of standard, robust, quantile"
        );
        assert_eq!(
            message(Params::new().with("min_level_count", 0_i64)),
            "`min_level_count` is 0, outside 1 and more"
        );
        assert_eq!(
            message(Params::new().with("text_features", 2_i64)),
            "`text_features` is 2, outside 64 to 1024"
        );
        assert_eq!(
            message(Params::new().with("scale", true)),
            "there is no parameter `scale` in this configuration"
        );
    }

    #[test]
    fn every_choice_has_its_serde_name() {
        for (choice, name) in Scaling::ALL {
            assert_eq!(serde_json::to_value(choice).unwrap(), *name);
        }
        for (choice, name) in Impute::ALL {
            assert_eq!(serde_json::to_value(choice).unwrap(), *name);
        }
        for (choice, name) in TextNgrams::ALL {
            assert_eq!(serde_json::to_value(choice).unwrap(), *name);
        }
    }
}
