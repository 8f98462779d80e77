//! Generates bindings.

use fastrand::Rng;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use crate::types::{FlowSet, FlowStageBinding, Stage};

/// The kinds of stage that generated bindings have: component, name, model.
const KINDS: &[(&str, &str, &str)] = &[
    ("ak-stage-identification-form", "Identification Stage", "authentik_stages_identification.identificationstage"),
    ("ak-stage-password-form", "Password Stage", "authentik_stages_password.passwordstage"),
    (
        "ak-stage-authenticator-validate-form",
        "Authenticator Validation Stage",
        "authentik_stages_authenticator_validate.authenticatorvalidatestage",
    ),
    ("ak-stage-user-login-form", "User Login Stage", "authentik_stages_user_login.userloginstage"),
    ("ak-stage-user-write-form", "User Write Stage", "authentik_stages_user_write.userwritestage"),
    ("ak-stage-prompt-form", "Prompt Stage", "authentik_stages_prompt.promptstage"),
    ("ak-stage-consent-form", "Consent Stage", "authentik_stages_consent.consentstage"),
    ("ak-stage-email-form", "Email Stage", "authentik_stages_email.emailstage"),
    ("ak-stage-captcha-form", "Captcha Stage", "authentik_stages_captcha.captchastage"),
    ("ak-stage-deny-form", "Deny Stage", "authentik_stages_deny.denystage"),
];
const DESIGNATIONS: &[&str] = &["authentication", "authorization", "invalidation", "enrollment", "recovery", "stage_configuration"];

/// Generates `count` bindings of `flows` flows. The same arguments give the same bindings.
///
/// As on real servers, most bindings share their `order` with many others, a stage is used by several flows, and one binding has
/// the smallest possible `order`, `-2147483648`.
///
/// ```
/// let bindings = authentik_flow_bindings::testing::bindings(1_240, 212);
/// assert_eq!(bindings.len(), 1_240);
/// assert_eq!(bindings, authentik_flow_bindings::testing::bindings(1_240, 212));
/// ```
#[must_use]
pub fn bindings(count: usize, flows: usize) -> Vec<FlowStageBinding> {
    let mut rng = Rng::with_seed(202_506);
    let flows = (0..flows.max(1)).map(|number| flow(number, &mut rng)).collect::<Vec<_>>();
    // One stage for every two bindings, so that most stages are used by two flows.
    let mut stages = (0..=(count / 2)).map(|number| stage(number, &mut rng)).collect::<Vec<_>>();
    let places = (0..count).map(|number| (number % flows.len(), number % stages.len(), number / flows.len())).collect::<Vec<_>>();
    for (flow, stage, _) in &places {
        let (flow, stage) = (&flows[*flow], &mut stages[*stage]);
        if !stage.flow_set.iter().any(|known| known.pk == flow.pk) {
            stage.flow_set.push(flow.clone());
        }
    }
    let mut bindings = places
        .into_iter()
        .map(|(flow, stage, place)| binding(&flows[flow], &stages[stage], place / (1 + flow % 2), &mut rng))
        .collect::<Vec<_>>();
    if let Some(first) = bindings.first_mut() {
        first.order = i32::MIN.into();
    }
    bindings
}

/// A binding with its own flow and stage. The same seed gives the same binding.
pub(super) fn sample(seed: u64) -> FlowStageBinding {
    let mut rng = Rng::with_seed(seed);
    let number = rng.usize(..1_000);
    let (flow, mut stage) = (flow(number, &mut rng), stage(number, &mut rng));
    stage.flow_set.push(flow.clone());
    binding(&flow, &stage, number % 10, &mut rng)
}

fn uuid(rng: &mut Rng) -> Uuid {
    uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid()
}

fn flow(number: usize, rng: &mut Rng) -> FlowSet {
    let designation = DESIGNATIONS[number % DESIGNATIONS.len()];
    let slug = format!("{}-{number:03}", designation.replace('_', "-"));
    let layout = ["stacked", "content_left", "sidebar_right"][number % 3];
    let flow = json!({
        // If the specification calls the property `background_url`, this name is accepted as an alias.
        "background": "/static/dist/assets/images/flow_background.jpg",
        "compatibility_mode": rng.bool(),
        "denied_action": "message_continue",
        "designation": designation,
        "export_url": format!("/api/v3/flows/instances/{slug}/export/"),
        "layout": layout,
        "name": format!("Flow {number:03}"),
        "pk": uuid(rng),
        "policy_engine_mode": "any",
        "policybindingmodel_ptr_id": uuid(rng),
        "slug": slug,
        "title": format!("Welcome to flow {number}"),
    });
    model(flow)
}

/// Decodes a model from JSON, so that a new optional property in the specification needs no change here.
fn model<T: DeserializeOwned>(row: serde_json::Value) -> T {
    serde_json::from_value(row)
        .unwrap_or_else(|error| panic!("src/testing/bindings/generate.rs generates a row that the specification does not allow: {error}"))
}

fn stage(number: usize, rng: &mut Rng) -> Stage {
    let (component, kind, meta_model) = KINDS[number % KINDS.len()];
    model(json!({
        "component": component,
        "flow_set": [],
        "meta_model_name": meta_model,
        "name": format!("{} {number:04}", kind.trim_end_matches(" Stage").to_lowercase()),
        "pk": uuid(rng),
        "verbose_name": kind,
        "verbose_name_plural": format!("{kind}s"),
    }))
}

fn binding(flow: &FlowSet, stage: &Stage, place: usize, rng: &mut Rng) -> FlowStageBinding {
    let evaluate_on_plan = rng.u8(..4) == 0;
    let invalid_response_action = ["retry", "retry", "retry", "restart", "restart_with_context"][rng.usize(..5)];
    model(json!({
        "evaluate_on_plan": evaluate_on_plan,
        "invalid_response_action": invalid_response_action,
        "order": i64::try_from(place).unwrap_or(i64::MAX).saturating_mul(10),
        "pk": uuid(rng),
        "policy_engine_mode": if rng.u8(..8) == 0 { "all" } else { "any" },
        "policybindingmodel_ptr_id": uuid(rng),
        "re_evaluate_policies": rng.u8(..4) > 0,
        "stage": stage.pk,
        "stage_obj": stage,
        "target": flow.pk,
    }))
}
