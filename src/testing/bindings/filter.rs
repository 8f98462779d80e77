//! The filters of flow stage bindings.

use uuid::Uuid;

use super::{Bindings, action, mode};
use crate::testing::list::ErrorResponse;
use crate::testing::query::Query;
use crate::testing::validator::Validator;
use crate::types::FlowStageBinding;

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
    /// Lowercase words that the stage's name must contain.
    words: Vec<String>,
}

impl Filter {
    pub(super) fn new(query: &Query<'_>, rows: &Bindings) -> Result<Self, ErrorResponse> {
        let mut validator = Validator::new(query);
        let filter = Self {
            pk: validator.uuid("fsb_uuid"),
            pbm: validator.uuid("pbm_uuid"),
            stage: validator.related("stage", |pk| rows.has_stage(pk)),
            target: validator.related("target", |pk| rows.has_flow(pk)),
            policies: validator.policies(rows),
            order: validator.number("order"),
            evaluate_on_plan: validator.flag("evaluate_on_plan"),
            re_evaluate_policies: validator.flag("re_evaluate_policies"),
            policy_engine_mode: validator.choice("policy_engine_mode", &["all", "any"]),
            invalid_response_action: validator.choice("invalid_response_action", &["retry", "restart", "restart_with_context"]),
            words: validator.words()?,
        };
        validator.check(filter)
    }

    pub(super) fn matches(&self, row: &FlowStageBinding, rows: &Bindings) -> bool {
        fn allows<T: PartialEq + Copy>(wanted: Option<T>, value: Option<T>) -> bool {
            wanted.is_none_or(|wanted| value == Some(wanted))
        }
        allows(self.pk, Some(row.pk))
            && allows(self.pbm, Some(row.policybindingmodel_ptr_id))
            && allows(self.stage, Some(row.stage))
            && allows(self.target, Some(row.target))
            && (self.policies.is_empty() || rows.binds_one_of(row, &self.policies))
            && allows(self.order, Some(row.order))
            && allows(self.evaluate_on_plan, row.evaluate_on_plan)
            && allows(self.re_evaluate_policies, row.re_evaluate_policies)
            && allows(self.policy_engine_mode.as_deref(), mode(row))
            && allows(self.invalid_response_action.as_deref(), action(row))
            && (self.words.is_empty() || {
                let name = row.stage_obj.name.to_lowercase();
                self.words.iter().all(|word| name.contains(word))
            })
    }
}

impl Validator<'_> {
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

    fn policies(&mut self, rows: &Bindings) -> Vec<Uuid> {
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
}
