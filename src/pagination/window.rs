//! Page numbers and page sizes that make pages overlap.
//!
//! A server numbers its pages, so page `p` of `size` rows holds the rows at offsets `(p - 1) * size` to `p * size - 1`. Pages of one size
//! never overlap; pages of different sizes do. Rows 0 to 99 are page 1 of 100, rows 99 to 197 are page 2 of 99, rows 196 to 293 are page 3
//! of 98.

/// The fixed cost of a request, measured in rows: about 0.2 s, where a row takes the server 7 to 12 ms.
const REQUEST_COST: u64 = 20;

/// How many page sizes are compared for a window.
const CANDIDATES: u64 = 256;

/// The largest offset. Offsets come from servers and stored positions, so they may be arbitrary.
const MAX_OFFSET: u64 = 1 << 40;

/// A page to request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) page: u64,
    pub(super) size: u64,
    /// Whether rows are sorted by descending key, so that offsets count from the end of the list.
    pub(super) descending: bool,
}

impl Window {
    /// The first page in ascending order.
    pub(super) fn first(size: u64) -> Self {
        Self { page: 1, size, descending: false }
    }

    /// The last rows of the list, last one first.
    pub(super) fn end(size: u64) -> Self {
        Self { page: 1, size, descending: true }
    }

    /// The last page in ascending order, of the size up to `size` that gives it the most rows.
    pub(super) fn last(size: u64, count: u64) -> Self {
        let before_last = count.clamp(1, MAX_OFFSET) - 1;
        let sizes = size.saturating_sub(CANDIDATES).max(1)..=size.max(1);
        let size = sizes.max_by_key(|size| before_last % size).unwrap_or(1);
        Self { page: before_last / size + 1, size, descending: false }
    }

    /// Whether the window stays at the beginning or end of the list when rows are inserted or deleted.
    pub(super) fn is_anchored(self) -> bool {
        self.page == 1
    }

    /// How many rows precede the window, in the requested order.
    pub(super) fn offset(self) -> u64 {
        (self.page - 1).saturating_mul(self.size)
    }

    fn limit(self) -> u64 {
        self.page.saturating_mul(self.size)
    }

    /// The offset in ascending order of the row after the window, in a list of `count` rows.
    pub(super) fn ascending_limit(self, count: u64) -> u64 {
        if self.descending { count.saturating_sub(self.offset()) } else { self.limit() }
    }

    /// The window with the row at `offset - 1` that gets furthest beyond it for its cost, of up to `size` rows where possible.
    ///
    /// Where `offset` is a multiple of every size, no such window exists. Pages counted from the end of the list have other offsets, unless
    /// `count` is such a multiple too; in that case, only a larger page works.
    pub(super) fn after(offset: u64, size: u64, count: u64) -> Self {
        if offset == 0 {
            return Self::first(size);
        }
        let offset = offset.min(MAX_OFFSET);
        let with_row = |row: u64, size: u64, descending: bool| Self { page: row / size + 1, size, descending };
        let ascending = |size: u64| with_row(offset - 1, size, false);
        let sizes = size.saturating_sub(CANDIDATES).max(1) + 1..=size;
        let best = sizes.clone().map(ascending).filter(|window| window.limit() > offset).max_by(|a, b| {
            // Compares rows gained per cost; a larger window breaks a tie.
            let value = |window: &Self, other: &Self| (window.limit() - offset).saturating_mul(other.size + REQUEST_COST);
            value(a, b).cmp(&value(b, a))
        });
        best.or_else(|| {
            // In descending order, `count - offset - 1` rows precede the row at `offset`, and the one at `offset - 1` follows it.
            let row = count.min(MAX_OFFSET).checked_sub(offset + 1)?;
            sizes.map(|size| with_row(row, size, true)).find(|window| window.limit() > row + 1)
        })
        .or_else(|| (size + 1..=offset + 1).map(ascending).find(|window| window.limit() > offset))
        .unwrap_or_else(|| Self::first(offset + 1))
    }

    /// The window with the row at `offset` that reaches furthest back, of up to `size` rows where possible.
    pub(super) fn before(offset: u64, size: u64, count: u64) -> Self {
        let offset = offset.min(MAX_OFFSET);
        let with_row = |size: u64| Self { page: offset / size + 1, size, descending: false };
        let sizes = size.saturating_sub(CANDIDATES).max(1) + 1..=size;
        let best = sizes.map(with_row).min_by_key(|window| window.offset());
        best.filter(|window| window.offset() < offset).unwrap_or_else(|| Self::after(offset, size, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests and rows that cover a list of `count` rows.
    fn cost(count: u64, size: u64) -> (u64, u64) {
        let mut window = Window::first(size);
        let (mut requests, mut rows) = (1, size.min(count));
        let mut offset = window.ascending_limit(count);
        while offset < count {
            window = Window::after(offset, size, count);
            requests += 1;
            rows += window.size;
            let next = window.ascending_limit(count);
            assert!(next > offset, "{window:?} does not get beyond {offset}");
            offset = next;
        }
        (requests, rows)
    }

    #[test]
    fn windows_overlap_and_advance() {
        for size in [2, 3, 4, 5, 7, 10, 20, 50, 99, 100, 1_000] {
            for offset in (1..300).chain([2_520, 99_999, 2_520_000, u64::MAX]) {
                let (offset, count) = (offset.min(MAX_OFFSET), offset.saturating_add(1_000));
                let window = Window::after(offset, size, count);
                let first = if window.descending { count.saturating_sub(window.limit()) } else { window.offset() };
                assert!(first < offset && window.ascending_limit(count) > offset, "{window:?} at {offset}");
                let back = Window::before(offset, size, count);
                assert!(back.descending || back.offset() < offset && back.limit() > offset, "{back:?} at {offset}");
            }
        }
    }

    #[test]
    fn sizes_stay_within_the_configured_size() {
        // At a multiple of 60 no page of up to five rows holds the rows on both sides; counted from the end, one does.
        assert_eq!(Window::after(60, 5, 100), Window { page: 14, size: 3, descending: true });
        for count in [1_237, 10_001] {
            let mut offset = 5;
            while offset < count {
                let window = Window::after(offset, 5, count);
                assert!(window.size <= 5);
                offset = window.ascending_limit(count);
            }
        }
        assert!(Window::after(60, 5, 120).size > 5);
    }

    /// The table in the docs of the module: `cargo test --lib overlap -- --nocapture` prints it.
    #[test]
    fn the_table_of_overlap_costs_is_up_to_date() {
        let docs = include_str!("mod.rs");
        for size in [100, 50, 20, 10, 5] {
            let count = 10_000;
            let (requests, rows) = cost(count, size);
            let more = |with: u64, without: u64| (with * 100 / without).saturating_sub(100);
            let line = format!("//! | {size} | +{} % | +{} % |", more(requests, count.div_ceil(size)), more(rows, count));
            println!("{line}");
            assert!(docs.contains(&line), "src/pagination/mod.rs lacks the line `{line}`");
        }
    }
}
