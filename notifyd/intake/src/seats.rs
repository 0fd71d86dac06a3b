//! How many connections there may be, in all and of one peer.

use notifyd_lifecycle::Household;
use notifyd_store::Cause;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The seats.
pub(crate) struct Seats {
    total: usize,
    per_peer: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    total: usize,
    by_peer: HashMap<Household, usize>,
}

/// One connection's seat; free again when it is dropped.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    peer: Household,
}

/// Why there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The house is full.
    House,
    /// This peer has all it may have.
    Peer,
    /// Nothing new can be taken, and enough connections are open.
    Latched(Cause),
}

impl Seats {
    pub(crate) fn new(total: usize, per_peer: usize) -> Arc<Self> {
        Arc::new(Self { total, per_peer, taken: Mutex::default() })
    }

    /// Takes a seat while nothing new can be taken: a quarter of the house is enough for those who look how it is, and a
    /// crowd that tries again and again is turned away at the door.
    pub(crate) fn take_latched(self: &Arc<Self>, peer: IpAddr, cause: Cause) -> Result<Seat, Full> {
        let crowded = self.taken.lock().unwrap_or_else(PoisonError::into_inner).total * 4 >= self.total;
        if crowded { Err(Full::Latched(cause)) } else { self.take(peer) }
    }

    /// Takes a seat.
    pub(crate) fn take(self: &Arc<Self>, peer: IpAddr) -> Result<Seat, Full> {
        let peer = Household::of(peer);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.by_peer.get(&peer).is_some_and(|count| *count >= self.per_peer) {
            return Err(Full::Peer);
        }
        if taken.total >= self.total {
            return Err(Full::House);
        }
        taken.total += 1;
        *taken.by_peer.entry(peer).or_default() += 1;
        Ok(Seat { seats: Arc::clone(self), peer })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total -= 1;
        if let Some(count) = taken.by_peer.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                taken.by_peer.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_cannot_take_more_than_its_share_and_seats_come_back() {
        let seats = Seats::new(3, 2);
        let peer = |text: &str| text.parse::<IpAddr>().unwrap();
        let first = seats.take(peer("10.0.0.1")).unwrap();
        let _second = seats.take(peer("10.0.0.1")).unwrap();
        assert_eq!(seats.take(peer("10.0.0.1")).err(), Some(Full::Peer));
        let _third = seats.take(peer("2001:db8::1")).unwrap();
        assert_eq!(seats.take(peer("10.0.0.2")).err(), Some(Full::House));
        drop(first);
        let _fourth = seats.take(peer("2001:db8::2")).unwrap();
        assert_eq!(seats.take(peer("2001:db8::3")).err(), Some(Full::Peer), "one network is one peer");
    }
}
