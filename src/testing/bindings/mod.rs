//! Behavior specific to flow stage bindings: their filters, their order, the fields that each release sends, and the objects that they
//! refer to.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::list::{ErrorResponse, OrderRules, Table};
use super::query::Query;
use super::release::Release;
use crate::types::{FlowSet, FlowStageBinding, InvalidResponseAction, PolicyEngineMode, Stage};

mod filter;
mod generate;
mod write;

use filter::Filter;
pub use generate::bindings;

/// The id of the operation, and its path below `/api/v3`.
pub(super) const OPERATION: &str = "flows_bindings_list";
const PATH: &str = "/flows/bindings/";

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

/// The fields that a release sends.
struct FieldRules {
    /// The name of the property `background`.
    background: &'static str,
    layouts: &'static [&'static str],
}

impl FieldRules {
    const fn of(release: Release) -> Self {
        match release {
            Release::V2024_2 | Release::V2025_6 | Release::V2025_10 => Self { background: "background", layouts: LAYOUTS },
            Release::V2025_12 => Self { background: "background_url", layouts: LAYOUTS },
            Release::V2026_8 => Self { background: "background_url", layouts: LAYOUTS_SINCE_2026_2 },
        }
    }

    /// A binding as the release sends it.
    fn row(&self, binding: &FlowStageBinding) -> Value {
        let mut row = serde_json::to_value(binding).unwrap_or_default();
        let flows = row.pointer_mut("/stage_obj/flow_set").and_then(Value::as_array_mut);
        for flow in flows.into_iter().flatten().filter_map(Value::as_object_mut) {
            if let Some(background) = flow.remove("background").or_else(|| flow.remove("background_url")) {
                flow.insert(self.background.into(), background);
            }
            if !flow.get("layout").and_then(Value::as_str).is_some_and(|layout| self.layouts.contains(&layout)) {
                flow.insert("layout".into(), "stacked".into());
            }
        }
        row
    }
}

/// How a release orders bindings.
const fn order_rules(release: Release) -> OrderRules<'static> {
    let since_2025_12 = OrderRules {
        default_order: &["order", "pk"],
        sort_terms: &["order", "stage__name", "target__uuid", "pk"],
        conflicting_terms: &["target__uuid", "order"],
        key: &["pk"],
    };
    let before = OrderRules { conflicting_terms: &[], ..since_2025_12 };
    match release {
        Release::V2024_2 => OrderRules { default_order: &["order"], sort_terms: FIELDS_OF_A_ROW, ..before },
        Release::V2025_6 => OrderRules { default_order: &["order"], sort_terms: &["order", "stage__name"], ..before },
        Release::V2025_10 => before,
        Release::V2025_12 | Release::V2026_8 => since_2025_12,
    }
}

/// The bindings of a server, in the order of insertion.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    pub(super) rows: Vec<FlowStageBinding>,
    policies: BTreeMap<Uuid, BTreeSet<Uuid>>,
    /// Every flow that a binding has ever referred to, with its data if it appeared in a `flow_set`.
    flows: BTreeMap<Uuid, Option<FlowSet>>,
    stages: BTreeMap<Uuid, Stage>,
    /// The number of changes so far.
    revision: u64,
}

impl Bindings {
    pub(super) fn insert(&mut self, binding: FlowStageBinding) {
        self.revision += 1;
        self.flows.entry(binding.target).or_default();
        for flow in &binding.stage_obj.flow_set {
            self.flows.entry(flow.pk).or_default().get_or_insert_with(|| flow.clone());
        }
        self.stages.entry(binding.stage).or_insert_with(|| binding.stage_obj.clone());
        self.rows.push(binding);
    }

    pub(super) fn position(&self, pk: Uuid) -> Option<usize> {
        self.rows.iter().position(|row| row.pk == pk)
    }

    pub(super) fn remove(&mut self, row: usize) -> FlowStageBinding {
        self.revision += 1;
        self.rows.remove(row)
    }

    pub(super) fn bind_policy(&mut self, pk: Uuid, policy: Uuid) {
        self.revision += 1;
        self.policies.entry(pk).or_default().insert(policy);
    }

    fn has_flow(&self, pk: Uuid) -> bool {
        self.flows.contains_key(&pk)
    }

    fn has_stage(&self, pk: Uuid) -> bool {
        self.stages.contains_key(&pk)
    }

    fn has_policy(&self, pk: Uuid) -> bool {
        self.policies.values().any(|policies| policies.contains(&pk))
    }

    fn binds_one_of(&self, binding: &FlowStageBinding, policies: &[Uuid]) -> bool {
        self.policies.get(&binding.pk).is_some_and(|bound| policies.iter().any(|policy| bound.contains(policy)))
    }
}

impl Table for Bindings {
    fn id(&self) -> &'static str {
        OPERATION
    }

    fn path(&self) -> &'static str {
        PATH
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn select(&self, query: &Query<'_>) -> Result<Vec<usize>, ErrorResponse> {
        let filter = Filter::new(query, self)?;
        Ok(self.rows.iter().enumerate().filter(|(_, row)| filter.matches(row, self)).map(|(index, _)| index).collect())
    }

    fn scatter(&self, row: usize) -> u128 {
        self.rows.get(row).map_or(0, |row| row.pk.as_u128())
    }

    fn compare(&self, a: usize, b: usize, term: &str) -> Ordering {
        match (self.rows.get(a), self.rows.get(b)) {
            (Some(a), Some(b)) => compare(a, b, term),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }

    fn order_rules(&self, release: Release) -> OrderRules<'_> {
        order_rules(release)
    }

    fn find(&self, key: &str) -> Option<usize> {
        self.position(Uuid::parse_str(key).ok()?)
    }

    fn get(&self, row: usize, release: Release) -> Option<Value> {
        self.rows.get(row).map(|binding| FieldRules::of(release).row(binding))
    }

    fn create(&mut self, properties: Map<String, Value>) -> Result<usize, ErrorResponse> {
        let binding = self.new_binding(properties)?;
        self.write(None, binding)
    }

    fn change(&mut self, row: usize, changes: Map<String, Value>) -> Result<(), ErrorResponse> {
        let binding = serde_json::to_value(self.rows.get(row)).unwrap_or_default();
        let binding = self.changed(binding, changes)?;
        self.write(Some(row), binding).map(drop)
    }

    fn delete(&mut self, row: usize) {
        self.remove(row);
    }
}

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
        "policy_engine_mode" => mode(a).cmp(&mode(b)),
        "invalid_response_action" => action(a).cmp(&action(b)),
        _ => Ordering::Equal,
    }
}

fn mode(row: &FlowStageBinding) -> Option<&str> {
    row.policy_engine_mode.as_ref().map(PolicyEngineMode::as_str)
}

fn action(row: &FlowStageBinding) -> Option<&str> {
    row.invalid_response_action.as_ref().map(InvalidResponseAction::as_str)
}
