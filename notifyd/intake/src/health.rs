//! `/health`, `/health/live` and `/health/ready`: for people, for a supervisor, for a load balancer.

use crate::answer::json;
use crate::context::Context;
use crate::pulse::Pulse;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use notify_proto::view::{Health, rfc3339};
use notifyd_store::Cause;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Serialize)]
struct Report<'a> {
    status: Health,
    timestamp: String,
    version: &'a str,
    uptime_seconds: u64,
    services: Services<'a>,
}

#[derive(Serialize)]
struct Services<'a> {
    database: &'static str,
    queue: &'static str,
    workers: &'static str,
    providers: BTreeMap<&'a str, &'static str>,
}

#[derive(Serialize)]
struct Word {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// `GET /health`.
pub(crate) async fn show(State(context): State<Arc<Context>>) -> Response<Body> {
    let pulse = context.pulse.pulse();
    let latched = context.vitals.latched();
    let status = judge(&pulse, latched.is_none());
    let running = |runs| if runs { "running" } else { "stopped" };
    let report = Report {
        status,
        timestamp: rfc3339(context.clock.now()),
        version: &context.version,
        uptime_seconds: context.started.elapsed().as_secs(),
        services: Services {
            database: latched.map_or("connected", Cause::word),
            queue: running(pulse.queue_running),
            workers: running(pulse.workers_running),
            providers: pulse.providers.iter().map(|(name, circuit)| (name.as_str(), *circuit)).collect(),
        },
    };
    let code = if status == Health::Unhealthy { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    json(code, &report)
}

/// `GET /health/live`: the process answers.
pub(crate) async fn live() -> Response<Body> {
    json(StatusCode::OK, &Word { status: "alive", reason: None })
}

/// `GET /health/ready`: new notifications are taken.
pub(crate) async fn ready(State(context): State<Arc<Context>>) -> Response<Body> {
    let reason = if context.draining() {
        Some("draining")
    } else if let Some(cause) = context.vitals.latched() {
        Some(cause.reason())
    } else if !context.pulse.pulse().queue_running {
        Some("starting")
    } else {
        None
    };
    match reason {
        None => json(StatusCode::OK, &Word { status: "ready", reason }),
        Some(_) => json(StatusCode::SERVICE_UNAVAILABLE, &Word { status: "not_ready", reason }),
    }
}

fn judge(pulse: &Pulse, writable: bool) -> Health {
    if !writable || !pulse.queue_running || !pulse.workers_running {
        Health::Unhealthy
    } else if pulse.simulated || pulse.providers.iter().any(|(_, circuit)| *circuit != "closed") {
        Health::Degraded
    } else {
        Health::Healthy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_follows_the_worst_part() {
        let well = Pulse {
            queue_running: true,
            workers_running: true,
            providers: vec![("twilio".into(), "closed")],
            simulated: false,
        };
        assert_eq!(judge(&well, true), Health::Healthy);
        assert_eq!(judge(&well, false), Health::Unhealthy);
        assert_eq!(judge(&Pulse { simulated: true, ..well.clone() }, true), Health::Degraded);
        assert_eq!(judge(&Pulse { workers_running: false, ..well.clone() }, true), Health::Unhealthy);
        let open = Pulse { providers: vec![("twilio".into(), "open")], ..well };
        assert_eq!(judge(&open, true), Health::Degraded);
    }
}
