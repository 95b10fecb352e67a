//! From a [`Config`] to a server that answers, and to its end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis_core::Timestamp;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::data_dir::{self, DataDir, Reload};
use crate::http::{self, Drained, Tls, TlsError, Trigger};

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
    /// The system gives no threads, or no signals.
    #[error("the server cannot be started")]
    System(#[source] std::io::Error),
}

/// What happens while the server runs, for people.
#[derive(Debug)]
pub enum Notice {
    /// Requests are answered.
    Ready(Ready),
    /// Keys, certificates or tokens changed on disk.
    Reload(Reload),
    /// The end was asked for; requests under way are finished.
    Stopping,
}

/// Serves until the process is asked to end by SIGINT or SIGTERM. `told` hears what happens meanwhile,
/// first of all that requests are answered.
///
/// # Errors
/// [`Error`], if it cannot be started. Once it answers, it goes on.
pub fn run(
    config: &Config,
    told: impl Fn(Notice) + Send + Sync + 'static,
) -> Result<Drained, Error> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::System)?;
    let outcome = runtime.block_on(serve(config, Arc::new(told)));
    runtime.shutdown_timeout(LAST_TASKS);
    outcome
}

async fn serve(config: &Config, told: Arc<dyn Fn(Notice) + Send + Sync>) -> Result<Drained, Error> {
    // The address first: it costs nothing, and is what most often goes wrong.
    let address = config.bind;
    let listen = |cause| Error::Listen { address, cause };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let data_dir = Arc::new(DataDir::open(config, address, now())?);
    let (chain, key) = data_dir.credentials().serving();
    let tls = Arc::new(Tls::new(chain, key)?);
    let (trigger, shutdown) = Trigger::new();
    on_signals(trigger, Arc::clone(&told)).map_err(Error::System)?;
    let service = Arc::new(crate::probes::Probes);
    let limits = config.limits.clone();
    let serving = tokio::spawn(http::serve(listener, Arc::clone(&tls), service, limits, shutdown));
    told(Notice::Ready(Ready { address, kubeconfig: data_dir.kubeconfig().to_owned() }));
    let reloads = Arc::clone(&told);
    let looking =
        Arc::clone(&data_dir).keep_fresh(tls, now, move |reload| reloads(Notice::Reload(reload)));
    let looking = tokio::spawn(looking);
    let drained = serving.await.unwrap_or(Drained::Some);
    looking.abort();
    Ok(drained)
}

/// Asks for the end at the first signal. The end comes within [`crate::http::Limits::drain`] then.
fn on_signals(trigger: Trigger, told: Arc<dyn Fn(Notice) + Send + Sync>) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        told(Notice::Stopping);
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
