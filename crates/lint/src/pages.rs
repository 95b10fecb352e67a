//! One page a code: `docs/checks/CODE.md`.

macro_rules! pages {
    ($($code:literal)*) => {
        &[$(($code, include_str!(concat!("../../../docs/checks/", $code, ".md")))),*]
    };
}

/// In order.
const PAGES: &[(&str, &str)] = pages! {};

/// The page of a code, in Markdown: what it is, why it matters, an example, the fix, how to allow it.
pub fn page(code: &str) -> Option<&'static str> {
    let at = PAGES.binary_search_by_key(&code, |(name, _)| name).ok()?;
    PAGES.get(at).map(|(_, page)| *page)
}
