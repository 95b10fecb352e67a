//! A stretch of keys.

/// The keys from one to another, in the order of their bytes. The end is not among them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Keys {
    from: Box<[u8]>,
    to: Option<Box<[u8]>>,
}

impl Keys {
    /// Every key.
    #[must_use]
    pub fn all() -> Self {
        Self { from: Box::default(), to: None }
    }

    /// The keys from `from`, with it, up to `to`, without it. Nothing when `to` is not after `from`.
    #[must_use]
    pub fn between(from: &[u8], to: &[u8]) -> Self {
        Self { from: from.into(), to: Some(to.into()) }
    }

    /// The keys that begin with `prefix`.
    #[must_use]
    pub fn prefix(prefix: &[u8]) -> Self {
        Self { from: prefix.into(), to: after_prefix(prefix) }
    }

    /// Those of these keys that come at or after `key`: where a page goes on.
    #[must_use]
    pub fn starting_at(&self, key: &[u8]) -> Self {
        Self { from: self.from.as_ref().max(key).into(), to: self.to.clone() }
    }

    /// Those of these keys that come after `key`.
    #[must_use]
    pub fn after(&self, key: &[u8]) -> Self {
        // The smallest key greater than another is that key and a zero.
        self.starting_at(&[key, &[0]].concat())
    }

    /// The first key that may be among them.
    #[must_use]
    pub fn start(&self) -> &[u8] {
        &self.from
    }

    /// The first key after them, if there is an end.
    #[must_use]
    pub fn end(&self) -> Option<&[u8]> {
        self.to.as_deref()
    }

    /// Whether `key` is among them.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= self.start() && !self.is_before(key)
    }

    /// Whether all of them come before `key`.
    #[must_use]
    pub fn is_before(&self, key: &[u8]) -> bool {
        self.end().is_some_and(|end| key >= end)
    }
}

/// The first key after all that begin with `prefix`; none if they go on to the end of all keys.
fn after_prefix(prefix: &[u8]) -> Option<Box<[u8]>> {
    // What follows is the prefix with its last byte one greater; bytes that cannot grow are left out.
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last.saturating_add(1));
            return Some(end.into());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &Keys, inside: &[&[u8]], outside: &[&[u8]]) {
        for key in inside {
            assert!(keys.contains(key), "{keys:?} has {key:?}");
        }
        for key in outside {
            assert!(!keys.contains(key), "{keys:?} does not have {key:?}");
        }
    }

    #[test]
    fn keys_are_among_them_or_not() {
        check(&Keys::all(), &[b"", b"a", b"\xff\xff"], &[]);
        check(&Keys::prefix(b"a/"), &[b"a/", b"a/b", b"a/\xff"], &[b"a", b"a0", b"b", b""]);
        check(&Keys::prefix(b"a\xff"), &[b"a\xff", b"a\xff\xff"], &[b"a", b"b", b"a\xfe"]);
        check(&Keys::prefix(b"\xff"), &[b"\xff", b"\xff\xff"], &[b"\xfe", b""]);
        check(&Keys::prefix(b""), &[b"", b"a"], &[]);
        check(&Keys::between(b"b", b"d"), &[b"b", b"c", b"cz"], &[b"a", b"d", b"da"]);
        check(&Keys::between(b"d", b"b"), &[], &[b"a", b"b", b"c", b"d", b"e"]);
        check(&Keys::prefix(b"a").starting_at(b"ab"), &[b"ab", b"ac"], &[b"aa", b"b"]);
        check(&Keys::prefix(b"b").starting_at(b"a"), &[b"b", b"bz"], &[b"a", b"c"]);
        check(&Keys::prefix(b"a").after(b"ab"), &[b"ab\0", b"ac"], &[b"ab", b"b"]);
    }
}
