//! Which pods carry the token of a strong service account, and where that is written.

use portcullis_core::Place;
use portcullis_object::Cursor;
use portcullis_snapshot::Workload;

use crate::context::Context;
use crate::roles;

/// A workload whose pods carry a token with which much may be done.
pub(crate) struct Carrier<'c> {
    pub workload: &'c Workload,
    /// What the token allows, in words that follow "may".
    pub what: String,
    /// The role that a binding names, and so gives to the account.
    pub granted: Place,
    /// Where the pods name the account, else where their spec begins.
    pub place: Place,
}

/// All workloads whose pods carry the token of a strong account.
pub(crate) fn carriers<'c>(context: &'c Context<'_>) -> Vec<Carrier<'c>> {
    let strong = roles::strong_accounts(context.bindings());
    let carrier = |workload: &'c Workload| {
        let account = (workload.namespace.as_str(), workload.service_account.as_str());
        let (what, binding) = strong.get(&account)?;
        let pod = pod_spec(context, workload)?;
        let place = pod.field("serviceAccountName").map_or_else(|| pod.key_place(), |a| a.at());
        let carrier =
            Carrier { workload, what: what.clone(), granted: binding.role_place.clone(), place };
        (mounted(context, workload, pod) || projected(pod)).then_some(carrier)
    };
    context.snapshot.workloads().filter_map(|(_, workload)| carrier(workload)).collect()
}

/// The spec of the pods that a workload makes.
fn pod_spec<'a>(context: &Context<'a>, workload: &Workload) -> Option<Cursor<'a>> {
    let root = context.node(&workload.origin)?;
    let spec = root.field("spec")?;
    let template =
        spec.field("jobTemplate").and_then(|t| t.field("spec")).unwrap_or(spec).field("template");
    match template {
        Some(template) => template.field("spec"),
        None => Some(spec),
    }
}

/// Whether Kubernetes puts the token into the pods: they have the last word, then their account.
fn mounted(context: &Context<'_>, workload: &Workload, pod: Cursor<'_>) -> bool {
    const FIELD: &str = "automountServiceAccountToken";
    if let Some(said) = pod.field(FIELD).and_then(|f| f.as_bool()) {
        return said;
    }
    let mut accounts = context.of_kind("", "ServiceAccount");
    !accounts.any(|account| {
        account.name() == workload.service_account
            && context.namespace(account) == workload.namespace.as_str()
            && account.root().field(FIELD).and_then(|f| f.as_bool()) == Some(false)
    })
}

/// Whether a volume of the pods asks for a token, whatever is put into them besides.
fn projected(pod: Cursor<'_>) -> bool {
    let volumes = pod.field("volumes").into_iter().flat_map(|v| v.items());
    let sources = volumes
        .filter_map(|v| v.field("projected")?.field("sources"))
        .flat_map(|sources| sources.items());
    sources.into_iter().any(|source| source.field("serviceAccountToken").is_some())
}
