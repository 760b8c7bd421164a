//! The constant model: what can be said without looking at any column.
//!
//! The mean of the target, or the share of each class among the training rows (a class without rows has
//! probability 0), each row counted by its weight. Whatever does worse has learnt nothing.

use std::ops::ControlFlow;
use std::path::Path;

use automl_core::{
    ArtifactError, DataProfile, Design, Device, Epoch, FitContext, FitError, FittedModel, InputForm, Matrix,
    Member, MemoryNeed, ModelFamily, ParamSpec, Params, Predictions, Target,
};
use serde::{Deserialize, Serialize};

use crate::artifact::{load_json, save_json};
use crate::target::{target_of, weights_of};

const MODEL_FILE: &str = "constant.json";

/// The family of constant models; see the [module](self). It has no hyper-parameters.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConstantFamily;

impl ModelFamily for ConstantFamily {
    fn id(&self) -> &'static str {
        "constant"
    }

    fn space(&self, _: &DataProfile) -> Option<Vec<ParamSpec>> {
        Some(Vec::new())
    }

    fn defaults(&self, _: &DataProfile) -> Vec<Params> {
        vec![Params::new()]
    }

    fn input_form(&self) -> InputForm {
        InputForm::OneHot
    }

    fn memory(&self, _: &Member<'_>, ctx: &FitContext<'_>) -> Result<MemoryNeed, FitError> {
        Ok(MemoryNeed::new(8.0 * ctx.n_classes.max(1) as f64, 0.0))
    }

    fn fit_population(
        &self,
        members: &[Member<'_>],
        ctx: &FitContext<'_>,
        _: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
    ) -> Vec<Result<Box<dyn FittedModel>, FitError>> {
        let boxed = |model| Box::new(model) as Box<dyn FittedModel>;
        members.iter().map(|member| fit(member, ctx).map(boxed)).collect()
    }

    fn load(&self, dir: &Path, _: Device) -> Result<Box<dyn FittedModel>, ArtifactError> {
        Ok(Box::new(load_json::<ConstantModel>(dir, MODEL_FILE)?))
    }
}

/// The answer for every row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// Regression: the value, in the unit of the target.
    Real(f64),
    /// Classification: the probability of each class.
    Proba(Vec<f64>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConstantModel {
    answer: Answer,
    /// Numeric columns of the training rows. They are not used, but a design with others is another table.
    n_numeric: usize,
    /// Categorical columns of the training rows.
    n_categorical: usize,
}

fn fit(member: &Member<'_>, ctx: &FitContext<'_>) -> Result<ConstantModel, FitError> {
    if let Some(reason) = ctx.stop.check() {
        return Err(FitError::Stopped(reason));
    }
    let (target, weights) = (target_of(member.train, ctx)?, weights_of(member.train)?);
    let weight = |row: usize| weights.map_or(1.0, |weights| f64::from(weights[row]));
    let total: f64 = (0..target.n_rows()).map(weight).sum();
    let answer = match target {
        Target::Real(values) => {
            let weighted = values.iter().enumerate().map(|(row, value)| weight(row) * value);
            Answer::Real(weighted.sum::<f64>() / total)
        }
        Target::Classes { codes, n_classes } => {
            let mut counts = vec![0.0; *n_classes];
            for (row, &code) in codes.iter().enumerate() {
                counts[code as usize] += weight(row);
            }
            Answer::Proba(counts.into_iter().map(|count| count / total).collect())
        }
    };
    let (n_numeric, n_categorical) = (member.train.numeric.n_cols(), member.train.codes.n_cols());
    Ok(ConstantModel { answer, n_numeric, n_categorical })
}

impl FittedModel for ConstantModel {
    fn predict(&self, x: &Design) -> Result<Predictions, FitError> {
        let counts = [
            ("numeric columns", self.n_numeric, x.numeric.n_cols()),
            ("categorical code columns", self.n_categorical, x.codes.n_cols()),
        ];
        for (what, expected, got) in counts {
            if expected != got {
                return Err(FitError::Shape { what, expected: expected.to_string(), got: got.to_string() });
            }
        }
        Ok(match &self.answer {
            Answer::Real(value) => Predictions::Real(vec![*value; x.n_rows()]),
            Answer::Proba(shares) => {
                Predictions::Proba(Matrix::new(x.n_rows(), shares.len(), shares.repeat(x.n_rows())))
            }
        })
    }

    fn save(&self, dir: &Path) -> Result<(), ArtifactError> {
        save_json(dir, MODEL_FILE, self)
    }

    fn best_epoch(&self) -> Option<u32> {
        None
    }

    fn n_parameters(&self) -> usize {
        match &self.answer {
            Answer::Real(_) => 1,
            Answer::Proba(shares) => shares.len(),
        }
    }

    /// 1, or one less than the classes, whose probabilities sum to 1.
    fn degrees_of_freedom(&self) -> Option<f64> {
        Some(match &self.answer {
            Answer::Real(_) => 1.0,
            Answer::Proba(shares) => shares.len() as f64 - 1.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Seed, StopSignal, Task};

    use super::*;

    fn predict(
        task: Task,
        n_classes: usize,
        target: Target,
        weights: Option<Vec<f32>>,
    ) -> (Predictions, f64) {
        let n_rows = target.n_rows();
        let design = Design {
            numeric: Matrix::filled(n_rows, 0, 0.0),
            numeric_names: Vec::new(),
            codes: Matrix::filled(n_rows, 0, 0),
            code_names: Vec::new(),
            cardinalities: Vec::new(),
            target: Some(target),
            weights,
        };
        let params = Params::new();
        let member = Member { params: &params, train: &design, valid: &design, seed: Seed(0) };
        let stop = StopSignal::never();
        let ctx = FitContext::new(task, n_classes, &stop);
        let fitted = ConstantFamily.fit_population(&[member], &ctx, &mut |_, _| ControlFlow::Continue(()));
        let model = fitted[0].as_ref().unwrap();
        (model.predict(&design).unwrap(), model.degrees_of_freedom().unwrap())
    }

    #[test]
    fn regression_answers_the_mean() {
        let target = Target::Real(vec![1.0, 2.0, 6.0]);
        assert_eq!(
            predict(Task::Regression, 0, target.clone(), None),
            (Predictions::Real(vec![3.0; 3]), 1.0)
        );
        let weighted = predict(Task::Regression, 0, target, Some(vec![2.0, 4.0, 2.0]));
        assert_eq!(weighted.0, Predictions::Real(vec![2.75; 3]));
    }

    #[test]
    fn classification_answers_the_frequencies() {
        let target = Target::Classes { codes: vec![2, 0, 2, 2], n_classes: 3 };
        let proba = |weights| match predict(Task::Multiclass, 3, target.clone(), weights) {
            (Predictions::Proba(proba), degrees) => (proba.row(3).to_vec(), degrees),
            (Predictions::Real(_), _) => panic!("no classes"),
        };
        assert_eq!(proba(None), (vec![0.25, 0.0, 0.75], 2.0));
        assert_eq!(proba(Some(vec![1.0, 5.0, 1.0, 1.0])).0, [0.625, 0.0, 0.375]);
    }
}
