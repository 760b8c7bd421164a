//! A network of one's own: a burn module on the leaderboard.
//!
//! | module | holds |
//! |---|---|
//! | [`family`] | the model family that a [`Network`] makes |
//! | `train` | its training: `AdamW` and early stopping |
//! | `fitted` | what was learnt: prediction, saving, loading |
//!
//! ```
//! use std::sync::Arc;
//!
//! use automl_core::{Domain, ParamSpec, Params, SpaceError};
//! use automl_models::own::{Network, Shape, family};
//! use burn::module::Module;
//! use burn::nn::{Linear, LinearConfig};
//! use burn::tensor::activation::relu;
//! use burn::tensor::{Device, Tensor};
//!
//! #[derive(Module, Debug)]
//! struct Layers {
//!     hidden: Linear,
//!     output: Linear,
//! }
//!
//! struct Plain;
//!
//! impl Network for Plain {
//!     type Module = Layers;
//!
//!     fn id(&self) -> &'static str {
//!         "plain"
//!     }
//!
//!     fn space(&self) -> Vec<ParamSpec> {
//!         vec![ParamSpec::new("width", Domain::log_int(16, 256))]
//!     }
//!
//!     fn init(&self, params: &Params, shape: Shape, device: &Device) -> Result<Layers, SpaceError> {
//!         let width = params.count("width")?;
//!         Ok(Layers {
//!             hidden: LinearConfig::new(shape.n_inputs, width).init(device),
//!             output: LinearConfig::new(width, shape.n_outputs).init(device),
//!         })
//!     }
//!
//!     fn forward(&self, layers: &Layers, rows: Tensor<2>) -> Tensor<2> {
//!         layers.output.forward(relu(layers.hidden.forward(rows)))
//!     }
//! }
//!
//! automl_models::register(Arc::new(family(Plain)))?;
//! # Ok::<(), automl_models::RegisterError>(())
//! ```

mod family;
mod fitted;
mod train;

use automl_core::{ParamSpec, Params, SpaceError};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

pub use family::{OwnFamily, family};

/// What goes into a network and comes out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Columns of a row: scaled numbers, and a column a level of each category.
    pub n_inputs: usize,
    /// Numbers that are wanted of a row: one a class before softmax (logits), or one for regression.
    pub n_outputs: usize,
}

/// How long a network trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Training {
    /// Most epochs, at least 1.
    pub max_epochs: u32,
    /// Epochs without a better loss on the validation rows after which training ends, at least 1.
    pub patience: u32,
}

impl Default for Training {
    fn default() -> Self {
        Self { max_epochs: 200, patience: 16 }
    }
}

/// A network of one's own: what it is made of, and how rows go through it. [`family`] makes a model family of it, which trains
/// it by `AdamW` (Loshchilov & Hutter 2019) on mini-batches and keeps the epoch of the least loss on the validation rows:
/// cross-entropy for classes, the squared error of the standardised target for numbers.
pub trait Network: Send + Sync + 'static {
    /// Its layers.
    type Module: Module + 'static;

    /// Short lower-case name: letters, digits and `_`.
    fn id(&self) -> &'static str;

    /// Its own hyper-parameters. Those of training are added: `learning_rate`, `weight_decay` and `batch_size`.
    fn space(&self) -> Vec<ParamSpec> {
        Vec::new()
    }

    /// Makes the layers with random weights, on `device`. `params` has a value of each hyper-parameter.
    ///
    /// # Errors
    /// [`SpaceError`] of a hyper-parameter that is not there, as `params.count("width")?` gives it.
    fn init(&self, params: &Params, shape: Shape, device: &Device) -> Result<Self::Module, SpaceError>;

    /// What the layers make of `rows` of shape `[n_rows, n_inputs]`: shape `[n_rows, n_outputs]`. Each row by itself while the
    /// network predicts, so that a prediction does not depend on its neighbours.
    fn forward(&self, layers: &Self::Module, rows: Tensor<2>) -> Tensor<2>;

    /// How long it trains.
    fn training(&self) -> Training {
        Training::default()
    }
}
