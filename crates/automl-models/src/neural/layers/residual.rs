//! Residual blocks (He et al. 2016).

use burn::tensor::Tensor;

use super::super::host::{Values, values, values_mut};
use super::super::parameters::{Gradients, Stack};
use super::super::simd::vectorised;
use super::{Back, DropSite, Layer, Pass, Trace, shape_of};

/// `x + f(x)`, where `f` is some layers in order. If they give a row for every few rows, each is added to the first of
/// those, and the others go no further.
#[derive(Debug)]
pub(crate) struct Residual {
    /// `f`.
    pub(crate) layers: Vec<Box<dyn Layer>>,
}

/// The first of every `group` rows.
pub(super) fn firsts(input: Tensor<3>, group: usize) -> Tensor<3> {
    if group == 1 {
        return input;
    }
    let [members, rows, columns] = input.dims();
    let n = rows / group;
    let grouped: Tensor<4> = input.reshape([members, n, group, columns]);
    grouped.slice([0..members, 0..n, 0..1, 0..columns]).reshape([members, n, columns])
}

/// Adds rows of `columns` values to the first of every `group` rows of `sums`.
pub(super) fn add_to_firsts(sums: &mut [f32], terms: &[f32], columns: usize, group: usize) {
    let rows = sums.chunks_exact_mut(columns * group).zip(terms.chunks_exact(columns));
    vectorised!(|| for (sums, terms) in rows {
        sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
    });
}

impl Layer for Residual {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let rows = shape_of(&input).rows;
        let mut value = input.clone();
        let mut backs = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let (output, back) = layer.train(value, pass);
            value = output;
            backs.push(back);
        }
        let shape = shape_of(&value);
        let group = rows / shape.rows;
        let output = value + firsts(input, group);
        let back = move |gradient: Values, gradients: &mut Gradients| {
            let gradient = gradient.into_tensor(pass.device);
            let mut through = Values::take(gradient.clone());
            while let Some(back) = backs.pop() {
                through = back(through, gradients);
            }
            let outer = Values::take(gradient);
            add_to_firsts(values_mut(&mut through), values(&outer), shape.columns, group);
            through
        };
        (output, Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3> {
        let rows = shape_of(&input).rows;
        let value = self.layers.iter().fold(input.clone(), |value, layer| layer.predict(value, stack));
        let group = rows / shape_of(&value).rows;
        value + firsts(input, group)
    }

    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let rows = shape_of(&input).rows;
        let value = self.layers.iter().fold(input.clone(), |value, layer| layer.trace(value, trace));
        let group = rows / shape_of(&value).rows;
        value + firsts(input, group)
    }

    fn dropouts(&self) -> Vec<DropSite> {
        self.layers.iter().flat_map(|layer| layer.dropouts()).collect()
    }
}

/// Dropout alone.
#[derive(Debug)]
pub(crate) struct Drop {
    /// Whose rate it has.
    pub(crate) site: DropSite,
}

impl Layer for Drop {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let masks = pass.masks(self.site, shape_of(&input));
        if masks.are_empty() {
            return (input, Box::new(|gradient, _| gradient));
        }
        let mut output = Values::take(input);
        masks.apply(&mut [values_mut(&mut output), &mut [], &mut []]);
        let back = move |mut gradient: Values, _: &mut Gradients| {
            masks.apply(&mut [values_mut(&mut gradient), &mut [], &mut []]);
            gradient
        };
        (output.into_tensor(pass.device), Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, _: &Stack) -> Tensor<3> {
        input
    }

    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        trace.drop_out(input)
    }

    fn dropouts(&self) -> Vec<DropSite> {
        vec![self.site]
    }
}
