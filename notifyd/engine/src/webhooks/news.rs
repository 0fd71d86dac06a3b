//! What the loop hears from those it has sent out, and what follows.

use super::callers::Caller;
use super::share::Trust;
use super::{Post, tell};
use crate::dispatch::STORE_PAUSE;
use notify_proto::{DeliveryId, Timestamp};
use notifyd_store::StoreError;
use notifyd_store::api::Verdict;
use notifyd_store::webhooks::{Next, Tried};
use tokio::time::Instant;

/// What others bring to the loop.
pub(super) enum News {
    /// What is owed to an endpoint, and how many were asked for.
    Loaded(i64, usize, Result<Next, StoreError>),
    /// An endpoint is ready to be called; none when it is gone.
    Ready(i64, Result<Option<Caller>, StoreError>),
    /// A try was made; with what was known of the endpoint before.
    Told {
        tried: Tried,
        id: DeliveryId,
        trust: Trust,
    },
    Recorded(Vec<(Tried, DeliveryId)>, Result<Vec<Verdict>, StoreError>),
    Owed(Result<Vec<(i64, Timestamp)>, StoreError>),
}

impl Post {
    pub(super) fn hear(&mut self, news: News) {
        match news {
            News::Owed(Ok(owed)) => {
                let now = self.inner.deps.clock.now();
                let endpoints = self.inner.deps.store.webhooks().endpoints();
                for (no, due) in
                    owed.into_iter().filter(|(no, _)| endpoints.get(*no).is_some_and(|it| it.settings.active))
                {
                    if due <= now {
                        self.lines.entry(no).or_default().more = true;
                        self.queue(no);
                    } else {
                        self.later.insert((due, no));
                    }
                }
            }
            News::Owed(Err(error)) => {
                tracing::error!(%error, "what is owed to webhooks could not be looked up");
            }
            News::Loaded(no, limit, next) => self.came(no, limit, next),
            News::Ready(no, caller) => {
                let Some(line) = self.lines.get_mut(&no) else { return };
                line.preparing = false;
                match caller {
                    Ok(Some(caller)) => {
                        let lines = &self.lines;
                        let busy = |no| lines.get(&no).is_some_and(|line| line.under_way > 0);
                        self.callers.add(no, caller, busy);
                    }
                    // Nothing is told to one that is gone.
                    Ok(None) => self.drop_waiting(no),
                    Err(error) => tracing::error!(%error, "a webhook could not be made ready to be called"),
                }
                self.queue(no);
            }
            News::Told { tried, id, trust } => {
                self.share.give(trust);
                let no = tried.webhook;
                if let Some(line) = self.lines.get_mut(&no) {
                    line.under_way -= 1;
                    self.inner.under_way.set(no, line.under_way);
                    line.trust = if tried.error.is_none() { Trust::Proven } else { Trust::Suspect };
                }
                self.tried.push((tried, id));
                self.queue(no);
            }
            News::Recorded(tries, Ok(verdicts)) => {
                self.recording = false;
                for ((tried, id), verdict) in tries.iter().zip(verdicts) {
                    let no = tried.webhook;
                    if verdict == Verdict::Applied {
                        self.later.extend(tried.again_at.map(|at| (at, no)));
                        tell::told(&self.inner, tried, *id);
                    }
                    let Some(line) = self.lines.get_mut(&no) else { continue };
                    line.recorded(tried.no, tried.number);
                    // Somebody had it told once more meanwhile.
                    line.more |= verdict != Verdict::Applied;
                    self.queue(no);
                }
            }
            News::Recorded(tries, Err(error)) => {
                self.recording = false;
                tracing::warn!(%error, tries = tries.len(), "what webhooks said was not written down; trying again");
                self.tried.splice(0..0, tries);
                self.paused_until = Some(Instant::now() + STORE_PAUSE);
            }
        }
    }

    fn came(&mut self, no: i64, limit: usize, next: Result<Next, StoreError>) {
        let Some(line) = self.lines.get_mut(&no) else { return };
        match next {
            Ok(Next { owed, next }) => {
                line.more |= owed.len() >= limit;
                self.loaded += line.came(owed);
                self.later.extend(next.map(|at| (at, no)));
            }
            Err(error) => {
                tracing::error!(%error, "what is owed to a webhook could not be read");
                line.came(vec![]);
                line.more = true;
            }
        }
        self.queue(no);
    }
}
