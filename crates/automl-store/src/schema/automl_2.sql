-- What version 2 has beside version 1: who holds a slot, and who runs, among many trials.
DROP INDEX IF EXISTS automl_ix_trials_open;
CREATE INDEX automl_ix_slots ON trial_system_attributes (value_json) WHERE "key" = 'automl:slot';
CREATE INDEX automl_ix_trials_running ON trials (study_id, number) WHERE state = 'RUNNING';
