//! Calico's NetworkSet and GlobalNetworkSet.

use portcullis_core::{Labels, Namespace, Net, Origin};
use portcullis_netpol::{DomainPattern, NetList};
use portcullis_object::Object;
use smol_str::SmolStr;

use super::name::{self, Form};
use super::{calico_rule, selectors};
use crate::codes;
use crate::findings::Findings;

/// A network set before it inherits labels.
pub(crate) struct SetDraft {
    pub(crate) namespace: Option<Namespace>,
    pub(crate) name: SmolStr,
    pub(crate) labels: Labels,
    pub(crate) nets: NetList,
    pub(crate) domains: Vec<DomainPattern>,
    pub(crate) origin: Origin,
}

pub(crate) fn lower(object: &Object, namespace: Option<Namespace>, out: &mut Findings) -> SetDraft {
    name::check(object, Form::Subdomain, out);
    let root = object.root();
    let labels = out.labels(root);
    if labels.value(selectors::NAMESPACE).is_some() {
        let label = root
            .field("metadata")
            .and_then(|m| m.field("labels"))
            .and_then(|l| l.field(selectors::NAMESPACE));
        let place = label.map_or_else(|| root.at(), |c| c.key_place());
        let message =
            format!("`{}` is not a label that a network set can have", selectors::NAMESPACE);
        out.refuse(codes::LABEL, place, message);
    }
    let mut nets = Vec::new();
    let mut domains = Vec::new();
    if let Some(spec) = out.map(root, "spec") {
        for (text, at) in out.texts(spec, "nets") {
            match Net::parse_or_host(text) {
                Ok(net) => nets.push(net),
                Err(_) => {
                    let message = format!("`{text}` is not an address or network");
                    out.broken(codes::NET, at.at(), message);
                }
            }
        }
        for (text, at) in out.texts(spec, "allowedEgressDomains") {
            domains.extend(calico_rule::domain(text, at, out));
        }
    }
    SetDraft {
        namespace,
        name: object.name().into(),
        labels,
        nets: NetList::new(nets),
        domains,
        origin: object.origin(),
    }
}
