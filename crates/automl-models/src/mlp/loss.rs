//! Losses and their gradients.

use super::activation::exp;
use super::config::Loss;

/// What one member's rows should become.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answers {
    /// Class of each row.
    Classes(Vec<u32>),
    /// Standardised target of each row.
    Real(Vec<f32>),
}

impl Answers {
    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        match self {
            Answers::Classes(codes) => codes.len(),
            Answers::Real(values) => values.len(),
        }
    }
}

/// The loss of one member.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Objective {
    /// What is minimised.
    pub(crate) loss: Loss,
    /// Share of each label that is spread evenly over all classes (Szegedy et al. 2016).
    pub(crate) smoothing: f32,
    /// Weight of each class; empty for regression.
    pub(crate) class_weights: Vec<f32>,
}

/// A sum of weighted losses with the sum of its weights.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct LossSum {
    /// Sum of weight times loss.
    pub(crate) total: f64,
    /// Sum of weights.
    pub(crate) weight: f64,
}

impl LossSum {
    /// The weighted mean.
    pub(crate) fn mean(self) -> f64 {
        self.total / self.weight
    }

    /// Adds another sum.
    pub(crate) fn add(&mut self, other: LossSum) {
        self.total += other.total;
        self.weight += other.weight;
    }
}

impl Objective {
    /// The weight of each of `rows`.
    pub(crate) fn weights(
        &self,
        answers: &Answers,
        rows: impl IntoIterator<Item = usize>,
    ) -> impl Iterator<Item = f32> {
        rows.into_iter().map(move |row| match answers {
            Answers::Classes(codes) => self.class_weights[codes[row] as usize],
            Answers::Real(_) => 1.0,
        })
    }

    /// The sum of the weights of `rows`.
    pub(crate) fn weight(&self, answers: &Answers, rows: &[usize]) -> f32 {
        self.weights(answers, rows.iter().copied()).sum()
    }

    /// The loss of `rows`; `outputs`, `[rows, columns]`, become the gradient of the sum of weighted losses times
    /// `share`, which is 1 divided by the weight of the whole batch.
    pub(crate) fn differentiate(
        &self,
        outputs: &mut [f32],
        columns: usize,
        answers: &Answers,
        rows: &[usize],
        share: f32,
    ) -> LossSum {
        let outputs = outputs[..rows.len() * columns].chunks_exact_mut(columns);
        let weight = f64::from(self.weight(answers, rows));
        let mut total = 0.0;
        match answers {
            Answers::Classes(codes) => {
                for (output, &row) in outputs.zip(rows) {
                    total += self.cross_entropy(output, codes[row] as usize, share);
                }
            }
            Answers::Real(values) => {
                for (output, &row) in outputs.zip(rows) {
                    let (loss, slope) = self.regression(output[0] - values[row]);
                    output[0] = slope * share;
                    total += f64::from(loss);
                }
            }
        }
        LossSum { total, weight }
    }

    /// The loss of the rows from `first` on, without smoothing: what early stopping looks at.
    pub(crate) fn evaluate(
        &self,
        outputs: &mut [f32],
        columns: usize,
        answers: &Answers,
        first: usize,
    ) -> LossSum {
        let mut sum = LossSum::default();
        for (output, row) in outputs.chunks_exact_mut(columns).zip(first..answers.len()) {
            match answers {
                Answers::Classes(codes) => {
                    let class = codes[row] as usize;
                    let log_sum = soft_max(output);
                    let weight = f64::from(self.class_weights[class]);
                    sum.add(LossSum { total: weight * f64::from(log_sum - output[class]), weight });
                }
                Answers::Real(values) => {
                    let (loss, _) = self.regression(output[0] - values[row]);
                    sum.add(LossSum { total: f64::from(loss), weight: 1.0 });
                }
            }
        }
        sum
    }

    /// Weighted loss of one row; its logits become the gradient, times `share`.
    fn cross_entropy(&self, logits: &mut [f32], class: usize, share: f32) -> f64 {
        let weight = self.class_weights[class];
        let spread = self.smoothing / logits.len() as f32;
        let log_sum = soft_max(logits);
        let mut loss = (1.0 - self.smoothing) * (log_sum - logits[class]);
        if spread > 0.0 {
            loss += spread * logits.iter().map(|shifted| log_sum - shifted).sum::<f32>();
        }
        let scale = (-log_sum).exp();
        for logit in &mut *logits {
            *logit = weight * share * (exp(*logit) * scale - spread);
        }
        logits[class] -= weight * share * (1.0 - self.smoothing);
        f64::from(weight * loss)
    }

    /// Loss and slope at a difference of prediction and standardised target.
    fn regression(&self, difference: f32) -> (f32, f32) {
        let size = difference.abs();
        if self.loss == Loss::Huber && size > 1.0 {
            return (size - 0.5, difference.signum());
        }
        let factor = if self.loss == Loss::Huber { 0.5 } else { 1.0 };
        (factor * difference * difference, 2.0 * factor * difference)
    }
}

/// Subtracts the greatest logit from all and returns the logarithm of the sum of their exponentials.
fn soft_max(logits: &mut [f32]) -> f32 {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for logit in logits {
        *logit -= greatest;
        sum += exp(*logit);
    }
    sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_gradient(objective: &Objective, outputs: &[f32], columns: usize, answers: &Answers) {
        let rows: Vec<usize> = (0..answers.len()).collect();
        let share = objective.weight(answers, &rows).recip();
        let mut gradient = outputs.to_vec();
        objective.differentiate(&mut gradient, columns, answers, &rows, share);
        for index in 0..outputs.len() {
            let at = |shift: f32| {
                let mut moved = outputs.to_vec();
                moved[index] += shift;
                objective.differentiate(&mut moved, columns, answers, &rows, share).mean()
            };
            let numeric = (at(1e-2) - at(-1e-2)) / 2e-2;
            let ours = f64::from(gradient[index]);
            assert!((ours - numeric).abs() < 1e-3, "{index}: {ours}, not {numeric}");
        }
    }

    #[test]
    fn gradients_are_those_of_the_weighted_mean() {
        let objective =
            Objective { loss: Loss::CrossEntropy, smoothing: 0.1, class_weights: vec![0.5, 1.0, 2.0] };
        let logits = [0.3, -1.2, 0.9, 2.0, 0.1, -0.4];
        check_gradient(&objective, &logits, 3, &Answers::Classes(vec![2, 0]));
        for loss in [Loss::Mse, Loss::Huber] {
            let objective = Objective { loss, smoothing: 0.0, class_weights: Vec::new() };
            check_gradient(&objective, &[0.5, -3.0, 1.2], 1, &Answers::Real(vec![0.0, 1.0, 1.4]));
        }
    }

    #[test]
    fn evaluation_is_log_loss() {
        let objective = Objective { loss: Loss::CrossEntropy, smoothing: 0.3, class_weights: vec![1.0; 2] };
        let mut logits = [0.0, 3.0_f32.ln(), 0.0, 0.0];
        let loss = objective.evaluate(&mut logits, 2, &Answers::Classes(vec![1, 0]), 0).mean();
        let expected = -(0.75_f64.ln() + 0.5_f64.ln()) / 2.0;
        assert!((loss - expected).abs() < 1e-6, "{loss}, not {expected}");
    }
}
