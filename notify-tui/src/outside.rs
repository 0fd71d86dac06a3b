//! What leaves the program besides its frames, what is copied and what is saved; and whose program it is.

use base64::Engine as _;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

/// Gives text to the terminal's clipboard (OSC 52).
pub(crate) fn copy(text: &str) -> io::Result<()> {
    let coded = base64::engine::general_purpose::STANDARD.encode(text);
    let mut stdout = io::stdout().lock();
    write!(stdout, "\x1b]52;c;{coded}\x07")?;
    stdout.flush()
}

/// The name of the user, or the number where there is none.
pub(crate) fn user() -> String {
    let number = rustix::process::getuid().as_raw().to_string();
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    named(&known, &number).map_or_else(|| format!("uid {number}"), str::to_owned)
}

/// The name that has this number in a list of users.
fn named<'a>(known: &'a str, number: &str) -> Option<&'a str> {
    known.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == number).then_some(name)
    })
}

/// Writes a new file, for its owner alone; it is never written over. Answers with its name, or why not.
pub(crate) fn save(name: &str, text: &str) -> Result<String, String> {
    let open = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(name);
    let written = open.and_then(|mut file| file.write_all(text.as_bytes()));
    let place =
        || std::path::absolute(name).map_or_else(|_| name.to_owned(), |path| path.display().to_string());
    written.map(|()| place()).map_err(|error| format!("{name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_name_of_the_number() {
        let known = "root:x:0:0::/root:/bin/sh\nops:x:1000:1000::/home/ops:/bin/sh\nbroken\n";
        assert_eq!(named(known, "1000"), Some("ops"));
        assert_eq!(named(known, "100"), None);
    }
}
