//! Shapes of networks: from columns and sizes to arrays and layers.

use automl_core::{LayerFacts, Purpose, Seed};
use serde::{Deserialize, Serialize};

use super::data::Rows;
use super::ft_transformer::FtTransformerShape;
use super::layers::{Input, Layer};
use super::mlp::{self, MlpShape};
use super::parameters::{Form, Index, Role, Spec, Weights};
use super::realmlp::RealMlpShape;
use super::resnet::ResNetShape;
use super::tabm::TabmShape;
use crate::draws::Draws;

/// The columns that a network takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Columns {
    /// Numeric columns.
    pub(crate) n_numeric: usize,
    /// Codes of each categorical column.
    pub(crate) cardinalities: Vec<u32>,
}

/// What a network's arrays and layers follow from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Architecture {
    /// What goes in.
    pub(crate) columns: Columns,
    /// What comes out: classes, or 1 for regression.
    pub(crate) n_outputs: usize,
    /// What lies between.
    pub(crate) body: Body,
}

/// The kinds of networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Body {
    /// Dense layers.
    Mlp(MlpShape),
    /// Those of `RealMLP`.
    RealMlp(RealMlpShape),
    /// Many perceptrons that share most of their weights.
    Tabm(TabmShape),
    /// Residual blocks of dense layers.
    #[serde(rename = "resnet")]
    ResNet(ResNetShape),
    /// Attention among the columns of a row.
    FtTransformer(FtTransformerShape),
}

/// What a kind of network is made of, given the whole architecture.
pub(crate) trait Shape {
    /// Learns from the training rows what the arrays' sizes follow from.
    fn fit(&mut self, _train: &Rows<'_>) {}

    /// Arrays and layers.
    fn build(&self, whole: &Architecture, arrays: &mut Arrays) -> (Input, Vec<Box<dyn Layer>>);

    /// The weights that a member begins with.
    fn initial(&self, whole: &Architecture, train: &Rows<'_>, draws: &mut Draws) -> Weights;

    /// Values of the largest weight matrix.
    fn largest_matrix(&self, whole: &Architecture) -> usize;

    /// Answers to each row, of which the mean is what the network says; in training each has rows of its own.
    fn heads(&self) -> usize {
        1
    }

    /// Rows that a row becomes within the network in prediction, or that a place of a training batch becomes.
    fn copies(&self, _whole: &Architecture) -> usize {
        1
    }

    /// Numbers kept of a place that go into no matrix product, such as attention among columns.
    fn n_scores(&self, _whole: &Architecture) -> usize {
        0
    }

    /// Whether a batch has to be computed as one, for a layer is normalised over it.
    fn looks_at_batches(&self) -> bool {
        false
    }
}

impl Body {
    fn shape(&self) -> &dyn Shape {
        match self {
            Body::Mlp(shape) => shape,
            Body::RealMlp(shape) => shape,
            Body::Tabm(shape) => shape,
            Body::ResNet(shape) => shape,
            Body::FtTransformer(shape) => shape,
        }
    }

    /// Learns from the training rows what the arrays' sizes follow from.
    pub(crate) fn fit(&mut self, train: &Rows<'_>) {
        let shape: &mut dyn Shape = match self {
            Body::Mlp(shape) => shape,
            Body::RealMlp(shape) => shape,
            Body::Tabm(shape) => shape,
            Body::ResNet(shape) => shape,
            Body::FtTransformer(shape) => shape,
        };
        shape.fit(train);
    }
}

/// Arrays and layers of a network.
pub(crate) struct Built {
    /// The arrays, named by their place.
    pub(crate) specs: Vec<Spec>,
    /// The first stage.
    pub(crate) input: Input,
    /// The other stages in order.
    pub(crate) layers: Vec<Box<dyn Layer>>,
}

impl Architecture {
    /// Arrays and layers.
    pub(crate) fn build(&self) -> Built {
        let mut arrays = Arrays(Vec::new());
        let (input, layers) = self.body.shape().build(self, &mut arrays);
        Built { specs: arrays.0, input, layers }
    }

    /// The arrays alone.
    pub(crate) fn specs(&self) -> Vec<Spec> {
        self.build().specs
    }

    /// The weights that a member begins with: the same on every device.
    pub(crate) fn initial(&self, train: &Rows<'_>, seed: Seed) -> Weights {
        let mut draws = Draws::new(seed.purpose(Purpose::Init));
        self.body.shape().initial(self, train, &mut draws)
    }

    /// Answers to each row, of which the mean is what the network says; in training each has rows of its own.
    pub(crate) fn heads(&self) -> usize {
        self.body.shape().heads()
    }

    /// Rows that a row becomes within the network in prediction, or that a place of a training batch becomes.
    pub(crate) fn copies(&self) -> usize {
        self.body.shape().copies(self)
    }

    /// Numbers kept of a place that go into no matrix product.
    pub(crate) fn n_scores(&self) -> usize {
        self.body.shape().n_scores(self)
    }

    /// Rows to compute at once, where `rows` are right for a network that makes no copies of them.
    pub(crate) fn chunk(&self, rows: usize) -> usize {
        (rows / self.copies()).max(16)
    }

    /// Multiplications of the largest matrix product for a batch of `n_places` rows of each head.
    pub(crate) fn largest_product(&self, n_places: usize) -> usize {
        n_places * self.copies() * self.body.shape().largest_matrix(self)
    }

    /// Whether a batch has to be computed as one, for a layer is normalised over it.
    pub(crate) fn looks_at_batches(&self) -> bool {
        self.body.shape().looks_at_batches()
    }

    /// Whether both can be trained in one population: they differ in their columns at most.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        let shapes = |own: &Self| (own.n_outputs, own.columns.cardinalities.len());
        shapes(self) == shapes(other)
            && match (&self.body, &other.body) {
                (Body::Mlp(one), Body::Mlp(two)) => one == two && same_tables(self, other),
                // The factor of its products depends on the number of columns.
                (Body::RealMlp(one), Body::RealMlp(two)) => {
                    one.is_alike(two) && self.columns.n_numeric == other.columns.n_numeric
                }
                (Body::ResNet(one), Body::ResNet(two)) => one == two && same_tables(self, other),
                // Numbers of columns are the shape's own.
                (Body::FtTransformer(one), Body::FtTransformer(two)) => one == two,
                (Body::Tabm(one), Body::Tabm(two)) => one.is_alike(two, &self.columns, &other.columns),
                _ => false,
            }
    }

    /// What it is made of, for people: arrays whose names begin alike are a layer.
    pub(crate) fn layer_facts(&self) -> Vec<LayerFacts> {
        let Columns { n_numeric, cardinalities } = &self.columns;
        let end = |name: &str, shape: String| LayerFacts { name: name.to_owned(), shape, n_parameters: 0 };
        let mut layers =
            vec![end("columns", format!("{n_numeric} numeric, {} categorical", cardinalities.len()))];
        let mut last = "";
        let specs = self.specs();
        for spec in &specs {
            let place = spec.name.rsplit_once('.').map_or(spec.name.as_str(), |(place, _)| place);
            if place != last {
                layers.push(LayerFacts { name: spoken(place), ..LayerFacts::default() });
                last = place;
            }
            let Some(layer) = layers.last_mut() else { continue };
            layer.n_parameters += if spec.role == Role::Tracked { 0 } else { spec.size() };
            // A matrix says what a layer does; without one the first array does.
            if spec.form == Form::Matrix || layer.shape.is_empty() {
                let [rows, columns] = spec.shape;
                layer.shape = if spec.form == Form::Matrix {
                    format!("{rows} → {columns}")
                } else {
                    format!("{rows} × {columns}")
                };
            }
        }
        let outputs =
            if self.n_outputs == 1 { "1 value".to_owned() } else { format!("{} classes", self.n_outputs) };
        layers.push(end("prediction", outputs));
        layers
    }

    /// The architecture whose arrays hold those of all: most numeric columns (one at least, for tensors need one),
    /// most codes of each category.
    pub(crate) fn widest<'a>(mut members: impl Iterator<Item = &'a Self>) -> Option<Self> {
        let mut widest = members.next()?.clone();
        widest.columns.n_numeric = widest.columns.n_numeric.max(1);
        for own in members {
            let columns = &mut widest.columns;
            columns.n_numeric = columns.n_numeric.max(own.columns.n_numeric);
            for (most, own) in columns.cardinalities.iter_mut().zip(&own.columns.cardinalities) {
                *most = (*most).max(*own);
            }
        }
        Some(widest)
    }
}

/// The name of a layer from that of its arrays: places are counted from 1.
fn spoken(place: &str) -> String {
    let part = |part: &str| {
        part.parse::<usize>().map_or_else(|_| part.replace('_', " "), |index| (index + 1).to_string())
    };
    place.split('.').map(part).collect::<Vec<_>>().join(" ")
}

/// Whether the embeddings of both are as wide.
fn same_tables(one: &Architecture, other: &Architecture) -> bool {
    mlp::widths(one) == mlp::widths(other)
}

/// The list of arrays while a network is built.
pub(crate) struct Arrays(Vec<Spec>);

impl Arrays {
    /// Adds an array for matrix products.
    pub(crate) fn matrix(&mut self, name: String, shape: [usize; 2], role: Role) -> Index {
        self.push(name, shape, role, Form::Matrix)
    }

    /// Adds an array for kernels.
    pub(crate) fn plain(&mut self, name: String, shape: [usize; 2], role: Role) -> Index {
        self.push(name, shape, role, Form::Plain)
    }

    fn push(&mut self, name: String, shape: [usize; 2], role: Role, form: Form) -> Index {
        self.0.push(Spec { name, shape, role, form });
        self.0.len() - 1
    }
}
