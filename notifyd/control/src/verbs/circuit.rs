//! `notifyctl provider circuit half-open` and `close`; `open` is a hold.

use super::provider::find;
use crate::refuse;
use crate::session::Session;
use notify_proto::HoldKind;
use notify_proto::control::Change;
use notify_proto::hold::Force;
use notify_proto::transport::Reply;
use notify_proto::view::ProviderView;
use notifyd_store::{HoldOn, StoreError};
use std::sync::Arc;

/// Forces a circuit breaker, and ends the hold that keeps it open. What is forced is not kept: a restart finds every
/// breaker closed anyway.
pub(crate) async fn force(session: &Session, name: &str, to: Force, change: &Change) -> Reply<ProviderView> {
    let operator = session.change(change)?;
    let room = operator.room;
    let provider = find(room, name)?;
    let before = room.provider_view(&provider);
    if before.circuit == to.as_str() {
        let word = to.as_str().replace('_', "-");
        return Err(refuse::conflict(format!("the circuit of provider {} is {word} already", provider.name)));
    }
    let opens = |kind: HoldKind| kind == HoldKind::CircuitOpen;
    if operator.dry_run {
        let mut view = ProviderView { circuit: to.as_str().to_owned(), ..before };
        view.holds.retain(|hold| !hold.kind.known().is_some_and(opens));
        return Ok(view);
    }
    let verb = match to {
        Force::HalfOpen => "provider.circuit.half_open",
        Force::Closed => "provider.circuit.close",
    };
    let directory = room.deps.store.directory();
    let holds = directory.holds_on(provider.id, room.now()).filter(|hold| opens(hold.kind));
    let holds: Vec<_> = holds.map(|hold| hold.no).collect();
    let (deps, audit, row) = (room.deps.clone(), operator.audit(), Arc::clone(&provider));
    // In a task of its own: whoever asked may go away in the middle, and what was forced is to be written down.
    let forced = tokio::spawn(async move {
        // The breaker first: once the hold has ended, nothing may go through that the breaker is to keep back.
        deps.engine.force(row.id, to).await?;
        if deps.store.end_holds(HoldOn::Provider(row.id), holds, verb, audit.clone()).await?.is_empty() {
            deps.store.audit(verb, row.name.clone(), audit).await?;
        }
        Ok(())
    });
    forced.await.unwrap_or(Err(StoreError::Closing)).map_err(refuse::log)?;
    operator.tell(verb, &provider.name);
    Ok(room.provider_view(&provider))
}
