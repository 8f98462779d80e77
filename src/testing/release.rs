//! How releases of authentik differ in this operation.

use super::bindings::FieldRules;
use super::list::ListRules;

/// A release of authentik that [`FakeAuthentik`](super::FakeAuthentik) can behave as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Release {
    /// 2024.2: sorts by any field of a row, breaks ties only on request, and sends pages of any size.
    V2024_2,
    /// 2025.6: places tied rows differently on each page, so that a plain page loop loses some.
    V2025_6,
    /// 2025.10: breaks ties by primary key.
    V2025_10,
    /// 2025.12: pages of 20 rows by default and of at most 100; `background_url` instead of `background`.
    V2025_12,
    /// 2026.8: as 2025.12, with two more layouts.
    V2026_8,
}

/// What a [`Release`] does.
#[derive(Clone)]
pub(super) struct Rules {
    pub(super) list: ListRules,
    pub(super) fields: FieldRules,
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

    pub(super) const fn rules(self) -> Rules {
        Rules { list: self.list_rules(), fields: self.field_rules() }
    }

    const fn list_rules(self) -> ListRules {
        let since_2025_12 = ListRules {
            default_page_size: 20,
            largest_page_size: Some(100),
            empty_page_is_first: true,
            default_order: &["order", "pk"],
            sort_terms: &["order", "stage__name", "target__uuid", "pk"],
            conflicting_terms: &["target__uuid", "order"],
        };
        let before = ListRules { default_page_size: 100, largest_page_size: None, conflicting_terms: &[], ..since_2025_12 };
        match self {
            Self::V2024_2 => ListRules { default_order: &["order"], sort_terms: FIELDS_OF_A_ROW, empty_page_is_first: false, ..before },
            Self::V2025_6 => ListRules { default_order: &["order"], sort_terms: &["order", "stage__name"], ..before },
            Self::V2025_10 => before,
            Self::V2025_12 | Self::V2026_8 => since_2025_12,
        }
    }

    const fn field_rules(self) -> FieldRules {
        match self {
            Self::V2024_2 | Self::V2025_6 | Self::V2025_10 => {
                FieldRules { background: "background", autocomplete: false, layouts: LAYOUTS }
            }
            Self::V2025_12 => FieldRules { background: "background_url", autocomplete: true, layouts: LAYOUTS },
            Self::V2026_8 => FieldRules { background: "background_url", autocomplete: true, layouts: LAYOUTS_SINCE_2026_2 },
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
            .ok_or_else(|| format!("`{text}` is not a release that the fake knows: use one of {names}"))
    }
}
