//! Claims in their line form.
//!
//! ```text
//! line    := subject ("can" | "cannot") deed
//!          | "who can" deed [ "besides built-in" ] ( ("exactly" | "subset" | "superset") subjects
//!                                                  | "count" N [ ".." [ M ] ] )
//!          | [ "some" ] end "->" end ("allow" | "deny") [ "by" reasons ] [ "except" exceptions ]
//!          | "only" ends "->" end | end "->" "only" ends
//! deed    := verbs resource [ object ] [ "in" namespace | "anywhere" | "cluster" ]
//! subject := "user/" name | "group/" name | "sa/" namespace ":" ( name | "*" )
//! end     := what `connect` takes | namespace "/*" | "*" | "ip/" name of the fixtures
//! reason  := "ingress" | "egress" | "tier/" name | "profile/" name
//!          | [ "policy/" ] [ namespace "/" ] name [ "#" rule ]
//! except  := "from" end | "to" end | end "->" end
//! ```
//! Lists are separated by commas, those of ends and exceptions by a comma and a blank, as the labels
//! of an end have commas too. Brackets around a list change nothing.

use std::net::IpAddr;

use portcullis_analysis::{Spec, What, Who};
use portcullis_netpol::Direction;
use smol_str::SmolStr;

use crate::claim::{Are, By, Claim, Deed, End, Except, Flow, Holders, May, Only, Scope, Subject};

/// What a reader of claims knows beside the text.
pub(crate) struct Names<'a> {
    /// The namespace of what names none, if the test says one.
    pub(crate) namespace: Option<&'a str>,
    /// The addresses of the fixtures.
    pub(crate) addresses: &'a [(SmolStr, IpAddr)],
}

/// Why a text is no claim: what is wrong, and the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Wrong {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Words that begin what other versions of the format have.
pub(crate) const LATER: &[&str] = &["admit", "reject", "diff", "never", "staged"];

/// Reads a claim.
pub(crate) fn claim(text: &str, names: &Names<'_>) -> Result<Claim, Wrong> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Wrong::new("an empty line claims nothing"));
    }
    if let Some((from, to)) = text.split_once("->") {
        return connections(from.trim(), to.trim(), names);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["who", "can", rest @ ..] => holders(rest).map(Claim::Holders),
        [subject_text, word @ ("can" | "cannot"), rest @ ..] => Ok(Claim::May(May {
            subject: subject(subject_text)?,
            can: *word == "can",
            deed: whole_deed(rest)?,
        })),
        [first, ..] if LATER.contains(first) => Err(later(first)),
        _ => Err(Wrong::new(format!("`{text}` claims nothing that is known")).help(
            "write `user/jane can get pods in shop`, `who can delete pods exactly group/ops` or \
             `shop/cart -> shop/db:5432 deny`",
        )),
    }
}

/// The refusal of what is not there yet.
pub(crate) fn later(word: &str) -> Wrong {
    Wrong::new(format!("`{word}` comes later"))
        .help("a test claims today what RBAC allows and which connections pass")
}

// === RBAC ===

/// `user/NAME`, `group/NAME`, `sa/NAMESPACE:NAME`.
pub(crate) fn subject(text: &str) -> Result<Subject, Wrong> {
    let wrong = || {
        Wrong::new(format!("`{text}` is nobody"))
            .help("write user/NAME, group/NAME or sa/NAMESPACE:NAME")
    };
    let (kind, name) = text.split_once('/').ok_or_else(wrong)?;
    if name.is_empty() {
        return Err(wrong());
    }
    match kind {
        "user" => Ok(Subject::User(name.into())),
        "group" => Ok(Subject::Group(name.into())),
        "sa" | "serviceaccount" => match name.split_once(':') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
                Ok(match name {
                    "*" => Subject::Accounts(namespace.into()),
                    _ => Subject::Account(namespace.into(), name.into()),
                })
            }
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// A deed with nothing behind it.
fn whole_deed(words: &[&str]) -> Result<Deed, Wrong> {
    let (deed, rest) = deed(words)?;
    match rest {
        [] => Ok(deed),
        [more, ..] => Err(unexpected(more)),
    }
}

fn unexpected(word: &str) -> Wrong {
    Wrong::new(format!("`{word}` is not expected here"))
}

fn deed<'a, 'b>(words: &'a [&'b str]) -> Result<(Deed, &'a [&'b str]), Wrong> {
    let (verbs, rest) = list(words);
    if verbs.is_empty() {
        return Err(Wrong::new("no verb is said").help("such as get, list or delete"));
    }
    let Some((resource, mut rest)) = rest.split_first() else {
        return Err(Wrong::new("no resource is said").help("such as pods or deployments.apps"));
    };
    let mut object = None;
    let is_keyword = |word: &str| {
        matches!(
            word,
            "in" | "anywhere" | "cluster" | "besides" | "exactly" | "subset" | "superset" | "count"
        )
    };
    if let [word, more @ ..] = rest
        && !is_keyword(word)
    {
        (object, rest) = (Some(SmolStr::from(*word)), more);
    }
    let (scope, rest) = match rest {
        ["in", namespace, rest @ ..] => (Scope::In((*namespace).into()), rest),
        ["in"] => return Err(Wrong::new("no namespace is said behind `in`")),
        ["anywhere", rest @ ..] => (Scope::Anywhere, rest),
        ["cluster", rest @ ..] => (Scope::Cluster, rest),
        rest => (Scope::Unsaid, rest),
    };
    Ok((Deed { verbs, resource: (*resource).into(), object, scope }, rest))
}

/// `a,b`, `a, b`, `[a, b]` at the beginning of the words, and what follows.
fn list<'a, 'b>(words: &'a [&'b str]) -> (Vec<SmolStr>, &'a [&'b str]) {
    let mut taken = 0;
    let mut open = false;
    for word in words {
        taken += 1;
        open = (open || word.starts_with('[')) && !word.ends_with(']');
        let next_continues = words.get(taken).is_some_and(|next| next.starts_with(','));
        if !open && !word.ends_with(',') && !next_continues {
            break;
        }
    }
    let (list, rest) = words.split_at(taken);
    let text = list.join(" ");
    (items(&text, ',').map(SmolStr::from).collect(), rest)
}

/// The items of a list, with or without brackets around it; empty ones are none.
fn items(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let text = text.trim();
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    inner.split(separator).map(str::trim).filter(|item| !item.is_empty())
}

fn holders(words: &[&str]) -> Result<Holders, Wrong> {
    let (deed, rest) = deed(words)?;
    let (built_in, rest) = match rest {
        ["besides", "built-in", rest @ ..] => (false, rest),
        rest => (true, rest),
    };
    let [word, rest @ ..] = rest else {
        return Err(Wrong::new("it is not said who")
            .help("add exactly, subset or superset with a list, or count with a number"));
    };
    let are = match *word {
        "count" => match rest {
            [number] => count(number)?,
            _ => return Err(Wrong::new("behind `count` one number stands, or two as 1..3")),
        },
        "exactly" | "subset" | "superset" => {
            let text = rest.join(" ");
            let subjects: Result<Vec<Subject>, Wrong> = items(&text, ',').map(subject).collect();
            are(word, subjects?)?
        }
        other => return Err(unexpected(other)),
    };
    Ok(Holders { deed, built_in, are })
}

/// The comparison that a word names.
pub(crate) fn are(word: &str, subjects: Vec<Subject>) -> Result<Are, Wrong> {
    if let Some(all) = subjects.iter().find(|s| matches!(s, Subject::Accounts(_))) {
        return Err(Wrong::new(format!("`{all}` stands for many: name each that may")));
    }
    match word {
        "exactly" => Ok(Are::Exactly(subjects)),
        "subset" => Ok(Are::Subset(subjects)),
        "superset" if subjects.is_empty() => {
            Err(Wrong::new("everybody is a superset of nobody: it claims nothing"))
        }
        "superset" => Ok(Are::Superset(subjects)),
        _ => Err(unexpected(word)),
    }
}

/// `3`, `1..3`, `1..`.
pub(crate) fn count(text: &str) -> Result<Are, Wrong> {
    let wrong = || Wrong::new(format!("`{text}` is no count: write 3, 1..3 or 1.."));
    let number = |t: &str| t.parse::<usize>().map_err(|_| wrong());
    let (min, max) = match text.split_once("..") {
        None => {
            let number = number(text)?;
            (number, number)
        }
        Some((min, "")) => (number(min)?, usize::MAX),
        Some((min, max)) => (number(min)?, number(max)?),
    };
    if min > max || (min, max) == (0, usize::MAX) {
        return Err(wrong());
    }
    Ok(Are::Count(min, max))
}

// === Connections ===

fn connections(from: &str, to: &str, names: &Names<'_>) -> Result<Claim, Wrong> {
    if let Some(peers) = after_word(from, "only") {
        let (of, direction) = (whole_end(to, names)?, Direction::Ingress);
        return Ok(Claim::Only(Only { of, direction, peers: ends(peers, names)? }));
    }
    if let Some(peers) = after_word(to, "only") {
        let (of, direction) = (end(from, names)?, Direction::Egress);
        return Ok(Claim::Only(Only { of, direction, peers: ends(peers, names)? }));
    }
    let (some, from) = match after_word(from, "some") {
        Some(from) => (true, from),
        None => (false, from),
    };
    let words: Vec<&str> = to.split_whitespace().collect();
    let at = words.iter().position(|word| matches!(*word, "allow" | "deny")).ok_or_else(|| {
        Wrong::new("it is not said whether it passes").help("add allow or deny at the end")
    })?;
    let (to, rest) = words.split_at(at);
    let allow = rest.first() == Some(&"allow");
    let mut rest = rest.get(1..).unwrap_or_default();
    let mut flow = Flow {
        some,
        from: end(from, names)?,
        to: end(&to.join(" "), names)?,
        allow,
        by: Vec::new(),
        except: Vec::new(),
    };
    if let ["by", more @ ..] = rest {
        let (reasons, more) = list(more);
        flow.by = reasons.iter().map(|text| by(text)).collect::<Result<_, _>>()?;
        if flow.by.is_empty() {
            return Err(Wrong::new("nothing is said behind `by`"));
        }
        rest = more;
    }
    if let ["except", more @ ..] = rest {
        let text = more.join(" ");
        flow.except = spaced(&text).map(|text| except(text, names)).collect::<Result<_, _>>()?;
        if flow.except.is_empty() {
            return Err(Wrong::new("nothing is said behind `except`"));
        }
        rest = &[];
    }
    if let [more, ..] = rest {
        return Err(unexpected(more).help("behind allow or deny come `by` and `except`"));
    }
    flow_claim(flow).map(Claim::Flow)
}

/// The flow, if its parts go together.
pub(crate) fn flow_claim(flow: Flow) -> Result<Flow, Wrong> {
    if flow.some && !flow.except.is_empty() {
        return Err(Wrong::new("`some` needs no `except`: one flow is enough"));
    }
    Ok(flow)
}

/// What follows a word, if the text begins with it.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    (rest.is_empty() || rest.starts_with([' ', '\t', '['])).then(|| rest.trim())
}

/// Items separated by a comma and a blank.
fn spaced(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim();
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    inner.split(", ").map(str::trim).filter(|item| !item.is_empty())
}

fn ends(text: &str, names: &Names<'_>) -> Result<Vec<End>, Wrong> {
    if text.is_empty() {
        return Err(Wrong::new("nothing is said behind `only`").help("nobody is written `only []`"));
    }
    spaced(text).map(|text| end(text, names)).collect()
}

/// An end with nothing behind it.
fn whole_end(text: &str, names: &Names<'_>) -> Result<End, Wrong> {
    if let Some(word) = text.split_whitespace().find(|w| matches!(*w, "allow" | "deny")) {
        return Err(unexpected(word).help("`only` says both: those may, nobody else may"));
    }
    end(text, names)
}

/// One end. A port may stand apart: `shop/db :5432`, `shop/db tcp:5432`.
pub(crate) fn end(text: &str, names: &Names<'_>) -> Result<End, Wrong> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let joined = match words.as_slice() {
        [] => return Err(Wrong::new("an end of the connection is not said")),
        [one] => (*one).to_owned(),
        [who, what] if what.starts_with([':', '/']) => format!("{who}{what}"),
        [who, what] => match what.split_once(':') {
            Some((protocol @ ("tcp" | "udp" | "sctp"), port)) => format!("{who}:{port}/{protocol}"),
            _ => return Err(unexpected(what)),
        },
        [_, _, more, ..] => return Err(unexpected(more)),
    };
    let (head, tail) = split_what(&joined);
    if head == "*" || head == "*/*" {
        return Ok(End::All(None, what(tail)?));
    }
    if let Some(namespace) = head.strip_suffix("/*") {
        if namespace.is_empty() || namespace.contains(['/', '*', '=']) {
            return Err(Wrong::new(format!("`{namespace}` is no namespace")));
        }
        return Ok(End::All(Some(namespace.into()), what(tail)?));
    }
    if let Some(name) = head.strip_prefix("ip/").filter(|name| is_name(name)) {
        let known = names.addresses.iter().find(|(known, _)| known == name);
        let Some((known, address)) = known else {
            let near =
                portcullis_core::nearest(name, names.addresses.iter().map(|(n, _)| n.as_str()));
            let wrong = Wrong::new(format!("the fixtures name no address `{name}`"));
            return Err(match near {
                Some(near) => wrong.help(format!("did you mean `ip/{near}`?")),
                None => wrong.help("name it under cluster.fixtures: - ip: {NAME: ADDRESS}"),
            });
        };
        return Ok(End::Named(known.clone(), *address, what(tail)?));
    }
    let mut spec: Spec = joined
        .parse()
        .map_err(|error: portcullis_analysis::SpecError| Wrong::new(error.to_string()))?;
    if let (
        Some(given),
        Who::Workload { namespace, .. }
        | Who::Labelled { namespace, .. }
        | Who::Service { namespace, .. },
    ) = (names.namespace, &mut spec.who)
        && namespace.is_none()
    {
        *namespace = Some(given.into());
    }
    Ok(End::Spec(spec))
}

/// Whether what stands behind `ip/` is a name rather than an address, or a slip in one.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.parse::<IpAddr>().is_err()
}

/// Splits a name off the port or protocol behind it, where the name is one that `connect` does not
/// know: a star, or an address by name.
fn split_what(text: &str) -> (&str, &str) {
    let star = text.rfind('*').map(|at| at + 1);
    let named = text
        .strip_prefix("ip/")
        .filter(|name| is_name(name))
        .map(|name| "ip/".len() + name.find([':', '/']).unwrap_or(name.len()));
    text.split_at_checked(star.or(named).unwrap_or(text.len())).unwrap_or((text, ""))
}

/// What stands behind a name, read as `connect` reads it.
fn what(tail: &str) -> Result<What, Wrong> {
    // Any name will do: what is read is what follows it.
    match format!("any/name{tail}").parse::<Spec>() {
        Ok(Spec { who: Who::Workload { namespace: Some(n), name, .. }, what })
            if n == "any" && name == "name" =>
        {
            Ok(what)
        }
        _ => Err(Wrong::new(format!("`{tail}` is no port or protocol"))),
    }
}

/// What decides.
pub(crate) fn by(text: &str) -> Result<By, Wrong> {
    let wrong = || {
        Wrong::new(format!("`{text}` names nothing that decides"))
            .help("write ingress, egress, tier/NAME, NAMESPACE/POLICY, POLICY#RULE or profile/NAME")
    };
    let parts: Vec<&str> = text.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(wrong());
    }
    match parts.as_slice() {
        ["ingress"] => return Ok(By::Side(Direction::Ingress)),
        ["egress"] => return Ok(By::Side(Direction::Egress)),
        ["tier", name] => return Ok(By::Tier((*name).into())),
        ["profile", name] => return Ok(By::Profile((*name).into())),
        _ => {}
    }
    let (namespace, name) = match parts.as_slice() {
        ["policy", namespace, name] | [namespace, name] if *namespace != "policy" => {
            (Some(SmolStr::from(*namespace)), *name)
        }
        ["policy", name] | [name] => (None, *name),
        _ => return Err(wrong()),
    };
    let (name, rule) = match name.split_once('#') {
        Some((name, rule)) => (name, Some(rule.parse().map_err(|_| wrong())?)),
        None => (name, None),
    };
    if name.is_empty() {
        return Err(wrong());
    }
    Ok(By::Policy { namespace, name: name.into(), rule })
}

/// An exception.
pub(crate) fn except(text: &str, names: &Names<'_>) -> Result<Except, Wrong> {
    if let Some((from, to)) = text.split_once("->") {
        return Ok(Except { from: Some(end(from, names)?), to: Some(end(to, names)?) });
    }
    match (after_word(text, "from"), after_word(text, "to")) {
        (Some(from), _) => Ok(Except { from: Some(end(from, names)?), to: None }),
        (None, Some(to)) => Ok(Except { from: None, to: Some(end(to, names)?) }),
        (None, None) => Err(Wrong::new(format!("`{text}` is no exception"))
            .help("write `from END`, `to END` or `END -> END`")),
    }
}

/// A table: a line of columns, where connections go, and a line for each row, where they come from.
///
/// A cell is `+` for allow, `-` for deny, `.` for nothing, or the ports that are allowed. In front
/// of the columns may stand the port of every column, or `.` to hold the place.
pub(crate) fn table(text: &str, names: &Names<'_>) -> Result<Vec<Flow>, Wrong> {
    let mut lines = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| !words.is_empty());
    let Some(mut head) = lines.next() else {
        return Err(Wrong::new("an empty table claims nothing"));
    };
    let port = match head.first() {
        Some(first) if first.starts_with([':', '/']) => what(head.remove(0))?,
        Some(&".") => {
            head.remove(0);
            What::Unsaid
        }
        _ => What::Unsaid,
    };
    let mut columns = Vec::new();
    for text in head {
        let column = end(text, names)?;
        let said = *column.what() != What::Unsaid || port == What::Unsaid;
        columns.push(if said { column } else { column.on(&port) });
    }
    let mut flows = Vec::new();
    for row in lines {
        let Some((first, cells)) = row.split_first() else { continue };
        let from = end(first, names)?;
        if cells.len() != columns.len() {
            let (cells, columns) = (cells.len(), columns.len());
            return Err(Wrong::new(format!("row `{first}` fills {cells} of {columns} columns")));
        }
        for (cell, to) in cells.iter().zip(&columns) {
            let flow = |to: End, allow| Flow {
                some: false,
                from: from.clone(),
                to,
                allow,
                by: Vec::new(),
                except: Vec::new(),
            };
            match *cell {
                "." => {}
                "+" => flows.push(flow(to.clone(), true)),
                "-" => flows.push(flow(to.clone(), false)),
                ports => {
                    for port in items(ports, ',') {
                        let port = format!(":{}", port.trim_start_matches(':'));
                        let on = what(&port).map_err(|_| {
                            Wrong::new(format!("`{cell}` is no cell"))
                                .help("write + for allow, - for deny, . for nothing, or ports")
                        })?;
                        flows.push(flow(to.on(&on), true));
                    }
                }
            }
        }
    }
    if flows.is_empty() {
        return Err(Wrong::new("a table without a row and a cell claims nothing"));
    }
    Ok(flows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<(SmolStr, IpAddr)> {
        vec![
            ("internet".into(), IpAddr::from([198, 51, 100, 7])),
            ("office".into(), IpAddr::from([203, 0, 113, 9])),
        ]
    }

    fn read(text: &str) -> Result<Claim, Wrong> {
        let addresses = names();
        claim(text, &Names { namespace: Some("own"), addresses: &addresses })
    }

    /// What is read prints as `want`, and that is read as the same again.
    #[track_caller]
    fn check(text: &str, want: &str) {
        let got = match read(text) {
            Ok(claim) => {
                let printed = claim.to_string();
                assert_eq!(read(&printed), Ok(claim), "`{printed}` is read as something else");
                printed
            }
            Err(Wrong { message, help: None }) => message,
            Err(Wrong { message, help: Some(help) }) => format!("{message}; {help}"),
        };
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn rights() {
        check("user/jane can get,list pods in payments", "user/jane can get,list pods in payments");
        check(
            "sa/a:b cannot [get, list] secrets anywhere",
            "sa/a:b cannot get,list secrets anywhere",
        );
        check(
            "sa/a:b cannot get , list secrets anywhere",
            "sa/a:b cannot get,list secrets anywhere",
        );
        check("group/x can get pods/exec web-0 in a", "group/x can get pods/exec web-0 in a");
        check("sa/a:* cannot create pods cluster", "sa/a:* cannot create pods cluster");
        check("user/j can get /healthz", "user/j can get /healthz");
        check(
            "jane can get pods",
            "`jane` is nobody; write user/NAME, group/NAME or sa/NAMESPACE:NAME",
        );
        check(
            "sa/x can get pods",
            "`sa/x` is nobody; write user/NAME, group/NAME or sa/NAMESPACE:NAME",
        );
        check(
            "user/ can get pods",
            "`user/` is nobody; write user/NAME, group/NAME or sa/NAMESPACE:NAME",
        );
        check("user/j can", "no verb is said; such as get, list or delete");
        check("user/j can get", "no resource is said; such as pods or deployments.apps");
        check("user/j can get pods in", "no namespace is said behind `in`");
        check("user/j can get pods x y", "`y` is not expected here");
    }

    #[test]
    fn holders_of_rights() {
        check(
            "who can delete pods in a exactly group/x, user/y",
            "who can delete pods in a exactly group/x, user/y",
        );
        check(
            "who can get pods besides built-in subset [sa/a:b]",
            "who can get pods besides built-in subset sa/a:b",
        );
        check("who can get pods superset user/y", "who can get pods superset user/y");
        check("who can get pods db anywhere count 3", "who can get pods db anywhere count 3");
        check("who can get pods count 1..3", "who can get pods count 1..3");
        check("who can get pods count 1..", "who can get pods count 1..");
        check("who can get pods exactly []", "who can get pods exactly []");
        check(
            "who can get pods",
            "it is not said who; add exactly, subset or superset with a list, or count with a number",
        );
        check(
            "who can get pods superset []",
            "everybody is a superset of nobody: it claims nothing",
        );
        check("who can get pods exactly sa/a:*", "`sa/a:*` stands for many: name each that may");
        check("who can get pods count 0..", "`0..` is no count: write 3, 1..3 or 1..");
        check("who can get pods count 3..1", "`3..1` is no count: write 3, 1..3 or 1..");
    }

    #[test]
    fn flows() {
        check("a/b -> c/d:80 allow", "a/b -> c/d:80 allow");
        check("a/b->c/d:80 deny", "a/b -> c/d:80 deny");
        check("b -> d :80 deny", "own/b -> own/d:80 deny");
        check("some b -> c/app=x,tier=y tcp:443 allow", "some own/b -> c/app=x,tier=y:443 allow");
        check("b -> c/d udp:53 allow", "own/b -> c/d:53/udp allow");
        check("b -> svc/d deny", "own/b -> svc/own/d deny");
        check("a/* -> *:80 deny", "a/* -> *:80 deny");
        check("*/* -> a/*/icmp:8.0 deny", "* -> a/*/icmp:8.0 deny");
        check("ip/internet -> a/b:80 deny", "ip/internet -> a/b:80 deny");
        check("a/b -> ip/internet:443 allow", "a/b -> ip/internet:443 allow");
        check("a/b -> ip/internet/icmp allow", "a/b -> ip/internet/icmp allow");
        check("ip/10.0.0.1 -> ip/2001:db8::1 allow", "ip/10.0.0.1 -> ip/[2001:db8::1] allow");
        check(
            "a/b -> c/d:80 deny by ingress, x/y#2",
            "a/b -> c/d:80 deny by ingress, policy/x/y#2",
        );
        check("a/b -> c/d:80 deny by tier/t", "a/b -> c/d:80 deny by tier/t");
        check("a/b -> c/d:80 allow by profile/kns.a", "a/b -> c/d:80 allow by profile/kns.a");
        check("a/b -> c/d:80 allow by policy/y", "a/b -> c/d:80 allow by policy/y");
        check(
            "a/* -> c/d:80 deny by y except from a/x=1,y=2, to c/e, a/b -> c/d:80",
            "a/* -> c/d:80 deny by policy/y except from a/x=1,y=2, to c/e, a/b -> c/d:80",
        );
    }

    #[test]
    fn flows_that_are_none() {
        check("a/b -> c/d:80", "it is not said whether it passes; add allow or deny at the end");
        check("a/b -> deny", "an end of the connection is not said");
        check("-> a/b deny", "an end of the connection is not said");
        check("a/b -> c/d:0 deny", "`c/d:0` names no endpoint: port 0 is not between 1 and 65535");
        check("a/b -> c/*:x!y deny", "`:x!y` is no port or protocol");
        check("a/b -> c/*d deny", "`d` is no port or protocol");
        check("a/b -> c/d e deny", "`e` is not expected here");
        check(
            "a/b -> ip/offixe:80 deny",
            "the fixtures name no address `offixe`; did you mean `ip/office`?",
        );
        check(
            "a/b -> c/d deny because",
            "`because` is not expected here; behind allow or deny come `by` and `except`",
        );
        check("a/b -> c/d deny by", "nothing is said behind `by`");
        check("a/b -> c/d deny except", "nothing is said behind `except`");
        check(
            "a/b -> c/d deny except c/d",
            "`c/d` is no exception; write `from END`, `to END` or `END -> END`",
        );
        check("some a/b -> c/d deny except to c/d", "`some` needs no `except`: one flow is enough");
        check(
            "a/b -> c/d deny by x#y",
            "`x#y` names nothing that decides; write ingress, egress, tier/NAME, NAMESPACE/POLICY, POLICY#RULE or profile/NAME",
        );
    }

    #[test]
    fn only() {
        check("only a/b, c/d:9 -> e/f:80", "only a/b, c/d:9 -> e/f:80");
        check("only [] -> e/f", "only [] -> e/f");
        check("e/f -> only a/b:80, ip/internet:443", "e/f -> only a/b:80, ip/internet:443");
        check("only -> e/f", "nothing is said behind `only`; nobody is written `only []`");
        check(
            "only a/b -> e/f allow",
            "`allow` is not expected here; `only` says both: those may, nobody else may",
        );
    }

    #[test]
    fn what_is_no_claim() {
        check("", "an empty line claims nothing");
        check(
            "hello",
            "`hello` claims nothing that is known; write `user/jane can get pods in shop`, \
             `who can delete pods exactly group/ops` or `shop/cart -> shop/db:5432 deny`",
        );
        check(
            "admit x.yaml as user/jane",
            "`admit` comes later; a test claims today what RBAC allows and which connections pass",
        );
    }

    #[track_caller]
    fn check_table(text: &str, want: &[&str]) {
        let names = Names { namespace: None, addresses: &[] };
        let got: Vec<String> = match table(text, &names) {
            Ok(flows) => flows.iter().map(ToString::to_string).collect(),
            Err(wrong) => vec![wrong.message],
        };
        assert_eq!(got, want);
    }

    #[test]
    fn tables() {
        check_table(
            "      :80  web db:5432\nweb    .   +\n\ndb     -  80,53/udp\n",
            &[
                "web -> db:5432 allow",
                "db -> web:80 deny",
                "db -> db:80 allow",
                "db -> db:53/udp allow",
            ],
        );
        check_table("web\nweb +", &["web -> web allow"]);
        check_table(".   web\nweb +", &["web -> web allow"]);
        check_table("", &["an empty table claims nothing"]);
        check_table("web db", &["a table without a row and a cell claims nothing"]);
        check_table("web\nweb .", &["a table without a row and a cell claims nothing"]);
        check_table("web db\nweb +", &["row `web` fills 1 of 2 columns"]);
        check_table("web\nweb y!", &["`y!` is no cell"]);
    }
}
