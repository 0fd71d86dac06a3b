//! The man pages, made from the command tree; sections the tree does not know are written here.

use crate::commands::help;
use crate::failure::Exit;
use crate::fit;
use clap::Command;
use clap_mangen::Man;
use std::fmt::Write as _;
use std::io;
use std::io::Write as _;

/// The page of the program: `notifyctl.1`.
pub fn main_page() -> String {
    let mut command = crate::command();
    command.build();
    let mut page = page_of(&command, "notifyctl");
    let mut commands = String::new();
    walk(&command, "notifyctl", &mut |command, path| {
        if path != "notifyctl" {
            let _ = writeln!(commands, ".TP\n\\fB{}\\fR\n{}", escape(path), escape(&about(command)));
        }
    });
    section(&mut page, "COMMANDS", &commands);
    exit_status(&mut page);
    section(&mut page, "ENVIRONMENT", &verbatim(&help::topic("environment").unwrap_or_default()));
    section(&mut page, "FILES", FILES);
    section(&mut page, "FILTERS", &verbatim(&help::topic("filters").unwrap_or_default()));
    section(&mut page, "OUTPUT", &verbatim(&help::topic("formatting").unwrap_or_default()));
    section(&mut page, "EXAMPLES", &verbatim(&help::topic("examples").unwrap_or_default()));
    let more = "Each command has a page of its own, with its options: \\fBnotifyctl man \\-\\-dir\\fR \\fIDIR\\fR writes them.\n.PP\n";
    let others =
        ".BR notifyd (8),\n.BR notify\\-tui (1),\n.BR notifyd.toml (5),\n.BR notifyd\\-providers (7)\n";
    section(&mut page, "SEE ALSO", &format!("{more}{others}"));
    page
}

/// One page per command, by file name.
pub fn pages() -> Vec<(String, String)> {
    let mut command = crate::command();
    command.build();
    let mut pages = Vec::new();
    walk(&command, "notifyctl", &mut |command, path| {
        let name = path.replace(' ', "-");
        if path == "notifyctl" {
            pages.push((format!("{name}.1"), main_page()));
            return;
        }
        let mut page = page_of(command, &name);
        let (_, examples) = told(command);
        section(&mut page, "EXAMPLES", &as_is(&examples));
        exit_status(&mut page);
        let environment = "See\n.BR notifyctl (1).\n";
        section(&mut page, "ENVIRONMENT", environment);
        section(&mut page, "SEE ALSO", ".BR notifyctl (1),\n.BR notifyd (8)\n");
        pages.push((format!("{name}.1"), page));
    });
    pages
}

const FILES: &str = ".TP
.I /run/notifyd/control.sock
The control socket of the system's daemon.
.TP
.I $XDG_RUNTIME_DIR/notifyd/control.sock
The control socket of a user's own daemon.
.TP
.I $XDG_STATE_HOME/notifyd/control.sock
The same, where there is no runtime directory.
";

/// Calls `visit` for the command and all below it, with the words that lead there.
fn walk(command: &Command, path: &str, visit: &mut dyn FnMut(&Command, &str)) {
    visit(command, path);
    for below in command.get_subcommands() {
        walk(below, &format!("{path} {}", below.get_name()), visit);
    }
}

fn page_of(command: &Command, name: &str) -> String {
    let named = command.clone().name(name.to_owned()).display_name(name.to_owned());
    let man = Man::new(named)
        .title(name.to_uppercase())
        .section("1")
        .manual("notifyd")
        .source(concat!("notifyd ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    let rendered: io::Result<()> = man
        .render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| write!(page, ".SH SYNOPSIS\n{}\n", as_is(&fit::usage(command, fit::OF_A_PAGE))))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(|()| write!(page, "{}", more(command)))
        .and_then(|()| man.render_options_section(&mut page));
    // A vector takes all that is written to it.
    debug_assert!(rendered.is_ok());
    tidy(&String::from_utf8_lossy(&page), name)
}

/// What else is said of it, below what it is for.
fn more(command: &Command) -> String {
    match told(command) {
        // The page of the program has it elsewhere.
        (text, _) if text.is_empty() || command.get_name() == "notifyctl" => String::new(),
        (text, _) => format!(".PP\n{}\n", as_is(&text)),
    }
}

/// What is said below the options: in words, and as examples.
fn told(command: &Command) -> (String, String) {
    let all = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let all = fit::text(&all, fit::OF_A_PAGE);
    let (mut words, mut examples, mut example) = (String::new(), String::new(), false);
    for line in all.lines() {
        example = line == "Examples:" || (example && line.starts_with(' '));
        let said = if example { &mut examples } else { &mut words };
        let _ = writeln!(said, "{line}");
    }
    (words.trim().to_owned(), examples.trim_start_matches("Examples:").trim_matches('\n').to_owned())
}

/// Gives the title its empty date, without which the version stands in its place, and drops breaks that do nothing.
fn tidy(page: &str, name: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let title = format!(".TH {} 1 \"\" \"notifyd {version}\" \"notifyd\"", escape(&name.to_uppercase()));
    let lines = page.lines().map(|line| if line.starts_with(".TH ") { title.as_str() } else { line });
    let text = lines.collect::<Vec<_>>().join("\n") + "\n";
    text.replace("\n.br\n\n.br\n", "\n.sp\n")
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn exit_status(page: &mut String) {
    let mut text = String::new();
    for (code, meaning) in Exit::TABLE {
        let _ = writeln!(text, ".TP\n.B {code}\n{}", escape(meaning));
    }
    text.push_str(".TP\n.B 143\nTerminated.\n");
    section(page, "EXIT STATUS", &text);
}

fn section(page: &mut String, title: &str, text: &str) {
    let _ = writeln!(page, ".SH {title}\n{}", text.trim_end());
}

/// Text that fits as it stands, without filling.
fn verbatim(text: &str) -> String {
    as_is(&fit::text(text, fit::OF_A_PAGE))
}

/// Text as it stands.
fn as_is(text: &str) -> String {
    let lines: Vec<_> = text.trim_end().lines().map(escape).collect();
    format!(".nf\n{}\n.fi", lines.join("\n"))
}

/// Text that roff shall not understand.
fn escape(text: &str) -> String {
    let text = text
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('^', "\\(ha")
        .replace('~', "\\(ti")
        .replace('`', "\\(ga");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
