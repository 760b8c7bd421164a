//! The network of `TabM`: `k` perceptrons that share their matrices and differ in adapters (Gorishniy, Kotelnikov &
//! Babenko, "`TabM`: Advancing Tabular Deep Learning with Parameter-Efficient Ensembling", 2024, section 3).

use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::architecture::{Architecture, Arrays, Columns, Shape};
use super::data::{Rows, continuous_columns};
use super::layers::{Dense, Embedding, Encoding, Ensemble, Heads, Input, Layer, Part, Spread};
use super::parameters::{Role, Spec, Weights};
use crate::draws::Draws;

/// What the network consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TabmShape {
    /// Which adapters there are.
    pub(crate) variant: Variant,
    /// Networks in one, `k`.
    pub(crate) copies: usize,
    /// Neurons of the hidden layers.
    pub(crate) hidden: Vec<usize>,
    /// What numeric columns become.
    pub(crate) numbers: Numbers,
    /// Which numeric columns are embedded; found in the training rows.
    pub(crate) embedded: Vec<usize>,
}

/// Which adapters there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Variant {
    /// Around every matrix.
    Full,
    /// On the input alone.
    Mini,
}

/// What numeric columns become.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Numbers {
    /// Nothing but themselves.
    Plain,
    /// Shares of bins below, a linear map of them, and a linear function of the number (PLE, version B).
    Bins {
        /// Bins of a column.
        n_bins: usize,
        /// Numbers that a column becomes.
        width: usize,
    },
    /// Cosines and sines, a linear map, `ReLU` (PLR).
    Periodic {
        /// Frequencies of a column.
        n_frequencies: usize,
        /// Deviation of the initial frequencies.
        sigma: f32,
        /// Numbers that a column becomes.
        width: usize,
    },
}

impl Numbers {
    /// Its kind and sizes: what arrays follow from.
    fn sizes(self) -> (u8, usize, usize) {
        match self {
            Numbers::Plain => (0, 0, 0),
            Numbers::Bins { n_bins, width } => (1, n_bins, width),
            Numbers::Periodic { n_frequencies, width, .. } => (2, n_frequencies, width),
        }
    }
}

impl TabmShape {
    /// Whether both can be trained in one population.
    pub(crate) fn is_alike(&self, other: &Self, own: &Columns, others: &Columns) -> bool {
        // Embedded numbers stand before plain ones, of which a member may have fewer.
        self.variant == other.variant
            && self.copies == other.copies
            && self.hidden == other.hidden
            && self.numbers.sizes() == other.numbers.sizes()
            && self.embedded == other.embedded
            && own.cardinalities == others.cardinalities
            && (self.embedded.is_empty() || own.n_numeric == others.n_numeric)
    }

    /// Numeric columns that are not embedded.
    fn plain(&self, whole: &Architecture) -> Vec<usize> {
        (0..whole.columns.n_numeric.max(1)).filter(|column| !self.embedded.contains(column)).collect()
    }

    /// Columns of each feature of the input, in its order; they begin with the same adapter.
    fn features(&self, whole: &Architecture) -> Vec<usize> {
        let (_, _, width) = self.numbers.sizes();
        let codes = whole.columns.cardinalities.iter().map(|cardinality| *cardinality as usize);
        let embedded = self.embedded.iter().map(|_| width);
        codes.chain(embedded).chain(self.plain(whole).iter().map(|_| 1)).collect()
    }

    /// Input and output width of each hidden layer.
    fn dense(&self, whole: &Architecture) -> Vec<(usize, usize)> {
        let n_in = self.features(whole).iter().sum();
        let inputs = [n_in].into_iter().chain(self.hidden.iter().copied());
        inputs.zip(self.hidden.iter().copied()).collect()
    }

    fn input(&self, whole: &Architecture, arrays: &mut Arrays) -> Input {
        let codes = whole.columns.cardinalities.iter().enumerate();
        let one_hot = |(column, cardinality): (usize, &u32)| Part::OneHot {
            column,
            cardinality: *cardinality as usize,
        };
        let mut parts: Vec<Part> = codes.map(one_hot).collect();
        let n = self.embedded.len();
        let mut array = |part: &str, columns: usize, role: Role| {
            arrays.plain(format!("numbers.{part}"), [n, columns], role)
        };
        let embedding = match self.numbers {
            Numbers::Plain => None,
            _ if n == 0 => None,
            Numbers::Bins { n_bins, width } => {
                let encoding = Encoding::Bins { edges: array("edges", n_bins + 1, Role::Tracked) };
                Some((encoding, n_bins, width, Some(array("slope", width, Role::BIAS))))
            }
            Numbers::Periodic { n_frequencies, width, .. } => {
                let encoding =
                    Encoding::CosineSine { frequency: array("frequency", n_frequencies, Role::WEIGHT) };
                Some((encoding, 2 * n_frequencies, width, None))
            }
        };
        if let Some((encoding, n_encoded, width, slope)) = embedding {
            let weight = array("weight", n_encoded * width, Role::WEIGHT);
            let bias = array("bias", width, Role::BIAS);
            let (columns, is_rectified) = (self.embedded.clone(), slope.is_none());
            parts.push(Part::Embedded(Embedding {
                columns,
                encoding,
                n_encoded,
                width,
                weight,
                bias,
                slope,
                is_rectified,
            }));
        }
        if n == 0 {
            parts.push(Part::Numeric);
        } else {
            let plain = self.plain(whole);
            parts.extend((!plain.is_empty()).then_some(Part::Some(plain)));
        }
        Input { parts }
    }

    /// What an array begins with; `n_in` columns go into its layer.
    fn draw(
        &self,
        spec: &Spec,
        n_in: usize,
        whole: &Architecture,
        train: &Rows<'_>,
        draws: &mut Draws,
    ) -> Vec<f32> {
        let limit = (n_in as f32).sqrt().recip();
        let [rows, columns] = spec.shape;
        let mut uniform = |n: usize, limit: f32| (0..n).map(|_| draws.symmetric(limit)).collect::<Vec<f32>>();
        let (_, n_encoded, width) = self.numbers.sizes();
        match spec.name.as_str() {
            "numbers.edges" => {
                self.embedded.iter().flat_map(|&column| edges(train, column, columns - 1)).collect()
            }
            "numbers.frequency" => (0..spec.size()).map(|_| self.frequency(draws)).collect(),
            "numbers.weight" | "numbers.bias" if matches!(self.numbers, Numbers::Periodic { .. }) => {
                uniform(spec.size(), (2.0 * n_encoded as f32).sqrt().recip())
            }
            "numbers.weight" => vec![0.0; spec.size()],
            "numbers.bias" | "numbers.slope" => uniform(spec.size(), (width as f32).sqrt().recip()),
            "adapter" => self.first_adapter(whole, draws),
            "heads.weight" | "heads.bias" => uniform(spec.size(), limit),
            name if name.ends_with("bias") => uniform(columns, limit).repeat(rows),
            name if name.ends_with("weight") => uniform(spec.size(), limit),
            // Adapters within: every network begins as the same one, but for its input and head.
            _ => vec![1.0; spec.size()],
        }
    }

    /// A frequency: normal, cut at three deviations.
    fn frequency(&self, draws: &mut Draws) -> f32 {
        let Numbers::Periodic { sigma, .. } = self.numbers else { return 0.0 };
        loop {
            let normal = draws.normal();
            if normal.abs() <= 3.0 {
                return sigma * normal;
            }
        }
    }

    /// One number for all columns of a feature: random signs, or normal where numbers are embedded.
    fn first_adapter(&self, whole: &Architecture, draws: &mut Draws) -> Vec<f32> {
        let is_normal = !self.embedded.is_empty();
        let features = self.features(whole);
        let mut adapters = Vec::new();
        for _ in 0..self.copies {
            for width in &features {
                let factor = if is_normal { draws.normal() } else { draws.symmetric(1.0).signum() };
                adapters.extend(std::iter::repeat_n(factor, *width));
            }
        }
        adapters
    }
}

impl Shape for TabmShape {
    fn fit(&mut self, train: &Rows<'_>) {
        if self.numbers != Numbers::Plain {
            self.embedded = continuous_columns(train.design);
        }
    }

    fn build(&self, whole: &Architecture, arrays: &mut Arrays) -> (Input, Vec<Box<dyn Layer>>) {
        let input = self.input(whole, arrays);
        let (copies, n_outputs) = (self.copies, whole.n_outputs);
        let n_in = self.features(whole).iter().sum();
        let adapter = arrays.plain("adapter".to_owned(), [copies, n_in], Role::WEIGHT);
        let goes_back = input.is_learnt();
        let mut layers: Vec<Box<dyn Layer>> = vec![Box::new(Spread { adapter, copies, goes_back })];
        for (index, (n_in, n_out)) in self.dense(whole).into_iter().enumerate() {
            let name = |part: &str| format!("layer.{index}.{part}");
            let weight = arrays.matrix(name("weight"), [n_in, n_out], Role::WEIGHT);
            if self.variant == Variant::Mini {
                let bias = arrays.plain(name("bias"), [1, n_out], Role::BIAS);
                let activation = Activation::Relu;
                let (scale, norm, strength, goes_back) = (1.0, None, None, true);
                layers.push(Box::new(Dense { weight, bias, scale, norm, activation, strength, goes_back }));
                continue;
            }
            let mut array = |part: &str, role: Role| arrays.plain(name(part), [copies, n_out], role);
            let (scale, bias) = (array("scale", Role::WEIGHT), array("bias", Role::BIAS));
            let is_last = index + 1 == self.hidden.len();
            let adapter = (!is_last).then(|| array("adapter", Role::WEIGHT));
            layers.push(Box::new(Ensemble { weight, scale, bias, adapter, copies }));
        }
        let last = self.hidden.last().copied().unwrap_or(n_in);
        let weight = arrays.plain("heads.weight".to_owned(), [copies * n_outputs, last], Role::WEIGHT);
        let bias = arrays.plain("heads.bias".to_owned(), [copies, n_outputs], Role::BIAS);
        layers.push(Box::new(Heads { weight, bias, copies, n_outputs }));
        (input, layers)
    }

    /// As in the published code: see the documentation of the family.
    fn initial(&self, whole: &Architecture, train: &Rows<'_>, draws: &mut Draws) -> Weights {
        let mut n_in = self.features(whole).iter().sum();
        let mut weights = Vec::new();
        for spec in whole.specs() {
            if spec.name.starts_with("layer.") && spec.name.ends_with(".weight") {
                n_in = spec.shape[0];
            } else if spec.name == "heads.weight" {
                n_in = spec.shape[1];
            }
            weights.push(self.draw(&spec, n_in, whole, train, draws));
        }
        Weights(weights)
    }

    fn largest_matrix(&self, whole: &Architecture) -> usize {
        self.dense(whole).into_iter().map(|(n_in, n_out)| n_in * n_out).max().unwrap_or(0)
    }

    fn heads(&self) -> usize {
        self.copies
    }

    fn copies(&self, _whole: &Architecture) -> usize {
        self.copies
    }

    /// Rows before their adapters, and embedded numbers before their linear map with the slopes by their angles.
    fn n_scores(&self, whole: &Architecture) -> usize {
        let encoded = match self.numbers {
            Numbers::Plain => 0,
            Numbers::Bins { n_bins, .. } => n_bins,
            Numbers::Periodic { n_frequencies, .. } => 4 * n_frequencies,
        };
        let n_in: usize = self.features(whole).iter().sum();
        self.copies * (n_in + self.embedded.len() * encoded)
    }
}

/// Edges of `n_bins` bins of a numeric column: the distinct ones of its quantiles `0, 1/n, …, 1`. Bins that are missing have
/// no width and stand before the last.
fn edges(train: &Rows<'_>, column: usize, n_bins: usize) -> Vec<f32> {
    let mut values: Vec<f32> = train.design.numeric.rows().map(|row| row[column]).collect();
    values.sort_unstable_by(f32::total_cmp);
    let last = values.len() - 1;
    let quantile = |bin: usize| {
        let place = (bin * last) as f64 / n_bins as f64;
        let low = (place as usize).min(last);
        let share = place - low as f64;
        let (low, high) = (f64::from(values[low]), f64::from(values[(low + 1).min(last)]));
        (low + share * (high - low)) as f32
    };
    let mut edges: Vec<f32> = (0..=n_bins).map(quantile).collect();
    edges.dedup();
    let before = edges[edges.len().saturating_sub(2)];
    let missing = n_bins + 1 - edges.len();
    let place = edges.len() - 1;
    edges.splice(place..place, std::iter::repeat_n(before, missing));
    edges
}

#[cfg(test)]
mod tests {
    use automl_core::{Design, Matrix};

    use super::super::loss::{Answers, Truth};
    use super::*;

    #[test]
    fn bins_are_distinct_quantiles() {
        let n_rows = 9;
        let values = (0..9).flat_map(|row| [row as f32, if row < 8 { 0.0 } else { 1.0 }]).collect();
        let design = Design {
            numeric: Matrix::new(n_rows, 2, values),
            numeric_names: vec!["a".to_owned(), "b".to_owned()],
            codes: Matrix::new(n_rows, 0, Vec::new()),
            code_names: Vec::new(),
            cardinalities: Vec::new(),
            target: None,
            weights: None,
        };
        let answers = Answers { truth: Truth::Real(Vec::new()), weights: None };
        let rows = Rows { design: &design, answers };
        assert_eq!(edges(&rows, 0, 4), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(edges(&rows, 0, 3), [0.0, 8.0 / 3.0, 16.0 / 3.0, 8.0]);
        assert_eq!(edges(&rows, 1, 4), [0.0, 0.0, 0.0, 0.0, 1.0]);
    }
}
