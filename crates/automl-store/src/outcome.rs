//! What a finished trial left behind, as rows.

use automl_core::{FoldScore, TrialOutcome, TrialState};
use rusqlite::Transaction;

use crate::datetime;
use crate::fault::Fault;
use crate::header::StudyRow;
use crate::rows::optuna_state;
use crate::{read, value};

/// Refuses an outcome that contradicts itself.
pub(crate) fn check(study: &StudyRow, outcome: &TrialOutcome) -> Result<(), Fault> {
    let told = |what: String| Err(Fault::Content(what));
    match (outcome.state, outcome.cost) {
        (TrialState::Complete, Some(cost)) if cost.is_finite() => {}
        (TrialState::Complete, cost) => {
            return told(format!("a complete trial has a finite cost, not {cost:?}"));
        }
        (TrialState::Waiting | TrialState::Running, _) => {
            return told(format!("a trial cannot end as {}", outcome.state.name()));
        }
        (TrialState::Pruned | TrialState::Failed | TrialState::Lost, None) => {}
        (state, Some(cost)) => return told(format!("a {} trial has no cost, not {cost}", state.name())),
    }
    let n_others = if outcome.state == TrialState::Complete { study.directions.len() - 1 } else { 0 };
    if outcome.other_costs.len() != n_others {
        let n_costs = outcome.other_costs.len();
        return told(format!(
            "a {} trial has {n_others} further costs here, not {n_costs}",
            outcome.state.name()
        ));
    }
    if let Some(cost) = outcome.other_costs.iter().find(|cost| !cost.is_finite()) {
        return told(format!("every cost of a complete trial is finite, not {cost}"));
    }
    if !outcome.seconds.is_finite() || outcome.seconds < 0.0 {
        return told(format!("a trial lasts 0 seconds or more, not {}", outcome.seconds));
    }
    Ok(())
}

/// Writes everything but attributes, and ends the trial.
pub(crate) fn insert(
    transaction: &Transaction<'_>,
    study: &StudyRow,
    trial_id: i64,
    outcome: &TrialOutcome,
) -> Result<(), Fault> {
    let evaluation = &outcome.evaluation;
    for &(step, cost) in &evaluation.steps {
        insert_step(transaction, study, trial_id, step, cost)?;
    }
    for fold in &evaluation.folds {
        insert_fold(transaction, trial_id, fold)?;
    }
    insert_epochs(transaction, trial_id, outcome)?;
    insert_values(transaction, study, trial_id, outcome)?;
    set_state(transaction, trial_id, optuna_state(outcome.state))
}

/// Writes an intermediate value; a second one of the same step replaces the first, as in Optuna.
pub(crate) fn insert_step(
    transaction: &Transaction<'_>,
    study: &StudyRow,
    trial_id: i64,
    step: u32,
    cost: f64,
) -> Result<(), Fault> {
    let sql = "INSERT INTO trial_intermediate_values
            (trial_id, step, intermediate_value, intermediate_value_type) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (trial_id, step) DO UPDATE SET intermediate_value = excluded.intermediate_value,
            intermediate_value_type = excluded.intermediate_value_type";
    let (number, kind) = value::encode(read::value(study.direction(), cost));
    transaction.prepare_cached(sql)?.execute((trial_id, step, number, kind))?;
    Ok(())
}

/// Ends a trial now.
pub(crate) fn set_state(transaction: &Transaction<'_>, trial_id: i64, state: &str) -> Result<(), Fault> {
    let sql = "UPDATE trials SET state = ?2, datetime_complete = ?3 WHERE trial_id = ?1";
    transaction.prepare_cached(sql)?.execute((trial_id, state, datetime::now()))?;
    Ok(())
}

fn insert_fold(transaction: &Transaction<'_>, trial_id: i64, fold: &FoldScore) -> Result<(), Fault> {
    let sql = "INSERT INTO automl_folds (trial_id, fold, cost, best_epoch, n_epochs, seconds)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    transaction.prepare_cached(sql)?.execute((
        trial_id,
        fold.fold,
        fold.cost,
        fold.best_epoch,
        fold.n_epochs,
        fold.seconds,
    ))?;
    let sql = "INSERT INTO automl_fold_scores (trial_id, fold, position, metric, value)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut statement = transaction.prepare_cached(sql)?;
    for (position, (metric, value)) in fold.scores.iter().enumerate() {
        statement.execute((trial_id, fold.fold, position as i64, metric.name(), value))?;
    }
    Ok(())
}

fn insert_epochs(transaction: &Transaction<'_>, trial_id: i64, outcome: &TrialOutcome) -> Result<(), Fault> {
    let sql = "INSERT INTO automl_epochs (trial_id, fold, epoch, train_loss, valid_loss, learning_rate)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut statement = transaction.prepare_cached(sql)?;
    for (fold, epoch) in &outcome.evaluation.epochs {
        statement.execute((
            trial_id,
            fold,
            epoch.index,
            epoch.train_loss,
            epoch.valid_loss,
            epoch.learning_rate,
        ))?;
    }
    Ok(())
}

/// A pruned trial gets its last intermediate value, as Optuna's `tell` gives it where there is one objective.
fn insert_values(
    transaction: &Transaction<'_>,
    study: &StudyRow,
    trial_id: i64,
    outcome: &TrialOutcome,
) -> Result<(), Fault> {
    let last_step = || outcome.evaluation.steps.iter().max_by_key(|(step, _)| *step).map(|(_, cost)| *cost);
    let first = match outcome.state {
        TrialState::Complete => outcome.cost,
        TrialState::Pruned if study.directions.len() == 1 => last_step().filter(|cost| !cost.is_nan()),
        _ => None,
    };
    let sql = "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?1, ?2, ?3, ?4)";
    let mut statement = transaction.prepare_cached(sql)?;
    let costs = first.iter().chain(&outcome.other_costs);
    for (objective, (&cost, &direction)) in costs.zip(&study.directions).enumerate() {
        let (number, kind) = value::encode(read::value(direction, cost));
        statement.execute((trial_id, objective as i64, number, kind))?;
    }
    Ok(())
}
