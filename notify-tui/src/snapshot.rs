//! One frame as text: for documents, bug reports, and whoever reads with something else than eyes.

use crate::cli::Cli;
use crate::clock;
use crate::conn::Conn;
use crate::message::{Cmd, Msg};
use crate::state::App;
use crate::update;
use crate::view::{self, Look};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::io::{self, Write as _};

/// Looks once and prints what the screen would show. Exit code 69 when no daemon answers.
pub(crate) async fn run(cli: &Cli) -> io::Result<u8> {
    let mut app = App::new(clock::now(), cli.interval, 1);
    let mut conn = Conn::new(cli.socket.clone());
    let mut todo = Some(Cmd::Connect);
    while let Some(cmd) = todo.take() {
        let Some(msg) = conn.run(cmd).await else { break };
        let last = matches!(msg, Msg::NoDaemon(_) | Msg::Broken);
        todo = update(&mut app, msg, clock::now());
        if last {
            break;
        }
    }
    let look = Look { color: false, ..Look::here(cli.ascii, &|name| std::env::var(name).ok()) };
    let text = frame(&app, look, cli.size)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(if app.data.is_some() { 0 } else { 69 })
}

/// The screen as text, without blanks at the ends of lines.
pub(crate) fn frame(app: &App, look: Look, (width, height): (u16, u16)) -> io::Result<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).map_err(io::Error::other)?;
    terminal.draw(|frame| view::draw(app, look, frame)).map_err(io::Error::other)?;
    let cells = terminal.backend().buffer().content();
    let mut text = String::new();
    for row in cells.chunks(width.into()) {
        let mut line = String::new();
        let mut skip = 0;
        for cell in row {
            // A wide character takes two cells; the second is empty.
            if skip == 0 {
                line.push_str(cell.symbol());
                skip = ratatui::text::Span::raw(cell.symbol()).width().max(1);
            }
            skip -= 1;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    Ok(text)
}
