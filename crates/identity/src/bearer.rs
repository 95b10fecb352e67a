//! The `Authorization` header: where a bearer token stands in it, if one does.

/// What the original warns of when a second space hides the token.
pub const EXTRA_SPACE: &str = "the provided Authorization header contains extra space before the bearer token, and is ignored";

/// What an `Authorization` header presents (RFC 6750, 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearer<'a> {
    /// No bearer token: another scheme, or nothing behind the word. Such a request is anonymous, not
    /// refused.
    Absent,
    /// The same, but it looks as if somebody meant one: warn with [`EXTRA_SPACE`].
    Misplaced,
    /// This token. Whatever follows after another space is ignored.
    Token(&'a str),
}

impl<'a> Bearer<'a> {
    /// Reads the value of the header, the first one if it is sent several times.
    pub fn of(header: &'a str) -> Self {
        let mut parts = header.trim().splitn(3, ' ');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(scheme), Some(token), rest) if scheme.eq_ignore_ascii_case("bearer") => {
                match (token, rest) {
                    ("", None) => Self::Absent,
                    ("", Some(_)) => Self::Misplaced,
                    _ => Self::Token(token),
                }
            }
            _ => Self::Absent,
        }
    }

    /// The token, if there is one.
    pub fn token(self) -> Option<&'a str> {
        match self {
            Self::Token(token) => Some(token),
            Self::Absent | Self::Misplaced => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bearer::{self, Absent, Misplaced, Token};

    #[test]
    fn only_a_bearer_token_is_one() {
        for (header, bearer) in [
            ("Bearer abc", Token("abc")),
            ("bEARER abc", Token("abc")),
            ("  Bearer abc  ", Token("abc")),
            ("Bearer abc def ghi", Token("abc")),
            ("Bearer  abc", Misplaced),
            ("Bearer ", Absent),
            ("Bearer", Absent),
            ("Bearer\tabc", Absent),
            ("Basic YWRtaW46YWRtaW4=", Absent),
            ("abc", Absent),
            ("", Absent),
        ] {
            assert_eq!(Bearer::of(header), bearer, "{header:?}");
        }
    }
}
