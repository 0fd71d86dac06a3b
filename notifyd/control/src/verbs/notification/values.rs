//! `notifyctl notification count --by`, and what filters are completed with.

use super::check;
use crate::refuse;
use crate::session::Session;
use notify_proto::filter::Filter;
use notify_proto::transport::Reply;
use notify_proto::values::ValuesView;

/// What the newest that match have in their fields.
pub(crate) async fn values(session: &Session, filter: Filter) -> Reply<ValuesView> {
    let room = session.look()?;
    check(session, &filter)?;
    room.deps.store.values(filter).await.map_err(refuse::log)
}
