//! The models that are worth a look.

use rayon::prelude::*;

use crate::error::EnsembleError;
use crate::library::Candidate;
use crate::prepared::Prepared;
use crate::scorer::Scorer;

/// Bounds on what is looked at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limits {
    /// Models looked at, but for the best of families and of speeds.
    pub(crate) n_candidates: usize,
    /// Bound on the time to predict a row, milliseconds; infinite without one.
    pub(crate) budget: f64,
    /// Lesser bounds; the best quarter of `n_candidates` within each is looked at too.
    pub(crate) speeds: Vec<f64>,
}

/// Places of the (checked) candidates looked at, best first: the best `n_candidates` that are fast enough, the best of
/// every family, and the best quarter of `n_candidates` at each speed limit.
///
/// Equal costs are ordered by time and then by name, so that the order of the candidates does not matter.
///
/// # Errors
/// [`EnsembleError::Budget`] if none is fast enough; [`EnsembleError::Metric`] where the metric has no value.
pub(crate) fn shortlist(
    limits: &Limits,
    scorer: &Scorer<'_>,
    candidates: &[Candidate<'_>],
    rows: &[usize],
) -> Result<Vec<usize>, EnsembleError> {
    let budget = limits.budget;
    let fast: Vec<usize> = (0..candidates.len()).filter(|&of| candidates[of].ms_per_row <= budget).collect();
    if fast.is_empty() {
        return Err(none_is_fast_enough(budget, candidates));
    }
    let cost = |&place: &usize| {
        let cost = Prepared::of_checked(scorer, candidates[place].predictions)?.cost(rows)?;
        Ok((cost, place))
    };
    let mut ranked: Vec<(f64, usize)> = fast.par_iter().map(cost).collect::<Result<_, EnsembleError>>()?;
    ranked.sort_by(|a, b| {
        let (of_a, of_b) = (&candidates[a.1], &candidates[b.1]);
        let by_time = of_a.ms_per_row.total_cmp(&of_b.ms_per_row);
        a.0.total_cmp(&b.0).then(by_time).then_with(|| of_a.id.cmp(of_b.id))
    });
    let ranked: Vec<usize> = ranked.into_iter().map(|(_, place)| place).collect();

    let mut listed = vec![false; candidates.len()];
    ranked.iter().take(limits.n_candidates).for_each(|&place| listed[place] = true);
    for limit in &limits.speeds {
        let within = ranked.iter().filter(|&&place| candidates[place].ms_per_row <= *limit);
        within.take(limits.n_candidates.div_ceil(4)).for_each(|&place| listed[place] = true);
    }
    let mut families: Vec<&str> = Vec::new();
    for &place in &ranked {
        if !families.contains(&candidates[place].family) {
            families.push(candidates[place].family);
            listed[place] = true;
        }
    }
    Ok(ranked.into_iter().filter(|&place| listed[place]).collect())
}

fn none_is_fast_enough(budget: f64, candidates: &[Candidate<'_>]) -> EnsembleError {
    let fastest =
        candidates.iter().min_by(|a, b| a.ms_per_row.total_cmp(&b.ms_per_row).then_with(|| a.id.cmp(b.id)));
    EnsembleError::Budget {
        budget,
        id: fastest.map_or_else(String::new, |candidate| candidate.id.to_owned()),
        fastest: fastest.map_or(f64::NAN, |candidate| candidate.ms_per_row),
    }
}
