//! Bindings grouped by flow, and finding a flow by its slug.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use authentik_flow_bindings::{Client, FlowStageBinding, PolicyEvaluation};
use indicatif::HumanCount;
use uuid::Uuid;

/// How similar a name must be to be suggested.
const SIMILAR: f64 = 0.75;

/// A flow with its bindings, in the order in which the stages run.
pub struct Flow {
    pub slug: String,
    pub name: String,
    pub designation: String,
    pub bindings: Vec<FlowStageBinding>,
}

impl Flow {
    fn new(pk: Uuid, mut bindings: Vec<FlowStageBinding>) -> Self {
        bindings.sort_by_key(|binding| (binding.order, binding.pk));
        // The slug, name and designation of a flow are only in the `flow_set` of its stages.
        let described = bindings.iter().flat_map(|binding| &binding.stage_obj.flow_set).find(|flow| flow.pk == pk);
        let (slug, name, designation) = match described {
            Some(flow) => (flow.slug.clone(), flow.name.clone(), flow.designation.label().to_owned()),
            None => (pk.to_string(), "Unknown flow".to_owned(), "Unknown".to_owned()),
        };
        Self { slug, name, designation, bindings }
    }
}

/// Groups bindings by flow; the flows are sorted by slug.
pub fn by_flow(bindings: Vec<FlowStageBinding>) -> Vec<Flow> {
    let mut flows = BTreeMap::<Uuid, Vec<FlowStageBinding>>::new();
    for binding in bindings {
        flows.entry(binding.target).or_default().push(binding);
    }
    let mut flows = flows.into_iter().map(|(pk, bindings)| Flow::new(pk, bindings)).collect::<Vec<_>>();
    flows.sort_by(|a, b| a.slug.cmp(&b.slug));
    flows
}

/// When the policies of a binding are evaluated.
pub fn evaluated(binding: &FlowStageBinding) -> &'static str {
    binding.policy_evaluation().map_or("unknown", PolicyEvaluation::label)
}

/// The primary key of the flow with this slug. The API cannot filter by slug, so bindings are listed until one belongs to the flow.
pub async fn find_flow(client: &Client, slug: &str) -> Result<Uuid> {
    let mut slugs = BTreeSet::new();
    let mut items = client.flows_bindings_list().paginate().concurrency(8).items();
    while let Some(binding) = items.try_next().await? {
        for flow in binding.stage_obj.flow_set {
            if flow.slug == slug {
                return Ok(flow.pk);
            }
            slugs.insert(flow.slug);
        }
    }
    match nearest(slug, &slugs).join(", ").as_str() {
        "" => {
            let some = slugs.into_iter().take(3).collect::<Vec<_>>().join(", ");
            bail!("no flow with stages has the slug `{slug}`: run without --flow to see them all, such as {some}")
        }
        nearest => bail!("no flow with stages has the slug `{slug}`: did you mean {nearest}?"),
    }
}

/// Up to five known slugs that are similar to this one, the most similar first.
fn nearest<'a>(slug: &str, known: &'a BTreeSet<String>) -> Vec<&'a str> {
    let wanted = slug.to_lowercase();
    let similarity = |known: &str| {
        let contained = !wanted.is_empty() && (known.contains(&wanted) || wanted.contains(known));
        strsim::jaro_winkler(&wanted, known) + if contained { 1.0 } else { 0.0 }
    };
    let mut similar = known.iter().map(|slug| (similarity(&slug.to_lowercase()), slug.as_str())).collect::<Vec<_>>();
    similar.retain(|(similarity, _)| *similarity > SIMILAR);
    similar.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    similar.into_iter().take(5).map(|(_, slug)| slug).collect()
}

/// A number of things: `1 flow`, `1,240 bindings`.
pub fn number(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", HumanCount(count as u64), if count == 1 { "" } else { "s" })
}
