//! The notebook's crate drives the program: what its cells would do, without a kernel.

use automl_notebook::{Model, Search, Study, Table, use_program};

use crate::support::{Scratch, two_classes};

fn scratch() -> (Scratch, String) {
    use_program(env!("CARGO_BIN_EXE_automl"));
    let scratch = Scratch::new();
    let data = scratch.write("train.csv", two_classes(300)).to_string_lossy().into_owned();
    (scratch, data)
}

#[test]
fn a_table_shows_its_columns_and_first_rows() {
    let (_scratch, data) = scratch();
    let table = Table::read(&data).unwrap();
    assert_eq!(format!("{table:?}"), "Table(300 rows, 5 columns)");
    assert_eq!(table.columns(), ["x", "y", "color", "noise", "target"]);
    assert_eq!(table.kind("color").as_deref(), Some("categorical"));
    assert_eq!(table.kind("nothing"), None);
    assert_eq!(table.head().len(), 10);
    assert_eq!(table.head()[0][2].as_deref(), Some("red"));
    table.evcxr_display();
}

#[test]
fn a_search_leaves_a_study_that_tells_everything() {
    let (scratch, data) = scratch();
    let out = scratch.path("run");
    let search = Search::new(&data, "target").families(&["constant", "linear", "gbdt"]).trials(6).out(&out);
    let study = search.run().unwrap();
    assert_eq!(study.folder(), out);
    let board = study.leaderboard().unwrap();
    assert_eq!((board.metric(), board.trials().len()), ("log_loss", 6));
    let best = board.best().unwrap();
    assert!(best.score().unwrap() < 0.5, "{best:?}");
    assert!(!best.params().is_empty() && !best.scores().is_empty());
    assert_eq!(best.fold_scores().len(), 15);
    assert!(best.figure("folds").unwrap().svg().starts_with("<svg"));
    assert_eq!(&study.trial(best.number()).unwrap(), best);
    let error = study.trial(77).unwrap_err();
    assert_eq!(error.message(), "there is no trial 77 among 6");

    let names: Vec<String> = study.figures().unwrap().into_iter().map(|(name, _)| name).collect();
    assert!(names.iter().any(|name| name == "history"), "{names:?}");
    let history = study.figure("history").unwrap();
    assert!(history.svg().starts_with("<svg"), "{}", history.svg());
    assert_eq!((history.name(), history.title()), ("history", "Optimisation history"));
    assert!(history.caption().starts_with("Each point is a trial"), "{}", history.caption());
    let error = study.figure("nonsense").unwrap_err();
    assert!(error.hints()[0].contains("history"), "{error}");

    let toml = study.to_toml().unwrap();
    assert!(toml.contains("target = \"target\""), "{toml}");
    let model = study.model().unwrap();
    assert!(!model.parts().is_empty());
    let metrics = model.metrics();
    let (_, validated, held_out) = metrics.iter().find(|(name, ..)| name == "accuracy").unwrap();
    assert!(*validated > 0.8 && held_out.unwrap() > 0.6, "{metrics:?}");
    let predictions = model.predict(&data, scratch.path("predictions.csv")).unwrap();
    assert_eq!(predictions.n_rows(), 300);
    assert!(model.evaluate(&data).unwrap().get("accuracy").unwrap() > 0.8);
    assert!(study.report().unwrap().is_file());
    study.evcxr_display();
    model.evcxr_display();
    best.evcxr_display();

    // Another kernel, later; and the same search again has nothing left to do.
    let again = Study::open(&out).unwrap();
    assert_eq!(again.leaderboard().unwrap(), board);
    assert_eq!(search.run().unwrap().leaderboard().unwrap(), board);
    assert_eq!(
        format!("{:?}", Model::open(out.join("model")).unwrap()),
        format!("Model({})", out.join("model").display())
    );
}

#[test]
fn errors_are_a_message_and_its_hints() {
    let (scratch, data) = scratch();
    let error = Search::new(&data, "taget").trials(1).out(scratch.path("run")).run().unwrap_err();
    assert!(error.message().contains("`taget`"), "{error}");
    assert!(!error.hints().is_empty(), "{error}");
    let error = Study::open(scratch.path("nowhere")).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
    assert!(Model::open(scratch.path("nowhere")).unwrap_err().message().contains("there is no model in"));
    let error = Table::read(scratch.path("none.csv")).unwrap_err();
    assert!(error.message().contains("none.csv"), "{error}");
    use_program("/nowhere/automl");
    let error = Table::read(&data).unwrap_err();
    assert!(error.message().starts_with("cannot run `/nowhere/automl`"), "{error}");
    assert!(error.hints()[0].contains("cargo install"), "{error}");
}
