//! The arithmetic of attention on the host: one row of the table and one head at a time, all of it in the first cache.

use super::super::activation::exp;
use super::super::simd::vectorised;
use super::super::sums;

/// Sizes of attention.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// Tokens of a row that ask.
    pub(super) n_asking: usize,
    /// Tokens of a row.
    pub(super) n_tokens: usize,
    /// Heads.
    pub(super) n_heads: usize,
    /// Columns of all heads together.
    pub(super) width: usize,
}

impl Sizes {
    /// Columns of a head.
    fn of_head(self) -> usize {
        self.width / self.n_heads
    }
}

/// Drops values of arrays `[asking, tokens]` of a row, counted over all members, and a head.
type DropOut<'d> = dyn Fn(usize, usize, &mut [&mut [f32]; 3]) + 'd;

/// One head of one row.
pub(super) struct Head {
    sizes: Sizes,
    /// Queries times `1 / sqrt(d)`, `[asking, d]`.
    queries: Vec<f32>,
    /// `[tokens, d]`, and turned, `[d, tokens]`.
    keys: [Vec<f32>; 2],
    /// The same.
    values: [Vec<f32>; 2],
    /// `[asking, tokens]`: probabilities before dropout and after, and gradients of them.
    probabilities: Vec<f32>,
    dropped: Vec<f32>,
    of_probabilities: Vec<f32>,
    /// `[asking, d]`: outputs, or their gradient.
    outputs: Vec<f32>,
    /// Gradients: `[asking, d]`, and `[tokens, d]` for keys and values.
    of_queries: Vec<f32>,
    of_keys: Vec<f32>,
    of_values: Vec<f32>,
}

impl Head {
    pub(super) fn new(sizes: Sizes) -> Self {
        let asking = || vec![0.0; sizes.n_asking * sizes.of_head()];
        let tokens = || vec![0.0; sizes.n_tokens * sizes.of_head()];
        let square = || vec![0.0; sizes.n_asking * sizes.n_tokens];
        Self {
            sizes,
            queries: asking(),
            keys: [tokens(), tokens()],
            values: [tokens(), tokens()],
            probabilities: square(),
            dropped: square(),
            of_probabilities: square(),
            outputs: asking(),
            of_queries: asking(),
            of_keys: tokens(),
            of_values: tokens(),
        }
    }

    /// Outputs `[rows * asking, width]` of queries of that shape and keys with values `[rows * tokens, 2 width]`.
    pub(super) fn forward(
        &mut self,
        queries: &[f32],
        keys: &[f32],
        outputs: &mut [f32],
        drop_out: &DropOut<'_>,
    ) {
        let Sizes { n_asking, n_tokens, n_heads, width } = self.sizes;
        let rows = queries.chunks_exact(n_asking * width).zip(keys.chunks_exact(n_tokens * 2 * width));
        for (row, ((queries, keys), outputs)) in
            rows.zip(outputs.chunks_exact_mut(n_asking * width)).enumerate()
        {
            for head in 0..n_heads {
                vectorised!(|| self.ask(queries, keys, head));
                drop_out(row, head, &mut [&mut self.dropped, &mut [], &mut []]);
                vectorised!(|| self.answer(outputs, head));
            }
        }
    }

    /// Turns queries, and keys with values, into their gradients, given that of the outputs.
    pub(super) fn back(
        &mut self,
        queries: &mut [f32],
        keys: &mut [f32],
        gradient: &[f32],
        drop_out: &DropOut<'_>,
    ) {
        let Sizes { n_asking, n_tokens, n_heads, width } = self.sizes;
        let rows =
            queries.chunks_exact_mut(n_asking * width).zip(keys.chunks_exact_mut(n_tokens * 2 * width));
        for (row, ((queries, keys), gradient)) in
            rows.zip(gradient.chunks_exact(n_asking * width)).enumerate()
        {
            for head in 0..n_heads {
                vectorised!(|| {
                    self.ask(queries, keys, head);
                    self.answer_back(gradient, head);
                });
                drop_out(row, head, &mut [&mut self.dropped, &mut self.of_probabilities, &mut []]);
                vectorised!(|| self.ask_back(queries, keys, head));
            }
        }
    }
}

#[expect(clippy::inline_always, reason = "what is not inlined has no wide vectors")]
impl Head {
    /// Columns of a head within rows of `width` values.
    #[inline(always)]
    fn columns(&self, head: usize) -> std::ops::Range<usize> {
        head * self.sizes.of_head()..(head + 1) * self.sizes.of_head()
    }

    /// Loads queries, keys and values of a head and computes its probabilities.
    #[inline(always)]
    fn ask(&mut self, queries: &[f32], keys: &[f32], head: usize) {
        let (width, n_tokens, of_head) = (self.sizes.width, self.sizes.n_tokens, self.sizes.of_head());
        let own = self.columns(head);
        let scale = (of_head as f32).sqrt().recip();
        for (target, row) in self.queries.chunks_exact_mut(of_head).zip(queries.chunks_exact(width)) {
            target.iter_mut().zip(&row[own.clone()]).for_each(|(target, value)| *target = value * scale);
        }
        for (part, [straight, turned]) in [&mut self.keys, &mut self.values].into_iter().enumerate() {
            let start = part * width + own.start;
            for (token, row) in keys.chunks_exact(2 * width).enumerate() {
                let row = &row[start..start + of_head];
                straight[token * of_head..(token + 1) * of_head].copy_from_slice(row);
                for (column, value) in row.iter().enumerate() {
                    turned[column * n_tokens + token] = *value;
                }
            }
        }
        self.probabilities.fill(0.0);
        add_product(&mut self.probabilities, &self.queries, &self.keys[1], n_tokens);
        for row in self.probabilities.chunks_exact_mut(n_tokens) {
            let greatest = sums::greatest(row);
            for value in row.iter_mut() {
                *value = exp(*value - greatest);
            }
            let inverse = sums::sum_of(row, |value| value).recip();
            for value in row {
                *value *= inverse;
            }
        }
        self.dropped.copy_from_slice(&self.probabilities);
    }

    /// Writes the outputs of a head.
    #[inline(always)]
    fn answer(&mut self, outputs: &mut [f32], head: usize) {
        let (width, of_head) = (self.sizes.width, self.sizes.of_head());
        let own = self.columns(head);
        self.outputs.fill(0.0);
        add_product(&mut self.outputs, &self.dropped, &self.values[0], of_head);
        for (row, own_row) in outputs.chunks_exact_mut(width).zip(self.outputs.chunks_exact(of_head)) {
            row[own.clone()].copy_from_slice(own_row);
        }
    }

    /// The gradient of the probabilities after dropout.
    #[inline(always)]
    fn answer_back(&mut self, gradient: &[f32], head: usize) {
        let (width, of_head) = (self.sizes.width, self.sizes.of_head());
        let own = self.columns(head);
        for (target, row) in self.outputs.chunks_exact_mut(of_head).zip(gradient.chunks_exact(width)) {
            target.copy_from_slice(&row[own.clone()]);
        }
        self.of_probabilities.fill(0.0);
        add_product(&mut self.of_probabilities, &self.outputs, &self.values[1], self.sizes.n_tokens);
    }

    /// The gradients of queries, keys and values of a head, in their place.
    #[inline(always)]
    fn ask_back(&mut self, queries: &mut [f32], keys: &mut [f32], head: usize) {
        let (width, n_tokens, of_head) = (self.sizes.width, self.sizes.n_tokens, self.sizes.of_head());
        self.of_values.fill(0.0);
        add_turned_product(&mut self.of_values, &self.dropped, &self.outputs, of_head);
        let rows = self.of_probabilities.chunks_exact_mut(n_tokens);
        for (gradient, probabilities) in rows.zip(self.probabilities.chunks_exact(n_tokens)) {
            let mean: f32 =
                gradient.iter().zip(probabilities).map(|(gradient, share)| gradient * share).sum();
            for (gradient, share) in gradient.iter_mut().zip(probabilities) {
                *gradient = share * (*gradient - mean);
            }
        }
        self.of_queries.fill(0.0);
        add_product(&mut self.of_queries, &self.of_probabilities, &self.keys[0], of_head);
        self.of_keys.fill(0.0);
        // The queries have their factor already.
        add_turned_product(&mut self.of_keys, &self.of_probabilities, &self.queries, of_head);
        let own = self.columns(head);
        let scale = (of_head as f32).sqrt().recip();
        for (row, of_queries) in queries.chunks_exact_mut(width).zip(self.of_queries.chunks_exact(of_head)) {
            row[own.clone()].iter_mut().zip(of_queries).for_each(|(target, value)| *target = value * scale);
        }
        let both = self.of_keys.chunks_exact(of_head).zip(self.of_values.chunks_exact(of_head));
        for (row, (of_keys, of_values)) in keys.chunks_exact_mut(2 * width).zip(both) {
            row[own.clone()].copy_from_slice(of_keys);
            row[width + own.start..width + own.end].copy_from_slice(of_values);
        }
    }
}

/// Rows of a product added at once: each sum is then read and written a quarter as often.
const AT_ONCE: usize = 4;

/// Adds `left right`, where `right` and the sums have `columns` columns.
#[expect(clippy::inline_always, reason = "what is not inlined has no wide vectors")]
#[inline(always)]
fn add_product(sums: &mut [f32], left: &[f32], right: &[f32], columns: usize) {
    let inner = right.len() / columns;
    for (sums, left) in sums.chunks_exact_mut(columns).zip(left.chunks_exact(inner)) {
        let (factors, rows) = (left.chunks_exact(AT_ONCE), right.chunks_exact(AT_ONCE * columns));
        let rest = factors.remainder().iter().zip(rows.remainder().chunks_exact(columns));
        for (factors, rows) in factors.zip(rows) {
            add_four(sums, [factors[0], factors[1], factors[2], factors[3]], rows);
        }
        for (factor, row) in rest {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += factor * value);
        }
    }
}

/// Adds `leftᵀ right`, where `right` and the sums have `columns` columns.
#[expect(clippy::inline_always, reason = "what is not inlined has no wide vectors")]
#[inline(always)]
fn add_turned_product(sums: &mut [f32], left: &[f32], right: &[f32], columns: usize) {
    let n_sums = sums.len() / columns;
    let (factors, rows) = (left.chunks_exact(AT_ONCE * n_sums), right.chunks_exact(AT_ONCE * columns));
    let rest = factors.remainder().chunks_exact(n_sums).zip(rows.remainder().chunks_exact(columns));
    for (factors, rows) in factors.zip(rows) {
        for (place, sums) in sums.chunks_exact_mut(columns).enumerate() {
            add_four(sums, std::array::from_fn(|row| factors[row * n_sums + place]), rows);
        }
    }
    for (factors, row) in rest {
        for (factor, sums) in factors.iter().zip(sums.chunks_exact_mut(columns)) {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += factor * value);
        }
    }
}

/// Adds four rows, each times its factor.
#[expect(clippy::inline_always, reason = "what is not inlined has no wide vectors")]
#[inline(always)]
fn add_four(sums: &mut [f32], factors: [f32; AT_ONCE], rows: &[f32]) {
    let columns = sums.len();
    let (first, rows) = rows.split_at(columns);
    let (second, rows) = rows.split_at(columns);
    let (third, fourth) = rows.split_at(columns);
    let pairs = first.iter().zip(second).zip(third.iter().zip(fourth));
    for (sum, ((first, second), (third, fourth))) in sums.iter_mut().zip(pairs) {
        *sum += (factors[0] * first + factors[1] * second) + (factors[2] * third + factors[3] * fourth);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference: the definition, for sizes with and without remainders.
    #[test]
    fn products_are_those_of_the_definition() {
        for (rows, inner, columns) in [(3, 4, 5), (1, 7, 2), (6, 9, 16), (2, 3, 1)] {
            let value = |index: usize| (index * 7 % 11) as f32 - 5.0;
            let left: Vec<f32> = (0..rows * inner).map(value).collect();
            let right: Vec<f32> = (0..inner * columns).map(|index| value(index + 3)).collect();
            let mut sums = vec![1.0; rows * columns];
            add_product(&mut sums, &left, &right, columns);
            let turned: Vec<f32> =
                (0..inner * rows).map(|index| left[index % rows * inner + index / rows]).collect();
            let mut turned_sums = vec![1.0; rows * columns];
            add_turned_product(&mut turned_sums, &turned, &right, columns);
            for (index, sum) in sums.iter().enumerate() {
                let (row, column) = (index / columns, index % columns);
                let terms =
                    (0..inner).map(|place| left[row * inner + place] * right[place * columns + column]);
                assert_eq!(*sum, 1.0 + terms.sum::<f32>(), "{rows} x {inner} x {columns} at {index}");
            }
            assert_eq!(sums, turned_sums);
        }
    }
}
