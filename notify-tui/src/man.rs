//! The man page, made from the command line; sections it does not know are written here.

use clap_mangen::Man;
use std::io;

/// `notify-tui.1`.
pub fn page() -> String {
    let mut command = crate::command();
    command.build();
    let man = Man::new(command);
    let mut page = Vec::new();
    let rendered: io::Result<()> = man
        .render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| man.render_synopsis_section(&mut page))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(|()| man.render_options_section(&mut page));
    // A vector takes all that is written to it.
    debug_assert!(rendered.is_ok());
    let version = env!("CARGO_PKG_VERSION");
    let title = format!(".TH NOTIFY\\-TUI 1 \"\" \"notifyd {version}\" \"notifyd\"");
    let text = String::from_utf8_lossy(&page);
    let lines = text.lines().map(|line| if line.starts_with(".TH ") { title.as_str() } else { line });
    lines.collect::<Vec<_>>().join("\n") + "\n" + SECTIONS
}

const SECTIONS: &str = r#".SH KEYS
.TP
.BR q ", " Ctrl\-C
Quit.
.TP
.B p
Pause: no request at all until it is pressed again.
.TP
.BR r ", " Ctrl\-R
Look, or connect, at once.
.TP
.BR + ", " \-
Interval: 1, 2, 5, 15, 60 seconds.
.TP
.B ?
Help.
.SH CONNECTION
The corner of the screen says how the connection is.
.TP
.B LIVE
Answers come at the interval shown.
.TP
.B SLOW
They take more than half the interval, which is doubled meanwhile.
.TP
.B STALE
The connection stands, and no answer comes: the daemon may be stopped or overloaded.
.TP
.B LOST
There is no connection. The last data is kept and dimmed; the program connects again by itself.
.TP
.B PAUSED
Nobody asks.
.SH EXIT STATUS
.TP
.B 0
Somebody quit, or the snapshot shows data.
.TP
.B 1
The program failed.
.TP
.B 2
Usage error, or there is no terminal.
.TP
.B 69
With
.BR \-\-snapshot :
no daemon answers.
.TP
.BR 129 ", " 130 ", " 143
Ended by SIGHUP, SIGINT, SIGTERM; the terminal is given back.
.SH ENVIRONMENT
.TP
.B NOTIFYD_SOCKET
The control socket, as
.BR \-\-socket .
.TP
.BR XDG_RUNTIME_DIR ", " XDG_STATE_HOME ", " HOME
Where the socket is looked for, see FILES.
.TP
.B NO_COLOR
When not empty: no colour. Every state can be told without it.
.TP
.BR LC_ALL ", " LC_CTYPE ", " LANG
Where they do not name UTF\-8, ASCII characters are used.
.SH FILES
.TP
.I /run/notifyd/control.sock
The control socket of the system's daemon.
.TP
.I $XDG_RUNTIME_DIR/notifyd/control.sock
The control socket of a user's own daemon.
.TP
.I $XDG_STATE_HOME/notifyd/control.sock
The same, where there is no runtime directory.
.SH EXAMPLES
.nf
notify\-tui
notify\-tui \-\-socket /tmp/demo/control.sock \-\-interval 2s
notify\-tui \-\-snapshot \-\-size 100x30 > status.txt
.fi
.SH SEE ALSO
.BR notifyctl (1),
.BR notifyd (8)
"#;
