//! Convenience methods for flows, bindings and enums; they are not part of the specification.
//!
//! `build.rs` sets the cfgs `model` and `operation` for everything that it generates, so each method is compiled only if its types exist.

#[allow(clippy::wildcard_imports, reason = "each is used if the specification has it")]
#[allow(unused_imports)]
use crate::types::*;
#[cfg(operation = "flows_bindings_list")]
use crate::{Client, Error};

/// When the policies of a binding, which decide whether its stage runs, are evaluated.
#[cfg(model = "FlowStageBinding")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyEvaluation {
    /// Once, while the flow is planned: a stage that they deny is not part of the plan.
    OnPlan,
    /// Each time right before the stage is shown, so that policies can use what the user has entered so far.
    OnRun,
    /// While the flow is planned, and again right before the stage is shown.
    OnPlanAndRun,
    /// Never: the stage always runs.
    Never,
}

#[cfg(model = "FlowStageBinding")]
impl PolicyEvaluation {
    /// A readable label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::OnPlan => "On plan",
            Self::OnRun => "On run",
            Self::OnPlanAndRun => "On plan and run",
            Self::Never => "Never",
        }
    }
}

#[cfg(operation = "flows_bindings_list")]
impl Client {
    /// Finds a flow by its slug, the name in its URL: `default-authentication-flow`.
    ///
    /// authentik filters bindings only by the flow's UUID, so the slug is looked up in the rows, each of which lists the flows that use its
    /// stage. This requests pages until a row has the flow, or all pages if no row has it. A flow to which no stage is bound, or whose
    /// bindings the token may not see, is not found.
    ///
    #[cfg_attr(feature = "testing", doc = "```")]
    #[cfg_attr(not(feature = "testing"), doc = "```ignore")]
    /// use authentik_flow_bindings::testing::{FakeAuthentik, bindings};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let rows = bindings(10, 2);
    /// let slug = rows[0].flow().ok_or("no flow")?.slug.clone();
    /// let server = FakeAuthentik::builder().bindings(rows).start().await?;
    /// let client = server.client();
    /// let flow = client.find_flow(&slug).await?.ok_or("no such flow")?;
    /// let bindings = client.flows_bindings_list().target(flow.pk).paginate().collect().await?;
    /// assert!(bindings.iter().all(|binding| binding.target == flow.pk));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of a listing: see [`pagination`](crate::pagination).
    pub async fn find_flow(&self, slug: &str) -> Result<Option<FlowSet>, Error> {
        let mut items = self.flows_bindings_list().paginate().items();
        while let Some(binding) = items.try_next().await? {
            let found = binding.stage_obj.flow_set.into_iter().find(|flow| flow.slug == slug);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

#[cfg(model = "FlowStageBinding")]
impl FlowStageBinding {
    /// The flow that the stage is bound to: the [`target`](Self::target) among the flows that use the stage.
    ///
    /// `None` if the server left out [`flow_set`](crate::Stage::flow_set), as it may up to 2025.10.
    ///
    #[cfg_attr(feature = "testing", doc = "```")]
    #[cfg_attr(not(feature = "testing"), doc = "```ignore")]
    /// use authentik_flow_bindings::testing::bindings;
    ///
    /// let binding = bindings(1, 1).remove(0);
    /// assert_eq!(binding.flow().map(|flow| flow.pk), Some(binding.target));
    /// ```
    #[must_use]
    pub fn flow(&self) -> Option<&FlowSet> {
        self.stage_obj.flow_set.iter().find(|flow| flow.pk == self.target)
    }

    /// When the policies of the binding are evaluated; `None` unless the server sent both
    /// [`evaluate_on_plan`](Self::evaluate_on_plan) and [`re_evaluate_policies`](Self::re_evaluate_policies).
    ///
    #[cfg_attr(feature = "testing", doc = "```")]
    #[cfg_attr(not(feature = "testing"), doc = "```ignore")]
    /// use authentik_flow_bindings::{PolicyEvaluation, testing::bindings};
    ///
    /// let mut binding = bindings(1, 1).remove(0);
    /// (binding.evaluate_on_plan, binding.re_evaluate_policies) = (Some(false), Some(true));
    /// assert_eq!(binding.policy_evaluation(), Some(PolicyEvaluation::OnRun));
    /// ```
    #[must_use]
    pub const fn policy_evaluation(&self) -> Option<PolicyEvaluation> {
        match (self.evaluate_on_plan, self.re_evaluate_policies) {
            (Some(true), Some(true)) => Some(PolicyEvaluation::OnPlanAndRun),
            (Some(true), Some(false)) => Some(PolicyEvaluation::OnPlan),
            (Some(false), Some(true)) => Some(PolicyEvaluation::OnRun),
            (Some(false), Some(false)) => Some(PolicyEvaluation::Never),
            _ => None,
        }
    }
}

#[cfg(model = "FlowLayout")]
impl FlowLayout {
    /// Whether the form is in a sidebar. For an unknown layout, its name decides.
    ///
    /// ```
    /// use authentik_flow_bindings::FlowLayout;
    ///
    /// assert!(FlowLayout::SidebarLeft.is_sidebar());
    /// assert!(FlowLayout::from("sidebar_left_frame_background").is_sidebar());
    /// assert!(!FlowLayout::Stacked.is_sidebar());
    /// ```
    #[must_use]
    pub fn is_sidebar(&self) -> bool {
        self.as_str().starts_with("sidebar_")
    }
}

#[cfg(model = "FlowDesignation")]
impl FlowDesignation {
    /// Whether flows of this designation are for users who are logged in; `None` for an unknown designation.
    ///
    /// This is what the designation implies. A flow's own authentication requirement may differ, but this operation does not return it.
    ///
    /// ```
    /// use authentik_flow_bindings::FlowDesignation;
    ///
    /// assert_eq!(FlowDesignation::Authorization.needs_login(), Some(true));
    /// assert_eq!(FlowDesignation::Recovery.needs_login(), Some(false));
    /// ```
    #[must_use]
    pub const fn needs_login(&self) -> Option<bool> {
        match self {
            Self::Authorization | Self::Invalidation | Self::Unenrollment | Self::StageConfiguration => Some(true),
            Self::Authentication | Self::Enrollment | Self::Recovery => Some(false),
            Self::Unknown(_) => None,
        }
    }
}
