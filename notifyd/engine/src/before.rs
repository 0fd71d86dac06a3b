//! What died within the hour before this run began, read from the log beside the work, so that a restart forgets none of it.
//! What dies from then on is counted as it happens, and the log is asked for nothing of that: no look counts one twice.
//!
//! Of dead letters no more than the newest [`PIECES`] times [`PIECE`] are looked at. Where there are more, and some of the
//! others died within that hour, what is told is too low by these until the hour is over. So it is by what was started again
//! or discarded, and by what died at a time that the clock, set back since, had not come to again.

use crate::Inner;
use crate::measures::{HOUR, minute_before};
use notifyd_store::StoreError;
use notifyd_store::api::{Died, DiedPage};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Dead letters looked at together: a few milliseconds of a reader.
const PIECE: usize = 2_000;

/// Pieces that are looked at.
const PIECES: usize = 50;

/// Tries of a piece, and the time between two.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// Reads it, unless the daemon stops before.
pub(crate) async fn run(inner: Arc<Inner>, shutdown: CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        whole = read(&inner) => if !whole {
            tracing::info!(
                "not all dead letters of the hour before the start are counted: they are too many, or the log did not answer"
            );
        }
    }
}

/// Whether it was all.
async fn read(inner: &Inner) -> bool {
    let mut below = i64::MAX;
    for _ in 0..PIECES {
        let Some(page) = piece(inner, below).await else { return false };
        take(inner, &page.died);
        match page.next {
            Some(next) => below = next,
            None => return true,
        }
    }
    false
}

/// The next piece; none when the log does not answer.
async fn piece(inner: &Inner, below: i64) -> Option<DiedPage> {
    let until = inner.began.1;
    for _ in 0..TRIES {
        match inner.deps.store.died((until - HOUR, until), below, PIECE).await {
            Ok(page) => return Some(page),
            Err(StoreError::Closing) => return None,
            Err(error) => tracing::warn!(%error, "dead letters could not be looked at; trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    None
}

fn take(inner: &Inner, died: &[Died]) {
    let (steady, wall) = inner.began;
    let minute = |it: &Died| minute_before(steady, (wall - it.at).to_std().unwrap_or_default());
    let mut past = inner.history.lock();
    for it in died {
        past.died_before(minute(it));
    }
    // One after the other: nobody holds both.
    drop(past);
    let mut tallies = inner.tallies.lock();
    for it in died {
        tallies.died_before(minute(it), it);
    }
}
