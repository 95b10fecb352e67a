//! Nobody grants what they do not have: the check of roles and bindings that are written.

use std::sync::Arc;

use portcullis_core::{Namespace, ObjectRef};
use portcullis_kinds::Object;
use portcullis_rbac::{Binding, Refusal, Role, may_write_binding, may_write_role};
use portcullis_snapshot::{Change, Snapshot};

use crate::ask::{Ask, Target};
use crate::backend::Backend;
use crate::gates::authorize::{is_privileged, requester};
use crate::resource::api_version;
use crate::server::Server;
use crate::status::Status;
use crate::{meta, stored};

const GROUP: &str = "rbac.authorization.k8s.io";

impl<B: Backend> Server<B> {
    /// Whether the requester may write a role or a binding; everything else passes.
    pub(crate) fn may_grant(
        &self,
        ask: &Ask,
        target: Target,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<(), Status> {
        let resource = target.resource;
        if resource.group != GROUP || is_privileged(ask.user()) {
            return Ok(());
        }
        if old.is_some_and(|old| same_but_for_bookkeeping(old, object)) {
            return Ok(());
        }
        let now = self.rights()?;
        let Some((next, identity)) = with(&now, target, object) else {
            return Err(Status::internal("the role or binding cannot be read"));
        };
        let who = requester(ask.user());
        let name = meta::name(object);
        let verdict = match resource.plural {
            "roles" | "clusterroles" => {
                let Some(after) = role(&next, &identity) else { return unread(target, object) };
                let before = role(&now, &identity);
                may_write_role(
                    now.rbac(),
                    &who,
                    before.as_deref().filter(|_| old.is_some()),
                    &after,
                )
            }
            _ => {
                let Some(after) = binding(&next, &identity) else { return unread(target, object) };
                may_write_binding(now.rbac(), &who, &after)
            }
        };
        match verdict {
            Ok(()) => Ok(()),
            Err(Refusal::NoSuchRole(role)) => Err(Status::not_found(resource, &role.name)),
            Err(refusal) => {
                // The original's store names the resource that is written, whatever it did not find.
                let text = refusal.to_string();
                let own = format!("[{}.{GROUP} ", resource.plural);
                let text = text.replace("[clusterroles.rbac.authorization.k8s.io ", &own);
                Err(Status::refused(resource, name, &text))
            }
        }
    }
}

/// A role or binding that has no meaning is for validation to refuse. Where that would not, it must not
/// be stored: what the authorizer cannot read today it may read tomorrow.
fn unread(target: Target, object: &Object) -> Result<(), Status> {
    let faults = portcullis_kinds::create_faults(target.kind, object, target.resource.namespaced);
    if faults.is_empty() {
        Err(Status::internal("the role or binding cannot be read"))
    } else {
        Ok(())
    }
}

/// The roles and bindings as they would be with the object, and what it would be called there.
fn with(now: &Snapshot, target: Target, object: &Object) -> Option<(Snapshot, ObjectRef)> {
    let resource = target.resource;
    let whole = stored::with_kind(object, resource.kind, &api_version(resource));
    let bytes = serde_json::to_vec(&whole).ok()?;
    let inputs = vec![portcullis_object::Input { name: String::new(), bytes }];
    let read =
        portcullis_object::load(inputs, &portcullis_object::Limits::default()).objects.pop()?;
    let identity = (**read.reference()).clone();
    Some((now.apply(Change::Put(read)).snapshot, identity))
}

fn role(snapshot: &Snapshot, identity: &ObjectRef) -> Option<Arc<Role>> {
    snapshot.rbac().roles().find(|role| is(&role.namespace, &role.name, identity)).cloned()
}

fn binding(snapshot: &Snapshot, identity: &ObjectRef) -> Option<Arc<Binding>> {
    snapshot.rbac().bindings().find(|one| is(&one.namespace, &one.name, identity)).cloned()
}

fn is(namespace: &Option<Namespace>, name: &str, identity: &ObjectRef) -> bool {
    *namespace == identity.namespace && name == identity.name
}

/// Whether an update changes nothing but who owns the object and what keeps it: that grants nothing.
fn same_but_for_bookkeeping(old: &Object, object: &Object) -> bool {
    let stripped = |object: &Object| {
        let mut stripped = object.clone();
        for field in
            ["ownerReferences", "finalizers", "managedFields", "resourceVersion", "generation"]
        {
            meta::set(&mut stripped, field, serde_json::Value::Null);
        }
        stripped
    };
    stripped(old) == stripped(object)
}
