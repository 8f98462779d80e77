//! What is special about flow stage bindings: their filters, their order, and the fields each release sends.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::list::{ErrorResponse, Table};
use super::query::Query;
use super::rows::Rows;
use crate::types::{FlowStageBinding, InvalidResponseAction, PolicyEngineMode};

/// The path of the operation.
pub(super) const PATH: &str = "/api/v3/flows/bindings/";

/// The fields that a release sends.
#[derive(Clone)]
pub(super) struct FieldRules {
    /// The name of the property `background`.
    pub(super) background: &'static str,
    /// Whether a page has `autocomplete`.
    pub(super) autocomplete: bool,
    pub(super) layouts: &'static [&'static str],
}

impl FieldRules {
    /// A binding as the release sends it.
    pub(super) fn row(&self, binding: &FlowStageBinding) -> Value {
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

    /// The body of a page; a bare array if the server does not paginate.
    pub(super) fn body(&self, rows: Vec<Value>, pagination: Option<Value>) -> Value {
        match pagination {
            None => Value::Array(rows),
            Some(pagination) if self.autocomplete => json!({ "pagination": pagination, "results": rows, "autocomplete": {} }),
            Some(pagination) => json!({ "pagination": pagination, "results": rows }),
        }
    }
}

impl Table for Rows {
    type Filter = Filter;

    fn revision(&self) -> u64 {
        self.revision
    }

    fn len(&self) -> usize {
        Self::len(self)
    }

    fn filter(&self, query: &Query<'_>) -> Result<Filter, ErrorResponse> {
        Filter::new(query, self)
    }

    fn matches(&self, row: usize, filter: &Filter) -> bool {
        self.as_slice().get(row).is_some_and(|row| filter.matches(row, self))
    }

    fn key(&self, row: usize) -> u128 {
        self.as_slice().get(row).map_or(0, |row| row.pk.as_u128())
    }

    fn compare(&self, a: usize, b: usize, term: &str) -> Ordering {
        match (self.as_slice().get(a), self.as_slice().get(b)) {
            (Some(a), Some(b)) => compare(a, b, term),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
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

/// The filters of a query.
pub(super) struct Filter {
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
    /// Lowercase words, each of which the name of the stage contains.
    words: Vec<String>,
}

impl Filter {
    fn new(query: &Query<'_>, rows: &Rows) -> Result<Self, ErrorResponse> {
        let search = query.get("search").unwrap_or_default();
        if search.contains('\0') {
            return Err((400, json!(["Null characters are not allowed."])));
        }
        // authentik ignores a bad boolean.
        let flag = |name: &str| query.get(name).and_then(|text| text.to_lowercase().parse().ok());
        let mut validator = Validator { query, errors: Map::new() };
        let filter = Self {
            pk: validator.uuid("fsb_uuid"),
            pbm: validator.uuid("pbm_uuid"),
            stage: validator.related("stage", |pk| rows.has_stage(pk)),
            target: validator.related("target", |pk| rows.has_flow(pk)),
            policies: validator.policies(rows),
            order: validator.number("order"),
            evaluate_on_plan: flag("evaluate_on_plan"),
            re_evaluate_policies: flag("re_evaluate_policies"),
            policy_engine_mode: validator.choice("policy_engine_mode", &["all", "any"]),
            invalid_response_action: validator.choice("invalid_response_action", &["retry", "restart", "restart_with_context"]),
            words: search.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_lowercase).collect(),
        };
        if validator.errors.is_empty() { Ok(filter) } else { Err((400, Value::Object(validator.errors))) }
    }

    fn matches(&self, row: &FlowStageBinding, rows: &Rows) -> bool {
        fn is<T: PartialEq + Copy>(wanted: Option<T>, value: Option<T>) -> bool {
            wanted.is_none_or(|wanted| value == Some(wanted))
        }
        is(self.pk, Some(row.pk))
            && is(self.pbm, Some(row.policybindingmodel_ptr_id))
            && is(self.stage, Some(row.stage))
            && is(self.target, Some(row.target))
            && (self.policies.is_empty() || rows.binds_one_of(row, &self.policies))
            && is(self.order, Some(row.order))
            && is(self.evaluate_on_plan, row.evaluate_on_plan)
            && is(self.re_evaluate_policies, row.re_evaluate_policies)
            && is(self.policy_engine_mode.as_deref(), mode(row))
            && is(self.invalid_response_action.as_deref(), action(row))
            && (self.words.is_empty() || {
                let name = row.stage_obj.name.to_lowercase();
                self.words.iter().all(|word| name.contains(word))
            })
    }
}

/// Validates filters as authentik does, with its messages: one list for each parameter.
struct Validator<'a> {
    query: &'a Query<'a>,
    errors: Map<String, Value>,
}

impl Validator<'_> {
    fn error(&mut self, name: &str, message: &str) {
        self.errors.insert(name.to_owned(), json!([message]));
    }

    fn uuid(&mut self, name: &str) -> Option<Uuid> {
        let uuid = Uuid::parse_str(self.query.get(name)?).ok();
        if uuid.is_none() {
            self.error(name, "Enter a valid UUID.");
        }
        uuid
    }

    /// The key of an object that must exist.
    fn related(&mut self, name: &str, exists: impl Fn(Uuid) -> bool) -> Option<Uuid> {
        let text = self.query.get(name)?;
        match Uuid::parse_str(text) {
            Ok(pk) if exists(pk) => return Some(pk),
            Ok(_) => self.error(name, "Select a valid choice. That choice is not one of the available choices."),
            Err(_) => self.error(name, &format!("“{text}” is not a valid UUID.")),
        }
        None
    }

    fn policies(&mut self, rows: &Rows) -> Vec<Uuid> {
        let mut policies = Vec::new();
        for text in self.query.all("policies") {
            match Uuid::parse_str(text) {
                Ok(pk) if rows.has_policy(pk) => policies.push(pk),
                Ok(pk) => self.error("policies", &format!("Select a valid choice. {pk} is not one of the available choices.")),
                Err(_) => self.error("policies", &format!("“{text}” is not a valid UUID.")),
            }
        }
        policies
    }

    fn number(&mut self, name: &str) -> Option<i64> {
        let number = self.query.get(name)?.parse().ok();
        if number.is_none() {
            self.error(name, "Enter a number.");
        }
        number
    }

    fn choice(&mut self, name: &str, values: &[&str]) -> Option<String> {
        let text = self.query.get(name)?;
        if !values.contains(&text) {
            self.error(name, &format!("Select a valid choice. {text} is not one of the available choices."));
        }
        Some(text.to_owned())
    }
}
