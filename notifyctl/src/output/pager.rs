//! The pager: between an answer that is longer than the screen and whoever reads it there. It begins with the first byte, so
//! that what fails before is said without one.

use super::Out;
use std::io::{self, BufWriter, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use tokio::signal::unix::{SignalKind, signal};

/// Where nobody names one: it leaves at once when all fits, keeps colours, and leaves the text on the screen.
const USUAL: &str = "less -FIRX";

/// The pager that is wanted; none when it is switched off by an empty name or `cat`.
pub(super) fn wanted(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let named = ["NOTIFYCTL_PAGER", "PAGER"].iter().find_map(|name| variable(name));
    match named.as_deref().map(str::trim) {
        Some("" | "cat") => None,
        Some(_) => named,
        None if matches!(variable("TERM").as_deref(), None | Some("" | "dumb")) => None,
        None => Some(USUAL.to_owned()),
    }
}

impl Out {
    /// Has the answer read in a pager, on a terminal where there is one.
    pub(crate) fn page(&self) {
        let pager = wanted(&|name| std::env::var(name).ok());
        let Some(command) = pager.filter(|_| self.terminal.stdout) else { return };
        let paged = Pager::new(command, io::stdout());
        self.stdout.borrow_mut().inner = Box::new(BufWriter::with_capacity(64 * 1_024, paged));
        *self.later.borrow_mut() = Some(Vec::new());
    }

    /// Waits until the pager has been left, and says what there is to say then.
    pub(super) fn leave_pager(&self) {
        let Some(notes) = self.later.borrow_mut().take() else { return };
        self.stdout.borrow_mut().inner = Box::new(io::stdout());
        for note in &notes {
            self.note(note);
        }
    }
}

/// Goes through a pager, or on as it is when there is none.
pub(super) struct Pager<W: Write> {
    command: String,
    to: To<W>,
}

enum To<W> {
    /// Nothing is written yet.
    Nothing(Option<W>),
    /// It is read.
    Pager(Child, Option<ChildStdin>),
    /// There is no such pager.
    Straight(W),
}

impl<W: Write> Pager<W> {
    /// By this command; without it, `straight`.
    pub(super) const fn new(command: String, straight: W) -> Self {
        Self { command, to: To::Nothing(Some(straight)) }
    }

    fn begin(&mut self) {
        let To::Nothing(straight) = &mut self.to else { return };
        let Some(straight) = straight.take() else { return };
        self.to = match process(&self.command).stdin(Stdio::piped()).spawn() {
            Ok(mut child) => {
                // Ctrl-C is the pager's, as long as there is one.
                drop(signal(SignalKind::interrupt()));
                let stdin = child.stdin.take();
                To::Pager(child, stdin)
            }
            Err(_) => To::Straight(straight),
        };
    }
}

/// As a shell would run it, where it takes one to read it.
fn process(command: &str) -> Command {
    let mut words = command.split_whitespace();
    match words.next() {
        Some(program) if !command.contains(|c: char| "|&;<>()$`\\\"'*?[#~=%{".contains(c)) => {
            let mut process = Command::new(program);
            process.args(words);
            process
        }
        _ => {
            let mut process = Command::new("sh");
            process.args(["-c", command]);
            process
        }
    }
}

impl<W: Write> Write for Pager<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begin();
        match &mut self.to {
            To::Pager(_, Some(stdin)) => stdin.write(bytes),
            To::Straight(straight) => straight.write(bytes),
            To::Nothing(_) | To::Pager(_, None) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Pager(_, Some(stdin)) => stdin.flush(),
            To::Straight(straight) => straight.flush(),
            To::Nothing(_) | To::Pager(_, None) => Ok(()),
        }
    }
}

impl<W: Write> Drop for Pager<W> {
    /// Waits until it has been read.
    fn drop(&mut self) {
        if let To::Pager(child, stdin) = &mut self.to {
            drop(stdin.take());
            let _ = child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_name_comes_first_and_an_empty_one_is_none() {
        let found = |set: &'static [(&str, &str)]| {
            wanted(&move |name| set.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(found(&[("TERM", "xterm")]).as_deref(), Some(USUAL));
        assert_eq!(found(&[("TERM", "dumb")]), None);
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[("PAGER", "more")]).as_deref(), Some("more"));
        assert_eq!(found(&[("PAGER", "more"), ("NOTIFYCTL_PAGER", "most")]).as_deref(), Some("most"));
        for off in ["", " ", "cat"] {
            let set =
                |name: &str| (name != "TERM").then(|| if name == "PAGER" { "more" } else { off }.to_owned());
            assert_eq!(wanted(&set), None, "{off:?}");
        }
    }

    #[test]
    fn a_shell_is_asked_only_where_it_takes_one() {
        let program = |command: &str| process(command).get_program().to_string_lossy().into_owned();
        assert_eq!((program("less -FIRX"), program("less | cat")), ("less".into(), "sh".into()));
    }

    #[tokio::test]
    async fn what_is_written_goes_through_it_and_without_one_straight() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("read");
        let mut pager = Pager::new(format!("sed 's/^/> /' > {}", file.display()), Vec::new());
        pager.write_all(b"one\ntwo\n").unwrap();
        drop(pager);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "> one\n> two\n");
        let mut none = Pager::new("no-such-pager-here".into(), Vec::new());
        none.write_all(b"one\n").unwrap();
        none.flush().unwrap();
        assert!(matches!(&none.to, To::Straight(wrote) if wrote == b"one\n"));
        let mut idle = Pager::new("no-such-pager-here".into(), Vec::new());
        idle.flush().unwrap();
        assert!(matches!(&idle.to, To::Nothing(_)), "what writes nothing begins none");
    }
}
