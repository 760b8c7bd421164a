//! All numbers of a member as one row: parameters in `[members, n_parameters]`, running statistics likewise.

use std::ops::Range;

use burn::tensor::{Bool, Device, Tensor, TensorData};

use super::super::weights::{Dense, Layout, Norm, Weights};

/// A matrix within a row.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    start: usize,
    rows: usize,
    columns: usize,
}

impl Piece {
    fn range(&self) -> Range<usize> {
        self.start..self.start + self.rows * self.columns
    }

    /// The piece of every member, `[members, rows, columns]`.
    pub(super) fn of(&self, flat: &Tensor<2>) -> Tensor<3> {
        let members = flat.dims()[0];
        flat.clone().slice([0..members, self.range()]).reshape([members, self.rows, self.columns])
    }
}

/// Where the numbers of a dense layer are.
#[derive(Debug, Clone)]
pub(super) struct LayerPieces {
    pub(super) weight: Piece,
    pub(super) bias: Piece,
    pub(super) norm: Option<NormPieces>,
}

/// Where the numbers of a normalisation are: the scale among the parameters, the rest among the statistics.
#[derive(Debug, Clone)]
pub(super) struct NormPieces {
    pub(super) scale: Piece,
    pub(super) mean: Piece,
    pub(super) variance: Piece,
}

/// Where everything is. The order of the parameters is that in which the way back yields gradients, reversed:
/// tables, then weight, bias and scale of each layer.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    pub(super) tables: Vec<Piece>,
    pub(super) layers: Vec<LayerPieces>,
    n_parameters: usize,
    n_statistics: usize,
}

impl Pieces {
    pub(super) fn new(layout: &Layout) -> Self {
        let mut n_parameters = 0;
        let mut n_statistics = 0;
        let next = |start: &mut usize, rows: usize, columns: usize| {
            let piece = Piece { start: *start, rows, columns };
            *start += rows * columns;
            piece
        };
        let dims = layout.embedding_dims();
        let tables = layout.cardinalities.iter().zip(dims);
        let tables = tables.map(|(&card, dim)| next(&mut n_parameters, card as usize, dim)).collect();
        let shapes = layout.dense();
        let last = shapes.len() - 1;
        let layers = shapes.into_iter().enumerate().map(|(index, (n_in, n_out))| LayerPieces {
            weight: next(&mut n_parameters, n_in, n_out),
            bias: next(&mut n_parameters, 1, n_out),
            norm: (layout.batch_norm && index < last).then(|| NormPieces {
                scale: next(&mut n_parameters, 1, n_out),
                mean: next(&mut n_statistics, 1, n_out),
                variance: next(&mut n_statistics, 1, n_out),
            }),
        });
        let layers = layers.collect();
        Self { tables, layers, n_parameters, n_statistics }
    }

    /// 1 for the parameters that decay (weights), 0 for the others, `[1, n_parameters]`.
    pub(super) fn decaying(&self, device: &Device) -> Tensor<2> {
        let mut mask = vec![0.0_f32; self.n_parameters];
        self.layers.iter().for_each(|layer| mask[layer.weight.range()].fill(1.0));
        Tensor::from_data(TensorData::new(mask, [1, self.n_parameters]), device)
    }

    /// Parameters and statistics of all members, padded with zeros to the layout of these pieces.
    pub(super) fn join(&self, members: &[(&Layout, &Weights)], device: &Device) -> Flat {
        let mut parameters = Vec::with_capacity(members.len() * self.n_parameters);
        let mut statistics = Vec::with_capacity(members.len() * self.n_statistics);
        for (own, weights) in members {
            let mut row = vec![0.0; self.n_parameters];
            let mut stats = vec![0.0; self.n_statistics];
            for (piece, table) in self.tables.iter().zip(&weights.tables) {
                row[piece.start..piece.start + table.len()].copy_from_slice(table);
            }
            for (index, (piece, dense)) in self.layers.iter().zip(&weights.layers).enumerate() {
                let target = &mut row[piece.weight.range()];
                // Columns of other members that this one lacks stand behind its own numeric columns.
                let split =
                    if index == 0 { own.n_numeric * piece.weight.columns } else { dense.weight.len() };
                let (first, rest) = dense.weight.split_at(split);
                target[..split].copy_from_slice(first);
                let behind = target.len() - rest.len();
                target[behind..].copy_from_slice(rest);
                row[piece.bias.range()].copy_from_slice(&dense.bias);
                if let (Some(piece), Some(norm)) = (&piece.norm, &dense.norm) {
                    row[piece.scale.range()].copy_from_slice(&norm.scale);
                    stats[piece.mean.range()].copy_from_slice(&norm.mean);
                    stats[piece.variance.range()].copy_from_slice(&norm.variance);
                }
            }
            parameters.extend(row);
            statistics.extend(stats);
        }
        let tensor = |values: Vec<f32>, width| {
            Tensor::from_data(TensorData::new(values, [members.len(), width]), device)
        };
        Flat {
            parameters: tensor(parameters, self.n_parameters),
            statistics: (self.n_statistics > 0).then(|| tensor(statistics, self.n_statistics)),
        }
    }

    /// One member's own weights, without padding.
    pub(super) fn split(&self, flat: &Flat, place: usize, own: &Layout) -> Weights {
        let row = |tensor: &Tensor<2>| -> Vec<f32> {
            let width = tensor.dims()[1];
            let data = tensor.clone().slice([place..place + 1, 0..width]).into_data();
            super::super::host::floats(&data).to_vec()
        };
        let parameters = row(&flat.parameters);
        let statistics = flat.statistics.as_ref().map(row).unwrap_or_default();
        let tables = self.tables.iter().zip(&own.cardinalities);
        let tables = tables.map(|(piece, &card)| {
            parameters[piece.start..piece.start + card as usize * piece.columns].to_vec()
        });
        let layers = self.layers.iter().enumerate().map(|(index, piece)| {
            let mut weight = parameters[piece.weight.range()].to_vec();
            if index == 0 {
                let own_in = own.dense().first().map_or(0, |(n_in, _)| *n_in);
                let missing = piece.weight.rows - own_in;
                let columns = piece.weight.columns;
                weight.drain(own.n_numeric * columns..(own.n_numeric + missing) * columns);
            }
            let norm = piece.norm.as_ref().map(|norm| Norm {
                scale: parameters[norm.scale.range()].to_vec(),
                mean: statistics[norm.mean.range()].to_vec(),
                variance: statistics[norm.variance.range()].to_vec(),
            });
            Dense { weight, bias: parameters[piece.bias.range()].to_vec(), norm }
        });
        Weights { tables: tables.collect(), layers: layers.collect() }
    }
}

/// The numbers of all members.
#[derive(Debug, Clone)]
pub(super) struct Flat {
    /// `[members, n_parameters]`.
    pub(super) parameters: Tensor<2>,
    /// `[members, n_statistics]`; absent without normalisation.
    pub(super) statistics: Option<Tensor<2>>,
}

impl Flat {
    /// The members at `kept`, in that order.
    pub(super) fn select(&self, kept: &super::Places) -> Self {
        Self {
            parameters: self.parameters.clone().select(0, kept.clone()),
            statistics: self.statistics.clone().map(|statistics| statistics.select(0, kept.clone())),
        }
    }

    /// `other` where `mask`, `[members, 1]`, holds.
    pub(super) fn replace(&self, mask: &Tensor<2, Bool>, other: &Self) -> Self {
        let choose = |own: &Tensor<2>, other: &Tensor<2>| {
            let shape = own.dims();
            own.clone().mask_where(mask.clone().expand(shape), other.clone())
        };
        Self {
            parameters: choose(&self.parameters, &other.parameters),
            statistics: self
                .statistics
                .as_ref()
                .zip(other.statistics.as_ref())
                .map(|(own, other)| choose(own, other)),
        }
    }
}
