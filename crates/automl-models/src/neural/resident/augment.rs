//! What is done to the rows of an epoch's batches: noise, and mixtures of rows.

use burn::tensor::{Device, Tensor, TensorData};

use super::super::data::Prepared;
use super::super::engine::{Augmentation, MemberPlan};
use super::super::layers::Mixture;
use super::super::mixup::partner;
use super::super::noise::Noise;
use super::Places;
use super::noise::Noises;

/// The augmentation of an epoch; nothing where no member has any.
#[derive(Debug, Default)]
pub(super) struct Augmentations {
    noises: Option<Noises>,
    /// The place of each row's partner, and shares of partners, `[steps * members, rows]`.
    mixtures: Option<(Places, Tensor<2>)>,
    members: usize,
}

impl Augmentations {
    /// Of members with their plans, in batches of `n_rows` rows of `width` numeric columns, padding included.
    pub(super) fn new(
        members: &[(&Prepared<'_>, &MemberPlan)],
        n_steps: usize,
        [n_rows, width]: [usize; 2],
        device: &Device,
    ) -> Self {
        if members.iter().all(|(own, _)| own.training.noise <= 0.0 && own.training.mixup <= 0.0) {
            return Self::default();
        }
        let steps = (0..n_steps).flat_map(|step| members.iter().map(move |own| (step, own)));
        let steps: Vec<Augmentation> =
            steps.map(|(step, (own, plan))| plan.augmentation(&own.training, step)).collect();
        let noises: Vec<Noise> = steps.iter().map(|own| own.noise).collect();
        let widths: Vec<usize> = members.iter().map(|(own, _)| own.architecture.columns.n_numeric).collect();
        let mixtures = steps.iter().any(|own| !own.shares.is_empty()).then(|| {
            let of_partner =
                |own: &Augmentation, row| partner(&own.shares, row).map_or(0.0, |(_, share)| share);
            let shares = steps.iter().flat_map(|own| (0..n_rows).map(|row| of_partner(own, row)));
            let shares = TensorData::new(shares.collect::<Vec<f32>>(), [steps.len(), n_rows]);
            let places = TensorData::new(partners(n_rows), [n_rows]);
            (Tensor::from_data(places, device), Tensor::from_data(shares, device))
        });
        Self { noises: Noises::new(&noises, &widths, width, device), mixtures, members: members.len() }
    }

    /// The numeric columns of batch `step`, `[members, rows, columns]`, with their noise.
    pub(super) fn add_noise(&self, numeric: Tensor<3>, step: usize) -> Tensor<3> {
        match &self.noises {
            Some(noises) => noises.add(numeric, step),
            None => numeric,
        }
    }

    /// Which rows of batch `step` are mixed; `None` where none are.
    pub(super) fn mixture(&self, step: usize) -> Option<Mixture> {
        let (partners, shares) = self.mixtures.as_ref()?;
        let n_rows = shares.dims()[1];
        let own = shares.clone().slice([step * self.members..(step + 1) * self.members, 0..n_rows]);
        Some(Mixture { partners: partners.clone(), share: own.reshape([self.members, n_rows, 1]) })
    }
}

/// Neighbours change places; the last of an odd number stays.
fn partners(n_rows: usize) -> Vec<i32> {
    (0..n_rows).map(|row| if row ^ 1 < n_rows { (row ^ 1) as i32 } else { row as i32 }).collect()
}
