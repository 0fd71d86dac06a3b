//! The terminal is given back however the program ends: by return, by error, by panic, by signal; and while it is
//! suspended.

use crate::backend::Sparing;
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture,
};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::{Backend as _, ClearType};
use rustix::process::{Signal, getpgrp, getsid, kill_current_process_group};
use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::Notify;

/// Whether the terminal is ours: it is given back once, as the second time would move the shell's cursor.
static OURS: AtomicBool = AtomicBool::new(false);

/// Whether some part panicked: the screen is the shell's again, so nothing may be painted any more.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// Wakes the loop when some part panicked: the runtime swallows the panics of its tasks.
static FAILED: Notify = Notify::const_new();

/// Bytes written to the terminal so far.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// Standard output, counted. What a panic leaves of a frame is written nowhere: the screen is the shell's again.
pub(crate) struct Counted(Stdout);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !OURS.load(Ordering::Acquire) {
            return Ok(bytes.len());
        }
        let written = self.0.write(bytes)?;
        WRITTEN.fetch_add(u64::try_from(written).unwrap_or_default(), Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        // A terminal that has gone away takes nothing, and is told nothing more.
        if OURS.load(Ordering::Acquire) { self.0.flush() } else { Ok(()) }
    }
}

type Inner = Terminal<Sparing<BufWriter<Counted>>>;

/// The terminal while it is ours.
pub(crate) struct Screen {
    pub(crate) terminal: Inner,
    mouse: bool,
}

impl Screen {
    pub(crate) fn take(mouse: bool) -> io::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICKED.store(true, Ordering::Release);
            give_back();
            tracing::error!(%panic, "a part of the program panicked");
            before(panic);
            FAILED.notify_one();
        }));
        enter(mouse)?;
        let screen = blank().map(|terminal| Self { terminal, mouse });
        screen.inspect_err(|_| give_back())
    }

    /// Takes it anew, whatever it shows and however it was set meanwhile.
    pub(crate) fn retake(&mut self) -> io::Result<()> {
        give_back();
        enter(self.mouse)?;
        self.terminal = blank()?;
        self.terminal.backend_mut().clear_region(ClearType::All)
    }

    /// Gives the terminal back, stops until somebody wants us to go on, and takes it again. False when nobody could:
    /// then nothing happens.
    pub(crate) fn suspend(&mut self) -> io::Result<bool> {
        // A shell with job control gives each job a group of its own; the group of the session's leader has no shell.
        if getsid(None).is_ok_and(|session| session == getpgrp()) {
            return Ok(false);
        }
        give_back();
        // Stops here. The group, as whatever has started us waits with us.
        let stopped = kill_current_process_group(Signal::STOP);
        self.retake()?;
        stopped.map_err(io::Error::from)?;
        Ok(true)
    }

    /// Lets the terminal tell of the mouse, or not any more, so that it selects text again.
    pub(crate) fn mouse(&mut self, wanted: bool) -> io::Result<()> {
        if self.mouse == wanted {
            return Ok(());
        }
        self.mouse = wanted;
        let backend = self.terminal.backend_mut();
        if wanted { execute!(backend, EnableMouseCapture) } else { execute!(backend, DisableMouseCapture) }
    }

    /// Whether it was given back behind our back.
    pub(crate) fn lost() -> bool {
        PANICKED.load(Ordering::Acquire)
    }

    /// Waits until some part panics.
    pub(crate) async fn failed() {
        FAILED.notified().await;
    }

    /// Bytes written to it so far.
    pub(crate) fn written() -> u64 {
        WRITTEN.load(Ordering::Relaxed)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn blank() -> io::Result<Inner> {
    let mut terminal = Terminal::new(Sparing::new(BufWriter::with_capacity(1 << 15, Counted(io::stdout()))))?;
    terminal.hide_cursor()?;
    Ok(terminal)
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    OURS.store(true, Ordering::Release);
    let mut stdout = io::stdout();
    let entered = execute!(stdout, EnterAlternateScreen, EnableFocusChange, EnableBracketedPaste);
    let entered = if mouse { entered.and_then(|()| execute!(stdout, EnableMouseCapture)) } else { entered };
    entered.inspect_err(|_| give_back())
}

fn give_back() {
    if OURS.swap(false, Ordering::AcqRel) {
        let mut stdout = io::stdout();
        let _ = execute!(stdout, DisableMouseCapture, DisableFocusChange, DisableBracketedPaste);
        let _ = execute!(stdout, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}
