//! What the server does of itself, so that what was asked for comes true: the controllers without which a
//! control plane misleads.
//!
//! ```text
//! request ─► commit ─► follow_up ─► reply           what has to be there before the reply
//!               │
//!               ▼
//!          watch of the store ─► Desk ─► Work ─► reconciled    the rest, and everything that failed
//! ```
//!
//! Every piece of [`Work`] names what is to be put right, never what happened to it: it is done by looking
//! at what is there. So work may be asked for twice, come too late or be lost with the process, and
//! nothing is: at the start everything is looked at once. A controller writes under the condition that
//! nothing of what it read has changed, and where it has, the work is done again after a pause.
//!
//! Their names are those of `kube-controller-manager --controllers`, and what they do is what its do.

mod accounts;
mod content;
mod desk;
mod kin;
mod namespaces;
mod owners;
mod roles;
mod table;
mod tokens;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use portcullis_store::{Error, Keys};
use tokio::time::{Instant, sleep, sleep_until};

use crate::ask::Target;
use crate::backend::Backend;
use crate::server::Server;
use crate::status::Status;
use desk::{Desk, Work};
use table::Place;

/// As whom the controllers own fields, as those of the original do.
const MANAGER: &str = "kube-controller-manager";

pub(crate) const ACCOUNTS: &str = "serviceaccount-controller";
pub(crate) const AUTHORITIES: &str = "root-ca-certificate-publisher-controller";
pub(crate) const NAMESPACES: &str = "namespace-controller";
pub(crate) const OWNERS: &str = "garbage-collector-controller";
pub(crate) const ROLES: &str = "clusterrole-aggregation-controller";
pub(crate) const TOKENS: &str = "serviceaccount-token-controller";

/// Where every object lies.
const EVERYTHING: &[u8] = b"/registry/";

/// Where namespaces lie.
const NAMESPACE_KEYS: &[u8] = b"/registry/namespaces/";

/// How long to wait before the store is followed anew after it could not be: long enough not to burn the
/// processor, short enough for nobody to wait.
const FOLLOW_AGAIN: Duration = Duration::from_millis(100);

/// A piece of work could not be done now: somebody else wrote, or the store could not. It is done again.
#[derive(Debug)]
pub(crate) struct Again;

impl From<Status> for Again {
    fn from(_: Status) -> Self {
        Self
    }
}

impl<B: Backend> Server<B> {
    /// Whether a controller runs.
    fn runs(&self, controller: &str) -> bool {
        self.behaviour.controllers.runs(controller)
    }

    /// Puts right at the start, before the first request, what requests count on: the accounts and
    /// authorities of every namespace, and the rules of aggregated roles. What fails here, and what can
    /// take its time, is done by [`run`].
    pub(crate) async fn begin(&self) {
        let view = self.store.view();
        for entry in view.range(&Keys::prefix(NAMESPACE_KEYS)) {
            let Some(Place { name, .. }) = table::place(&entry.key) else { continue };
            let _ = self.default_account(name).await;
            let _ = self.published_authorities(name).await;
            let _ = self.account_secret(name, accounts::DEFAULT).await;
        }
        if self.runs(ROLES) {
            let _ = self.aggregate().await;
        }
    }

    /// What has to be true before a write is answered. What fails here is done by [`run`], for which the
    /// write is a reason as well.
    pub(crate) async fn follow_up(&self, target: Target, namespace: &str, name: &str) {
        let resource = target.resource;
        let _ = match (resource.group, resource.plural) {
            ("rbac.authorization.k8s.io", "clusterroles") if self.runs(ROLES) => {
                self.aggregate().await
            }
            ("", "secrets") if self.runs(TOKENS) => self.token_secret(namespace, name).await,
            ("", "serviceaccounts") if self.runs(TOKENS) => {
                self.account_secret(namespace, name).await
            }
            ("", "namespaces") if self.runs(TOKENS) => {
                self.account_secret(name, accounts::DEFAULT).await
            }
            _ => Ok(()),
        };
    }

    /// Does one piece of work.
    async fn reconcile(&self, work: &Work, desk: &Desk) -> Result<(), Again> {
        match work {
            Work::Account(namespace) => self.default_account(namespace).await,
            Work::Authorities(namespace) => self.published_authorities(namespace).await,
            Work::Namespace(name) => self.namespace_content(name).await,
            Work::Object(key) => self.owned_object(key, desk.kin()).await,
            Work::Roles => self.aggregate().await,
            Work::Token { namespace, name } => self.token_secret(namespace, name).await,
            Work::Tokens(namespace) => self.token_secrets(namespace).await,
            Work::AccountToken { namespace, name } => self.account_secret(namespace, name).await,
        }
    }
}

/// Follows the store and puts right what is to be, for as long as it is polled.
pub(crate) async fn run<B: Backend>(server: Arc<Server<B>>) {
    loop {
        // It ends where the store's history went on without it: then everything is looked at again.
        let _ = follow(&server).await;
        sleep(FOLLOW_AGAIN).await;
    }
}

async fn follow<B: Backend>(server: &Server<B>) -> Result<(), Error> {
    let view = server.store.view();
    let mut watch = server.store.watch(EVERYTHING, Some(view.revision()))?;
    let mut desk = Desk::new(server.behaviour.controllers.clone());
    desk.look_over(&view);
    drop(view);
    loop {
        while let Some(event) = watch.try_next()? {
            desk.note(event.key(), event.entry().map(|entry| &entry.value[..]));
        }
        if let Some(work) = desk.next(Instant::now()) {
            match server.reconcile(&work, &desk).await {
                Ok(()) => desk.done(&work),
                Err(Again) => desk.again(work, Instant::now()),
            }
            continue;
        }
        let due = desk.due();
        let pause = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = watch.next() => {
                let event = event?;
                desk.note(event.key(), event.entry().map(|entry| &entry.value[..]));
            }
            () = server.authorities_changed.notified() => {
                desk.note_authorities(&server.store.view());
            }
            () = pause => {}
        }
    }
}

#[cfg(test)]
mod tests;
