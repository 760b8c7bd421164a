//! The numbers of a network: what each array is, one member's own, and those of all members stacked.

use burn::tensor::{Device, Tensor};

use super::host::{Slot, keep_members, tensor};

/// What becomes of an array in training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// The optimiser moves it.
    Learnt {
        /// Factor on the learning rate, from 0.
        rate: f32,
        /// Factor on the weight decay, from 0.
        decay: f32,
    },
    /// What is known of the training rows, such as running statistics. No gradient moves it.
    Tracked,
}

impl Role {
    /// A weight: full rate, full decay.
    pub(crate) const WEIGHT: Self = Role::Learnt { rate: 1.0, decay: 1.0 };
    /// A bias, a normalisation or an embedding: full rate, no decay.
    pub(crate) const BIAS: Self = Role::Learnt { rate: 1.0, decay: 0.0 };

    /// The role with `factor` on its rate.
    pub(crate) fn at_rate(self, factor: f32) -> Self {
        match self {
            Role::Learnt { rate, decay } => Role::Learnt { rate: rate * factor, decay },
            Role::Tracked => Role::Tracked,
        }
    }
}

/// Who works with an array on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Matrix products: it is kept as a tensor.
    Matrix,
    /// Kernels: it is kept as plain numbers.
    Plain,
}

/// One array of a network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spec {
    /// Its name in files.
    pub(crate) name: String,
    /// Rows and columns. A member with fewer columns of data has fewer rows or columns here.
    pub(crate) shape: [usize; 2],
    /// What becomes of it.
    pub(crate) role: Role,
    /// Who works with it.
    pub(crate) form: Form,
}

impl Spec {
    /// Number of values.
    pub(crate) fn size(&self) -> usize {
        self.shape[0] * self.shape[1]
    }
}

/// Place of an array in the list of a network's specs.
pub(crate) type Index = usize;

/// The numbers of one member, an array a spec.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights(pub(crate) Vec<Vec<f32>>);

impl Weights {
    /// Number of learnt numbers.
    pub(crate) fn n_learnt(specs: &[Spec]) -> usize {
        specs.iter().filter(|spec| spec.role != Role::Tracked).map(Spec::size).sum()
    }
}

/// The specs that hold those of all members: of each array the most rows and the most columns.
pub(crate) fn widest<'a>(mut members: impl Iterator<Item = &'a [Spec]>) -> Vec<Spec> {
    let mut widest: Vec<Spec> = members.next().unwrap_or_default().to_vec();
    for own in members {
        for (wide, own) in widest.iter_mut().zip(own) {
            for (most, own) in wide.shape.iter_mut().zip(own.shape) {
                *most = (*most).max(own);
            }
        }
    }
    widest
}

/// `values` of the shape `own` in the corner of zeros of the shape `wide`.
pub(crate) fn pad(values: &[f32], own: [usize; 2], wide: [usize; 2]) -> Vec<f32> {
    if own == wide {
        return values.to_vec();
    }
    let mut padded = vec![0.0; wide[0] * wide[1]];
    for (row, target) in values.chunks_exact(own[1].max(1)).zip(padded.chunks_exact_mut(wide[1].max(1))) {
        target[..own[1]].copy_from_slice(row);
    }
    padded
}

/// The corner of the shape `own` of values of the shape `wide`.
pub(crate) fn crop(values: &[f32], own: [usize; 2], wide: [usize; 2]) -> Vec<f32> {
    let rows = values.chunks_exact(wide[1].max(1)).take(own[0]);
    rows.flat_map(|row| &row[..own[1]]).copied().collect()
}

/// The numbers of all members, padded to the widest.
#[derive(Debug)]
pub(crate) struct Stack {
    specs: Vec<Spec>,
    arrays: Vec<Array>,
    /// Role of each array, a list a member.
    roles: Vec<Vec<Role>>,
}

/// `[members, rows, columns]`: as a tensor where matrix products use it, as plain numbers where kernels do.
#[derive(Debug)]
enum Array {
    Matrix(Box<Slot>),
    Plain(Vec<f32>),
}

impl Stack {
    /// Stacks the members' own weights, padded to the shapes of `specs` or of the widest member.
    pub(crate) fn new(specs: &[Spec], members: &[(&[Spec], &Weights)], device: &Device) -> Self {
        let specs = widest(std::iter::once(specs).chain(members.iter().map(|(specs, _)| *specs)));
        let array = |(index, wide): (Index, &Spec)| {
            let own = members.iter().map(|(own, weights)| (own[index].shape, &weights.0[index]));
            let values: Vec<f32> = own.flat_map(|(shape, values)| pad(values, shape, wide.shape)).collect();
            match wide.form {
                Form::Plain => Array::Plain(values),
                Form::Matrix => {
                    let shape = [members.len(), wide.shape[0], wide.shape[1]];
                    Array::Matrix(Box::new(Slot::new(tensor(values, shape, device))))
                }
            }
        };
        let arrays = specs.iter().enumerate().map(array).collect();
        let roles = members.iter().map(|(specs, _)| specs.iter().map(|spec| spec.role).collect()).collect();
        Self { specs, arrays, roles }
    }

    /// Number of members.
    pub(crate) fn members(&self) -> usize {
        self.roles.len()
    }

    /// Rows and columns of an array, padding included.
    pub(crate) fn shape(&self, index: Index) -> [usize; 2] {
        self.specs[index].shape
    }

    /// A matrix, `[members, rows, columns]`.
    pub(crate) fn matrix(&self, index: Index) -> Tensor<3> {
        match &self.arrays[index] {
            Array::Matrix(slot) => slot.get(),
            Array::Plain(_) => unreachable!("`{}` is plain", self.specs[index].name),
        }
    }

    /// A plain array, `[members, size]`.
    pub(crate) fn plain(&self, index: Index) -> &[f32] {
        match &self.arrays[index] {
            Array::Plain(values) => values,
            Array::Matrix(_) => unreachable!("`{}` is a matrix", self.specs[index].name),
        }
    }

    /// A plain array, to write into.
    pub(crate) fn plain_mut(&mut self, index: Index) -> &mut [f32] {
        match &mut self.arrays[index] {
            Array::Plain(values) => values,
            Array::Matrix(_) => unreachable!("`{}` is a matrix", self.specs[index].name),
        }
    }

    /// One member's own weights, without padding.
    pub(crate) fn member(&mut self, member: usize, own: &[Spec]) -> Weights {
        let array = |((array, wide), own): ((&mut Array, &Spec), &Spec)| {
            let size = wide.size();
            let padded = match array {
                Array::Matrix(slot) => slot.member(member, size),
                Array::Plain(values) => values[member * size..(member + 1) * size].to_vec(),
            };
            crop(&padded, own.shape, wide.shape)
        };
        Weights(self.arrays.iter_mut().zip(&self.specs).zip(own).map(array).collect())
    }

    /// Keeps the members at `kept`, in that order.
    pub(crate) fn keep(&mut self, kept: &[usize]) {
        for (array, spec) in self.arrays.iter_mut().zip(&self.specs) {
            match array {
                Array::Matrix(slot) => slot.keep(kept, spec.size()),
                Array::Plain(values) => *values = keep_members(values, kept, spec.size()),
            }
        }
        self.roles = kept.iter().map(|&member| self.roles[member].clone()).collect();
    }

    /// Visits every array, its values as `[members, size]`.
    pub(crate) fn visit(&mut self, mut visit: impl FnMut(Index, &mut [f32])) {
        for (index, array) in self.arrays.iter_mut().enumerate() {
            match array {
                Array::Matrix(slot) => slot.update(|values| visit(index, values)),
                Array::Plain(values) => visit(index, values),
            }
        }
    }

    /// Visits every array that has a gradient: `(index, values, gradient, role of each member)`, the values as
    /// `[members, size]`.
    pub(crate) fn update(
        &mut self,
        gradients: &Gradients,
        mut visit: impl FnMut(Index, &mut [f32], &[f32], &[Role]),
    ) {
        for (index, array) in self.arrays.iter_mut().enumerate() {
            let Some(gradient) = gradients.get(index) else { continue };
            let roles: Vec<Role> = self.roles.iter().map(|own| own[index]).collect();
            match array {
                Array::Matrix(slot) => slot.update(|values| visit(index, values, gradient, &roles)),
                Array::Plain(values) => visit(index, values, gradient, &roles),
            }
        }
    }
}

pub(crate) use super::gradients::Gradients;
