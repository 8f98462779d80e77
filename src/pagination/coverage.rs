//! Which part of the key space a listing has proven.
//!
//! A proven interval is a statement about one moment: *every row that existed then with a key in the interval has been received*.
//! A row that exists during the whole listing existed at each of these moments, so intervals that were proven at different times
//! can be joined. Once their union reaches from [`Edge::Beginning`] to [`Edge::End`], no such row can be missing.

use std::collections::BTreeMap;

/// One end of an interval of keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge<K> {
    /// Before every possible key.
    Beginning,
    Key(K),
    /// After every possible key.
    End,
}

/// The union of the proven intervals, both ends included.
#[derive(Clone, Debug)]
pub(super) struct Coverage<K> {
    /// Disjoint intervals: where each begins, and where it ends.
    intervals: BTreeMap<Edge<K>, Edge<K>>,
}

impl<K> Default for Coverage<K> {
    fn default() -> Self {
        Self { intervals: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Coverage<K> {
    /// Adds an interval, and returns whether it proves anything new.
    ///
    /// Two intervals are joined only if they share a key: between two neighbouring keys there may be a third one.
    pub(super) fn prove(&mut self, mut from: Edge<K>, mut to: Edge<K>) -> bool {
        if let Some((earlier, end)) = self.intervals.range(..=&from).next_back() {
            if *end >= to {
                return false;
            }
            if *end >= from {
                from = earlier.clone();
            }
        }
        while let Some((joined, end)) = self.intervals.range(&from..=&to).next().map(|(from, to)| (from.clone(), to.clone())) {
            self.intervals.remove(&joined);
            to = to.max(end);
        }
        self.intervals.insert(from, to);
        true
    }

    /// Up to where everything from the beginning on is proven.
    pub(super) fn frontier(&self) -> &Edge<K> {
        self.intervals.get(&Edge::Beginning).unwrap_or(&Edge::Beginning)
    }

    /// The first stretch that is not proven, between two edges that are.
    pub(super) fn first_gap(&self) -> Option<(&Edge<K>, &Edge<K>)> {
        let frontier = self.frontier();
        let next = self.intervals.keys().find(|from| *from > frontier);
        (*frontier != Edge::End).then(|| (frontier, next.unwrap_or(&Edge::End)))
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
            coverage.prove(from.clone(), to.clone());
        }
        coverage
    }

    #[test]
    fn nothing_is_proven_at_first() {
        let coverage = coverage(&[]);
        assert_eq!(coverage.first_gap(), Some((&Beginning, &End)));
        assert!(!coverage.is_complete());
    }

    #[test]
    fn intervals_that_share_a_key_are_joined() {
        let coverage = coverage(&[(Beginning, Key(3)), (Key(5), Key(8)), (Key(3), Key(5)), (Key(8), End)]);
        assert_eq!(coverage.first_gap(), None);
        assert!(coverage.is_complete());
        assert_eq!(coverage.intervals.len(), 1);
    }

    #[test]
    fn neighbouring_keys_leave_a_gap() {
        let coverage = coverage(&[(Beginning, Key(3)), (Key(4), End)]);
        assert_eq!(coverage.first_gap(), Some((&Key(3), &Key(4))));
    }

    #[test]
    fn the_first_of_several_gaps_is_named() {
        let coverage = coverage(&[(Key(20), End), (Key(5), Key(9)), (Beginning, Key(1))]);
        assert_eq!(coverage.frontier(), &Key(1));
        assert_eq!(coverage.first_gap(), Some((&Key(1), &Key(5))));
    }

    #[test]
    fn a_list_without_its_beginning_has_a_gap_there() {
        assert_eq!(coverage(&[(Key(2), End)]).first_gap(), Some((&Beginning, &Key(2))));
    }

    #[test]
    fn only_what_is_new_counts() {
        let mut coverage = coverage(&[(Key(2), Key(8))]);
        assert!(!coverage.prove(Key(2), Key(8)));
        assert!(!coverage.prove(Key(3), Key(5)));
        assert!(coverage.prove(Key(8), Key(9)));
        assert!(coverage.prove(Key(1), Key(10)));
        assert!(!coverage.prove(Key(1), Key(10)));
    }

    /// Random intervals of a small key space, compared with a set of the keys and of the steps between neighbours.
    #[test]
    fn the_union_is_that_of_the_intervals() {
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
                let extended = coverage.prove(edge(from), edge(to));
                assert!(extended || !new, "seed {seed}: a new interval was taken for a known one");
                (from..to).for_each(|step| steps[step as usize] = true);
                let frontier = steps.iter().position(|proven| !proven).unwrap_or(KEYS as usize);
                assert_eq!(*coverage.frontier(), edge(u32::try_from(frontier).unwrap()), "seed {seed}");
                assert_eq!(coverage.is_complete(), frontier == KEYS as usize, "seed {seed}");
            }
        }
    }
}
