//! Creates bindings from the properties that a test or a request sets.

use fastrand::Rng;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::generate::sample;
use super::{Bindings, OPERATION};
use crate::codegen::shapes::LISTS;
use crate::testing::list::ErrorResponse;
use crate::testing::validator;
use crate::types::{FlowSet, FlowStageBinding};

/// Properties of a binding that authentik ignores in a request body.
const READ_ONLY: [&str; 3] = ["pk", "policybindingmodel_ptr_id", "stage_obj"];
const REQUIRED: [&str; 3] = ["target", "stage", "order"];

fn decode(row: Value) -> Result<FlowStageBinding, String> {
    serde_path_to_error::deserialize(row).map_err(|error| error.to_string())
}

/// Merges properties into a row, also in nested objects. Each item of a given array is completed with the first item of the row's array.
fn merge(row: &mut Value, given: Value) {
    match (row, given) {
        (Value::Object(row), Value::Object(given)) => {
            for (name, value) in given {
                merge(row.entry(name).or_insert(Value::Null), value);
            }
        }
        (Value::Array(row), Value::Array(given)) => {
            let first = row.first().cloned().unwrap_or_default();
            let complete = |value| {
                let mut item = first.clone();
                merge(&mut item, value);
                item
            };
            *row = given.into_iter().map(complete).collect();
        }
        (row, given) => *row = given,
    }
}

/// Puts the flow `target` first into a `flow_set`, in place of the generated one: as it is known, or as it was generated.
fn add_flow(flows: &mut Value, generated: Option<FlowSet>, known: Option<FlowSet>, target: Uuid) {
    let Some(flows) = flows.as_array_mut() else { return };
    let generated_pk = generated.as_ref().map(|flow| json!(flow.pk));
    flows.retain(|flow| flow["pk"] != json!(target) && Some(&flow["pk"]) != generated_pk.as_ref());
    let mut flow = json!(known.or(generated));
    flow["pk"] = json!(target);
    flows.insert(0, flow);
}

impl Bindings {
    /// A binding with these properties, also nested ones. Missing ones are copied from the known stage or flow, or are generated.
    ///
    /// # Errors
    /// Fails with the path of the property that has the wrong type.
    pub(in crate::testing) fn completed(&self, given: &Map<String, Value>) -> Result<FlowStageBinding, String> {
        // A complete row, for instance one that was saved from a server, may have the properties of another release.
        if let Ok(complete) = decode(given.clone().into()) {
            return Ok(complete);
        }
        let uuid = |name: &str| Uuid::parse_str(given.get(name)?.as_str()?).ok();
        let (stage, target) = (uuid("stage"), uuid("target"));
        let sample = sample(self.revision);
        let own_flow = sample.flow().cloned();
        let mut row = json!(sample);
        if let Some(stage) = stage.and_then(|pk| self.stages.get(&pk)) {
            row["stage_obj"] = json!(stage);
        }
        if let Some(target) = target {
            let known = self.flows.get(&target).cloned().flatten();
            add_flow(&mut row["stage_obj"]["flow_set"], own_flow, known, target);
        }
        merge(&mut row, given.clone().into());
        // The keys of a binding are those of its nested stage and flow.
        if let (Some(pk), Some(place)) = (stage, row.pointer_mut("/stage_obj/pk")) {
            *place = json!(pk);
        }
        for (key, from) in [("stage", "/stage_obj/pk"), ("target", "/stage_obj/flow_set/0/pk")] {
            if let Some(pk) = row.pointer(from).cloned().filter(|_| !given.contains_key(key)) {
                row[key] = pk;
            }
        }
        decode(row)
    }

    /// A new binding with these properties, and authentik's defaults for the others.
    pub(super) fn new_binding(&self, properties: Map<String, Value>) -> Result<FlowStageBinding, ErrorResponse> {
        // The seed differs for every binding, and is the same for the same sequence of calls.
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
