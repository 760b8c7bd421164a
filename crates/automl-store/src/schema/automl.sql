-- What automl keeps beside Optuna's tables, which Optuna ignores. NULL in a REAL column is NaN.
CREATE TABLE automl_version (
  automl_version_id INTEGER PRIMARY KEY CHECK (automl_version_id = 1),
  schema_version INTEGER NOT NULL, library_version TEXT NOT NULL);
CREATE TABLE automl_study (
  "key" TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE automl_folds (
  trial_id INTEGER NOT NULL REFERENCES trials (trial_id), fold INTEGER NOT NULL,
  cost REAL, best_epoch INTEGER, n_epochs INTEGER NOT NULL, seconds REAL,
  PRIMARY KEY (trial_id, fold)) WITHOUT ROWID;
CREATE TABLE automl_fold_scores (
  trial_id INTEGER NOT NULL, fold INTEGER NOT NULL, position INTEGER NOT NULL,
  metric TEXT NOT NULL, value REAL,
  PRIMARY KEY (trial_id, fold, position), UNIQUE (trial_id, fold, metric),
  FOREIGN KEY (trial_id, fold) REFERENCES automl_folds (trial_id, fold)) WITHOUT ROWID;
CREATE TABLE automl_epochs (
  trial_id INTEGER NOT NULL REFERENCES trials (trial_id), fold INTEGER NOT NULL, epoch INTEGER NOT NULL,
  train_loss REAL, valid_loss REAL, learning_rate REAL,
  PRIMARY KEY (trial_id, fold, epoch)) WITHOUT ROWID;
CREATE TABLE automl_artifacts (
  artifact_id INTEGER PRIMARY KEY, trial_id INTEGER NOT NULL REFERENCES trials (trial_id),
  kind TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, UNIQUE (trial_id, kind, path));
CREATE TABLE automl_events (
  event_id INTEGER PRIMARY KEY, time DATETIME NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL);
-- Two rows of one number cannot be told apart by people.
CREATE UNIQUE INDEX automl_ix_trials_number ON trials (study_id, number);
