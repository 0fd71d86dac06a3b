//! What handlers share. The store is not in it: [`Gate`] hands out views of one service, [`Vitals`] tells how the log
//! is doing.

use crate::auth::Gate;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::problem::Problem;
use crate::pulse::PulseSource;
use crate::room::Room;
use crate::vitals::Vitals;
use arc_swap::ArcSwap;
use notifyd_lifecycle::admission::AdmissionRules;
use notifyd_lifecycle::{Clock, Entropy};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::Instant;

pub(crate) struct Context {
    pub(crate) options: Options,
    pub(crate) gate: Gate,
    pub(crate) room: Arc<Room>,
    pub(crate) vitals: Vitals,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) rules: Arc<ArcSwap<AdmissionRules>>,
    pub(crate) metrics: Metrics,
    pub(crate) pulse: Arc<dyn PulseSource>,
    pub(crate) version: String,
    pub(crate) started: Instant,
    draining: AtomicBool,
}

impl Context {
    pub(crate) fn new(
        options: Options,
        gate: Gate,
        vitals: Vitals,
        metrics: Metrics,
        deps: crate::intake::Deps,
    ) -> Self {
        Self {
            room: Room::new(options.in_flight_bytes()),
            options,
            gate,
            vitals,
            clock: deps.clock,
            entropy: deps.entropy,
            rules: deps.rules,
            metrics,
            pulse: deps.pulse,
            version: deps.version,
            started: Instant::now(),
            draining: AtomicBool::new(false),
        }
    }

    /// Whether the daemon is about to stop and takes nothing new.
    pub(crate) fn draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Refuses what writes something new, while nothing new is taken.
    pub(crate) fn check_takes(&self) -> Result<(), Problem> {
        if self.draining() {
            return Err(Problem::draining());
        }
        self.vitals.latched().map_or(Ok(()), |cause| Err(Problem::latched(cause)))
    }

    pub(crate) fn set_draining(&self, draining: bool) {
        self.draining.store(draining, Ordering::Release);
    }
}
