//! What kubectl prints, brought to the form of recordings: tables without padding, explanations
//! without the sentences.

/// What separates cells in recordings, and at least what separates them on a terminal.
const GAP: &str = "   ";

/// Joins the cells of every table by three spaces and says `<empty>` for an empty cell, save at the
/// end of a line.
pub(crate) fn collapsed(text: &str) -> String {
    let mut columns: Option<Vec<usize>> = None;
    let mut lines = Vec::new();
    for line in text.split('\n') {
        if line.trim().is_empty() {
            columns = None;
            lines.push(line.to_owned());
            continue;
        }
        // Without capitals at its head a table has no header to take columns from.
        let is_header = !line.chars().any(char::is_lowercase) && columns.is_none();
        if is_header {
            columns = Some(starts(line));
        }
        lines.push(cells(line, columns.as_deref()).join(GAP));
    }
    lines.join("\n")
}

/// Where the cells of a header begin, in characters.
fn starts(header: &str) -> Vec<usize> {
    let characters: Vec<char> = header.chars().collect();
    let is_blank = |at: usize| characters.get(at).is_none_or(|c| *c == ' ');
    // A header may hold a single space: `CREATED AT`.
    let follows_gap = |at: usize| at == 0 || (at > 1 && is_blank(at - 1) && is_blank(at - 2));
    let begins = |at: &usize| !is_blank(*at) && follows_gap(*at);
    (0..characters.len()).filter(begins).collect()
}

/// The cells of a line. If it has as many as there are columns, no cell is empty and the gaps part
/// them; otherwise they are cut where the columns begin.
fn cells(line: &str, columns: Option<&[usize]>) -> Vec<String> {
    let parted: Vec<&str> =
        line.split(GAP).map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let columns = columns.filter(|columns| columns.len() > parted.len());
    let Some(columns) = columns else {
        return parted.into_iter().map(str::to_owned).collect();
    };
    let characters: Vec<char> = line.chars().collect();
    let ends = columns.iter().skip(1).copied().chain([characters.len()]);
    let mut cells: Vec<String> = columns
        .iter()
        .zip(ends)
        .map(|(from, to)| {
            let cell = characters.iter().skip(*from).take(to.saturating_sub(*from));
            cell.collect::<String>().trim().to_owned()
        })
        .collect();
    while cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    for cell in cells.iter_mut().filter(|cell| cell.is_empty()) {
        "<empty>".clone_into(cell);
    }
    cells
}

/// Our explanation with every sentence that the recording leaves out replaced by `<text>`, as far
/// as the two have the same layout. Sentences of ours may be others, or none.
pub(crate) fn without_sentences(recorded: &str, ours: &str) -> (String, String) {
    let recorded: Vec<&str> = recorded.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut reduced = Vec::new();
    let mut lines = ours.lines().filter(|line| !line.trim().is_empty()).peekable();
    for line in &recorded {
        if *line == "<text>" {
            // Sentences are indented, and unlike fields they hold no tab.
            while lines.next_if(|line| line.starts_with("    ") && !line.contains('\t')).is_some() {
            }
            reduced.push(*line);
        } else {
            reduced.extend(lines.next());
        }
    }
    reduced.extend(lines);
    (recorded.join("\n"), reduced.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(collapsed(text), want);
    }

    #[test]
    fn padding_goes_and_empty_cells_are_named() {
        check("NAME    DATA   AGE\nplain   2      3s\n", "NAME   DATA   AGE\nplain   2   3s\n");
        check(
            "NAME    ORDER   READY   AGE\nnorth   7               3s\n",
            "NAME   ORDER   READY   AGE\nnorth   7   <empty>   3s\n",
        );
        check(
            "NAME   CREATED AT\nbad    2026-01-02T03:04:05Z\n\nNAME      ROLE\nreaders   Role/r\n",
            "NAME   CREATED AT\nbad   2026-01-02T03:04:05Z\n\nNAME   ROLE\nreaders   Role/r\n",
        );
        check("NAME   VERSION   OS\nn1\n", "NAME   VERSION   OS\nn1\n");
        check("web   Active   3s\n", "web   Active   3s\n");
    }

    #[test]
    fn sentences_are_of_no_matter_and_fields_are() {
        let recorded =
            "KIND:  Role\n\nDESCRIPTION:\n<text>\n\nFIELDS:\n  rules\t<[]Rule>\n<text>\n";
        let same = |ours: &str| {
            let (recorded, ours) = without_sentences(recorded, ours);
            recorded == ours
        };
        assert!(same(
            "KIND:  Role\n\nDESCRIPTION:\n    One.\n    Two.\n\nFIELDS:\n  rules\t<[]Rule>\n"
        ));
        assert!(same(
            "KIND:  Role\nDESCRIPTION:\n    <empty>\nFIELDS:\n  rules\t<[]Rule>\n    x\n"
        ));
        assert!(!same("KIND:  Role\nDESCRIPTION:\nFIELDS:\n  rules\t<[]Object>\n"));
        assert!(!same("KIND:  Role\nDESCRIPTION:\nFIELDS:\n"));
    }
}
