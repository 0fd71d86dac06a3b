//! The terminal is given back however the program ends: by return, by error, by panic, by signal.

use crossterm::cursor::Show;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{ExecutableCommand as _, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, Stdout};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether some task panicked: the screen is the shell's again, so nothing may be painted any more.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours.
pub(crate) struct Screen {
    pub(crate) terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    pub(crate) fn take() -> io::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICKED.store(true, Ordering::Release);
            give_back();
            before(panic);
        }));
        enable_raw_mode()?;
        let taken = io::stdout().execute(EnterAlternateScreen).map(drop).and_then(|()| {
            let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
            terminal.hide_cursor()?;
            Ok(Self { terminal })
        });
        taken.inspect_err(|_| give_back())
    }

    /// Whether it was given back behind our back.
    pub(crate) fn lost() -> bool {
        PANICKED.load(Ordering::Acquire)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}
