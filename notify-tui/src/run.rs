//! The loop: keys, the daemon's answers, signals and the clock in; frames out.

use crate::cli::Cli;
use crate::clock;
use crate::conn::Conn;
use crate::keys;
use crate::message::{Cmd, Msg};
use crate::state::App;
use crate::terminal::Screen;
use crate::update;
use crate::view::{self, Look};
use crossterm::event::{Event, EventStream};
use futures::StreamExt as _;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// Runs until somebody quits. The exit code is that of the signal, if one ended it.
pub(crate) async fn run(cli: &Cli) -> io::Result<u8> {
    let look = Look::here(cli.ascii, &|name| std::env::var(name).ok());
    let mut signals = Signals::new()?;
    let (cmds, mut told) = mpsc::unbounded_channel::<Cmd>();
    let (answers, mut messages) = mpsc::unbounded_channel::<Msg>();
    let mut conn = Conn::new(cli.socket.clone());
    let connection = async move {
        while let Some(cmd) = told.recv().await {
            let Some(msg) = conn.run(cmd).await else { break };
            if answers.send(msg).is_err() {
                break;
            }
        }
    };
    let screen = async {
        let mut screen = Screen::take()?;
        let mut keyboard = EventStream::new();
        let mut app = App::new(clock::now(), cli.interval, u64::from(std::process::id()) | 1);
        let mut todo = Some(Cmd::Connect);
        loop {
            match todo.take() {
                Some(Cmd::Quit) => return Ok(0),
                // The connection lives as long as this loop, so nothing is lost here.
                Some(cmd) => drop(cmds.send(cmd)),
                None => {}
            }
            if Screen::lost() {
                return Err(io::Error::other("a part of the program failed"));
            }
            if std::mem::take(&mut app.dirty) {
                screen.terminal.draw(|frame| view::draw(&app, look, frame))?;
            }
            let msg = tokio::select! {
                event = keyboard.next() => match event {
                    Some(Ok(Event::Key(key))) => keys::meaning(key).map(Msg::Did),
                    Some(Ok(Event::Resize(..))) => Some(Msg::Resized),
                    Some(Ok(_)) => None,
                    Some(Err(error)) => return Err(error),
                    None => return Ok(0),
                },
                Some(msg) = messages.recv() => Some(msg),
                code = signals.any() => return Ok(code),
                () = tokio::time::sleep_until(app.wake().into()) => Some(Msg::Tick),
            };
            if let Some(msg) = msg {
                todo = update(&mut app, msg, clock::now());
            }
        }
    };
    tokio::select! {
        ended = screen => ended,
        () = connection => Err(io::Error::other("the connection's part ended")),
    }
}

/// The signals that end the program.
struct Signals([(Signal, u8); 3]);

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self([
            (signal(SignalKind::hangup())?, 129),
            (signal(SignalKind::interrupt())?, 130),
            (signal(SignalKind::terminate())?, 143),
        ]))
    }

    /// Waits for one; answers with the shell's code for it.
    async fn any(&mut self) -> u8 {
        let [(hangup, hung), (interrupt, interrupted), (terminate, terminated)] = &mut self.0;
        tokio::select! {
            _ = hangup.recv() => *hung,
            _ = interrupt.recv() => *interrupted,
            _ = terminate.recv() => *terminated,
        }
    }
}
