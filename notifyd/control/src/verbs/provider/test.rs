//! `notifyctl provider test`: one real call.

use super::find;
use crate::refuse;
use crate::session::Session;
use notify_proto::Channel;
use notify_proto::control::{Change, TestResult};
use notify_proto::transport::Reply;
use notifyd_lifecycle::Outcome;
use notifyd_lifecycle::address::normalise;

/// Calls the provider once, outside the queue. A dry run checks the arguments and calls nobody.
pub(crate) async fn test(
    session: &Session,
    name: &str,
    channel: Option<Channel>,
    to: &str,
    change: &Change,
) -> Reply<TestResult> {
    let operator = session.change(change)?;
    let provider = find(operator.room, name)?;
    let channel = match channel {
        Some(channel) if !provider.channels.contains(&channel) => {
            return Err(refuse::invalid(format!("provider {} does not serve {channel}", provider.name)));
        }
        Some(channel) => channel,
        None => {
            *provider.channels.first().ok_or_else(|| refuse::invalid("this provider serves no channel"))?
        }
    };
    let to = normalise(channel, to).map_err(refuse::invalid)?;
    if operator.dry_run {
        return Ok(TestResult {
            accepted: false,
            outcome: "dry_run".into(),
            message: Some(format!("would be called on {channel}")),
            external_id: None,
            elapsed_ms: 0,
            simulated: provider.simulated,
        });
    }
    operator.note("provider.test", &provider.name).await?;
    let call =
        operator.room.deps.engine.test_provider(provider.id, channel, &to).await.map_err(refuse::setting)?;
    let outcome = call.report.outcome.class().to_owned();
    let external_id = match call.report.outcome {
        Outcome::Accepted { ref external_id } => external_id.clone(),
        _ => None,
    };
    Ok(TestResult {
        accepted: matches!(call.report.outcome, Outcome::Accepted { .. }),
        outcome,
        message: call.report.message,
        external_id,
        elapsed_ms: u64::try_from(call.elapsed.as_millis()).unwrap_or(u64::MAX),
        simulated: call.simulated,
    })
}
