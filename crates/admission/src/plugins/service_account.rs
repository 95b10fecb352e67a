//! `ServiceAccount`: whom a pod runs as, and the token it finds in its containers.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::chain::{Plugin, Turn};
use crate::fields::{
    annotation, is_set, maps, maps_mut, metadata, name, push, section, section_mut, spec, text,
};
use crate::pods::{self, projected, volumes};
use crate::review::{Operation, Sort};
use crate::{Object, Refusal};

/// Marks a pod that a node keeps for itself and only shows to the API.
pub(super) const MIRROR: &str = "kubernetes.io/config.mirror";

/// Says that pods of an account may mount only the secrets that the account lists.
const ENFORCE_MOUNTABLE: &str = "kubernetes.io/enforce-mountable-secrets";

/// The account of pods that name none.
const DEFAULT: &str = "default";

/// What the names of token volumes begin with.
const VOLUME: &str = "kube-api-access-";

/// Where containers look for their token.
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// How long a token in a pod lives, in seconds: an hour, and as much more as tells such tokens from others
/// (KEP-1205).
const TOKEN_SECONDS: u32 = 60 * 60 + 7;

/// The plugin.
pub(crate) struct ServiceAccount;

impl Plugin for ServiceAccount {
    fn change(&self, turn: &Turn<'_>, pod: &mut Object) -> Result<(), Refusal> {
        if !turn.review.creates("", "pods") {
            return Ok(());
        }
        // A node throws away a mirror pod that is not what it has itself.
        if annotation(pod, MIRROR).is_some() {
            return mirror(pod);
        }
        if text(spec(pod), "serviceAccountName").is_empty() {
            section_mut(pod, "spec").insert("serviceAccountName".to_owned(), DEFAULT.into());
        }
        // The field has an older name, which always says the same.
        let account = text(spec(pod), "serviceAccountName").to_owned();
        section_mut(pod, "spec").insert("serviceAccount".to_owned(), account.into());
        let account = account_of(turn, pod)?;
        if mounts(&account, pod) {
            mount(turn, pod);
        }
        let pull = maps(&account, "imagePullSecrets").cloned().map(Value::Object);
        let pull: Vec<Value> = pull.collect();
        if maps(spec(pod), "imagePullSecrets").next().is_none() && !pull.is_empty() {
            section_mut(pod, "spec").insert("imagePullSecrets".to_owned(), pull.into());
        }
        judge(turn, pod)
    }

    fn judge(&self, turn: &Turn<'_>, pod: &Object) -> Result<(), Refusal> {
        let review = turn.review;
        if review.creates("", "pods") {
            return judge(turn, pod);
        }
        if review.operation == Operation::Update
            && review.is_of_part("", "pods", "ephemeralcontainers")
        {
            let account = account_of(turn, pod)?;
            if enforces(&account) {
                mountable_in(&account, pod, "ephemeralContainers", "ephemeral container")?;
            }
        }
        Ok(())
    }
}

/// Judges a new pod.
fn judge(turn: &Turn<'_>, pod: &Object) -> Result<(), Refusal> {
    if annotation(pod, MIRROR).is_some() {
        return mirror(pod);
    }
    let account = account_of(turn, pod)?;
    if enforces(&account) { mountable(&account, pod) } else { Ok(()) }
}

/// A mirror pod is nobody's, and is given nothing.
fn mirror(pod: &Object) -> Result<(), Refusal> {
    let takes_tokens =
        || volumes(pod).flat_map(projected).any(|source| is_set(source, "serviceAccountToken"));
    let why = if !text(spec(pod), "serviceAccountName").is_empty() {
        "a mirror pod may not reference service accounts"
    } else if pods::secrets(pod).next().is_some() {
        "a mirror pod may not reference secrets"
    } else if takes_tokens() {
        "a mirror pod may not use ServiceAccountToken volume projections"
    } else {
        return Ok(());
    };
    Err(Refusal::forbidden(why))
}

/// The account of a pod, which must be there.
fn account_of(turn: &Turn<'_>, pod: &Object) -> Result<Arc<Object>, Refusal> {
    let namespace = turn.review.namespace.as_str();
    let account = text(spec(pod), "serviceAccountName");
    if account.is_empty() {
        let why = format!("no service account specified for pod {namespace}/{}", name(pod));
        return Err(Refusal::forbidden(why));
    }
    turn.facts.object(Sort::ServiceAccount, namespace, account).ok_or_else(|| {
        Refusal::forbidden(format!(
            "error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found"
        ))
    })
}

/// Whether the token is mounted: the pod's word, else the account's, else yes.
fn mounts(account: &Object, pod: &Object) -> bool {
    let said =
        |object: &Object| object.get("automountServiceAccountToken").and_then(Value::as_bool);
    said(spec(pod)).or_else(|| said(account)).unwrap_or(true)
}

/// Mounts the token into every container that has nothing at its place.
fn mount(turn: &Turn<'_>, pod: &mut Object) {
    let held = volumes(pod)
        .find(|volume| is_set(volume, "projected") && text(volume, "name").starts_with(VOLUME))
        .map(|volume| text(volume, "name").to_owned());
    let is_there = held.is_some();
    let volume = held.unwrap_or_else(|| format!("{VOLUME}{}", turn.facts.suffix()));
    let mut needed = false;
    let spec = section_mut(pod, "spec");
    for list in ["initContainers", "containers"] {
        for container in maps_mut(spec, list) {
            if maps(container, "volumeMounts").any(|mount| text(mount, "mountPath") == MOUNT_PATH) {
                continue;
            }
            let mount = json!({"name": volume, "readOnly": true, "mountPath": MOUNT_PATH});
            push(container, "volumeMounts", mount);
            needed = true;
        }
    }
    if needed && !is_there {
        push(spec, "volumes", token_volume(&volume));
    }
}

/// A token, whom to trust with it, and the namespace it is for.
fn token_volume(name: &str) -> Value {
    json!({"name": name, "projected": {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{
                "path": "namespace",
                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
            }]}},
        ],
        "defaultMode": 0o644,
    }})
}

/// Whether the account wants its pods held to the secrets it lists. What is no boolean is no.
fn enforces(account: &Object) -> bool {
    matches!(
        annotation(account, ENFORCE_MOUNTABLE),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True")
    )
}

/// Whether an account lists a secret.
fn lists(account: &Object, field: &str, secret: &str) -> bool {
    maps(account, field).any(|reference| text(reference, "name") == secret)
}

/// Whether the account lists every secret that a pod takes.
fn mountable(account: &Object, pod: &Object) -> Result<(), Refusal> {
    let owner = text(metadata(account), "name");
    for volume in volumes(pod) {
        let secret = text(section(volume, "secret"), "secretName");
        if is_set(volume, "secret") && !lists(account, "secrets", secret) {
            return Err(Refusal::forbidden(format!(
                "volume with secret.secretName=\"{secret}\" is not allowed because service account {owner} \
                 does not reference that secret"
            )));
        }
    }
    mountable_in(account, pod, "initContainers", "init container")?;
    mountable_in(account, pod, "containers", "container")?;
    for (i, reference) in maps(spec(pod), "imagePullSecrets").enumerate() {
        let secret = text(reference, "name");
        if !lists(account, "imagePullSecrets", secret) {
            return Err(Refusal::forbidden(format!(
                "imagePullSecrets[{i}].name=\"{secret}\" is not allowed because service account {owner} does \
                 not reference that imagePullSecret"
            )));
        }
    }
    Ok(())
}

/// The same for the environments of one list of containers, which the refusal calls `called`.
fn mountable_in(account: &Object, pod: &Object, list: &str, called: &str) -> Result<(), Refusal> {
    for container in maps(spec(pod), list) {
        for env in maps(container, "env") {
            let from = section(env, "valueFrom");
            let secret = text(section(from, "secretKeyRef"), "name");
            if is_set(from, "secretKeyRef") && !lists(account, "secrets", secret) {
                return Err(Refusal::forbidden(format!(
                    "{called} {} with envVar {} referencing secret.secretName=\"{secret}\" is not allowed \
                     because service account {} does not reference that secret",
                    text(container, "name"),
                    text(env, "name"),
                    text(metadata(account), "name"),
                )));
            }
        }
        for from in maps(container, "envFrom") {
            let secret = text(section(from, "secretRef"), "name");
            if is_set(from, "secretRef") && !lists(account, "secrets", secret) {
                return Err(Refusal::forbidden(format!(
                    "{called} {} with envFrom referencing secret.secretName=\"{secret}\" is not allowed because \
                     service account {} does not reference that secret",
                    text(container, "name"),
                    text(metadata(account), "name"),
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Table, change, of};

    fn account(rest: Value) -> Table {
        let mut account = json!({"metadata": {"name": "default", "namespace": "a"}});
        for (field, value) in rest.as_object().unwrap() {
            account[field] = value.clone();
        }
        Table::new().with(Sort::ServiceAccount, account)
    }

    fn pod(spec: Value) -> Object {
        json!({"metadata": {"name": "p"}, "spec": spec}).as_object().unwrap().clone()
    }

    #[track_caller]
    fn made(table: &Table, mut pod: Object) -> Result<Value, String> {
        let review = of(Operation::Create, "pods").in_namespace("a").named("p");
        let told = change(&ServiceAccount, table, &review, &mut pod, None);
        told.map(|()| pod.into()).map_err(|why| why.to_string())
    }

    #[test]
    fn a_pod_is_given_an_account_and_its_token() {
        let given = pod(json!({"containers": [
            {"name": "c"}, {"name": "d", "volumeMounts": [{"name": "v", "mountPath": MOUNT_PATH}]}]}));
        let made = made(&account(json!({"imagePullSecrets": [{"name": "pull"}]})), given).unwrap();
        let spec = &made["spec"];
        assert_eq!(spec["serviceAccountName"], "default");
        assert_eq!(spec["serviceAccount"], "default");
        assert_eq!(spec["imagePullSecrets"], json!([{"name": "pull"}]));
        let volume = format!("{VOLUME}{}", crate::testing::SUFFIX);
        assert_eq!(spec["volumes"], json!([token_volume(&volume)]));
        assert_eq!(
            spec["containers"][0]["volumeMounts"],
            json!([{"name": volume, "readOnly": true, "mountPath": MOUNT_PATH}])
        );
        assert_eq!(spec["containers"][1]["volumeMounts"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn the_pod_decides_about_its_token_and_then_the_account() {
        for (account_says, pod_says, want) in [
            (json!({}), json!(null), 1),
            (json!({"automountServiceAccountToken": false}), json!(null), 0),
            (json!({"automountServiceAccountToken": false}), json!(true), 1),
            (json!({}), json!(false), 0),
        ] {
            let given = pod(
                json!({"containers": [{"name": "c"}], "automountServiceAccountToken": pod_says}),
            );
            let made = made(&account(account_says), given).unwrap();
            assert_eq!(made["spec"].get("volumes").is_some(), want == 1);
        }
        let held = json!({"name": "kube-api-access-mine", "projected": {"sources": []}});
        let given = pod(json!({"containers": [{"name": "c"}], "volumes": [held]}));
        let made = made(&account(json!({})), given).unwrap();
        assert_eq!(made["spec"]["volumes"], json!([held]));
        assert_eq!(
            made["spec"]["containers"][0]["volumeMounts"][0]["name"],
            "kube-api-access-mine"
        );
    }

    #[test]
    fn what_an_account_does_not_list_is_not_mounted() {
        let strict = json!({"metadata": {"name": "default", "namespace": "a", "annotations": {
            (ENFORCE_MOUNTABLE): "true"}}, "secrets": [{"name": "ok"}], "imagePullSecrets": [{"name": "pull"}]});
        let strict = Table::new().with(Sort::ServiceAccount, strict);
        let env = |name: &str| json!({"name": "c", "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": name}}}]});
        for (spec, want) in [
            (
                json!({"containers": [env("ok")], "volumes": [{"name": "v", "secret": {"secretName": "ok"}}]}),
                "",
            ),
            (
                json!({"volumes": [{"name": "v", "secret": {"secretName": "x"}}]}),
                "volume with secret.secretName=\"x\" is not allowed because service account default does \
                 not reference that secret",
            ),
            (
                json!({"containers": [env("x")]}),
                "container c with envVar E referencing secret.secretName=\"x\" is not allowed because \
                 service account default does not reference that secret",
            ),
            (
                json!({"initContainers": [env("x")]}),
                "init container c with envVar E referencing secret.secretName=\"x\" is not allowed because \
                 service account default does not reference that secret",
            ),
            (
                json!({"containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": "x"}},
                    {"secretRef": {"name": "ok"}}, {"secretRef": {"name": "x"}}]}]}),
                "container c with envFrom referencing secret.secretName=\"x\" is not allowed because service \
                 account default does not reference that secret",
            ),
            (
                json!({"imagePullSecrets": [{"name": "pull"}, {"name": "x"}]}),
                "imagePullSecrets[1].name=\"x\" is not allowed because service account default does not \
                 reference that imagePullSecret",
            ),
        ] {
            assert_eq!(made(&strict, pod(spec)).map_or_else(|why| why, |_| String::new()), want);
        }
    }

    #[test]
    fn whom_it_runs_as_must_be_there() {
        assert_eq!(
            made(&account(json!({})), pod(json!({"serviceAccountName": "x"}))).unwrap_err(),
            "error looking up service account a/x: serviceaccount \"x\" not found"
        );
    }

    #[test]
    fn a_mirror_pod_is_given_nothing() {
        for (spec, want) in [
            (json!({}), ""),
            (json!({"serviceAccountName": "x"}), "a mirror pod may not reference service accounts"),
            (
                json!({"imagePullSecrets": [{"name": "x"}]}),
                "a mirror pod may not reference secrets",
            ),
            (
                json!({"volumes": [{"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}),
                "a mirror pod may not use ServiceAccountToken volume projections",
            ),
        ] {
            let mut mirror = pod(spec.clone());
            mirror["metadata"]["annotations"] = json!({(MIRROR): "x"});
            match made(&Table::new(), mirror) {
                Ok(pod) => assert_eq!((pod["spec"].clone(), ""), (spec, want)),
                Err(why) => assert_eq!(why, want),
            }
        }
    }
}
