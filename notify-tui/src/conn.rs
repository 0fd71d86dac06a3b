//! The connection. It does one thing at a time, told by the loop, and answers with a message; the loop never waits for
//! it.

use crate::message::{Cmd, Msg};
use notify_proto::control::{ControlClient, Hello};
use notify_proto::socket::{self, NoDaemon, Trouble};
use notify_proto::transport::{self, RpcError};
use std::path::PathBuf;
use std::time::Duration;

/// How long the daemon may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The connection, if there is one.
pub(crate) struct Conn {
    given: Option<PathBuf>,
    client: Option<ControlClient>,
}

impl Conn {
    pub(crate) const fn new(given: Option<PathBuf>) -> Self {
        Self { given, client: None }
    }

    /// Does it.
    pub(crate) async fn run(&mut self, cmd: Cmd) -> Option<Msg> {
        match cmd {
            Cmd::Connect => Some(self.connect().await),
            Cmd::Look => Some(self.look().await),
            Cmd::Quit => None,
        }
    }

    async fn connect(&mut self) -> Msg {
        self.client = None;
        let (client, socket) = match socket::connect(self.given.as_deref()).await {
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

    async fn look(&mut self) -> Msg {
        let Some(client) = &self.client else { return Msg::Broken };
        let start = crate::clock::now().instant;
        match client.status(transport::within(PATIENCE)).await {
            Ok(Ok(status)) => Msg::Status(Box::new(status), start.elapsed()),
            Ok(Err(error)) => Msg::Refused(error.message),
            Err(RpcError::DeadlineExceeded | RpcError::Server(_)) => Msg::Late,
            Err(_) => {
                self.client = None;
                Msg::Broken
            }
        }
    }
}
