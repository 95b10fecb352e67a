//! `POST serviceaccounts/NAME/token`: a token for a service account.

use portcullis_admission::Operation;
use portcullis_identity::Random;
use portcullis_identity::service_account::issue::{Bound, Named, Wanted, seconds_fault};
use portcullis_kinds::FieldError;
use portcullis_schema::api;
use serde_json::{Map, Value};

use crate::admission::Doing;
use crate::answer::{Answer, Document, written};
use crate::ask::{Ask, Target, namespace_of, settle_namespace};
use crate::backend::Backend;
use crate::negotiate::Offer;
use crate::options::WriteOptions;
use crate::reviews::{spec, text, texts};
use crate::server::Server;
use crate::status::Status;
use crate::{body, managed, meta, stored};

const GROUP: &str = "authentication.k8s.io";

/// How long a token lives that is asked for without saying.
const SECONDS: i64 = 3600;

impl<B: Backend> Server<B> {
    pub(super) async fn token_request(
        &self,
        ask: &mut Ask,
        target: Target,
    ) -> Result<Answer, Status> {
        let form = ask.form(Offer::Objects)?;
        let options = WriteOptions::read(&ask.info.query, "CreateOptions")?;
        let mut object = body::object(ask, target, options.field_validation)?;
        let namespace = namespace_of(&ask.info, target.resource).to_owned();
        settle_namespace(&mut object, &namespace)?;
        let name = ask.info.name.to_string();
        let mut wanted = spec(&object);
        if wanted.get("expirationSeconds").is_none_or(Value::is_null) {
            wanted.insert("expirationSeconds".into(), SECONDS.into());
        }
        object.insert("spec".into(), wanted.clone().into());
        managed::created(ask, target, &options, &mut object);
        let doing =
            Doing { operation: Operation::Create, target, namespace: &namespace, name: &name };
        let (mut object, chain) = self.admit(ask, doing, object, None)?;
        let account = self.found(target.resource, &namespace, &name)?;
        match meta::name(&object) {
            "" => meta::set(&mut object, "name", name.as_str()),
            held if held == name => {}
            held => {
                let detail = "must match the service account name if specified";
                let fault = FieldError::invalid("metadata.name", held, detail);
                return Err(Status::invalid(GROUP, "TokenRequest", &name, &[fault]));
            }
        }
        let seconds = wanted.get("expirationSeconds").and_then(Value::as_i64).unwrap_or(SECONDS);
        if let Some(detail) = seconds_fault(seconds) {
            let fault = FieldError::invalid("spec.expirationSeconds", seconds, detail);
            return Err(Status::invalid(GROUP, "TokenRequest", "", &[fault]));
        }
        self.judge(chain, doing, &object, None)?;
        let bound = self.bound(&wanted, &namespace, &name)?;
        let trust = self.trust.load();
        let mut audiences = texts(&wanted, "audiences");
        if audiences.is_empty() {
            audiences.clone_from(&trust.audiences);
        }
        let issuer =
            self.issuer.as_ref().ok_or_else(|| Status::internal("no key to sign tokens with"))?;
        let asked = Wanted {
            namespace: namespace.clone(),
            account: Named { name: name.clone(), uid: meta::uid(&account).to_owned() },
            bound,
            audiences: audiences.clone(),
            seconds,
        };
        let made = issuer.issue(&asked, &trust.audiences, ask.now, &Random::system());
        let token = made.map_err(|why| Status::internal(&why.to_string()))?;
        ask.warnings.extend(token.warning.clone());
        let mut granted = Map::new();
        granted.insert("audiences".into(), audiences.into());
        granted.insert("expirationSeconds".into(), token.seconds.into());
        granted.insert(
            "boundObjectRef".into(),
            wanted.get("boundObjectRef").cloned().unwrap_or(Value::Null),
        );
        object.insert("spec".into(), granted.into());
        let mut status = Map::new();
        status.insert("token".into(), token.text.into());
        status.insert("expirationTimestamp".into(), token.expires.to_string().into());
        object.insert("status".into(), status.into());
        meta::set(&mut object, "uid", meta::uid(&account).to_owned());
        meta::set(&mut object, "creationTimestamp", ask.now.to_string());
        meta::sort(&mut object);
        let whole = stored::with_kind(&object, "TokenRequest", "authentication.k8s.io/v1");
        Ok(Answer::Document(Document {
            code: 201,
            media_type: form.encoding.media_type(),
            headers: Vec::new(),
            body: written(&whole, form.encoding, ask.pretty()),
        }))
    }

    /// What the token is to die with.
    fn bound(
        &self,
        wanted: &Map<String, Value>,
        namespace: &str,
        account: &str,
    ) -> Result<Bound, Status> {
        let Some(reference) = wanted.get("boundObjectRef").and_then(Value::as_object) else {
            return Ok(Bound::Nothing);
        };
        let (version, kind) = (text(reference, "apiVersion"), text(reference, "kind"));
        let plural = match (version, kind) {
            ("v1", "Pod") => "pods",
            ("v1", "Secret") => "secrets",
            ("v1", "Node") => "nodes",
            _ => {
                let group = version.rsplit_once('/').map_or("", |(group, _)| group);
                let version = version.rsplit('/').next().unwrap_or_default();
                return Err(Status::bad_request(format!(
                    "cannot bind token to object of type {group}/{version}, Kind={kind}"
                )));
            }
        };
        let none = || Status::internal("the resource is unknown");
        let resource = api::resource("", "v1", plural).ok_or_else(none)?;
        let name = text(reference, "name");
        let held = self.found(resource, if plural == "nodes" { "" } else { namespace }, name)?;
        if plural == "pods" {
            let runs_as = held.get("spec").and_then(|spec| spec.get("serviceAccountName"));
            if runs_as.and_then(Value::as_str) != Some(account) {
                return Err(Status::bad_request(format!(
                    "cannot bind token for serviceaccount {} to pod running with different serviceaccount name.",
                    Value::from(account)
                )));
            }
        }
        let uid = text(reference, "uid");
        if !uid.is_empty() && uid != meta::uid(&held) {
            let why = format!(
                "the UID in the bound object reference ({uid}) does not match the UID in record. The object \
                 might have been deleted and then recreated"
            );
            return Err(Status::conflict(kind, "", kind, name, &why));
        }
        let named = Named { name: name.to_owned(), uid: meta::uid(&held).to_owned() };
        Ok(match plural {
            "pods" => {
                let node =
                    held.get("spec").and_then(|spec| spec.get("nodeName")).and_then(Value::as_str);
                let node = node.filter(|name| !name.is_empty()).map(|name| {
                    let there = api::resource("", "v1", "nodes")
                        .and_then(|nodes| self.found(nodes, "", name).ok());
                    let uid = there.map(|node| meta::uid(&node).to_owned()).unwrap_or_default();
                    Named { name: name.to_owned(), uid }
                });
                Bound::Pod(named, node)
            }
            "secrets" => Bound::Secret(named),
            _ => Bound::Node(named),
        })
    }
}
