//! The sampler: the population replayed from the history, and a child of two of its members.

use automl_core::{History, Params, Sampler, SearchError, Seed};

use super::config::Nsga2Config;
use super::ranking::{Standing, rank, survivors};
use super::variation::mutate;
use crate::error::ConfigError;
use crate::generator::Generator;
use crate::pareto::comparable;
use crate::random::{draw, random_params};

/// Proposes children of the trials that survived so far, for any number of objectives.
///
/// Trials enter in order of slot; whenever a population's worth of them has come, only the best of them and of the
/// earlier survivors go on. What has come since then counts at once rather than at the end of its generation, so a
/// child may have parents of its own generation. Only complete trials have children.
///
/// A parameter that only one parent has is taken from that one, and one that neither has, because the child is the
/// first with that combination of values, is drawn at random. Where both have one, either is as likely (uniform
/// crossover). Numbers mutate to near values more often than to far ones.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Nsga2Sampler {
    config: Nsga2Config,
}

impl Nsga2Sampler {
    /// A sampler with these settings.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`].
    pub fn new(config: Nsga2Config) -> Result<Self, ConfigError> {
        Ok(Self { config: config.check()? })
    }

    /// Survivors, as indices into the history, and their standings.
    fn population(&self, trials: &[(usize, Vec<f64>)]) -> Vec<(usize, Standing)> {
        let costs = |members: &[usize]| -> Vec<&[f64]> {
            members.iter().map(|&member| trials[member].1.as_slice()).collect()
        };
        let mut members: Vec<usize> = Vec::new();
        for first in (0..trials.len()).step_by(self.config.population) {
            members.extend(first..trials.len().min(first + self.config.population));
            let kept = survivors(&costs(&members), self.config.population);
            members = kept.into_iter().map(|member| members[member]).collect();
        }
        let standings = rank(&costs(&members));
        members.into_iter().map(|member| trials[member].0).zip(standings).collect()
    }

    fn child(&self, history: &History, parents: [usize; 2], generator: &mut Generator) -> Vec<f64> {
        let [a, b] = parents;
        let has_two = generator.unit() < self.config.crossover_prob;
        let n_params = (0..history.axes().len()).filter(|&param| !history.column(param)[a].is_nan()).count();
        let mutation_prob = self.config.mutation_prob.unwrap_or(1.0 / n_params.max(1) as f64);
        let coordinate = |(param, axis)| {
            let column = history.column(param);
            let inherited = match (column[a], column[b]) {
                (a, b) if a.is_nan() && b.is_nan() => return draw(axis, generator),
                (a, b) if a.is_nan() => b,
                (a, b) if b.is_nan() || !has_two => a,
                // Uniform crossover.
                (a, b) => {
                    if generator.unit() < 0.5 {
                        a
                    } else {
                        b
                    }
                }
            };
            if generator.unit() < mutation_prob { mutate(axis, inherited, generator) } else { inherited }
        };
        history.axes().iter().enumerate().map(coordinate).collect()
    }
}

impl Sampler for Nsga2Sampler {
    fn name(&self) -> &'static str {
        "nsga2"
    }

    fn suggest(&self, history: &History, seed: Seed) -> Result<Params, SearchError> {
        let mut generator = Generator::new(seed);
        let trials = comparable(history.trials());
        if trials.len() < self.config.population || history.space().specs().is_empty() {
            return random_params(history, &mut generator);
        }
        let population = self.population(&trials);
        let parents = [(); 2].map(|()| tournament(&population, &mut generator));
        Ok(history.params(&self.child(history, parents, &mut generator)))
    }
}

/// The better of two members drawn at random.
fn tournament(population: &[(usize, Standing)], generator: &mut Generator) -> usize {
    let [first, second] = [(); 2].map(|()| &population[generator.below(population.len())]);
    if second.1.compare(&first.1).is_lt() { second.0 } else { first.0 }
}
