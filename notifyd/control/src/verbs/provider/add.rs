//! `notifyctl provider add`.

use crate::session::{Operator, Session};
use crate::{name, refuse};
use notify_proto::control::{Change, NewProvider};
use notify_proto::transport::Reply;
use notify_proto::view::ProviderView;
use notify_proto::{Channel, ProviderId};
use notifyd_engine::KindInfo;
use notifyd_lifecycle::Secret;
use notifyd_store::api::NewProvider as Row;
use serde_json::{Value, json};

/// Place in the order when none is given.
const DEFAULT_PRIORITY: i32 = 100;
/// Calls under way at once when nothing is said.
const DEFAULT_IN_FLIGHT: u32 = 32;
/// Most calls under way at once.
const MAX_IN_FLIGHT: u32 = 10_000;

/// Adds a provider.
pub(crate) async fn add(session: &Session, provider: NewProvider, change: &Change) -> Reply<ProviderView> {
    let operator = session.change(change)?;
    let row = check(&operator, provider)?;
    if operator.room.deps.store.directory().find_provider(&row.name).is_some() {
        return Err(refuse::conflict(format!("provider {} exists already", row.name)));
    }
    if operator.dry_run {
        return Ok(preview(&operator, &row));
    }
    write(&operator, "provider.add", row).await
}

/// Stores a checked provider and shows it.
pub(super) async fn write(operator: &Operator<'_>, verb: &'static str, row: Row) -> Reply<ProviderView> {
    let view = ProviderView { id: row.id, ..preview(operator, &row) };
    operator.room.deps.store.create_provider(row, operator.audit()).await.map_err(refuse::log)?;
    operator.tell(verb, &view.name);
    Ok(view)
}

/// What a provider would look like; its id is not given out yet.
pub(super) fn preview(operator: &Operator<'_>, row: &Row) -> ProviderView {
    ProviderView {
        id: ProviderId::from_bytes([0; 16]),
        name: row.name.clone(),
        kind: row.kind.clone(),
        channels: row.channels.iter().map(|channel| (*channel).into()).collect(),
        priority: row.priority,
        active: true,
        simulated: row.simulated,
        rate_per_second: row.rate_per_second,
        burst: row.burst,
        max_in_flight: row.max_in_flight,
        circuit: "closed".into(),
        circuit_reason: None,
        circuit_until: None,
        throttled_until: None,
        learned_rate: None,
        in_flight: 0,
        holds: Vec::new(),
        config: None,
        calls: Vec::new(),
        created_at: operator.room.now(),
    }
}

/// Checks a definition against the rules and against its type.
pub(super) fn check(operator: &Operator<'_>, mut asked: NewProvider) -> Reply<Row> {
    let secret = asked.secret.take().map(Secret::new);
    check_with(operator, asked, secret)
}

/// The same with this secret, whatever the definition says.
pub(super) fn check_with(
    operator: &Operator<'_>,
    asked: NewProvider,
    secret: Option<Secret<String>>,
) -> Reply<Row> {
    name::check("provider", &asked.name)?;
    let engine = &operator.room.deps.engine;
    let kinds = engine.kinds();
    let kind = kinds.iter().find(|kind| kind.name == asked.kind).ok_or_else(|| unknown_kind(&kinds))?;
    let channels = channels(kind, asked.channels)?;
    check_rate(asked.rate_per_second)?;
    if asked.burst == Some(0) {
        return Err(refuse::invalid("burst: use a number from 1 on"));
    }
    let max_in_flight = asked.max_in_flight.unwrap_or(DEFAULT_IN_FLIGHT);
    if !(1..=MAX_IN_FLIGHT).contains(&max_in_flight) {
        return Err(refuse::invalid(format!("max_in_flight: use a number from 1 to {MAX_IN_FLIGHT}")));
    }
    let config = if asked.config == Value::Null { json!({}) } else { asked.config };
    engine.check_provider(kind.name, &config, secret.as_ref()).map_err(refuse::setting)?;
    let (millis, random) = operator.room.id_parts();
    Ok(Row {
        id: ProviderId::from_parts(millis, random),
        name: asked.name,
        kind: kind.name.to_owned(),
        channels,
        priority: asked.priority.unwrap_or(DEFAULT_PRIORITY),
        simulated: kind.simulated,
        rate_per_second: asked.rate_per_second,
        burst: asked.burst,
        max_in_flight,
        config,
        secret,
    })
}

fn unknown_kind(kinds: &[KindInfo]) -> notify_proto::ApiError {
    let known: Vec<_> = kinds.iter().map(|kind| kind.name).collect();
    refuse::invalid(format!("there is no such provider type; the types are {}", known.join(", ")))
}

/// All that the type can when nothing is asked for; each of the others once, and only what the type can.
fn channels(kind: &KindInfo, mut asked: Vec<Channel>) -> Reply<Vec<Channel>> {
    if asked.is_empty() {
        return Ok(kind.channels.clone());
    }
    asked.sort_unstable();
    asked.dedup();
    match asked.iter().find(|channel| !kind.channels.contains(channel)) {
        None => Ok(asked),
        Some(channel) => {
            let able: Vec<_> = kind.channels.iter().map(|channel| channel.as_str()).collect();
            let message = format!(
                "a provider of type {} cannot serve {channel}; it can {}",
                kind.name,
                able.join(", ")
            );
            Err(refuse::invalid(message))
        }
    }
}

/// A rate is a number above zero.
pub(crate) fn check_rate(rate: Option<f64>) -> Reply<()> {
    match rate {
        Some(rate) if !(rate.is_finite() && rate > 0.0) => {
            Err(refuse::invalid("a rate is a number of calls per second above 0"))
        }
        _ => Ok(()),
    }
}
