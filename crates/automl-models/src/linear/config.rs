//! Hyper-parameters of linear models.

use automl_core::{DataProfile, Domain, FitError, ParamSpec, Params, SpaceError};

/// Range of the penalty that is searched.
const PENALTIES: (f64, f64) = (1e-6, 10.0);
/// The names of [`ClassWeights`].
const CLASS_WEIGHTS: [&str; 2] = ["none", "balanced"];

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
/// | `penalty` | 1 / n_rows | above 0; searched from 1e-6 to 10, log | weight of half the squared length of the coefficients, against the mean loss over the rows |
/// | `class_weights` | `none` | `none`, `balanced` | classification alone |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearConfig {
    /// Weight of half the squared length of the coefficients, against the mean loss: it does not
    /// depend on the number of rows. In scikit-learn's terms `alpha = n_rows * penalty` for `Ridge` and
    /// `C = 1 / (n_rows * penalty)` for `LogisticRegression`.
    pub penalty: f64,
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
        let class_weights = if is_classification {
            match params.text("class_weights")? {
                "none" => ClassWeights::None,
                "balanced" => ClassWeights::Balanced,
                other => return Err(out_of_domain("class_weights", other, "one of none, balanced")),
            }
        } else {
            ClassWeights::None
        };
        Ok(Self { penalty, class_weights })
    }

    /// The hyper-parameters worth searching.
    pub(super) fn space(data: &DataProfile) -> Vec<ParamSpec> {
        let mut specs = vec![ParamSpec::new("penalty", Domain::log_float(PENALTIES.0, PENALTIES.1))];
        if data.task.is_classification() {
            specs.push(ParamSpec::new("class_weights", Domain::choice(&CLASS_WEIGHTS)));
        }
        specs
    }

    /// Good first guesses: scikit-learn's default strength, and a stronger one for noisy or wide tables.
    pub(super) fn defaults(data: &DataProfile) -> Vec<Params> {
        let usual = (1.0 / data.n_rows.max(1) as f64).clamp(PENALTIES.0, PENALTIES.1);
        let strong = (30.0 * usual).clamp(PENALTIES.0, PENALTIES.1);
        let with_penalty = |penalty: f64| {
            let params = Params::new().with("penalty", penalty);
            if data.task.is_classification() {
                params.with("class_weights", CLASS_WEIGHTS[0])
            } else {
                params
            }
        };
        vec![with_penalty(usual), with_penalty(strong)]
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
        let zero = Params::new().with("penalty", 0.0);
        let error = LinearConfig::from_params(&zero, false).unwrap_err();
        assert_eq!(error.to_string(), "`penalty` is 0, outside the finite numbers above 0");
        let odd = Params::new().with("penalty", 0.1).with("class_weights", "some");
        let error = LinearConfig::from_params(&odd, true).unwrap_err();
        assert_eq!(error.to_string(), "`class_weights` is some, outside one of none, balanced");
        assert_eq!(LinearConfig::from_params(&odd, false).unwrap().class_weights, ClassWeights::None);
    }
}
