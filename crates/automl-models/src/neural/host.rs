//! Tensors as plain slices, where device and host share memory.
//!
//! On flex and on libtorch's CPU a tensor that nobody else holds gives its buffer away and takes it back
//! without a copy. The fused kernels work on such slices: one pass over the values where a chain of
//! tensor operations makes one each. Matrix products, gathering and reading stay burn's. Devices with
//! memory of their own have the engine in `resident`.

use burn::tensor::{Device, Tensor, TensorData};

/// A tensor of shape `[members, rows, columns]` from its values.
pub(crate) fn tensor(values: Vec<f32>, shape: [usize; 3], device: &Device) -> Tensor<3> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The values of a tensor that were copied from its device.
pub(crate) fn floats(data: &TensorData) -> &[f32] {
    #[expect(clippy::expect_used, reason = "every tensor of this crate is made as f32")]
    data.as_slice::<f32>().expect("a tensor of f32")
}

/// The buffer of a tensor, taken from it.
pub(crate) struct Values(Buffer);

enum Buffer {
    Data(TensorData),
    #[cfg(feature = "libtorch")]
    Libtorch(crate::device::Memory),
}

impl Values {
    /// Takes the buffer of `tensor`; copies it if another tensor holds it too.
    pub(crate) fn take(tensor: Tensor<3>) -> Self {
        #[cfg(feature = "libtorch")]
        if crate::device::Memory::holds(&tensor) {
            return Self(Buffer::Libtorch(crate::device::Memory::take(tensor)));
        }
        Self(Buffer::Data(tensor.into_data()))
    }

    /// A buffer of unspecified values.
    pub(crate) fn unspecified(shape: [usize; 3], device: &Device) -> Self {
        Self::take(Tensor::empty(shape, device))
    }

    /// Gives the buffer to a tensor of its shape.
    pub(crate) fn into_tensor(self, device: &Device) -> Tensor<3> {
        match self.0 {
            Buffer::Data(data) => Tensor::from_data(data, device),
            #[cfg(feature = "libtorch")]
            Buffer::Libtorch(memory) => memory.into_tensor(),
        }
    }
}

/// The values of a buffer.
pub(crate) fn values(buffer: &Values) -> &[f32] {
    match &buffer.0 {
        Buffer::Data(data) => floats(data),
        #[cfg(feature = "libtorch")]
        Buffer::Libtorch(memory) => memory.values(),
    }
}

/// The same, to write into.
pub(crate) fn values_mut(buffer: &mut Values) -> &mut [f32] {
    match &mut buffer.0 {
        #[expect(clippy::expect_used, reason = "every tensor of this crate is made as f32")]
        Buffer::Data(data) => data.as_mut_slice::<f32>().expect("a tensor of f32"),
        #[cfg(feature = "libtorch")]
        Buffer::Libtorch(memory) => memory.values_mut(),
    }
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
            let mut buffer = Values::take(tensor);
            change(values_mut(&mut buffer));
            self.0 = Some(buffer.into_tensor(&device));
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
        let buffer = Values::take(tensor);
        let chosen = keep_members(values(&buffer), kept, size);
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
        for device in crate::device::cpu_devices() {
            let mut slot = Slot::new(tensor(vec![0.0; 64], [1, 8, 8], &device));
            let mut before = std::ptr::null();
            slot.update(|values| before = values.as_ptr());
            let mut after = std::ptr::null();
            slot.update(|values| after = values.as_ptr());
            assert_eq!(before, after, "{device:?}");
        }
    }

    #[test]
    fn a_shared_tensor_keeps_its_values() {
        for device in crate::device::cpu_devices() {
            let shared = tensor(vec![1.0; 8], [1, 2, 4], &device);
            let mut taken = Values::take(shared.clone());
            values_mut(&mut taken).fill(2.0);
            assert_eq!(floats(&shared.into_data()), [1.0; 8], "{device:?}");
            assert_eq!(floats(&taken.into_tensor(&device).into_data()), [2.0; 8], "{device:?}");
            let transposed = tensor((0..6).map(|x| x as f32).collect(), [1, 2, 3], &device).transpose();
            assert_eq!(values(&Values::take(transposed)), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0], "{device:?}");
        }
    }
}
