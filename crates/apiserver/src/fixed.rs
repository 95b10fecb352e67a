//! The paths that are no resources: health, version, discovery, OpenAPI, keys.

use http::Method;
use serde_json::json;

use crate::answer::{Answer, Document, written};
use crate::ask::Ask;
use crate::backend::Backend;
use crate::body;
use crate::negotiate::{Offer, Shape};
use crate::server::Server;
use crate::status::Status;

/// What the version of the API says of itself.
const GIT_VERSION: &str = "v1.35.4";

/// The checks that `/livez` and `/readyz` list, in order.
const CHECKS: [&str; 5] = [
    "ping",
    "log",
    "etcd",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/start-service-ip-repair-controllers",
];

impl<B: Backend> Server<B> {
    /// Answers a path that is no resource.
    pub(crate) fn fixed(&self, ask: &Ask, method: &Method) -> Result<Answer, Status> {
        let path = ask.info.path.as_str();
        let trimmed = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        if let Some(answer) = health(ask, trimmed) {
            return Ok(answer);
        }
        let served = self.behaviour.served();
        let is_group = |name: &str| !name.is_empty() && served.group(name).is_some();
        let parts: Vec<&str> = trimmed.split('/').skip(1).collect();
        let reads = *method == Method::GET;
        let only_read = |answer: Result<Answer, Status>| {
            if reads { answer } else { Err(Status::method_not_allowed()) }
        };
        match parts.as_slice() {
            ["version"] => only_read(self.version(ask)),
            ["api" | "apis"] => only_read(self.discovery(ask, &parts, Offer::Roots)),
            ["api", version] if served.version("", version).is_some() => {
                only_read(self.discovery(ask, &parts, Offer::Plain))
            }
            ["apis", group] if is_group(group) => {
                only_read(self.discovery(ask, &parts, Offer::Plain))
            }
            ["apis", group, version] if served.version(group, version).is_some() => {
                only_read(self.discovery(ask, &parts, Offer::Plain))
            }
            ["api", _] => Err(Status::no_such_resource()),
            ["apis", group, _] if is_group(group) => Err(Status::no_such_resource()),
            ["openapi", "v2"] => only_read(Ok(self.openapi.v2(ask))),
            ["openapi", "v3"] => only_read(Ok(self.openapi.v3_index(&self.started))),
            ["openapi", "v3", path @ ..] => only_read(self.openapi.v3(ask, &path.join("/"))),
            [".well-known", "openid-configuration"] => only_read(self.openid_configuration()),
            ["openid", "v1", "jwks"] => only_read(self.jwks(ask)),
            [""] => only_read(self.root(ask)),
            _ => Ok(Answer::Document(Document::page_not_found())),
        }
    }

    fn version(&self, ask: &Ask) -> Result<Answer, Status> {
        let form = ask.form(Offer::Plain)?;
        let version = json!({
            "major": "1",
            "minor": "35",
            "emulationMajor": "1",
            "emulationMinor": "35",
            "minCompatibilityMajor": "1",
            "minCompatibilityMinor": "34",
            "gitVersion": GIT_VERSION,
            "gitCommit": "",
            "gitTreeState": "clean",
            "buildDate": "1970-01-01T00:00:00Z",
            "goVersion": "",
            "compiler": "rustc",
            "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
        });
        let object = version.as_object().cloned().unwrap_or_default();
        Ok(Answer::Document(Document {
            code: 200,
            media_type: "application/json",
            headers: Vec::new(),
            body: written(&object, form.encoding, true),
        }))
    }

    /// Who issues service account tokens (OpenID Connect Discovery).
    fn openid_configuration(&self) -> Result<Answer, Status> {
        let trust = self.trust.load();
        let Some(accounts) = &trust.accounts else { return Err(Status::no_such_resource()) };
        let address = &self.behaviour.address;
        let keys = format!("https://{address}/openid/v1/jwks");
        let document = accounts.keys().discovery(&self.behaviour.issuer, &keys);
        Ok(public(document.to_string(), "application/json"))
    }

    /// The keys that service account tokens are signed with (RFC 7517).
    fn jwks(&self, ask: &Ask) -> Result<Answer, Status> {
        const JWKS: &str = "application/jwk-set+json";
        let accepted = ask.accept.is_empty()
            || ask
                .accept
                .split(',')
                .any(|one| matches!(body::media_type(one), JWKS | "*/*" | "application/*"));
        if !accepted {
            return Err(Status::no_media_type(JWKS));
        }
        let trust = self.trust.load();
        let Some(accounts) = &trust.accounts else { return Err(Status::no_such_resource()) };
        Ok(public(accounts.keys().jwks().to_string(), JWKS))
    }

    fn root(&self, ask: &Ask) -> Result<Answer, Status> {
        let form = ask.form(Offer::Plain)?;
        let mut paths =
            vec!["/.well-known/openid-configuration".to_owned(), "/api".into(), "/api/v1".into()];
        paths.push("/apis".into());
        let served = self.behaviour.served();
        for group in served.groups().filter(|group| !group.name.is_empty()) {
            paths.push(format!("/apis/{}", group.name));
            paths.extend(
                group
                    .versions
                    .iter()
                    .map(|version| format!("/apis/{}/{}", group.name, version.name)),
            );
        }
        paths.extend(
            [
                "/healthz",
                "/livez",
                "/openapi/v2",
                "/openapi/v3",
                "/openid/v1/jwks",
                "/readyz",
                "/version",
            ]
            .map(str::to_owned),
        );
        paths.sort();
        let object = json!({"paths": paths}).as_object().cloned().unwrap_or_default();
        Ok(Answer::Document(Document {
            code: 200,
            media_type: "application/json",
            headers: Vec::new(),
            body: written(&object, form.encoding, true),
        }))
    }

    fn discovery(&self, ask: &Ask, parts: &[&str], offer: Offer) -> Result<Answer, Status> {
        let form = ask.form(offer)?;
        let aggregated = form.shape == Shape::GroupDiscovery;
        let served = self.behaviour.served();
        crate::discovery::answer(ask, parts, served, &self.behaviour.address, form, aggregated)
    }
}

/// A document that may be kept for an hour, as the original allows.
fn public(body: String, media_type: &'static str) -> Answer {
    Answer::Document(Document {
        code: 200,
        media_type,
        headers: vec![("Cache-Control", "public, max-age=3600".to_owned())],
        body: body.into(),
    })
}

/// The health endpoints: the whole, with each check listed (`?verbose`), or one check.
fn health(ask: &Ask, path: &str) -> Option<Answer> {
    let (probe, check) = match path.strip_prefix('/')?.split_once('/') {
        Some((probe, check)) => (probe, Some(check)),
        None => (path.strip_prefix('/')?, None),
    };
    if !matches!(probe, "healthz" | "livez" | "readyz") {
        return None;
    }
    let document = match check {
        None if ask.info.query.first("verbose").is_some() => {
            let excluded: Vec<&str> = ask.info.query.all("exclude").collect();
            let mut text = String::new();
            for check in CHECKS {
                let state = if excluded.contains(&check) { "excluded: ok" } else { "ok" };
                text.push_str(&format!("[+]{check} {state}\n"));
            }
            text.push_str(&format!("{probe} check passed\n"));
            Document::text(200, text)
        }
        None => Document::text(200, "ok"),
        Some(check) if CHECKS.contains(&check) => {
            let mut document = Document::text(200, "ok");
            document.headers.clear();
            document
        }
        Some(_) => Document::page_not_found(),
    };
    Some(Answer::Document(document))
}
