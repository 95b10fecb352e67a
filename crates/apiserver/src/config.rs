//! What the server is started with.
//!
//! Plain data: who starts the server fills it in, and files are named here, not read. The defaults are
//! those of `kube-apiserver` where it has them.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use portcullis_core::Net;
use portcullis_object::{Input, Limits as ReadLimits};

use crate::http::Limits;

/// Where kubectl finds the server if nothing else is said.
pub const DEFAULT_BIND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 6443);

/// How long history is kept, as the original compacts etcd.
pub const DEFAULT_HISTORY_RETENTION: Duration = Duration::from_secs(5 * 60);

/// The issuer of service account tokens, which is their audience too.
pub const DEFAULT_ISSUER: &str = "https://kubernetes.default.svc";

/// The range of service addresses.
pub const DEFAULT_SERVICE_RANGE: &str = "10.0.0.0/24";

/// What the server is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where keys, the admin's kubeconfig and the store lie; made if absent. `None` is a folder of its
    /// own that goes when the server stops.
    pub data_dir: Option<PathBuf>,
    /// Whether objects are kept in memory only.
    pub ephemeral: bool,
    /// Where it listens.
    pub bind: SocketAddr,
    /// A second place for the admin's kubeconfig.
    pub kubeconfig_out: Option<PathBuf>,
    /// Objects to begin with, which go through the gates as the admin's.
    pub manifests: Vec<Input>,
    /// What reading them may cost.
    pub manifest_limits: ReadLimits,
    /// How long old revisions can be watched from.
    pub history_retention: Duration,
    /// Which API groups are served.
    pub api_groups: ApiGroups,
    /// Whose older behaviour is added.
    pub emulate: Option<Emulation>,
    /// Which controllers run.
    pub controllers: Controllers,
    /// Whether requests without credentials may be authorized for more than health and version.
    pub anonymous_auth: bool,
    /// Authorities of client certificates besides the server's own.
    pub client_ca_file: Option<PathBuf>,
    /// Static tokens, as CSV.
    pub token_auth_file: Option<PathBuf>,
    /// How service account tokens are made and judged.
    pub service_account: ServiceAccounts,
    /// What the server shows instead of a certificate of its own authority.
    pub tls: Option<TlsFiles>,
    /// The range of service addresses; the first is the API's own.
    pub service_cluster_ip_range: Net,
    /// The ports of services of type NodePort.
    pub service_node_port_range: PortRange,
    /// What requests may cost.
    pub limits: Limits,
}

/// How service account tokens are made and judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccounts {
    /// The `iss` of tokens made here first, then others that are taken.
    pub issuers: Vec<String>,
    /// The audiences a token may be for; the first issuer if none is named.
    pub api_audiences: Vec<String>,
    /// The private key of tokens made here, instead of `sa.key` of the data directory.
    pub signing_key_file: Option<PathBuf>,
    /// Keys of tokens that are taken, public or private, besides that of the signing key.
    pub key_files: Vec<PathBuf>,
}

/// A certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, as PEM; the server's own certificate first.
    pub certificate: PathBuf,
    /// Its key, as PEM.
    pub key: PathBuf,
}

/// Which API groups are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiGroups {
    /// Those of Kubernetes, and ours.
    #[default]
    All,
    /// Those of Kubernetes alone; nothing shows that the server is not the original.
    Kubernetes,
}

/// Whose older behaviour is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emulation {
    /// Kubernetes 1.20: every service account has a token secret, which it lists and counts.
    V1_20,
}

/// Ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

/// Which controllers run, as `kube-controller-manager --controllers` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controllers(BTreeSet<&'static str>);

/// A value that is none of those there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

/// The controllers there are: today's name, and the one that older command lines use.
pub const CONTROLLERS: [(&str, &str); 6] = [
    ("clusterrole-aggregation-controller", "clusterrole-aggregation"),
    ("garbage-collector-controller", "garbagecollector"),
    ("namespace-controller", "namespace"),
    ("root-ca-certificate-publisher-controller", "root-ca-cert-publisher"),
    ("serviceaccount-controller", "serviceaccount"),
    ("serviceaccount-token-controller", "serviceaccount-token"),
];

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: None,
            ephemeral: false,
            bind: DEFAULT_BIND,
            kubeconfig_out: None,
            manifests: Vec::new(),
            manifest_limits: ReadLimits::default(),
            history_retention: DEFAULT_HISTORY_RETENTION,
            api_groups: ApiGroups::default(),
            emulate: None,
            controllers: Controllers::default(),
            anonymous_auth: false,
            client_ca_file: None,
            token_auth_file: None,
            service_account: ServiceAccounts::default(),
            tls: None,
            service_cluster_ip_range: default_service_range(),
            service_node_port_range: PortRange::default(),
            limits: Limits::default(),
        }
    }
}

fn default_service_range() -> Net {
    // A test holds that the text is a network; the other branch is never taken.
    DEFAULT_SERVICE_RANGE.parse().unwrap_or(Net::host(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0))))
}

impl Default for ServiceAccounts {
    fn default() -> Self {
        Self {
            issuers: vec![DEFAULT_ISSUER.to_owned()],
            api_audiences: Vec::new(),
            signing_key_file: None,
            key_files: Vec::new(),
        }
    }
}

impl ServiceAccounts {
    /// The audiences a token may be for.
    pub fn audiences(&self) -> &[String] {
        if self.api_audiences.is_empty() {
            self.issuers.get(..1).unwrap_or_default()
        } else {
            &self.api_audiences
        }
    }
}

// === impl Controllers ===

impl Default for Controllers {
    fn default() -> Self {
        Self(CONTROLLERS.iter().map(|(name, _)| *name).collect())
    }
}

impl Controllers {
    /// Whether one runs, by today's name.
    pub fn runs(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

impl FromStr for Controllers {
    type Err = Unusable;

    /// `*` is all of them, `name` that one too, `-name` all but that one; what is named counts more
    /// than `*`, and the first naming more than later ones.
    fn from_str(text: &str) -> Result<Self, Unusable> {
        let words: Vec<_> =
            text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        for word in &words {
            // `-*` says in a word what no `*` says by its absence.
            let name = word.strip_prefix('-').unwrap_or(word);
            if name != "*" && !CONTROLLERS.iter().any(|(new, old)| name == *new || name == *old) {
                let names: Vec<_> = CONTROLLERS.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                return Err(Unusable(format!(
                    "there is no controller `{name}`; there are {names}"
                )));
            }
        }
        let runs = |new: &str, old: &str| {
            let named = words.iter().find_map(|word| match word.strip_prefix('-') {
                Some(name) => (name == new || name == old).then_some(false),
                None => (*word == new || *word == old).then_some(true),
            });
            named.unwrap_or(words.contains(&"*"))
        };
        let running = CONTROLLERS.iter().filter(|(new, old)| runs(new, old));
        Ok(Self(running.map(|(name, _)| *name).collect()))
    }
}

// === impl PortRange ===

impl Default for PortRange {
    fn default() -> Self {
        Self { first: 30_000, last: 32_767 }
    }
}

impl FromStr for PortRange {
    type Err = Unusable;

    /// `30000-32767`, or `30000+2767` as the original also takes it.
    fn from_str(text: &str) -> Result<Self, Unusable> {
        let bad = || Unusable("ports are written as 30000-32767".to_owned());
        let number = |text: &str| text.trim().parse::<u16>().ok();
        let range = match (text.split_once('-'), text.split_once('+')) {
            (Some((first, last)), _) => number(first).zip(number(last)),
            (None, Some((first, more))) => number(first)
                .zip(number(more))
                .and_then(|(first, more)| Some((first, first.checked_add(more)?))),
            (None, None) => number(text).map(|only| (only, only)),
        };
        let (first, last) = range.ok_or_else(bad)?;
        if first == 0 || first > last {
            return Err(bad());
        }
        Ok(Self { first, last })
    }
}

impl FromStr for Emulation {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Unusable> {
        match text.trim_start_matches('v') {
            "1.20" => Ok(Self::V1_20),
            _ => Err(Unusable("only 1.20 is emulated".to_owned())),
        }
    }
}

impl FromStr for ApiGroups {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Unusable> {
        match text {
            "all" => Ok(Self::All),
            "kubernetes" => Ok(Self::Kubernetes),
            _ => Err(Unusable("API groups are all or kubernetes".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_are_chosen_as_the_controller_manager_spells_it() {
        let check = |text: &str, want: &[&str]| {
            let chosen: Controllers = text.parse().expect(text);
            let running: Vec<_> = chosen.0.into_iter().collect();
            assert_eq!(running, want, "{text}");
        };
        let all: Vec<_> = CONTROLLERS.iter().map(|(name, _)| *name).collect();
        check("*", &all);
        check("-*", &[]);
        check("", &[]);
        check("namespace", &["namespace-controller"]);
        check("*,-garbagecollector,-serviceaccount-token-controller", &{
            let mut some = all.clone();
            some.retain(|one| !one.starts_with("garbage") && !one.contains("-token-"));
            some
        });
        check("-namespace,*,namespace", &{
            let mut some = all.clone();
            some.retain(|one| *one != "namespace-controller");
            some
        });
        assert!("*,-nosuch".parse::<Controllers>().is_err_and(|e| e.0.contains("`nosuch`")));
    }

    #[test]
    fn ports_are_read() {
        let check = |text: &str, want: Option<(u16, u16)>| {
            let range = text.parse::<PortRange>().ok();
            assert_eq!(range.map(|range| (range.first, range.last)), want, "{text}");
        };
        check("30000-32767", Some((30_000, 32_767)));
        check("30000+100", Some((30_000, 30_100)));
        check("80", Some((80, 80)));
        check("2-1", None);
        check("0-1", None);
        check("65535+1", None);
        check("a-b", None);
    }

    #[test]
    fn the_first_service_address_is_that_of_the_original() {
        assert_eq!(Config::default().service_cluster_ip_range.to_string(), DEFAULT_SERVICE_RANGE);
    }

    #[test]
    fn a_token_is_for_the_issuer_unless_said_otherwise() {
        let mut accounts = ServiceAccounts::default();
        assert_eq!(accounts.audiences(), [DEFAULT_ISSUER]);
        accounts.api_audiences = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(accounts.audiences(), ["a", "b"]);
    }
}
