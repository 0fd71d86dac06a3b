//! The man page, made from the command line; sections it does not know are written here.

use crate::keys::{ACTIONS, Scope};
use clap_mangen::Man;
use std::fmt::Write as _;
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
    lines.collect::<Vec<_>>().join("\n") + "\n" + &keys() + SECTIONS
}

/// The table of keys, from the one that the program goes by.
fn keys() -> String {
    let mut text = String::from(
        ".SH KEYS\nThe name in brackets is the one for the configuration. What a view says of a key goes before what it \
         means in lists and everywhere.\n",
    );
    for (title, wanted) in [("Everywhere", 0), ("In lists", 1), ("In single views", 2)] {
        let _ = writeln!(text, ".SS {title}");
        for (_, name, chords, scope, what) in ACTIONS {
            let (rank, pages) = match scope {
                Scope::Global => (0, String::new()),
                Scope::List => (1, String::new()),
                Scope::In(pages) => {
                    let pages: Vec<_> = pages.iter().map(|page| page.word()).collect();
                    (2, format!(" In {}.", pages.join(", ")))
                }
            };
            if rank == wanted {
                let chords = chords.join(", ").replace('\\', "\\e").replace('-', "\\-");
                let name = name.replace('-', "\\-");
                let _ = writeln!(text, ".TP\n.B \"{chords}\"\n[{name}] {what}.{pages}");
            }
        }
    }
    text
}

const SECTIONS: &str = r#".SH CHANGES
What is easily undone is done at once. What stops or sends something asks for
.BR y .
What changes all that match a filter is counted first and asks for the count; then it runs in the daemon as an operation,
also when this program ends. What cannot be undone asks for a name. Each change is shown and logged
.RB ( L )
as the
.BR notifyctl (1)
line that does the same. With the role viewer, with
.BR \-\-read\-only ,
and while what is shown may be out of date, these keys do nothing.
.SH FILTERS
The views of notifications take the filter language of
.BR "notifyctl help filters" ,
the one of what happens now that of events, the others words that a row has to have;
.BI \- word
leaves out. Tab completes a field, or a value that the daemon has told of.
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
.B 78
With
.BR \-\-check\-config " or " \-\-dump\-config :
the configuration file has a fault.
.TP
.B 101
The program panicked, which is a fault in it; the terminal is given back.
.TP
.BR 129 ", " 130 ", " 131 ", " 143
Ended by SIGHUP, SIGINT, SIGQUIT, SIGTERM; the terminal is given back.
.SH SIGNALS
SIGTSTP, like Ctrl\-Z, gives the terminal back and stops the program; the shell's
.B fg
paints the whole screen again. A program that no shell has started does not stop, as nobody could let it go on.
After SIGCONT the terminal is taken and painted anew.
.SH MOUSE
A click on a view's name shows the view, one on a row moves the cursor there, a second one opens it, one on the head of a
column sorts by it, where the list can be sorted so; the wheel moves the cursor. With
.BR m ,
.B \-\-no\-mouse
or
.B mouse = false
in the configuration the mouse is left to the terminal; else most terminals select text while Shift is held.
.SH ENVIRONMENT
.TP
.B NOTIFYD_SOCKET
The control socket, as
.BR \-\-socket .
.TP
.BR XDG_RUNTIME_DIR ", " XDG_STATE_HOME ", " XDG_CONFIG_HOME ", " HOME
Where the socket and the configuration are looked for, see FILES.
.TP
.B NO_COLOR
When not empty: no colour. Every state can be told without it.
.TP
.B NOTIFY_TUI_STATS
A file to which one line of JSON is added for each frame and each answer, for whoever measures. Each has
.BR at_us ,
microseconds since the start. A frame has
.B view
(its view),
.B draw_us
(microseconds to paint and write it),
.B bytes
(written to the terminal since the frame before),
.B written_total
(in all) and
.B key_us
(microseconds from the first key or null, when no key came since the frame before). An answer has
.B ask
(the call on the control socket; of two calls for one panel the first),
.B ok
(whether it is no refusal and came in time),
.B rtt_us
(microseconds from question to answer),
.B received
(bytes that came from the daemon since the answer before, whatever they were for) and
.B received_total
(in all).
.TP
.BR LC_ALL ", " LC_CTYPE ", " LANG
Where they do not name UTF\-8, ASCII characters are used.
.SH FILES
.TP
.I $XDG_CONFIG_HOME/notify/tui.toml
How somebody likes it; else
.IR ~/.config/notify/tui.toml .
.B \-\-dump\-config
writes one with all there is: socket, theme, interval, time (relative, local, utc), ascii, reduce_motion, mouse, view, confirm (none, yes, count, name: how
grave the question before a change is at least), bulk_pace (such as 50/s, or none: how fast what matches a filter is retried,
run or told again, unless + or \- in the question say something else), named filters under [filters], the columns of a list by view under [columns], keys by action under [keys].
.B :save NAME
adds the filter of the view. A file with a fault is told on the screen, and all of it is left out.
.TP
.I $XDG_STATE_HOME/notify/tui.log
What a report of a fault needs: starts, ends, the connection, refusals; else
.IR ~/.local/state/notify/tui.log .
One larger than 1 MiB is put aside as tui.log.old at the next start.
.TP
.IR notify\-VIEW\-TIME.jsonl ", " notify\-VIEW\-TIME.csv
What was exported
.RB ( e ),
in the working directory, for its owner alone; nothing is written over. Of the views of notifications it is all that match
the filter, or the marked rows, as
.B notifyctl notification export
writes them: in the background, whatever view is shown. It ends in
.I .partial
until it is whole, and when it ended early; then the rows that are in it are whole. Of the other views it is the rows that
are shown, or marked.
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
notify\-tui \-\-read\-only \-\-view queues
notify\-tui \-\-snapshot \-\-size 100x30 > status.txt
.fi
.SH SEE ALSO
.BR notifyctl (1),
.BR notifyd (8)
"#;
