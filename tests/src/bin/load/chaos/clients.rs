//! Applications as they should be: each request has an idempotency key and is repeated with it until it is
//! acknowledged. They run on a thread of their own, so that nothing that is done to the daemon holds them up.

use crate::wire::{Wire, now};
use anyhow::{Context, Result, ensure};
use notify_proto::NotificationId;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio::time::MissedTickBehavior;

/// Applications, each with one request at a time.
const CLIENTS: u32 = 16;

/// How long one waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long it pauses after a refusal: less than it is asked to, so that more is asked while something is wrong.
const PAUSE: Duration = Duration::from_millis(100);

/// How long the last requests may take to be acknowledged, when nothing is wrong any more.
const LAST: Duration = Duration::from_secs(120);

/// Share of acknowledged requests that are repeated once more, as if the answer had been lost.
const REPEATED: f64 = 0.05;

/// Requests under way.
pub struct Clients {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Ledger>>,
}

/// What they know in the end.
#[derive(Default)]
pub struct Ledger {
    /// What was acknowledged, in no order.
    pub acknowledged: Vec<NotificationId>,
    /// Keys that were answered with two ids.
    pub two_ids: u64,
    /// Answers by status, and what happened to connections.
    pub answers: BTreeMap<String, u64>,
    /// Answers nobody should get, the first few of them.
    pub unexpected: Vec<String>,
}

/// What the clients share.
struct Office {
    address: watch::Receiver<SocketAddr>,
    key: String,
    stop: Arc<AtomicBool>,
    next: RefCell<u64>,
    ledger: RefCell<Ledger>,
}

impl Clients {
    /// Starts them: `rate` requests a second in all.
    pub fn start(address: watch::Receiver<SocketAddr>, key: &str, rate: u64, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (key, told) = (key.to_owned(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let office = Rc::new(Office {
                address,
                key,
                stop: told,
                next: RefCell::default(),
                ledger: RefCell::default(),
            });
            let all = LocalSet::new();
            let pace = Duration::from_secs_f64(f64::from(CLIENTS) / rate as f64);
            let clients = (0..CLIENTS).map(|client| {
                let dice = StdRng::seed_from_u64(seed ^ u64::from(client));
                all.spawn_local(Rc::clone(&office).client(pace, dice))
            });
            let clients: Vec<_> = clients.collect();
            runtime.block_on(all.run_until(async {
                for client in clients {
                    client.await??;
                }
                anyhow::Ok(())
            }))?;
            drop(all);
            Ok(Rc::try_unwrap(office).ok().context("a client is still there")?.ledger.into_inner())
        });
        Self { stop, thread }
    }

    /// Nothing new is sent; waits until all that was sent is acknowledged.
    pub fn end(self) -> Result<Ledger> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().ok().context("the clients panicked")?
    }
}

impl Office {
    async fn client(self: Rc<Self>, pace: Duration, mut dice: StdRng) -> Result<()> {
        let mut wire = None;
        let mut pace = tokio::time::interval(pace);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.stop.load(Ordering::Acquire) {
            pace.tick().await;
            let number = self.next.replace_with(|next| *next + 1);
            let id = self.acknowledged(&mut wire, number).await?;
            if dice.random_bool(REPEATED) && self.acknowledged(&mut wire, number).await? != id {
                self.ledger.borrow_mut().two_ids += 1;
            }
            self.ledger.borrow_mut().acknowledged.push(id);
        }
        Ok(())
    }

    /// Repeats a request until it is acknowledged.
    async fn acknowledged(&self, wire: &mut Option<Wire>, number: u64) -> Result<NotificationId> {
        let mut last = None;
        loop {
            let asked = tokio::time::timeout(PATIENCE, self.ask(wire, number)).await;
            let what = match asked {
                Ok(Ok(Some(id))) => return Ok(id),
                Ok(Ok(None)) => None,
                Ok(Err(_)) => Some("broken"),
                Err(_) => Some("timeout"),
            };
            if let Some(what) = what {
                *wire = None;
                *self.ledger.borrow_mut().answers.entry(what.to_owned()).or_default() += 1;
            }
            if self.stop.load(Ordering::Acquire) {
                let last = *last.get_or_insert_with(now);
                ensure!(last.elapsed() < LAST, "request {number} is not acknowledged after {LAST:?}");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks once; none when it was refused.
    async fn ask(&self, wire: &mut Option<Wire>, number: u64) -> Result<Option<NotificationId>> {
        let address = *self.address.borrow();
        let mut connected = match wire.take() {
            Some(connected) => connected,
            None => Wire::connect(address, &self.key).await?,
        };
        let key = format!("Idempotency-Key: order-{number}\r\n");
        let body = format!(
            "{{\"to\":\"+1500555{:04}\",\"message\":\"Order {number}: your parcel arrives today.\",\
             \"retry\":{{\"delays\":[0,1,1,1,1,2,2,2,2,2]}}}}",
            number % 10_000
        );
        let answer = connected.post_with(&key, &body).await?;
        let status = answer.status;
        let mut ledger = self.ledger.borrow_mut();
        *ledger.answers.entry(status.to_string()).or_default() += 1;
        if status == 202 {
            let id = answer.id()?.parse()?;
            *wire = Some(connected);
            return Ok(Some(id));
        }
        // 409: the first try with this key is still under way.
        if ![409, 429, 503].contains(&status) && ledger.unexpected.len() < 10 {
            let body = String::from_utf8_lossy(answer.body);
            ledger.unexpected.push(format!("request {number} was answered with {status}: {body}"));
        }
        Ok(None)
    }
}
