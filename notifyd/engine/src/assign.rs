//! Who gets a free slot: looks where everything in memory can go, and takes out of line those whose turn it is.

use crate::attempt::Claimed;
use crate::dispatch::{Dispatch, Ready};
use crate::lines::Loaded;
use crate::settle;
use notify_proto::{Channel, Priority, ProviderId, Timestamp};
use notifyd_lifecycle::candidate::{Choice, Gate, Skip, choose};
use notifyd_lifecycle::order::URGENT;
use notifyd_store::api::Claim;
use std::time::Instant;

/// Claims of one transaction, at most.
const MAX_CLAIMS: usize = 512;

impl Dispatch {
    /// Gives free slots to the jobs whose turn it is.
    pub(crate) fn assign(&mut self, ready: &mut Vec<(Ready, Claim)>) {
        let now = tokio::time::Instant::now().into_std();
        let wall = self.inner.deps.clock.now();
        if self.slots.take_opened() || self.reopens_at.is_some_and(|at| now >= at) {
            self.lines.release_held();
            let all = self.lines.queues.all();
            self.look_again(all, (wall, now));
        }
        let grown = self.lines.queues.grown_restless(now);
        self.look_again(grown, (wall, now));
        let mut moved = true;
        while std::mem::take(&mut moved) && ready.len() < MAX_CLAIMS {
            while let Some(loaded) = self.lines.next_fresh() {
                self.place(loaded, (wall, now));
            }
            for provider in self.lines.queues.waited_for(self.slots.directory().candidates()) {
                moved |= self.serve(provider, ready, (wall, now));
            }
        }
        let waits = self.lines.has_held() || !self.lines.is_empty();
        self.reopens_at = if waits { self.slots.next_reopening(now) } else { None };
        self.restless_at = self.lines.queues.next_restless();
    }

    /// Takes those out of a provider's line whose turn it is, as long as it has free slots. Whether somebody came to stand
    /// elsewhere, so that others are to be looked at once more.
    fn serve(
        &mut self,
        provider: ProviderId,
        ready: &mut Vec<(Ready, Claim)>,
        (wall, now): (Timestamp, Instant),
    ) -> bool {
        let mut moved = false;
        while let Some(least) = self.least(provider, now) {
            if ready.len() >= MAX_CLAIMS {
                return moved;
            }
            let Some(loaded) = self.lines.queues.take_next_of(provider, least, now) else { return moved };
            let urgent = loaded.job.group.priority <= URGENT;
            let gate = |id| self.slots.gate(id, urgent, now);
            match self.choose(&loaded, loaded.is_restless(now), gate) {
                // Another one may have come to be better meanwhile, and is free.
                Choice::Try { channel_index, channel, provider, skipped } => {
                    match self.make_ready(loaded, (channel_index, channel), provider, skipped) {
                        Ok(it) => ready.push(it),
                        Err(loaded) => self.lines.hold(loaded),
                    }
                }
                other => {
                    moved = true;
                    self.put(loaded, other, (wall, now));
                }
            }
        }
        if let Gate::Closed(_) = self.slots.gate(provider, true, now) {
            self.lines.scatter(provider, now);
            moved = true;
        }
        moved
    }

    /// The least urgent work for which a provider has a free slot; none when it has no slot at all.
    fn least(&self, provider: ProviderId, now: Instant) -> Option<Priority> {
        let open = |urgent| self.slots.gate(provider, urgent, now) == Gate::Open;
        if open(false) { Some(Priority::Low) } else { open(true).then_some(URGENT) }
    }

    fn choose(&self, loaded: &Loaded, restless: bool, gate: impl Fn(ProviderId) -> Gate) -> Choice {
        let job = &loaded.job;
        let candidates = self.slots.directory().candidates();
        choose(&job.plan, &job.message, &job.progress, restless, candidates, |candidate| gate(candidate.id))
    }

    /// Where a job could go, whether there is a free slot or not.
    fn could_go(&self, loaded: &Loaded, now: Instant) -> Choice {
        self.choose(loaded, false, |id| match self.slots.gate(id, true, now) {
            Gate::Open | Gate::Busy => Gate::Busy,
            Gate::Closed(reason) => Gate::Closed(reason),
        })
    }

    /// Lets a job stand where it can go, or settles it when there is nowhere to go.
    fn place(&mut self, loaded: Box<Loaded>, at: (Timestamp, Instant)) {
        let choice = self.could_go(&loaded, at.1);
        if let (Choice::Wait(candidates), true) = (&choice, loaded.job.group.priority <= URGENT) {
            self.slots.keep_for_urgent(candidates, at.1);
        }
        self.put(loaded, choice, at);
    }

    /// Looks where those in line can go now: something opened, or they have waited long enough.
    fn look_again(&mut self, seqs: Vec<i64>, at: (Timestamp, Instant)) {
        for seq in seqs {
            let Some(loaded) = self.lines.queues.get(seq) else { continue };
            match self.could_go(loaded, at.1) {
                Choice::Wait(candidates) => self.lines.queues.stand_anew(seq, candidates, at.1),
                other => {
                    let Some(loaded) = self.lines.queues.take(seq) else { continue };
                    self.put(loaded, other, at);
                }
            }
        }
    }

    /// Does with a job that is in no line what was chosen.
    fn put(&mut self, loaded: Box<Loaded>, choice: Choice, (wall, now): (Timestamp, Instant)) {
        match choice {
            Choice::Wait(candidates) => self.lines.queues.stand(loaded, candidates, now),
            Choice::Try { provider, .. } => self.lines.queues.stand(loaded, vec![provider], now),
            Choice::Closed(_) if loaded.job.held && !loaded.job.progress.cost => self.lines.hold(loaded),
            other => {
                self.lines.taken(&loaded);
                let settled = settle::untried(loaded, other, &self.slots, &self.inner, &mut self.rng, wall);
                self.settled.push(settled);
            }
        }
    }

    fn make_ready(
        &mut self,
        loaded: Box<Loaded>,
        (channel_index, channel): (usize, Channel),
        provider: ProviderId,
        skipped: Vec<Skip>,
    ) -> Result<(Ready, Claim), Box<Loaded>> {
        let now = tokio::time::Instant::now().into_std();
        let Some((call, client)) = self.slots.take(provider, &self.inner, now) else { return Err(loaded) };
        let simulated = self.slots.get(provider).is_some_and(|slot| slot.row.simulated);
        let claim = Claim {
            seq: loaded.job.seq,
            fence: loaded.job.fence,
            attempts: loaded.job.attempts,
            at: self.inner.deps.clock.now(),
            channel,
            provider,
            skipped,
            retries: (loaded.job.retry_count > 0).then_some((loaded.job.id, loaded.job.group.service)),
        };
        self.lines.taken(&loaded);
        let claimed = Claimed { loaded, channel, channel_index, provider, simulated, call };
        Ok((Ready { claimed, client }, claim))
    }
}
