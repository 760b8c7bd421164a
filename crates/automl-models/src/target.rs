//! What every family asks of training rows.

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
