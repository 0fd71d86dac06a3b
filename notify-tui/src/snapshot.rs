//! One frame as text: for documents, bug reports, and whoever reads with something else than eyes.

use crate::cli::Cli;
use crate::clock;
use crate::config::Settings;
use crate::conn::Conn;
use crate::message::{Cmd, Msg};
use crate::state::{App, Page};
use crate::update;
use crate::view::{self, Look, Theme};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::io::{self, Write as _};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the view's answers are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks once and prints what the screen would show. Exit code 69 when no daemon answers.
pub(crate) async fn run(cli: &Cli, settings: &Settings, page: Page) -> io::Result<u8> {
    let settings = Settings { view: page, ..settings.clone() };
    let mut app = App::new(clock::now(), &settings, 1);
    (app.size, app.read_only) = (cli.size, cli.read_only);
    let (answers, mut messages) = mpsc::unbounded_channel::<Msg>();
    let mut conn = Conn::new(settings.socket.clone(), answers);
    // Whatever has come by then is shown.
    let _ = tokio::time::timeout(PATIENCE, look(&mut app, &mut conn, &mut messages)).await;
    let look = Look::here(settings.ascii, Theme::Mono, &|name| std::env::var(name).ok());
    let text = frame(&app, look, cli.size)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(if app.data.is_some() { 0 } else { 69 })
}

/// Asks what the view wants, until each question has its answer.
async fn look(app: &mut App, conn: &mut Conn, messages: &mut mpsc::UnboundedReceiver<Msg>) {
    let mut todo = vec![Cmd::Connect];
    loop {
        for cmd in todo.drain(..) {
            conn.take(cmd).await;
        }
        if app.data.is_some() && app.settled() {
            return;
        }
        let msg = tokio::select! {
            msg = messages.recv() => msg,
            () = tokio::time::sleep_until(app.wake().into()) => Some(Msg::Tick),
        };
        let Some(msg) = msg else { return };
        let last = matches!(msg, Msg::NoDaemon(_) | Msg::Broken | Msg::Misfit(_));
        todo = update(app, msg, clock::now());
        if last {
            return;
        }
    }
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
