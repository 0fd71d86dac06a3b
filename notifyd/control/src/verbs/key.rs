//! `notifyctl service key`. A key leaves the daemon once, in the answer that made it.

use super::service::find;
use crate::refuse;
use crate::session::{Operator, Room, Session};
use chrono::TimeDelta;
use notify_proto::control::{Change, FreshKey};
use notify_proto::transport::Reply;
use notify_proto::view::{KeyView, ServiceView};
use notify_proto::{KeyId, ServiceId, Timestamp};
use notifyd_lifecycle::Secret;
use notifyd_lifecycle::key::fingerprint;
use notifyd_store::api::NewKey;

/// Longest label, characters.
const MAX_LABEL: usize = 64;

/// Longest time the other keys may go on working after a reset, seconds: 90 days.
const MAX_GRACE: u64 = 90 * 86_400;

/// A key that was just made and has not been shown yet.
pub(super) struct Minted {
    secret: Secret<String>,
    view: KeyView,
}

impl Minted {
    /// The one answer that carries a key. It is made of what is known, without asking the log again: once the key is
    /// stored, nothing may fail any more, or nobody would ever see it.
    pub(super) fn answer(&self, service: ServiceView) -> FreshKey {
        FreshKey { service, key: self.view.clone(), api_key: self.secret.expose().clone() }
    }
}

/// A fresh key and the row that stores its hash.
pub(super) fn mint(
    room: &Room,
    service: ServiceId,
    label: Option<String>,
    expires_at: Option<Timestamp>,
) -> (Minted, NewKey) {
    let (secret, prefix, hash) = room.deps.store.door().mint(service);
    let (millis, random) = room.id_parts();
    let id = KeyId::from_parts(millis, random);
    let view = KeyView {
        id,
        prefix: prefix.clone(),
        fingerprint: fingerprint(&hash.hash),
        label: label.clone(),
        created_at: room.now(),
        last_used_at: None,
        expires_at,
        revoked_at: None,
    };
    (Minted { secret, view }, NewKey { id, service, prefix, hash, label, expires_at })
}

/// The keys of a service, oldest first.
pub(crate) async fn list(session: &Session, service: &str) -> Reply<Vec<KeyView>> {
    let room = session.look()?;
    room.deps.store.keys(find(room, service)?.id).await.map_err(refuse::log)
}

/// One more key.
pub(crate) async fn create(
    session: &Session,
    service: &str,
    label: Option<String>,
    expires_at: Option<Timestamp>,
    change: &Change,
) -> Reply<Option<FreshKey>> {
    let operator = session.change(change)?;
    let label = label.filter(|label| !label.trim().is_empty());
    if let Some(label) = &label
        && (label.chars().count() > MAX_LABEL || label.chars().any(char::is_control))
    {
        return Err(refuse::invalid(format!("a label is one line of at most {MAX_LABEL} characters")));
    }
    if expires_at.is_some_and(|at| at <= operator.room.now()) {
        return Err(refuse::invalid("a key expires in the future"));
    }
    add(&operator, "service.key.create", service, label, expires_at, None).await
}

/// A new key; the others stop working after the grace time.
pub(crate) async fn reset(
    session: &Session,
    service: &str,
    grace_seconds: u64,
    change: &Change,
) -> Reply<Option<FreshKey>> {
    let operator = session.change(change)?;
    let grace =
        i64::try_from(grace_seconds).ok().filter(|_| grace_seconds <= MAX_GRACE).map(TimeDelta::seconds);
    let grace = grace.ok_or_else(|| refuse::invalid("the other keys go on working for at most 90 days"))?;
    let until = operator.room.now() + grace;
    add(&operator, "service.key.reset", service, None, None, Some(until)).await
}

async fn add(
    operator: &Operator<'_>,
    verb: &'static str,
    service: &str,
    label: Option<String>,
    expires_at: Option<Timestamp>,
    expire_others_at: Option<Timestamp>,
) -> Reply<Option<FreshKey>> {
    let room = operator.room;
    let service = find(room, service)?;
    if operator.dry_run {
        return Ok(None);
    }
    let (minted, key) = mint(room, service.id, label, expires_at);
    room.deps.store.create_key(key, expire_others_at, operator.audit()).await.map_err(refuse::log)?;
    operator.tell(verb, &service.name);
    let now = room.deps.store.directory().service(service.id).cloned().unwrap_or(service);
    Ok(Some(minted.answer(room.service_view(&now))))
}

/// Revokes the key with this prefix at once.
pub(crate) async fn revoke(
    session: &Session,
    service: &str,
    prefix: &str,
    change: &Change,
) -> Reply<KeyView> {
    let operator = session.change(change)?;
    let store = &operator.room.deps.store;
    let service = find(operator.room, service)?;
    let keys = store.keys(service.id).await.map_err(refuse::log)?;
    let mut found = keys.into_iter().filter(|key| key.prefix == prefix && key.revoked_at.is_none());
    let key = match (found.next(), found.next()) {
        (Some(key), None) => key,
        (Some(_), Some(_)) => {
            return Err(refuse::conflict(format!("two keys of {} have this prefix", service.name)));
        }
        (None, _) => {
            let hint = format!("see notifyctl service key list {}", service.name);
            return Err(refuse::not_found("working key", prefix).hint(hint));
        }
    };
    if operator.dry_run {
        return Ok(KeyView { revoked_at: Some(operator.room.now()), ..key });
    }
    store.revoke_key(key.id, operator.audit()).await.map_err(refuse::log)?;
    operator.tell("service.key.revoke", &service.name);
    Ok(KeyView { revoked_at: Some(operator.room.now()), ..key })
}
