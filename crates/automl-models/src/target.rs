//! What families ask of the rows that they are given.

use automl_core::{Design, FitContext, FitError, Target};

/// The target of training rows, checked against the task.
///
/// # Errors
/// [`FitError::Shape`] if there are no rows, or the target is absent or of another task.
pub(crate) fn target_of<'a>(design: &'a Design, ctx: &FitContext<'_>) -> Result<&'a Target, FitError> {
    let shape = |what, expected: String, got: String| Err(FitError::Shape { what, expected, got });
    let expected = match ctx.n_classes {
        _ if !ctx.task.is_classification() => "real values".to_owned(),
        n_classes => format!("codes of {n_classes} classes"),
    };
    let Some(target) = &design.target else {
        return shape("target of the training rows", expected, "none".to_owned());
    };
    if design.n_rows() == 0 || target.n_rows() != design.n_rows() {
        let rows = if design.n_rows() == 0 { "at least 1".to_owned() } else { design.n_rows().to_string() };
        return shape("training rows with a target", rows, target.n_rows().to_string());
    }
    match target {
        Target::Real(_) if ctx.task.is_classification() => {
            shape("target of the training rows", expected, "real values".to_owned())
        }
        Target::Classes { n_classes, .. } if !ctx.task.is_classification() || *n_classes != ctx.n_classes => {
            shape("target of the training rows", expected, format!("codes of {n_classes} classes"))
        }
        Target::Classes { codes, n_classes } => match codes.iter().find(|&&code| code as usize >= *n_classes)
        {
            Some(code) => shape("class code", format!("0 to {}", n_classes - 1), code.to_string()),
            None => Ok(target),
        },
        Target::Real(_) => Ok(target),
    }
}

/// How much each training row counts, if not all count alike.
///
/// # Errors
/// [`FitError::Shape`] if there is not one weight a row, or a weight is not above 0 and finite.
pub(crate) fn weights_of(design: &Design) -> Result<Option<&[f32]>, FitError> {
    let shape = |what, expected: String, got: String| Err(FitError::Shape { what, expected, got });
    let Some(weights) = &design.weights else {
        return Ok(None);
    };
    if weights.len() != design.n_rows() {
        return shape("row weights", design.n_rows().to_string(), weights.len().to_string());
    }
    match weights.iter().find(|weight| !(**weight > 0.0 && weight.is_finite())) {
        Some(weight) => shape("row weight", "a finite number above 0".to_owned(), weight.to_string()),
        None => Ok(Some(weights)),
    }
}

/// Checks that a design has numeric columns of these names, in this order, and no codes.
///
/// # Errors
/// [`FitError::Shape`] naming the first difference.
pub(crate) fn check_columns(x: &Design, columns: &[String]) -> Result<(), FitError> {
    let shape = |what, expected: String, got: String| Err(FitError::Shape { what, expected, got });
    if x.codes.n_cols() > 0 {
        return shape("categorical code columns", "none".to_owned(), x.codes.n_cols().to_string());
    }
    if x.numeric.n_cols() != columns.len() {
        return shape("numeric columns", columns.len().to_string(), x.numeric.n_cols().to_string());
    }
    match columns.iter().zip(&x.numeric_names).find(|(expected, got)| expected != got) {
        Some((expected, got)) => shape("numeric column", format!("`{expected}`"), format!("`{got}`")),
        None => Ok(()),
    }
}
