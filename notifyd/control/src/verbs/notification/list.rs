//! `notifyctl notification list` and `count`.

use super::told_again;
use crate::session::{Room, Session};
use crate::{bound, mask, refuse};
use notify_proto::control::{ListRequest, WithWebhooks};
use notify_proto::filter::{Field, Filter, MAX_TERMS, MAX_VALUES, Term};
use notify_proto::line::LinePage;
use notify_proto::transport::Reply;
use notify_proto::view::NotificationPage;
use notify_proto::{ApiError, ErrorCode, Status};
use notifyd_store::Scope;
use notifyd_store::api::{Page, Total};
use std::collections::BTreeMap;

/// What is listed, and in which order.
#[derive(Clone, Copy)]
pub(in crate::verbs) enum Order {
    /// All, newest first.
    Newest,
    /// What waits for a time, soonest first.
    Soonest,
}

/// A page, newest first.
pub(crate) async fn list(session: &Session, request: ListRequest) -> Reply<NotificationPage> {
    page(session, request, Order::Newest).await
}

/// Bytes of a page of lines beyond which it takes no more (control contract: 45 KB).
const MAX_LINES: usize = 45_000;

/// The same as lines, in either order.
pub(crate) async fn lines(session: &Session, request: ListRequest, soonest: bool) -> Reply<LinePage> {
    let page = whole_lines(session, request.clone(), soonest).await?;
    let fitting = bound::fitting_in(&page.items, MAX_LINES);
    if fitting >= page.items.len() {
        return Ok(page);
    }
    // The cursor belongs to a whole page, so a shorter one is read again.
    let limit = u32::try_from(fitting).unwrap_or(1);
    whole_lines(session, ListRequest { limit, ..request }, soonest).await
}

async fn whole_lines(session: &Session, request: ListRequest, soonest: bool) -> Reply<LinePage> {
    let order = if soonest { Order::Soonest } else { Order::Newest };
    if soonest && request.webhooks != WithWebhooks::No {
        return told_again::lines(session, request).await;
    }
    Ok(page(session, request, order).await?.into())
}

/// A page in this order.
pub(in crate::verbs) async fn page(
    session: &Session,
    request: ListRequest,
    order: Order,
) -> Reply<NotificationPage> {
    let room = session.look()?;
    check(session, &request.filter)?;
    if request.most_tried && (request.cursor.is_some() || matches!(order, Order::Soonest)) {
        return Err(refuse::invalid("most_tried: it is one page of all notifications; leave out the cursor"));
    }
    if request.webhooks != WithWebhooks::No {
        return Err(refuse::invalid("webhooks: lines in the order of due times have them, no other list"));
    }
    if request.reveal {
        let what = match order {
            Order::Newest => "notification list",
            Order::Soonest => "schedule list",
        };
        session.reveal("notification.reveal", what).await?;
    }
    let limit = request.size();
    let mut page = read(room, &request, order, limit).await?;
    if bound::may_exceed(&page.items) && bound::size(&page) > bound::MAX_ANSWER {
        // The cursor belongs to a whole page, so a shorter page is read again.
        let fitting = u32::try_from(bound::fitting(&page.items)).unwrap_or(1);
        page = read(room, &request, order, fitting.min(limit)).await?;
    }
    Ok(page)
}

async fn read(room: &Room, request: &ListRequest, order: Order, limit: u32) -> Reply<NotificationPage> {
    let store = &room.deps.store;
    let counted = request.filter.terms.is_empty() && matches!(order, Order::Newest);
    let page = Page {
        filter: request.filter.clone(),
        skip: 0,
        limit,
        cursor: request.cursor.clone(),
        total: if request.cursor.is_none() && !counted { Total::Soon } else { Total::Not },
        most_tried: request.most_tried,
    };
    let page = match order {
        Order::Newest => store.list(Scope::All, page).await,
        Order::Soonest => store.schedule(page).await,
    };
    let mut page = page.map_err(refuse::log)?;
    if counted {
        let counts = store.counts();
        page.total = Some(Status::ALL.iter().map(|status| counts.of(*status)).sum());
    }
    for item in &mut page.items {
        item.settle();
        if !request.reveal {
            mask::notification(item);
        }
        mask::cut(item);
    }
    Ok(page)
}

/// How many match, by status.
pub(crate) async fn count(session: &Session, filter: Filter) -> Reply<BTreeMap<String, u64>> {
    let room = session.look()?;
    check(session, &filter)?;
    if filter.terms.is_empty() {
        let counts = room.deps.store.counts();
        return Ok(Status::ALL.iter().map(|status| (status.to_string(), counts.of(*status))).collect());
    }
    room.deps.store.count(Scope::All, filter).await.map_err(refuse::log)
}

/// A filter comes parsed, so its bounds are checked again here. Who may not read what is sent may not look for it either:
/// whether something is found tells it letter by letter.
pub(crate) fn check(session: &Session, filter: &Filter) -> Reply<()> {
    let reads = |term: &Term| matches!(term, Term::Is { field: Field::Content, .. });
    if filter.terms.iter().any(reads) && !session.may_change() {
        let message = "content: needs admin, as it tells what was sent; your role on this socket is viewer";
        return Err(ApiError::new(ErrorCode::Forbidden, message).hint("leave the term out"));
    }
    let long = |term: &Term| matches!(term, Term::Is { values, .. } if values.len() > MAX_VALUES);
    if filter.terms.len() > MAX_TERMS || filter.terms.iter().any(long) {
        return Err(refuse::invalid(notify_proto::filter::FilterError::TooLong.to_string()));
    }
    Ok(())
}
