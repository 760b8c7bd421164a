//! Categorical columns: one column of -1 and 1, one-hot columns, or codes.

use std::collections::HashMap;

use automl_core::InputForm;
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::config::PrepConfig;
use super::scale::Scaler;

/// Most one-hot columns of one column for families that take no codes, the pooled one included.
const MAX_ONE_HOT_COLUMNS: usize = 64;

/// How levels become numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Encoding {
    /// No output: the train rows show one group.
    Constant,
    /// One column: -1 for the first of two groups, 1 for the second, 0 for missing or unknown.
    Sign,
    /// One 0-1 column a group; all 0 for missing or unknown.
    OneHot,
    /// The place among `kept`, counted from 1; 0 for missing, unknown or rare. A code for all that is
    /// not kept is met while training, unlike one for the unknown alone.
    Codes,
}

/// What was learned of a categorical column. Levels are known by name, never by their place in a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct CategoricalStep {
    encoding: Encoding,
    /// Levels that stand for themselves, in order of name.
    kept: Vec<String>,
    /// Rare levels of the train rows that share the last group, in order of name; none for codes.
    pooled: Vec<String>,
    /// The scale of each numeric output, where they are scaled as numbers are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scalers: Vec<Scaler>,
}

impl CategoricalStep {
    /// Fits to the train rows. `codes` beyond `levels` are missing.
    pub(super) fn fit(
        config: &PrepConfig,
        input: InputForm,
        codes: &[u32],
        levels: &[String],
        rows: &[usize],
    ) -> Self {
        let ranked = by_frequency(codes, levels, rows);
        let n_kept = n_kept(config, input, &ranked);
        let (mut kept, mut pooled): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for (index, (level, _)) in ranked.into_iter().enumerate() {
            let part = if index < n_kept { &mut kept } else { &mut pooled };
            part.push(level.to_owned());
        }
        kept.sort_unstable();
        pooled.sort_unstable();
        let encoding = match kept.len() + usize::from(!pooled.is_empty()) {
            0 | 1 => Encoding::Constant,
            2 => Encoding::Sign,
            _ if input == InputForm::Native => Encoding::Codes,
            n_groups if input == InputForm::OneHot || n_groups <= config.one_hot_max => Encoding::OneHot,
            _ => Encoding::Codes,
        };
        let scalers = Vec::new();
        let mut step = match encoding {
            Encoding::Constant => Self { encoding, kept: Vec::new(), pooled: Vec::new(), scalers },
            Encoding::Codes => Self { encoding, kept, pooled: Vec::new(), scalers },
            Encoding::Sign | Encoding::OneHot => Self { encoding, kept, pooled, scalers },
        };
        if config.scales_flags(input) {
            step.scalers = step.fit_scalers(codes, levels, rows);
        }
        step
    }

    /// The scales of the numeric outputs.
    fn fit_scalers(&self, codes: &[u32], levels: &[String], rows: &[usize]) -> Vec<Scaler> {
        let groups = self.groups(levels);
        let mut counts = vec![0_usize; self.n_groups()];
        for &row in rows {
            if let Some(group) = group_of(codes[row], &groups) {
                counts[group as usize] += 1;
            }
        }
        let n_missing = rows.len() - counts.iter().sum::<usize>();
        // Each group occurs, and another one too, so every output varies.
        let scaler = |counts: &[(f64, usize)]| Scaler::robust_of_counts(counts).unwrap_or(Scaler::Identity);
        match self.encoding {
            Encoding::Constant | Encoding::Codes => Vec::new(),
            Encoding::Sign => vec![scaler(&[(-1.0, counts[0]), (0.0, n_missing), (1.0, counts[1])])],
            Encoding::OneHot => {
                counts.iter().map(|&count| scaler(&[(0.0, rows.len() - count), (1.0, count)])).collect()
            }
        }
    }

    /// What output `index` says for a number.
    fn scaled(&self, index: usize, value: f64) -> f32 {
        self.scalers.get(index).map_or(value as f32, |scaler| scaler.apply(value))
    }

    /// Number of numeric outputs.
    pub(super) fn width(&self) -> usize {
        match self.encoding {
            Encoding::Constant | Encoding::Codes => 0,
            Encoding::Sign => 1,
            Encoding::OneHot => self.n_groups(),
        }
    }

    /// Number of codes, the one of unknown levels included; `None` without codes.
    pub(super) fn cardinality(&self) -> Option<u32> {
        (self.encoding == Encoding::Codes).then_some(self.kept.len() as u32 + 1)
    }

    /// Names of the numeric outputs of the column `name`.
    pub(super) fn names(&self, name: &str) -> Vec<String> {
        let other = (!self.pooled.is_empty()).then_some("(other)");
        let groups = self.kept.iter().map(String::as_str).chain(other);
        let names = groups.map(|group| format!("{name}={group}"));
        match self.encoding {
            Encoding::Constant | Encoding::Codes => Vec::new(),
            Encoding::Sign => names.skip(1).take(1).collect(),
            Encoding::OneHot => names.collect(),
        }
    }

    /// The group of each level of a table.
    pub(super) fn groups(&self, levels: &[String]) -> Vec<Option<u32>> {
        let kept = self.kept.iter().zip(0..);
        let pooled = self.pooled.iter().map(|level| (level, self.kept.len() as u32));
        let group_of: HashMap<&str, u32> =
            kept.chain(pooled).map(|(level, group)| (level.as_str(), group)).collect();
        levels.iter().map(|level| group_of.get(level.as_str()).copied()).collect()
    }

    /// Writes the numeric outputs of `rows`; `groups` as of [`CategoricalStep::groups`].
    pub(super) fn write(
        &self,
        codes: &[u32],
        groups: &[Option<u32>],
        rows: &[usize],
        block: &mut Block<'_, f32>,
    ) {
        let width = self.width();
        let off: Vec<f32> = (0..width).map(|index| self.scaled(index, 0.0)).collect();
        let on: Vec<f32> = (0..width).map(|index| self.scaled(index, 1.0)).collect();
        let first = if width > 0 { self.scaled(0, -1.0) } else { 0.0 };
        for (index, &row) in rows.iter().enumerate() {
            let block = &mut block.row(index)[..width];
            block.copy_from_slice(&off);
            let Some(group) = group_of(codes[row], groups) else { continue };
            match self.encoding {
                Encoding::Constant | Encoding::Codes => {}
                Encoding::Sign => block[0] = if group == 0 { first } else { on[0] },
                Encoding::OneHot => block[group as usize] = on[group as usize],
            }
        }
    }

    fn n_groups(&self) -> usize {
        self.kept.len() + usize::from(!self.pooled.is_empty())
    }
}

/// The model's code of a table's code.
pub(super) fn model_code(code: u32, groups: &[Option<u32>]) -> u32 {
    group_of(code, groups).map_or(0, |group| group + 1)
}

fn group_of(code: u32, groups: &[Option<u32>]) -> Option<u32> {
    groups.get(code as usize).copied().flatten()
}

/// The levels that occur in the rows with their counts, the most frequent first, ties by name.
fn by_frequency<'a>(codes: &[u32], levels: &'a [String], rows: &[usize]) -> Vec<(&'a str, usize)> {
    let mut counts = vec![0_usize; levels.len()];
    for &row in rows {
        if let Some(count) = counts.get_mut(codes[row] as usize) {
            *count += 1;
        }
    }
    let mut ranked: Vec<(&str, usize)> = levels.iter().map(String::as_str).zip(counts).collect();
    ranked.retain(|(_, count)| *count > 0);
    ranked.sort_unstable_by(|(left, of_left), (right, of_right)| of_right.cmp(of_left).then(left.cmp(right)));
    ranked
}

/// How many of the most frequent levels stand for themselves.
fn n_kept(config: &PrepConfig, input: InputForm, ranked: &[(&str, usize)]) -> usize {
    if ranked.len() <= 2 {
        return ranked.len();
    }
    let n_frequent = ranked.partition_point(|(_, count)| *count >= config.min_level_count);
    if input != InputForm::OneHot {
        return n_frequent;
    }
    let most = if n_frequent == ranked.len() { MAX_ONE_HOT_COLUMNS } else { MAX_ONE_HOT_COLUMNS - 1 };
    if n_frequent <= most { n_frequent } else { MAX_ONE_HOT_COLUMNS - 1 }
}
