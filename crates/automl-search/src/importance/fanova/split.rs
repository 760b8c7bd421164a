//! The best split of a node.

use super::feature::Feature;

/// What sends a row to the left.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rule {
    /// A value up to this one.
    UpTo(f64),
    /// A choice that is marked.
    OneOf(Vec<bool>),
}

impl Rule {
    pub(super) fn is_left(&self, feature: &Feature, row: usize) -> bool {
        match (self, feature) {
            (Rule::UpTo(threshold), Feature::Numeric(values)) => values[row] <= *threshold,
            (Rule::OneOf(left), Feature::Choices { values, .. }) => left[values[row] as usize],
            _ => false,
        }
    }
}

/// Number (with repetitions) and sum of targets of some rows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sums {
    pub(super) weight: f64,
    pub(super) target: f64,
}

impl Sums {
    pub(super) fn add(&mut self, other: Sums) {
        self.weight += other.weight;
        self.target += other.target;
    }

    fn without(self, other: Sums) -> Sums {
        Sums { weight: self.weight - other.weight, target: self.target - other.target }
    }

    pub(super) fn mean(self) -> f64 {
        self.target / self.weight
    }

    /// What its mean explains of the sum of squares.
    fn explained(self) -> f64 {
        self.target * self.target / self.weight
    }
}

/// The rule that leaves the least sum of squares around the means of both sides, with what it explains; `None`
/// where all rows have the same value. `rows` are in order of the feature's values, `sums` has one entry a row of
/// the table, and `all` is their total over `rows`.
pub(super) fn best_split(feature: &Feature, rows: &[u32], sums: &[Sums], all: Sums) -> Option<(f64, Rule)> {
    match feature {
        Feature::Numeric(values) => best_threshold(values, rows, sums, all),
        Feature::Choices { n, values } => best_subset(*n, values, rows, sums, all),
    }
}

fn best_threshold(values: &[f64], rows: &[u32], sums: &[Sums], all: Sums) -> Option<(f64, Rule)> {
    let mut best: Option<(f64, usize)> = None;
    let mut left = Sums::default();
    let mut value = values[*rows.first()? as usize];
    for place in 1..rows.len() {
        left.add(sums[rows[place - 1] as usize]);
        let next = values[rows[place] as usize];
        if next > value {
            let explained = left.explained() + all.without(left).explained();
            if best.is_none_or(|(most, _)| explained > most) {
                best = Some((explained, place));
            }
            value = next;
        }
    }
    let (explained, place) = best?;
    let (below, above) = (values[rows[place - 1] as usize], values[rows[place] as usize]);
    let middle = 0.5 * (below + above);
    // Between neighbouring numbers there is none.
    let threshold = if middle < above { middle } else { below };
    Some((explained, Rule::UpTo(threshold)))
}

/// With the choices in order of their mean targets, the best of all subsets is a prefix (Breiman et al. 1984,
/// theorem 4.5). Choices that no row has go where most rows go.
fn best_subset(n: usize, values: &[u32], rows: &[u32], sums: &[Sums], all: Sums) -> Option<(f64, Rule)> {
    let mut by_choice = vec![Sums::default(); n];
    for &row in rows {
        by_choice[values[row as usize] as usize].add(sums[row as usize]);
    }
    let mut present: Vec<usize> = (0..n).filter(|&choice| by_choice[choice].weight > 0.0).collect();
    present.sort_by(|&a, &b| by_choice[a].mean().total_cmp(&by_choice[b].mean()));
    let mut best: Option<(f64, usize, Sums)> = None;
    let mut left = Sums::default();
    for n_left in 1..present.len() {
        left.add(by_choice[present[n_left - 1]]);
        let explained = left.explained() + all.without(left).explained();
        if best.is_none_or(|(most, _, _)| explained > most) {
            best = Some((explained, n_left, left));
        }
    }
    let (explained, n_left, left) = best?;
    let mut is_left = vec![2.0 * left.weight > all.weight; n];
    for (place, &choice) in present.iter().enumerate() {
        is_left[choice] = place < n_left;
    }
    Some((explained, Rule::OneOf(is_left)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(feature: &Feature, targets: &[f64]) -> Option<Rule> {
        let sums: Vec<Sums> = targets.iter().map(|&target| Sums { weight: 1.0, target }).collect();
        let mut all = Sums::default();
        for &sum in &sums {
            all.add(sum);
        }
        best_split(feature, &feature.order(), &sums, all).map(|(_, rule)| rule)
    }

    #[test]
    fn a_step_is_cut_in_the_middle_of_the_gap() {
        let feature = Feature::Numeric(vec![0.9, 0.1, 0.2, 0.6]);
        assert_eq!(split(&feature, &[5.0, 1.0, 1.0, 5.0]), Some(Rule::UpTo(0.4)));
    }

    #[test]
    fn equal_values_cannot_be_cut() {
        assert_eq!(split(&Feature::Numeric(vec![0.5; 3]), &[1.0, 2.0, 3.0]), None);
        assert_eq!(split(&Feature::Choices { n: 3, values: vec![1; 3] }, &[1.0, 2.0, 3.0]), None);
    }

    #[test]
    fn neighbouring_numbers_are_cut_apart() {
        let (below, above) = (0.3_f64, 0.3_f64.next_up());
        let feature = Feature::Numeric(vec![below, above]);
        let rule = split(&feature, &[0.0, 1.0]).unwrap();
        assert!(rule.is_left(&feature, 0) && !rule.is_left(&feature, 1));
    }

    #[test]
    fn choices_are_cut_into_subsets() {
        let feature = Feature::Choices { n: 5, values: vec![0, 1, 2, 4, 0, 4] };
        let rule = split(&feature, &[1.0, 9.0, 1.5, 8.0, 1.0, 8.0]);
        assert_eq!(rule, Some(Rule::OneOf(vec![true, false, true, false, false])));
    }
}
