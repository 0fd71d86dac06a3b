//! What every scenario starts from: a daemon, a service, a provider.

use anyhow::{Result, ensure};
use notify_tests::control::Control;
use notify_tests::daemon::{Builder, Daemon};
use serde_json::Value;

/// The log level of a measured daemon: the shipped one.
const CONFIG: &str = "[log]\nfilter = \"info\"\n";

/// A daemon to be measured.
pub struct Bed {
    /// The process.
    pub daemon: Daemon,
    /// The key of its service.
    pub key: String,
    /// Its control socket.
    pub control: Control,
}

impl Bed {
    /// With one mock provider.
    pub async fn new(provider: &Value, flags: &[&str]) -> Result<Self> {
        let daemon = Builder::new().config(CONFIG).start();
        let key = daemon.service("load");
        daemon.mock("mock", provider, flags);
        Self::of(daemon, key).await
    }

    /// One that runs already.
    pub async fn of(daemon: Daemon, key: String) -> Result<Self> {
        let control = Control::connect(&daemon.builder().socket()).await?;
        Ok(Self { daemon, key, control })
    }

    /// Checks that the log holds exactly what was acknowledged.
    pub async fn nothing_lost(&self, acknowledged: u64) -> Result<()> {
        let kept: u64 = self.control.status().await?.by_status.values().sum();
        ensure!(kept == acknowledged, "acknowledged {acknowledged}, but the log holds {kept}");
        Ok(())
    }
}
