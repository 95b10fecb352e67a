//! The data directory: keys, certificates and the admin's kubeconfig on disk.
//!
//! ```text
//! DIR/pki/ca.crt ca.key                  the authority: made if both are absent
//!         apiserver.crt apiserver.key    what the server shows: made anew when it no longer fits
//!         sa.key sa.pub                  what service account tokens are signed with
//! DIR/admin.kubeconfig                   a client certificate in system:masters, embedded
//! ```
//! The files are named as kubeadm names them, and whatever is found is used, RSA keys too. Files that
//! change while the server runs are read again; where they cannot be used, what was read before goes
//! on to count.

mod credentials;
mod files;
mod kubeconfig;
mod names;
pub(crate) use names::first_service;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use portcullis_core::Timestamp;
use portcullis_identity::Random;

use crate::config::Config;
use crate::http::{Tls, TlsError};
#[cfg(test)]
pub(crate) use credentials::socket_key;
use credentials::{Absent, Plan};
pub use credentials::{Credentials, Error};
use files::{Drafts, Stamp};

/// How often files are looked at. A look is a few system calls; who rotates a key waits this long.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The data directory of a running server.
pub struct DataDir {
    plan: Plan,
    root: PathBuf,
    kubeconfig: PathBuf,
    /// Whether the folder goes with the server.
    temporary: bool,
    credentials: ArcSwap<Credentials>,
    /// What the files looked like when they were read last.
    seen: Mutex<Vec<Stamp>>,
}

/// What became of files that changed.
#[derive(Debug)]
pub enum Reload {
    /// They count from now on.
    Done,
    /// They cannot be used; what was read before goes on to count.
    Failed(ReloadError),
}

/// Why changed files do not count.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// A file.
    #[error(transparent)]
    Files(#[from] Error),
    /// The serving certificate and its key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Keys of tokens, or the token file.
    #[error(transparent)]
    Trust(#[from] crate::wiring::Error),
}

// === impl DataDir ===

impl DataDir {
    /// Opens the directory of a configuration, and makes what is absent.
    ///
    /// `address` is where the server listens: the certificate names it, and the kubeconfig leads to
    /// it.
    ///
    /// # Errors
    /// A file that cannot be read, written or used; half of a pair.
    pub fn open(
        config: &Config,
        address: std::net::SocketAddr,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let random = Random::system();
        let (root, temporary) = match &config.data_dir {
            Some(root) => (root.clone(), false),
            None => (files::temporary_name(&random)?, true),
        };
        files::make_folder(&root)?;
        let kubeconfig = root.join("admin.kubeconfig");
        let plan = Plan::of(config, &root, address, random);
        files::make_folder(&plan.pki)?;
        let mut drafts = Drafts::default();
        let opened = plan.credentials(now, Absent::Make, &mut drafts).and_then(|credentials| {
            let outside = config.kubeconfig_out.as_deref();
            for path in [Some(kubeconfig.as_path()), outside].into_iter().flatten() {
                plan.write_kubeconfig(path, &credentials, now, &mut drafts)?;
            }
            drafts.keep()?;
            Ok(credentials)
        });
        let credentials = match opened {
            Ok(credentials) => ArcSwap::from_pointee(credentials),
            Err(error) => {
                files::remove_if(temporary, &root);
                return Err(error);
            }
        };
        let seen = Mutex::new(plan.stamps());
        Ok(Self { plan, root, kubeconfig, temporary, credentials, seen })
    }

    /// Where the store belongs.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The admin's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// What counts now. To be asked for each request: it changes.
    pub fn credentials(&self) -> Arc<Credentials> {
        self.credentials.load_full()
    }

    /// Reads files that changed since, and says what became of it; nothing if none did.
    pub fn look(&self, tls: &Tls, now: Timestamp) -> Option<Reload> {
        let stamps = self.plan.stamps();
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == stamps {
                return None;
            }
            *seen = stamps;
        }
        let outcome = self.read_again(tls, now);
        // A certificate that was made anew is no change that somebody else made.
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = self.plan.stamps();
        Some(outcome.map_or_else(Reload::Failed, |()| Reload::Done))
    }

    fn read_again(&self, tls: &Tls, now: Timestamp) -> Result<(), ReloadError> {
        let mut drafts = Drafts::default();
        let credentials = self.plan.credentials(now, Absent::Refuse, &mut drafts)?;
        let (chain, key) = credentials.serving();
        tls.replace(chain, key)?;
        self.plan.write_kubeconfig(&self.kubeconfig, &credentials, now, &mut drafts)?;
        drafts.keep()?;
        self.credentials.store(Arc::new(credentials));
        Ok(())
    }

    /// Looks at the files for as long as the server runs.
    pub async fn keep_fresh(
        self: Arc<Self>,
        tls: Arc<Tls>,
        now: fn() -> Timestamp,
        told: impl Fn(Reload),
    ) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let (this, tls) = (Arc::clone(&self), Arc::clone(&tls));
            // Files wait for disks, and requests should not wait with them.
            let looked = tokio::task::spawn_blocking(move || this.look(&tls, now())).await;
            if let Ok(Some(reload)) = looked {
                told(reload);
            }
        }
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        files::remove_if(self.temporary, &self.root);
    }
}

#[cfg(test)]
mod tests;
