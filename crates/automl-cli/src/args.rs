//! The command line, as close to what is typed as possible; nothing here acts.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use automl::{
    ColumnKind, Device, Fidelity, FurtherObjective, Metric, Precision, PrunerKind, SamplerKind, Scheme, Task,
    parse_duration, parse_memory,
};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Searches preprocessing, models and hyper-parameters for a table, and leaves a model that predicts.
#[derive(Debug, Parser)]
#[command(name = "automl", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 something failed (disk, study file, another process); \
    2 wrong command line; 3 wrong configuration or data; 4 no trial completed; 130 interrupted";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look at a table: its columns, how a search would read them, and why
    Describe(DescribeArgs),
    /// Search models for a table; the same command again goes on where it stopped
    Search(Box<SearchArgs>),
    /// Join the search of a study with one worker more, from any process of this machine
    Worker(WorkerArgs),
    /// Predict the rows of a file with a model
    Predict(PredictArgs),
    /// Score a model on a file that has the target
    Evaluate(EvaluateArgs),
    /// Show the trials of a run in order of merit
    Leaderboard(LeaderboardArgs),
    /// Show which parameters of a run matter
    Importance(ImportanceArgs),
    /// Write the HTML report of a run, or of one trial, anew
    Report(ReportArgs),
    /// Write one chart of a run's report as a picture
    Plot(PlotArgs),
    /// Show versions, backends, devices and what this machine has
    Doctor,
    /// Open `JupyterLab` with the Rust kernel, installing both where they are missing
    Notebook(NotebookArgs),
    /// Install or remove the Rust kernel for notebooks
    #[command(subcommand)]
    Kernel(KernelCommand),
}

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// Experiment file (TOML); flags win over what it says
    pub(crate) config: Option<PathBuf>,
    /// Data file, or a quoted pattern of files: CSV, TSV, Parquet, Arrow, NDJSON
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Column to predict
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: Option<String>,
    /// Run folder [default: runs/NAME, of the file's `name`, its folder, or --data]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Time budget of all runs together, such as 90s, 5m or 1h30m [default: 5m unless --trials is given]
    #[arg(long, value_parser = parse_duration)]
    pub(crate) time: Option<Duration>,
    /// Most time of one trial [default: a quarter of --time]
    #[arg(long, value_parser = parse_duration)]
    pub(crate) trial_time: Option<Duration>,
    /// Memory that the fits of the search may use together, such as 4GB [default: 80 % of what is free]
    #[arg(long, value_name = "SIZE", value_parser = check_memory)]
    pub(crate) memory: Option<String>,
    /// Number of trials, those of earlier runs included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) trials: Option<u32>,
    /// Seed of every random choice [default: 0]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// What to optimise, such as `log_loss`, `roc_auc`, `f1_macro`, rmse or mae; a wrong name lists them all
    /// [default: `log_loss` or rmse]
    #[arg(long)]
    pub(crate) metric: Option<Metric>,
    /// Kind of problem: binary, multiclass or regression [default: inferred from the target]
    #[arg(long, value_parser = parse_task)]
    pub(crate) task: Option<Task>,
    /// Positive label of a binary task [default: the label that sorts last]
    #[arg(long, value_name = "LABEL")]
    pub(crate) positive: Option<String>,
    /// Column of numbers above 0 that say how much each row counts
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weight: Option<String>,
    /// Model families, separated by commas: constant, linear, gbdt, mlp, `random_forest`, `extra_trees`, knn, realmlp, tabm, resnet, `ft_transformer`
    /// [default: all]
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    pub(crate) families: Vec<String>,
    /// What proposes configurations: auto, tpe, gp, cmaes, nsga2, sobol, grid or random [default: auto]
    #[arg(long)]
    pub(crate) sampler: Option<SamplerKind>,
    /// What ends hopeless trials: median, percentile, asha, hyperband, racing or none [default: median]
    #[arg(long)]
    pub(crate) pruner: Option<PrunerKind>,
    /// When the pruner looks: after folds, epochs or shares of the training rows (folds, epochs, rows)
    /// [default: folds]
    #[arg(long)]
    pub(crate) fidelity: Option<Fidelity>,
    /// Worker processes; they share the cores [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Score that is good enough to end the search
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub(crate) target_score: Option<f64>,
    /// End the search when no improvement is expected that the folds could tell from chance
    #[arg(long)]
    pub(crate) plateau: bool,
    /// Further objectives, separated by commas: metrics, `predict_time`, `fit_time`
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    pub(crate) also: Vec<FurtherObjective>,
    /// Study file; one that Optuna made is gone on with [default: `study.sqlite3` in the run folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) storage: Option<PathBuf>,
    /// Name of the study in --storage [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(crate) study_name: Option<String>,
    /// Kind of split: kfold, group, time or single [default: kfold]
    #[arg(long)]
    pub(crate) split: Option<Scheme>,
    /// Number of folds [default: 5; 3 above 10,000 rows]
    #[arg(long, value_name = "N")]
    pub(crate) folds: Option<usize>,
    /// Independent k-folds [default: 1; 3 below 1,000 rows]
    #[arg(long, value_name = "N")]
    pub(crate) repeats: Option<usize>,
    /// Column whose equal values stay in one fold
    #[arg(long, value_name = "COLUMN")]
    pub(crate) group: Option<String>,
    /// Column of times: rows validate later than they train
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time_column: Option<String>,
    /// Share of rows that no trial sees and the final model is scored on [default: 0.1]
    #[arg(long, value_name = "SHARE")]
    pub(crate) holdout: Option<f64>,
    /// Kind of a column, as COLUMN=KIND; may be given several times
    #[arg(long = "column", value_parser = parse_column, value_name = "COLUMN=KIND")]
    pub(crate) columns: Vec<(String, ColumnKind)>,
    /// Outer folds of a nested cross-validation: what the whole procedure is worth; they share the time
    #[arg(long, value_name = "K")]
    pub(crate) nested: Option<usize>,
    /// One configuration as final model, no ensemble
    #[arg(long)]
    pub(crate) single_model: bool,
    /// Most milliseconds in which the models of the final model predict 1000 prepared rows on this machine
    #[arg(long, value_name = "MS")]
    pub(crate) max_predict_ms: Option<f64>,
    /// Where networks train: flex, libtorch, cuda, cuda:1, cubecl:0 or auto; `automl doctor` lists them
    /// [default: flex]
    #[arg(long)]
    pub(crate) device: Option<Device>,
    /// What matrix products of networks multiply: f32, or bf16 on GPUs [default: f32]
    #[arg(long)]
    pub(crate) precision: Option<Precision>,
    /// Threads that training uses [default: all cores]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// What happens, on standard output, for programs: one JSON object a line
    #[arg(long, value_name = "FORMAT")]
    pub(crate) events: Option<EventFormat>,
}

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventFormat {
    /// JSON lines.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct DescribeArgs {
    /// Data file, or a quoted pattern of files: CSV, TSV, Parquet, Arrow, NDJSON
    pub(crate) data: PathBuf,
    /// Column to predict
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: Option<String>,
    /// Kind of a column, as COLUMN=KIND; may be given several times
    #[arg(long = "column", value_parser = parse_column, value_name = "COLUMN=KIND")]
    pub(crate) columns: Vec<(String, ColumnKind)>,
    /// JSON with distributions and the first rows instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// First rows in the JSON
    #[arg(long, default_value_t = 10, value_name = "N", requires = "json")]
    pub(crate) head: usize,
}

#[derive(Debug, Args)]
pub(crate) struct WorkerArgs {
    /// Study file, such as runs/titanic/study.sqlite3
    #[arg(long, value_name = "FILE")]
    pub(crate) study: PathBuf,
    /// Threads that training uses [default: all cores]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Time after which it ends [default: when the search of the study does]
    #[arg(long, value_parser = parse_duration)]
    pub(crate) time: Option<Duration>,
    /// Ends with the search that started it, which speaks through standard input
    #[arg(long, hide = true)]
    pub(crate) job: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// Bundle folder, such as runs/titanic/model
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// File of rows to predict; needs no target column
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// File to write: .csv, .tsv or .parquet
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Where the model computes
    #[arg(long, default_value_t)]
    pub(crate) device: Device,
}

#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    /// Bundle folder, such as runs/titanic/model
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// File of rows with the target column
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// One flat JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the model computes
    #[arg(long, default_value_t)]
    pub(crate) device: Device,
}

#[derive(Debug, Args)]
pub(crate) struct LeaderboardArgs {
    /// Run folder, such as runs/titanic
    pub(crate) run: PathBuf,
    /// JSON with everything instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Trials to show in the table
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) top: usize,
}

#[derive(Debug, Args)]
pub(crate) struct ImportanceArgs {
    /// Run folder, such as runs/titanic
    pub(crate) run: PathBuf,
    /// What must be right to be among the best tenth (PED-ANOVA), instead of what matters over the whole space (fANOVA)
    #[arg(long)]
    pub(crate) best: bool,
    /// JSON with everything instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Parameters to show in the table
    #[arg(long, default_value_t = 15, value_name = "N")]
    pub(crate) top: usize,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct ReportArgs {
    /// Run folder, such as runs/titanic
    pub(crate) run: PathBuf,
    /// The report of one trial
    #[arg(long, value_name = "N", conflicts_with_all = ["live", "json"])]
    pub(crate) trial: Option<u32>,
    /// Write it anew every few seconds while a search goes on; the page loads itself anew
    #[arg(long)]
    pub(crate) live: bool,
    /// Write `report.json` too, the same content for machines
    #[arg(long)]
    pub(crate) json: bool,
    /// Folder for all charts as SVG and PNG
    #[arg(long, value_name = "DIR")]
    pub(crate) figures: Option<PathBuf>,
    /// Charts in the dark theme
    #[arg(long, requires = "figures")]
    pub(crate) dark: bool,
    /// Open the page in a browser
    #[arg(long)]
    pub(crate) open: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlotArgs {
    /// Run folder, such as runs/titanic
    pub(crate) run: PathBuf,
    /// Name of the chart; without one the charts are listed
    pub(crate) name: Option<String>,
    /// File to write: .svg or .png [default: NAME.svg]
    #[arg(long, value_name = "FILE", requires = "name")]
    pub(crate) out: Option<PathBuf>,
    /// The dark theme
    #[arg(long)]
    pub(crate) dark: bool,
    /// Charts of one trial
    #[arg(long, value_name = "N")]
    pub(crate) trial: Option<u32>,
    /// JSON on standard output: the list, or the chart with its caption, light and dark
    #[arg(long, conflicts_with_all = ["out", "dark"])]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NotebookArgs {
    /// Folder to open; one that is not there is made, with example notebooks
    #[arg(default_value = "notebooks")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) door: DoorArgs,
    /// Arguments for `jupyter lab`, such as --no-browser or --port=8890
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) jupyter: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KernelCommand {
    /// Install `JupyterLab`, the kernel and what its cells link, each where it is missing
    Install(DoorArgs),
    /// Remove the kernel and all that was installed for it
    Remove,
    /// Be the kernel that Jupyter describes in a file
    #[command(hide = true)]
    Run {
        /// The kernel of the full door
        #[arg(long)]
        full: bool,
        /// Jupyter's connection file
        connection: PathBuf,
    },
    /// Be Cargo for the type inference of cells
    #[command(hide = true)]
    Cargo {
        /// Cargo's arguments
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DoorArgs {
    /// Install the kernel "Rust (automl, full)" too, with polars and burn in the notebook; built from the project's sources
    #[arg(long)]
    pub(crate) full: bool,
    /// Clone of the project to build it from [default: the one that this program was built from]
    #[arg(long, value_name = "DIR", requires = "full")]
    pub(crate) sources: Option<PathBuf>,
}

fn parse_task(text: &str) -> Result<Task, String> {
    let found = Task::ALL.into_iter().find(|task| task.name() == text);
    found.ok_or_else(|| "tasks are binary, multiclass and regression".to_owned())
}

fn check_memory(text: &str) -> Result<String, String> {
    parse_memory(text).map(|_| text.to_owned())
}

fn parse_column(text: &str) -> Result<(String, ColumnKind), String> {
    let (name, kind) = text.rsplit_once('=').ok_or("write COLUMN=KIND, such as zip=categorical")?;
    Ok((name.to_owned(), kind.parse()?))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_column_may_hold_an_equals_sign() {
        assert_eq!(parse_column("a=b=text"), Ok(("a=b".to_owned(), ColumnKind::Text)));
        assert!(parse_column("zip").is_err());
        assert!(parse_column("zip=zipcode").is_err());
    }
}
