//! The flags of `portcullis serve`. Those that kube-apiserver has keep its names and meaning; they
//! are left out of the help, which has to fit a small terminal, and stand in the manual.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use portcullis_apiserver::config::{ApiGroups, Controllers, Emulation, PortRange};
use portcullis_core::Net;

use super::{LookArgs, ReadArgs};

const TEMPLATE: &str = "\
{about}

{before-help}{usage-heading} {usage}

{all-args}
As kube-apiserver has them: --client-ca-file, --token-auth-file, --tls-*-file,
--service-account-*, --api-audiences, --service-cluster-ip-range,
--service-node-port-range, --max-*requests-inflight; see the manual.
Exit: 0 stopped, 2 could not start, or an object of -f was refused.";

/// `portcullis serve`.
#[derive(Args, Debug)]
#[command(
    before_help = "\
$ portcullis serve                      then: export KUBECONFIG=..., kubectl ...
$ portcullis serve -f k8s/ --ephemeral  begins with these, and keeps nothing\n\n",
    help_template = TEMPLATE
)]
pub struct ServeArgs {
    /// Where everything lies [default: .portcullis]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "IP:PORT", default_value_t = portcullis_apiserver::config::DEFAULT_BIND)]
    pub bind: SocketAddr,
    /// Write the admin's kubeconfig there too
    #[arg(long, value_name = "FILE")]
    pub kubeconfig_out: Option<PathBuf>,
    /// Keep objects in memory only
    #[arg(long)]
    pub ephemeral: bool,
    /// Begin with: file, folder, - or git:REF:PATH
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    pub files: Vec<String>,
    /// How far watches may look back
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5m")]
    pub history_retention: Duration,
    /// all, or kubernetes: only the original's
    #[arg(long, value_name = "WHICH", default_value = "all", hide_default_value = true)]
    pub api_groups: ApiGroups,
    /// Give accounts token secrets, as 1.20 did
    #[arg(long, value_name = "VERSION")]
    pub emulate: Option<Emulation>,
    /// Which run, as *,-name
    #[arg(long, value_name = "LIST", default_value = "*", allow_hyphen_values = true)]
    pub controllers: Controllers,
    /// Let RBAC judge who shows no credentials
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true",
        hide_default_value = true,
        hide_possible_values = true,
        action = clap::ArgAction::Set
    )]
    pub anonymous_auth: bool,
    /// Further authorities of client certificates
    #[arg(long, value_name = "FILE", hide = true)]
    pub client_ca_file: Option<PathBuf>,
    /// Static tokens, a line each: token,user,uid,"group1,group2"
    #[arg(long, value_name = "FILE", hide = true)]
    pub token_auth_file: Option<PathBuf>,
    /// The certificate to show, with what lies between it and its root
    #[arg(long, value_name = "FILE", requires = "tls_private_key_file", hide = true)]
    pub tls_cert_file: Option<PathBuf>,
    /// The key of --tls-cert-file
    #[arg(long, value_name = "FILE", requires = "tls_cert_file", hide = true)]
    pub tls_private_key_file: Option<PathBuf>,
    /// A key that service account tokens may be signed with; repeatable
    #[arg(long, value_name = "FILE", hide = true)]
    pub service_account_key_file: Vec<PathBuf>,
    /// The key that service account tokens are signed with
    #[arg(long, value_name = "FILE", hide = true)]
    pub service_account_signing_key_file: Option<PathBuf>,
    /// Who issues service account tokens; further ones are believed too
    #[arg(
        long,
        value_name = "URL",
        default_value = portcullis_apiserver::config::DEFAULT_ISSUER,
        hide = true
    )]
    pub service_account_issuer: Vec<String>,
    /// Whom tokens may be for [default: the issuer]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', hide = true)]
    pub api_audiences: Vec<String>,
    /// The addresses of services
    #[arg(
        long,
        value_name = "CIDR",
        value_parser = super::network,
        default_value = portcullis_apiserver::config::DEFAULT_SERVICE_RANGE,
        hide = true
    )]
    pub service_cluster_ip_range: Net,
    /// The node ports of services
    #[arg(long, value_name = "PORTS", default_value = "30000-32767", hide = true)]
    pub service_node_port_range: PortRange,
    /// How many reading requests may be under way at once; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 400, hide = true)]
    pub max_requests_inflight: usize,
    /// How many writing requests may be under way at once; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 200, hide = true)]
    pub max_mutating_requests_inflight: usize,
    /// How many connections may be open at once
    #[arg(long, value_name = "N", default_value_t = 20_000, hide = true)]
    pub max_connections: usize,
    /// What reading -f may cost.
    #[command(flatten)]
    pub read: ReadArgs,
    /// What it looks like.
    #[command(flatten)]
    pub look: LookArgs,
}

/// Reads `5m`, `1h30m`, `500ms`, as Go writes durations.
fn duration(text: &str) -> Result<Duration, String> {
    let bad = || "write it as 30s, 5m or 1h30m".to_owned();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (mut rest, mut total) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, following) = after.split_at(letters);
        let number: u64 = number.parse().map_err(|_| bad())?;
        let milliseconds = match unit {
            "ms" => Some(number),
            "s" => number.checked_mul(1_000),
            "m" => number.checked_mul(60_000),
            "h" => number.checked_mul(3_600_000),
            _ => None,
        };
        let more = Duration::from_millis(milliseconds.ok_or_else(bad)?);
        total = total.checked_add(more).ok_or_else(bad)?;
        rest = following;
    }
    if text.is_empty() { Err(bad()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn durations_are_read_as_go_writes_them() {
        let check = |text: &str, want: Option<u64>| {
            assert_eq!(duration(text).ok(), want.map(Duration::from_millis), "{text}");
        };
        check("5m", Some(300_000));
        check("1h30m", Some(5_400_000));
        check("500ms", Some(500));
        check("0", Some(0));
        check("", None);
        check("5", None);
        check("m", None);
        check("1d", None);
        check("99999999999999999999s", None);
        check("18446744073709551615h", None);
    }

    #[test]
    fn flags_of_the_original_are_spelled_as_there() {
        let serve = |words: &str| {
            let words = ["portcullis", "serve"].into_iter().chain(words.split_whitespace());
            match Cli::try_parse_from(words) {
                Ok(Cli { command: Command::Serve(args) }) => Some(args),
                _ => None,
            }
        };
        let plain = serve("").expect("no flag is needed");
        assert_eq!((plain.anonymous_auth, plain.bind.port()), (false, 6443));
        assert!(serve("--anonymous-auth").is_some_and(|args| args.anonymous_auth));
        assert!(serve("--anonymous-auth=true").is_some_and(|args| args.anonymous_auth));
        assert!(serve("--anonymous-auth=false").is_some_and(|args| !args.anonymous_auth));
        let none = "-*".parse::<Controllers>().expect("none of them");
        assert!(serve("--controllers=-*").is_some_and(|args| args.controllers == none));
        assert!(serve("--controllers -*").is_some_and(|args| args.controllers == none));
        let audiences = serve("--api-audiences a,b --api-audiences c").expect("audiences");
        assert_eq!(audiences.api_audiences, ["a", "b", "c"]);
        for words in [
            "--tls-cert-file a",
            "--tls-private-key-file a",
            "--emulate 1.19",
            "--api-groups ours",
            "--bind 6443",
            "--controllers nosuch",
            "--service-node-port-range 2-1",
            "--history-retention 5",
        ] {
            assert!(serve(words).is_none(), "{words}");
        }
    }
}
