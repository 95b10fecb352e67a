//! From objects to a suite: `SecurityTest` documents, read with a place for everything.

mod assertion;
mod fields;
pub(crate) mod line;

use std::net::IpAddr;

use portcullis_core::{Namespace, Net, Place, nearest};
use portcullis_object::{Cursor, NodeKind, Object, Unreadable};
use portcullis_snapshot::{Aggregation, Intake, Refused};
use serde_json::{Value as Json, json};
use smol_str::SmolStr;

use crate::suite::{
    Assertion, Fault, FixtureObject, Fixtures, Overrides, Patch, Setting, SourceRef, Step, Suite,
    Test,
};
use fields::{flag, given, list, needed, of_kind, strict, text, text_of, texts, word};
use line::Names;

/// The API group of test files.
pub const GROUP: &str = "portcullis.dev";
/// The version of the format.
pub const VERSION: &str = "v1alpha1";
/// The kind of a test.
pub const KIND: &str = "SecurityTest";

/// Reads the objects of one file: its tests, and beside them the objects that belong to their
/// cluster.
///
/// Total: what is wrong stands in the suite, at its place, and is judged *malformed*. Such faults are
/// a file that asserts nothing, and each document of it that cannot be read: it may have been a test.
pub fn read(objects: &[Object], unreadable: &[Unreadable]) -> Suite {
    let mut suite = Suite::default();
    for Unreadable { document, .. } in unreadable {
        let fault = Fault::new(Place::In(*document, 0..0), "a document of the file cannot be read");
        suite.faults.push(fault.help("what it asserts, if it is a test, is not judged"));
    }
    for object in objects {
        if object.group() == GROUP {
            match of_our_group(object) {
                Ok(()) => suite.tests.push(test(object)),
                Err(fault) => suite.faults.push(fault),
            }
        } else if object.kind() == KIND {
            let at = object.root().field("apiVersion").unwrap_or(object.root());
            let message = format!("a {KIND} of `{}`", object.api_version());
            suite
                .faults
                .push(Fault::new(at.at(), message).help(format!("write {GROUP}/{VERSION}")));
        } else {
            suite.objects.push(object.clone());
        }
    }
    if suite.tests.is_empty() && suite.faults.is_empty() {
        suite.faults.push(Fault {
            place: objects.first().map(|object| object.root().at()),
            message: "the file asserts nothing".into(),
            help: vec![format!("a test is an object of kind {KIND}, {GROUP}/{VERSION}")],
        });
    }
    suite
}

fn of_our_group(object: &Object) -> Result<(), Fault> {
    let field = |name| object.root().field(name).unwrap_or(object.root());
    if object.kind() != KIND {
        let fault =
            Fault::new(field("kind").at(), format!("there is no kind `{}` here", object.kind()));
        return Err(match nearest(object.kind(), [KIND]) {
            Some(meant) => fault.help(format!("did you mean `{meant}`?")),
            None => fault.help(format!("{GROUP} has {KIND}")),
        });
    }
    if object.version() != VERSION {
        let message = format!("version `{}` is not known", object.version());
        return Err(
            Fault::new(field("apiVersion").at(), message).help(format!("write {GROUP}/{VERSION}"))
        );
    }
    Ok(())
}

/// Reads one test, part by part, so that a mistake in one leaves the others.
fn test(object: &Object) -> Test {
    let root = object.root();
    let mut test = Test {
        name: object.name().into(),
        tags: Vec::new(),
        object: object.clone(),
        namespace: object.namespace().map(Namespace::new),
        sources: Vec::new(),
        fixtures: Fixtures::default(),
        settings: Overrides::default(),
        assertions: Vec::new(),
        steps: Vec::new(),
        faults: Vec::new(),
    };
    let known = ["apiVersion", "kind", "metadata", "cluster", "assert", "steps"];
    let mut faults = Vec::new();
    faults.extend(strict(root, &known, &[]).err());
    faults.extend(metadata(root, &mut test).err());
    if let Some(at) = given(root, "cluster") {
        faults.extend(cluster(at, &mut test).err());
    }
    let namespace = test.namespace.as_ref().map(Namespace::as_str);
    let names = Names { namespace, addresses: &test.fixtures.addresses };
    if let Some(at) = given(root, "assert") {
        faults.extend(assertion::all(at, &names, &mut test.assertions).err());
    }
    if let Some(at) = given(root, "steps") {
        faults.extend(steps(at, &names, &mut test.steps).err());
    }
    if Assertion::all(&test).next().is_none() && faults.is_empty() {
        faults.push(Fault::new(root.at(), "the test asserts nothing").help("add `assert:`"));
    }
    test.faults = faults;
    test
}

fn metadata(root: Cursor<'_>, test: &mut Test) -> Result<(), Fault> {
    let Some(metadata) = given(root, "metadata") else {
        return Err(Fault::new(root.at(), "the test has no name").help("add metadata: {name: …}"));
    };
    strict(metadata, &["name", "namespace", "labels", "annotations", "tags"], &[])?;
    if test.name.is_empty() {
        return Err(Fault::new(metadata.at(), "the test has no name"));
    }
    let tags = given(metadata, "tags").map(texts).transpose()?.unwrap_or_default();
    test.tags = tags.into_iter().map(|(tag, _)| tag.into()).collect();
    Ok(())
}

// === The cluster ===

fn cluster(at: Cursor<'_>, test: &mut Test) -> Result<(), Fault> {
    strict(at, &["sources", "fixtures", "settings"], &["overlay"])?;
    if let Some(sources) = given(at, "sources") {
        for (text, at) in texts(sources)? {
            test.sources.push(SourceRef { text: text.into(), origin: at.origin() });
        }
    }
    if let Some(settings) = given(at, "settings") {
        test.settings = read_settings(settings)?;
    }
    if let Some(fixtures) = given(at, "fixtures") {
        let namespace = test.namespace.clone();
        for item in list(fixtures)? {
            fixture(item, namespace.as_ref(), &mut test.fixtures)?;
        }
    }
    Ok(())
}

fn read_settings(at: Cursor<'_>) -> Result<Overrides, Fault> {
    let known = [
        "namespace",
        "intake",
        "refused",
        "aggregation",
        "bootstrap",
        "podNetworks",
        "resolve",
        "without",
    ];
    strict(at, &known, &["kubernetesVersion", "calicoVersion", "defaultTierAction", "webhooks"])?;
    let mut set = Vec::new();
    set.extend(text_of(at, "namespace")?.map(|n| Setting::DefaultNamespace(n.into())));
    if let Some(field) = given(at, "intake") {
        let words = [("proposed", Intake::Proposed), ("stored", Intake::Stored)];
        set.push(Setting::Intake(word(field, &words)?));
    }
    if let Some(field) = given(at, "refused") {
        let words = [("unknown", Refused::Unknown), ("absent", Refused::Absent)];
        set.push(Setting::Refused(word(field, &words)?));
    }
    if let Some(field) = given(at, "aggregation") {
        let words = [("resolve", Aggregation::Resolve), ("as-stored", Aggregation::AsStored)];
        set.push(Setting::Aggregation(word(field, &words)?));
    }
    set.extend(flag(at, "bootstrap")?.map(Setting::Bootstrap));
    if let Some(field) = given(at, "podNetworks") {
        let net = |(text, at): (&str, Cursor<'_>)| {
            text.parse::<Net>().map_err(|_| {
                Fault::new(at.at(), format!("`{text}` is no network such as 10.0.0.0/8"))
            })
        };
        let nets: Result<Vec<Net>, Fault> = texts(field)?.into_iter().map(net).collect();
        set.push(Setting::PodNetworks(nets?));
    }
    if let Some(field) = given(at, "resolve") {
        of_kind(field, NodeKind::Map)?;
        let mut names = Vec::new();
        for (name, addresses) in field.entries() {
            for (text, at) in texts(addresses)? {
                names.push((SmolStr::from(name.to_ascii_lowercase()), address(text, at)?));
            }
        }
        set.push(Setting::Resolved(names));
    }
    if let Some(field) = given(at, "without") {
        let kinds = texts(field)?.into_iter().map(|(text, _)| text.into()).collect();
        set.push(Setting::Without(kinds));
    }
    Ok(Overrides { set })
}

fn address(text: &str, at: Cursor<'_>) -> Result<IpAddr, Fault> {
    text.parse().map_err(|_| {
        let fault = Fault::new(at.at(), format!("`{text}` is not an address"));
        if text.contains('/') {
            fault.help("a whole network comes later: name one address of it")
        } else {
            fault
        }
    })
}

fn fixture(at: Cursor<'_>, namespace: Option<&Namespace>, out: &mut Fixtures) -> Result<(), Fault> {
    of_kind(at, NodeKind::Map)?;
    if given(at, "kind").is_some() {
        needed(at, "apiVersion")?;
        let metadata = needed(at, "metadata")?;
        text(needed(metadata, "name")?)?;
        out.objects.push(FixtureObject { json: at.to_json(), origin: at.origin(), in_full: true });
        return Ok(());
    }
    strict(at, &["pod", "ip", "user", "apiVersion", "kind"], &["hypothetical"])?;
    let before = at.len();
    if let Some(pod) = given(at, "pod") {
        let json = pod_object(pod, namespace)?;
        out.objects.push(FixtureObject { json, origin: pod.origin(), in_full: false });
    }
    if let Some(addresses) = given(at, "ip") {
        of_kind(addresses, NodeKind::Map)?;
        for (name, at) in addresses.entries() {
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
                && name.parse::<IpAddr>().is_err();
            if !is_name {
                let message =
                    format!("`{name}` is no name: letters first, then digits and dashes too");
                return Err(Fault::new(at.key_place(), message));
            }
            out.addresses.push((name.into(), address(text(at)?, at)?));
        }
    }
    if let Some(users) = given(at, "user") {
        of_kind(users, NodeKind::Map)?;
        for (name, at) in users.entries() {
            strict(at, &["groups"], &[])?;
            let groups = given(at, "groups").map(texts).transpose()?.unwrap_or_default();
            out.users
                .push((name.into(), groups.into_iter().map(|(text, _)| text.into()).collect()));
        }
    }
    if before == 0 {
        return Err(Fault::new(at.at(), "a fixture says pod, ip or user, or is an object"));
    }
    Ok(())
}

/// The Pod that `{name, namespace, labels, serviceAccount, ports, ip, node}` stands for.
fn pod_object(at: Cursor<'_>, namespace: Option<&Namespace>) -> Result<Json, Fault> {
    strict(at, &["name", "namespace", "labels", "serviceAccount", "ports", "ip", "node"], &[])?;
    let mut metadata = serde_json::Map::new();
    metadata.insert("name".into(), text(needed(at, "name")?)?.into());
    if let Some(namespace) = text_of(at, "namespace")?.or(namespace.map(Namespace::as_str)) {
        metadata.insert("namespace".into(), namespace.into());
    }
    if let Some(labels) = given(at, "labels") {
        of_kind(labels, NodeKind::Map)?;
        for (_, value) in labels.entries() {
            of_kind(value, NodeKind::String)?;
        }
        metadata.insert("labels".into(), labels.to_json());
    }
    let mut container = json!({"name": "main", "image": "none"});
    if let (Some(ports), Json::Object(container)) = (given(at, "ports"), &mut container) {
        let ports = list(ports)?.into_iter().map(container_port).collect::<Result<Vec<_>, _>>()?;
        container.insert("ports".into(), ports.into());
    }
    let mut spec = serde_json::Map::new();
    spec.insert("containers".into(), json!([container]));
    for (field, from) in [("serviceAccountName", "serviceAccount"), ("nodeName", "node")] {
        if let Some(text) = text_of(at, from)? {
            spec.insert(field.into(), text.into());
        }
    }
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    if let (Some(ip), Json::Object(pod)) = (given(at, "ip"), &mut pod) {
        let ip = address(text(ip)?, ip)?.to_string();
        let status = json!({"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]});
        pod.insert("status".into(), status);
    }
    Ok(pod)
}

/// `80`, `53/udp`.
fn container_port(at: Cursor<'_>) -> Result<Json, Fault> {
    let wrong = || Fault::new(at.at(), "a port is written 80 or 53/udp");
    let said = at.scalar().ok_or_else(wrong)?;
    let (number, protocol) = said.split_once('/').unwrap_or((&said, "tcp"));
    let number = number.parse::<u16>().ok().filter(|n| *n > 0).ok_or_else(wrong)?;
    if !matches!(protocol, "tcp" | "udp" | "sctp") {
        return Err(wrong());
    }
    Ok(json!({"containerPort": number, "protocol": protocol.to_ascii_uppercase()}))
}

// === Steps ===

fn steps(at: Cursor<'_>, names: &Names<'_>, out: &mut Vec<Step>) -> Result<(), Fault> {
    for item in list(at)? {
        strict(item, &["patch", "assert"], &[])?;
        let patch = needed(item, "patch")?;
        of_kind(patch, NodeKind::Map)?;
        let patches: Vec<Patch> = patch
            .entries()
            .map(|(target, at)| Patch {
                target: target.into(),
                json: at.to_json(),
                origin: at.origin(),
            })
            .collect();
        if patches.is_empty() {
            return Err(Fault::new(patch.at(), "an empty patch changes nothing"));
        }
        let mut assertions = Vec::new();
        assertion::all(needed(item, "assert")?, names, &mut assertions)?;
        out.push(Step { origin: item.origin(), patches, assertions });
    }
    Ok(())
}
