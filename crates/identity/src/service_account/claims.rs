//! What a token says, once its signature is good.

use portcullis_core::Timestamp;
use serde_json::{Map, Value};

use super::{LEEWAY, Origin, Why};
use crate::user::split_service_account;

/// The claims of one token, as far as anybody asks for them.
pub(super) struct Claims {
    pub(super) subject: String,
    pub(super) id: String,
    pub(super) audiences: Vec<String>,
    pub(super) namespace: String,
    pub(super) account: Reference,
    pub(super) private: Private,
    /// Seconds since 1970. What is absent is no limit.
    not_before: Option<i64>,
    expires: Option<i64>,
    issued: Option<i64>,
}

/// What differs between the two kinds of tokens.
pub(super) enum Private {
    /// It stands in this secret, and is good as long as it does.
    OfSecret { secret: String },
    /// It was issued on request, perhaps bound to an object.
    Bound {
        secret: Option<Reference>,
        pod: Option<Reference>,
        node: Option<Reference>,
        /// From when on its holder should have fetched another.
        warn_after: Option<i64>,
    },
}

/// An object of a name, and which one.
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) uid: String,
}

const NANOS: i128 = 1_000_000_000;

impl Claims {
    pub(super) fn read(object: &Map<String, Value>, origin: Origin) -> Result<Self, Why> {
        let audiences = match object.get("aud") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(list)) => list
                .iter()
                .map(|one| one.as_str().map(str::to_owned).ok_or(Why::Claims))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(Why::Claims),
        };
        let subject = text(object, "sub")?;
        let (namespace, account, private) = match origin {
            Origin::Secret => of_secret(object, &subject)?,
            Origin::Request => bound(object)?,
        };
        Ok(Self {
            subject,
            id: text(object, "jti")?,
            audiences,
            namespace,
            account,
            private,
            not_before: moment(object, "nbf")?,
            expires: moment(object, "exp")?,
            issued: moment(object, "iat")?,
        })
    }

    /// Whether the token is of this time, a minute of leeway granted. Tokens of secrets have no end,
    /// and the original does not look at the times of one that has.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), Why> {
        if matches!(self.private, Private::OfSecret { .. }) {
            return Ok(());
        }
        let now = i128::from(now.nanoseconds());
        let leeway = i128::try_from(LEEWAY.as_nanos()).unwrap_or(0);
        let nanos = |seconds: i64| i128::from(seconds) * NANOS;
        if self.not_before.is_some_and(|begin| now + leeway < nanos(begin)) {
            return Err(Why::Early);
        }
        if self.expires.is_some_and(|end| now - leeway > nanos(end)) {
            return Err(Why::Expired);
        }
        if self.issued.is_some_and(|issued| now + leeway < nanos(issued)) {
            return Err(Why::IssuedLater);
        }
        Ok(())
    }
}

fn of_secret(
    object: &Map<String, Value>,
    subject: &str,
) -> Result<(String, Reference, Private), Why> {
    let claim = |name: &str, missing: &'static str| {
        let claim = text(object, &format!("kubernetes.io/serviceaccount/{name}"))?;
        if claim.is_empty() { Err(Why::Claim(missing)) } else { Ok(claim) }
    };
    if subject.is_empty() {
        return Err(Why::Claim("sub claim is missing"));
    }
    let namespace = claim("namespace", "namespace claim is missing")?;
    let secret = claim("secret.name", "secretName claim is missing")?;
    let name = claim("service-account.name", "serviceAccountName claim is missing")?;
    let uid = claim("service-account.uid", "serviceAccountUID claim is missing")?;
    if split_service_account(subject) != Some((&namespace, &name)) {
        return Err(Why::Claim("sub claim is invalid"));
    }
    Ok((namespace, Reference { name, uid }, Private::OfSecret { secret }))
}

fn bound(object: &Map<String, Value>) -> Result<(String, Reference, Private), Why> {
    let Some(Value::Object(kubernetes)) = object.get("kubernetes.io") else {
        return Err(Why::Claims);
    };
    let account = reference(kubernetes, "serviceaccount")?.ok_or(Why::Claims)?;
    let private = Private::Bound {
        secret: reference(kubernetes, "secret")?,
        pod: reference(kubernetes, "pod")?,
        node: reference(kubernetes, "node")?,
        warn_after: moment(kubernetes, "warnafter")?,
    };
    Ok((text(kubernetes, "namespace")?, account, private))
}

fn reference(object: &Map<String, Value>, name: &str) -> Result<Option<Reference>, Why> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => {
            Ok(Some(Reference { name: text(object, "name")?, uid: text(object, "uid")? }))
        }
        Some(_) => Err(Why::Claims),
    }
}

/// A text; empty if it is absent.
fn text(object: &Map<String, Value>, name: &str) -> Result<String, Why> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(Why::Claims),
    }
}

/// Seconds since 1970, fractions cut off (RFC 7519, 2: `NumericDate`).
fn moment(object: &Map<String, Value>, name: &str) -> Result<Option<i64>, Why> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(Some(whole)),
            // A float of a moment is exact up to the year 285 million; the cast saturates beyond.
            #[expect(clippy::cast_possible_truncation, reason = "cutting off is what is meant")]
            (None, Some(float)) if float.is_finite() => Ok(Some(float as i64)),
            _ => Err(Why::Claims),
        },
        Some(_) => Err(Why::Claims),
    }
}
