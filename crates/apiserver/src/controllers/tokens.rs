//! Secrets that hold the token of a service account (serviceaccount-token-controller).
//!
//! A secret of the type is filled before its creation is answered, and goes with its account. Kubernetes
//! 1.20 also made one for every account and listed it there, which `--emulate 1.20` does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_identity::Random;
use portcullis_identity::service_account::issue::Named;
use portcullis_kinds::Object;
use portcullis_store::{Keys, Snapshot};
use serde_json::{Value, json};

use super::desk::says;
use super::writes::{Held, core, held, living_namespace, write};
use super::{Again, TOKENS, table};
use crate::ask::Target;
use crate::backend::Backend;
use crate::config::Emulation;
use crate::gates::admitted::Admitted;
use crate::meta;
use crate::options::Propagation;
use crate::resource::{key, prefix_in};
use crate::server::Server;

/// The type of secrets that hold tokens.
pub(super) const TYPE: &str = "kubernetes.io/service-account-token";

const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";

impl<B: Backend> Server<B> {
    /// Fills a token secret, or deletes it if its account is not there.
    pub(super) async fn token_secret(&self, namespace: &str, name: &str) -> Result<(), Again> {
        let resource = core("secrets")?;
        let view = self.store.view();
        let lies = key(resource, namespace, name);
        let Some(found) = held(&view, &lies)? else {
            return self.accounts_that_list(&view, namespace, name).await;
        };
        let account_name = annotation(&found.object, ACCOUNT_NAME);
        let is_token = found.object.get("type").and_then(Value::as_str) == Some(TYPE);
        if !is_token || account_name.is_empty() || meta::is_terminating(&found.object) {
            return Ok(());
        }
        let account = held(&view, &key(core("serviceaccounts")?, namespace, account_name))?;
        let bound = annotation(&found.object, ACCOUNT_UID);
        let account =
            account.filter(|account| bound.is_empty() || bound == meta::uid(&account.object));
        let admitted = match account {
            None => {
                let propagation = Propagation::Background;
                self.departure(resource, &found.entry, &found.object, propagation)
            }
            // Nobody can fill what somebody has made immutable.
            Some(_) if found.object.get("immutable") == Some(&Value::Bool(true)) => None,
            Some(account) => {
                let mut next = None;
                let filled = self.amended(Target::of(resource), &found.object, |object| {
                    next = Some(self.fill(object, namespace, &account));
                });
                next.unwrap_or(Err(Again))?;
                self.becoming(resource, &lies, &found.entry, &found.object, filled)
            }
        };
        write(self, admitted).await
    }

    /// Puts into a secret what it lacks.
    fn fill(&self, object: &mut Object, namespace: &str, account: &Held) -> Result<(), Again> {
        let secret = meta::name(object).to_owned();
        let named = Named {
            name: meta::name(&account.object).to_owned(),
            uid: meta::uid(&account.object).to_owned(),
        };
        let data = object.get("data").and_then(Value::as_object);
        let mut data = data.cloned().unwrap_or_default();
        if data.get("token").and_then(Value::as_str).is_none_or(str::is_empty) {
            let issuer = self.issuer.as_ref().ok_or(Again)?;
            let token = issuer.of_secret(namespace, &named, &secret, &Random::system());
            let token = token.map_err(|_| Again)?;
            data.insert("token".to_owned(), STANDARD.encode(token).into());
        }
        let authorities = self.authorities.load();
        if !authorities.is_empty() {
            let authorities = STANDARD.encode(authorities.as_bytes());
            data.insert("ca.crt".to_owned(), authorities.into());
        }
        data.insert("namespace".to_owned(), STANDARD.encode(namespace).into());
        data.sort_keys();
        let kind = object.shift_remove("type");
        object.insert("data".to_owned(), data.into());
        object.extend(kind.map(|kind| ("type".to_owned(), kind)));
        let metadata = meta::metadata_mut(object);
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        if let Value::Object(annotations) = annotations {
            annotations.insert(ACCOUNT_UID.to_owned(), named.uid.into());
            annotations.sort_keys();
        }
        Ok(())
    }

    /// Looks at every token secret of a namespace.
    pub(super) async fn token_secrets(&self, namespace: &str) -> Result<(), Again> {
        let view = self.store.view();
        let prefix = prefix_in(core("secrets")?, namespace);
        for entry in view.range(&Keys::prefix(prefix.as_bytes())) {
            if says(&entry.value, TYPE)
                && let Some(place) = table::place(&entry.key)
            {
                self.token_secret(namespace, place.name).await?;
            }
        }
        Ok(())
    }

    // === --emulate 1.20 ===

    fn makes_account_secrets(&self) -> bool {
        self.behaviour.emulate == Some(Emulation::V1_20) && self.runs(TOKENS)
    }

    /// Makes the token secret of an account if it has none, and lists it there.
    pub(super) async fn account_secret(&self, namespace: &str, name: &str) -> Result<(), Again> {
        if !self.makes_account_secrets() {
            return Ok(());
        }
        let view = self.store.view();
        let resource = core("serviceaccounts")?;
        let lies = key(resource, namespace, name);
        let Some(account) = held(&view, &lies)? else { return Ok(()) };
        let going = meta::is_terminating(&account.object);
        if going || living_namespace(&view, namespace)?.is_none() {
            return Ok(());
        }
        let made_here = format!("{name}-token-");
        let mut references = Vec::new();
        let mut has_one = false;
        for reference in listed(&account.object) {
            let secret = referred(reference);
            let found = held(&view, &key(core("secrets")?, namespace, secret))?;
            // What was listed here goes with its secret; what somebody else listed is theirs.
            if found.is_none() && secret.starts_with(&made_here) {
                continue;
            }
            references.push(reference.clone());
            has_one |= found.is_some_and(|found| {
                annotation(&found.object, ACCOUNT_UID) == meta::uid(&account.object)
            });
        }
        let mut beside = None;
        if !has_one {
            let secret = self.random.generated_name(&made_here);
            beside = Some(self.new_secret(namespace, &secret, &account)?);
            references.push(json!({"name": secret}));
        }
        let next = self.amended(Target::of(resource), &account.object, |object| {
            // It comes before everything else but the metadata.
            let rest: Object = object
                .iter()
                .filter(|(field, _)| {
                    !matches!(field.as_str(), "kind" | "apiVersion" | "metadata" | "secrets")
                })
                .map(|(field, value)| (field.clone(), value.clone()))
                .collect();
            object.retain(|field, _| matches!(field.as_str(), "kind" | "apiVersion" | "metadata"));
            object.insert("secrets".to_owned(), references.into());
            object.extend(rest);
        });
        let Some(listed) = self.becoming(resource, &lies, &account.entry, &account.object, next)
        else {
            return Ok(());
        };
        let admitted = beside.into_iter().fold(listed, Admitted::together);
        write(self, admitted).await
    }

    fn new_secret(&self, namespace: &str, name: &str, account: &Held) -> Result<Admitted, Again> {
        let resource = core("secrets")?;
        let mut object = match json!({
            "metadata": {
                "name": name,
                "namespace": namespace,
                "annotations": {ACCOUNT_NAME: meta::name(&account.object)},
            },
            "type": TYPE,
        }) {
            Value::Object(object) => object,
            _ => Object::new(),
        };
        self.fill(&mut object, namespace, account)?;
        let made = self.made(Target::of(resource), object.into());
        Ok(Admitted::by_controller(key(resource, namespace, name), None, Some(made)))
    }

    /// A secret is gone: accounts that list it get another.
    async fn accounts_that_list(
        &self,
        view: &Snapshot,
        namespace: &str,
        secret: &str,
    ) -> Result<(), Again> {
        if !self.makes_account_secrets() {
            return Ok(());
        }
        let prefix = prefix_in(core("serviceaccounts")?, namespace);
        for entry in view.range(&Keys::prefix(prefix.as_bytes())) {
            let Some(place) = table::place(&entry.key) else { continue };
            let account = held(view, &String::from_utf8_lossy(&entry.key))?;
            let lists = account
                .is_some_and(|account| listed(&account.object).any(|one| referred(one) == secret));
            if lists {
                self.account_secret(namespace, place.name).await?;
            }
        }
        Ok(())
    }
}

fn listed(account: &Object) -> impl Iterator<Item = &Value> {
    account.get("secrets").and_then(Value::as_array).into_iter().flatten()
}

fn referred(reference: &Value) -> &str {
    reference.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn annotation<'o>(object: &'o Object, name: &str) -> &'o str {
    meta::metadata(object)
        .and_then(|metadata| metadata.get("annotations"))
        .and_then(|annotations| annotations.get(name))
        .and_then(Value::as_str)
        .unwrap_or_default()
}
