//! Patterns over the names of inputs: `*` within one part of a path, `**` any number of parts.

/// Whether the pattern names this path, or a folder above it.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        text.split('/').filter(|p| !p.is_empty() && *p != ".").map(str::to_owned).collect()
    };
    let (pattern, path) = (parts(pattern), parts(path));
    // Paths given with a folder in front still are what the pattern names.
    (0..=path.len()).any(|skipped| {
        let rest = path.get(skipped..).unwrap_or(&[]);
        let anchored = skipped == 0 || pattern.len() == 1;
        anchored && !pattern.is_empty() && parts_match(&pattern, rest)
    })
}

fn parts_match(pattern: &[String], path: &[String]) -> bool {
    // `reached[i]`: the first `i` parts of the pattern have named everything so far.
    let mut reached = vec![false; pattern.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    skip_stars(pattern, &mut reached);
    for part in path {
        if reached.last() == Some(&true) {
            return true;
        }
        let mut next = vec![false; pattern.len() + 1];
        for (i, wanted) in pattern.iter().enumerate() {
            if reached.get(i) != Some(&true) {
                continue;
            }
            let stays = wanted == "**";
            let to = if stays { i } else { i + 1 };
            if (stays || part_matches(wanted, part))
                && let Some(slot) = next.get_mut(to)
            {
                *slot = true;
            }
        }
        reached = next;
        skip_stars(pattern, &mut reached);
    }
    reached.last() == Some(&true)
}

/// `**` also stands for no part at all.
fn skip_stars(pattern: &[String], reached: &mut [bool]) {
    for (i, wanted) in pattern.iter().enumerate() {
        if wanted == "**"
            && reached.get(i) == Some(&true)
            && let Some(slot) = reached.get_mut(i + 1)
        {
            *slot = true;
        }
    }
}

fn part_matches(pattern: &str, part: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or("");
    let Some(mut rest) = part.strip_prefix(first) else { return false };
    let mut last = None;
    for piece in pieces {
        if let Some(middle) = last.replace(piece) {
            match rest.find(middle) {
                Some(at) => rest = rest.get(at + middle.len()..).unwrap_or(""),
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_name_files_and_folders() {
        for (pattern, path, want) in [
            ("vendor", "vendor/a.yaml", true),
            ("vendor", "k8s/vendor/a.yaml", true),
            ("k8s/vendor", "k8s/vendor/a/b.yaml", true),
            ("k8s/vendor", "other/k8s/vendor/b.yaml", false),
            ("**/generated/*.yaml", "a/b/generated/x.yaml", true),
            ("**/generated/*.yaml", "generated/x.yaml", true),
            ("**/generated/*.yaml", "a/generated/x.json", false),
            ("*.yml", "a/b.yml", true),
            ("a*c*e.yaml", "abcde.yaml", true),
            ("a*c*e.yaml", "abde.yaml", false),
            ("a*a", "a", false),
            ("./a", "./a/b", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, path), want, "{pattern} {path}");
        }
    }
}
