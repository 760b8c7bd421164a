//! The nearest prototypes of a block of rows.

use super::distance::{CHUNK, Ruler, Slack};

/// Lower bounds looked at together when most are too far.
const GLANCE: usize = 16;
/// Candidates collected before they are thinned for the first time, in multiples of the neighbours wanted, and at least.
const ROOM: (usize, usize) = (4, 128);

/// A prototype and how far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Neighbour {
    /// Index of the prototype.
    pub(super) index: usize,
    /// Its distance.
    pub(super) distance: f64,
}

/// The `wanted` nearest prototypes (or all, if there are fewer) of each row of `queries`, `[n_queries, n_features]`, nearest
/// first, of equally far ones the lower index.
pub(super) fn nearest(
    ruler: &Ruler<'_>,
    queries: &[f32],
    n_queries: usize,
    n_prototypes: usize,
    wanted: usize,
) -> Vec<Vec<Neighbour>> {
    let n_features = queries.len() / n_queries.max(1);
    let query = |index: usize| &queries[index * n_features..(index + 1) * n_features];
    let wanted = wanted.min(n_prototypes);
    let mut all: Vec<Candidates> =
        (0..n_queries).map(|index| Candidates::new(wanted, ruler.slack(query(index)))).collect();
    let mut lows = vec![0.0; n_queries * CHUNK.min(n_prototypes)];
    for start in (0..n_prototypes).step_by(CHUNK) {
        let chunk = start..(start + CHUNK).min(n_prototypes);
        let width = chunk.len();
        let lows = &mut lows[..n_queries * width];
        ruler.measure(queries, chunk, lows);
        for (candidates, lows) in all.iter_mut().zip(lows.chunks_exact(width)) {
            candidates.look_at(ruler, start, lows);
        }
    }
    all.into_iter().enumerate().map(|(index, candidates)| candidates.finish(ruler, query(index))).collect()
}

/// Prototypes that may be among the nearest of one row.
struct Candidates {
    wanted: usize,
    slack: Slack,
    /// At least `wanted` distances are at most this.
    limit: f32,
    /// Lower bounds and indices.
    found: Vec<(f32, usize)>,
    /// How many may be found before they are thinned.
    room: usize,
}

impl Candidates {
    fn new(wanted: usize, slack: Slack) -> Self {
        let room = (ROOM.0 * wanted).max(ROOM.1);
        Self { wanted, slack, limit: f32::INFINITY, found: Vec::with_capacity(room), room }
    }

    /// Takes those of the prototypes from `start` on whose lower bound is not beyond the limit.
    fn look_at(&mut self, ruler: &Ruler<'_>, start: usize, lows: &[f32]) {
        for (part, lows) in lows.chunks(GLANCE).enumerate() {
            if lows.iter().fold(true, |all, low| all & is_beyond(*low, self.limit)) {
                continue;
            }
            let first = start + part * GLANCE;
            let near = lows.iter().zip(first..).filter(|(low, _)| !is_beyond(**low, self.limit));
            self.found.extend(near.map(|(low, index)| (*low, index)));
            if self.found.len() >= self.room {
                self.thin(ruler);
                self.room = self.room.max(2 * self.found.len());
            }
        }
    }

    /// Lowers the limit to the `wanted`-th upper bound, and drops what lies above.
    fn thin(&mut self, ruler: &Ruler<'_>) {
        if self.found.len() <= self.wanted {
            return;
        }
        let high = |&(low, index): &(f32, usize)| ruler.high(low, index, self.slack);
        // Where `f32` overflows nothing is known, so the upper bound is infinite.
        let mut highs: Vec<f32> = self
            .found
            .iter()
            .map(high)
            .map(|high| if high.is_nan() { f32::INFINITY } else { high })
            .collect();
        let (_, limit, _) = highs.select_nth_unstable_by(self.wanted - 1, f32::total_cmp);
        self.limit = self.limit.min(*limit);
        let limit = self.limit;
        self.found.retain(|(low, _)| !is_beyond(*low, limit));
    }

    /// Measures what is left in `f64`.
    fn finish(mut self, ruler: &Ruler<'_>, query: &[f32]) -> Vec<Neighbour> {
        self.thin(ruler);
        let measured =
            self.found.iter().map(|&(_, index)| Neighbour { index, distance: ruler.exact(query, index) });
        let mut nearest: Vec<Neighbour> = measured.collect();
        nearest.sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance).then(a.index.cmp(&b.index)));
        nearest.truncate(self.wanted);
        nearest
    }
}

/// A lower bound that is not a number says nothing, so it is never beyond the limit.
fn is_beyond(low: f32, limit: f32) -> bool {
    low > limit
}
