//! What users of flows ask of a binding and of the enums, beyond what the server says in so many words.

use crate::types::{FlowDesignation, FlowLayout, FlowStageBinding};

/// When the policies of a binding are evaluated, and with them whether its stage runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyEvaluation {
    /// Once, while the flow is planned: a stage that they refuse is not part of the plan.
    OnPlan,
    /// Each time right before the stage is shown, so that they see what the person has entered so far.
    OnRun,
    /// While the flow is planned, and again right before the stage is shown.
    OnPlanAndRun,
    /// At no time: the stage always runs.
    Never,
}

impl PolicyEvaluation {
    /// In words, for people.
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

impl FlowStageBinding {
    /// When the policies of the binding are evaluated; `None` where the server did not say both
    /// [`evaluate_on_plan`](Self::evaluate_on_plan) and [`re_evaluate_policies`](Self::re_evaluate_policies).
    ///
    /// ```
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

impl FlowLayout {
    /// Whether the form stands in a bar at the edge of the page. Layouts that came later count by their name.
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

impl FlowDesignation {
    /// Whether a flow of this kind is for people who are logged in; `None` for a kind that came later than this crate.
    ///
    /// It tells what the kind is meant for. A flow can demand more or less of its own, which this operation does not show.
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
