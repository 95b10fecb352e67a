//! What readers and lowering could not say: what happens to those who do not heed it.

use portcullis_core::{Diagnostic, Step};
use portcullis_object::{Object, codes};
use portcullis_schema::{Type, message};
use portcullis_snapshot::codes as refusals;

use crate::context::{Context, is_calico};
use crate::found::Found;

/// Adds consequences and likely causes to what others found.
pub(crate) fn add(context: &Context<'_>, found: &mut Found) {
    for diagnostic in found.iter_mut() {
        let Some(object) = context.object_of(diagnostic) else { continue };
        let advice = match diagnostic.code {
            codes::WRONG_CASE => without_spec(diagnostic, object),
            codes::UNKNOWN_FIELD => {
                of_enterprise(diagnostic, object).or_else(|| of_other_api(diagnostic, object))
            }
            refusals::SELECTOR => unparsable(diagnostic, object),
            _ => None,
        };
        if let Some(advice) = advice {
            diagnostic.help.push(advice);
        }
    }
}

/// `Spec:` is the worst of all slips: a client that drops the field leaves a policy without one.
fn without_spec(diagnostic: &Diagnostic, object: &Object) -> Option<String> {
    let path = diagnostic.origin()?.path.to_string();
    if !path.eq_ignore_ascii_case("spec") || !object.kind().ends_with("NetworkPolicy") {
        return None;
    }
    let whom = match object.kind() {
        "GlobalNetworkPolicy" | "StagedGlobalNetworkPolicy" => "every pod and host endpoint",
        _ => "every pod of its namespace",
    };
    Some(format!(
        "a client that drops unknown fields leaves a policy without `spec`: it selects {whom} and denies all ingress"
    ))
}

/// Fields of FelixConfiguration that configure flow, DNS and application-layer logs.
const LOGS: [&str; 4] = ["flowLogs", "dnsLogs", "l7Logs", "dnsTrusted"];

fn of_enterprise(diagnostic: &Diagnostic, object: &Object) -> Option<String> {
    let path = diagnostic.origin()?.path.to_string();
    let field = path.rsplit('.').next()?;
    let known = is_calico(object)
        && object.kind() == "FelixConfiguration"
        && LOGS.iter().any(|prefix| field.starts_with(prefix));
    known.then(|| {
        format!("`{field}` is known to Calico Enterprise and Cloud, not to open-source Calico")
    })
}

/// Kubernetes and Calico both have a NetworkPolicy, and each knows fields that the other does not.
fn of_other_api(diagnostic: &Diagnostic, object: &Object) -> Option<String> {
    let (group, version) = match (object.kind(), object.group()) {
        ("NetworkPolicy", "networking.k8s.io") => ("projectcalico.org", "v3"),
        ("NetworkPolicy", _) if is_calico(object) => ("networking.k8s.io", "v1"),
        _ => return None,
    };
    let path = &diagnostic.origin()?.path;
    let depth = object.root().path().steps().len();
    let mut kind = Type::Message(message(group, version, object.kind())?);
    let mut last = "";
    for step in path.steps().into_iter().skip(depth) {
        kind = match (step, kind) {
            (Step::Index(_), Type::List(item)) => *item,
            (Step::Field(name), Type::Message(inside)) => {
                let field = inside.field(name)?;
                last = field.name;
                field.kind
            }
            _ => return None,
        };
    }
    Some(format!(
        "`{last}` is a field of the NetworkPolicy of `{group}/{version}`: check `apiVersion`"
    ))
}

/// What Felix makes of a selector that it cannot parse, once it is stored.
fn unparsable(diagnostic: &Diagnostic, object: &Object) -> Option<String> {
    let path = diagnostic.origin()?.path.to_string();
    let in_rule = path.contains("ingress[") || path.contains("egress[");
    let global = object.kind() == "GlobalNetworkPolicy";
    let subject = matches!(path.as_str(), "spec.namespaceSelector" | "spec.serviceAccountSelector");
    Some(if !in_rule && subject && global {
        "where it is stored all the same, the policy selects everything".to_owned()
    } else {
        "where it is stored all the same, the whole policy vanishes, and what it isolates is open"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{report, shown};

    #[test]
    fn the_consequence_is_said() {
        for (text, want) in [
            (
                "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: a}\nSpec: {}\n",
                "it selects every pod and host endpoint and denies all ingress",
            ),
            (
                "apiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {name: default}\n\
                 spec: {flowLogsFileAggregationKindForDenied: 1}\n",
                "`flowLogsFileAggregationKindForDenied` is known to Calico Enterprise and Cloud",
            ),
            (
                "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n\
                 spec: {ingress: [{action: Allow}]}\n",
                "`action` is a field of the NetworkPolicy of `projectcalico.org/v3`",
            ),
            (
                "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: a}\n\
                 spec: {policyTypes: [Ingress]}\n",
                "`policyTypes` is a field of the NetworkPolicy of `networking.k8s.io/v1`",
            ),
            (
                "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: a}\n\
                 spec: {namespaceSelector: a = 'b'}\n",
                "the policy selects everything",
            ),
            (
                "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: a}\n\
                 spec: {ingress: [{action: Allow, source: {selector: a = 'b'}}]}\n",
                "the whole policy vanishes",
            ),
        ] {
            let found: Vec<String> = report(text).findings.iter().map(|f| shown(text, f)).collect();
            assert!(found.iter().any(|f| f.contains(want)), "{want}: {found:#?}");
        }
    }
}
