//! `portcullis explain`.

use portcullis_core::nearest;
use portcullis_lint::{Entry, catalogue, field, page};

use crate::args::ExplainArgs;
use crate::exit::{Exit, Failure};
use crate::render;
use crate::shell::Shell;

pub(super) fn run(args: &ExplainArgs, shell: &mut Shell<'_>) -> anyhow::Result<Exit> {
    let Some(what) = &args.what else {
        let mut entries: Vec<Entry> = catalogue().collect();
        entries.sort_by_key(|entry| entry.code);
        shell.answer(
            &args.output,
            Some("items"),
            |look| render::codes(&entries, look),
            || render::codes_value(&entries),
        )?;
        return Ok(Exit::Yes);
    };
    // Codes are said aloud and written in lower case, too.
    let code = what.to_uppercase();
    if let Some(entry) = catalogue().find(|entry| entry.code.0 == code) {
        let text = page(entry.code.0).unwrap_or(entry.title);
        shell.answer(
            &args.output,
            None,
            |look| render::page(text, look),
            || render::code_value(&entry, text),
        )?;
        return Ok(Exit::Yes);
    }
    let fields = field(what);
    if fields.is_empty() {
        return Err(unknown(what, &code).into());
    }
    shell.answer(
        &args.output,
        Some("items"),
        |look| render::fields(&fields, look),
        || render::fields_value(&fields),
    )?;
    Ok(Exit::Yes)
}

/// What is no code and no field, with what was likely meant.
fn unknown(what: &str, code: &str) -> Failure {
    let failure = Failure::new(format!("there is no code and no field called `{what}`"));
    if let Some(near) = nearest(code, catalogue().map(|entry| entry.code.0)) {
        return failure.help(format!("did you mean `{near}`?"));
    }
    let steps: Vec<&str> = what.split('.').collect();
    for (count, step) in steps.iter().enumerate().skip(1).rev() {
        let above = steps.iter().take(count).copied().collect::<Vec<_>>().join(".");
        let known = field(&above);
        let names = known.iter().flat_map(|help| &help.fields).map(|(name, _)| *name);
        match nearest(step, names) {
            Some(near) => return failure.help(format!("did you mean `{above}.{near}`?")),
            None if known.is_empty() => {}
            None => return failure.help(format!("`portcullis explain {above}` lists its fields")),
        }
    }
    failure.help("a field is written as in `networkpolicy.spec.ingress`; without a word, every code is listed")
}
