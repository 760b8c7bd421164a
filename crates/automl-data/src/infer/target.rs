//! What is to be predicted: the task, the labels and their codes.

use std::collections::HashMap;

use automl_core::{Metric, Target, Task, counted};

use super::{Counts, boolean_of, parse_number, shorten};
use crate::error::DataError;
use crate::values::{Values, number_text};

/// More different numbers than this are a quantity.
const MAX_NUMERIC_CLASSES: usize = 20;
/// Numbers are classes only where each of them has this many rows.
const MIN_ROWS_PER_CLASS: usize = 20;
/// The same where the metric that was asked for is one of classes.
const MIN_ROWS_PER_CLASS_OF_METRIC: usize = 2;

/// The target, understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TargetPlan {
    pub(crate) task: Task,
    pub(crate) reason: String,
    /// In order of code; empty for regression.
    pub(crate) labels: Vec<String>,
    /// Rows of each label; empty for regression.
    pub(crate) class_counts: Vec<usize>,
    pub(crate) target: Target,
}

/// What the user set about the target.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TargetChoice<'a> {
    pub(crate) task: Option<Task>,
    pub(crate) metric: Option<Metric>,
    pub(crate) positive: Option<&'a str>,
}

/// Understands a target without missing values.
pub(crate) fn plan(
    name: &str,
    values: &Values<'_>,
    choice: TargetChoice<'_>,
) -> Result<TargetPlan, DataError> {
    if let Values::Unsupported { .. } | Values::Times { .. } = values {
        return Err(DataError::UnusableTarget { target: name.to_owned(), found: values.describe() });
    }
    check_finite(name, values)?;
    let counts = Counts::of(values);
    let n_classes = counts.n_distinct();
    if n_classes == 1 {
        let value = values.text(0).unwrap_or_default();
        return Err(DataError::ConstantTarget { target: name.to_owned(), value, n_rows: values.len() });
    }
    let (task, reason) = match choice.task {
        Some(task) => (task, "set by the user".to_owned()),
        None => choice
            .metric
            .and_then(|metric| of_metric(metric, values, &counts))
            .unwrap_or_else(|| infer(values, &counts)),
    };
    let fits = match task {
        Task::Binary => n_classes == 2,
        Task::Multiclass => n_classes > 2,
        Task::Regression => true,
    };
    if !fits {
        return Err(DataError::WrongTask { target: name.to_owned(), task, n_classes });
    }
    if task == Task::Regression {
        let target = Target::Real(real(name, values)?);
        return Ok(TargetPlan { task, reason, labels: Vec::new(), class_counts: Vec::new(), target });
    }
    classes(name, values, &counts, task, reason, choice.positive)
}

fn check_finite(name: &str, values: &Values<'_>) -> Result<(), DataError> {
    let Values::Numbers { values, .. } = values else { return Ok(()) };
    let infinite = || values.iter().enumerate().filter(|(_, value)| value.is_infinite());
    match infinite().next() {
        None => Ok(()),
        Some((row, _)) => {
            let n_values = infinite().count();
            Err(DataError::TargetInfinite { target: name.to_owned(), n_values, row: row + 1 })
        }
    }
}

/// What the metric makes of numbers; `None` where that is for the values to say.
fn of_metric(metric: Metric, values: &Values<'_>, counts: &Counts<'_>) -> Option<(Task, String)> {
    let (Values::Numbers { whole, .. }, Counts::Numbers(runs)) = (values, counts) else { return None };
    let task = if metric.supports(Task::Regression) {
        Task::Regression
    } else if runs.len() == 2 {
        Task::Binary
    } else if *whole && runs.iter().all(|(_, count)| *count >= MIN_ROWS_PER_CLASS_OF_METRIC) {
        Task::Multiclass
    } else {
        return None;
    };
    let n_distinct = runs.len();
    metric
        .supports(task)
        .then(|| (task, format!("{n_distinct} different numbers, and the metric is {metric}")))
}

fn infer(values: &Values<'_>, counts: &Counts<'_>) -> (Task, String) {
    let n_distinct = counts.n_distinct();
    if n_distinct == 2 {
        return (Task::Binary, "two different values".to_owned());
    }
    let (Values::Numbers { whole, .. }, Counts::Numbers(runs)) = (values, counts) else {
        return (Task::Multiclass, format!("{n_distinct} different {}", values.describe()));
    };
    if !whole {
        return (Task::Regression, format!("numbers with fractions, {n_distinct} of them different"));
    }
    if n_distinct > MAX_NUMERIC_CLASSES {
        return (Task::Regression, format!("{n_distinct} different whole numbers"));
    }
    let rarest = runs.iter().map(|(_, count)| *count).min().unwrap_or(0);
    if rarest < MIN_ROWS_PER_CLASS {
        return (
            Task::Regression,
            format!("{n_distinct} different whole numbers, the rarest in only {}", counted(rarest, "row")),
        );
    }
    (
        Task::Multiclass,
        format!("{n_distinct} different whole numbers, the rarest in {}", counted(rarest, "row")),
    )
}

/// The target as numbers.
pub(crate) fn real(name: &str, values: &Values<'_>) -> Result<Vec<f64>, DataError> {
    check_finite(name, values)?;
    match values {
        Values::Numbers { values, .. } => Ok(values.clone()),
        Values::Flags(flags) => {
            Ok(flags.iter().map(|flag| f64::from(u8::from(*flag == Some(true)))).collect())
        }
        Values::Texts(texts) => {
            let parsed: Vec<Option<f64>> = texts.iter().map(|text| parse_number((*text)?)).collect();
            let failed = || texts.iter().zip(&parsed).filter(|(_, parsed)| parsed.is_none());
            if let Some((text, _)) = failed().next() {
                let value = shorten(text.unwrap_or_default());
                let n_values = failed().count();
                return Err(DataError::TargetNotNumeric { target: name.to_owned(), value, n_values });
            }
            Ok(parsed.into_iter().flatten().collect())
        }
        Values::Times { .. } | Values::Unsupported { .. } => {
            Err(DataError::UnusableTarget { target: name.to_owned(), found: values.describe() })
        }
    }
}

fn classes(
    name: &str,
    values: &Values<'_>,
    counts: &Counts<'_>,
    task: Task,
    reason: String,
    positive: Option<&str>,
) -> Result<TargetPlan, DataError> {
    let mut labels: Vec<String> = match counts {
        Counts::Numbers(runs) => runs.iter().map(|(value, _)| number_text(*value)).collect(),
        Counts::Texts(runs) => runs.iter().map(|(text, _)| (*text).to_owned()).collect(),
        Counts::Flags(_) => vec!["false".to_owned(), "true".to_owned()],
        Counts::Times(_) => Vec::new(),
    };
    if let (Some(positive), Task::Binary) = (positive, task) {
        let Some(at) = labels.iter().position(|label| label == positive) else {
            let (target, positive) = (name.to_owned(), positive.to_owned());
            return Err(DataError::UnknownPositive { target, positive, labels });
        };
        let label = labels.remove(at);
        labels.push(label);
    }
    let codes = codes(name, values, &labels)?;
    let mut class_counts = vec![0; labels.len()];
    for &code in &codes {
        class_counts[code as usize] += 1;
    }
    let target = Target::Classes { codes, n_classes: labels.len() };
    Ok(TargetPlan { task, reason, labels, class_counts, target })
}

/// The class index of each row.
pub(crate) fn codes(name: &str, values: &Values<'_>, labels: &[String]) -> Result<Vec<u32>, DataError> {
    let index: HashMap<&str, u32> =
        labels.iter().zip(0..).map(|(label, code)| (label.as_str(), code)).collect();
    // `True` of one file is `true` of another, and 1 of a third.
    let flags: Option<Vec<bool>> = labels.iter().map(|label| boolean_of(label)).collect();
    let flags = flags.filter(|flags| matches!(flags[..], [no, yes] if no != yes)).unwrap_or_default();
    let code_of_flag = |text: &str| {
        let flag = boolean_of(text)?;
        flags.iter().zip(0..).find(|(label, _)| **label == flag).map(|(_, code)| code)
    };
    let code = |row: usize| {
        let text = values.text(row).unwrap_or_default();
        let found = index.get(text.as_str()).copied().or_else(|| code_of_flag(&text));
        found.ok_or_else(|| DataError::UnknownLabel {
            target: name.to_owned(),
            label: shorten(&text),
            row: row + 1,
            labels: labels.to_vec(),
        })
    };
    (0..values.len()).map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan_of(values: &Values<'_>) -> TargetPlan {
        plan("y", values, TargetChoice::default()).unwrap()
    }

    fn numbers(values: Vec<f64>) -> Values<'static> {
        let whole = values.iter().all(|value| value.fract() == 0.0);
        Values::Numbers { values, whole }
    }

    #[test]
    fn numeric_labels_sort_by_value() {
        let digits: Vec<f64> = (0..240).map(|row| f64::from(row % 12)).collect();
        let plan = plan_of(&numbers(digits));
        assert_eq!(plan.task, Task::Multiclass);
        assert_eq!(plan.labels[9..], ["9", "10", "11"]);
        insta::assert_snapshot!(plan.reason, @"12 different whole numbers, the rarest in 20 rows");
    }

    #[test]
    fn few_numbers_of_which_one_is_rare_are_a_quantity() {
        let mut counts: Vec<f64> = (0..100).map(|row| f64::from(row % 5)).collect();
        counts.push(9.0);
        let plan = plan_of(&numbers(counts));
        assert_eq!(plan.task, Task::Regression);
        insta::assert_snapshot!(plan.reason, @"6 different whole numbers, the rarest in only 1 row");
    }

    #[test]
    fn fractions_are_a_quantity_and_two_values_are_classes() {
        assert_eq!(plan_of(&numbers(vec![1.5, 2.0, 3.0])).task, Task::Regression);
        let plan = plan_of(&numbers(vec![1.5, 2.0, 2.0]));
        assert_eq!((plan.task, plan.class_counts), (Task::Binary, vec![1, 2]));
    }

    #[test]
    fn numbers_are_what_the_metric_is_of() {
        let of = |values: Vec<f64>, metric: Metric, task: Option<Task>| {
            let choice = TargetChoice { metric: Some(metric), task, ..TargetChoice::default() };
            plan("y", &numbers(values), choice).unwrap()
        };
        let grades: Vec<f64> = (0..60).map(|row| f64::from(row % 6)).collect();
        assert_eq!(plan_of(&numbers(grades.clone())).task, Task::Regression);
        let plan = of(grades.clone(), Metric::LogLoss, None);
        assert_eq!((plan.task, plan.labels.len()), (Task::Multiclass, 6));
        insta::assert_snapshot!(plan.reason, @"6 different numbers, and the metric is log_loss");
        assert_eq!(of(grades.clone(), Metric::LogLoss, Some(Task::Regression)).task, Task::Regression);
        assert_eq!(of(vec![0.0, 1.0, 1.0], Metric::Rmse, None).task, Task::Regression);
        assert_eq!(of(vec![0.0, 1.0, 1.0], Metric::Accuracy, None).task, Task::Binary);
        // Prices are no classes, whatever is asked for.
        assert_eq!(of(vec![1.5, 2.0, 3.0, 2.5], Metric::LogLoss, None).task, Task::Regression);
        assert_eq!(of((0..60).map(f64::from).collect(), Metric::LogLoss, None).task, Task::Regression);
    }

    #[test]
    fn the_positive_label_is_last() {
        let values = Values::Texts(vec![Some("yes"), Some("no")]);
        assert_eq!(plan_of(&values).labels, ["no", "yes"]);
        let choice = TargetChoice { positive: Some("no"), ..TargetChoice::default() };
        let plan = plan("y", &values, choice).unwrap();
        assert_eq!(plan.labels, ["yes", "no"]);
        assert_eq!(plan.target, Target::Classes { codes: vec![0, 1], n_classes: 2 });
    }
}
