//! JUnit's XML, as test reports of pipelines read it: a suite a file, a case a finding.

use super::{Listing, Told};
use crate::render::xml::attribute;
use crate::render::xml::content;

/// Findings that make the run fail are failures; the others are cases that passed and say something.
pub(super) fn text(listing: &Listing<'_>) -> String {
    let failures = listing.told.iter().filter(|told| told.fails).count();
    let cases: usize = listing.files.iter().map(|file| of(file, listing).count().max(1)).sum();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"portcullis check\" tests=\"{cases}\" failures=\"{failures}\">\n"
    );
    for file in &listing.files {
        suite(file, listing, &mut text);
    }
    text.push_str("</testsuites>\n");
    text
}

fn of<'l, 'a>(
    file: &'l str,
    listing: &'l Listing<'a>,
) -> impl Iterator<Item = &'l Told<'a>> + Clone {
    listing.told.iter().filter(move |told| told.at.file == file)
}

fn suite(file: &str, listing: &Listing<'_>, text: &mut String) {
    let told = of(file, listing);
    let (tests, failures) = (told.clone().count(), told.clone().filter(|t| t.fails).count());
    let name = attribute(file);
    text.push_str(&format!(
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\">\n",
        tests.max(1)
    ));
    if tests == 0 {
        text.push_str(&format!(
            "    <testcase name=\"no findings\" classname=\"{name}\" file=\"{name}\"/>\n"
        ));
    }
    for told in told {
        case(told, &name, text);
    }
    text.push_str("  </testsuite>\n");
}

fn case(told: &Told<'_>, file: &str, text: &mut String) {
    let code = told.diagnostic.code;
    let (place, line) = match told.at.region {
        Some(at) => (format!(" at {}:{}", at.line, at.column), format!(" line=\"{}\"", at.line)),
        None => (String::new(), String::new()),
    };
    text.push_str(&format!(
        "    <testcase name=\"{code}{place}\" classname=\"{file}\" file=\"{file}\"{line}>\n"
    ));
    let severity = told.diagnostic.severity;
    let message = told.message_and_help();
    if told.fails {
        text.push_str(&format!(
            "      <failure type=\"{severity}\" message=\"{}\">{}</failure>\n",
            attribute(&told.diagnostic.message),
            content(&message)
        ));
    } else {
        let said = content(&format!("{severity}: {message}"));
        text.push_str(&format!("      <system-out>{said}</system-out>\n"));
    }
    text.push_str("    </testcase>\n");
}
