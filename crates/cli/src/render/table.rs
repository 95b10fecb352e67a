//! Columns, as kubectl draws them: three spaces between them, no borders.

use unicode_width::UnicodeWidthStr;

use super::{Look, Tone, clean};

/// Blanks between two columns.
pub(super) const GAP: usize = 3;

/// Rows under headers, each line ending in a line break. The last column is not padded.
pub(super) fn columns(headers: &[&str], rows: &[Vec<String>], look: Look) -> String {
    let mut out = String::new();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| clean(cell).into_owned()).collect()).collect();
    let widths = widths(headers, &rows);
    let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
    let head = row(&headers, &widths);
    out.push_str(&look.paint(Tone::Strong, &head));
    out.push('\n');
    for cells in &rows {
        out.push_str(&row(cells, &widths));
        out.push('\n');
    }
    out
}

/// How wide each column is, headers included.
pub(super) fn widths(headers: &[&str], rows: &[Vec<String>]) -> Vec<usize> {
    let mut widths: Vec<usize> = headers.iter().map(|header| header.width()).collect();
    for cells in rows {
        for (i, cell) in cells.iter().enumerate() {
            match widths.get_mut(i) {
                Some(width) => *width = (*width).max(cell.width()),
                None => widths.push(cell.width()),
            }
        }
    }
    widths
}

/// One row, without line break and blanks at its end.
pub(super) fn row(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(&padded(cell, width + GAP));
    }
    line.truncate(line.trim_end().len());
    line
}

/// A text with blanks behind it, up to a width.
pub(super) fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// A text in lines of at most `width` columns, broken at blanks.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in clean(text).split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["größe".to_owned(), "b".to_owned(), String::new()],
            vec!["x".to_owned(), "a\u{7}b".to_owned(), "y".to_owned()],
        ];
        expect![[r#"
            ONE     TWO       THREE
            größe   b
            x       a\u{7}b   y
        "#]]
        .assert_eq(&columns(&["ONE", "TWO", "THREE"], &rows, Look::default()));
    }

    #[test]
    fn long_sentences_are_broken_at_blanks() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("onetwothree", 7), ["onetwothree"]);
    }
}
