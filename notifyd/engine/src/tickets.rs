//! Who stands in whose line.
//!
//! Each provider has one line, in which the rules of turns hold. A job stands in the line of the provider that comes
//! first for it, and in those of all that could take it when its patience has ended. Who stands in several leaves a ticket
//! behind in those where its turn did not come; such tickets are dropped when they come up, or when there are more of them
//! than of the others.

use crate::lines::Loaded;
use notify_proto::{Priority, ProviderId};
use notifyd_lifecycle::candidate::Candidate;
use notifyd_lifecycle::order::Line;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::time::Instant;

/// Tickets left behind that are not worth a walk through the line.
const LITTER: usize = 64;

/// A place in a line; who was accepted first comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ticket {
    /// Whose.
    seq: i64,
    /// No two tickets have the same: who leaves a line and comes back has another place.
    no: u64,
}

/// Where a job stands.
#[derive(Default)]
pub(crate) struct Stand {
    /// In whose lines and with which tickets, the one that comes first in front.
    places: Vec<(ProviderId, u64)>,
    /// By which ticket the end of its patience is awaited.
    awaited: Option<u64>,
}

/// The line in front of one provider.
#[derive(Default)]
struct Queue {
    line: Line<Ticket>,
    /// Those who stand in it; the other tickets were left behind.
    standing: usize,
}

/// All lines.
#[derive(Default)]
pub(crate) struct Queues {
    /// Who stands in any, by number.
    waiting: HashMap<i64, Box<Loaded>>,
    lines: BTreeMap<ProviderId, Queue>,
    /// When the patience of those in line ends. Those that have left by then are passed over.
    patience: BinaryHeap<Reverse<(Instant, Ticket)>>,
    /// Tickets given out.
    tickets: u64,
}

impl Queues {
    /// Lets a job stand where it can go: `candidates`, best first. In the first one's line while it is patient, in all
    /// of them from then on.
    pub(crate) fn stand(&mut self, mut loaded: Box<Loaded>, candidates: Vec<ProviderId>, now: Instant) {
        let mut wanted = candidates;
        let seq = loaded.job.seq;
        if !loaded.is_restless(now) && wanted.len() > 1 {
            wanted.truncate(1);
            if let Some(at) = loaded.restless.filter(|_| loaded.stand.awaited.is_none()) {
                let ticket = self.ticket(seq);
                loaded.stand.awaited = Some(ticket.no);
                self.patience.push(Reverse((at, ticket)));
            }
        }
        let before = std::mem::take(&mut loaded.stand.places);
        for provider in &wanted {
            let place = before.iter().find(|(id, _)| id == provider).copied();
            let place = place.unwrap_or_else(|| (*provider, self.enter(*provider, &loaded)));
            loaded.stand.places.push(place);
        }
        self.waiting.insert(seq, loaded);
        for (provider, _) in before {
            if !wanted.contains(&provider) {
                self.left(provider);
            }
        }
        // Who has left is not awaited any more, however long its patience would have been.
        if self.patience.len() > 2 * self.waiting.len() + LITTER {
            let waiting = &self.waiting;
            self.patience.retain(|Reverse((_, ticket))| is_awaited(waiting, *ticket));
        }
    }

    /// Lets one that stands already stand there instead; where it stood before, it keeps its place.
    pub(crate) fn stand_anew(&mut self, seq: i64, candidates: Vec<ProviderId>, now: Instant) {
        if let Some(loaded) = self.waiting.remove(&seq) {
            self.stand(loaded, candidates, now);
        }
    }

    fn ticket(&mut self, seq: i64) -> Ticket {
        self.tickets += 1;
        Ticket { seq, no: self.tickets }
    }

    /// Puts it into a line. Answers the number of its ticket.
    fn enter(&mut self, provider: ProviderId, loaded: &Loaded) -> u64 {
        let ticket = self.ticket(loaded.job.seq);
        let queue = self.lines.entry(provider).or_default();
        queue.standing += 1;
        queue.line.push(loaded.job.group, loaded.ripe, ticket);
        ticket.no
    }

    /// Somebody left a line.
    fn left(&mut self, provider: ProviderId) {
        let Some(queue) = self.lines.get_mut(&provider) else { return };
        queue.standing -= 1;
        if queue.line.len() > 2 * queue.standing + LITTER {
            queue.line.retain(|ticket| stands(&self.waiting, *ticket, provider));
        }
    }

    /// Takes a job out of all lines in which it stands.
    pub(crate) fn take(&mut self, seq: i64) -> Option<Box<Loaded>> {
        let mut loaded = self.waiting.remove(&seq)?;
        for (provider, _) in std::mem::take(&mut loaded.stand).places {
            self.left(provider);
        }
        Some(loaded)
    }

    /// Who is in line under this number.
    pub(crate) fn get(&self, seq: i64) -> Option<&Loaded> {
        self.waiting.get(&seq).map(|it| &**it)
    }

    /// Takes the job whose turn it is with a provider, of those that are at least so urgent; it has had its turn.
    pub(crate) fn take_next_of(
        &mut self,
        provider: ProviderId,
        least: Priority,
        now: Instant,
    ) -> Option<Box<Loaded>> {
        let waiting = &self.waiting;
        let queue = self.lines.get_mut(&provider)?;
        let (_, _, ticket) = queue.line.pop(now, least, |ticket| stands(waiting, *ticket, provider))?;
        self.take(ticket.seq)
    }

    /// Removes a line. Answers those who stand in no other, in the order of turns.
    pub(crate) fn scatter(&mut self, provider: ProviderId, now: Instant) -> VecDeque<Box<Loaded>> {
        let mut alone = VecDeque::new();
        let Some(mut queue) = self.lines.remove(&provider) else { return alone };
        loop {
            let waiting = &self.waiting;
            let next = queue.line.pop(now, Priority::Low, |ticket| stands(waiting, *ticket, provider));
            let Some((_, _, ticket)) = next else { return alone };
            let Some(loaded) = self.waiting.get_mut(&ticket.seq) else { continue };
            loaded.stand.places.retain(|(id, _)| *id != provider);
            if loaded.stand.places.is_empty() {
                alone.extend(self.take(ticket.seq));
            }
        }
    }

    /// All numbers in line, in the order they were accepted.
    pub(crate) fn all(&self) -> Vec<i64> {
        let mut all: Vec<i64> = self.waiting.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// Those in line whose patience has ended by now.
    pub(crate) fn grown_restless(&mut self, now: Instant) -> Vec<i64> {
        let mut grown = Vec::new();
        while self.next_restless().is_some_and(|at| at <= now) {
            grown.extend(self.patience.pop().map(|Reverse((_, ticket))| ticket.seq));
        }
        grown
    }

    /// When the patience of somebody in line ends.
    pub(crate) fn next_restless(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, ticket))) = self.patience.peek() {
            if is_awaited(&self.waiting, *ticket) {
                return Some(*at);
            }
            self.patience.pop();
        }
        None
    }

    /// The providers that are waited for, those first that come first; who is not among the candidates any more, last.
    pub(crate) fn waited_for(&self, candidates: &[Candidate]) -> Vec<ProviderId> {
        let waited_for = self.lines.iter().filter(|(_, queue)| queue.standing > 0);
        let mut all: Vec<_> = waited_for.map(|(provider, _)| *provider).collect();
        all.sort_by_cached_key(|id| candidates.iter().position(|it| it.id == *id).unwrap_or(usize::MAX));
        all
    }

    /// What stands in line, with whom it waits for first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ProviderId, &Loaded)> {
        self.waiting.values().filter_map(|it| Some((it.stand.places.first()?.0, &**it)))
    }

    /// Tickets left behind, and those of whose patience the end is awaited though they may have left.
    #[cfg(test)]
    pub(crate) fn litter(&self) -> (usize, usize) {
        (self.lines.values().map(|queue| queue.line.len() - queue.standing).sum(), self.patience.len())
    }

    /// Drops lines of providers nobody waits for, so that those long gone leave no trace.
    pub(crate) fn tidy(&mut self) {
        self.lines.retain(|_, queue| queue.standing > 0);
    }
}

/// Whether a ticket is of somebody who stands in this line with it.
fn stands(waiting: &HashMap<i64, Box<Loaded>>, ticket: Ticket, provider: ProviderId) -> bool {
    waiting.get(&ticket.seq).is_some_and(|it| it.stand.places.contains(&(provider, ticket.no)))
}

/// Whether the end of the patience of somebody in line is awaited by this ticket.
fn is_awaited(waiting: &HashMap<i64, Box<Loaded>>, ticket: Ticket) -> bool {
    waiting.get(&ticket.seq).is_some_and(|it| it.stand.awaited == Some(ticket.no))
}
