//! Two objects in one document.

use std::ops::Range;

use portcullis_core::{Code, Diagnostic, DocumentId, Fix, Place, Severity};
use portcullis_object::{Cursor, Input, Limits, codes, load};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("YA015"),
    severity: Severity::Error,
    title: "two objects in one document, without `---` between them",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    let at_root = |d: &Diagnostic, key: &str| {
        d.code == codes::DUPLICATE_KEY && d.origin().is_some_and(|o| o.path.to_string() == key)
    };
    let doubled: Vec<DocumentId> = found
        .told()
        .iter()
        .filter(|d| at_root(d, "kind"))
        .filter_map(|kind| {
            let document = kind.place()?.document();
            let same = |d: &&Diagnostic| {
                at_root(d, "apiVersion") && d.place().is_some_and(|p| p.document() == document)
            };
            found.told().iter().any(|d| same(&d)).then_some(document)
        })
        .collect();
    for document in doubled {
        let Some(object) = context.objects.iter().find(|o| o.document() == document) else {
            continue;
        };
        // The later of two keys is the one that counts, so these are the second object's.
        let keys = ["apiVersion", "kind"].iter().filter_map(|key| object.root().field(key));
        let places = keys.filter_map(|key| {
            let at = context.sources().locate(&key.key_place())?;
            Some((at.range.start, key))
        });
        let Some((start, first)) = places.min_by_key(|(start, _)| *start) else { continue };
        if !begins_behind_the_first(context, found, document, start) {
            continue;
        }
        let explained = |d: &Diagnostic| {
            let structure = d.code == codes::DUPLICATE_KEY
                || d.code.0.starts_with("NP10")
                || d.code.0.starts_with("RB");
            structure && d.place().is_some_and(|p| p.document() == document)
        };
        found.take_back(explained);
        found.add(finding(context, document, start, first));
    }
}

/// Whether both keys of the first object stand before `start`. Otherwise keys are doubled, and no
/// line between them makes two objects of them.
fn begins_behind_the_first(
    context: &Context<'_>,
    found: &Found,
    document: DocumentId,
    start: usize,
) -> bool {
    let naming = |d: &&Diagnostic| {
        let path = d.origin().map(|o| o.path.to_string());
        d.code == codes::DUPLICATE_KEY && matches!(path.as_deref(), Some("apiVersion" | "kind"))
    };
    let here = |d: &&Diagnostic| d.place().is_some_and(|p| p.document() == document);
    let told = found.told().iter().filter(naming).filter(here);
    let mut earlier = told.filter_map(|d| context.sources().locate(&d.labels.get(1)?.place));
    earlier.all(|at| at.range.start < start)
}

fn finding(
    context: &Context<'_>,
    document: DocumentId,
    start: usize,
    first: Cursor<'_>,
) -> Diagnostic {
    let range = context.sources().document_range(document).unwrap_or_default();
    let from = range.start;
    let text = context.sources().file_text(document);
    let is_object = |part: Range<usize>| text.get(part).is_some_and(is_object);
    let offset = u32::try_from(start.saturating_sub(from)).unwrap_or(u32::MAX);
    CHECK
        .at(first.key_place(), "a second object begins here, in the document of the first")
        .help("separate them with a line `---`")
        .fixed_by(Fix {
            place: Place::In(document, offset..offset),
            text: "---\n".into(),
            // Of two halves of an object neither would be one.
            safe: is_object(from..start) && is_object(start..range.end),
        })
        .refusing()
}

/// Whether a text is one object that can be read.
fn is_object(text: &str) -> bool {
    let input = Input { name: String::new(), bytes: text.as_bytes().to_vec() };
    let loaded = load(vec![input], &Limits::default());
    loaded.unreadable.is_empty() && loaded.objects.len() == 1
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, report, silent};

    const TWO: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: a}
rules: []
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: a}
";

    #[test]
    fn the_second_object_is_found() {
        check(
            CHECK.code,
            TWO,
            expect![[r#"
            5 error "apiVersion": a second object begins here, in the document of the first (separate them with a line `---`)
        "#]],
        );
        let codes: Vec<&str> = report(TWO).findings.iter().map(|f| f.diagnostic.code.0).collect();
        assert!(!codes.contains(&"YA002") && !codes.contains(&"NP101"), "{codes:?}");
    }

    #[test]
    fn a_half_that_is_no_object_is_not_put_apart_for_certain() {
        let is_safe = |text: &str| {
            let report = report(text);
            let mut found = report.findings.iter().map(|f| &f.diagnostic);
            let found = found.find(|d| d.code == CHECK.code).expect("the second object is found");
            found.fix.as_ref().expect("there is a fix").safe
        };
        assert!(is_safe(TWO));
        assert!(!is_safe(&TWO.replacen("kind: Role\n", "kind:\n", 1)));
        assert!(!is_safe(&TWO.replacen(
            "apiVersion: rbac.authorization.k8s.io/v1\n",
            "apiVersion: ''\n",
            1
        )));
    }

    #[test]
    fn a_mark_or_one_doubled_key() {
        silent(
            CHECK.code,
            &[
                &TWO.replacen("rules: []\n", "rules: []\n---\n", 1),
                "apiVersion: v1\nkind: Pod\nkind: Pod\nmetadata: {name: a}\n",
                "apiVersion: v\napiVersion: v1\nkind:\nkind: Pod\nmetadata: {name: a}\n",
            ],
        );
    }
}
