//! The token with which a list goes on. Clients hand it back as it is, or as they like.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use portcullis_store::Revision;
use serde_json::{Value, json};

use crate::status::Status;

/// As Go decodes: what is left of the last letter need not be zero.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));

/// The only version of the token that there has been.
const VERSION: &str = "meta.k8s.io/v1";

/// Where a list goes on, made and read as the original does
/// (`k8s.io/apiserver/pkg/storage/continue.go`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Continue {
    /// The version of the first page; without one the list goes on with what is there now.
    pub revision: Option<Revision>,
    /// The first key that counts, below the prefix of the list. No step of it leads up.
    pub start: String,
}

// === impl Continue ===

impl Continue {
    /// Goes on behind `last`, a key of the list under `prefix`.
    pub(crate) fn after(revision: Revision, last: &[u8], prefix: &str) -> Self {
        let key = String::from_utf8_lossy(last);
        let start = key.strip_prefix(prefix).unwrap_or(&key);
        Self { revision: Some(revision), start: format!("{start}\u{0}") }
    }

    /// As clients are given it.
    pub(crate) fn token(&self) -> String {
        let Self { revision, start } = self;
        let rv = revision.map_or(json!(-1), |revision| json!(revision.0));
        BASE64.encode(json!({"v": VERSION, "rv": rv, "start": start}).to_string())
    }

    /// Reads what a client sent.
    pub(crate) fn read(token: &str) -> Result<Self, Status> {
        let invalid = |why: &str| {
            Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
        };
        let bytes = BASE64.decode(token).map_err(|why| {
            // The original stops at the first letter that is none, or where one too many begins.
            use base64::DecodeError as Why;
            let at = match why {
                Why::InvalidByte(at, _) | Why::InvalidLastSymbol { offset: at, .. } => at,
                Why::InvalidLength(length) => length.saturating_sub(1),
                Why::InvalidPadding => token.find('=').unwrap_or(token.len()),
            };
            invalid(&format!("illegal base64 data at input byte {at}"))
        })?;
        let read =
            portcullis_schema::json::read(&bytes).map_err(|why| invalid(&why.to_string()))?.value;
        let text = |field: &str| read.get(field).and_then(Value::as_str).unwrap_or_default();
        if text("v") != VERSION {
            let version = text("v");
            return Err(invalid(&format!(
                "server does not recognize this encoded version {version}"
            )));
        }
        let revision = match read.get("rv").and_then(Value::as_i64).unwrap_or(0) {
            0 => {
                return Err(invalid(&format!(
                    "incorrect encoded start resourceVersion (version {VERSION})"
                )));
            }
            version => u64::try_from(version).ok().map(Revision),
        };
        let start = text("start");
        if start.is_empty() {
            return Err(invalid(&format!("encoded start key empty (version {VERSION})")));
        }
        let below = start.strip_prefix('/').unwrap_or(start);
        // The start stays within what was listed: a path that means another when it is cleaned is none.
        let dirty = |step: &str| matches!(step, "" | "." | "..");
        if !below.is_empty() && below.split('/').any(dirty) {
            return Err(invalid(start));
        }
        Ok(Self { revision, start: below.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<(Option<u64>, String), String> {
        Continue::read(&BASE64.encode(json))
            .map(|token| (token.revision.map(|revision| revision.0), token.start))
            .map_err(|status| status.message)
    }

    #[test]
    fn what_was_given_is_taken_back() {
        let prefix = "/registry/configmaps/";
        let token = Continue::after(Revision(7), b"/registry/configmaps/a/x", prefix);
        assert_eq!(token.start, "a/x\u{0}");
        assert_eq!(Continue::read(&token.token()), Ok(token));
    }

    #[test]
    fn what_clients_make_themselves_stays_below_the_prefix() {
        let with = |start: &str| format!(r#"{{"v":"meta.k8s.io/v1","rv":5,"start":"{start}"}}"#);
        for start in ["a", "/a", "a/b", "a/..b", "...", "a\\u0000"] {
            assert!(read(&with(start)).is_ok(), "{start}");
        }
        assert_eq!(read(&with("/a")), Ok((Some(5), "a".to_owned())));
        assert_eq!(read(&with("/")), Ok((Some(5), String::new())));
        for start in ["..", "../a", "/../a", "a/../../b", "a/..", "a//b", "./a", "a/.", "a/", "//"]
        {
            let wanted = format!("invalid continue token: continue key is not valid: {start}");
            assert_eq!(read(&with(start)), Err(wanted));
        }
    }

    #[test]
    fn what_is_no_token_is_refused_in_the_words_of_the_original() {
        for (json, why) in [
            ("nope", "invalid character 'o' in literal null (expecting 'u')"),
            ("{}", "server does not recognize this encoded version "),
            (r#"{"v":"v9"}"#, "server does not recognize this encoded version v9"),
            (
                r#"{"v":"meta.k8s.io/v1","start":"a"}"#,
                "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
            ),
            (
                r#"{"v":"meta.k8s.io/v1","rv":1}"#,
                "encoded start key empty (version meta.k8s.io/v1)",
            ),
        ] {
            let why = format!("invalid continue token: continue key is not valid: {why}");
            assert_eq!(read(json), Err(why), "{json}");
        }
        let now = read(r#"{"v":"meta.k8s.io/v1","rv":-1,"start":"a"}"#);
        assert_eq!(now, Ok((None, "a".to_owned())));
        for (token, at) in [("a!b", 1), ("YWJjZ", 4), ("YWI=", 3), ("ü", 0)] {
            let status = Continue::read(token).expect_err(token);
            assert!(
                status.message.ends_with(&format!("illegal base64 data at input byte {at}")),
                "{token}: {}",
                status.message
            );
        }
    }
}
