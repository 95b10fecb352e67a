//! Maps of a test file, read strictly: a key that nobody knows is a mistake, never a remark.

use portcullis_core::nearest;
use portcullis_object::{Cursor, NodeKind};

use super::line::{self, Wrong};
use crate::suite::Fault;

/// A claim's fault, at a place.
pub(crate) fn at(cursor: Cursor<'_>) -> impl Fn(Wrong) -> Fault {
    move |wrong: Wrong| {
        let fault = Fault::new(cursor.at(), wrong.message);
        match wrong.help {
            Some(help) => fault.help(help),
            None => fault,
        }
    }
}

/// Refuses the first key that is not among `known`; `later` are those that other versions have.
pub(crate) fn strict(map: Cursor<'_>, known: &[&str], later: &[&str]) -> Result<(), Fault> {
    of_kind(map, NodeKind::Map)?;
    for (key, value) in map.entries() {
        if known.contains(&key) {
            continue;
        }
        if later.contains(&key) {
            let Wrong { message, help } = line::later(key);
            let fault = Fault::new(value.key_place(), message);
            return Err(help.into_iter().fold(fault, Fault::help));
        }
        let fault = Fault::new(value.key_place(), format!("there is no field `{key}` here"));
        return Err(match nearest(key, known.iter().copied()) {
            Some(meant) => fault.help(format!("did you mean `{meant}`?")),
            None => fault.help(format!("it may have {}", known.join(", "))),
        });
    }
    Ok(())
}

/// Refuses what is of another kind.
pub(crate) fn of_kind(at: Cursor<'_>, kind: NodeKind) -> Result<(), Fault> {
    if at.kind() == kind {
        return Ok(());
    }
    let fault = Fault::new(at.at(), format!("{} must be {kind}, not {}", called(at), at.kind()));
    let is_scalar = at.scalar().is_some() && !at.is_null();
    Err(if kind == NodeKind::String && is_scalar { fault.help("quote it") } else { fault })
}

/// A field that is there and not null.
pub(crate) fn given<'a>(map: Cursor<'a>, name: &str) -> Option<Cursor<'a>> {
    map.field(name).filter(|field| !field.is_null())
}

/// A field that must be there.
pub(crate) fn needed<'a>(map: Cursor<'a>, name: &str) -> Result<Cursor<'a>, Fault> {
    given(map, name).ok_or_else(|| Fault::new(map.at(), format!("`{name}` is missing")))
}

/// Text that is not empty.
pub(crate) fn text(at: Cursor<'_>) -> Result<&str, Fault> {
    of_kind(at, NodeKind::String)?;
    let text = at.as_str().unwrap_or("").trim();
    if text.is_empty() {
        return Err(Fault::new(at.at(), format!("{} is empty", called(at))));
    }
    Ok(text)
}

/// The text of a field, if it is given.
pub(crate) fn text_of<'a>(map: Cursor<'a>, name: &str) -> Result<Option<&'a str>, Fault> {
    given(map, name).map(text).transpose()
}

/// A boolean, false where nothing is said.
pub(crate) fn flag(map: Cursor<'_>, name: &str) -> Result<Option<bool>, Fault> {
    let Some(field) = given(map, name) else { return Ok(None) };
    of_kind(field, NodeKind::Bool)?;
    Ok(field.as_bool())
}

/// The items of a list.
pub(crate) fn list(at: Cursor<'_>) -> Result<Vec<Cursor<'_>>, Fault> {
    of_kind(at, NodeKind::List)?;
    Ok(at.items().collect())
}

/// Texts: a list of them, or one.
pub(crate) fn texts(at: Cursor<'_>) -> Result<Vec<(&str, Cursor<'_>)>, Fault> {
    if at.kind() == NodeKind::List {
        return at.items().map(|item| text(item).map(|t| (t, item))).collect();
    }
    Ok(vec![(text(at)?, at)])
}

/// One of a few words.
pub(crate) fn word<T: Copy>(at: Cursor<'_>, words: &[(&str, T)]) -> Result<T, Fault> {
    let said = text(at)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == said) {
        return Ok(*value);
    }
    let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let message = format!("{} is {}, not `{said}`", called(at), all.join(" or "));
    let fault = Fault::new(at.at(), message);
    Err(match nearest(said, all.iter().copied()) {
        Some(meant) => fault.help(format!("did you mean `{meant}`?")),
        None => fault,
    })
}

fn called(at: Cursor<'_>) -> String {
    match at.key() {
        Some(key) => format!("`{key}`"),
        None => "this".into(),
    }
}
