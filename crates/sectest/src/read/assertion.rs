//! Assertions: a line, or the same thing as a map.

use portcullis_core::NotADate;
use portcullis_netpol::Direction;
use portcullis_object::{Cursor, NodeKind};
use smol_str::SmolStr;

use super::fields::{
    self, at, flag, given, list, needed, of_kind, strict, text, text_of, texts, word,
};
use super::line::{self, Names};
use crate::claim::{Are, Claim, Deed, End, Except, Flow, Holders, May, Only, Scope, Subject};
use crate::suite::{Assertion, Fault, Skip};

/// What every assertion written as a map may say beside its claim.
const COMMON: [&str; 5] = ["name", "skip", "accept", "reason", "allowEmpty"];

/// Longer texts are cut where they name an assertion that cannot be read.
const TITLE_CHARS_MAX: usize = 80;

/// How deep groups of assertions may stand in each other. People need two; the reader recurses.
const GROUPS_MAX: usize = 8;

/// Whatever holds for an assertion beside its claim; groups hand it down.
#[derive(Clone, Default)]
struct Conditions {
    prefix: String,
    skip: Option<Skip>,
    accepts_unknown: Option<SmolStr>,
    allow_empty: bool,
    depth: usize,
}

/// Reads the list under `assert`.
pub(super) fn all(
    at: Cursor<'_>,
    names: &Names<'_>,
    out: &mut Vec<Assertion>,
) -> Result<(), Fault> {
    group(at, names, &Conditions::default(), out)
}

fn group(
    at: Cursor<'_>,
    names: &Names<'_>,
    conditions: &Conditions,
    out: &mut Vec<Assertion>,
) -> Result<(), Fault> {
    let items = list(at)?;
    if items.is_empty() {
        return Err(Fault::new(at.at(), "an empty list asserts nothing"));
    }
    for item in items {
        one(item, names, conditions, out);
    }
    Ok(())
}

/// One item of a list of assertions: it becomes an assertion, or a group of them.
fn one(at: Cursor<'_>, names: &Names<'_>, above: &Conditions, out: &mut Vec<Assertion>) {
    let mut conditions = above.clone();
    let claim = match conditions.read(at).and_then(|()| one_or_group(at, names, &conditions, out)) {
        Ok(None) => return,
        Ok(Some(claim)) => Ok(claim),
        Err(fault) => Err(fault),
    };
    let title = match (&claim, given(at, "name").and_then(Cursor::as_str)) {
        (_, Some(name)) => name.to_owned(),
        (Ok(claim), None) => claim.to_string(),
        (Err(_), None) => shown(at),
    };
    let title = format!("{}{title}", above.prefix);
    let Conditions { skip, accepts_unknown, allow_empty, .. } = conditions;
    out.push(Assertion { origin: at.origin(), title, skip, accepts_unknown, allow_empty, claim });
}

/// The claim of an item; none for a group, whose assertions are then read.
fn one_or_group(
    at: Cursor<'_>,
    names: &Names<'_>,
    conditions: &Conditions,
    out: &mut Vec<Assertion>,
) -> Result<Option<Claim>, Fault> {
    match at.kind() {
        NodeKind::String => {
            return line::claim(text(at)?, names).map(Some).map_err(fields::at(at));
        }
        NodeKind::Map => {}
        other => {
            let message = format!("an assertion is a line or a map, not {other}");
            return Err(Fault::new(at.at(), message));
        }
    }
    let name = text_of(at, "name")?;
    let Some(nested) = given(at, "assert") else { return claim(at, names).map(Some) };
    strict(at, &with_common(&["assert"]), &[])?;
    if conditions.depth >= GROUPS_MAX {
        let message = "groups of assertions stand too deep in each other";
        return Err(Fault::new(nested.at(), message));
    }
    let mut handed_down = conditions.clone();
    handed_down.depth += 1;
    if let Some(name) = name {
        handed_down.prefix.push_str(&format!("{name}: "));
    }
    group(nested, names, &handed_down, out)?;
    Ok(None)
}

/// How something is called that cannot be read.
fn shown(at: Cursor<'_>) -> String {
    let text = match at.scalar() {
        Some(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        None => at.path().to_string(),
    };
    match text.char_indices().nth(TITLE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text,
    }
}

fn with_common<'a>(fields: &[&'a str]) -> Vec<&'a str> {
    fields.iter().copied().chain(COMMON).collect()
}

// === impl Conditions ===

impl Conditions {
    fn read(&mut self, at: Cursor<'_>) -> Result<(), Fault> {
        if let Some(skip) = given(at, "skip") {
            self.skip = Some(read_skip(skip)?);
        }
        let reason = text_of(at, "reason")?;
        match (given(at, "accept"), reason) {
            (Some(accept), reason) => {
                word(accept, &[("unknown", ())])?;
                let reason = reason.ok_or_else(|| {
                    Fault::new(accept.at(), "it is not said why unknown is good enough")
                        .help("add `reason:` beside it")
                })?;
                self.accepts_unknown = Some(reason.into());
            }
            (None, Some(_)) => {
                let place = given(at, "reason").unwrap_or(at).key_place();
                return Err(Fault::new(place, "a reason for nothing")
                    .help("it belongs to `accept: unknown`"));
            }
            (None, None) => {}
        }
        if let Some(allow) = flag(at, "allowEmpty")? {
            self.allow_empty = allow;
        }
        Ok(())
    }
}

fn read_skip(at: Cursor<'_>) -> Result<Skip, Fault> {
    strict(at, &["reason", "until"], &[])?;
    let reason = text(needed(at, "reason")?)?.into();
    let until = needed(at, "until")?;
    let written = text(until)?;
    let until = written
        .parse()
        .map_err(|why: NotADate| Fault::new(until.at(), format!("`{written}` is {why}")))?;
    Ok(Skip { reason, until })
}

// === Claims as maps ===

fn claim(map: Cursor<'_>, names: &Names<'_>) -> Result<Claim, Fault> {
    let has = |name| given(map, name).is_some();
    if has("subject") {
        may(map).map(Claim::May)
    } else if has("who") {
        holders(map).map(Claim::Holders)
    } else if has("only") {
        only(map, names).map(Claim::Only)
    } else if has("table") {
        strict(map, &with_common(&["table"]), &[])?;
        let table = needed(map, "table")?;
        line::table(text(table)?, names).map(Claim::Table).map_err(at(table))
    } else if given(map, "icmp").is_some_and(|icmp| icmp.kind() == NodeKind::String) {
        icmp_line(map, names)
    } else if has("from") || has("to") {
        flow(map, names).map(Claim::Flow)
    } else {
        let known = ["subject", "who", "from", "to", "only", "table", "icmp", "assert"];
        let later: Vec<&str> = line::LATER.to_vec();
        strict(map, &with_common(&known), &later)?;
        Err(Fault::new(map.at(), "this claims nothing")
            .help("a claim has `subject`, `who`, `from` and `to`, `only` or `table`, or is a line"))
    }
}

fn read_subject(cursor: Cursor<'_>) -> Result<Subject, Fault> {
    line::subject(text(cursor)?).map_err(at(cursor))
}

fn may(map: Cursor<'_>) -> Result<May, Fault> {
    let known = ["subject", "can", "cannot", "what", "object", "in", "scope"];
    strict(map, &with_common(&known), line::LATER)?;
    let subject = read_subject(needed(map, "subject")?)?;
    let (can, verbs) = match (given(map, "can"), given(map, "cannot")) {
        (Some(verbs), None) => (true, verbs),
        (None, Some(verbs)) => (false, verbs),
        (Some(_), Some(both)) => {
            return Err(Fault::new(both.key_place(), "both `can` and `cannot` are said"));
        }
        (None, None) => {
            return Err(Fault::new(map.at(), "neither `can` nor `cannot` is said"));
        }
    };
    Ok(May { subject, can, deed: deed(map, verbs)? })
}

fn deed(map: Cursor<'_>, verbs: Cursor<'_>) -> Result<Deed, Fault> {
    let words: Vec<SmolStr> = texts(verbs)?
        .into_iter()
        .flat_map(|(text, _)| text.split(','))
        .map(str::trim)
        .filter(|verb| !verb.is_empty())
        .map(SmolStr::from)
        .collect();
    if words.is_empty() {
        return Err(Fault::new(verbs.at(), "no verb is said"));
    }
    let scope = match (text_of(map, "in")?, given(map, "scope")) {
        (Some(namespace), None) => Scope::In(namespace.into()),
        (None, Some(scope)) => match word(scope, &[("anywhere", true), ("cluster", false)])? {
            true => Scope::Anywhere,
            false => Scope::Cluster,
        },
        (Some(_), Some(both)) => {
            return Err(Fault::new(both.key_place(), "both `in` and `scope` are said"));
        }
        (None, None) => Scope::Unsaid,
    };
    let resource = text(needed(map, "what")?)?.into();
    let object = text_of(map, "object")?.map(SmolStr::from);
    Ok(Deed { verbs: words, resource, object, scope })
}

fn holders(map: Cursor<'_>) -> Result<Holders, Fault> {
    let comparisons = ["exactly", "subset", "superset", "count"];
    let mut known = comparisons.to_vec();
    known.push("who");
    strict(map, &with_common(&known), line::LATER)?;
    let who = needed(map, "who")?;
    strict(who, &["can", "what", "object", "in", "scope", "builtIn"], &[])?;
    let deed = deed(who, needed(who, "can")?)?;
    let built_in = flag(who, "builtIn")?.unwrap_or(true);
    let said: Vec<(&str, Cursor<'_>)> =
        comparisons.into_iter().filter_map(|w| given(map, w).map(|at| (w, at))).collect();
    let are = match said.as_slice() {
        [("count", count)] => read_count(*count)?,
        [(word, subjects)] => {
            let all: Result<Vec<Subject>, Fault> =
                list(*subjects)?.into_iter().map(read_subject).collect();
            line::are(word, all?).map_err(at(*subjects))?
        }
        [] => {
            return Err(Fault::new(map.at(), "it is not said who")
                .help("add exactly, subset, superset or count"));
        }
        [_, (_, second), ..] => {
            return Err(Fault::new(second.key_place(), "one comparison is enough"));
        }
    };
    Ok(Holders { deed, built_in, are })
}

fn read_count(count: Cursor<'_>) -> Result<Are, Fault> {
    let number = |cursor: Cursor<'_>| {
        of_kind(cursor, NodeKind::Int)?;
        cursor
            .as_i64()
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(|| Fault::new(cursor.at(), "a count is not negative"))
    };
    let text = match count.kind() {
        NodeKind::Map => {
            strict(count, &["min", "max"], &[])?;
            let min = given(count, "min").map(number).transpose()?.unwrap_or(0);
            match given(count, "max").map(number).transpose()? {
                Some(max) => format!("{min}..{max}"),
                None => format!("{min}.."),
            }
        }
        NodeKind::String => text(count)?.to_owned(),
        _ => number(count)?.to_string(),
    };
    line::count(&text).map_err(at(count))
}

fn read_end(cursor: Cursor<'_>, names: &Names<'_>) -> Result<End, Fault> {
    line::end(text(cursor)?, names).map_err(at(cursor))
}

fn flow(map: Cursor<'_>, names: &Names<'_>) -> Result<Flow, Fault> {
    let known = ["from", "to", "icmp", "verdict", "some", "by", "except"];
    strict(map, &with_common(&known), line::LATER)?;
    let to = needed(map, "to")?;
    let to = match given(map, "icmp") {
        None => read_end(to, names)?,
        Some(icmp) => {
            let end = format!("{}{}", text(to)?, icmp_of(icmp)?);
            line::end(&end, names).map_err(at(to))?
        }
    };
    let except = match given(map, "except") {
        Some(listed) => {
            list(listed)?.into_iter().map(|e| except(e, names)).collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    let by = match given(map, "by") {
        Some(by) => texts(by)?
            .into_iter()
            .flat_map(|(text, cursor)| text.split(',').map(move |part| (part.trim(), cursor)))
            .map(|(text, cursor)| line::by(text).map_err(at(cursor)))
            .collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let flow = Flow {
        some: flag(map, "some")?.unwrap_or(false),
        from: read_end(needed(map, "from")?, names)?,
        to,
        allow: word(needed(map, "verdict")?, &[("allow", true), ("deny", false)])?,
        by,
        except,
    };
    line::flow_claim(flow).map_err(at(map))
}

/// `/icmp:8.0` of `{type: 8, code: 0}`.
fn icmp_of(icmp: Cursor<'_>) -> Result<String, Fault> {
    strict(icmp, &["type", "code"], &[])?;
    let number = |name| {
        let Some(field) = given(icmp, name) else { return Ok(None) };
        of_kind(field, NodeKind::Int)?;
        Ok(field.as_i64())
    };
    Ok(match (number("type")?, number("code")?) {
        (Some(kind), Some(code)) => format!("/icmp:{kind}.{code}"),
        (Some(kind), None) => format!("/icmp:{kind}"),
        (None, Some(_)) => {
            return Err(Fault::new(icmp.at(), "a code belongs to a type").help("add `type:`"));
        }
        (None, None) => "/icmp".into(),
    })
}

/// `icmp: A -> B type=8 code=0 deny`: a line, with ICMP's type and code behind the destination.
fn icmp_line(map: Cursor<'_>, names: &Names<'_>) -> Result<Claim, Fault> {
    strict(map, &with_common(&["icmp"]), &[])?;
    let icmp = needed(map, "icmp")?;
    let said = text(icmp)?;
    let (mut kind, mut code) = (None, None);
    let mut words = Vec::new();
    for word in said.split_whitespace() {
        match word.split_once('=') {
            Some(("type", number)) => kind = Some(number),
            Some(("code", number)) => code = Some(number),
            _ => words.push(word.to_owned()),
        }
    }
    let what = match (kind, code) {
        (None, None) => "/icmp".to_owned(),
        (Some(kind), None) => format!("/icmp:{kind}"),
        (Some(kind), Some(code)) => format!("/icmp:{kind}.{code}"),
        (None, Some(_)) => {
            return Err(Fault::new(icmp.at(), "a code belongs to a type").help("add type="));
        }
    };
    let arrow = words.iter().position(|word| word == "->");
    let Some(to) = arrow.and_then(|arrow| words.get_mut(arrow + 1)) else {
        return Err(
            Fault::new(icmp.at(), "no connection is said").help("write FROM -> TO type=8 deny")
        );
    };
    to.push_str(&what);
    line::claim(&words.join(" "), names).map_err(at(icmp))
}

fn except(cursor: Cursor<'_>, names: &Names<'_>) -> Result<Except, Fault> {
    if cursor.kind() != NodeKind::Map {
        return line::except(text(cursor)?, names).map_err(at(cursor));
    }
    strict(cursor, &["from", "to"], &[])?;
    let side = |name| given(cursor, name).map(|end| read_end(end, names)).transpose();
    let except = Except { from: side("from")?, to: side("to")? };
    if except.from.is_none() && except.to.is_none() {
        return Err(Fault::new(cursor.at(), "an exception says `from`, `to` or both"));
    }
    Ok(except)
}

fn only(map: Cursor<'_>, names: &Names<'_>) -> Result<Only, Fault> {
    strict(map, &with_common(&["only"]), &[])?;
    let only = needed(map, "only")?;
    strict(only, &["from", "to"], &["hypothetical"])?;
    let (from, to) = (needed(only, "from")?, needed(only, "to")?);
    let (of, peers, direction) = match (from.kind(), to.kind()) {
        (NodeKind::List, NodeKind::List) => {
            return Err(Fault::new(
                to.at(),
                "`only` is about one side: the other is one end, not a list",
            ));
        }
        (NodeKind::List, _) => (to, from, Direction::Ingress),
        (_, NodeKind::List) => (from, to, Direction::Egress),
        _ => {
            return Err(Fault::new(only.at(), "`only` lists one side").help(
                "write from: [END, …] for who may reach it, to: [END, …] for what it may reach",
            ));
        }
    };
    let peers = peers.items().map(|peer| read_end(peer, names)).collect::<Result<_, _>>()?;
    Ok(Only { of: read_end(of, names)?, direction, peers })
}
