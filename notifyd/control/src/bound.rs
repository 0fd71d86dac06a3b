//! Keeping answers below a frame: a longer one would not fail its call but end the connection.

use notify_proto::transport::MAX_FRAME_BYTES;
use notify_proto::view::{NotificationDetail, NotificationView};
use serde::Serialize;

/// Largest answer; the rest of the frame is for what is around it.
pub(crate) const MAX_ANSWER: usize = MAX_FRAME_BYTES / 4 * 3;

/// Most attempts and events of one notification shown: the latest ones, their numbers tell what is left out.
const MAX_STORY: usize = 200;

/// Bytes of an answer on the wire.
pub(crate) fn size(answer: &impl Serialize) -> usize {
    serde_json::to_vec(answer).map_or(0, |json| json.len())
}

/// Whether rows may be more than an answer holds: from the lengths of their texts, so that those of which that is certain
/// need not be written twice.
pub(crate) fn may_exceed(rows: &[NotificationView]) -> bool {
    let longest: usize = rows.iter().map(longest).sum();
    longest > MAX_ANSWER
}

/// Bytes of a row at most: each byte of a text may become an escape of six, and all else has a bound.
fn longest(row: &NotificationView) -> usize {
    let texts = [
        &row.subject,
        &row.content,
        &row.error_message,
        &row.provider_name,
        &row.external_id,
        &row.dedup_key,
        &row.tenant_id,
        &row.event_type,
        &row.correlation_id,
    ];
    let texts = texts.into_iter().flatten().map(String::len).sum::<usize>() + row.service_name.len();
    let lists = 24 * (row.channels.len() + row.delays_left_seconds.len());
    1_600 + 6 * texts + lists + size(&row.recipient) + size(&row.meta_data)
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
    fitting_in(rows, MAX_ANSWER)
}

/// How many of these rows fit into so many bytes; at least one.
pub(crate) fn fitting_in(rows: &[impl Serialize], bytes: usize) -> usize {
    let mut left = bytes;
    let fits = rows.iter().take_while(|row| {
        let size = size(row) + 1;
        left = left.saturating_sub(size);
        left > 0
    });
    fits.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_row_is_longer_than_it_may_be() {
        let long = "\u{1}".repeat(500);
        let time = "2027-01-15T08:00:00.000Z";
        let id = "0190a5d2-0000-7000-8000-000000000000";
        let row: NotificationView = serde_json::from_value(json!({
            "id": id, "service_id": id, "service_name": long, "type": "telegram", "channels": ["telegram", "whatsapp"],
            "channel_used": "telegram", "status": "delivered", "delivery_proof": "receipt",
            "recipient": {"telegram": [long, long], "whatsapp": long}, "subject": long, "content": long,
            "priority": "instant", "provider_id": id, "provider_name": long, "external_id": long,
            "retry_count": u32::MAX, "delays_left_seconds": vec![u64::MAX; 50], "retries_left": u32::MAX,
            "max_retries": u32::MAX, "created_at": time, "scheduled_at": time, "next_attempt_at": time,
            "delivered_at": time, "failed_at": time, "cancelled_at": time, "expires_at": time,
            "error_message": long, "failure_reason": "insufficient_balance", "simulated": false,
            "possible_duplicate": false, "dedup_key": long, "tenant_id": long, "event_type": long,
            "batch_id": id, "correlation_id": long, "meta_data": {"k": [long, 1.5, null, {"l": long}]}
        }))
        .unwrap();
        assert!(longest(&row) >= size(&row), "{} {}", longest(&row), size(&row));
        assert!(longest(&row) < 2 * size(&row), "it is near enough to be worth asking");
    }
}
