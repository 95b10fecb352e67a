//! Being taken for somebody else, and saying who one is to a server that asks nobody's proxy.

use super::{ANONYMOUS, Faults, Gate, OWN, OWN_PATH};

const NOT_JANE: &str = "users \"jane\" is forbidden: User \"system:anonymous\" cannot impersonate resource \
    \"users\" in API group \"\" at the cluster scope";

/// Who asks, with which headers, and what is answered. The path is [`OWN_PATH`].
const CASES: &[(&str, &[&str], u16, &str)] = &[
    // What is allowed, so that the rest is refused for what it says.
    ("deputy", &["Impersonate-User: jane"], 200, OWN),
    ("deputy", &["IMPERSONATE-USER: jane", "impersonate-group: dev"], 200, OWN),
    // Without the right.
    (
        "jane",
        &["Impersonate-User: admin"],
        403,
        "users \"admin\" is forbidden: User \"jane\" cannot impersonate resource \"users\" in API group \"\" \
         at the cluster scope",
    ),
    (
        "jane",
        &["Impersonate-User: jane"],
        403,
        "users \"jane\" is forbidden: User \"jane\" cannot impersonate resource \"users\" in API group \"\" \
         at the cluster scope",
    ),
    ("", &["Impersonate-User: jane"], 403, NOT_JANE),
    (
        "deputy",
        &["Impersonate-User: Jane"],
        403,
        "users \"Jane\" is forbidden: User \"deputy\" cannot impersonate resource \"users\" in API group \"\" \
         at the cluster scope",
    ),
    (
        "deputy",
        &["Impersonate-User: jane", "Impersonate-Group: system:masters"],
        403,
        "groups \"system:masters\" is forbidden: User \"deputy\" cannot impersonate resource \"groups\" in API \
         group \"\" at the cluster scope",
    ),
    (
        "deputy",
        &["Impersonate-User: jane", "Impersonate-Group: dev", "impersonate-group: system:masters"],
        403,
        "groups \"system:masters\" is forbidden: User \"deputy\" cannot impersonate resource \"groups\" in API \
         group \"\" at the cluster scope",
    ),
    (
        "deputy",
        &["Impersonate-User: jane", "Impersonate-Uid: 2"],
        403,
        "uids.authentication.k8s.io \"2\" is forbidden: User \"deputy\" cannot impersonate resource \"uids\" in \
         API group \"authentication.k8s.io\" at the cluster scope",
    ),
    (
        "deputy",
        &["Impersonate-User: jane", "Impersonate-Extra-Scopes: all"],
        403,
        "userextras.authentication.k8s.io \"all\" is forbidden: User \"deputy\" cannot impersonate resource \
         \"userextras/scopes\" in API group \"authentication.k8s.io\" at the cluster scope",
    ),
    (
        "deputy",
        &["Impersonate-User: system:serviceaccount:default:robot"],
        403,
        "serviceaccounts \"robot\" is forbidden: User \"deputy\" cannot impersonate resource \
         \"serviceaccounts\" in API group \"\" in the namespace \"default\"",
    ),
    // Of two users the first counts, in whichever case the header is written.
    (
        "deputy",
        &["impersonate-user: admin", "Impersonate-User: jane"],
        403,
        "users \"admin\" is forbidden: User \"deputy\" cannot impersonate resource \"users\" in API group \"\" \
         at the cluster scope",
    ),
    ("deputy", &["Impersonate-User: jane", "impersonate-user: admin"], 200, OWN),
    // A list is one name.
    (
        "deputy",
        &["Impersonate-User: jane,admin"],
        403,
        "users \"jane,admin\" is forbidden: User \"deputy\" cannot impersonate resource \"users\" in API group \
         \"\" at the cluster scope",
    ),
    // Without a user.
    (
        "admin",
        &["Impersonate-Group: dev"],
        400,
        "requested [{Group  dev    }] without impersonating a user",
    ),
    (
        "admin",
        &["Impersonate-User:", "Impersonate-Group: dev"],
        400,
        "requested [{Group  dev    }] without impersonating a user",
    ),
    (
        "jane",
        &["Impersonate-Uid: 1"],
        400,
        "requested [{UID  1  authentication.k8s.io/v1  }] without impersonating a user",
    ),
    (
        "jane",
        &["Impersonate-Extra-a: 1"],
        400,
        "requested [{UserExtra  1  authentication.k8s.io/v1  a}] without impersonating a user",
    ),
    // Whoever is meant by letters of other languages is meant, and nobody else.
    (
        "deputy",
        &["Impersonate-User: zo\u{eb}"],
        403,
        "users \"zo\u{eb}\" is forbidden: User \"deputy\" cannot impersonate resource \"users\" in API group \
         \"\" at the cluster scope",
    ),
    (
        "admin",
        &["Impersonate-User: zo\u{eb}"],
        403,
        "secrets \"own\" is forbidden: User \"zo\u{eb}\" cannot get resource \"secrets\" in API group \"\" in \
         the namespace \"default\"",
    ),
    // An underscore is no hyphen: a proxy in front might make one of it, we do not.
    ("", &["Impersonate_User: jane"], 403, ANONYMOUS),
    // There is no front proxy whose word counts.
    ("", &["X-Remote-User: jane"], 403, ANONYMOUS),
    ("", &["X-Remote-User: admin", "X-Remote-Group: system:masters"], 403, ANONYMOUS),
    (
        "",
        &["X-Remote-User: admin", "X-Remote-Extra-Scopes: all", "X-Remote-Uid: 1"],
        403,
        ANONYMOUS,
    ),
    ("", &["X-Forwarded-User: admin", "X-Forwarded-Groups: system:masters"], 403, ANONYMOUS),
    (
        "deputy",
        &["X-Remote-User: jane", "X-Remote-Group: system:masters"],
        403,
        "secrets \"own\" is forbidden: User \"deputy\" cannot get resource \"secrets\" in API group \"\" in the \
         namespace \"default\"",
    ),
];

#[test]
fn nobody_is_taken_for_another_without_the_right() {
    let test = "refusals::impersonation::nobody_is_taken_for_another_without_the_right";
    let Some(gate) = Gate::open(test) else { return };
    let mut faults = Faults::default();
    for (who, headers, code, message) in CASES {
        let mut head = headers.join("\r\n");
        if !who.is_empty() {
            head = format!("Authorization: Bearer {who}\r\n{head}");
        }
        let answer = gate.ask(&format!("GET {OWN_PATH}"), &head);
        faults.check(&format!("{who} {headers:?}"), &answer, *code, message);
    }
    // No text at all: the request must not go on as the one who asks.
    let head = b"Authorization: Bearer jane\r\nImpersonate-User: \xff";
    let wanted = "the value of the header impersonate-user is not UTF-8";
    faults.check("bytes", &gate.ask(&format!("GET {OWN_PATH}"), head), 400, wanted);
    faults.none();
}
