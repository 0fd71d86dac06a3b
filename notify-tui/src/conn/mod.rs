//! The connection. Each question is a task of its own, so one that hangs holds up no other, and the loop never waits for
//! any.

mod deeds;
mod questions;

use crate::ask::{Failure, Slot};
use crate::export::{self, Told};
use crate::message::{Cmd, Msg};
use notify_proto::control::{ControlClient, Hello};
use notify_proto::socket::{self, NoDaemon, Trouble};
use notify_proto::transport::{self, RpcError};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// How long the daemon may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Why there was no answer.
pub(crate) enum Stop {
    /// The connection stands.
    Failed(Failure),
    /// It does not.
    Broken,
}

/// The connection, if there is one.
pub(crate) struct Conn {
    given: Option<PathBuf>,
    client: Option<ControlClient>,
    answers: UnboundedSender<Msg>,
    under_way: BTreeMap<Slot, AbortHandle>,
    /// Ends the export that goes on.
    export: Option<oneshot::Sender<()>>,
    received: Arc<AtomicU64>,
}

impl Conn {
    pub(crate) fn new(given: Option<PathBuf>, answers: UnboundedSender<Msg>) -> Self {
        let under_way = BTreeMap::new();
        Self { given, client: None, answers, under_way, export: None, received: Arc::default() }
    }

    /// How many bytes came from the daemon so far.
    pub(crate) fn received(&self) -> Arc<AtomicU64> {
        self.received.clone()
    }

    /// Does it, or has it done; what comes of it is sent.
    pub(crate) async fn take(&mut self, cmd: Cmd) {
        match cmd {
            Cmd::Connect => {
                self.drop_all();
                let msg = self.connect().await;
                match &msg {
                    Msg::Greeted(welcome, socket) => {
                        let daemon = &welcome.daemon;
                        tracing::info!(socket = %socket.display(), version = daemon.version, pid = daemon.pid, "connected");
                    }
                    Msg::NoDaemon(why) => tracing::warn!(%why, "no daemon"),
                    Msg::Misfit(welcome) => {
                        let (oldest, newest) = (welcome.oldest_protocol, welcome.protocol);
                        tracing::warn!(oldest, newest, "the protocols do not fit");
                    }
                    _ => {}
                }
                let _ = self.answers.send(msg);
            }
            Cmd::Ask(slot, number, question) => {
                let Some(client) = self.client.clone() else {
                    let _ = self.answers.send(Msg::Broken);
                    return;
                };
                let answers = self.answers.clone();
                let ask = question.word();
                let task = tokio::spawn(async move {
                    let start = crate::clock::now().instant;
                    let answer = questions::ask(&client, *question).await;
                    match &answer {
                        Ok(_) => {}
                        Err(Stop::Failed(why)) => tracing::warn!(ask, why = why.text(), "no answer"),
                        Err(Stop::Broken) => tracing::warn!(ask, "the connection broke"),
                    }
                    let _ = answers.send(match answer {
                        Ok(answer) => Msg::Answered(slot, number, Ok(answer), start.elapsed()),
                        Err(Stop::Failed(why)) => Msg::Answered(slot, number, Err(why), start.elapsed()),
                        Err(Stop::Broken) => Msg::Broken,
                    });
                });
                self.under_way.insert(slot, task.abort_handle());
            }
            Cmd::Drop(slot) => {
                if let Some(task) = self.under_way.remove(&slot) {
                    task.abort();
                }
            }
            Cmd::Export(wanted) => {
                let answers = self.answers.clone();
                let tell = move |told| drop(answers.send(Msg::Exported(told)));
                let Some(client) = self.client.clone() else {
                    return tell(Told::Ended(0, None, "there is no connection".into()));
                };
                let (end, stop) = oneshot::channel();
                self.export = Some(end);
                tokio::spawn(export::run(client, *wanted, stop, tell));
            }
            Cmd::EndExport => self.export = None,
            Cmd::Copy(_) | Cmd::Save(..) | Cmd::Keep(..) | Cmd::Mouse(_) | Cmd::Suspend | Cmd::Quit => {}
        }
    }

    fn drop_all(&mut self) {
        self.client = None;
        for task in std::mem::take(&mut self.under_way).into_values() {
            task.abort();
        }
    }

    async fn connect(&mut self) -> Msg {
        let (client, socket) = match socket::connect_counted(self.given.as_deref(), self.received()).await {
            Ok(connected) => connected,
            Err(none) => return Msg::NoDaemon(none),
        };
        let hello = Hello::of(concat!("notify-tui ", env!("CARGO_PKG_VERSION")));
        let no = |trouble| Msg::NoDaemon(NoDaemon { places: vec![socket.clone()], trouble });
        match client.hello(transport::within(PATIENCE), hello.clone()).await {
            Ok(Ok(welcome)) if welcome.fits(&hello) => {
                self.client = Some(client);
                Msg::Greeted(Box::new(welcome), socket)
            }
            Ok(Ok(welcome)) => Msg::Misfit(Box::new(welcome)),
            Ok(Err(_)) => no(Trouble::Other(std::io::ErrorKind::InvalidData)),
            Err(RpcError::DeadlineExceeded) => no(Trouble::Other(std::io::ErrorKind::TimedOut)),
            Err(_) => no(Trouble::Closed),
        }
    }
}

/// What tarpc gave, as an answer or the reason why there is none.
pub(crate) fn came<T>(reply: Result<transport::Reply<T>, RpcError>) -> Result<T, Stop> {
    match reply {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Stop::Failed(Failure::Refused(error))),
        Err(RpcError::DeadlineExceeded | RpcError::Server(_)) => Err(Stop::Failed(Failure::Late)),
        Err(_) => Err(Stop::Broken),
    }
}
