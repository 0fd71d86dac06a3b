//! Has a webhook told once more what it did not take: which events, and a step of it.

use super::walk::walk;
use super::{Operation, Work, rows, to_json};
use crate::desk::Desk;
use crate::error::{Result, StoreError};
use crate::row::{millis, moment};
use crate::webhooks::{Endpoints, Page, Wanted, tell_again};
use notify_proto::upkeep::OperationState;
use notify_proto::{Timestamp, WebhookEvent, WebhookId, WebhookStatus};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use serde::{Deserialize, Serialize};

/// Which events one webhook is told once more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// Which webhook.
    pub webhook: WebhookId,
    /// Those that stand there.
    pub statuses: Vec<WebhookStatus>,
    /// Those of these events; any when there is none.
    #[serde(default)]
    pub events: Vec<WebhookEvent>,
    /// Owed at this moment or later.
    pub since: Timestamp,
    /// Owed before.
    pub until: Timestamp,
    /// How many a second; as fast as it goes when there is none.
    #[serde(default)]
    pub rate_per_second: Option<f64>,
}

impl Recovery {
    /// How many a second when nobody says: the endpoint may just have come back.
    pub const RATE: f64 = 50.0;

    /// The same as a question.
    pub fn page(&self) -> Page {
        Page {
            status: self.statuses.clone(),
            events: self.events.clone(),
            since: Some(self.since),
            until: Some(self.until),
            ..Page::default()
        }
    }
}

/// The next that match, at the time of a look.
#[derive(Debug, PartialEq, Eq)]
pub struct Selected {
    /// The cursor they were looked for behind.
    from: i64,
    /// Their numbers, ascending.
    nos: Vec<i64>,
    /// Where the cursor is once these are dealt with.
    next: i64,
}

/// Looks behind the cursor of an operation, at so many events at once; none when it does not run.
pub fn next(
    connection: &Connection,
    endpoints: &Endpoints,
    no: i64,
    most: usize,
    span: i64,
) -> Result<Option<Selected>> {
    let Some(operation) = rows::find(connection, no)? else { return Ok(None) };
    let Operation { work: Some(Work::Recovery(recovery)), state: OperationState::Running, .. } = &operation
    else {
        return Ok(None);
    };
    let from = operation.cursor;
    let Some(webhook) = endpoints.find(recovery.webhook) else {
        return Ok(Some(Selected { from, nos: Vec::new(), next: from }));
    };
    let Wanted { text, values } = recovery.page().wanted(webhook.no);
    let sql = format!(
        "SELECT d.no FROM deliveries d WHERE {text} AND d.no > ? AND d.no <= ? ORDER BY d.no LIMIT ?"
    );
    let (nos, next) = walk(connection, &sql, &values, &operation, most, span)?;
    Ok(Some(Selected { from, nos, next }))
}

/// Has those of the selected that still match told once more, and moves the cursor behind them; where the operation stands
/// then. Does nothing when it does not run any more, or when somebody else has moved the cursor.
pub fn step(desk: &mut Desk<'_>, no: i64, selected: &Selected) -> Result<Option<Operation>> {
    let Some(mut operation) = rows::find_in(desk, no)? else { return Ok(None) };
    let Some(Work::Recovery(recovery)) = &operation.work else { return Ok(Some(operation)) };
    if operation.state != OperationState::Running || operation.cursor != selected.from {
        return Ok(Some(operation));
    }
    let Some(webhook) = desk.endpoints().find(recovery.webhook).map(|it| it.no) else {
        let end = super::End::failed(&operation, format!("webhook {} was removed", recovery.webhook));
        rows::end(desk, no, &end)?;
        return rows::find_in(desk, no);
    };
    let nos = matching(desk, recovery, webhook, &selected.nos)?;
    operation.done += tell_again(desk, webhook, &nos)?;
    operation.cursor = selected.next;
    if operation.cursor >= operation.upto {
        operation.state = OperationState::Done;
        operation.ended_at = Some(moment(millis(desk.now())));
    }
    rows::write(desk, &operation)?;
    Ok(Some(operation))
}

/// Those of the selected that still match and are not owed.
fn matching(desk: &Desk<'_>, recovery: &Recovery, webhook: i64, nos: &[i64]) -> Result<Vec<i64>> {
    if nos.is_empty() {
        return Ok(Vec::new());
    }
    let Wanted { text, values } = recovery.page().wanted(webhook);
    let sql = format!(
        "SELECT d.no FROM json_each(?) it CROSS JOIN deliveries d ON d.no = it.value WHERE {text} ORDER BY d.no"
    );
    let values = std::iter::once(Value::from(to_json(&nos)?)).chain(values);
    let mut query = desk.prepare(&sql)?;
    let rows = query.query_map(params_from_iter(values), |row| row.get(0)).map_err(StoreError::Write)?;
    rows.collect::<rusqlite::Result<_>>().map_err(StoreError::Write)
}
