//! What an image reference says of its tag (`distribution/reference`).

/// The longest name a reference may have, without tag and digest.
const NAME_MAX: usize = 255;
/// The longest tag.
const TAG_MAX: usize = 128;

/// Whether an image is asked for by the tag `latest`, said or meant: then it is pulled each time. A
/// reference that no registry would take is not.
pub(super) fn is_latest(image: &str) -> bool {
    let (named, digest) = match image.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (image, None),
    };
    // A colon before the last slash belongs to the registry's port.
    let repository = named.rfind('/').map_or(0, |slash| slash + 1);
    let colon = named.get(repository..).and_then(|last| last.find(':')).map(|at| at + repository);
    let (name, tag) = match colon.and_then(|at| named.split_at_checked(at)) {
        Some((name, tag)) => (name, tag.get(1..)),
        None => (named, None),
    };
    is_name(name)
        && digest.is_none_or(is_digest)
        && match tag {
            Some(tag) => tag == "latest" && is_tag(tag),
            None => digest.is_none(),
        }
}

fn is_name(name: &str) -> bool {
    let (domain, path) = match name.split_once('/') {
        Some((first, rest)) if is_domain_like(first) => (Some(first), rest),
        _ => (None, name),
    };
    // A bare name of 64 hexadecimal digits would be an image's id.
    let is_id = name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    name.len() <= NAME_MAX
        && !is_id
        && domain.is_none_or(is_domain)
        && path.split('/').all(is_path_component)
}

/// Whether the part before the first slash is a registry rather than a folder of the default one.
fn is_domain_like(first: &str) -> bool {
    first.contains(['.', ':'])
        || first == "localhost"
        || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_domain(domain: &str) -> bool {
    let bracketed = domain.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host_is_fine, port) = match bracketed {
        Some((address, rest)) => (
            !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'),
            rest,
        ),
        None => {
            let end = domain.find(':').unwrap_or(domain.len());
            let (host, rest) = domain.split_at_checked(end).unwrap_or((domain, ""));
            (host.split('.').all(is_domain_component), rest)
        }
    };
    let port_is_fine = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    host_is_fine && port_is_fine
}

fn is_domain_component(part: &str) -> bool {
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    ends(part.bytes().next())
        && ends(part.bytes().next_back())
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Lower-case letters and digits, with `.`, `_`, `__` or any number of `-` between them.
fn is_path_component(part: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = |byte: Option<u8>| byte.is_some_and(is_letter);
    ends(part.bytes().next())
        && ends(part.bytes().next_back())
        && part
            .split(|letter: char| u8::try_from(letter).is_ok_and(is_letter))
            .all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|b| b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= TAG_MAX
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == length && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::is_latest;

    #[test]
    fn latest_is_said_or_meant() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (image, want) in [
            ("i", true),
            ("i:latest", true),
            ("repo/i:latest", true),
            ("localhost:5000/a/b", true),
            ("registry.test:5000/a/b:latest", true),
            ("a__b/c--d.e", true),
            (&format!("i:latest@{digest}"), true),
            ("i:1.2", false),
            (&format!("i@{digest}"), false),
            ("i@sha256:abc", false),
            (" i ", false),
            ("", false),
            ("Upper", false),
            ("a//b", false),
            ("a___b", false),
            (&"a".repeat(64), false),
            (&"b".repeat(256), false),
            ("-/i", false),
            ("bad_.test/i", false),
        ] {
            assert_eq!(is_latest(image), want, "{image}");
        }
    }
}
