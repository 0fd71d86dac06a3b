//! What every scenario starts from: a daemon, a service, a provider.

use anyhow::{Context, Result, ensure};
use notify_proto::control::{ControlClient, Hello};
use notify_proto::transport::{connect, within};
use notify_proto::view::StatusView;
use notify_tests::daemon::{Builder, Daemon};
use serde_json::Value;
use std::time::Duration;

/// The log level of a measured daemon: the shipped one.
const CONFIG: &str = "[log]\nfilter = \"info\"\n";

/// A daemon to be measured.
pub struct Bed {
    /// The process.
    pub daemon: Daemon,
    /// The key of its service.
    pub key: String,
    control: ControlClient,
}

impl Bed {
    /// With one mock provider.
    pub async fn new(provider: &Value, flags: &[&str]) -> Result<Self> {
        let daemon = Builder::new().config(CONFIG).start();
        let key = daemon.service("load");
        daemon.mock("mock", provider, flags);
        let control = connect(&daemon.builder().socket()).await.context("the control socket")?;
        control.hello(within(Duration::from_secs(5)), Hello::of("load")).await??;
        Ok(Self { daemon, key, control })
    }

    /// How the daemon is.
    pub async fn status(&self) -> Result<StatusView> {
        Ok(self.control.status(within(Duration::from_secs(10))).await??)
    }

    /// Notifications with this status.
    pub async fn count(&self, status: &str) -> Result<u64> {
        Ok(self.status().await?.by_status.get(status).copied().unwrap_or_default())
    }

    /// Checks that the log holds exactly what was acknowledged.
    pub async fn nothing_lost(&self, acknowledged: u64) -> Result<()> {
        let kept: u64 = self.status().await?.by_status.values().sum();
        ensure!(kept == acknowledged, "acknowledged {acknowledged}, but the log holds {kept}");
        Ok(())
    }
}
