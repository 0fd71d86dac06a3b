//! How much of the requests under way is held in memory, in all and of one service.
//!
//! A request enters with its body and leaves when it is answered; a large answer enters until the peer has taken it. A
//! service may hold as much as it leaves free for others: alone half of the room, two that flood a third each. So there
//! is always some left for a service that asks little, however many others ask too much, and nobody has to say what a
//! fair share is.
//!
//! Every request counts as at least [`SMALLEST`], so that the room also bounds how many wait for the log.

use crate::problem::Problem;
use axum::body::{Body, HttpBody as _};
use axum::http::Response;
use axum::response::IntoResponse as _;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The least a request counts for, bytes. What it holds beside its body is of that order, and the default room holds as
/// many of these as operations may wait for the log.
pub(crate) const SMALLEST: usize = 8 * 1_024;

/// Services are told apart by their number modulo this: numbers are given in turn, so only the many share with another.
const SLOTS: u16 = 1_024;

/// Answers up to this size count for nothing: with every connection they are a few MiB.
const SMALL_ANSWER: u64 = 16 * 1_024;

/// The room.
pub(crate) struct Room {
    size: usize,
    taken: AtomicUsize,
    by_service: Box<[AtomicUsize]>,
}

/// What one request holds; given back when it is dropped.
pub(crate) struct Share {
    room: Arc<Room>,
    slot: usize,
    bytes: usize,
}

impl Room {
    /// A room of so many bytes.
    pub(crate) fn new(size: usize) -> Arc<Self> {
        let by_service = (0..SLOTS).map(|_| AtomicUsize::new(0)).collect();
        Arc::new(Self { size, taken: AtomicUsize::new(0), by_service })
    }

    /// Lets a request of a service in.
    pub(crate) fn enter(self: &Arc<Self>, service: i64, bytes: usize) -> Result<Share, Problem> {
        let slot = usize::try_from(service.rem_euclid(i64::from(SLOTS))).unwrap_or_default();
        let mut share = Share { room: Arc::clone(self), slot, bytes: 0 };
        share.grow_to(bytes.max(SMALLEST))?;
        Ok(share)
    }

    /// A large answer takes room until its last byte is written, or is not given: peers that ask for much and read
    /// nothing would fill the memory.
    pub(crate) async fn hold(self: &Arc<Self>, response: Response<Body>, service: i64) -> Response<Body> {
        let size = response.body().size_hint().lower();
        if size <= SMALL_ANSWER {
            return response;
        }
        let share = self.enter(service, usize::try_from(size).unwrap_or(usize::MAX));
        let (parts, body) = response.into_parts();
        let problem = match (share, body.collect().await) {
            (Ok(share), Ok(whole)) => {
                let held = Held { bytes: whole.to_bytes(), _share: share };
                return Response::from_parts(parts, Body::from(Bytes::from_owner(held)));
            }
            (Err(problem), _) => problem,
            (_, Err(error)) => Problem::internal().because(&error),
        };
        let mut refused = problem.into_response();
        refused.extensions_mut().extend(parts.extensions);
        refused
    }
}

/// The bytes of a large answer. The connection drops them when the peer has them, or is gone.
struct Held {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Share {
    /// Makes it this large; smaller it never gets.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let Some(more) = bytes.checked_sub(self.bytes).filter(|more| *more > 0) else { return Ok(()) };
        let own = self.own().fetch_add(more, Ordering::Relaxed) + more;
        let all = self.room.taken.fetch_add(more, Ordering::Relaxed) + more;
        self.bytes = bytes;
        if all <= self.room.size && own <= self.room.size - all {
            return Ok(());
        }
        // What was too much is given back at once; the request will be refused, so nobody counts on the rest.
        self.release(more);
        Err(Problem::unavailable(
            "overloaded",
            "The daemon has more to do than it can; try again shortly.",
            1,
        ))
    }

    fn own(&self) -> &AtomicUsize {
        &self.room.by_service[self.slot]
    }

    fn release(&mut self, bytes: usize) {
        self.own().fetch_sub(bytes, Ordering::Relaxed);
        self.room.taken.fetch_sub(bytes, Ordering::Relaxed);
        self.bytes -= bytes;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: usize = SMALLEST;

    /// Takes all it gets.
    fn flood(room: &Arc<Room>, service: i64) -> Vec<Share> {
        std::iter::from_fn(|| room.enter(service, PART).ok()).collect()
    }

    #[test]
    fn a_service_may_hold_what_it_leaves_free() {
        let room = Room::new(60 * PART);
        let one = flood(&room, 1);
        assert_eq!(one.len(), 30, "alone half of it");
        let two = flood(&room, 2);
        assert_eq!(two.len(), 15);
        assert!(room.enter(1, PART).is_err());
        assert!(room.enter(3, PART).is_ok(), "who asks little gets in");
        drop((one, two));
        assert_eq!(room.taken.load(Ordering::Relaxed), 0);
        assert!(room.enter(1, 30 * PART).is_ok());
        assert!(room.enter(1, 31 * PART).is_err());
    }

    #[test]
    fn a_share_grows_with_its_body_and_a_refusal_leaves_nothing() {
        let room = Room::new(10 * PART);
        let mut share = room.enter(1, 0).unwrap();
        assert_eq!(share.bytes, PART);
        share.grow_to(3 * PART).unwrap();
        share.grow_to(2 * PART).unwrap();
        assert_eq!(room.taken.load(Ordering::Relaxed), 3 * PART);
        assert_eq!(share.grow_to(6 * PART).unwrap_err().status(), 503);
        assert_eq!(room.taken.load(Ordering::Relaxed), 3 * PART);
        drop(share);
        assert_eq!(room.taken.load(Ordering::Relaxed), 0);
        assert_eq!(room.by_service[1].load(Ordering::Relaxed), 0);
    }
}
