//! `notifyctl ping`.

use super::Desk;
use crate::clock;
use crate::failure::{Ended, Exit};
use crate::given;
use crate::output::rows::RoundTrip;
use clap::Args;
use std::time::Duration;

/// Round trips to the daemon.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  notifyctl ping\n  notifyctl ping --count 5 --interval 2s -o plain\n  notifyctl ping -q --timeout 1s > /dev/null && echo alive"
)]
pub struct Ping {
    /// How many
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = given::whole(1_u32..))]
    count: u32,
    /// How long between two
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = given::span)]
    interval: Duration,
}

impl Ping {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let mut listing = desk.out.list("ping")?;
        for number in 1..=self.count {
            if number > 1 {
                tokio::time::sleep(self.interval).await;
            }
            let start = clock::start();
            link.read(link.client.ping(link.within())).await?;
            let round_trip_us = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
            listing.page(&[RoundTrip { number, round_trip_us }])?;
        }
        listing.close(None, None)?;
        Ok(Exit::Done)
    }
}
