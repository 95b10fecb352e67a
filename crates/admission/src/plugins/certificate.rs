//! `CertificateApproval`, `CertificateSigning` and `CertificateSubjectRestriction`: who may say yes to a
//! request for a certificate, who may fulfil it, and whom nobody gets one for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::chain::{Plugin, Turn};
use crate::fields::{quoted, same, section, spec, text};
use crate::review::{Access, Operation, Subject};
use crate::{Object, Refusal};

const GROUP: &str = "certificates.k8s.io";
const REQUESTS: &str = "certificatesigningrequests";

/// The signer whose certificates the API itself believes.
const CLIENTS: &str = "kubernetes.io/kube-apiserver-client";

/// Who is in it may do anything, whatever RBAC says.
const MASTERS: &str = "system:masters";

/// Approving needs the right to `approve` for the signer.
pub(crate) struct CertificateApproval;

/// Signing needs the right to `sign` for the signer.
pub(crate) struct CertificateSigning;

/// Nobody is made a master by a certificate for clients.
pub(crate) struct CertificateSubjectRestriction;

impl Plugin for CertificateApproval {
    fn judge(&self, turn: &Turn<'_>, _request: &Object) -> Result<(), Refusal> {
        match turn.old {
            Some(old) if changes(turn, "approval") => permitted(turn, old, "approve"),
            _ => Ok(()),
        }
    }
}

impl Plugin for CertificateSigning {
    fn judge(&self, turn: &Turn<'_>, request: &Object) -> Result<(), Refusal> {
        let Some(old) = turn.old.filter(|_| changes(turn, "status")) else { return Ok(()) };
        let status = |object| section(object, "status");
        let unchanged = ["certificate", "conditions"]
            .iter()
            .all(|field| same(status(old).get(*field), status(request).get(*field)));
        if unchanged { Ok(()) } else { permitted(turn, old, "sign") }
    }
}

impl Plugin for CertificateSubjectRestriction {
    fn judge(&self, turn: &Turn<'_>, request: &Object) -> Result<(), Refusal> {
        if !turn.review.creates(GROUP, REQUESTS) || text(spec(request), "signerName") != CLIENTS {
            return Ok(());
        }
        let subject = subject(turn, request)
            .map_err(|why| Refusal::forbidden(format!("failed to parse CSR: {why}")))?;
        if subject.organizations.iter().any(|group| group == MASTERS) {
            let why = format!("use of {CLIENTS} signer with {MASTERS} group is not allowed");
            return Err(Refusal::forbidden(why));
        }
        Ok(())
    }
}

/// Whom the request in an object is made out to.
pub(super) fn subject(turn: &Turn<'_>, request: &Object) -> Result<Subject, String> {
    let pem = STANDARD.decode(text(spec(request), "request")).unwrap_or_default();
    turn.facts.subject(&pem)
}

fn changes(turn: &Turn<'_>, part: &str) -> bool {
    turn.review.operation == Operation::Update && turn.review.is_of_part(GROUP, REQUESTS, part)
}

/// Whether the requester may do something for the signer of a request, or for all signers of its domain.
fn permitted(turn: &Turn<'_>, request: &Object, verb: &str) -> Result<(), Refusal> {
    let signer = text(spec(request), "signerName");
    let domain = signer.split('/').next().unwrap_or_default();
    for name in [signer, &format!("{domain}/*")] {
        let access = Access { verb, group: GROUP, resource: "signers", namespace: "", name };
        if turn.facts.allows(&turn.review.requester, &access) {
            return Ok(());
        }
    }
    let why = format!("user not permitted to {verb} requests with signerName {}", quoted(signer));
    Err(Refusal::forbidden(why))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Table, judged, of};

    fn request(signer: &str, pem: &str, status: Value) -> Object {
        let request = json!({"spec": {"signerName": signer, "request": STANDARD.encode(pem)}, "status": status});
        request.as_object().unwrap().clone()
    }

    #[track_caller]
    fn check(
        table: &Table,
        operation: Operation,
        part: &'static str,
        new: &Object,
        old: &Object,
        want: &str,
    ) {
        let review = of(operation, REQUESTS).in_group(GROUP).part(part).named("c");
        let old = (operation == Operation::Update).then_some(old);
        let told = judged(table, review, new, old);
        assert_eq!(told.map_or_else(|why| why.to_string(), |_| String::new()), want);
    }

    #[test]
    fn a_decision_needs_the_right_for_the_signer() {
        let old = request("a.b/c", "", json!({}));
        let decided = request("a.b/c", "", json!({"conditions": [{"type": "Approved"}]}));
        let signed = request("a.b/c", "", json!({"certificate": "AA=="}));
        let one = |verb: &str, name: &str| Table::new().allowing("jane", verb, "signers", name);
        let none = Table::new();
        let approve = "user not permitted to approve requests with signerName \"a.b/c\"";
        let sign = "user not permitted to sign requests with signerName \"a.b/c\"";
        for (table, part, new, want) in [
            (&none, "approval", &decided, approve),
            (&one("approve", "a.b/c"), "approval", &decided, ""),
            (&one("approve", "a.b/*"), "approval", &decided, ""),
            (&one("sign", "a.b/c"), "approval", &decided, approve),
            (&none, "status", &signed, sign),
            (&none, "status", &decided, sign),
            (&none, "status", &old, ""),
            (&one("sign", "a.b/*"), "status", &signed, ""),
            (&none, "", &signed, ""),
        ] {
            check(table, Operation::Update, part, new, &old, want);
        }
    }

    #[test]
    fn nobody_is_made_a_master() {
        let table = Table::new();
        let refused = "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed";
        for (signer, pem, want) in [
            (CLIENTS, "jane|dev,system:masters", refused),
            (CLIENTS, "jane|dev", ""),
            (CLIENTS, "", "failed to parse CSR: no request"),
            ("a.b/c", "jane|system:masters", ""),
        ] {
            let new = request(signer, pem, json!({}));
            check(&table, Operation::Create, "", &new, &new, want);
        }
    }
}
