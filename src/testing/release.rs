//! How releases of authentik differ in what this operation does.

/// A release of authentik that [`FakeAuthentik`](super::FakeAuthentik) can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Release {
    /// 2024.2: orders by every field of a row, ties rows only on request, sends pages of any size.
    V2024_2,
    /// 2025.6: puts tied rows in another order on each page, so that a plain page loop loses some.
    V2025_6,
    /// 2025.10: orders tied rows by primary key.
    V2025_10,
    /// 2025.12: pages of 20 rows unless asked for more, of 100 at the most; `background_url` in place of `background`.
    V2025_12,
    /// 2026.8: like 2025.12, with two more layouts.
    V2026_8,
}

/// What a [`Release`] does.
pub(super) struct Rules {
    pub(super) default_order: &'static [&'static str],
    /// Terms of `ordering` that are not dropped.
    pub(super) sort_terms: &'static [&'static str],
    pub(super) default_page_size: u64,
    pub(super) largest_page_size: Option<u64>,
    /// An empty `page=` is the first page, and not a 404.
    pub(super) empty_page_is_first: bool,
    /// `target__uuid` together with `order` is a 500.
    pub(super) stumbles_over_target: bool,
    /// The name of the property `background`.
    pub(super) background: &'static str,
    /// Whether answers have `autocomplete`.
    pub(super) autocomplete: bool,
    pub(super) layouts: &'static [&'static str],
}

const FIELDS_OF_A_ROW: &[&str] = &[
    "pk",
    "policybindingmodel_ptr_id",
    "target",
    "stage",
    "evaluate_on_plan",
    "re_evaluate_policies",
    "order",
    "policy_engine_mode",
    "invalid_response_action",
];
const LAYOUTS: &[&str] = &["stacked", "content_left", "content_right", "sidebar_left", "sidebar_right"];
const LAYOUTS_SINCE_2026_2: &[&str] = &[
    "stacked",
    "content_left",
    "content_right",
    "sidebar_left",
    "sidebar_right",
    "sidebar_left_frame_background",
    "sidebar_right_frame_background",
];

impl Release {
    /// Every release, oldest first.
    pub const ALL: [Self; 5] = [Self::V2024_2, Self::V2025_6, Self::V2025_10, Self::V2025_12, Self::V2026_8];

    /// The release as authentik writes it, without its patch: `2025.6`.
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

    pub(super) const fn rules(self) -> Rules {
        let since_2025_12 = Rules {
            default_order: &["order", "pk"],
            sort_terms: &["order", "stage__name", "target__uuid", "pk"],
            default_page_size: 20,
            largest_page_size: Some(100),
            empty_page_is_first: true,
            stumbles_over_target: true,
            background: "background_url",
            autocomplete: true,
            layouts: LAYOUTS,
        };
        let before = Rules {
            default_page_size: 100,
            largest_page_size: None,
            stumbles_over_target: false,
            background: "background",
            autocomplete: false,
            ..since_2025_12
        };
        match self {
            Self::V2024_2 => Rules { default_order: &["order"], sort_terms: FIELDS_OF_A_ROW, empty_page_is_first: false, ..before },
            Self::V2025_6 => Rules { default_order: &["order"], sort_terms: &["order", "stage__name"], ..before },
            Self::V2025_10 => before,
            Self::V2025_12 => since_2025_12,
            Self::V2026_8 => Rules { layouts: LAYOUTS_SINCE_2026_2, ..since_2025_12 },
        }
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
        let names = Self::ALL.map(Self::as_str).join(", ");
        Self::ALL
            .into_iter()
            .find(|release| release.as_str() == text)
            .ok_or_else(|| format!("no release to fake is called `{text}`: use one of {names}"))
    }
}
