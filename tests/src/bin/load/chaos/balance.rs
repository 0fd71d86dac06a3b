//! The books at the end: what was acknowledged, what became of it, and whether every call has its reason.

use crate::wire::now;
use anyhow::Result;
use notify_proto::{AttemptStatus, NotificationId, Status};
use notify_tests::control::Control;
use notify_tests::record;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

/// How long the last deliveries may take, when nothing is wrong any more.
const PATIENCE: Duration = Duration::from_secs(180);

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// The balance.
#[derive(Debug, Default)]
pub struct Balance {
    /// Acknowledged and come to an end.
    pub finished: u64,
    /// Acknowledged and not in the log.
    pub lost: u64,
    /// In the log without an end.
    pub unfinished: u64,
    /// In the log and never acknowledged.
    pub unknown: u64,
    /// Delivered.
    pub delivered: u64,
    /// Calls of providers.
    pub calls: u64,
    /// Calls that no attempt explains, or that were made twice for one attempt.
    pub unexplained: u64,
    /// Notifications with more than one call that may have arrived.
    pub duplicates: u64,
    /// Those of them that are not marked as possible duplicates.
    pub unflagged: u64,
    /// Notifications that are marked.
    pub flagged: u64,
}

impl Balance {
    /// Waits for the ends, and draws it up.
    pub async fn draw(control: &Control, acknowledged: &[NotificationId], calls: &Path) -> Result<Self> {
        let started = now();
        while started.elapsed() < PATIENCE && !all_final(control).await? {
            tokio::time::sleep(LOOK).await;
        }
        let mut balance = Self::default();
        let mut missing: HashSet<NotificationId> = acknowledged.iter().copied().collect();
        let mut calls = record::attempts(calls);
        let mut several: Vec<(NotificationId, bool, Vec<u32>)> = Vec::new();
        control
            .each(|it| {
                let status = it.status.known();
                let known = missing.remove(&it.id);
                let ended = status.is_some_and(Status::is_final);
                balance.finished += u64::from(known && ended);
                balance.unfinished += u64::from(!ended);
                balance.unknown += u64::from(!known);
                balance.delivered += u64::from(status == Some(Status::Delivered));
                balance.flagged += u64::from(it.possible_duplicate);
                let called = calls.remove(&it.id.to_string()).unwrap_or_default();
                balance.calls += called.len() as u64;
                // One call of what is delivered is as it should be; of everything else the story is read.
                if called.len() != 1 || status != Some(Status::Delivered) {
                    several.push((it.id, it.possible_duplicate, called));
                }
            })
            .await?;
        balance.lost = missing.len() as u64;
        let strangers: usize = calls.values().map(Vec::len).sum();
        balance.calls += strangers as u64;
        balance.unexplained += strangers as u64;
        for (id, flagged, called) in several {
            balance.explain(control, id, flagged, called).await?;
        }
        Ok(balance)
    }

    /// Holds the calls of one notification against its story.
    async fn explain(
        &mut self,
        control: &Control,
        id: NotificationId,
        flagged: bool,
        mut called: Vec<u32>,
    ) -> Result<()> {
        let story = control.story(id).await?;
        let attempts: HashMap<u32, Option<AttemptStatus>> =
            story.attempts.iter().map(|attempt| (attempt.number, attempt.status.known())).collect();
        let all = called.len();
        called.sort_unstable();
        called.dedup();
        self.unexplained += (all - called.len()) as u64;
        let mut arrived = 0;
        for number in called {
            match attempts.get(&number).copied().flatten() {
                Some(AttemptStatus::Delivered | AttemptStatus::InDoubt) => arrived += 1,
                Some(AttemptStatus::Failed) => {}
                _ => self.unexplained += 1,
            }
        }
        // What is said to be delivered was called.
        let delivered = story.notification.status.known() == Some(Status::Delivered);
        self.unexplained += u64::from(delivered && arrived == 0);
        if arrived > 1 {
            self.duplicates += 1;
            self.unflagged += u64::from(!flagged);
        }
        Ok(())
    }
}

async fn all_final(control: &Control) -> Result<bool> {
    let by_status = control.status().await?.by_status;
    let open = |name: &str| !name.parse::<Status>().is_ok_and(Status::is_final);
    Ok(!by_status.iter().any(|(name, count)| *count > 0 && open(name)))
}
