//! Where a step writes its outputs.

/// Some neighbouring columns of a row-major matrix, for a run of rows. All values are 0 at first.
pub(super) struct Block<'a, T> {
    values: &'a mut [T],
    stride: usize,
    offset: usize,
    width: usize,
}

impl<'a, T> Block<'a, T> {
    /// Columns `offset..offset + width` of rows of `stride` values each.
    pub(super) fn new(values: &'a mut [T], stride: usize, offset: usize, width: usize) -> Self {
        Self { values, stride, offset, width }
    }

    /// The columns of one row.
    pub(super) fn row(&mut self, index: usize) -> &mut [T] {
        let start = index * self.stride + self.offset;
        &mut self.values[start..start + self.width]
    }
}
