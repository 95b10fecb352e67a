//! From a [`Config`] to a server that answers, and to its end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis_core::Timestamp;
use portcullis_store::{Local, Memory};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::config::Config;
use crate::controllers;
use crate::data_dir::{self, DataDir, Reload};
use crate::history;
use crate::http::{self, Drained, Tls, TlsError, Trigger};
use crate::manifests::{self, Warned};
use crate::wiring;

/// How long tasks that are still busy after the last connection may take before they are left.
const LAST_TASKS: Duration = Duration::from_millis(500);

/// A server that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Where it listens.
    pub address: SocketAddr,
    /// The admin's kubeconfig.
    pub kubeconfig: PathBuf,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process listens there, or the address is none of this machine's.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        #[source]
        cause: std::io::Error,
    },
    /// Keys, certificates or the kubeconfig.
    #[error(transparent)]
    DataDir(#[from] data_dir::Error),
    /// Certificate and key do not work together.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The store, a key file or the token file, or what is there from the beginning.
    #[error(transparent)]
    Server(#[from] wiring::Error),
    /// An object to begin with.
    #[error(transparent)]
    Manifests(#[from] manifests::Error),
    /// The system gives no threads, or no signals.
    #[error("the server cannot be started")]
    System(#[source] std::io::Error),
}

/// What happens while the server runs, for people.
#[derive(Debug)]
pub enum Notice {
    /// The API warned of an object to begin with.
    Warned(Warned),
    /// Requests are answered.
    Ready(Ready),
    /// Keys, certificates or tokens changed on disk.
    Reload(Reload),
    /// The end was asked for; requests under way are finished.
    Stopping,
}

/// Serves until the process is asked to end by SIGINT or SIGTERM. `told` hears what happens meanwhile,
/// above all that requests are answered.
///
/// # Errors
/// [`Error`], if it cannot be started. Once it answers, it goes on.
pub fn run(config: &Config, told: &mut dyn FnMut(Notice)) -> Result<Drained, Error> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::System)?;
    let outcome = runtime.block_on(serve(config, told));
    runtime.shutdown_timeout(LAST_TASKS);
    outcome
}

async fn serve(config: &Config, told: &mut dyn FnMut(Notice)) -> Result<Drained, Error> {
    // The address first: it costs nothing, and is what most often goes wrong.
    let address = config.bind;
    let listen = |cause| Error::Listen { address, cause };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    // Keys and store wait for the disk, neither for the other, so they wait together.
    let named = config.data_dir.clone().filter(|_| !config.ephemeral);
    let opening = named.map(|root| tokio::task::spawn_blocking(move || wiring::store(&root)));
    let data_dir = Arc::new(DataDir::open(config, address, now())?);
    let store = match opening {
        Some(opening) => opening.await.map_err(|died| Error::System(died.into()))??,
        None if config.ephemeral => Local::Memory(Memory::new()),
        None => wiring::store(data_dir.root())?,
    };
    let (chain, key) = data_dir.credentials().serving();
    let tls = Arc::new(Tls::new(chain, key)?);
    let (trigger, shutdown) = Trigger::new();
    // Whoever is told stands on this thread; what happens elsewhere is sent here.
    let (notices, mut happened) = mpsc::unbounded_channel();
    on_signals(trigger, notices.clone()).map_err(Error::System)?;
    let service = Arc::new(wiring::server(config, store, &data_dir, address, now).await?);
    let controlling = tokio::spawn(controllers::run(Arc::clone(&service)));
    let (inputs, limits) = (config.manifests.clone(), &config.manifest_limits);
    let authority = &data_dir.credentials().authority;
    for warned in manifests::apply(&*service, inputs, limits, authority, now()).await? {
        told(Notice::Warned(warned));
    }
    let limits = config.limits.clone();
    let serving = http::serve(listener, Arc::clone(&tls), Arc::clone(&service), limits, shutdown);
    let mut serving = tokio::spawn(serving);
    told(Notice::Ready(Ready { address, kubeconfig: data_dir.kubeconfig().to_owned() }));
    let looking = Arc::clone(&data_dir).keep_fresh(tls, now, move |reload| {
        // Nobody listens any more once the server has ended.
        let _ = notices.send(Notice::Reload(reload));
    });
    let looking = tokio::spawn(looking);
    let forgetting = tokio::spawn(history::keep(Arc::clone(&service), config.history_retention));
    let drained = loop {
        tokio::select! {
            drained = &mut serving => break drained.unwrap_or(Drained::Some),
            Some(notice) = happened.recv() => told(match notice {
                Notice::Reload(Reload::Done) => {
                    let credentials = data_dir.credentials();
                    match wiring::trust(config, &credentials) {
                        Ok(trust) => {
                            service.set_trust(trust);
                            service.set_authorities(credentials.server_authorities());
                            Notice::Reload(Reload::Done)
                        }
                        // What was trusted before still is.
                        Err(why) => Notice::Reload(Reload::Failed(why.into())),
                    }
                }
                notice => notice,
            }),
        }
    };
    controlling.abort();
    looking.abort();
    forgetting.abort();
    Ok(drained)
}

/// Asks for the end at the first signal. The end comes within [`crate::http::Limits::drain`] then.
fn on_signals(trigger: Trigger, notices: UnboundedSender<Notice>) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        let _ = notices.send(Notice::Stopping);
        trigger.shut_down();
    });
    Ok(())
}

/// The one clock of the server.
#[expect(clippy::disallowed_methods, reason = "this is the edge at which time enters")]
fn now() -> Timestamp {
    // A clock before 1970 is wrong however it is read.
    Timestamp::since_epoch(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}
