//! The two things that leave the program besides its frames: what is copied, and what is exported.

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

/// Writes a new file, for its owner alone; it is never written over. Answers with its name, or why not.
pub(crate) fn save(name: &str, text: &str) -> Result<String, String> {
    let open = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(name);
    let written = open.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map(|()| name.to_owned()).map_err(|error| format!("{name}: {error}"))
}
