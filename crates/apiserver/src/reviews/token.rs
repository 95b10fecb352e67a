//! `TokenReview`: whose a token is.

use portcullis_identity as identity;
use portcullis_kinds::Object;
use serde_json::{Map, Value};

use crate::ask::Ask;
use crate::backend::Backend;
use crate::reviews::{spec, text, texts, user_info};
use crate::server::Server;
use crate::status::Status;

impl<B: Backend> Server<B> {
    pub(super) fn token_review(&self, ask: &Ask, mut object: Object) -> Result<Object, Status> {
        let spec = spec(&object);
        let token = text(&spec, "token");
        if token.is_empty() {
            return Err(Status::bad_request("token is required for TokenReview in authentication"));
        }
        let trust = self.trust.load();
        let step = identity::review(&trust, token, &texts(&spec, "audiences"), ask.now);
        let mut status = Map::new();
        match self.concluded(step, ask.now) {
            Ok(confirmed) => {
                status.insert("authenticated".into(), true.into());
                status.insert("user".into(), user_info(confirmed.user.user()).into());
                if !confirmed.audiences.is_empty() {
                    status.insert("audiences".into(), confirmed.audiences.into());
                }
            }
            Err(refusal) => {
                status.insert("user".into(), Value::Object(Map::new()));
                status.insert("error".into(), refusal.to_string().into());
            }
        }
        object.insert("status".into(), status.into());
        Ok(object)
    }
}
