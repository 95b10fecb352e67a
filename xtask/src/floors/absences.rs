//! What the source text of a room must not name.
//!
//! A `Cargo.toml` shows which crates a room may reach; the standard library it always can, and so
//! these rules look at the text. Items that only tests compile are left out.

use crate::members::Member;
use crate::report::Report;
use crate::rust::{self, Kind, Named, Token};
use crate::tree::{File, Tree};

/// The rooms that compute and do nothing else: floors 0 and 1, and what stands on them purely.
/// `store` is not among them, all of it: what it is for is files and waiting for them.
const ENGINES: &[&str] = &[
    "core",
    "schema",
    "cel",
    "rego",
    "object",
    "kinds",
    "rbac",
    "netpol",
    "admission",
    "identity",
    "flow",
    "snapshot",
    "dataplane",
    "analysis",
    "sectest",
    "lint",
];

/// Something that must not be named, where, and why.
struct Absence {
    rooms: Rooms,
    /// Files that may all the same: a path, or the beginning of one.
    but: &'static [&'static str],
    signs: &'static [Sign],
    why: &'static str,
}

/// Where a rule holds, among the crates under `crates/`.
enum Rooms {
    Of(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

/// How a breach looks in the text.
enum Sign {
    /// A path that begins like this.
    Path(&'static [&'static str]),
    /// A path that has this name anywhere.
    Name(&'static str),
    /// A call of this macro.
    Macro(&'static str),
    /// A literal that has this in it.
    Literal(&'static str),
}

use Sign::{Literal, Macro, Name, Path};

const ABSENCES: &[Absence] = &[
    Absence {
        rooms: Rooms::Of(ENGINES),
        but: &[],
        signs: &[
            Path(&["std", "fs"]),
            Path(&["std", "process"]),
            Path(&["std", "env"]),
            Path(&["std", "io", "stdin"]),
            Name("TcpStream"),
            Name("TcpListener"),
            Name("UdpSocket"),
            Name("ToSocketAddrs"),
            Name("UnixStream"),
            Name("UnixListener"),
            Name("UnixDatagram"),
        ],
        why: "engines take names and bytes; the command line walks folders and runs git",
    },
    Absence {
        rooms: Rooms::Of(ENGINES),
        but: &[],
        signs: &[Name("SystemTime"), Name("Instant")],
        why: "the clock is an argument, or a replay could not be exact",
    },
    Absence {
        rooms: Rooms::Of(ENGINES),
        but: &[],
        signs: &[Name("async"), Name("await")],
        why: "nothing that decides waits: it returns a step, and the edge carries it out",
    },
    Absence {
        rooms: Rooms::Of(ENGINES),
        but: &[],
        signs: &[
            Macro("print"),
            Macro("println"),
            Macro("eprint"),
            Macro("eprintln"),
            Path(&["std", "io", "stdout"]),
            Path(&["std", "io", "stderr"]),
        ],
        why: "engines do not print: they return",
    },
    Absence {
        rooms: Rooms::Of(&[
            "core",
            "store",
            "schema",
            "cel",
            "rego",
            "object",
            "rbac",
            "netpol",
            "admission",
            "identity",
            "flow",
            "snapshot",
            "dataplane",
        ]),
        but: &[],
        signs: &[
            Path(&["tracing"]),
            Path(&["log", "info"]),
            Path(&["log", "debug"]),
            Path(&["log", "warn"]),
        ],
        why: "engines do not log: they return",
    },
    Absence {
        rooms: Rooms::Of(&["core", "store", "rbac", "netpol"]),
        but: &[],
        signs: &[Path(&["serde"]), Path(&["serde_json"]), Name("Deserialize"), Name("Serialize")],
        why: "engine values are no wire format: snapshot turns documents into them",
    },
    Absence {
        rooms: Rooms::AllBut(&["object"]),
        but: &[],
        signs: &[Name("granit_parser")],
        why: "only object parses manifests",
    },
    Absence {
        rooms: Rooms::AllBut(&["client"]),
        but: &[],
        signs: &[Path(&["kube"]), Path(&["k8s_openapi"])],
        why: "only client knows a live cluster",
    },
    Absence {
        rooms: Rooms::AllBut(&["apiserver"]),
        but: &[],
        signs: &[Name("StatusCode")],
        why: "only apiserver knows HTTP status codes",
    },
    Absence {
        rooms: Rooms::AllBut(&[]),
        but: &["crates/cli/src/render/", "crates/cli/src/render.rs"],
        signs: &[
            Path(&["anstyle"]),
            Path(&["anstream"]),
            Path(&["annotate_snippets"]),
            Path(&["unicode_width"]),
            Literal("\\x1b["),
            Literal("\\u{1b}["),
        ],
        why: "only cli/render knows colours and widths",
    },
];

pub fn check(members: &[Member], tree: &Tree, report: &mut Report) {
    for member in members.iter().filter(|member| member.folder.starts_with("crates/")) {
        let held: Vec<&Absence> =
            ABSENCES.iter().filter(|absence| absence.rooms.hold(member.room())).collect();
        let tests: Vec<String> = tree.sources(&member.folder).flat_map(test_files).collect();
        for file in tree.sources(&member.folder) {
            if tests.iter().any(|test| file.path.starts_with(test)) {
                continue;
            }
            let tokens = rust::without_tests(&rust::tokens(&file.text));
            let named = rust::named(&tokens);
            for absence in held.iter().filter(|absence| !absence.spares(&file.path)) {
                for (line, what) in absence.breaches(&tokens, &named) {
                    report.fault(format!("{}:{line}", file.path), what, absence.why);
                }
            }
        }
    }
}

/// Where the modules stand that `file` declares for tests alone: their files and folders.
fn test_files(file: &File) -> Vec<String> {
    let path = file.path.trim_end_matches(".rs");
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let base = if matches!(name, "lib" | "main" | "mod") { folder } else { path };
    let modules = rust::test_modules(&rust::tokens(&file.text));
    modules
        .iter()
        .flat_map(|module| [".rs", "/"].map(|end| format!("{base}/{module}{end}")))
        .collect()
}

impl Absence {
    /// Whether the rule does not hold in this file.
    fn spares(&self, path: &str) -> bool {
        self.but.iter().any(|but| path.starts_with(but))
    }

    fn breaches(&self, tokens: &[Token<'_>], named: &[Named<'_>]) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for named in named {
            if self.signs.iter().any(|sign| sign.is_named(named)) {
                found.push((named.line, format!("names `{}`", named.path.join("::"))));
            }
        }
        for token in tokens {
            if let Kind::Text(text) = token.kind
                && self.signs.iter().any(|sign| sign.is_in(text))
            {
                found.push((token.line, format!("has the literal {text}")));
            }
        }
        found
    }
}

impl Rooms {
    fn hold(&self, room: &str) -> bool {
        match self {
            Rooms::Of(rooms) => rooms.contains(&room),
            Rooms::AllBut(rooms) => !rooms.contains(&room),
        }
    }
}

impl Sign {
    fn is_named(&self, named: &Named<'_>) -> bool {
        match self {
            // A lone word is as likely a variable as a crate.
            Path([krate]) => named.path.first() == Some(krate) && named.path.len() > 1,
            Path(path) => named.path.starts_with(path),
            Name(name) => named.path.contains(name),
            Macro(name) => named.is_macro && named.path.last() == Some(name),
            Literal(_) => false,
        }
    }

    fn is_in(&self, text: &str) -> bool {
        matches!(self, Literal(part) if text.to_ascii_lowercase().contains(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, source: &str) -> Vec<String> {
        let room = path.split('/').nth(1).expect("a path under crates/");
        let mut report = Report::default();
        check(&[Member::of(room, &[])], &Tree::of(&[(path, source)]), &mut report);
        report.faults.into_iter().map(|fault| format!("{}: {}", fault.at, fault.what)).collect()
    }

    #[test]
    fn every_sign_of_every_rule_is_seen() {
        for absence in ABSENCES {
            let room = match absence.rooms {
                Rooms::Of(rooms) => rooms.first().copied().expect("a rule holds somewhere"),
                Rooms::AllBut(_) => "netpol",
            };
            for sign in absence.signs {
                let source = match sign {
                    Path([krate]) => format!("use {krate}::x;"),
                    Path(path) => format!("use {};", path.join("::")),
                    Name(name) => format!("a::{name}::b"),
                    Macro(name) => format!("{name}!(\"\")"),
                    Literal(part) => format!("\"{part}31m\""),
                };
                let path = format!("crates/{room}/src/a/b.rs");
                assert_eq!(faults(&path, &source).len(), 1, "{room}: {source}");
                let in_tests = format!("#[cfg(test)] mod tests {{ {source} }}");
                assert!(faults(&path, &in_tests).is_empty(), "{in_tests}");
                assert!(
                    faults(&path, &format!("// {source}")).is_empty(),
                    "a comment is no breach"
                );
            }
        }
    }

    #[test]
    fn a_breach_has_its_line() {
        assert_eq!(
            faults("crates/rbac/src/lib.rs", "//! x\nuse std::{\n    fmt,\n    fs,\n};\n"),
            ["crates/rbac/src/lib.rs:4: names `std::fs`"]
        );
    }

    #[test]
    fn what_only_looks_like_a_breach_is_none() {
        let source =
            "use std::{fmt, net::IpAddr}; fn kube(tracing: u8) { log; instant(\"SystemTime\") }";
        assert!(faults("crates/rbac/src/lib.rs", source).is_empty());
        assert!(faults("crates/rbac/tests/it/main.rs", "use std::fs;").is_empty());
        assert!(faults("crates/cli/src/main.rs", "use std::fs; println!()").is_empty());
    }

    #[test]
    fn a_module_for_tests_alone_may_do_as_it_likes() {
        let faults = |declared: &str| {
            let tree = Tree::of(&[
                ("crates/rbac/src/who.rs", declared),
                ("crates/rbac/src/who/corpus.rs", "use std::fs;"),
                ("crates/rbac/src/who/corpus/lines.rs", "use std::fs;"),
                ("crates/rbac/src/corpus.rs", "use std::fs;"),
            ]);
            let mut report = Report::default();
            check(&[Member::of("rbac", &[])], &tree, &mut report);
            report.faults.len()
        };
        assert_eq!(faults("mod corpus;"), 3);
        assert_eq!(faults("#[cfg(test)]\nmod corpus;"), 1);
    }

    #[test]
    fn the_store_alone_may_wait_and_keep_files() {
        for text in ["async fn watch() {}", "use std::fs;"] {
            assert!(faults("crates/store/src/embedded.rs", text).is_empty());
            assert_eq!(faults("crates/identity/src/lib.rs", text).len(), 1);
        }
    }

    #[test]
    fn colours_are_in_one_place() {
        assert!(faults("crates/cli/src/render/table.rs", "use anstyle::Style;").is_empty());
        assert_eq!(faults("crates/cli/src/commands/demo.rs", "use anstyle::Style;").len(), 1);
        assert_eq!(
            faults("crates/analysis/src/lib.rs", r#"const RED: &str = "\x1B[31m";"#).len(),
            1
        );
    }
}
