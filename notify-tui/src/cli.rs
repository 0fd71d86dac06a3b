//! The command line.

use crate::state::Page;
use crate::view::Theme;
use clap::Parser;
use notify_proto::filter::span;
use std::path::PathBuf;
use std::time::Duration;

/// Watch a running notifyd, and change what needs it.
///
/// Nine views: overview, queues, notifications, retries, dead letters, providers, webhooks, services, and what happens now.
/// Every change is shown and logged as the notifyctl(1) line that does the same.
#[derive(Debug, Parser)]
#[command(name = "notify-tui", version)]
#[command(after_help = "Keys: 1-9 views, q back, ? all keys

Examples:
  notify-tui
  notify-tui --socket /tmp/demo/control.sock --interval 2s
  notify-tui --read-only --view queues
  notify-tui --snapshot --size 100x30 > status.txt")]
pub struct Cli {
    /// The daemon's control socket, instead of looking in the usual places [env: NOTIFYD_SOCKET]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// How long between two looks, 250ms to 60s [default: 1s]
    #[arg(long, value_name = "DUR", value_parser = interval)]
    pub interval: Option<Duration>,
    /// The view to begin with, such as queues [default: overview]
    #[arg(long, value_name = "VIEW", value_parser = page)]
    pub view: Option<Page>,
    /// Look only: keys that change something do nothing
    #[arg(long)]
    pub read_only: bool,
    /// Colours: default, light, high-contrast, cb (for the colour-blind), mono
    #[arg(long, value_name = "THEME")]
    pub theme: Option<Theme>,
    /// Colours at all: auto, as NO_COLOR and the terminal have it, or never
    #[arg(long, value_name = "WHEN", value_parser = ["auto", "never"], default_value = "auto")]
    pub color: String,
    /// Draw with ASCII characters only; chosen by itself where the locale is not UTF-8
    #[arg(long)]
    pub ascii: bool,
    /// Ages on the screen move every ten seconds only
    #[arg(long)]
    pub reduce_motion: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    pub no_mouse: bool,
    /// Draw one frame of this view as text to standard output and end; exit code 69 when no daemon answers
    #[arg(long, value_name = "VIEW", num_args = 0..=1, default_missing_value = "overview", value_parser = page)]
    pub snapshot: Option<Page>,
    /// The size of the snapshot
    #[arg(long, value_name = "WxH", default_value = "100x30", value_parser = size, requires = "snapshot")]
    pub size: (u16, u16),
    /// Write the configuration in force and end
    #[arg(long)]
    pub dump_config: bool,
    /// Check the configuration file and end
    #[arg(long)]
    pub check_config: bool,
}

/// An interval as it is written.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let interval = match text {
        "250ms" => Duration::from_millis(250),
        text => span(text)?.to_std().map_err(|error| error.to_string())?,
    };
    if (Duration::from_millis(250)..=Duration::from_mins(1)).contains(&interval) {
        Ok(interval)
    } else {
        Err("use 250ms, or 1s to 60s".into())
    }
}

fn page(text: &str) -> Result<Page, String> {
    let all = || Page::ALL.map(Page::word).join(", ");
    Page::named(text).ok_or_else(|| format!("there is no such view; use one of {}", all()))
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let help = || "write a width from 1 to 500 and a height from 1 to 200, such as 100x30".to_owned();
    let (width, height) = text.split_once('x').ok_or_else(help)?;
    match (width.parse(), height.parse()) {
        (Ok(width @ 1..=500), Ok(height @ 1..=200)) => Ok((width, height)),
        _ => Err(help()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_and_sizes_have_bounds() {
        assert_eq!(interval("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(interval("250ms"), Ok(Duration::from_millis(250)));
        assert!(interval("2").unwrap_err().contains("write 2s"));
        assert!(interval("0s").is_err() && interval("61s").is_err());
        assert_eq!(size("80x24"), Ok((80, 24)));
        assert!(size("80").is_err() && size("0x5").is_err() && size("9999x9999").is_err());
        assert_eq!(page("queues"), Ok(Page::Queues));
        assert!(page("moon").unwrap_err().contains("webhooks"));
    }
}
