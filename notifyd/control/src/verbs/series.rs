//! What was measured over time, from rings in memory.

use super::provider::find;
use crate::refuse;
use crate::session::{Room, Session};
use crate::view::thousandths;
use notify_proto::WebhookId;
use notify_proto::series::{
    MAX_KEYS, MAX_POINTS, MINUTES, OF_ALL, OF_PROVIDER, OF_WEBHOOK, SECONDS, SeriesLine, SeriesRequest,
    SeriesView,
};
use notify_proto::transport::Reply;
use notifyd_engine::Of;

/// The series.
pub(crate) fn series(session: &Session, request: &SeriesRequest) -> Reply<SeriesView> {
    let room = session.look()?;
    let (step_ms, most) = match request.step_ms {
        0 | 1_000 => (1_000, SECONDS),
        60_000 => (60_000, MINUTES),
        _ => return Err(refuse::invalid("step_ms: use 1000, or 60000 for points of a minute")),
    };
    if request.keys.len() > MAX_KEYS {
        return Err(refuse::invalid(format!("keys: at most {MAX_KEYS} series are told at once")));
    }
    let all = || OF_ALL.iter().map(|(metric, _)| (*metric).to_owned()).collect();
    let keys: Vec<String> = if request.keys.is_empty() { all() } else { request.keys.clone() };
    let wanted = if request.n == 0 { most } else { request.n.min(most) };
    // All that is told fits into a frame; who wants more of each asks for fewer.
    let n = (wanted as usize).min(MAX_POINTS / keys.len().max(1));
    let line = |key: String| {
        let (of, index, unit) = find_series(room, &key)?;
        let points = room.deps.engine.points(of, index, step_ms == 60_000, n);
        Ok(SeriesLine { key, unit: unit.to_owned(), points: points.into_iter().map(thousandths).collect() })
    };
    Ok(SeriesView { as_of: room.now(), step_ms, series: keys.into_iter().map(line).collect::<Reply<_>>()? })
}

/// Whose series it is, its place among those of its kind, and its unit.
fn find_series(room: &Room, key: &str) -> Reply<(Of, usize, &'static str)> {
    let parts: Vec<_> = key.split('/').collect();
    let (of, metric, known): (_, _, &'static [(&str, &str)]) = match parts[..] {
        [metric] => (Of::All, metric, &OF_ALL),
        ["provider", name, metric] => (Of::Provider(find(room, name)?.id), metric, &OF_PROVIDER),
        ["webhook", id, metric] => {
            let endpoints = room.deps.store.webhooks().endpoints();
            let found = id.parse::<WebhookId>().ok().and_then(|id| endpoints.find(id).map(|it| it.no));
            let no = found.ok_or_else(|| refuse::not_found("webhook", id))?;
            (Of::Webhook(no), metric, &OF_WEBHOOK)
        }
        _ => {
            let shown: String = key.chars().filter(|c| !c.is_control()).take(80).collect();
            return Err(refuse::invalid(format!(
                "keys: `{shown}` is no series; write METRIC, provider/NAME/METRIC or webhook/ID/METRIC"
            )));
        }
    };
    let index = known.iter().position(|(name, _)| *name == metric).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        let shown: String = metric.chars().filter(|c| !c.is_control()).take(40).collect();
        refuse::invalid(format!("keys: `{shown}` is not measured there; use one of {}", names.join(", ")))
    })?;
    Ok((of, index, known[index].1))
}
