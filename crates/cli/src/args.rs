//! What can be said on the command line. Plain data: nothing is read or decided here.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use portcullis_core::Net;

/// Flags that mean the same everywhere are left out of each command's help, which has to fit a
/// small terminal; this line stands for them.
const EVERYWHERE: &str = "\
Also: --color auto|always|never, --plain (no box characters), -v (all findings),
-q (errors only).  Exit: 0 yes, 1 no, 2 could not evaluate, 3 unknown.";

const TEMPLATE: &str = "{about}\n\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    about = "Who may do what, and who can talk to whom, in a cluster that is only YAML yet; and why",
    before_help = "\
  portcullis demo                                             nothing to install
  portcullis connect dev/centos default/frontend:8080 -f k8s  can they talk?
  portcullis rbac can --as jane delete pods -n shop -f k8s    may they?\n\n",
    after_help = EVERYWHERE,
    help_template = "{about}\n\n{before-help}{usage-heading} {usage}\n\n{all-args}\n\n{after-help}",
    disable_help_subcommand = true,
    disable_version_flag = true,
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Whether FROM can talk to TO: tier by tier, with file and line
    Connect(ConnectArgs),
    /// Who may do what: can, who, what
    #[command(
        subcommand,
        disable_help_subcommand = true,
        help_template = "{about}\n\n{usage-heading} {usage}\n\n{all-args}"
    )]
    Rbac(RbacCommand),
    /// Closes a small shop step by step, and counts what is open and what works
    Demo(DemoArgs),
    /// Prints the completion script of a shell
    Completion(CompletionArgs),
    /// Says which version this is, and whose behaviour it has
    Version(VersionArgs),
}

/// Questions about RBAC.
#[derive(Debug, Subcommand)]
pub enum RbacCommand {
    /// Whether somebody may do something, by which binding and rule, or why not
    Can(CanArgs),
    /// Everybody who may do something
    Who(WhoArgs),
    /// Everything somebody may do
    What(WhatArgs),
}

/// Where the objects come from, and what is taken to be so where they are silent.
#[derive(Args, Clone, Debug, Default)]
pub struct SourceArgs {
    /// File, folder, `-`, or git:REF:PATH to judge; repeatable
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    pub files: Vec<String>,
    /// Namespace of objects and names that have none [default: default]
    #[arg(short, long, value_name = "NS")]
    pub namespace: Option<String>,
    /// What the API would refuse: unknown (the verdict too), or absent
    #[arg(long, value_name = "AS", value_enum, default_value_t, hide_possible_values = true)]
    pub refused: RefusedChoice,
}

/// How the answer is shown.
#[derive(Args, Clone, Debug, Default)]
pub struct OutputArgs {
    /// table, wide, json, yaml or jsonl
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    pub output: Format,
    /// auto, always or never
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_short_help = true,
        hide_long_help = true
    )]
    pub color: ColorChoice,
    /// Words instead of boxes, arrows and signs
    #[arg(long, hide_short_help = true, hide_long_help = true)]
    pub plain: bool,
    /// Show all findings, not errors alone
    #[arg(short, long, hide_short_help = true, hide_long_help = true)]
    pub verbose: bool,
    /// Say nothing but what stops the command
    #[arg(short, long, conflicts_with = "verbose", hide_short_help = true, hide_long_help = true)]
    pub quiet: bool,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For people with wide screens.
    Wide,
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
    /// One line of JSON for each answer or item.
    Jsonl,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// If a terminal reads it and nothing in the environment forbids it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What becomes of objects that the API would refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RefusedChoice {
    /// A verdict they could reach is unknown.
    #[default]
    Unknown,
    /// They are left out.
    Absent,
}

/// `portcullis connect`.
#[derive(Args, Debug, Default)]
#[command(
    before_help = "\
  portcullis connect dev/centos default/frontend:8080 -f k8s
  portcullis connect ip/203.0.113.9 svc/default/frontend-external:80 -f k8s -o json\n\n",
    after_help = EVERYWHERE,
    help_template = TEMPLATE,
    override_usage = "portcullis connect FROM TO -f PATH..."
)]
pub struct ConnectArgs {
    /// [pod|deploy|..]/NS/NAME, NS/k=v, ip/A, svc/NS/NAME, node/N, hep/N, dns/N
    #[arg(required_unless_present = "questions")]
    pub from: Option<String>,
    /// The same, then :PORT[/PROTO] or /icmp[:TYPE[.CODE]]
    #[arg(required_unless_present = "questions")]
    pub to: Option<String>,
    /// Ask each line `FROM TO` of FILE; answers come one a line (-o jsonl)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to"])]
    pub questions: Option<PathBuf>,
    /// Ask about IP version 4 or 6 [default: 4]
    #[arg(long, value_name = "N", default_value_t, hide_default_value = true)]
    pub ip_version: IpVersion,
    /// What a DNS name resolves to; repeatable
    #[arg(long, value_name = "NAME=IP")]
    pub resolve: Vec<Resolved>,
    /// Network that pods of unknown address are in; repeatable
    #[arg(long, value_name = "CIDR", value_parser = network)]
    pub pod_cidr: Vec<Net>,
    /// Policy kind of another engine that is not in force; repeatable
    #[arg(long, value_name = "KIND")]
    pub without: Vec<String>,
    /// Where the objects come from.
    #[command(flatten)]
    pub source: SourceArgs,
    /// How the answer is shown.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Who asks.
#[derive(Args, Clone, Debug, Default)]
pub struct RequesterArgs {
    /// User who asks; system:serviceaccount:NS:NAME for an account
    #[arg(long = "as", value_name = "USER")]
    pub user: Option<String>,
    /// A group the user is in; repeatable
    #[arg(long = "as-group", value_name = "GROUP")]
    pub groups: Vec<String>,
}

/// `portcullis rbac can`.
#[derive(Args, Debug, Default)]
#[command(
    before_help = "\
  portcullis rbac can --as jane --as-group dev delete pods -n shop -f k8s
  portcullis rbac can --as system:serviceaccount:shop:cart get pods/log -f k8s
  portcullis rbac can --as jane get /metrics -f k8s\n\n",
    after_help = EVERYWHERE,
    help_template = TEMPLATE,
    override_usage = "portcullis rbac can VERB RESOURCE|/URL [NAME] --as USER -f PATH..."
)]
pub struct CanArgs {
    /// get, list, create, delete, ...
    #[arg(required_unless_present = "list")]
    pub verb: Option<String>,
    /// As in a Role: pods, pods/exec, deployments.apps; or a /url
    #[arg(required_unless_present = "list")]
    pub resource: Option<String>,
    /// Name of one object
    #[arg(conflicts_with = "name")]
    pub object: Option<String>,
    /// Name of one object
    #[arg(long, hide_short_help = true, hide_long_help = true)]
    pub name: Option<String>,
    /// Everything they may do in the namespace, as rules
    #[arg(long, conflicts_with_all = ["verb", "resource", "object", "name"])]
    pub list: bool,
    /// Ask about all namespaces at once
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// Leave out the roles and bindings that every server creates
    #[arg(long)]
    pub no_bootstrap: bool,
    /// Who asks.
    #[command(flatten)]
    pub requester: RequesterArgs,
    /// Where the objects come from.
    #[command(flatten)]
    pub source: SourceArgs,
    /// How the answer is shown.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `portcullis rbac who`.
#[derive(Args, Debug, Default)]
#[command(
    before_help = "\
  portcullis rbac who delete pods -n shop -f k8s
  portcullis rbac who update globalnetworkpolicies.crd.projectcalico.org -f k8s\n\n",
    after_help = EVERYWHERE,
    help_template = TEMPLATE,
    override_usage = "portcullis rbac who VERB RESOURCE|/URL [NAME] -f PATH..."
)]
pub struct WhoArgs {
    /// get, list, create, delete, ...
    pub verb: String,
    /// As in a Role: pods, pods/exec, deployments.apps; or a /url
    pub resource: String,
    /// Name of one object
    #[arg(conflicts_with = "name")]
    pub object: Option<String>,
    /// Name of one object
    #[arg(long, hide_short_help = true, hide_long_help = true)]
    pub name: Option<String>,
    /// Only who may in all namespaces at once
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// Leave out the roles and bindings that every server creates
    #[arg(long)]
    pub no_bootstrap: bool,
    /// Where the objects come from.
    #[command(flatten)]
    pub source: SourceArgs,
    /// How the answer is shown.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `portcullis rbac what`.
#[derive(Args, Debug, Default)]
#[command(
    before_help = "  portcullis rbac what --as system:serviceaccount:shop:cart -f k8s\n\n",
    after_help = EVERYWHERE,
    help_template = TEMPLATE,
    override_usage = "portcullis rbac what --as USER -f PATH..."
)]
pub struct WhatArgs {
    /// Leave out the roles and bindings that every server creates
    #[arg(long)]
    pub no_bootstrap: bool,
    /// Who asks.
    #[command(flatten)]
    pub requester: RequesterArgs,
    /// Where the objects come from.
    #[command(flatten)]
    pub source: SourceArgs,
    /// How the answer is shown.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `portcullis demo`.
#[derive(Args, Debug, Default)]
#[command(
    before_help = "  portcullis demo\n  portcullis demo -o json\n\n",
    after_help = EVERYWHERE,
    help_template = TEMPLATE
)]
pub struct DemoArgs {
    /// How the answer is shown.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `portcullis completion`.
#[derive(Args, Debug)]
#[command(
    before_help = "  source <(portcullis completion bash)\n\n",
    help_template = TEMPLATE
)]
pub struct CompletionArgs {
    /// bash, zsh, fish, powershell or elvish
    #[arg(hide_possible_values = true)]
    pub shell: clap_complete::Shell,
}

/// `portcullis version`.
#[derive(Args, Debug, Default)]
#[command(
    before_help = "  portcullis version -o json\n\n",
    after_help = EVERYWHERE,
    help_template = TEMPLATE
)]
pub struct VersionArgs {
    /// How the answer is shown.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `--ip-version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpVersion(pub portcullis_core::Family);

/// `--resolve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The DNS name.
    pub name: String,
    /// What it resolves to.
    pub address: IpAddr,
}

fn network(text: &str) -> Result<Net, String> {
    text.parse().map_err(|_| "write it as 10.244.0.0/16".to_owned())
}

// === impl IpVersion ===

impl Default for IpVersion {
    fn default() -> Self {
        Self(portcullis_core::Family::V4)
    }
}

impl FromStr for IpVersion {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "4" => Ok(Self(portcullis_core::Family::V4)),
            "6" => Ok(Self(portcullis_core::Family::V6)),
            _ => Err("there are versions 4 and 6".to_owned()),
        }
    }
}

impl std::fmt::Display for IpVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.number())
    }
}

// === impl Resolved ===

impl FromStr for Resolved {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, address) = text.split_once('=').ok_or("write it as NAME=IP")?;
        if name.is_empty() {
            return Err("the name is missing: write it as NAME=IP".to_owned());
        }
        let address = address.parse().map_err(|_| format!("`{address}` is no IP address"))?;
        Ok(Self { name: name.to_owned(), address })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// The help of every command, by its words.
    fn helps() -> Vec<(String, String)> {
        fn walk(command: &mut clap::Command, above: &str, out: &mut Vec<(String, String)>) {
            let words = format!("{above} {}", command.get_name());
            for below in command.get_subcommands_mut() {
                walk(below, &words, out);
            }
            let help = command.clone().term_width(80).render_long_help().to_string();
            out.push((words.trim().to_owned(), help));
        }
        let mut out = Vec::new();
        walk(&mut Cli::command(), "", &mut out);
        out
    }

    #[test]
    fn every_help_fits_a_small_terminal() {
        for (words, help) in helps() {
            let lines = help.trim_end().lines().count();
            assert!(lines <= 24, "{words}: {lines} lines\n{help}");
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{words}: too wide: {line}");
            }
        }
    }

    #[test]
    fn help_begins_with_examples() {
        for (words, help) in helps().iter().filter(|(words, _)| *words != "portcullis rbac") {
            let example = help.find("  portcullis ").or_else(|| help.find("  source "));
            let usage = help.find("Usage:");
            assert!(example.is_some() && example < usage, "{words}\n{help}");
        }
    }

    #[test]
    fn the_parser_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn values_that_are_read_by_hand() {
        assert_eq!(
            "a.example=192.0.2.1".parse::<Resolved>().map(|r| r.name),
            Ok("a.example".to_owned())
        );
        assert!("a.example".parse::<Resolved>().is_err());
        assert!("=192.0.2.1".parse::<Resolved>().is_err());
        assert!("a=b".parse::<Resolved>().is_err());
        assert!("5".parse::<IpVersion>().is_err());
    }

    #[test]
    fn flags_that_repeat_and_flags_of_kubectl() {
        let cli = Cli::try_parse_from([
            "portcullis",
            "rbac",
            "can",
            "get",
            "pods",
            "--as=jane",
            "--as-group=a",
            "--as-group=b",
            "-f",
            "x",
            "-f",
            "y",
            "-A",
        ]);
        let Ok(Cli { command: Command::Rbac(RbacCommand::Can(can)) }) = cli else {
            panic!("{cli:?}")
        };
        assert_eq!(can.requester.groups, ["a", "b"]);
        assert_eq!(can.source.files, ["x", "y"]);
        assert!(can.all_namespaces);
    }
}
