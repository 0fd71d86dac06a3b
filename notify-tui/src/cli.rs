//! The command line.

use clap::Parser;
use notify_proto::filter::span;
use std::path::PathBuf;
use std::time::Duration;

/// Watch a running notifyd: health, counters and providers, live.
///
/// This is the status view: it looks and changes nothing. For changes and for single notifications there is
/// notifyctl(1).
#[derive(Debug, Parser)]
#[command(name = "notify-tui", version)]
#[command(after_help = "Keys: q quit, p pause, r refresh or reconnect now, + and - interval, ? help

Examples:
  notify-tui
  notify-tui --socket /tmp/demo/control.sock --interval 2s
  notify-tui --snapshot --size 100x30 > status.txt")]
pub struct Cli {
    /// The daemon's control socket, instead of looking in the usual places [env: NOTIFYD_SOCKET]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// How long between two looks, 1s to 60s
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = interval)]
    pub interval: Duration,
    /// Draw with ASCII characters only; chosen by itself where the locale is not UTF-8
    #[arg(long)]
    pub ascii: bool,
    /// Draw one frame as text to standard output and end; exit code 69 when no daemon answers
    #[arg(long)]
    pub snapshot: bool,
    /// The size of the snapshot
    #[arg(long, value_name = "WxH", default_value = "100x30", value_parser = size, requires = "snapshot")]
    pub size: (u16, u16),
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = span(text)?.to_std().map_err(|error| error.to_string())?;
    if (Duration::from_secs(1)..=Duration::from_mins(1)).contains(&interval) {
        Ok(interval)
    } else {
        Err("use 1s to 60s".into())
    }
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
        assert!(interval("2").unwrap_err().contains("write 2s"));
        assert!(interval("0s").is_err() && interval("61s").is_err());
        assert_eq!(size("80x24"), Ok((80, 24)));
        assert!(size("80").is_err() && size("0x5").is_err() && size("9999x9999").is_err());
    }
}
