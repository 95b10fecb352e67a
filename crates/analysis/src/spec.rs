//! The grammar of endpoints, the same wherever one is named.
//!
//! ```text
//! spec     := who [ what ]
//! who      := [ kind "/" ] [ namespace "/" ] name        a pod, else a workload; kind: pod, deploy, …
//!           | [ namespace "/" ] label "=" value { "," label "=" value }
//!           | "ip/" address | "ip/[" v6-address "]"
//!           | "svc/" [ namespace "/" ] name
//!           | "node/" name | "hep/" name | "dns/" name
//! what     := ":" port [ "/" protocol ]                  port: number or name; tcp unless said
//!           | "/icmp" [ ":" type [ "." code ] ]
//!           | "/" protocol-number
//! ```

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use portcullis_core::Protocol;
use smol_str::SmolStr;

/// One end of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Who.
    pub who: Who,
    /// On which port or protocol.
    pub what: What,
}

/// Who is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A pod or workload by name.
    Workload {
        /// The kind, if one was said (`Deployment`).
        kind: Option<&'static str>,
        /// The namespace, if one was said.
        namespace: Option<SmolStr>,
        /// The name.
        name: SmolStr,
    },
    /// Every pod that has these labels.
    Labelled {
        /// The namespace, if one was said.
        namespace: Option<SmolStr>,
        /// The labels.
        labels: Vec<(SmolStr, SmolStr)>,
    },
    /// An address.
    Address(IpAddr),
    /// A service.
    Service {
        /// The namespace, if one was said.
        namespace: Option<SmolStr>,
        /// The name.
        name: SmolStr,
    },
    /// A node.
    Node(SmolStr),
    /// A host endpoint.
    HostEndpoint(SmolStr),
    /// A DNS name.
    Domain(SmolStr),
}

/// On which port or protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing was said.
    Unsaid,
    /// A port.
    Port(PortSpec, Protocol),
    /// ICMP of the flow's family; type and code if said.
    Icmp(Option<u8>, Option<u8>),
    /// Another protocol, by number.
    Protocol(Protocol),
}

/// A port by number or name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortSpec {
    /// By number.
    Number(u16),
    /// By name.
    Named(SmolStr),
}

/// Why a text names no endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` names no endpoint: {}", self.text, self.why)
    }
}

impl std::error::Error for SpecError {}

/// The words for kinds, as kubectl takes them.
const KINDS: &[(&[&str], &str)] = &[
    (&["pod", "pods", "po"], "Pod"),
    (&["deploy", "deployment", "deployments"], "Deployment"),
    (&["sts", "statefulset", "statefulsets"], "StatefulSet"),
    (&["ds", "daemonset", "daemonsets"], "DaemonSet"),
    (&["rs", "replicaset", "replicasets"], "ReplicaSet"),
    (&["rc", "replicationcontroller", "replicationcontrollers"], "ReplicationController"),
    (&["job", "jobs"], "Job"),
    (&["cj", "cronjob", "cronjobs"], "CronJob"),
];

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let wrong = |why: String| SpecError { text: text.to_owned(), why };
        if text.is_empty() {
            return Err(wrong("it is empty".into()));
        }
        if text.chars().any(char::is_whitespace) {
            return Err(wrong("it has a blank in it".into()));
        }
        let (who, what) = split(text).map_err(wrong)?;
        Ok(Self { who: read_who(who).map_err(wrong)?, what: read_what(what).map_err(wrong)? })
    }
}

/// Splits the text where `what` begins.
fn split(text: &str) -> Result<(&str, &str), String> {
    if let Some(rest) = text.strip_prefix("ip/") {
        if rest.parse::<IpAddr>().is_ok() {
            return Ok((text, ""));
        }
        let end = if rest.starts_with('[') {
            rest.find(']').map(|i| i + 1).ok_or("the `[` is not closed")?
        } else {
            rest.find([':', '/']).unwrap_or(rest.len())
        };
        return Ok(text.split_at("ip/".len() + end));
    }
    let colon = text.find(':').unwrap_or(text.len());
    let (before, _) = text.split_at(colon);
    // A protocol is the last segment, behind a name: `dev/centos/icmp`, `dev/centos/132`. Two
    // segments are a namespace and a name, whatever the name looks like, but for `icmp`.
    let segments: Vec<&str> = before.split('/').collect();
    let last = segments.last().copied().unwrap_or("");
    let is_icmp = matches!(last, "icmp" | "icmpv6") && segments.len() > 1;
    let kind_first = segments.first().is_some_and(|s| is_prefix(s));
    let enough = segments.len() > if kind_first { 3 } else { 2 };
    let is_number = last.bytes().all(|b| b.is_ascii_digit()) && !last.is_empty() && enough;
    if is_icmp || (is_number && colon == text.len()) {
        return Ok(text.split_at(before.len() - last.len() - 1));
    }
    Ok(text.split_at(colon))
}

/// The kind of workload that a word stands for.
pub(crate) fn kind_of(word: &str) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    KINDS.iter().find(|(words, _)| words.contains(&lower.as_str())).map(|(_, kind)| *kind)
}

fn is_prefix(word: &str) -> bool {
    kind_of(word).is_some() || matches!(word, "svc" | "service" | "node" | "hep" | "dns")
}

fn read_who(text: &str) -> Result<Who, String> {
    let segments: Vec<&str> = text.split('/').collect();
    if segments.iter().any(|s| s.is_empty()) && !text.contains('=') {
        return Err("a part of it is empty".into());
    }
    if let Some(rest) = text.strip_prefix("ip/") {
        let address = rest.trim_start_matches('[').trim_end_matches(']');
        let read = address.parse().map_err(|_| format!("`{address}` is not an address"))?;
        return Ok(Who::Address(read));
    }
    if text.contains('=') {
        return labelled(text);
    }
    let is_icmp = |name: &str| matches!(name.to_ascii_lowercase().as_str(), "icmp" | "icmpv6");
    if let [_, .., name] = segments.as_slice()
        && is_icmp(name)
    {
        // Without what follows it would be read as the protocol.
        return Err(format!("`/{name}` is the protocol: say what is called so by its labels"));
    }
    let named = |namespace: Option<&str>| namespace.map(SmolStr::from);
    match segments.as_slice() {
        ["node", name] => Ok(Who::Node((*name).into())),
        ["hep", name] => Ok(Who::HostEndpoint((*name).into())),
        ["dns", name] => Ok(Who::Domain(name.to_ascii_lowercase().into())),
        ["svc" | "service", name] => Ok(Who::Service { namespace: None, name: (*name).into() }),
        ["svc" | "service", namespace, name] => {
            Ok(Who::Service { namespace: named(Some(namespace)), name: (*name).into() })
        }
        [name] => Ok(Who::Workload { kind: None, namespace: None, name: (*name).into() }),
        [kind, name] if kind_of(kind).is_some() => {
            Ok(Who::Workload { kind: kind_of(kind), namespace: None, name: (*name).into() })
        }
        [namespace, name] => Ok(Who::Workload {
            kind: None,
            namespace: named(Some(namespace)),
            name: (*name).into(),
        }),
        [kind, namespace, name] if kind_of(kind).is_some() => Ok(Who::Workload {
            kind: kind_of(kind),
            namespace: named(Some(namespace)),
            name: (*name).into(),
        }),
        [kind, _, _] => Err(format!("`{kind}` is not a kind such as pod, deploy, svc")),
        _ => Err("it has too many parts".into()),
    }
}

/// `NS/k=v,…`; a label's key may have a `/` of its own: `NS/app.kubernetes.io/name=web`.
fn labelled(text: &str) -> Result<Who, String> {
    let first = text.find('=').unwrap_or(0);
    let (head, _) = text.split_at(first);
    // Without a namespace a key has at most one `/`, and then a dot before it.
    let (namespace, rest) = match head.split_once('/') {
        Some((namespace, key)) if key.contains('/') || !namespace.contains('.') => {
            (Some(SmolStr::from(namespace)), text.get(namespace.len() + 1..).unwrap_or(""))
        }
        _ => (None, text),
    };
    let mut labels = Vec::new();
    for pair in rest.split(',') {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| format!("`{pair}` is not key=value"))?;
        let value = value.strip_prefix('=').unwrap_or(value);
        if key.is_empty() {
            return Err(format!("`{pair}` has no key"));
        }
        // No label has such a value, and behind a `/` a protocol would be read.
        if value.contains(['=', '/']) {
            return Err(format!("`{value}` is not the value of a label"));
        }
        labels.push((key.into(), value.into()));
    }
    Ok(Who::Labelled { namespace, labels })
}

fn read_what(text: &str) -> Result<What, String> {
    if text.is_empty() {
        return Ok(What::Unsaid);
    }
    if let Some(port) = text.strip_prefix(':') {
        let (port, protocol) = match port.split_once('/') {
            Some((port, name)) => {
                let protocol = Protocol::named(name)
                    .or_else(|| name.parse().ok().map(Protocol))
                    .ok_or_else(|| format!("`{name}` is not a protocol"))?;
                (port, protocol)
            }
            None => (port, Protocol::TCP),
        };
        if !protocol.has_ports() {
            return Err(format!("the protocol {protocol} has no ports"));
        }
        return Ok(What::Port(read_port(port)?, protocol));
    }
    let rest = text.strip_prefix('/').unwrap_or(text);
    if let Some(icmp) = rest.strip_prefix("icmpv6").or_else(|| rest.strip_prefix("icmp")) {
        let number =
            |t: &str| t.parse::<u8>().map_err(|_| format!("`{t}` is not between 0 and 255"));
        return match icmp.strip_prefix(':') {
            None if icmp.is_empty() => Ok(What::Icmp(None, None)),
            None => Err(format!("`{rest}` is not a protocol")),
            Some(kind) => match kind.split_once('.') {
                Some((kind, code)) => Ok(What::Icmp(Some(number(kind)?), Some(number(code)?))),
                None => Ok(What::Icmp(Some(number(kind)?), None)),
            },
        };
    }
    match rest.parse::<u8>() {
        Ok(1 | 58) => Ok(What::Icmp(None, None)),
        Ok(number) if number > 0 => Ok(What::Protocol(Protocol(number))),
        _ => Err(format!("`{rest}` is not a protocol")),
    }
}

fn read_port(text: &str) -> Result<PortSpec, String> {
    if text.is_empty() {
        return Err("there is no port behind the `:`".into());
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return match text.parse() {
            Ok(port) if port > 0 => Ok(PortSpec::Number(port)),
            _ => Err(format!("port {text} is not between 1 and 65535")),
        };
    }
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Ok(PortSpec::Named(text.into()));
    }
    Err(format!("`{text}` is not a port"))
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = |n: &Option<SmolStr>| match n {
            Some(n) => format!("{n}/"),
            None => String::new(),
        };
        match self {
            Self::Workload { kind: Some(kind), namespace: n, name } => {
                write!(f, "{}/{}{name}", kind.to_lowercase(), namespace(n))
            }
            Self::Workload { kind: None, namespace: n, name } => {
                write!(f, "{}{name}", namespace(n))
            }
            Self::Labelled { namespace: n, labels } => {
                f.write_str(&namespace(n))?;
                for (i, (key, value)) in labels.iter().enumerate() {
                    write!(f, "{}{key}={value}", if i > 0 { "," } else { "" })?;
                }
                Ok(())
            }
            Self::Address(address) => write!(f, "ip/{address}"),
            Self::Service { namespace: n, name } => write!(f, "svc/{}{name}", namespace(n)),
            Self::Node(name) => write!(f, "node/{name}"),
            Self::HostEndpoint(name) => write!(f, "hep/{name}"),
            Self::Domain(name) => write!(f, "dns/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let got = match text.parse::<Spec>() {
            Ok(spec) => format!("{} {:?}", spec.who, spec.what),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want);
    }

    #[test]
    fn every_form_is_read() {
        check("dev/centos", "dev/centos Unsaid");
        check("frontend:8080", "frontend Port(Number(8080), Protocol(6))");
        check("default/frontend:8080/udp", "default/frontend Port(Number(8080), Protocol(17))");
        check("pod/dev/centos:http", "pod/dev/centos Port(Named(\"http\"), Protocol(6))");
        check("deploy/frontend", "deployment/frontend Unsaid");
        check("dev/app=web,tier=fe:80", "dev/app=web,tier=fe Port(Number(80), Protocol(6))");
        check("app=web", "app=web Unsaid");
        check("dev/app.kubernetes.io/name=web", "dev/app.kubernetes.io/name=web Unsaid");
        check("app.kubernetes.io/name=web", "app.kubernetes.io/name=web Unsaid");
        check("ip/203.0.113.9", "ip/203.0.113.9 Unsaid");
        check("ip/203.0.113.9:443", "ip/203.0.113.9 Port(Number(443), Protocol(6))");
        check("ip/2001:db8::1", "ip/2001:db8::1 Unsaid");
        check("ip/[2001:db8::1]:53/udp", "ip/2001:db8::1 Port(Number(53), Protocol(17))");
        check(
            "svc/default/frontend-external:80",
            "svc/default/frontend-external Port(Number(80), Protocol(6))",
        );
        check("node/n1:10250", "node/n1 Port(Number(10250), Protocol(6))");
        check("hep/n1-eth0/icmp:8.0", "hep/n1-eth0 Icmp(Some(8), Some(0))");
        check("dns/API.twilio.com:443", "dns/api.twilio.com Port(Number(443), Protocol(6))");
        check("dev/centos/icmp", "dev/centos Icmp(None, None)");
        check("dev/centos/132", "dev/centos Protocol(Protocol(132))");
        check("pod/dev/centos/47", "pod/dev/centos Protocol(Protocol(47))");
        check("dev/132", "dev/132 Unsaid");
    }

    #[test]
    fn what_is_wrong_is_said() {
        check("", "`` names no endpoint: it is empty");
        check("a b", "`a b` names no endpoint: it has a blank in it");
        check(
            "dev/centos:0",
            "`dev/centos:0` names no endpoint: port 0 is not between 1 and 65535",
        );
        check("dev/centos:", "`dev/centos:` names no endpoint: there is no port behind the `:`");
        check("dev//centos", "`dev//centos` names no endpoint: a part of it is empty");
        check(
            "thing/dev/centos",
            "`thing/dev/centos` names no endpoint: `thing` is not a kind such as pod, deploy, svc",
        );
        check("ip/1.2.3", "`ip/1.2.3` names no endpoint: `1.2.3` is not an address");
        check(
            "dev/centos:80/icmp",
            "`dev/centos:80/icmp` names no endpoint: the protocol icmp has no ports",
        );
        check("a===b", "`a===b` names no endpoint: `=b` is not the value of a label");
        check("a=b/c/5:80", "`a=b/c/5:80` names no endpoint: `b/c/5` is not the value of a label");
        check(
            "a/icmp/132",
            "`a/icmp/132` names no endpoint: \
             `/icmp` is the protocol: say what is called so by its labels",
        );
        check(
            "dns/iCmp",
            "`dns/iCmp` names no endpoint: \
             `/iCmp` is the protocol: say what is called so by its labels",
        );
        check("ip/[::1", "`ip/[::1` names no endpoint: the `[` is not closed");
    }
}
