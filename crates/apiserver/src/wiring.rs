//! From the configuration and the data directory to the server behind the listener.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use portcullis_core::Timestamp;
use portcullis_identity::service_account::issue::{Issuer, Lifetimes};
use portcullis_identity::token_file::{Fault, TokenFile};
use portcullis_identity::{Accounts, Anonymous, Random as Keys, Trust, VerifyingKeys};
use portcullis_store::{Directory, Limits, Local};
use ring::rand::{SecureRandom, SystemRandom};

use crate::authn::FOR_EVERYBODY;
use crate::config::{ApiGroups, Config};
use crate::data_dir::{Credentials, DataDir, first_service};
use crate::server::{Behaviour, Clock, Random, Server, StartError};
use crate::services;

/// Why the server cannot be put together. The operator's affair.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] portcullis_store::Error),
    /// A key file holds no keys.
    #[error("{}: {cause}", path.display())]
    Keys {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The token file cannot be read.
    #[error("{}: {fault}", path.display())]
    Tokens {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong, and in which line.
        fault: Fault,
    },
    /// Services are given addresses of IPv4 only.
    #[error("--service-cluster-ip-range: services are given IPv4 addresses only")]
    ServiceRange,
    /// What is there from the beginning could not be made.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// What is stored in a data directory.
pub(crate) fn store(root: &Path) -> Result<Local, Error> {
    Ok(Local::Embedded(Directory::open(root)?.store(Limits::default())?))
}

/// The server, over what is stored.
pub(crate) async fn server(
    config: &Config,
    store: Local,
    data_dir: &DataDir,
    address: SocketAddr,
    now: fn() -> Timestamp,
) -> Result<Server<Local>, Error> {
    let credentials = data_dir.credentials();
    let trust = trust(config, &credentials)?;
    let name = config.service_account.issuers.first().map_or("", String::as_str);
    let issuer = Issuer::new(credentials.signing_key.clone(), name, Lifetimes::default());
    let ports = config.service_node_port_range;
    let services = services::pools(&config.service_cluster_ip_range, ports.first..=ports.last);
    let behaviour = Behaviour {
        services: services.ok_or(Error::ServiceRange)?,
        address: address.to_string(),
        own_groups: config.api_groups == ApiGroups::All,
        service_address: first_service(&config.service_cluster_ip_range).to_string(),
        port: address.port(),
        issuer: name.to_owned(),
        controllers: config.controllers.clone(),
        emulate: config.emulate,
        authorities: credentials.server_authorities().to_owned(),
    };
    let source = SystemRandom::new();
    let random = Random::new(move |bytes| {
        // The operating system gives some from its first moments on, and it cannot run out.
        let _ = source.fill(bytes);
    });
    Ok(Server::start(store, behaviour, trust, Some(issuer), Clock::new(now), random).await?)
}

/// What is trusted, as of one reading of the files.
pub(crate) fn trust(config: &Config, credentials: &Credentials) -> Result<Trust, Error> {
    let random = Keys::system();
    let mut keys = VerifyingKeys::of(&credentials.signing_key);
    for (path, text) in &credentials.token_keys {
        keys.add_pem(text, &random)
            .map_err(|why| Error::Keys { path: path.clone(), cause: why.to_string() })?;
    }
    let tokens = match &credentials.token_file {
        Some((path, text)) => {
            let read = TokenFile::parse(text);
            let (file, _) = read.map_err(|fault| Error::Tokens { path: path.clone(), fault })?;
            Some(Arc::new(file))
        }
        None => None,
    };
    let accounts = &config.service_account;
    let audiences = accounts.audiences().to_vec();
    Ok(Trust {
        clients: Some(credentials.client_trust.clone()),
        tokens,
        accounts: Some(Arc::new(Accounts::new(accounts.issuers.clone(), audiences.clone(), keys))),
        audiences,
        anonymous: if config.anonymous_auth {
            Anonymous::Always
        } else {
            Anonymous::Paths(FOR_EVERYBODY.map(str::to_owned).to_vec())
        },
    })
}
