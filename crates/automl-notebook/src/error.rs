//! What went wrong, as a person reads it.

use std::fmt;

/// A message and what to do about it. A cell that fails with it shows both and no backtrace.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    message: String,
    hints: Vec<String>,
}

impl Error {
    /// Of a message, one sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new() }
    }

    /// The same with one more hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What `automl` printed on standard error: `error: …`, a blank line, `hint: …`. Lines before the error tell of progress.
    pub(crate) fn of_output(stderr: &str) -> Self {
        let mut error = Self::new("");
        for line in stderr.lines() {
            if let Some(message) = line.strip_prefix("error: ") {
                message.clone_into(&mut error.message);
            } else if let Some(hint) = line.strip_prefix("hint: ") {
                error.hints.push(hint.to_owned());
            } else if !error.message.is_empty() && error.hints.is_empty() && !line.is_empty() {
                error.message.push('\n');
                error.message.push_str(line);
            }
        }
        if error.message.is_empty() {
            stderr.trim().clone_into(&mut error.message);
        }
        error
    }

    /// One sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.hints.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}

/// The kernel prints the error of a failed cell so.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_and_hints_are_taken_from_what_the_program_prints() {
        let error = Error::of_output(
            "data    3 rows\nerror: there is no model family `magic`\n\nhint: families are constant, linear\nhint: or none\n",
        );
        assert_eq!(error.message(), "there is no model family `magic`");
        assert_eq!(error.hints(), ["families are constant, linear", "or none"]);
        assert_eq!(
            format!("{error:?}"),
            "there is no model family `magic`\nhint: families are constant, linear\nhint: or none"
        );
        assert_eq!(Error::of_output("Killed\n").message(), "Killed");
        assert_eq!(Error::of_output("error: one\ntwo\n").message(), "one\ntwo");
    }
}
