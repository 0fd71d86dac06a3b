//! Somebody who sits in front of the dashboard: a terminal with its program, what it shows, and the keys.

use crate::bin;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal};
use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long somebody looks for something before the test gives up: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a terminal is told when the shell's screen shall be seen again, and its cursor.
const LEAVE: &str = "\x1b[?1049l";
const SHOW: &str = "\x1b[?25h";

/// The dashboard of the daemon behind this socket.
pub fn dashboard(socket: &Path) -> CommandBuilder {
    at(socket, "notify-tui", &[])
}

/// `notifyctl` with these words, for the daemon behind this socket.
pub fn notifyctl(socket: &Path, words: &[&str]) -> CommandBuilder {
    at(socket, "notifyctl", words)
}

fn at(socket: &Path, program: &str, words: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(bin(program));
    command.args(words);
    command.arg("--socket");
    command.arg(socket);
    // As on a terminal of today, whatever runs the test.
    command.env_clear();
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    // Its log and its configuration are nobody's.
    for name in ["HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
        command.env(name, socket.parent().expect("a directory"));
    }
    command
}

/// How a program ended.
#[derive(Debug)]
pub struct End {
    /// Its exit code.
    pub code: u32,
    /// All it wrote to the terminal.
    pub wrote: String,
    /// Whether the terminal was left as it had been.
    pub as_before: bool,
}

impl End {
    /// The terminal is the shell's again: the last that was said of either screen is that the shell's is seen.
    pub fn gave_back(&self) -> bool {
        let last = |text: &str| self.wrote.rfind(text);
        let (leave, show) = (last(LEAVE), last(SHOW));
        leave.is_some() && leave > last("\x1b[?1049h") && show > last("\x1b[?25l") && self.as_before
    }
}

/// The seat.
pub struct Seat {
    child: Box<dyn Child + Send + Sync>,
    terminal: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    seen: vt100::Parser,
    wrote: Vec<u8>,
    before: String,
}

impl Seat {
    /// In front of this program, on 120 columns and 36 rows.
    pub fn at(command: CommandBuilder) -> Self {
        let size = PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let before = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command).expect("the program runs");
        // The program's end is the only one: when it ends, so does what there is to read.
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its keys");
        let (tell, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 1 << 12];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if tell.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let seen = vt100::Parser::new(36, 120, 0);
        Self { child, terminal: pair.master, keys, bytes, seen, wrote: Vec::new(), before }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("a key is pressed");
        self.keys.flush().expect("a key is pressed");
    }

    /// Looks until this is to be seen.
    pub fn sees(&mut self, wanted: &str) -> String {
        self.watches(wanted, |screen| screen.contents().contains(wanted))
    }

    /// Looks until the screen is such; what is on it then.
    pub fn watches(&mut self, what: &str, such: impl Fn(&vt100::Screen) -> bool) -> String {
        let end = soon();
        while !such(self.seen.screen()) {
            if let Err(error) = self.look(end) {
                panic!("{what}: never seen ({error}); there is\n{}", self.seen.screen().contents());
            }
        }
        self.seen.screen().contents()
    }

    fn look(&mut self, end: Instant) -> Result<(), RecvTimeoutError> {
        let bytes = self.bytes.recv_timeout(left(end))?;
        self.seen.process(&bytes);
        self.wrote.extend(bytes);
        Ok(())
    }

    /// The screen as it is.
    pub fn screen(&self) -> &vt100::Screen {
        self.seen.screen()
    }

    /// How many bytes the program wrote so far.
    pub fn written(&self) -> usize {
        self.wrote.len()
    }

    /// Makes the terminal larger or smaller.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.terminal.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("another size");
        self.seen.screen_mut().set_size(rows, cols);
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap_or_default()
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("it runs");
        rustix::process::kill_process(pid, signal).expect("it is there");
    }

    /// Waits for the program's end.
    pub fn end(mut self) -> End {
        let end = soon();
        while self.look(end).is_ok() {}
        assert!(left(end) > Duration::ZERO, "it does not end; there is\n{}", self.seen.screen().contents());
        let code = self.child.wait().expect("it ended").exit_code();
        let as_before = format!("{:?}", self.terminal.get_termios()) == self.before;
        End { code, wrote: String::from_utf8_lossy(&self.wrote).into_owned(), as_before }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "an end of patience, and no measure")]
fn soon() -> Instant {
    Instant::now() + PATIENCE
}

#[expect(clippy::disallowed_methods, reason = "an end of patience, and no measure")]
fn left(end: Instant) -> Duration {
    end.saturating_duration_since(Instant::now())
}
