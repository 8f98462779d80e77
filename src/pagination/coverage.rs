//! Which part of the key space a listing has proven.
//!
//! A proven interval is a statement about one moment: *every row that existed then with a key in the interval has been received*. A row
//! that exists during the whole listing existed at each of these moments, so intervals that were proven at different times can be joined if
//! they have a key in common. Once their union reaches from [`Edge::Beginning`] to [`Edge::End`], no such row can be missing.
//!
//! Two intervals share a key if a row was received in both, or if each begins no later than the other ends. The latter requires the order
//! of the keys. For strings, only the server knows it: it sorts them by the collation of its database.

use std::collections::BTreeSet;
use std::mem;

/// One end of an interval of keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge<K> {
    /// Before every possible key.
    Beginning,
    Key(K),
    /// After every possible key.
    End,
}

/// An interval of the key space, including both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interval<K> {
    from: Edge<K>,
    to: Edge<K>,
    /// Every key that was received in the interval, if keys cannot be compared. In that case it is unknown which of them are the ends.
    keys: Option<BTreeSet<K>>,
}

impl<K: Ord + Clone> Interval<K> {
    pub(super) fn new(from: Edge<K>, to: Edge<K>) -> Self {
        Self { from, to, keys: None }
    }

    /// An interval of keys that only the server can compare.
    pub(super) fn with_keys(self, keys: impl IntoIterator<Item = K>) -> Self {
        Self { keys: Some(keys.into_iter().collect()), ..self }
    }

    /// Whether both are known to have a key in common.
    fn touches(&self, other: &Self) -> bool {
        match (&self.keys, &other.keys) {
            (Some(keys), Some(others)) => {
                self.from == Edge::Beginning && other.from == Edge::Beginning
                    || self.to == Edge::End && other.to == Edge::End
                    || !keys.is_disjoint(others)
            }
            _ => self.from <= other.to && other.from <= self.to,
        }
    }

    /// Whether this interval contains the other one.
    fn contains(&self, other: &Self) -> bool {
        match (&self.keys, &other.keys) {
            (Some(keys), Some(others)) => {
                (self.from == Edge::Beginning || other.from != Edge::Beginning)
                    && (self.to == Edge::End || other.to != Edge::End)
                    && others.is_subset(keys)
            }
            _ => self.from <= other.from && other.to <= self.to,
        }
    }

    /// The union of two intervals that touch.
    fn join(self, other: Self) -> Self {
        let (mut keys, mut fewer) = (self.keys, other.keys);
        if keys.as_ref().map_or(0, BTreeSet::len) < fewer.as_ref().map_or(0, BTreeSet::len) {
            mem::swap(&mut keys, &mut fewer);
        }
        if let Some(keys) = &mut keys {
            keys.extend(fewer.into_iter().flatten());
        }
        Self { from: self.from.min(other.from), to: self.to.max(other.to), keys }
    }
}

/// What an interval added to the coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    /// Whether part of the interval was not proven before.
    pub(super) is_new: bool,
    /// Whether everything from the beginning up to the interval is proven.
    pub(super) is_connected: bool,
}

/// The union of the proven intervals.
#[derive(Clone, Debug)]
pub(super) struct Coverage<K> {
    /// Disjoint, in no particular order.
    intervals: Vec<Interval<K>>,
}

impl<K> Default for Coverage<K> {
    fn default() -> Self {
        Self { intervals: Vec::new() }
    }
}

impl<K: Ord + Clone> Coverage<K> {
    /// Adds an interval.
    pub(super) fn prove(&mut self, interval: Interval<K>) -> Proof {
        let is_new = !self.intervals.iter().any(|known| known.contains(&interval));
        let (touching, apart) = mem::take(&mut self.intervals).into_iter().partition::<Vec<_>, _>(|known| known.touches(&interval));
        let joined = touching.into_iter().fold(interval, Interval::join);
        let is_connected = joined.from == Edge::Beginning;
        self.intervals = apart;
        self.intervals.push(joined);
        Proof { is_new, is_connected }
    }

    fn first(&self) -> Option<&Interval<K>> {
        self.intervals.iter().find(|interval| interval.from == Edge::Beginning)
    }

    /// The key up to which everything is proven from the beginning. If keys cannot be compared, it is known only once everything is proven.
    pub(super) fn frontier(&self) -> &Edge<K> {
        match self.first() {
            Some(Interval { to, keys, .. }) if keys.is_none() || *to == Edge::End => to,
            _ => &Edge::Beginning,
        }
    }

    /// Whether the whole key space is proven.
    pub(super) fn is_complete(&self) -> bool {
        *self.frontier() == Edge::End
    }
}

#[cfg(test)]
mod tests {
    use super::Edge::{Beginning, End, Key};
    use super::*;

    fn coverage(intervals: &[(Edge<u32>, Edge<u32>)]) -> Coverage<u32> {
        let mut coverage = Coverage::default();
        for (from, to) in intervals {
            coverage.prove(Interval::new(from.clone(), to.clone()));
        }
        coverage
    }

    #[test]
    fn nothing_is_proven_at_first() {
        assert_eq!(coverage(&[]).frontier(), &Beginning);
        assert!(!coverage(&[]).is_complete());
    }

    #[test]
    fn intervals_that_share_a_key_are_joined() {
        let coverage = coverage(&[(Beginning, Key(3)), (Key(5), Key(8)), (Key(3), Key(5)), (Key(8), End)]);
        assert!(coverage.is_complete());
        assert_eq!(coverage.intervals.len(), 1);
    }

    #[test]
    fn neighboring_keys_leave_a_gap() {
        let coverage = coverage(&[(Beginning, Key(3)), (Key(4), End)]);
        assert_eq!(coverage.frontier(), &Key(3));
    }

    #[test]
    fn an_interval_beyond_a_gap_is_not_connected() {
        let mut coverage = coverage(&[(Key(20), End), (Key(5), Key(9))]);
        let prove = |coverage: &mut Coverage<u32>, from, to| coverage.prove(Interval::new(from, to));
        assert_eq!(prove(&mut coverage, Beginning, Key(1)), Proof { is_new: true, is_connected: true });
        assert_eq!(prove(&mut coverage, Key(9), Key(12)), Proof { is_new: true, is_connected: false });
        assert_eq!(prove(&mut coverage, Key(6), Key(11)), Proof { is_new: false, is_connected: false });
        assert_eq!(prove(&mut coverage, Key(1), Key(7)), Proof { is_new: true, is_connected: true });
        assert_eq!(coverage.frontier(), &Key(12));
    }

    /// Random intervals of a small key space, compared with a set of the steps between neighboring keys.
    #[test]
    fn the_coverage_is_the_union_of_the_intervals() {
        const KEYS: u32 = 24;
        let edge = |place: u32| match place {
            0 => Beginning,
            KEYS => End,
            key => Key(key),
        };
        for seed in 0..2_000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (mut coverage, mut steps) = (Coverage::default(), [false; KEYS as usize]);
            for _ in 0..rng.u32(1..14) {
                let from = rng.u32(0..KEYS);
                let to = rng.u32(from..=KEYS);
                let new = (from..to).any(|step| !steps[step as usize]);
                let proof = coverage.prove(Interval::new(edge(from), edge(to)));
                assert!(proof.is_new || !new, "seed {seed}: a new interval was considered known");
                (from..to).for_each(|step| steps[step as usize] = true);
                let frontier = steps.iter().position(|proven| !proven).unwrap_or(KEYS as usize);
                assert_eq!(*coverage.frontier(), edge(u32::try_from(frontier).unwrap()), "seed {seed}");
                assert_eq!(coverage.is_complete(), frontier == KEYS as usize, "seed {seed}");
            }
        }
    }

    /// Pages of a changing list whose order the coverage does not know. A wrong join would appear as a key that existed
    /// throughout and was not received.
    #[test]
    fn keys_that_cannot_be_compared_prove_only_what_they_share() {
        let mut complete = 0;
        for seed in 0..5_000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            // The server sorts by position, which the keys do not reveal.
            let mut keys = (0..40_u32).collect::<Vec<_>>();
            rng.shuffle(&mut keys);
            let mut exists = (0..40).map(|_| rng.u8(..3) > 0).collect::<Vec<_>>();
            let mut throughout = exists.clone();
            let (mut coverage, mut received) = (Coverage::default(), BTreeSet::new());
            for _ in 0..rng.usize(2..12) {
                let rows = (0..40).filter(|place| exists[*place]).map(|place| keys[place]).collect::<Vec<_>>();
                let from = if rng.u8(..3) == 0 { 0 } else { rng.usize(0..=rows.len()) };
                let to = rng.usize(from..=(from + 14).min(rows.len()));
                if let [first, .., last] | [first @ last] = &rows[from..to] {
                    let from = if from == 0 { Beginning } else { Key(*first) };
                    let to = if to == rows.len() { End } else { Key(*last) };
                    let page = &rows[rows.iter().position(|key| key == first).unwrap()..=rows.iter().position(|key| key == last).unwrap()];
                    received.extend(page.iter().copied());
                    coverage.prove(Interval::new(from, to).with_keys(page.iter().copied()));
                }
                for _ in 0..rng.usize(..5) {
                    let place = rng.usize(..40);
                    exists[place] = !exists[place];
                    throughout[place] = false;
                }
            }
            if coverage.is_complete() {
                complete += 1;
                let missing = (0..40).find(|place| throughout[*place] && !received.contains(&keys[*place]));
                assert_eq!(missing, None, "seed {seed}");
            }
        }
        assert!(complete > 100, "only {complete} coverages were complete");
    }
}
