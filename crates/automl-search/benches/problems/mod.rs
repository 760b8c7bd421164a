//! Problems on which samplers are compared, for tests and benchmarks. `experiments/bench/problems.py` has the same ones.
//!
//! | file | holds |
//! |---|---|
//! | `functions` | functions with a known optimum |
//! | `table` | networks on small tables, every configuration of a grid evaluated beforehand |

mod functions;
mod table;

use automl_core::{ParamSpec, Params, SearchSpace, TrialContext, TrialError};

#[allow(unused_imports, reason = "the benchmark takes all problems at once")]
pub(crate) use functions::{ackley10, branin, hartmann6, levy8, mixed_conditional, rosenbrock5};

/// A function to minimise.
pub(crate) struct Problem {
    pub(crate) name: &'static str,
    pub(crate) space: SearchSpace,
    pub(crate) cost: Box<dyn Fn(&Params) -> f64>,
    /// A point of least cost, and that cost.
    #[allow(dead_code, reason = "the benchmark does not look at it")]
    pub(crate) optimum: (Params, f64),
}

impl Problem {
    fn new(
        name: &'static str,
        specs: Vec<ParamSpec>,
        cost: impl Fn(&Params) -> f64 + 'static,
        optimum: (Params, f64),
    ) -> Self {
        Self { name, space: SearchSpace::new(specs).unwrap(), cost: Box::new(cost), optimum }
    }

    pub(crate) fn objective(&self) -> impl FnMut(&Params, &mut TrialContext<'_>) -> Result<f64, TrialError> {
        |params, _| Ok((self.cost)(params))
    }
}

/// All problems, in the order of the benchmark.
pub(crate) fn all() -> Vec<Problem> {
    let functions = [hartmann6(), branin(), ackley10(), rosenbrock5(), levy8(), mixed_conditional()];
    functions.into_iter().chain(table::all()).collect()
}
