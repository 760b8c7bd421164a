//! Which preprocessing choices matter for a table.

use automl_core::{ColumnKind, ColumnProfile, DataProfile, Domain, InputForm, ParamSpec, Params};

use super::config::{Choice, Impute, Scaling, TextNgrams};

pub(super) const IMPUTE: &str = "impute";
pub(super) const SCALING: &str = "scaling";
pub(super) const LOG_SKEWED: &str = "log_skewed";
pub(super) const ONE_HOT_MAX: &str = "one_hot_max";
pub(super) const MIN_LEVEL_COUNT: &str = "min_level_count";
pub(super) const TEXT_NGRAMS: &str = "text_ngrams";
pub(super) const TEXT_FEATURES: &str = "text_features";

pub(super) const MIN_TEXT_FEATURES: usize = 64;
pub(super) const MAX_TEXT_FEATURES: usize = 1024;

/// Skewness above which `log_skewed` takes the logarithm: the usual border of "highly skewed"
/// (Bulmer, Principles of Statistics, 1979, section 5).
pub(super) const SKEWNESS_THRESHOLD: f64 = 1.0;

/// Largest `one_hot_max` searched; `RealMLP`'s search space ends at 33 with the unknown level counted.
const MAX_ONE_HOT_MAX: usize = 32;

/// The choices that can change what a model sees of this table, in the names of
/// [`super::PrepConfig`]. A table of booleans without missing values has none.
pub fn prep_space(profile: &DataProfile, input: InputForm) -> Vec<ParamSpec> {
    let traits = TableTraits::of(profile, input);
    let mut specs = Vec::new();
    if traits.has_missing_numbers {
        specs.push(ParamSpec::new(IMPUTE, Domain::choice(&names::<Impute>())));
    }
    if traits.has_scaled {
        specs.push(ParamSpec::new(SCALING, Domain::choice(&names::<Scaling>())));
    }
    if traits.has_skewed {
        // A logarithm does not change ranks, so quantile scaling would hardly see it.
        let log_skewed = ParamSpec::new(LOG_SKEWED, Domain::boolean());
        specs.push(log_skewed.when(SCALING, &["standard", "robust"]));
    }
    if input == InputForm::Codes && traits.most_levels > 2 {
        let high = traits.most_levels.min(MAX_ONE_HOT_MAX);
        specs.push(ParamSpec::new(ONE_HOT_MAX, Domain::log_int(2, high as i64)));
    }
    if traits.most_levels > 2 {
        specs.push(ParamSpec::new(MIN_LEVEL_COUNT, Domain::log_int(1, 20)));
    }
    if traits.has_text {
        specs.push(ParamSpec::new(TEXT_NGRAMS, Domain::choice(&names::<TextNgrams>())));
        let features = Domain::log_int(MIN_TEXT_FEATURES as i64, MAX_TEXT_FEATURES as i64);
        specs.push(ParamSpec::new(TEXT_FEATURES, features));
    }
    specs
}

/// The configuration to try first: one value for every parameter of [`prep_space`] that exists under
/// it. Families with embeddings start from `RealMLP`'s robust scaling, the others from plain
/// standardisation after a logarithm of skewed columns.
pub fn prep_defaults(profile: &DataProfile, input: InputForm) -> Params {
    let traits = TableTraits::of(profile, input);
    let mut params = Params::new();
    if traits.has_missing_numbers {
        params.insert(IMPUTE, "median");
    }
    if traits.has_scaled {
        let scaling = if input == InputForm::Codes { "robust" } else { "standard" };
        params.insert(SCALING, scaling);
    }
    if traits.has_skewed {
        params.insert(LOG_SKEWED, input == InputForm::OneHot);
    }
    if input == InputForm::Codes && traits.most_levels > 2 {
        params.insert(ONE_HOT_MAX, traits.most_levels.min(8) as i64);
    }
    if traits.most_levels > 2 {
        params.insert(MIN_LEVEL_COUNT, 2_i64);
    }
    if traits.has_text {
        params.insert(TEXT_NGRAMS, "both");
        params.insert(TEXT_FEATURES, 256_i64);
    }
    params
}

/// What of a table decides which choices matter.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each asked by name")]
struct TableTraits {
    has_missing_numbers: bool,
    has_scaled: bool,
    has_skewed: bool,
    has_text: bool,
    /// Levels of the categorical column that has most of them; 0 without such a column.
    most_levels: usize,
}

impl TableTraits {
    fn of(profile: &DataProfile, input: InputForm) -> Self {
        let is_native = input == InputForm::Native;
        let any = |kind: ColumnKind, test: fn(&ColumnProfile) -> bool| {
            profile.columns.iter().any(|column| column.kind == kind && test(column))
        };
        let categorical = profile.columns.iter().filter(|column| column.kind == ColumnKind::Categorical);
        Self {
            has_missing_numbers: !is_native && any(ColumnKind::Numeric, |column| column.n_missing > 0),
            has_scaled: !is_native
                && [ColumnKind::Numeric, ColumnKind::Date, ColumnKind::Datetime]
                    .iter()
                    .any(|&kind| profile.has(kind)),
            has_skewed: !is_native && any(ColumnKind::Numeric, is_skewed),
            has_text: profile.has(ColumnKind::Text),
            most_levels: categorical.map(|column| column.n_distinct).max().unwrap_or(0),
        }
    }
}

fn is_skewed(column: &ColumnProfile) -> bool {
    column.min.is_some_and(|min| min >= 0.0)
        && column.skewness.is_some_and(|skewness| skewness > SKEWNESS_THRESHOLD)
}

fn names<C: Choice>() -> Vec<&'static str> {
    C::ALL.iter().map(|(_, name)| *name).collect()
}
