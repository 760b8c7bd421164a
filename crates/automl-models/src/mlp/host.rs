//! Tensors as plain slices, where device and host share memory.
//!
//! On burn's flex backend a tensor that nobody else holds gives its buffer away and takes it back
//! without a copy. The fused kernels work on such slices: one pass over the values where a chain of
//! tensor operations makes one each. Matrix products, gathering and reading stay burn's. A device with
//! memory of its own needs its versions of the functions in `kernel`, `norm`, `loss` and `optimizer`,
//! and of nothing else.

use burn::tensor::{Device, Tensor, TensorData};

/// A tensor of shape `[members, rows, columns]` from its values.
pub(crate) fn tensor(values: Vec<f32>, shape: [usize; 3], device: &Device) -> Tensor<3> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The values of a tensor whose data were taken.
pub(crate) fn values(data: &TensorData) -> &[f32] {
    #[expect(clippy::expect_used, reason = "every tensor of this crate is made as f32")]
    data.as_slice::<f32>().expect("a tensor of f32")
}

/// The same, to write into.
pub(crate) fn values_mut(data: &mut TensorData) -> &mut [f32] {
    #[expect(clippy::expect_used, reason = "every tensor of this crate is made as f32")]
    data.as_mut_slice::<f32>().expect("a tensor of f32")
}

/// A tensor that can be changed in place behind `&mut self`.
#[derive(Debug)]
pub(crate) struct Slot(Option<Tensor<3>>);

impl Slot {
    /// Holds `tensor`.
    pub(crate) fn new(tensor: Tensor<3>) -> Self {
        Self(Some(tensor))
    }

    /// The tensor; shares its buffer until it is dropped.
    pub(crate) fn get(&self) -> Tensor<3> {
        #[expect(clippy::expect_used, reason = "`update` puts back what it takes")]
        self.0.clone().expect("a slot is never empty")
    }

    /// Changes the values; without a copy if no clone of the tensor lives.
    pub(crate) fn update(&mut self, change: impl FnOnce(&mut [f32])) {
        if let Some(tensor) = self.0.take() {
            let device = tensor.device();
            let mut data = tensor.into_data();
            change(values_mut(&mut data));
            self.0 = Some(Tensor::from_data(data, &device));
        }
    }

    /// The values of one member, copied out.
    pub(crate) fn member(&mut self, member: usize, size: usize) -> Vec<f32> {
        let mut own = Vec::new();
        self.update(|values| own.extend_from_slice(&values[member * size..(member + 1) * size]));
        own
    }

    /// Keeps the members at `kept`, in that order.
    pub(crate) fn keep(&mut self, kept: &[usize], size: usize) {
        let tensor = self.get();
        let [_, rows, columns] = tensor.dims();
        let device = tensor.device();
        let data = tensor.into_data();
        let chosen = keep_members(values(&data), kept, size);
        self.0 = Some(self::tensor(chosen, [kept.len(), rows, columns], &device));
    }
}

/// The blocks of `size` values at `kept`, one after another.
pub(crate) fn keep_members(values: &[f32], kept: &[usize], size: usize) -> Vec<f32> {
    kept.iter().flat_map(|&member| &values[member * size..(member + 1) * size]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unshared_tensor_is_changed_without_a_copy() {
        let mut slot = Slot::new(tensor(vec![0.0; 64], [1, 8, 8], &Device::flex()));
        let mut before = std::ptr::null();
        slot.update(|values| before = values.as_ptr());
        let mut after = std::ptr::null();
        slot.update(|values| after = values.as_ptr());
        assert_eq!(before, after);
    }
}
