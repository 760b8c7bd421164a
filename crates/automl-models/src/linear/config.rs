//! Hyper-parameters of linear models.

use automl_core::{DataProfile, Domain, FitError, ParamSpec, Params, SpaceError};

/// Range of the penalty that is searched.
const PENALTIES: (f64, f64) = (1e-6, 10.0);
/// Range of the share of L1 in an elastic net that is searched.
const L1_RATIOS: (f64, f64) = (0.05, 0.95);
/// The kinds of penalty.
const KINDS: [&str; 3] = ["ridge", "lasso", "elastic_net"];
/// The names of [`ClassWeights`].
const CLASS_WEIGHTS: [&str; 2] = ["none", "balanced"];

/// The default penalty of a lasso, times the square root of the rows.
const LASSO: f64 = 0.3;

/// `l1 |w|₁ + l2 |w|² / 2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Penalty {
    pub(super) l1: f64,
    pub(super) l2: f64,
}

impl Penalty {
    /// Of one coefficient.
    pub(super) fn of(self, weight: f64) -> f64 {
        self.l1 * weight.abs() + 0.5 * self.l2 * weight * weight
    }

    /// How far a coefficient is from optimal: the least subgradient, in absolute value, where the loss has slope `slope`.
    pub(super) fn violation(self, weight: f64, slope: f64) -> f64 {
        if weight == 0.0 {
            (slope.abs() - self.l1).max(0.0)
        } else {
            (slope + self.l2 * weight + self.l1 * weight.signum()).abs()
        }
    }
}

/// How much the rows of each class count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassWeights {
    /// Every row the same.
    None,
    /// Every class the same in total, whatever its number of rows.
    Balanced,
}

/// Checked hyper-parameters.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `penalty` | 1 / n_rows | above 0; searched from 1e-6 to 10, log | weight of the penalty on the coefficients against the mean loss over the rows; see [`super`] |
/// | `penalty_kind` | `ridge` | `ridge`, `lasso`, `elastic_net` | half the squared length of the coefficients, the sum of their absolute values, or a mixture |
/// | `l1_ratio` | none | 0 to 1; searched from 0.05 to 0.95 | share of the absolute values in the mixture; exists for `elastic_net` alone |
/// | `class_weights` | `none` | `none`, `balanced` | classification alone |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearConfig {
    /// Weight of the penalty against the mean loss: it does not depend on the number of rows. In scikit-learn's terms
    /// `alpha = n_rows * penalty` for `Ridge` and `C = 1 / (n_rows * penalty)` for `LogisticRegression`.
    pub penalty: f64,
    /// Share of the L1 norm in the penalty: 0 is ridge, 1 is lasso.
    pub l1_ratio: f64,
    /// How much the rows of each class count; nothing for regression.
    pub class_weights: ClassWeights,
}

impl LinearConfig {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// [`FitError::Params`] naming the parameter.
    pub fn from_params(params: &Params, is_classification: bool) -> Result<Self, FitError> {
        let penalty = params.float("penalty")?;
        if !(penalty > 0.0 && penalty.is_finite()) {
            return Err(out_of_domain("penalty", &penalty.to_string(), "the finite numbers above 0"));
        }
        let l1_ratio = match params.text("penalty_kind")? {
            "ridge" => 0.0,
            "lasso" => 1.0,
            "elastic_net" => params.float("l1_ratio")?,
            other => return Err(out_of_domain("penalty_kind", other, "one of ridge, lasso, elastic_net")),
        };
        if !(0.0..=1.0).contains(&l1_ratio) {
            return Err(out_of_domain("l1_ratio", &l1_ratio.to_string(), "0 to 1"));
        }
        let class_weights = if is_classification {
            match params.text("class_weights")? {
                "none" => ClassWeights::None,
                "balanced" => ClassWeights::Balanced,
                other => return Err(out_of_domain("class_weights", other, "one of none, balanced")),
            }
        } else {
            ClassWeights::None
        };
        Ok(Self { penalty, l1_ratio, class_weights })
    }

    /// The penalty's two parts, for coefficients that multiply to outputs of the given scale.
    pub(super) fn penalty_at(&self, scale: f64) -> Penalty {
        Penalty { l1: self.penalty * self.l1_ratio * scale, l2: self.penalty * (1.0 - self.l1_ratio) }
    }

    /// The hyper-parameters worth searching.
    pub(super) fn space(data: &DataProfile) -> Vec<ParamSpec> {
        let mut specs = vec![
            ParamSpec::new("penalty", Domain::log_float(PENALTIES.0, PENALTIES.1)),
            ParamSpec::new("penalty_kind", Domain::choice(&KINDS)),
            ParamSpec::new("l1_ratio", Domain::float(L1_RATIOS.0, L1_RATIOS.1))
                .when("penalty_kind", &[KINDS[2]]),
        ];
        if data.task.is_classification() {
            specs.push(ParamSpec::new("class_weights", Domain::choice(&CLASS_WEIGHTS)));
        }
        specs
    }

    /// Good first guesses: scikit-learn's default strength, a stronger one for noisy or wide tables, and a lasso just above
    /// the slopes that columns of noise have.
    pub(super) fn defaults(data: &DataProfile) -> Vec<Params> {
        let usual = (1.0 / data.n_rows.max(1) as f64).clamp(PENALTIES.0, PENALTIES.1);
        let strong = (30.0 * usual).clamp(PENALTIES.0, PENALTIES.1);
        let sparse = (LASSO / (data.n_rows.max(1) as f64).sqrt()).clamp(PENALTIES.0, PENALTIES.1);
        let with_penalty = |penalty: f64, kind: &str| {
            let params = Params::new().with("penalty", penalty).with("penalty_kind", kind);
            if data.task.is_classification() {
                params.with("class_weights", CLASS_WEIGHTS[0])
            } else {
                params
            }
        };
        vec![with_penalty(usual, KINDS[0]), with_penalty(strong, KINDS[0]), with_penalty(sparse, KINDS[1])]
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
        let zero = Params::new().with("penalty", 0.0).with("penalty_kind", "ridge");
        let error = LinearConfig::from_params(&zero, false).unwrap_err();
        assert_eq!(error.to_string(), "`penalty` is 0, outside the finite numbers above 0");
        let odd =
            Params::new().with("penalty", 0.1).with("penalty_kind", "ridge").with("class_weights", "some");
        let error = LinearConfig::from_params(&odd, true).unwrap_err();
        assert_eq!(error.to_string(), "`class_weights` is some, outside one of none, balanced");
        assert_eq!(LinearConfig::from_params(&odd, false).unwrap().class_weights, ClassWeights::None);
        let mixed =
            Params::new().with("penalty", 0.1).with("penalty_kind", "elastic_net").with("l1_ratio", 1.5);
        let error = LinearConfig::from_params(&mixed, false).unwrap_err();
        assert_eq!(error.to_string(), "`l1_ratio` is 1.5, outside 0 to 1");
    }
}
