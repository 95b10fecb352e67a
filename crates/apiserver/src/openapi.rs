//! What everything looks like: the OpenAPI documents, made when they are first asked for and then kept.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use portcullis_schema::api::Group;
use portcullis_schema::openapi;

use crate::answer::{Answer, Document};
use crate::ask::Ask;
use crate::body::media_type;
use crate::discovery::etag;
use crate::served::Served;
use crate::status::Status;

/// The documents that were asked for.
pub(crate) struct OpenApi {
    served: Served,
    v2: OnceLock<Kept>,
    v2_protobuf: OnceLock<Kept>,
    v3: Mutex<HashMap<String, Kept>>,
    fingerprint: OnceLock<String>,
}

/// A document and its digest.
#[derive(Clone)]
struct Kept {
    body: Bytes,
    etag: String,
}

impl Kept {
    fn of(body: Vec<u8>) -> Self {
        Self { etag: etag(&body), body: body.into() }
    }

    fn answer(
        &self,
        ask: &Ask,
        media_type: &'static str,
        mut headers: Vec<(&'static str, String)>,
    ) -> Answer {
        headers.push(("Etag", self.etag.clone()));
        let known = ask.if_none_match.split(',').any(|one| one.trim() == self.etag);
        let (code, media_type, body) =
            if known { (304, "", Bytes::new()) } else { (200, media_type, self.body.clone()) };
        Answer::Document(Document { code, media_type, headers, body })
    }
}

impl OpenApi {
    /// Of what is served; nothing is made yet.
    pub(crate) fn new(served: Served) -> Self {
        Self {
            served,
            v2: OnceLock::new(),
            v2_protobuf: OnceLock::new(),
            v3: Mutex::default(),
            fingerprint: OnceLock::new(),
        }
    }

    fn groups(&self) -> Vec<&'static Group> {
        self.served.groups().collect()
    }

    /// `/openapi/v2`: JSON, or the protobuf that kubectl reads.
    pub(crate) fn v2(&self, ask: &Ask) -> Answer {
        let vary = || vec![("Vary", "Accept-Encoding".to_owned()), ("Vary", "Accept".to_owned())];
        for one in ask.accept.split(',').map(str::trim) {
            if [openapi::PROTOBUF_ASKED_FOR, openapi::PROTOBUF_MEDIA_TYPE]
                .contains(&media_type(one))
            {
                let kept =
                    self.v2_protobuf.get_or_init(|| Kept::of(openapi::v2_protobuf(&self.groups())));
                return kept.answer(ask, openapi::PROTOBUF_MEDIA_TYPE, vary());
            }
            if matches!(media_type(one), "" | "*/*" | "application/json" | "application/*") {
                let kept = self.v2.get_or_init(|| Kept::of(openapi::v2(&self.groups())));
                return kept.answer(ask, "application/json", vary());
            }
        }
        let headers = vary();
        Answer::Document(Document { code: 406, media_type: "", headers, body: Bytes::new() })
    }

    /// `/openapi/v3`: where the documents are.
    pub(crate) fn v3_index(&self, started: &str) -> Answer {
        let index = openapi::v3_index(&self.groups(), self.fingerprint());
        Answer::Document(Document {
            code: 200,
            media_type: "text/plain; charset=utf-8",
            headers: vec![
                ("Accept-Ranges", "bytes".to_owned()),
                ("Last-Modified", started.to_owned()),
            ],
            body: index.to_string().into(),
        })
    }

    /// `/openapi/v3/PATH`. A client that names the fingerprint may keep it for ever.
    pub(crate) fn v3(&self, ask: &Ask, path: &str) -> Result<Answer, Status> {
        let mut documents = self.v3.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = match documents.get(path) {
            Some(kept) => kept.clone(),
            None => {
                let Some(body) = openapi::v3(&self.groups(), path) else {
                    let (media_type, headers) = ("", Vec::new());
                    return Ok(Answer::Document(Document {
                        code: 404,
                        media_type,
                        headers,
                        body: Bytes::new(),
                    }));
                };
                let kept = Kept::of(body);
                documents.insert(path.to_owned(), kept.clone());
                kept
            }
        };
        drop(documents);
        let mut headers = vec![("Vary", "Accept".to_owned())];
        if ask.info.query.first("hash") == Some(self.fingerprint()) {
            headers.push(("Cache-Control", "public, immutable".to_owned()));
        }
        Ok(kept.answer(ask, "application/json", headers))
    }

    /// What tells the documents of this program from those of another.
    fn fingerprint(&self) -> &str {
        self.fingerprint.get_or_init(|| {
            let paths = openapi::v3_documents(&self.groups()).join(" ");
            let digest = etag(format!("{} {paths}", env!("CARGO_PKG_VERSION")).as_bytes());
            digest.trim_matches('"').chars().take(32).collect()
        })
    }
}
