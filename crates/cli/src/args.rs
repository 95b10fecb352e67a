//! What can be said on the command line. Plain data: nothing is read or decided here.

mod serve;

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use portcullis_core::Net;
use portcullis_object::Limits;

pub use self::serve::ServeArgs;

/// Examples first. Flags that mean the same everywhere are left out of each command's help, which
/// has to fit a small terminal; the lines at its end stand for them.
const TEMPLATE: &str = "\
{about}

{before-help}{usage-heading} {usage}

{all-args}
Also: --color auto|always|never, --plain, -v (all findings), -q (errors only),
--max-file-size, --threads.  Exit: 0 yes, 1 no, 2 no answer, 3 unknown.";

/// For commands that judge files rather than answer questions.
const CHECK_TEMPLATE: &str = "\
{about}

{before-help}{usage-heading} {usage}

{all-args}
Also: --color auto|always|never, --plain, -q (no notes), --max-file-size,
--threads.  Exit: 0 none, 1 errors, 2 not everything read, or a limit passed.";

/// For commands whose exit code is the worst of many outcomes.
const TEST_TEMPLATE: &str = "\
{about}

{before-help}{usage-heading} {usage}

PATH is a file, or a folder with *.sectest.yaml and *.case.md [default: .]

{all-args}
Also: --color auto|always|never, --plain, -v (what holds too), -q (no notes),
--max-file-size, --threads.  Exit: 0 all hold, 1 some do not, 2 some cannot be
judged as they are written, 3 a fact is missing.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    about = "Who may do what, and who can talk to whom, in a folder of YAML; and why",
    before_help = "\
$ portcullis demo                                             nothing to install
$ portcullis connect dev/centos default/frontend:8080 -f k8s  can they talk?
$ portcullis rbac can --as jane delete pods -n shop -f k8s    may they?\n\n",
    help_template = TEMPLATE,
    disable_help_subcommand = true,
    disable_version_flag = true,
    term_width = 80,
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
    /// What is wrong or doubtful in manifests, with fixes
    Check(CheckArgs),
    /// Whether what test files claim holds
    Test(TestArgs),
    /// The page of a code that check tells, or what a field means
    Explain(ExplainArgs),
    /// Serves the API of Kubernetes to kubectl, and says why it refuses
    Serve(ServeArgs),
    /// Closes a small shop step by step, and counts what still works
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
    /// File, folder, - or git:REF:PATH; repeatable
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    pub files: Vec<String>,
    /// Where what names no namespace is [default: default]
    #[arg(short, long, value_name = "NS")]
    pub namespace: Option<String>,
    /// What the API refuses is: unknown [default] or absent
    #[arg(
        long,
        value_name = "AS",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub refused: RefusedChoice,
    /// What reading may cost.
    #[command(flatten)]
    pub read: ReadArgs,
}

/// What reading may cost.
#[derive(Args, Clone, Debug, Default)]
pub struct ReadArgs {
    /// The largest file that is read, in bytes or as 512MiB, 1GiB
    #[arg(long, value_name = "SIZE", value_parser = size, hide = true)]
    pub max_file_size: Option<u64>,
    /// How many threads read; the outcome is the same with any number
    #[arg(long, value_name = "N", hide = true)]
    pub threads: Option<NonZeroUsize>,
}

impl ReadArgs {
    /// The limits that these flags ask for. Who allows larger files allows the values that such a
    /// file can hold.
    pub(crate) fn limits(&self) -> Limits {
        /// Bytes of text that a value takes at least, on average, in what tools write.
        const BYTES_PER_VALUE: usize = 12;
        let mut limits = Limits::default();
        if let Some(size) = self.max_file_size {
            limits.file_bytes = usize::try_from(size).unwrap_or(usize::MAX);
            limits.nodes = limits.nodes.max(limits.file_bytes / BYTES_PER_VALUE);
        }
        if let Some(threads) = self.threads {
            limits.threads = threads.get();
        }
        limits
    }
}

/// Reads `1024`, `512MiB`, `2G`: decimal and binary prefixes are told apart as Kubernetes does.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.strip_suffix('B').unwrap_or(unit) {
        "" => 1,
        "k" | "K" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return Err("write a number of bytes, or 512MiB, 1GiB, 2G".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "a number of bytes is due".to_owned())?;
    number.checked_mul(factor).ok_or_else(|| "it is too large".to_owned())
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
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub output: Format,
    /// What it looks like.
    #[command(flatten)]
    pub look: LookArgs,
}

/// What is said, and what it looks like.
#[derive(Args, Clone, Debug, Default)]
pub struct LookArgs {
    /// auto, always or never
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide = true,
        hide_possible_values = true
    )]
    pub color: ColorChoice,
    /// Words instead of boxes, arrows and signs
    #[arg(long, hide = true)]
    pub plain: bool,
    /// Say more: all findings, and what holds
    #[arg(short, long, hide = true)]
    pub verbose: bool,
    /// Say nothing but what stops the command
    #[arg(short, long, conflicts_with = "verbose", hide = true)]
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
$ portcullis connect dev/centos default/frontend:8080 -f k8s
$ portcullis connect ip/203.0.113.9 svc/default/web:80 -f k8s -o json\n\n",
    help_template = TEMPLATE,
    override_usage = "portcullis connect FROM TO -f PATH..."
)]
pub struct ConnectArgs {
    /// [KIND/]NS/NAME, NS/k=v, ip/A, svc/NS/NAME, node/N, hep/N or dns/N
    #[arg(required_unless_present = "questions")]
    pub from: Option<String>,
    /// The same, then :PORT[/PROTO] or /icmp[:TYPE[.CODE]]
    #[arg(required_unless_present = "questions")]
    pub to: Option<String>,
    /// Ask each line `FROM TO` of FILE, with -o jsonl
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to"])]
    pub questions: Option<PathBuf>,
    /// Ask about IP version 4 or 6 [default: 4]
    #[arg(long, value_name = "N", default_value_t, hide_default_value = true)]
    pub ip_version: IpVersion,
    /// What a DNS name resolves to; repeatable
    #[arg(long, value_name = "NAME=IP")]
    pub resolve: Vec<Resolved>,
    /// Network of pods without address; repeatable
    #[arg(long, value_name = "CIDR", value_parser = network)]
    pub pod_cidr: Vec<Net>,
    /// Policy kind that is not in force; repeatable
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
    /// User, or system:serviceaccount:NS:NAME
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
$ portcullis rbac can --as jane --as-group dev delete pods -n shop -f k8s
$ portcullis rbac can --as system:serviceaccount:shop:cart get pods/log -f k8s
$ portcullis rbac can --as jane get /metrics -f k8s\n\n",
    help_template = TEMPLATE,
    override_usage = "portcullis rbac can VERB RESOURCE|/URL [NAME] --as USER -f PATH..."
)]
pub struct CanArgs {
    /// get, list, create, delete, ...
    #[arg(required_unless_present = "list", hide = true)]
    pub verb: Option<String>,
    /// As in a Role: pods, pods/exec, deployments.apps; or a /url
    #[arg(required_unless_present = "list", hide = true)]
    pub resource: Option<String>,
    /// Name of one object
    #[arg(value_name = "NAME", conflicts_with = "name", hide = true)]
    pub object: Option<String>,
    /// Name of one object
    #[arg(long, hide = true)]
    pub name: Option<String>,
    /// List the rules that count in the namespace
    #[arg(long, conflicts_with_all = ["verb", "resource", "object", "name"])]
    pub list: bool,
    /// Ask about all namespaces at once
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// Leave out the roles that every server creates
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
$ portcullis rbac who delete pods -n shop -f k8s
$ portcullis rbac who update globalnetworkpolicies.crd.projectcalico.org -f k8s\n\n",
    help_template = TEMPLATE,
    override_usage = "portcullis rbac who VERB RESOURCE|/URL [NAME] -f PATH..."
)]
pub struct WhoArgs {
    /// get, list, create, delete, ...
    pub verb: String,
    /// As in a Role: pods, pods/exec, deployments.apps; or a /url
    pub resource: String,
    /// Name of one object
    #[arg(value_name = "NAME", conflicts_with = "name", hide = true)]
    pub object: Option<String>,
    /// Name of one object
    #[arg(long, hide = true)]
    pub name: Option<String>,
    /// Only who may in all namespaces at once
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// Leave out the roles that every server creates
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
    before_help = "$ portcullis rbac what --as system:serviceaccount:shop:cart -f k8s\n\n",
    help_template = TEMPLATE,
    override_usage = "portcullis rbac what --as USER -f PATH..."
)]
pub struct WhatArgs {
    /// Leave out the roles that every server creates
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

/// `portcullis check`.
#[derive(Args, Debug, Default)]
#[command(
    before_help = "\
$ portcullis check k8s
$ portcullis check k8s -o sarif=out.sarif -o github
$ portcullis check k8s --diff                  what --fix would change\n\n",
    help_template = CHECK_TEMPLATE,
    override_usage = "portcullis check PATH... [OPTIONS]"
)]
pub struct CheckArgs {
    /// File, folder, - or git:REF:PATH
    #[arg(value_name = "PATH", hide = true)]
    pub paths: Vec<String>,
    /// One more PATH: file, folder, - or git:REF:PATH
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    pub files: Vec<String>,
    /// Where what names no namespace is
    #[arg(short, long, value_name = "NS")]
    pub namespace: Option<String>,
    /// full, concise, json, jsonl, sarif, junit, github, gitlab or md; repeatable
    #[arg(short, long, value_name = "FMT[=FILE]")]
    pub output: Vec<Target<ReportFormat>>,
    /// Write the fixes that keep what is meant
    #[arg(long)]
    pub fix: bool,
    /// Count in the fixes that may change what is meant
    #[arg(long)]
    pub unsafe_fixes: bool,
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub diff: bool,
    /// Leave out the findings that FILE has
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Make FILE such a baseline, of all there is
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    pub write_baseline: Option<PathBuf>,
    /// Instead of the portcullis.yaml beside PATH
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What exits with 1: error [default] or warning
    #[arg(
        long,
        value_name = "LEVEL",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub fail_on: FailOn,
    /// What reading may cost.
    #[command(flatten)]
    pub read: ReadArgs,
    /// What it looks like.
    #[command(flatten)]
    pub look: LookArgs,
}

/// `portcullis test`.
#[derive(Args, Debug, Default)]
#[command(
    before_help = "\
$ portcullis test tests
$ portcullis test tests -o junit=out.xml -o tap
$ portcullis test --init -f k8s > k8s.sectest.yaml    a first file\n\n",
    help_template = TEST_TEMPLATE,
    override_usage = "portcullis test [PATH...] [OPTIONS]"
)]
pub struct TestArgs {
    /// Files, or folders with *.sectest.yaml and *.case.md
    #[arg(value_name = "PATH", hide = true)]
    pub paths: Vec<String>,
    /// human, tap, junit, sarif or json; repeatable
    #[arg(short, long, value_name = "FMT[=FILE]")]
    pub output: Vec<Target<TestFormat>>,
    /// Print a test file that says what holds today
    #[arg(long)]
    pub init: bool,
    /// Where the objects come from.
    #[command(flatten)]
    pub source: SourceArgs,
    /// What it looks like.
    #[command(flatten)]
    pub look: LookArgs,
}

/// How the outcomes of tests are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people: what does not hold, and why.
    #[default]
    Human,
    /// The Test Anything Protocol, version 14.
    Tap,
    /// JUnit's XML.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
    /// One JSON document.
    Json,
}

/// `portcullis explain`.
#[derive(Args, Debug, Default)]
#[command(
    before_help = "\
$ portcullis explain NP310
$ portcullis explain networkpolicy.spec.ingress
$ portcullis explain                                every code\n\n",
    help_template = TEMPLATE
)]
pub struct ExplainArgs {
    /// A code such as NP310, or KIND.FIELD
    #[arg(value_name = "CODE|FIELD")]
    pub what: Option<String>,
    /// How the answer is shown.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `-o FORMAT[=FILE]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target<F> {
    /// How it is written.
    pub format: F,
    /// Where; none for standard output.
    pub file: Option<PathBuf>,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people, with the text they are about.
    #[default]
    Full,
    /// One line each.
    Concise,
    /// One JSON document.
    Json,
    /// One line of JSON each.
    Jsonl,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit's XML.
    Junit,
    /// Annotations of a GitHub workflow.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
    /// A Markdown table.
    Md,
}

/// From which severity on findings make a run fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors.
    #[default]
    Error,
    /// Warnings too.
    Warning,
}

/// `portcullis demo`.
#[derive(Args, Debug, Default)]
#[command(
    before_help = "$ portcullis demo\n$ portcullis demo -o json\n\n",
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
    before_help = "$ source <(portcullis completion bash)\n\n",
    help_template = "{about}\n\n{before-help}{usage-heading} {usage}\n\n{all-args}"
)]
pub struct CompletionArgs {
    /// bash, zsh, fish, powershell or elvish
    #[arg(hide_possible_values = true)]
    pub shell: clap_complete::Shell,
}

/// `portcullis version`.
#[derive(Args, Debug, Default)]
#[command(
    before_help = "$ portcullis version -o json\n\n",
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

// === impl SourceArgs ===

impl SourceArgs {
    /// The namespace, if one was said; as in kubectl, an empty one is none.
    pub fn said_namespace(&self) -> Option<&str> {
        self.namespace.as_deref().filter(|namespace| !namespace.is_empty())
    }
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

// === impl Target ===

impl<F: ValueEnum> FromStr for Target<F> {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = match text.split_once('=') {
            Some((format, file)) => (format, Some(PathBuf::from(file))),
            None => (text, None),
        };
        if file.as_ref().is_some_and(|file| file.as_os_str().is_empty()) {
            return Err("the file is missing: write it as FORMAT=FILE".to_owned());
        }
        let format = F::from_str(format, false).map_err(|_| {
            let formats = F::value_variants().iter();
            let names = formats.filter_map(|f| Some(f.to_possible_value()?.get_name().to_owned()));
            format!("there is {}", Vec::from_iter(names).join(", "))
        })?;
        Ok(Self { format, file })
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

    /// The help of every command, by its words, as the command prints it.
    fn helps() -> Vec<(String, String)> {
        fn walk(command: &clap::Command, above: &[String], out: &mut Vec<(String, String)>) {
            let mut words = above.to_vec();
            words.push(command.get_name().to_owned());
            for below in command.get_subcommands() {
                walk(below, &words, out);
            }
            let asked = words.iter().map(String::as_str).chain(["--help"]);
            let help = Cli::try_parse_from(asked).expect_err("help").render().to_string();
            out.push((words.join(" "), help));
        }
        let mut out = Vec::new();
        walk(&Cli::command(), &[], &mut out);
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
            let example = help.find("\n$ ");
            let usage = help.find("Usage:");
            assert!(example.is_some() && example < usage, "{words}\n{help}");
        }
    }

    /// The manual page of a command, with every flag that its help leaves out for want of room.
    fn manual(command: &clap::Command) -> String {
        let examples = command.get_before_help().map(ToString::to_string).unwrap_or_default();
        let page = command
            .clone()
            .mut_args(|argument| argument.hide(false).hide_possible_values(false))
            .before_help("");
        let mut text = Vec::new();
        clap_mangen::Man::new(page).source("portcullis").render(&mut text).expect("memory");
        let text = String::from_utf8(text).expect("text");
        let mut text: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        let codes = match command.get_name() {
            "check" => &CHECK_CODES[..],
            "test" => &TEST_CODES,
            "serve" => &SERVE_CODES,
            _ => &CODES,
        };
        text.push_str(".SH EXIT STATUS\n");
        for (code, meaning) in codes {
            text.push_str(&format!(".TP\n\\fB{code}\\fR\n{meaning}\n"));
        }
        if !examples.trim().is_empty() {
            let examples = examples.trim_end().replace('-', "\\-");
            text.push_str(&format!(".SH EXAMPLES\n.nf\n{examples}\n.fi\n"));
        }
        text
    }

    const CODES: [(u8, &str); 4] = [
        (0, "Yes, or done."),
        (1, "No, or partly no."),
        (2, "The question could not be evaluated."),
        (3, "A fact is missing."),
    ];
    const SERVE_CODES: [(u8, &str); 2] = [
        (0, "The server was asked to stop, and did."),
        (2, "It could not start, or an object of \\-f was refused."),
    ];
    const CHECK_CODES: [(u8, &str); 3] = [
        (0, "No errors were found, and no warnings either with \\-\\-fail\\-on warning."),
        (1, "Some were."),
        (2, "A source could not be opened, or a limit was passed."),
    ];
    const TEST_CODES: [(u8, &str); 4] = [
        (0, "Every assertion holds or is skipped."),
        (1, "An assertion does not hold."),
        (2, "An assertion cannot be judged as it is written, or a file cannot be read."),
        (3, "A missing fact decides an assertion."),
    ];

    #[test]
    fn the_manual_is_the_one_that_is_published() {
        fn walk(command: &clap::Command, out: &mut Vec<(String, String)>) {
            let name = command.get_display_name().unwrap_or(command.get_name());
            out.push((format!("{name}.1"), manual(command)));
            command.get_subcommands().for_each(|below| walk(below, out));
        }
        let mut command = Cli::command();
        command.build();
        let mut pages = Vec::new();
        walk(&command, &mut pages);
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/man");
        for (name, text) in &pages {
            expect_test::expect_file![folder.join(name)].assert_eq(text);
        }
        let there = std::fs::read_dir(folder).expect("the manual").count();
        assert_eq!(there, pages.len(), "a page of a command that is gone");
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
