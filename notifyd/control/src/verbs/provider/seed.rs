//! `notifyctl provider seed`: the built-in definitions, as often as one likes.

use super::add::{check, preview, write};
use crate::refuse;
use crate::session::Session;
use notify_proto::ErrorCode;
use notify_proto::control::{Change, NewProvider, ProviderChange, Seeded};
use notify_proto::transport::Reply;
use notifyd_engine::KindInfo;
use serde_json::Value;

/// Adds a provider for each type that can do without an operator's own settings, named after the type. What has that
/// name already is left alone, or gets the channels and settings of its definition again.
pub(crate) async fn seed(
    session: &Session,
    only: &[String],
    again: bool,
    change: &Change,
) -> Reply<Vec<Seeded>> {
    // What is there already is not seeded once more, so whoever asks again asks for the rest.
    let change = &Change { key: None, ..change.clone() };
    let operator = session.change(change)?;
    let room = operator.room;
    let kinds = room.deps.engine.kinds();
    let seedable: Vec<_> = kinds.iter().filter(|kind| kind.seed.is_some()).map(|kind| kind.name).collect();
    if let Some(other) = only.iter().find(|name| !seedable.contains(&name.as_str())) {
        let message = match kinds.iter().find(|kind| kind.name == *other) {
            Some(kind) => {
                format!("type {} needs settings of your own; use notifyctl provider add", kind.name)
            }
            None => format!("there is no provider type {}", other.chars().take(40).collect::<String>()),
        };
        return Err(refuse::invalid(message).hint(format!("these can be seeded: {}", seedable.join(", "))));
    }
    let mut seeded = Vec::new();
    for kind in kinds.iter().filter(|kind| only.is_empty() || only.iter().any(|name| name == kind.name)) {
        let Some(config) = kind.seed.clone() else { continue };
        if let Some(there) = room.deps.store.directory().find_provider(kind.name) {
            let alone = || Seeded { provider: room.provider_view(there), created: false, changed: vec![] };
            let same = again && there.kind == kind.name;
            seeded.push(if same { reset(session, kind, config, change, alone()).await? } else { alone() });
            continue;
        }
        let definition = NewProvider {
            name: kind.name.to_owned(),
            kind: kind.name.to_owned(),
            channels: Vec::new(),
            priority: None,
            rate_per_second: None,
            burst: None,
            max_in_flight: None,
            config,
            secret: None,
        };
        let row = check(&operator, definition)?;
        let provider = if operator.dry_run {
            preview(&operator, &row)
        } else {
            write(&operator, "provider.seed", row).await?
        };
        seeded.push(Seeded { provider, created: true, changed: vec![] });
    }
    Ok(seeded)
}

/// One that is there, as its definition has it; limits and priority are the operator's and stay.
async fn reset(
    session: &Session,
    kind: &KindInfo,
    config: Value,
    change: &Change,
    there: Seeded,
) -> Reply<Seeded> {
    let channels = Some(kind.channels.clone());
    let update = ProviderChange { channels, config: Some(config), ..ProviderChange::default() };
    match super::update(session, kind.name, update, change).await {
        Ok(done) => Ok(Seeded { provider: done.provider, created: false, changed: done.changed }),
        // It is that already.
        Err(error)
            if error.code == ErrorCode::Conflict && error.message.ends_with("nothing would change") =>
        {
            Ok(there)
        }
        Err(error) => Err(error),
    }
}
