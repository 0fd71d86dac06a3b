//! What every scenario starts from: a daemon, a service, a provider.

use anyhow::{Result, ensure};
use notify_tests::control::Control;
use notify_tests::daemon::{Builder, Daemon};
use serde_json::{Value, json};

/// The log level of a measured daemon is the shipped one. All its callers have one address, and the connections of one may
/// still be there when the next one begins.
pub const CONFIG: &str = "[log]\nfilter = \"info\"\n[intake]\nmax_connections_per_peer = 512\n";

/// The name of the provider that holds everything back.
const GATE: &str = "gate";

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

    /// With a provider that admits one call an hour, and these switched off: all work waits, until [`Bed::let_go`].
    pub async fn held(daemon: Daemon, key: String, off: &[&'static str]) -> Result<Self> {
        daemon.mock(GATE, &json!({}), &["--rate", "1/h", "--burst", "1", "--priority", "1"]);
        for name in off {
            daemon.ctl().ok(&["provider", "disable", name, "--yes"]);
        }
        Self::of(daemon, key).await
    }

    /// Lets go what is held back.
    pub fn let_go(&self) {
        let all = self.daemon.ctl().json(&["provider", "list"]);
        for provider in all["items"].as_array().into_iter().flatten().filter(|it| it["active"] == false) {
            self.daemon.ctl().ok(&["provider", "enable", provider["name"].as_str().unwrap_or_default()]);
        }
        self.daemon.ctl().ok(&["provider", "disable", GATE, "--yes"]);
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
