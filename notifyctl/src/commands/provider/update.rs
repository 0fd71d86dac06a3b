//! `notifyctl provider update`.

use super::config;
use crate::commands::Desk;
use crate::failure::{Ended, Exit};
use crate::given;
use clap::{ArgGroup, Args};
use notify_proto::Channel;
use notify_proto::control::{Limit, ProviderChange};
use serde_json::Value;
use std::path::PathBuf;

/// What changes.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args([
    "rename", "channels", "priority", "rate", "burst", "max_in_flight", "config_file", "secret_file",
])))]
pub struct Update {
    /// The provider, by name or id
    #[arg(value_name = "NAME")]
    name: String,
    /// Another name
    #[arg(long, value_name = "NEW")]
    rename: Option<String>,
    /// A channel it shall serve; may be repeated, and those not named are served no more
    #[arg(long = "channel", value_name = "CHANNEL")]
    channels: Vec<Channel>,
    /// Lower is tried first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i32>,
    /// Calls allowed, such as 10/s, or none for no limit
    #[arg(long, value_name = "RATE", value_parser = given::rate_or_none)]
    rate: Option<Limit<f64>>,
    /// Calls at once after a pause, or none for one second's worth
    #[arg(long, value_name = "N", value_parser = given::count_or_none)]
    burst: Option<Limit<u32>>,
    /// Calls under way at once, 1 to 10,000
    #[arg(long, value_name = "N", value_parser = given::whole(0_u32..))]
    max_in_flight: Option<u32>,
    /// A JSON file with all settings of its type, without secrets
    #[arg(long, value_name = "FILE.json")]
    config_file: Option<PathBuf>,
    /// A file with its new secret, or - for standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl Update {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let config = self.config_file.as_deref().map(config).transpose()?;
        let secret = self.secret_file.as_deref().map(|path| desk.secret(path)).transpose()?;
        let update = ProviderChange {
            rename: self.rename,
            channels: Some(self.channels).filter(|channels| !channels.is_empty()),
            priority: self.priority,
            rate_per_second: self.rate.unwrap_or_default(),
            burst: self.burst.unwrap_or_default(),
            max_in_flight: self.max_in_flight,
            config: config.map(Value::Object),
            secret,
        };
        let link = desk.link().await?;
        let call =
            link.client.provider_update(link.within(), self.name, Box::new(update), desk.globals.change());
        let done = link.change(call).await?;
        let sentence = desk.says(&format!("provider {}", done.provider.name), "changed");
        desk.out.updated("provider.update", "provider", &sentence, &done.provider, &done.changed)?;
        Ok(Exit::Done)
    }
}
