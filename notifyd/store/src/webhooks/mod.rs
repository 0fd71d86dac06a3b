//! Webhooks: who is told of what, what is owed to them, and what came of telling it.
//!
//! The outbox is a table: [`outbox`] writes a row for each event owed to one webhook, in the transaction of the step it
//! tells of. [`send`] reads what is due ([`story`]) and writes down what came of it; [`list`] is for those who look,
//! [`again`](mod@again) what was not taken, [`due`](mod@due) counts by when it is, [`acks`](mod@acks) for the figures of a
//! service; [`recover`] has something told once more. [`rows`] is the table of webhooks, [`once`] creates no second one for
//! the same request, and [`endpoint`] is what of them is in memory.

mod acks;
mod again;
mod due;
mod endpoint;
mod list;
mod once;
pub(crate) mod outbox;
mod recover;
mod rows;
mod send;
mod story;

pub(crate) use acks::acks;
pub use again::{Again, Found, Sought};
pub use due::{Due, Owing};
pub use endpoint::{Endpoints, Private, Webhook};
pub use list::Page;
pub(crate) use list::Wanted;
pub(crate) use list::{forget, sweep};
pub use notifyd_lifecycle::webhook::Settings;
pub use once::Created;
pub(crate) use recover::again as tell_again;
pub(crate) use rows::remove_all;
pub use story::{Next, Owed, Story, Tried};

use crate::api::{Audit, Idempotency, Scope, Verdict};
use crate::error::{Result, StoreError};
use crate::row::word;
use crate::seal::Seal;
use crate::sqlite::SqliteStore;
use crate::writer::Kind;
use async_trait::async_trait;
use notify_proto::webhook::{DeliveryDetail, DeliveryView, WebhookStats};
use notify_proto::{DeliveryId, NotificationId, Timestamp, WebhookEvent, WebhookId, WebhookStatus};
use notifyd_lifecycle::Entropy;
use rusqlite::Connection;
use std::collections::HashMap;
use std::sync::Arc;

/// A new webhook.
pub struct NewWebhook {
    /// Its id.
    pub id: WebhookId,
    /// The store's number of its service.
    pub service: i64,
    /// How it is set.
    pub settings: Settings,
    /// Its secret and its headers.
    pub private: Private,
    /// How many its service may have at most.
    pub most: usize,
}

/// How much of what a webhook was told it has not taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Told for the first time, or once more, as soon as it may be.
    pub pending: u64,
    /// Told again: it was not taken yet.
    pub retrying: u64,
    /// Given up, and kept.
    pub failed: u64,
}

impl Tally {
    /// What is owed.
    pub const fn owed(self) -> u64 {
        self.pending + self.retrying
    }
}

/// A change of a webhook, made from a look at it.
pub struct WebhookUpdate {
    /// The store's number.
    pub no: i64,
    /// Its id.
    pub id: WebhookId,
    /// Its revision at that look.
    pub revision: i64,
    /// How it is set from now on.
    pub settings: Settings,
    /// Its secret and its headers; none keeps them.
    pub private: Option<Private>,
    /// Whether the secret in it is a new one.
    pub renewed: bool,
    /// Until when the secret before this one signs as well.
    pub old_until: Option<Timestamp>,
    /// Its word in the audit log.
    pub verb: &'static str,
}

/// Webhooks and what is owed to them.
#[async_trait]
pub trait Webhooks: Send + Sync + 'static {
    /// All of them, as they are now.
    fn endpoints(&self) -> Arc<Endpoints>;

    /// The secret and the headers of one.
    async fn private(&self, no: i64) -> Result<Option<Private>>;

    /// Adds one, unless its service has as many as it may have.
    async fn create(&self, new: NewWebhook, audit: Audit) -> Result<()>;

    /// The same, unless one was created for this key by the same request.
    async fn create_once(&self, new: NewWebhook, key: Idempotency, audit: Audit) -> Result<Created>;

    /// What came of the request that used this key before.
    async fn created_before(&self, service: i64, key: Idempotency) -> Result<Option<Created>>;

    /// Changes one, unless somebody else did since it was looked at. Whoever switches one on gives it another chance.
    async fn update(&self, update: WebhookUpdate, audit: Audit) -> Result<Verdict>;

    /// Removes one, with all that is owed to it and all that was told.
    async fn remove(&self, no: i64, id: WebhookId, audit: Audit) -> Result<()>;

    /// Owes one an event of no notification, to try it.
    async fn test(&self, no: i64, id: DeliveryId, event: WebhookEvent, audit: Audit) -> Result<()>;

    /// All to which something is owed, with the time of what is due first.
    async fn owed(&self) -> Result<Vec<(i64, Timestamp)>>;

    /// What is owed to one and due, oldest first, at most so many.
    async fn load(&self, no: i64, now: Timestamp, limit: usize) -> Result<Next>;

    /// Writes down what came of tries; one verdict for each, in order.
    async fn acknowledge(&self, tries: Vec<Tried>) -> Result<Vec<Verdict>>;

    /// Events that are owed now; no query.
    fn pending(&self) -> u64;

    /// How much of what each was told is not taken, by its number; those that took all are absent. No query.
    fn tallies(&self) -> HashMap<i64, Tally>;

    /// What was told to one, newest first.
    async fn deliveries(&self, no: i64, page: Page) -> Result<Vec<DeliveryView>>;

    /// What was told of one notification, oldest first.
    async fn told_of(&self, id: NotificationId) -> Result<Vec<DeliveryView>>;

    /// One, with its tries.
    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryDetail>>;

    /// One as it is sent.
    async fn told(&self, id: DeliveryId) -> Result<Option<Owed>>;

    /// Has one told once more, whether it was taken or given up; whether that could be: one that is still owed is told now.
    async fn redeliver(&self, id: DeliveryId, audit: Audit) -> Result<bool>;

    /// What was not taken and is told again, of all webhooks that are switched on, soonest first.
    async fn told_again(&self, sought: Sought) -> Result<Found>;

    /// How much is due when, by webhook: the moments part the places, the earliest first. Of more than two million not all
    /// are looked at.
    async fn due(&self, what: Owing, edges: Vec<Timestamp>) -> Result<Due>;

    /// How many of one's match.
    async fn count(&self, no: i64, page: Page) -> Result<u64>;

    /// How one has done since then.
    async fn stats(&self, no: i64, since: Timestamp) -> Result<WebhookStats>;
}

#[async_trait]
impl Webhooks for SqliteStore {
    fn endpoints(&self) -> Arc<Endpoints> {
        self.shared().endpoints.load_full()
    }

    async fn private(&self, no: i64) -> Result<Option<Private>> {
        let endpoints = self.endpoints();
        let Some(webhook) = endpoints.get(no) else { return Ok(None) };
        let sealed = self.read(move |connection, _| rows::sealed(connection, no)).await?;
        sealed.map(|sealed| open(self.seal(), webhook.id, &sealed)).transpose()
    }

    async fn create(&self, new: NewWebhook, audit: Audit) -> Result<()> {
        let sealed = close(self.seal(), new.id, &new.private, self.entropy())?;
        self.writer()?.run_alone(move |desk| rows::create(desk, &new, &sealed, &audit)).await
    }

    async fn create_once(&self, new: NewWebhook, key: Idempotency, audit: Audit) -> Result<Created> {
        let sealed = close(self.seal(), new.id, &new.private, self.entropy())?;
        self.writer()?.run_alone(move |desk| once::create(desk, &new, &sealed, &key, &audit)).await
    }

    async fn created_before(&self, service: i64, key: Idempotency) -> Result<Option<Created>> {
        self.writer()?.run_alone(move |desk| once::used(desk, service, &key)).await
    }

    async fn update(&self, update: WebhookUpdate, audit: Audit) -> Result<Verdict> {
        let seal = |private: &Private| close(self.seal(), update.id, private, self.entropy());
        let sealed = update.private.as_ref().map(seal).transpose()?;
        self.writer()?.run_alone(move |desk| rows::update(desk, &update, sealed.as_deref(), &audit)).await
    }

    async fn remove(&self, no: i64, id: WebhookId, audit: Audit) -> Result<()> {
        self.writer()?.run_alone(move |desk| rows::remove(desk, no, id, &audit)).await
    }

    async fn test(&self, no: i64, id: DeliveryId, event: WebhookEvent, audit: Audit) -> Result<()> {
        self.writer()?.run_alone(move |desk| outbox::test(desk, no, id, event, &audit)).await
    }

    async fn owed(&self) -> Result<Vec<(i64, Timestamp)>> {
        self.read(|connection, _| send::owed(connection)).await
    }

    async fn load(&self, no: i64, now: Timestamp, limit: usize) -> Result<Next> {
        self.read(move |connection, directory| send::load(connection, directory, no, now, limit)).await
    }

    async fn acknowledge(&self, tries: Vec<Tried>) -> Result<Vec<Verdict>> {
        let weight = tries.len();
        self.writer()?.run(Kind::Outcome, weight, move |desk| send::acknowledge(desk, &tries)).await
    }

    fn pending(&self) -> u64 {
        self.shared().told.owed()
    }

    fn tallies(&self) -> HashMap<i64, Tally> {
        self.shared().told.by_webhook()
    }

    async fn deliveries(&self, no: i64, page: Page) -> Result<Vec<DeliveryView>> {
        let endpoints = self.endpoints();
        self.ask(move |connection, _| list::deliveries(connection, &endpoints, no, &page)).await
    }

    async fn told_again(&self, sought: Sought) -> Result<Found> {
        let endpoints = self.endpoints();
        self.read(move |connection, _| again::find(connection, &endpoints, &sought)).await
    }

    async fn due(&self, what: Owing, edges: Vec<Timestamp>) -> Result<Due> {
        // What is told again has an index of its own, whoever it is owed to.
        let mut owed = match what {
            Owing::All => {
                let tallies = self.tallies().into_iter();
                tallies.filter(|(_, it)| it.owed() > 0).map(|(no, _)| no).collect()
            }
            Owing::Again => Vec::new(),
        };
        owed.sort_unstable();
        let look = |few| {
            let (endpoints, owed, edges) = (self.endpoints(), owed.clone(), edges.clone());
            self.ask(move |connection, _| due::due(connection, &endpoints, what, &owed, &edges, few))
        };
        match look(false).await {
            // Less is better than nothing, and says that it is less.
            Err(StoreError::Slow) => look(true).await,
            found => found,
        }
    }

    async fn told_of(&self, id: NotificationId) -> Result<Vec<DeliveryView>> {
        let endpoints = self.endpoints();
        self.ask(move |connection, _| list::of_notification(connection, &endpoints, id)).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryDetail>> {
        let endpoints = self.endpoints();
        self.ask(move |connection, _| list::delivery(connection, &endpoints, id)).await
    }

    async fn told(&self, id: DeliveryId) -> Result<Option<Owed>> {
        self.ask(move |connection, directory| send::one(connection, directory, id)).await
    }

    async fn redeliver(&self, id: DeliveryId, audit: Audit) -> Result<bool> {
        self.writer()?.run_alone(move |desk| recover::redeliver(desk, id, &audit)).await
    }

    async fn count(&self, no: i64, page: Page) -> Result<u64> {
        self.ask(move |connection, _| list::count(connection, no, &page)).await
    }

    async fn stats(&self, no: i64, since: Timestamp) -> Result<WebhookStats> {
        self.ask(move |connection, _| list::stats(connection, no, since)).await
    }
}

/// The numbers of those of a service, or of all.
pub(crate) fn numbers(endpoints: &Endpoints, scope: Scope) -> Vec<i64> {
    match scope {
        Scope::Service(service) => endpoints.of(service).map(|it| it.no).collect(),
        Scope::All => endpoints.all().map(|it| it.no).collect(),
    }
}

/// Reads all of them at start.
pub(crate) fn read(connection: &Connection) -> Result<Endpoints> {
    rows::all(connection).map(Endpoints::new).map_err(StoreError::Read)
}

/// The newest event that was owed to any; 0 when there is none.
pub(crate) fn newest(connection: &Connection) -> Result<i64> {
    connection
        .query_row(include_str!("../sql/delivery_newest.sql"), [], |row| row.get(0))
        .map_err(StoreError::Read)
}

/// How many events of each stand where, but for what was taken.
pub(crate) fn count(connection: &Connection) -> Result<Vec<(i64, WebhookStatus, i64)>> {
    let read = || {
        let mut query = connection.prepare(include_str!("../sql/deliveries_standing.sql"))?;
        query
            .query_map([], |row| Ok((row.get(0)?, word(row, 1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()
    };
    read().map_err(StoreError::Read)
}

/// The same with the rows of these numbers as they are now.
pub(crate) fn changed(
    connection: &Connection,
    before: &Endpoints,
    nos: &[i64],
) -> rusqlite::Result<Endpoints> {
    let mut after = before.clone();
    for no in nos {
        after.replace(*no, rows::one(connection, *no)?);
    }
    Ok(after)
}

fn place(id: WebhookId) -> Vec<u8> {
    [b"webhooks.private:".as_slice(), id.as_bytes()].concat()
}

fn close(seal: &Seal, id: WebhookId, private: &Private, entropy: &dyn Entropy) -> Result<Vec<u8>> {
    seal.close(&place(id), private.to_bytes().expose(), entropy)
}

fn open(seal: &Seal, id: WebhookId, sealed: &[u8]) -> Result<Private> {
    seal.unlock(&place(id), sealed).and_then(|bytes| Private::from_bytes(&bytes)).ok_or_else(|| {
        StoreError::Seal("the secret cannot be opened: is this the master key it was sealed with?".into())
    })
}
