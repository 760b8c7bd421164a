//! Training of a network of one's own.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use automl_core::{
    Design, Device, Domain, Epoch, FitContext, FitError, Member, ParamSpec, Params, Purpose, SpaceError,
    Target,
};
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device as BurnDevice, Tensor, TensorData};

use super::family::shape_of;
use super::{Network, Shape};
use crate::device::{burn_device, limit_product_threads};
use crate::draws::Draws;
use crate::standard::Standard;
use crate::target::{target_of, weights_of};

/// Held while a network trains. Burn draws initial weights and dropout from one stream of the process: two fits side by side would
/// get what the other leaves.
static STREAM: Mutex<()> = Mutex::new(());
/// Rows that go through a network at once where no gradients are kept.
pub(super) const PREDICTED: usize = 4096;

/// Hyper-parameters of the training.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    learning_rate: f64,
    weight_decay: f64,
    pub(super) batch_size: usize,
}

impl Settings {
    /// Ranges of the survey of deep models for tables of Gorishniy et al. (2021, supplement), wider at the top for small networks.
    pub(super) fn space() -> Vec<ParamSpec> {
        vec![
            ParamSpec::new("learning_rate", Domain::log_float(1e-4, 3e-2)),
            ParamSpec::new("weight_decay", Domain::log_float(1e-6, 1e-2)),
            ParamSpec::new("batch_size", Domain::ordered(&[64_i64, 128, 256, 512])),
        ]
    }

    pub(super) fn first() -> Params {
        Params::new().with("learning_rate", 1e-3).with("weight_decay", 1e-5).with("batch_size", 128_i64)
    }

    pub(super) fn of(params: &Params) -> Result<Self, SpaceError> {
        Ok(Self {
            learning_rate: params.float("learning_rate")?,
            weight_decay: params.float("weight_decay")?,
            batch_size: params.count("batch_size")?.max(1),
        })
    }
}

/// A network that has learnt.
pub(super) struct Trained<M> {
    /// Without gradients.
    pub(super) layers: M,
    pub(super) device: Device,
    pub(super) params: Params,
    pub(super) shape: Shape,
    pub(super) scale: Standard,
    pub(super) is_classifier: bool,
    pub(super) best_epoch: u32,
    /// Names of the columns that it was trained on.
    pub(super) columns: Vec<String>,
}

/// Rows with what is to be said of them.
struct Rows<'a> {
    design: &'a Design,
    /// Of shape `[n_rows, n_outputs]`: one for the class of the row, or the standardised target.
    wanted: Vec<f32>,
    n_outputs: usize,
    weights: Option<&'a [f32]>,
}

impl<'a> Rows<'a> {
    fn new(
        design: &'a Design,
        ctx: &FitContext<'_>,
        shape: Shape,
        scale: Standard,
    ) -> Result<Self, FitError> {
        let wanted = match target_of(design, ctx)? {
            Target::Real(values) => values.iter().map(|&value| scale.standardise(value)).collect(),
            Target::Classes { codes, .. } => {
                let mut wanted = vec![0.0; codes.len() * shape.n_outputs];
                for (row, &code) in wanted.chunks_exact_mut(shape.n_outputs).zip(codes) {
                    row[code as usize] = 1.0;
                }
                wanted
            }
        };
        Ok(Self { design, wanted, n_outputs: shape.n_outputs, weights: weights_of(design)? })
    }

    /// The sum of the weighted losses of some rows, and the sum of their weights.
    fn loss<N: Network>(
        &self,
        network: &N,
        layers: &N::Module,
        rows: &[usize],
        is_classifier: bool,
        device: &BurnDevice,
    ) -> Result<(Tensor<1>, f64), FitError> {
        let output = network.forward(layers, inputs(self.design, rows, device));
        check_output(output.dims(), [rows.len(), self.n_outputs])?;
        let wanted =
            rows.iter().flat_map(|&row| &self.wanted[row * self.n_outputs..(row + 1) * self.n_outputs]);
        let wanted = tensor(wanted.copied().collect(), [rows.len(), self.n_outputs], device);
        let of_rows = if is_classifier {
            -(wanted * log_softmax(output, 1)).sum_dim(1)
        } else {
            (output - wanted).powi_scalar(2).sum_dim(1)
        };
        let Some(weights) = self.weights else { return Ok((of_rows.sum(), rows.len() as f64)) };
        let weights: Vec<f32> = rows.iter().map(|&row| weights[row]).collect();
        let total = weights.iter().map(|weight| f64::from(*weight)).sum();
        Ok(((of_rows * tensor(weights, [rows.len(), 1], device)).sum(), total))
    }

    /// The mean loss of all rows.
    fn mean_loss<N: Network>(
        &self,
        network: &N,
        layers: &N::Module,
        is_classifier: bool,
        device: &BurnDevice,
    ) -> Result<f64, FitError> {
        let all: Vec<usize> = (0..self.design.n_rows()).collect();
        let (mut sum, mut total) = (0.0, 0.0);
        for rows in all.chunks(PREDICTED) {
            let (loss, weight) = self.loss(network, layers, rows, is_classifier, device)?;
            sum += f64::from(loss.into_scalar::<f32>());
            total += weight;
        }
        Ok(sum / total)
    }
}

/// Rows of a design as a tensor.
pub(super) fn inputs(design: &Design, rows: &[usize], device: &BurnDevice) -> Tensor<2> {
    let values = rows.iter().flat_map(|&row| design.numeric.row(row).iter().copied()).collect();
    tensor(values, [rows.len(), design.numeric.n_cols()], device)
}

fn tensor(values: Vec<f32>, shape: [usize; 2], device: &BurnDevice) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Whether a network gave what was wanted of it.
pub(super) fn check_output(got: [usize; 2], wanted: [usize; 2]) -> Result<(), FitError> {
    if got == wanted {
        return Ok(());
    }
    Err(FitError::Shape {
        what: "output of the network",
        expected: format!("{wanted:?}"),
        got: format!("{got:?}"),
    })
}

/// Trains a member, and returns its best epoch.
pub(super) fn train<N: Network>(
    network: &N,
    member: &Member<'_>,
    ctx: &FitContext<'_>,
    on_epoch: &mut dyn FnMut(Epoch) -> ControlFlow<()>,
) -> Result<Trained<N::Module>, FitError> {
    let settings = Settings::of(member.params)?;
    let shape = shape_of(member, ctx);
    let is_classifier = ctx.task.is_classification();
    let scale = match target_of(member.train, ctx)? {
        Target::Real(values) => Standard::of(values, None),
        Target::Classes { .. } => Standard::default(),
    };
    let train = Rows::new(member.train, ctx, shape, scale)?;
    let valid = Rows::new(member.valid, ctx, shape, scale)?;
    limit_product_threads(ctx.threads);
    let plain = burn_device(ctx.device)?;
    let _own = STREAM.lock().unwrap_or_else(PoisonError::into_inner);
    plain.seed(member.seed.purpose(Purpose::Init).value());
    let device = plain.clone().autodiff();
    let mut layers = network.init(member.params, shape, &device)?;
    let mut optimizer = AdamWConfig::new().with_weight_decay(settings.weight_decay as f32).init();
    let mut draws = Draws::new(member.seed.purpose(Purpose::Shuffle));
    let limits = network.training();
    let mut best: Option<(f64, u32, N::Module)> = None;
    for index in 0..limits.max_epochs.max(1) {
        let order = draws.order(member.train.n_rows());
        let (mut sum, mut total) = (0.0, 0.0);
        for rows in order.chunks(settings.batch_size) {
            if let Some(reason) = ctx.stop.check() {
                return Err(FitError::Stopped(reason));
            }
            let (loss, weight) = train.loss(network, &layers, rows, is_classifier, &device)?;
            let mean = loss / weight;
            let gradients = GradientsParams::from_grads(mean.backward(), &layers);
            sum += f64::from(mean.into_scalar::<f32>()) * weight;
            total += weight;
            layers = optimizer.step(settings.learning_rate, layers, gradients);
        }
        let (train_loss, snapshot) = (sum / total, layers.valid());
        let valid_loss = valid.mean_loss(network, &snapshot, is_classifier, &plain)?;
        if let Some(loss) = [train_loss, valid_loss].into_iter().find(|loss| !loss.is_finite()) {
            return Err(FitError::Diverged { epoch: index, loss });
        }
        let epoch = Epoch { index, train_loss, valid_loss, learning_rate: settings.learning_rate };
        if on_epoch(epoch).is_break() {
            return Err(FitError::Cancelled);
        }
        match &best {
            Some((least, at, _)) if valid_loss >= *least => {
                if index - at >= limits.patience.max(1) {
                    break;
                }
            }
            _ => best = Some((valid_loss, index, snapshot)),
        }
    }
    let (_, best_epoch, layers) =
        best.ok_or_else(|| FitError::Numerical { reason: "no epoch was trained".to_owned() })?;
    let (device, params) = (ctx.device, member.params.clone());
    let columns = member.train.numeric_names.clone();
    Ok(Trained { layers, device, params, shape, scale, is_classifier, best_epoch, columns })
}
