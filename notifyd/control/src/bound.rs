//! Keeping answers below a frame: a longer one would not fail its call but end the connection.

use notify_proto::transport::MAX_FRAME_BYTES;
use notify_proto::view::NotificationDetail;
use serde::Serialize;

/// Largest answer; the rest of the frame is for what is around it.
pub(crate) const MAX_ANSWER: usize = MAX_FRAME_BYTES / 4 * 3;

/// Most attempts and events of one notification shown: the latest ones, their numbers tell what is left out.
const MAX_STORY: usize = 200;

/// Bytes of an answer on the wire.
pub(crate) fn size(answer: &impl Serialize) -> usize {
    serde_json::to_vec(answer).map_or(0, |json| json.len())
}

/// Leaves out the oldest attempts and events until the rest fits.
pub(crate) fn story(detail: &mut NotificationDetail) {
    keep_last(&mut detail.attempts, MAX_STORY);
    keep_last(&mut detail.events, MAX_STORY);
    while size(detail) > MAX_ANSWER && detail.attempts.len() + detail.events.len() > 0 {
        let (attempts, events) = (detail.attempts.len() / 2, detail.events.len() / 2);
        keep_last(&mut detail.attempts, attempts);
        keep_last(&mut detail.events, events);
    }
}

fn keep_last<T>(all: &mut Vec<T>, count: usize) {
    all.drain(..all.len().saturating_sub(count));
}

/// How many of these rows fit into one answer; at least one.
pub(crate) fn fitting(rows: &[impl Serialize]) -> usize {
    let mut left = MAX_ANSWER;
    let fits = rows.iter().take_while(|row| {
        let size = size(row) + 1;
        left = left.saturating_sub(size);
        left > 0
    });
    fits.count().max(1)
}
