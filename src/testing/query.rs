//! What a real server makes of a query: filters, order and page.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::release::Rules;
use super::rows::Rows;
use crate::types::FlowStageBinding;

/// A refusal: the status and its JSON body.
pub(super) type Refusal = (u16, Value);

/// The parameters of a request.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The last value of a parameter; an empty one is as good as none.
    fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).filter(|value| !value.is_empty())
    }

    fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Everything that decides which rows there are, in which order.
    fn without_page(&self) -> Vec<(String, String)> {
        self.0.iter().filter(|(key, _)| key != "page" && key != "page_size").cloned().collect()
    }
}

/// The order of the rows for the query that came last: sorting 200,000 rows anew for each of 2,000 pages takes minutes.
#[derive(Default)]
pub(super) struct Sorted {
    of: Option<SortedBy>,
    places: Arc<Vec<usize>>,
}

/// A page as the server cuts it out: indices into the rows, and what it says about the page.
pub(super) struct Cut {
    pub(super) places: Vec<usize>,
    /// `None` where the server does not paginate.
    pub(super) pagination: Option<Value>,
}

/// What the server knows after COUNT and before SELECT: the page is cut to this count, whatever SELECT finds.
pub(super) struct Counted {
    filter: Filter,
    count: u64,
    /// `None` where the server does not paginate.
    page: Option<Page>,
}

struct Page {
    number: u64,
    size: u64,
    last: u64,
}

/// Counts the rows that the filter keeps and validates the page number against that count.
pub(super) fn count(query: &Query, rows: &Rows, rules: &Rules) -> Result<Counted, Refusal> {
    let filter = Filter::new(query, rows)?;
    let count = rows.iter().filter(|row| filter.keeps(row, rows)).count() as u64;
    let requested = query.get("page_size").and_then(|size| size.parse::<u64>().ok()).filter(|size| *size > 0);
    if requested.is_some() && rules.largest_page_size == Some(0) {
        return Ok(Counted { filter, count, page: None });
    }
    let size = requested.unwrap_or(rules.default_page_size).min(rules.largest_page_size.unwrap_or(u64::MAX)).max(1);
    let last = count.div_ceil(size).max(1);
    let number = match query.raw("page") {
        None => 1,
        Some("") if rules.empty_page_is_first => 1,
        Some("last") => last,
        Some(number) => number.parse().ok().filter(|page| (1..=last).contains(page)).ok_or((404, json!({"detail": "Invalid page."})))?,
    };
    Ok(Counted { filter, count, page: Some(Page { number, size, last }) })
}

/// Selects the rows of the page. The rows may have changed since they were counted.
pub(super) fn select(counted: &Counted, query: &Query, rows: &Rows, rules: &Rules, sorted: &mut Sorted) -> Result<Cut, Refusal> {
    let Counted { filter, count, page } = counted;
    let Some(Page { number, size, last }) = page else {
        let places = sort(query, rows, rules, filter, 0, 0, sorted)?;
        return Ok(Cut { places: places.to_vec(), pagination: None });
    };
    let bound = number.saturating_mul(*size);
    let (start, end) = ((number - 1).saturating_mul(*size), bound.min(*count));
    let places = sort(query, rows, rules, filter, *count, bound, sorted)?;
    let pagination = json!({
        "next": if number < last { number + 1 } else { 0 },
        "previous": number - 1,
        "count": count,
        "current": number,
        "total_pages": last,
        "start_index": if *count == 0 { 0 } else { start + 1 },
        "end_index": end,
    });
    let (start, end) = (usize::try_from(start).unwrap_or(usize::MAX), usize::try_from(end).unwrap_or(usize::MAX));
    let places = places.iter().copied().take(end).skip(start).collect();
    Ok(Cut { places, pagination: Some(pagination) })
}

/// The rows that the filter keeps, in the order that the server gives them on a page that ends with row `bound`.
///
/// PostgreSQL finds a page that ends in the first half with a heap of `bound` rows, and a later one by sorting everything. Rows
/// that the order leaves tied come out differently for each size of the heap, but always the same for the same one.
fn sort(
    query: &Query,
    rows: &Rows,
    rules: &Rules,
    filter: &Filter,
    count: u64,
    bound: u64,
    sorted: &mut Sorted,
) -> Result<Arc<Vec<usize>>, Refusal> {
    let accepted = query.get("ordering").unwrap_or_default().split(',').map(|term| match term.trim().strip_prefix('-') {
        Some(name) => (name, true),
        None => (term.trim(), false),
    });
    let mut terms = accepted.filter(|(name, _)| rules.sort_terms.contains(name)).collect::<Vec<_>>();
    if terms.is_empty() {
        terms = rules.default_order.iter().map(|name| (*name, false)).collect();
    }
    let has = |wanted: &str| terms.iter().any(|(name, _)| *name == wanted);
    if rules.stumbles_over_target && has("target__uuid") && has("order") {
        return Err((500, Value::Null));
    }

    let heap = if has("pk") || bound.saturating_mul(2) >= count { 0 } else { bound };
    let of = (query.without_page(), rows.revision, heap);
    if sorted.of.as_ref() != Some(&of) {
        let mut kept = rows.iter().enumerate().filter(|(_, row)| filter.keeps(row, rows)).collect::<Vec<_>>();
        kept.sort_by_cached_key(|(_, row)| scramble(row.pk, heap));
        kept.sort_by(|(_, a), (_, b)| {
            let by_term = terms.iter().map(|(name, descending)| if *descending { compare(b, a, name) } else { compare(a, b, name) });
            by_term.fold(Ordering::Equal, Ordering::then)
        });
        sorted.places = Arc::new(kept.into_iter().map(|(place, _)| place).collect());
        sorted.of = Some(of);
    }
    Ok(Arc::clone(&sorted.places))
}

/// A query without its page, the revision of the rows, and the size of the heap.
type SortedBy = (Vec<(String, String)>, u64, u64);

fn compare(a: &FlowStageBinding, b: &FlowStageBinding, term: &str) -> Ordering {
    match term {
        "pk" => a.pk.cmp(&b.pk),
        "order" => a.order.cmp(&b.order),
        "target" | "target__uuid" => a.target.cmp(&b.target),
        "stage" => a.stage.cmp(&b.stage),
        "stage__name" => a.stage_obj.name.cmp(&b.stage_obj.name),
        "policybindingmodel_ptr_id" => a.policybindingmodel_ptr_id.cmp(&b.policybindingmodel_ptr_id),
        "evaluate_on_plan" => a.evaluate_on_plan.cmp(&b.evaluate_on_plan),
        "re_evaluate_policies" => a.re_evaluate_policies.cmp(&b.re_evaluate_policies),
        "policy_engine_mode" => a
            .policy_engine_mode
            .as_ref()
            .map(crate::types::PolicyEngineMode::as_str)
            .cmp(&b.policy_engine_mode.as_ref().map(crate::types::PolicyEngineMode::as_str)),
        "invalid_response_action" => a
            .invalid_response_action
            .as_ref()
            .map(crate::types::InvalidResponseAction::as_str)
            .cmp(&b.invalid_response_action.as_ref().map(crate::types::InvalidResponseAction::as_str)),
        _ => Ordering::Equal,
    }
}

/// Where a tied row comes to lie: a finalizer of SplitMix64 over the key and the size of the heap.
fn scramble(pk: Uuid, heap: u64) -> u64 {
    let (high, low) = pk.as_u64_pair();
    let mut hash = high ^ low.rotate_left(32) ^ heap.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// The filters of a query.
#[derive(Default)]
struct Filter {
    pk: Option<Uuid>,
    pbm: Option<Uuid>,
    stage: Option<Uuid>,
    target: Option<Uuid>,
    policies: Vec<Uuid>,
    order: Option<i64>,
    evaluate_on_plan: Option<bool>,
    re_evaluate_policies: Option<bool>,
    policy_engine_mode: Option<String>,
    invalid_response_action: Option<String>,
    words: Vec<String>,
}

impl Filter {
    fn new(query: &Query, rows: &Rows) -> Result<Self, Refusal> {
        let mut errors = Map::new();
        let mut refuse = |name: &str, message: String| {
            errors.insert(name.to_owned(), json!([message]));
        };
        let no_uuid = |text: &str| format!("“{text}” is not a valid UUID.");
        let no_choice = |text: &str| format!("Select a valid choice. {text} is not one of the available choices.");

        let mut plain = |name: &str| {
            let text = query.get(name)?;
            Uuid::parse_str(text).map_err(|_| refuse(name, "Enter a valid UUID.".into())).ok()
        };
        let (pk, pbm) = (plain("fsb_uuid"), plain("pbm_uuid"));
        let mut existing = |name: &str, exists: &dyn Fn(Uuid) -> bool| {
            let text = query.get(name)?;
            let Ok(pk) = Uuid::parse_str(text) else {
                refuse(name, no_uuid(text));
                return None;
            };
            if !exists(pk) {
                refuse(name, "Select a valid choice. That choice is not one of the available choices.".into());
            }
            Some(pk)
        };
        let target = existing("target", &|pk| rows.has_flow(pk));
        let stage = existing("stage", &|pk| rows.has_stage(pk));
        let mut policies = Vec::new();
        for text in query.all("policies") {
            match Uuid::parse_str(text) {
                Ok(pk) if rows.has_policy(pk) => policies.push(pk),
                Ok(pk) => refuse("policies", no_choice(&pk.to_string())),
                Err(_) => refuse("policies", no_uuid(text)),
            }
        }
        let order = query.get("order").and_then(|text| text.parse().map_err(|_| refuse("order", "Enter a number.".into())).ok());
        let mut choice = |name: &str, values: &[&str]| {
            let text = query.get(name)?;
            if !values.contains(&text) {
                refuse(name, no_choice(text));
            }
            Some(text.to_owned())
        };
        let policy_engine_mode = choice("policy_engine_mode", &["all", "any"]);
        let invalid_response_action = choice("invalid_response_action", &["retry", "restart", "restart_with_context"]);
        // A bad boolean is ignored.
        let flag = |name: &str| query.get(name).and_then(|text| text.to_lowercase().parse().ok());
        let search = query.get("search").unwrap_or_default();
        if search.contains('\0') {
            return Err((400, json!(["Null characters are not allowed."])));
        }
        if !errors.is_empty() {
            return Err((400, Value::Object(errors)));
        }
        Ok(Self {
            pk,
            pbm,
            stage,
            target,
            policies,
            order,
            evaluate_on_plan: flag("evaluate_on_plan"),
            re_evaluate_policies: flag("re_evaluate_policies"),
            policy_engine_mode,
            invalid_response_action,
            words: search.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_lowercase).collect(),
        })
    }

    fn keeps(&self, row: &FlowStageBinding, rows: &Rows) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, value: Option<&T>) -> bool {
            wanted.is_none() || wanted == value
        }
        let text = |value: &str| Some(value.to_owned());
        is(self.pk.as_ref(), Some(&row.pk))
            && is(self.pbm.as_ref(), Some(&row.policybindingmodel_ptr_id))
            && is(self.stage.as_ref(), Some(&row.stage))
            && is(self.target.as_ref(), Some(&row.target))
            && (self.policies.is_empty() || rows.binds_one_of(row, &self.policies))
            && is(self.order.as_ref(), Some(&row.order))
            && is(self.evaluate_on_plan.as_ref(), row.evaluate_on_plan.as_ref())
            && is(self.re_evaluate_policies.as_ref(), row.re_evaluate_policies.as_ref())
            && is(self.policy_engine_mode.as_ref(), row.policy_engine_mode.as_ref().and_then(|mode| text(mode.as_str())).as_ref())
            && is(
                self.invalid_response_action.as_ref(),
                row.invalid_response_action.as_ref().and_then(|action| text(action.as_str())).as_ref(),
            )
            && (self.words.is_empty() || {
                let name = row.stage_obj.name.to_lowercase();
                self.words.iter().all(|word| name.contains(word))
            })
    }
}
