//! Creates bindings from the properties that a test or a request sets.

use fastrand::Rng;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::generate::sample;
use super::{Bindings, OPERATION};
use crate::codegen::shapes::LISTS;
use crate::testing::list::ErrorResponse;
use crate::testing::validator;
use crate::types::FlowStageBinding;

/// Properties of a binding that authentik ignores in a request body.
const READ_ONLY: [&str; 3] = ["pk", "policybindingmodel_ptr_id", "stage_obj"];
const REQUIRED: [&str; 3] = ["target", "stage", "order"];

impl Bindings {
    /// A binding with these properties. Missing ones are generated; its flow and stage need not exist.
    pub(in crate::testing) fn completed(&self, given: Map<String, Value>) -> Result<FlowStageBinding, serde_json::Error> {
        let mut row = serde_json::to_value(sample(self.revision))?;
        let known = given.get("stage").and_then(Value::as_str).and_then(|text| self.stages.get(&Uuid::parse_str(text).ok()?));
        let copies: &[_] = match known {
            _ if given.contains_key("stage_obj") => &[("/stage_obj/pk", "/stage")],
            Some(_) => &[],
            None => &[("/stage", "/stage_obj/pk"), ("/target", "/stage_obj/flow_set/0/pk")],
        };
        if let Some(row) = row.as_object_mut() {
            row.extend(known.map(|stage| ("stage_obj".to_owned(), json!(stage))));
            row.extend(given);
        }
        for (from, to) in copies {
            if let (Some(value), Some(place)) = (row.pointer(from).cloned(), row.pointer_mut(to)) {
                *place = value;
            }
        }
        serde_json::from_value(row)
    }

    /// A new binding with these properties, and authentik's defaults for the others.
    pub(super) fn new_binding(&self, properties: Map<String, Value>) -> Result<FlowStageBinding, ErrorResponse> {
        // Differs for every binding, and is the same for the same sequence of calls.
        let mut rng = Rng::with_seed(self.revision);
        let mut uuid = || uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid();
        let binding = json!({
            "pk": uuid(),
            "policybindingmodel_ptr_id": uuid(),
            "evaluate_on_plan": false,
            "re_evaluate_policies": true,
            "policy_engine_mode": "any",
            "invalid_response_action": "retry",
        });
        self.changed(binding, properties)
    }

    /// The binding with these changes applied.
    pub(super) fn changed(&self, binding: Value, mut changes: Map<String, Value>) -> Result<FlowStageBinding, ErrorResponse> {
        changes.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
        if let Some(list) = LISTS.iter().find(|list| list.id == OPERATION) {
            validator::check_body(list, &changes)?;
        }
        let mut binding = serde_json::from_value::<Map<_, _>>(binding).unwrap_or_default();
        binding.extend(changes);
        let mut errors = Map::new();
        for name in REQUIRED.iter().filter(|name| !binding.contains_key(**name)) {
            errors.insert((*name).into(), json!(["This field is required."]));
        }
        let key = |name: &str| binding.get(name).and_then(Value::as_str).and_then(|text| Uuid::parse_str(text).ok());
        let (target, stage) = (key("target"), key("stage"));
        for (name, key, exists) in
            [("target", target, target.is_some_and(|pk| self.has_flow(pk))), ("stage", stage, stage.is_some_and(|pk| self.has_stage(pk)))]
        {
            if let Some(key) = key.filter(|_| !exists) {
                errors.insert(name.into(), json!([format!("Invalid pk \"{key}\" - object does not exist.")]));
            }
        }
        if !errors.is_empty() {
            return Err((400, Value::Object(errors)));
        }
        binding.insert("stage_obj".into(), json!(stage.and_then(|pk| self.stages.get(&pk))));
        serde_json::from_value(Value::Object(binding)).map_err(|error| (400, json!({ "detail": error.to_string() })))
    }

    /// Adds a binding, or replaces the one at this index.
    pub(super) fn write(&mut self, row: Option<usize>, mut binding: FlowStageBinding) -> Result<usize, ErrorResponse> {
        let place = |binding: &FlowStageBinding| (binding.target, binding.stage, binding.order);
        if self.rows.iter().enumerate().any(|(index, other)| Some(index) != row && place(other) == place(&binding)) {
            return Err((400, json!({ "non_field_errors": ["The fields target, stage, order must make a unique set."] })));
        }
        if let Some(flow) = self.flows.get(&binding.target).cloned().flatten()
            && !binding.stage_obj.flow_set.iter().any(|known| known.pk == flow.pk)
        {
            binding.stage_obj.flow_set.push(flow);
        }
        match row.and_then(|row| self.rows.get_mut(row)) {
            Some(row) => *row = binding,
            None => self.insert(binding),
        }
        self.revision += 1;
        Ok(row.unwrap_or(self.rows.len() - 1))
    }
}
