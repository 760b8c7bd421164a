//! Gradients of a network's arrays.

use super::host::{Values, values, values_mut};
use super::parameters::Index;
use super::simd::vectorised;

/// Gradients by the place of their array; an array that nothing reached has none.
#[derive(Default)]
pub(crate) struct Gradients(Vec<Option<Gradient>>);

enum Gradient {
    Device(Values),
    Host(Vec<f32>),
}

impl Gradients {
    /// The gradient of an array, `[members, size]`.
    pub(crate) fn get(&self, index: Index) -> Option<&[f32]> {
        self.0.get(index)?.as_ref().map(Gradient::values)
    }

    /// Adds a gradient that a matrix product gave.
    pub(crate) fn add_values(&mut self, index: Index, gradient: Values) {
        self.add_to(index, Gradient::Device(gradient));
    }

    /// Adds a gradient that a kernel gave.
    pub(crate) fn add_host(&mut self, index: Index, gradient: Vec<f32>) {
        self.add_to(index, Gradient::Host(gradient));
    }

    /// Adds the gradients of another part of the batch.
    pub(crate) fn add(&mut self, other: Gradients) {
        for (index, gradient) in other.0.into_iter().enumerate() {
            if let Some(gradient) = gradient {
                self.add_to(index, gradient);
            }
        }
    }

    /// Multiplies the gradients of each member with its factor.
    pub(crate) fn scale(&mut self, factors: &[f32]) {
        for gradient in self.0.iter_mut().flatten() {
            let values = gradient.values_mut();
            let size = values.len() / factors.len();
            for (own, factor) in values.chunks_exact_mut(size.max(1)).zip(factors) {
                for value in own {
                    *value *= factor;
                }
            }
        }
    }

    /// The Euclidean norm of all gradients of each member.
    pub(crate) fn norms(&self, members: usize) -> Vec<f64> {
        let mut squares = vec![0.0; members];
        for gradient in self.0.iter().flatten() {
            let values = gradient.values();
            let size = values.len() / members;
            for (own, square) in values.chunks_exact(size.max(1)).zip(&mut squares) {
                *square += own.iter().map(|value| f64::from(value * value)).sum::<f64>();
            }
        }
        squares.into_iter().map(f64::sqrt).collect()
    }

    fn add_to(&mut self, index: Index, gradient: Gradient) {
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        match &mut self.0[index] {
            Some(own) => {
                let (own, other) = (own.values_mut(), gradient.values());
                vectorised!(|| own.iter_mut().zip(other).for_each(|(own, other)| *own += other));
            }
            own => *own = Some(gradient),
        }
    }
}

impl Gradient {
    fn values_mut(&mut self) -> &mut [f32] {
        match self {
            Gradient::Device(data) => values_mut(data),
            Gradient::Host(values) => values,
        }
    }

    fn values(&self) -> &[f32] {
        match self {
            Gradient::Device(data) => values(data),
            Gradient::Host(values) => values,
        }
    }
}
