//! The signals: those that end the program, and those that stop it and let it go on.

use rustix::process::Signal as Number;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The end, with the shell's code for it.
    End(u8),
    /// Stop, until somebody says to go on.
    Stop,
    /// Go on. Whoever stopped us may have used the terminal.
    Continue,
}

/// All of them.
pub(crate) struct Signals {
    ends: [(Signal, u8); 4],
    stop: Signal,
    cont: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        let other = |number: Number| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self {
            ends: [
                (signal(SignalKind::hangup())?, 129),
                (signal(SignalKind::interrupt())?, 130),
                (signal(SignalKind::quit())?, 131),
                (signal(SignalKind::terminate())?, 143),
            ],
            stop: other(Number::TSTP)?,
            cont: other(Number::CONT)?,
        })
    }

    /// Waits for one.
    pub(crate) async fn next(&mut self) -> Told {
        let [(hangup, hung), (interrupt, interrupted), (quit, left), (terminate, terminated)] =
            &mut self.ends;
        tokio::select! {
            _ = hangup.recv() => Told::End(*hung),
            _ = interrupt.recv() => Told::End(*interrupted),
            _ = quit.recv() => Told::End(*left),
            _ = terminate.recv() => Told::End(*terminated),
            _ = self.stop.recv() => Told::Stop,
            _ = self.cont.recv() => Told::Continue,
        }
    }
}
