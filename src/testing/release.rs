//! Differences between releases of authentik that affect every list operation.

/// A release of authentik that [`FakeAuthentik`](super::FakeAuthentik) can imitate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Release {
    /// 2024.2: sorts by any field of a row, breaks ties only if `ordering` has the primary key, and sends pages of any size.
    V2024_2,
    /// 2025.6: orders rows with equal sort keys differently for each page, so that a plain loop over pages misses some.
    V2025_6,
    /// 2025.10: breaks ties by primary key.
    V2025_10,
    /// 2025.12: pages of 20 rows by default and of at most 100; `background_url` instead of `background`.
    V2025_12,
    /// 2026.8: like 2025.12, with two more layouts.
    V2026_8,
}

impl Release {
    /// Every release, oldest first.
    pub const ALL: &'static [Self] = &[Self::V2024_2, Self::V2025_6, Self::V2025_10, Self::V2025_12, Self::V2026_8];

    /// The release without its patch number, as authentik writes it: `2025.6`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_2 => "2024.2",
            Self::V2025_6 => "2025.6",
            Self::V2025_10 => "2025.10",
            Self::V2025_12 => "2025.12",
            Self::V2026_8 => "2026.8",
        }
    }

    pub(super) const fn page_rules(self) -> PageRules {
        let since_2025_12 = PageRules { default_size: 20, largest_size: Some(100), empty_number_is_first: true, autocomplete: true };
        let before = PageRules { default_size: 100, largest_size: None, autocomplete: false, ..since_2025_12 };
        match self {
            Self::V2024_2 => PageRules { empty_number_is_first: false, ..before },
            Self::V2025_6 | Self::V2025_10 => before,
            Self::V2025_12 | Self::V2026_8 => since_2025_12,
        }
    }

    /// Whether rows that are equal in all terms of an ordering are sorted by key.
    pub(super) const fn breaks_ties(self) -> bool {
        !matches!(self, Self::V2024_2 | Self::V2025_6)
    }
}

impl std::fmt::Display for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Release {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names = Self::ALL.iter().map(|release| release.as_str()).collect::<Vec<_>>().join(", ");
        Self::ALL
            .iter()
            .copied()
            .find(|release| release.as_str() == text)
            .ok_or_else(|| format!("the fake server does not support release `{text}`: use one of {names}"))
    }
}

/// How a release paginates.
#[derive(Clone, Copy)]
pub(super) struct PageRules {
    pub(super) default_size: u64,
    /// `Some(0)` disables pagination for requests with a `page_size`.
    pub(super) largest_size: Option<u64>,
    /// An empty `page=` is the first page, not a 404.
    pub(super) empty_number_is_first: bool,
    /// Whether a page has `autocomplete`.
    pub(super) autocomplete: bool,
}
