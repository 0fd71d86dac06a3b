//! What all clients share: who may be called, how names are found, whom to believe.

use super::dial::{Dialer, Tcp};
use super::resolve::{Resolver, SystemResolver};
use crate::trust;
use arc_swap::ArcSwap;
use notifyd_lifecycle::Policy;
use std::sync::{Arc, OnceLock};
use tokio_rustls::TlsConnector;

/// The network as providers may use it. Clones are the same one.
#[derive(Clone)]
pub struct Network {
    inner: Arc<Inner>,
}

struct Inner {
    policy: ArcSwap<Policy>,
    resolver: Arc<dyn Resolver>,
    dialer: Arc<dyn Dialer>,
    /// Read from the disk when something is encrypted for the first time.
    trust: OnceLock<Option<TlsConnector>>,
}

impl Network {
    /// With this policy; names are found by `resolver`.
    pub fn new(policy: Policy, resolver: Arc<dyn Resolver>) -> Self {
        Self::with(policy, resolver, Arc::new(Tcp))
    }

    /// The same; connections are made by `dialer`.
    pub fn with(policy: Policy, resolver: Arc<dyn Resolver>, dialer: Arc<dyn Dialer>) -> Self {
        let policy = ArcSwap::from_pointee(policy);
        Self { inner: Arc::new(Inner { policy, resolver, dialer, trust: OnceLock::new() }) }
    }

    /// With this policy; names are found as the system finds them.
    pub fn system(policy: Policy) -> Self {
        Self::new(policy, Arc::new(SystemResolver::default()))
    }

    /// Who may be called from now on, on connections that are open as well.
    pub fn set_policy(&self, policy: Policy) {
        self.inner.policy.store(Arc::new(policy));
    }

    /// Who may be called now.
    pub fn policy(&self) -> Arc<Policy> {
        self.inner.policy.load_full()
    }

    pub(super) fn dialer(&self) -> &dyn Dialer {
        &*self.inner.dialer
    }

    pub(super) fn resolver(&self) -> &dyn Resolver {
        &*self.inner.resolver
    }

    /// Encryption with the system's authorities; none when there is no way to encrypt at all.
    pub(super) fn trust(&self) -> Option<&TlsConnector> {
        let make = || trust::config(None).ok().map(super::client::connector);
        self.inner.trust.get_or_init(make).as_ref()
    }
}

impl Default for Network {
    /// The public internet.
    fn default() -> Self {
        Self::system(Policy::default())
    }
}
