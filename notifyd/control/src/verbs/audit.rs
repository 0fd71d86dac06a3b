//! `notifyctl audit`: who changed what and why.

use crate::refuse;
use crate::session::Session;
use notify_proto::audit::{AuditPage, AuditRequest, MAX_ROWS};
use notify_proto::transport::Reply;

/// Rows when nothing is said.
const USUAL: u32 = 50;

/// A page, newest first.
pub(crate) async fn list(session: &Session, request: AuditRequest) -> Reply<AuditPage> {
    let room = session.look()?;
    let limit = if request.limit == 0 { USUAL } else { request.limit };
    if limit > MAX_ROWS {
        return Err(refuse::invalid(format!("limit: use 1 to {MAX_ROWS} rows, and the cursor for more")));
    }
    room.deps.store.audits(AuditRequest { limit, ..request }).await.map_err(refuse::log)
}
