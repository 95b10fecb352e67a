//! The decision a second time: slow, obvious, and written from the Kubernetes documentation ("Using
//! RBAC Authorization") and its authorizer's observed answers, not from the engine.
//!
//! It shares no type with the engine, so that no mistake in one can hide in both. For tests only.

/// Every role and binding there is.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Roles and ClusterRoles.
    pub roles: Vec<Role>,
    /// RoleBindings and ClusterRoleBindings.
    pub bindings: Vec<Binding>,
}

/// A Role, or without a namespace a ClusterRole.
#[derive(Clone, Debug)]
pub struct Role {
    /// `metadata.namespace`; empty for a ClusterRole.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `rules`.
    pub rules: Vec<Rule>,
}

/// A `PolicyRule`.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `verbs`.
    pub verbs: Vec<String>,
    /// `apiGroups`.
    pub api_groups: Vec<String>,
    /// `resources`.
    pub resources: Vec<String>,
    /// `resourceNames`.
    pub resource_names: Vec<String>,
    /// `nonResourceURLs`.
    pub urls: Vec<String>,
}

/// A RoleBinding, or without a namespace a ClusterRoleBinding.
#[derive(Clone, Debug)]
pub struct Binding {
    /// `metadata.namespace`; empty for a ClusterRoleBinding.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `roleRef.kind`.
    pub role_kind: String,
    /// `roleRef.name`.
    pub role_name: String,
    /// `subjects`.
    pub subjects: Vec<Subject>,
}

/// A subject as written.
#[derive(Clone, Debug)]
pub struct Subject {
    /// `kind`.
    pub kind: String,
    /// `namespace`; empty where there is none.
    pub namespace: String,
    /// `name`.
    pub name: String,
}

/// A request as the authorizer sees it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The user name.
    pub user: String,
    /// The groups.
    pub groups: Vec<String>,
    /// The verb.
    pub verb: String,
    /// The path of a request that is for no resource.
    pub url: Option<String>,
    /// The API group.
    pub api_group: String,
    /// The resource.
    pub resource: String,
    /// The subresource; empty where there is none.
    pub subresource: String,
    /// The namespace; empty where there is none.
    pub namespace: String,
    /// The object's name; empty where there is none.
    pub name: String,
}

/// Whether the request is allowed, and the reason in the words of the authorizer.
pub fn decide(cluster: &Cluster, request: &Request) -> (bool, String) {
    let mut errors: Vec<String> = Vec::new();
    // All cluster-wide bindings first, then those of the request's namespace. A request for a URL
    // has no namespace.
    let mut bindings: Vec<&Binding> = Vec::new();
    for binding in &cluster.bindings {
        if binding.namespace.is_empty() {
            bindings.push(binding);
        }
    }
    for binding in &cluster.bindings {
        let local = request.url.is_none() && !request.namespace.is_empty();
        if local && binding.namespace == request.namespace {
            bindings.push(binding);
        }
    }
    for binding in bindings {
        let Some(subject) = binding.subjects.iter().find(|s| is(s, binding, request)) else {
            continue;
        };
        let role = cluster.roles.iter().find(|role| {
            let place = if binding.role_kind == "Role" { &binding.namespace } else { "" };
            // A ClusterRoleBinding cannot refer to a Role.
            let possible = binding.role_kind == "ClusterRole" || !place.is_empty();
            possible && role.name == binding.role_name && role.namespace == place
        });
        let Some(role) = role else {
            let resource = binding.role_kind.to_lowercase();
            let name = &binding.role_name;
            let error = format!("{resource}.rbac.authorization.k8s.io \"{name}\" not found");
            if !errors.contains(&error) {
                errors.push(error);
            }
            continue;
        };
        if role.rules.iter().any(|rule| allows(rule, request)) {
            return (true, granted(binding, subject));
        }
    }
    let reason = match errors.as_slice() {
        [] => String::new(),
        [error] => format!("RBAC: {error}"),
        errors => format!("RBAC: [{}]", errors.join(", ")),
    };
    (false, reason)
}

fn granted(binding: &Binding, subject: &Subject) -> String {
    let Binding { name, namespace, role_kind, role_name, .. } = binding;
    let kind = &subject.kind;
    let account_namespace =
        if subject.namespace.is_empty() { namespace } else { &subject.namespace };
    let who = if kind == "ServiceAccount" {
        format!("{}/{account_namespace}", subject.name)
    } else {
        subject.name.clone()
    };
    if namespace.is_empty() {
        format!(
            "RBAC: allowed by ClusterRoleBinding \"{name}\" of {role_kind} \"{role_name}\" to {kind} \"{who}\""
        )
    } else {
        format!(
            "RBAC: allowed by RoleBinding \"{name}/{namespace}\" of {role_kind} \"{role_name}\" to {kind} \"{who}\""
        )
    }
}

fn is(subject: &Subject, binding: &Binding, request: &Request) -> bool {
    match subject.kind.as_str() {
        "User" => request.user == subject.name,
        "Group" => request.groups.contains(&subject.name),
        "ServiceAccount" => {
            // Without a namespace of its own it is one of the binding's, which a ClusterRoleBinding
            // does not have.
            let mut namespace = subject.namespace.clone();
            if namespace.is_empty() {
                namespace = binding.namespace.clone();
            }
            !namespace.is_empty()
                && request.user == format!("system:serviceaccount:{namespace}:{}", subject.name)
        }
        _ => false,
    }
}

fn allows(rule: &Rule, request: &Request) -> bool {
    let has = |list: &[String], word: &str| list.iter().any(|have| have == word);
    if !has(&rule.verbs, "*") && !has(&rule.verbs, &request.verb) {
        return false;
    }
    if let Some(url) = &request.url {
        return rule.urls.iter().any(|have| {
            let mut prefix = have.clone();
            while prefix.ends_with('*') {
                prefix.pop();
            }
            have == url || prefix != *have && url.starts_with(&prefix)
        });
    }
    if !has(&rule.api_groups, "*") && !has(&rule.api_groups, &request.api_group) {
        return false;
    }
    let mut permitting = vec!["*".to_owned()];
    if request.subresource.is_empty() {
        permitting.push(request.resource.clone());
    } else {
        permitting.push(format!("{}/{}", request.resource, request.subresource));
        permitting.push(format!("*/{}", request.subresource));
    }
    if !permitting.iter().any(|resource| has(&rule.resources, resource)) {
        return false;
    }
    rule.resource_names.is_empty() || has(&rule.resource_names, &request.name)
}
