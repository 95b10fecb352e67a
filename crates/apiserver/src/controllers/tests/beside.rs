//! What a whole server answers beside the work of its controllers: what 1.20 served, what is not enforced,
//! and what would need a node.

use super::*;

// === what 1.20 served ===

const OLD: &str = "/apis/extensions/v1beta1/namespaces/default/deployments";
const NEW: &str = "/apis/apps/v1/namespaces/default/deployments";

fn deployment(spec: Value) -> Value {
    let mut deployment = json!({"metadata": {"name": "web"}, "spec": spec});
    deployment["spec"]["template"] = json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    deployment
}

async fn as_1_20() -> Cluster {
    Cluster::over(Memory::new(), "*", Some(Emulation::V1_20)).await.follow()
}

#[tokio::test]
async fn a_deployment_is_one_object_in_two_groups() {
    let cluster = as_1_20().await;
    let (web, apps) = (format!("{OLD}/web"), format!("{NEW}/web"));
    let made = cluster.post(OLD, deployment(json!({"rollbackTo": {"revision": 2}}))).await;
    let said = |object: &Value| format!("{} {}", object["apiVersion"], object["kind"]);
    assert_eq!(said(&made), r#""extensions/v1beta1" "Deployment""#);
    assert_eq!(made["spec"]["selector"], json!({"matchLabels": {"app": "web"}}));
    assert_eq!(made["spec"]["rollbackTo"], json!({"revision": 2}));

    let seen = cluster.get(&apps).await.expect("a deployment");
    assert_eq!(said(&seen), r#""apps/v1" "Deployment""#);
    assert_eq!(seen["metadata"]["uid"], made["metadata"]["uid"]);
    assert_eq!(seen["spec"]["selector"], made["spec"]["selector"]);
    assert_eq!(
        seen["spec"]["strategy"]["rollingUpdate"],
        json!({"maxUnavailable": 1, "maxSurge": 1})
    );
    assert_eq!(seen["spec"].get("rollbackTo"), None);
    let annotations = &seen["metadata"]["annotations"];
    assert_eq!(annotations, &json!({"deprecated.deployment.rollback.to": "2"}));

    // Each is changed through the other, and who changed what stays known.
    let changed = cluster.patch(&apps, json!({"spec": {"replicas": 3}})).await;
    assert_eq!(cluster.get(&web).await.expect("a deployment")["spec"]["replicas"], 3);
    let owners = changed["metadata"]["managedFields"].as_array().expect("entries");
    let versions: Vec<&str> =
        owners.iter().map(|entry| entry["apiVersion"].as_str().expect("a version")).collect();
    assert_eq!(versions, ["apps/v1", "extensions/v1beta1"]);
    let moved = json!({"spec": {"selector": {"matchLabels": {"app": "web", "x": "y"}},
        "template": {"metadata": {"labels": {"x": "y"}}}}});
    let (code, refused) = cluster.ask(Method::PATCH, &apps, moved.clone()).await;
    assert_eq!((code, &refused["reason"]), (422, &json!("Invalid")), "{refused}");
    cluster.patch(&web, moved).await;

    let scale = cluster.patch(&format!("{web}/scale"), json!({"spec": {"replicas": 5}})).await;
    assert_eq!(said(&scale), r#""extensions/v1beta1" "Scale""#);
    let labels = json!({"app": "web", "x": "y"});
    let status = json!({"replicas": 0, "selector": labels, "targetSelector": "app=web,x=y"});
    assert_eq!((&scale["spec"], &scale["status"]), (&json!({"replicas": 5}), &status));
    let scale = cluster.get(&format!("{apps}/scale")).await.expect("a scale");
    assert_eq!(said(&scale), r#""autoscaling/v1" "Scale""#);
    assert_eq!(scale["status"], json!({"replicas": 0, "selector": "app=web,x=y"}));
    for (path, kind, item) in [(OLD, "extensions/v1beta1", 1), (NEW, "apps/v1", 0)] {
        let list = cluster.get(path).await.expect("a list");
        assert_eq!((&list["apiVersion"], &list["kind"]), (&json!(kind), &json!("DeploymentList")));
        let shown = list["items"][0]["spec"]["rollbackTo"].as_object().map_or(0, |_| 1);
        assert_eq!(shown, item, "{list}");
    }
}

#[tokio::test]
async fn what_an_old_deployment_owns_stays_when_nothing_is_said() {
    let cluster = as_1_20().await;
    let uid = |object: &Value| object["metadata"]["uid"].clone();
    for (propagation, stays) in [("", true), ("Background", false)] {
        let owner = cluster.post(OLD, deployment(json!({}))).await;
        let reference = json!([{"apiVersion": "extensions/v1beta1", "kind": "Deployment",
            "name": "web", "uid": uid(&owner)}]);
        let owned = json!({"metadata": {"name": "owned", "ownerReferences": reference}});
        let maps = "/api/v1/namespaces/default/configmaps";
        cluster.post(maps, owned).await;
        cluster.delete(&format!("{OLD}/web"), propagation).await;
        cluster.until(&format!("{NEW}/web"), |found| found.is_none()).await;
        cluster.rest().await;
        let left = cluster.until(&format!("{maps}/owned"), |found| found.is_some() == stays).await;
        if let Some(left) = left {
            assert_eq!(left["metadata"].get("ownerReferences"), None, "{left}");
            cluster.delete(&format!("{maps}/owned"), "").await;
        }
    }
}

#[tokio::test]
async fn only_an_emulation_serves_what_is_gone() {
    let now = Cluster::at_rest("*").await;
    let then = as_1_20().await;
    for path in [OLD, "/apis/extensions", "/apis/extensions/v1beta1"] {
        assert_eq!(now.ask(Method::GET, path, Value::Null).await.0, 404, "{path}");
        assert_eq!(then.ask(Method::GET, path, Value::Null).await.0, 200, "{path}");
    }
    let listed = |list: &Value| list.to_string().contains("\"extensions\"");
    let groups = |list: Option<Value>| list.is_some_and(|list| listed(&list));
    assert!(!groups(now.get("/apis").await) && groups(then.get("/apis").await));
    let document = then.get("/openapi/v3/apis/extensions/v1beta1").await.expect("a document");
    let schema = &document["components"]["schemas"]["io.k8s.api.extensions.v1beta1.DeploymentSpec"];
    assert_eq!(schema["required"], json!(["template"]));
    assert!(schema["properties"].get("rollbackTo").is_some());
    assert!(now.get("/openapi/v3/apis/extensions/v1beta1").await.is_none());
}

// === beside the controllers ===

#[tokio::test]
async fn what_is_not_enforced_says_so_when_it_goes_too() {
    let cluster = Cluster::at_rest("*").await;
    let quotas = "/api/v1/namespaces/default/resourcequotas";
    let warned = |warnings: &[String]| {
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("resource quotas"), "{warnings:?}");
    };
    for name in ["a", "b", "c"] {
        let (code, warnings, _) = cluster.ask_warned(Method::POST, quotas, named(name)).await;
        assert_eq!(code, 201);
        warned(&warnings);
    }
    // One of them, and then all at once.
    for path in [&format!("{quotas}/a"), quotas] {
        let (code, warnings, _) = cluster.ask_warned(Method::DELETE, path, Value::Null).await;
        assert_eq!(code, 200, "{path}");
        warned(&warnings);
    }
    let maps = "/api/v1/namespaces/default/configmaps";
    let (_, warnings, _) = cluster.ask_warned(Method::DELETE, maps, Value::Null).await;
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[tokio::test]
async fn the_one_component_is_the_store() {
    let cluster = Cluster::at_rest("*").await;
    let path = "/api/v1/componentstatuses";
    let store = cluster.get(&format!("{path}/etcd-0")).await.expect("a component");
    assert_eq!(store["conditions"][0]["status"], "True");
    let list = cluster.get(path).await.expect("a list");
    assert_eq!(list["kind"], "ComponentStatusList");
    assert_eq!(list["items"][0]["metadata"], store["metadata"]);
    assert!(cluster.get(&format!("{path}/scheduler")).await.is_none());
    assert_eq!(cluster.ask(Method::DELETE, path, Value::Null).await.0, 405);
}

#[tokio::test]
async fn a_service_is_turned_to_where_it_has_endpoints() {
    let cluster = Cluster::at_rest("*").await;
    let core = "/api/v1/namespaces/default";
    let spec = json!({"ports": [{"port": 80}], "clusterIP": "None"});
    cluster
        .post(&format!("{core}/services"), json!({"metadata": {"name": "s"}, "spec": spec}))
        .await;
    let check = async |name: &str, code: u16, message: &str| {
        let path = format!("{core}/services/{name}/proxy/x");
        let (got, answer) = cluster.ask(Method::GET, &path, Value::Null).await;
        assert_eq!((got, answer["message"].as_str()), (code, Some(message)), "{name}");
    };
    check("s", 404, "services \"s\" not found").await;
    check("s:81", 503, "no service port 81 found for service \"s\"").await;
    check("ftp:s:80", 400, "invalid service request \"ftp:s:80\"").await;
    cluster.post(&format!("{core}/endpoints"), named("s")).await;
    check("http:s:80", 503, "no endpoints available for service \"s\"").await;
    let subsets = json!([{"addresses": [{"ip": "10.1.0.1"}], "ports": [{"port": 80}]}]);
    cluster.patch(&format!("{core}/endpoints/s"), json!({"subsets": subsets})).await;
    check("s", 501, "services/proxy is not served: there are no nodes here").await;
}
