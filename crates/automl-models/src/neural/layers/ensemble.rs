//! Layers of many networks that share their weights (Gorishniy et al. 2024, section 3.3, after `BatchEnsemble` by Wen et
//! al. 2020).
//!
//! Network `j` of `k` computes `((x ⊙ r_j) W) ⊙ s_j + b_j`: `W` is everybody's, the adapters `r_j`, `s_j` and `b_j` are its
//! own. The rows of all stand one after another, `k` copies of each row of the batch, so that `W` is one matrix product.

use burn::tensor::Tensor;

use super::super::host::{Values, values, values_mut};
use super::super::kernel::Shape;
use super::super::parameters::{Gradients, Index, Stack};
use super::super::simd::vectorised;
use super::drop::Masks;
use super::{Back, DropSite, Layer, Pass, Trace, by_copy, of_copy, product_back, shape_of};

/// `drop_out(ReLU((x W) ⊙ s_j + b_j)) ⊙ r_j`, with the `r` of the next layer: one pass over the values instead of two.
#[derive(Debug)]
pub(crate) struct Ensemble {
    /// `W`, `[in, out]`.
    pub(crate) weight: Index,
    /// `s`, `[k, out]`.
    pub(crate) scale: Index,
    /// `b`, `[k, out]`.
    pub(crate) bias: Index,
    /// `r` of the next layer, `[k, out]`; the last has none.
    pub(crate) adapter: Option<Index>,
    /// `k`.
    pub(crate) copies: usize,
}

/// The adapters of one member, or what is summed up for them; `[k, columns]` each, `r` may be empty.
#[derive(Clone, Copy)]
struct Adapters<T> {
    s: T,
    b: T,
    r: T,
}

impl Ensemble {
    fn adapters<'s>(&self, stack: &'s Stack, member: usize, columns: usize) -> Adapters<&'s [f32]> {
        let own = |index: Index| {
            let size = self.copies * columns;
            &stack.plain(index)[member * size..(member + 1) * size]
        };
        Adapters { s: own(self.scale), b: own(self.bias), r: self.adapter.map_or(&[], own) }
    }

    /// From products to outputs; dropout comes after it, which changes nothing, for `r` is only a factor.
    fn forward(&self, products: &[f32], outputs: &mut [f32], stack: &Stack, shape: Shape) {
        let columns = shape.columns;
        let members = products.chunks_exact(shape.block()).zip(outputs.chunks_exact_mut(shape.block()));
        for (member, (products, outputs)) in members.enumerate() {
            let Adapters { s, b, r } = self.adapters(stack, member, columns);
            vectorised!(|| {
                let rows = products.chunks_exact(s.len()).zip(outputs.chunks_exact_mut(s.len()));
                for (products, outputs) in rows {
                    let values = outputs.iter_mut().zip(products).zip(s.iter().zip(b));
                    if r.is_empty() {
                        values.for_each(|((output, p), (s, b))| *output = (p * s + b).max(0.0));
                    } else {
                        let values = values.zip(r);
                        values.for_each(|(((output, p), (s, b)), r)| *output = (p * s + b).max(0.0) * r);
                    }
                }
            });
        }
    }

    /// Turns gradients of outputs into those of products and adds up those of the adapters. An output of 0 passes nothing
    /// back: it is that of a value below 0, or dropped.
    fn back(
        &self,
        gradient: &mut [f32],
        (products, outputs): (&[f32], &[f32]),
        (masks, stack): (&Masks, &Stack),
        shape: Shape,
    ) -> Adapters<Vec<f32>> {
        let columns = shape.columns;
        let size = self.copies * columns;
        let zeros = || vec![0.0; shape.members * size];
        let mut sums = Adapters { s: zeros(), b: zeros(), r: zeros() };
        for member in 0..shape.members {
            let adapters = self.adapters(stack, member, columns);
            let block = member * shape.block()..(member + 1) * shape.block();
            let own = member * size..(member + 1) * size;
            let mut sums =
                Adapters { s: &mut sums.s[own.clone()], b: &mut sums.b[own.clone()], r: &mut sums.r[own] };
            let rows = Rows {
                gradient: &mut gradient[block.clone()],
                products: &products[block.clone()],
                outputs: &outputs[block],
            };
            let kept = masks.kept_scale(member);
            match self.adapter {
                Some(_) => vectorised!(|| rows.back(adapters, &mut sums, kept)),
                None => vectorised!(|| rows.back_of_last(adapters, &mut sums, kept)),
            }
        }
        sums
    }
}

/// The rows of one member on the way back.
struct Rows<'a> {
    gradient: &'a mut [f32],
    products: &'a [f32],
    outputs: &'a [f32],
}

#[expect(clippy::inline_always, reason = "what is not inlined has no wide vectors")]
impl Rows<'_> {
    /// See [`Ensemble::back`].
    #[inline(always)]
    fn back(self, own: Adapters<&[f32]>, sums: &mut Adapters<&mut [f32]>, kept: f32) {
        let size = own.s.len();
        let rows = self.gradient.chunks_exact_mut(size).zip(self.products.chunks_exact(size));
        for ((gradient, products), outputs) in rows.zip(self.outputs.chunks_exact(size)) {
            let values = gradient.iter_mut().zip(products.iter().zip(outputs));
            let adapters = own.s.iter().zip(own.b.iter().zip(own.r));
            let sums = sums.s.iter_mut().zip(sums.b.iter_mut().zip(&mut *sums.r));
            for (((gradient, (p, y)), (s, (b, r))), (sum_s, (sum_b, sum_r))) in values.zip(adapters).zip(sums)
            {
                let alive = if *y == 0.0 { 0.0 } else { *gradient * kept };
                *sum_r += alive * (p * s + b);
                let of_b = alive * r;
                *sum_b += of_b;
                *sum_s += of_b * p;
                *gradient = of_b * s;
            }
        }
    }

    /// The same without adapters behind.
    #[inline(always)]
    fn back_of_last(self, own: Adapters<&[f32]>, sums: &mut Adapters<&mut [f32]>, kept: f32) {
        let size = own.s.len();
        let rows = self.gradient.chunks_exact_mut(size).zip(self.products.chunks_exact(size));
        for ((gradient, products), outputs) in rows.zip(self.outputs.chunks_exact(size)) {
            let values = gradient.iter_mut().zip(products.iter().zip(outputs));
            let sums = sums.s.iter_mut().zip(&mut *sums.b);
            for (((gradient, (p, y)), s), (sum_s, sum_b)) in values.zip(own.s).zip(sums) {
                let of_b = if *y == 0.0 { 0.0 } else { *gradient * kept };
                *sum_b += of_b;
                *sum_s += of_b * p;
                *gradient = of_b * s;
            }
        }
    }
}

impl Layer for Ensemble {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let products = input.clone().matmul(pass.stack.matrix(self.weight));
        let shape = shape_of(&products);
        let products = Values::take(products);
        let mut outputs = Values::unspecified([shape.members, shape.rows, shape.columns], pass.device);
        self.forward(values(&products), values_mut(&mut outputs), pass.stack, shape);
        let masks = pass.masks(DropSite::Hidden, shape);
        masks.apply(&mut [values_mut(&mut outputs), &mut [], &mut []]);
        let outputs = outputs.into_tensor(pass.device);
        let kept = outputs.clone();
        let back = move |mut gradient: Values, gradients: &mut Gradients| {
            // The layer behind has gone back and holds its input no more: nothing is copied.
            let outputs = Values::take(kept);
            let values = (values(&products), values(&outputs));
            let sums = self.back(values_mut(&mut gradient), values, (&masks, pass.stack), shape);
            drop(outputs);
            gradients.add_host(self.scale, sums.s);
            gradients.add_host(self.bias, sums.b);
            if let Some(adapter) = self.adapter {
                gradients.add_host(adapter, sums.r);
            }
            product_back(self.weight, input, gradient, true, pass, gradients)
        };
        (outputs, Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3> {
        let device = input.device();
        let products = input.matmul(stack.matrix(self.weight));
        let shape = shape_of(&products);
        let products = Values::take(products);
        let mut outputs = Values::unspecified([shape.members, shape.rows, shape.columns], &device);
        self.forward(values(&products), values_mut(&mut outputs), stack, shape);
        outputs.into_tensor(&device)
    }

    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let product = trace.product(input, trace.array(self.weight));
        let shape = product.dims();
        let array = |index: Index| of_copy(trace.array(index));
        let value = by_copy(product, self.copies) * array(self.scale) + array(self.bias);
        let output = trace.drop_out(value.clamp_min(0.0).reshape(shape));
        match self.adapter {
            Some(adapter) => (by_copy(output, self.copies) * array(adapter)).reshape(shape),
            None => output,
        }
    }

    fn dropouts(&self) -> Vec<DropSite> {
        vec![DropSite::Hidden]
    }
}
