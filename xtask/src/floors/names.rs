//! Who may name which crate of others.

use crate::members::{Dependency, Kind, Member};
use crate::report::Report;

/// Crates that only some rooms may depend on. Tests may use them anywhere.
struct Kept {
    crates: &'static [&'static str],
    rooms: &'static [&'static str],
    why: &'static str,
}

const KEPT: &[Kept] = &[
    Kept {
        crates: &["granit-parser"],
        rooms: &["object"],
        why: "only object reads documents; everybody else is handed them with their places",
    },
    Kept {
        crates: &["serde"],
        rooms: &[
            // For its reader of JSON, which visits a text value by value; it derives nothing.
            "schema",
            "object",
            "client",
            "identity",
            "flow",
            "apiserver",
            "webhook",
            "ui",
            "cli",
            "conformance",
        ],
        why: "engine values are no wire format, and serde stops at the first error and loses the place",
    },
    Kept {
        crates: &["serde_json"],
        rooms: &[
            "schema",
            "cel",
            "rego",
            "object",
            "kinds",
            "admission",
            "identity",
            "flow",
            "snapshot",
            "sectest",
            "client",
            "apiserver",
            "webhook",
            "ui",
            "cli",
            "conformance",
            "xtask",
        ],
        why: "core, store, rbac and netpol have their own terms; documents are turned into them in snapshot",
    },
    Kept {
        crates: &["kube", "k8s-openapi"],
        rooms: &["client"],
        why: "only client knows a live cluster; the rest sees documents",
    },
    Kept {
        crates: &["redb", "fjall", "tonic", "tonic-prost", "prost"],
        rooms: &["store"],
        why: "only store keeps bytes, and its back end is its own business",
    },
    Kept {
        crates: &["regorus"],
        rooms: &["conformance"],
        why: "a peer to compare with, not a part",
    },
    Kept {
        crates: &["rustls", "rustls-webpki", "tokio-rustls", "x509-cert", "der"],
        rooms: &["identity", "apiserver", "webhook", "conformance"],
        why: "keys and certificates are judged in identity; servers and their tests only set their sockets up",
    },
    Kept {
        crates: &["ring"],
        rooms: &["identity", "apiserver", "webhook", "conformance", "store"],
        why: "signatures are judged in identity; store wants a digest that nobody can forge",
    },
    Kept {
        crates: &["tokio", "tokio-util", "hyper", "hyper-util", "axum", "tower", "tower-http"],
        rooms: &["apiserver", "webhook", "agent", "ui", "client", "store"],
        why: "the middle does no I/O and is not async: it returns a step, and the edge carries it out",
    },
    Kept { crates: &["rustix"], rooms: &["agent"], why: "only agent touches the kernel" },
    Kept {
        crates: &["clap_mangen"],
        rooms: &["cli", "xtask"],
        why: "only the command line has manual pages",
    },
    Kept {
        crates: &[
            "clap",
            "clap_complete",
            "annotate-snippets",
            "anstream",
            "anstyle",
            "unicode-width",
            "comfy-table",
            "indicatif",
            "similar",
            "ignore",
        ],
        rooms: &["cli"],
        why: "only the command line knows terminals, colours, widths and folders",
    },
    Kept {
        crates: &["tracing-subscriber", "opentelemetry", "mimalloc"],
        rooms: &["cli"],
        why: "the binary alone decides where logs go and who allocates",
    },
    Kept {
        crates: &["tracing"],
        rooms: &["client", "analysis", "apiserver", "webhook", "agent", "ui", "lsp", "cli"],
        why: "engines do not log: they return",
    },
    Kept {
        crates: &["rayon"],
        rooms: &["object", "analysis"],
        why: "documents and questions are many; a single decision is too small for threads",
    },
    Kept {
        crates: &["prefix-trie"],
        rooms: &["netpol", "analysis"],
        why: "longest prefixes are a question about nets",
    },
    Kept { crates: &["ipnet"], rooms: &["core"], why: "everybody else speaks of core's nets" },
    Kept {
        crates: &["anyhow"],
        rooms: &["cli", "conformance", "xtask"],
        why: "a library names its errors, so that its caller can tell them apart",
    },
    Kept {
        crates: &[
            "expect-test",
            "proptest",
            "libtest-mimic",
            "tempfile",
            "trycmd",
            "snapbox",
            "divan",
            "rcgen",
        ],
        rooms: &[],
        why: "these are for tests: put them under dev-dependencies",
    },
];

/// What the ground floor may depend on, as everybody compiles it.
const CORE: &[&str] = &["smol_str", "ipnet", "thiserror", "strsim"];

/// Crates that nobody depends on directly, tests included.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "TLS is rustls with ring"),
    ("openssl-sys", "TLS is rustls with ring"),
    ("aws-lc-sys", "TLS is rustls with ring"),
    ("native-tls", "TLS is rustls with ring"),
    ("chrono", "jiff at the edge; engines take a timestamp"),
    ("once_cell", "std::sync::OnceLock and LazyLock"),
    ("lazy_static", "std::sync::LazyLock"),
    ("async-trait", "traits have async functions"),
    ("num_cpus", "std::thread::available_parallelism"),
    ("serde_yaml", "it loses places; object reads YAML"),
    ("serde_yaml_ng", "it loses places; object reads YAML"),
    ("serde_norway", "it loses places; object reads YAML"),
    ("serde-saphyr", "it loses the end of collections; object reads YAML"),
    ("rustables", "its licence is GPL-3"),
    ("nftnl", "it links a GPL library"),
    ("imbl", "rpds is smaller and permissively licensed"),
    ("im", "unmaintained, with unsound reports"),
    ("jsonwebtoken", "it has no ring backend; identity verifies tokens"),
    ("reqwest", "hyper is there already"),
    ("etcd-client", "it needs protoc to build"),
];

pub fn check(members: &[Member], report: &mut Report) {
    for member in members {
        for dependency in &member.dependencies {
            for why in faults(member.room(), dependency) {
                let what = format!("`{}` may not name `{}`", member.room(), dependency.name);
                report.fault(member.manifest(), what, why);
            }
        }
    }
}

fn faults(room: &str, dependency: &Dependency) -> Vec<&'static str> {
    let name = dependency.name.as_str();
    let banned = BANNED.iter().filter(|(banned, _)| *banned == name).map(|(_, why)| *why);
    let mut faults: Vec<&str> = banned.collect();
    if name.ends_with("-sys") && name != "linux-raw-sys" && faults.is_empty() {
        faults.push("a library in C is a build step and a risk that the user did not ask for");
    }
    if dependency.kind != Kind::Dev {
        let kept =
            KEPT.iter().filter(|kept| kept.crates.contains(&name) && !kept.rooms.contains(&room));
        faults.extend(kept.map(|kept| kept.why));
        if room == "core" && dependency.room.is_none() && !CORE.contains(&name) && faults.is_empty()
        {
            faults.push("everybody compiles core: it depends on next to nothing");
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(room: &str, name: &str, kind: Kind) -> usize {
        let mut member = Member::of(room, &[name]);
        member.dependencies[0].kind = kind;
        let mut report = Report::default();
        check(&[member], &mut report);
        report.faults.len()
    }

    #[test]
    fn a_kept_crate_is_named_only_by_its_rooms() {
        for kept in KEPT {
            for name in kept.crates {
                for room in kept.rooms.iter().filter(|room| **room != "core") {
                    assert_eq!(named(room, name, Kind::Normal), 0, "{room} names {name}");
                }
                assert_eq!(named("rego-free", name, Kind::Normal), 1, "a stranger names {name}");
                assert_eq!(
                    named("rego-free", name, Kind::Build),
                    1,
                    "a stranger builds with {name}"
                );
                assert_eq!(named("rego-free", name, Kind::Dev), 0, "a stranger tests with {name}");
            }
        }
    }

    #[test]
    fn the_engines_have_no_serde() {
        for room in ["core", "store", "rbac", "netpol"] {
            assert_eq!(named(room, "serde", Kind::Normal), 1, "{room}");
            assert_eq!(named(room, "serde_json", Kind::Normal), 1, "{room}");
        }
    }

    #[test]
    fn a_banned_crate_is_named_by_nobody() {
        for (name, _) in BANNED {
            assert_eq!(named("cli", name, Kind::Normal), 1, "{name}");
            assert_eq!(named("cli", name, Kind::Dev), 1, "{name}");
        }
        assert_eq!(named("cli", "zstd-sys", Kind::Normal), 1);
        assert_eq!(named("agent", "linux-raw-sys", Kind::Normal), 0);
    }

    #[test]
    fn the_ground_floor_depends_on_next_to_nothing() {
        assert_eq!(named("core", "indexmap", Kind::Normal), 1);
        assert_eq!(named("core", "smol_str", Kind::Normal), 0);
        assert_eq!(named("netpol", "indexmap", Kind::Normal), 0);
    }
}
