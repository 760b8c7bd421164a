//! Settings of NSGA-II.

use crate::error::ConfigError;

/// Unchecked settings; [`crate::Nsga2Sampler::new`] checks them.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `population` | 50 | from 2 | trials that survive; as many are drawn at random before any has children |
/// | `crossover_prob` | 0.9 | 0 to 1 | share of children with two parents |
/// | `mutation_prob` | `None` | 0 to 1 | chance of a parameter to mutate; 1 / (number of parameters) if `None` |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nsga2Config {
    /// Trials that survive.
    pub population: usize,
    /// Share of children with two parents.
    pub crossover_prob: f64,
    /// Chance of a parameter to mutate.
    pub mutation_prob: Option<f64>,
}

impl Default for Nsga2Config {
    fn default() -> Self {
        Self { population: 50, crossover_prob: 0.9, mutation_prob: None }
    }
}

impl Nsga2Config {
    pub(super) fn check(self) -> Result<Self, ConfigError> {
        let out_of_range = |name, value: String, range| {
            Err(ConfigError::OutOfRange { sampler: "nsga2", name, value, range })
        };
        if self.population < 2 {
            return out_of_range("population", self.population.to_string(), "2 and above");
        }
        let shares = [("crossover_prob", Some(self.crossover_prob)), ("mutation_prob", self.mutation_prob)];
        for (name, share) in shares {
            if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
                return out_of_range(name, share.to_string(), "between 0 and 1");
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let error = Nsga2Config { population: 1, ..Nsga2Config::default() }.check().unwrap_err();
        insta::assert_snapshot!(error, @"`population` of the nsga2 sampler is 1, but must be 2 and above");
        let error = Nsga2Config { crossover_prob: f64::NAN, ..Nsga2Config::default() }.check().unwrap_err();
        insta::assert_snapshot!(error, @"`crossover_prob` of the nsga2 sampler is NaN, but must be between 0 and 1");
        let error = Nsga2Config { mutation_prob: Some(1.5), ..Nsga2Config::default() }.check().unwrap_err();
        insta::assert_snapshot!(error, @"`mutation_prob` of the nsga2 sampler is 1.5, but must be between 0 and 1");
    }
}
