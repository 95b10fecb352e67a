//! What is done to pods beside writing them: they are bound to a node, and evicted from it.

use portcullis_admission::Operation;
use portcullis_core::Timestamp;
use portcullis_kinds::{FieldError, Object};
use portcullis_schema::api;
use serde_json::{Value, json};

use crate::admission::Doing;
use crate::answer::Answer;
use crate::ask::{Ask, Target, namespace_of, settle_namespace};
use crate::backend::Backend;
use crate::body;
use crate::gates::admitted::{Admitted, Written};
use crate::negotiate::Offer;
use crate::options::{DeleteOptions, WriteOptions};
use crate::request_info::{LabelSelector, Query};
use crate::resource::{Resource, key, prefix_in};
use crate::server::Server;
use crate::status::{Cause, Details, Status};
use crate::verbs::update::{TURNS_MAX, same_uid};
use crate::{meta, stored};

impl<B: Backend> Server<B> {
    /// `POST pods/NAME/binding`, or `POST bindings`: the pod is given its node.
    pub(crate) async fn bind(&self, ask: &mut Ask, target: Target) -> Result<Answer, Status> {
        let form = ask.form(Offer::Objects)?;
        let options = WriteOptions::read(&ask.info.query, "CreateOptions")?;
        let mut binding = body::object(ask, target, options.field_validation)?;
        let pods = pods()?;
        let namespace = namespace_of(&ask.info, pods).to_owned();
        settle_namespace(&mut binding, &namespace)?;
        let name = match target.subresource {
            Some(_) if meta::name(&binding) != ask.info.name => {
                return Err(Status::bad_request(
                    "name in URL does not match name in Binding object",
                ));
            }
            _ => meta::name(&binding).to_owned(),
        };
        for _ in 0..TURNS_MAX {
            let doing =
                Doing { operation: Operation::Create, target, namespace: &namespace, name: &name };
            let (binding, chain) = self.admit(ask, doing, binding.clone(), None)?;
            let node = node_of(&binding)?;
            let passed = self.judge(chain, doing, &binding, None)?;
            let lies = key(pods, &namespace, &name);
            let view = self.store.view();
            let entry = view.get(lies.as_bytes()).ok_or_else(|| Status::not_found(pods, &name))?;
            let old = stored::read(entry).map_err(|why| Status::internal(&why.to_string()))?;
            same_uid(Target::of(pods), &lies, meta::uid(&binding), &old)?;
            let pod = bound(&old, &binding, &name, &node, ask.now)?;
            if options.dry_run {
                return Ok(Status::done(201).in_form(form));
            }
            let entry = Some(std::sync::Arc::clone(entry));
            let admitted = Admitted::by_chain(passed, lies, entry, Some(stored::Item::of(pod)));
            if let Written::Done(_) = admitted.write(&self.store).await? {
                return Ok(Status::done(201).in_form(form));
            }
        }
        Err(Status::modified(pods, &name))
    }

    /// `POST pods/NAME/eviction`: the pod is deleted if its disruption budgets allow (`policy/v1`).
    pub(crate) async fn evict(&self, ask: &mut Ask, target: Target) -> Result<Answer, Status> {
        let form = ask.form(Offer::Objects)?;
        let asked = WriteOptions::read(&ask.info.query, "CreateOptions")?;
        let eviction = body::object(ask, target, asked.field_validation)?;
        let name = ask.info.name.to_string();
        if meta::name(&eviction) != name {
            return Err(Status::bad_request("name in URL does not match name in Eviction object"));
        }
        let pods = pods()?;
        let namespace = namespace_of(&ask.info, pods).to_owned();
        let doing =
            Doing { operation: Operation::Create, target, namespace: &namespace, name: &name };
        let (eviction, chain) = self.admit(ask, doing, eviction, None)?;
        let pod = self.found(pods, &namespace, &name)?;
        self.judge(chain, doing, &eviction, None)?;
        let sent = eviction.get("deleteOptions").and_then(Value::as_object);
        let mut options = DeleteOptions::read(&Query::default(), sent)?;
        options.dry_run |= asked.dry_run;
        if runs(&pod) {
            self.disrupt(ask, &pod, options.dry_run).await?;
        }
        self.delete_object(ask, Target::of(pods), &options, &namespace, &name).await?;
        Ok(Status::done(201).in_form(form))
    }

    /// Counts a disruption against the budget that selects the pod, or refuses it.
    async fn disrupt(&self, ask: &mut Ask, pod: &Object, dry_run: bool) -> Result<(), Status> {
        let Some(budgets) = api::resource("policy", "v1", "poddisruptionbudgets") else {
            return Ok(());
        };
        let namespace = meta::namespace(pod).to_owned();
        let view = self.store.view();
        let prefix = prefix_in(budgets, &namespace);
        let mut selecting = Vec::new();
        for entry in view.range(&portcullis_store::Keys::prefix(prefix.as_bytes())) {
            let budget = stored::read(entry).map_err(|why| Status::internal(&why.to_string()))?;
            if selects(&budget, pod) {
                selecting.push(budget);
            }
        }
        let budget = match selecting.as_slice() {
            [] => return Ok(()),
            [budget] => std::sync::Arc::clone(budget),
            _ => {
                return Err(Status::internal(
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
                ));
            }
        };
        let name = meta::name(&budget).to_owned();
        let status = Target { kind: status_kind(budgets), ..Target::of(budgets) };
        let options = WriteOptions { dry_run, ..WriteOptions::default() };
        let made = self.change(ask, status, &options, &namespace, &name, None, |_, old| {
            old.ok_or_else(|| Status::not_found(budgets, &name))
                .and_then(|old| disrupted(old, &name))
        });
        made.await.map(drop)
    }

    /// An object that must be there.
    pub(crate) fn found(
        &self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
    ) -> Result<std::sync::Arc<Object>, Status> {
        let view = self.store.view();
        let entry = view.get(crate::resource::key(resource, namespace, name).as_bytes());
        let entry = entry.ok_or_else(|| Status::not_found(resource, name))?;
        stored::read(entry).map_err(|why| Status::internal(&why.to_string()))
    }
}

fn pods() -> Result<&'static Resource, Status> {
    api::resource("", "v1", "pods").ok_or_else(|| Status::internal("the resource pods is unknown"))
}

fn status_kind(resource: &'static Resource) -> &'static dyn portcullis_kinds::Kind {
    let kind = Target::of(resource).kind;
    kind.subresource("status").unwrap_or(kind)
}

/// The node that a binding names.
fn node_of(binding: &Object) -> Result<String, Status> {
    let target = binding.get("target");
    let text = |field: &str| {
        target.and_then(|target| target.get(field)).and_then(Value::as_str).unwrap_or_default()
    };
    // The original has no reason for these two, and answers 500.
    if !matches!(text("kind"), "" | "Node") {
        let fault = FieldError::unsupported("target.kind", text("kind"), &["Node", "<empty>"]);
        return Err(Status::unclassified(fault.to_string()));
    }
    if text("name").is_empty() {
        return Err(Status::unclassified(FieldError::required("target.name", "").to_string()));
    }
    Ok(text("name").to_owned())
}

/// The pod on its node. It is given one once, which is nobody's wish but the scheduler's: it counts as no
/// change of what is wanted, and nobody comes to own the field.
fn bound(
    old: &Object,
    binding: &Object,
    name: &str,
    node: &str,
    now: Timestamp,
) -> Result<Object, Status> {
    let refused = |why: &str| Status::conflict("pods/binding", "", "pods/binding", name, why);
    if meta::is_terminating(old) {
        return Err(refused(&format!("pod {name} is being deleted, cannot be assigned to a host")));
    }
    let mut pod = old.clone();
    let Some(Value::Object(spec)) = pod.get_mut("spec") else {
        return Err(Status::internal("the pod has no spec"));
    };
    match spec.get("nodeName").and_then(Value::as_str).unwrap_or_default() {
        "" => {}
        held => {
            let held = Value::from(held);
            return Err(refused(&format!("pod {name} is already assigned to node {held}")));
        }
    }
    if spec.get("schedulingGates").and_then(Value::as_array).is_some_and(|gates| !gates.is_empty())
    {
        return Err(refused(&format!("pod {name} has non-empty .spec.schedulingGates")));
    }
    spec.insert("nodeName".into(), node.into());
    for field in ["annotations", "labels"] {
        let given = meta::metadata(binding).and_then(|metadata| metadata.get(field));
        let Some(Value::Object(given)) = given else { continue };
        let held = meta::metadata_mut(&mut pod).entry(field).or_insert_with(|| json!({}));
        if let Value::Object(held) = held {
            held.extend(given.clone());
        }
    }
    let scheduled = json!({
        "type": "PodScheduled", "status": "True", "lastProbeTime": null,
        "lastTransitionTime": now.to_string(),
    });
    if let Value::Object(status) = pod.entry("status").or_insert_with(|| json!({}))
        && let Value::Array(conditions) =
            status.entry("conditions").or_insert_with(|| Value::Array(Vec::new()))
    {
        conditions.retain(|condition| condition.get("type") != scheduled.get("type"));
        conditions.push(scheduled);
    }
    meta::sort(&mut pod);
    Ok(pod)
}

/// Whether an eviction has to ask the budgets: what ended, or runs nowhere yet, disrupts nobody.
fn runs(pod: &Object) -> bool {
    let phase = pod.get("status").and_then(|status| status.get("phase")).and_then(Value::as_str);
    !matches!(phase, Some("Succeeded" | "Failed" | "Pending")) && !meta::is_terminating(pod)
        || phase == Some("Pending") && is_on_a_node(pod)
}

fn is_on_a_node(pod: &Object) -> bool {
    let node = pod.get("spec").and_then(|spec| spec.get("nodeName")).and_then(Value::as_str);
    node.is_some_and(|node| !node.is_empty())
}

/// Whether a budget is for the pod. An empty selector of `policy/v1` is for all, an absent one for none.
fn selects(budget: &Object, pod: &Object) -> bool {
    let Some(selector) = budget.get("spec").and_then(|spec| spec.get("selector")) else {
        return false;
    };
    let Some(text) = crate::scale::selector_text(selector) else { return false };
    let labels = meta::labels(pod);
    let label = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    // What cannot be read protects every pod it might be about.
    LabelSelector::parse(&text).map_or(true, |selector| selector.matches(label))
}

/// The budget with one disruption less to give.
fn disrupted(old: &Object, name: &str) -> Result<Object, Status> {
    let number = |field: &str| {
        old.get("status").and_then(|status| status.get(field)).and_then(Value::as_i64).unwrap_or(0)
    };
    let refused = |cause: String| {
        let mut status = Status::refused_for_now(
            "Cannot evict pod as it would violate the pod's disruption budget.",
        );
        status.details = Some(Box::new(Details {
            causes: vec![Cause {
                reason: "DisruptionBudget",
                message: cause,
                field: String::new(),
            }],
            ..Details::default()
        }));
        status
    };
    if number("observedGeneration") < meta::integer(old, "generation") {
        return Err(refused(format!(
            "The disruption budget {name} is still being processed by the server."
        )));
    }
    if number("disruptionsAllowed") <= 0 {
        return Err(refused(format!(
            "The disruption budget {name} needs {} healthy pods and has {} currently",
            number("desiredHealthy"),
            number("currentHealthy")
        )));
    }
    let mut next = old.clone();
    let status = next.entry("status").or_insert_with(|| json!({}));
    if let Value::Object(status) = status {
        status.insert("disruptionsAllowed".into(), (number("disruptionsAllowed") - 1).into());
    }
    Ok(next)
}
