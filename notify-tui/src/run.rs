//! The loop: keys, the daemon's answers, signals and the clock in; frames out.

use crate::cli::Cli;
use crate::clock;
use crate::config::{self, Settings};
use crate::conn::Conn;
use crate::message::{Cmd, Msg};
use crate::outside;
use crate::signals::{Signals, Told};
use crate::state::App;
use crate::stats::Stats;
use crate::terminal::Screen;
use crate::update;
use crate::view::{self, Look, Theme};
use crossterm::event::{Event, EventStream};
use futures::StreamExt as _;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::mpsc;

/// Between two frames, at least.
const FRAME: Duration = Duration::from_millis(33);

/// How long a frame that only the clock asks for waits for what is asked at the same time, so that both are one.
const GATHER: Duration = Duration::from_millis(8);

/// Runs until somebody quits. The exit code is that of the signal, if one ended it.
pub(crate) async fn run(cli: &Cli, settings: &Settings, warning: Option<String>) -> io::Result<u8> {
    let stats = Stats::open(clock::now())?;
    let signals = Signals::new()?;
    let (cmds, mut told) = mpsc::unbounded_channel::<Cmd>();
    let (answers, messages) = mpsc::unbounded_channel::<Msg>();
    let mut conn = Conn::new(settings.socket.clone(), answers);
    let received = conn.received();
    let connection = async move {
        while let Some(cmd) = told.recv().await {
            conn.take(cmd).await;
        }
    };
    let mut app = App::new(clock::now(), settings, u64::from(std::process::id()) | 1);
    app.read_only = cli.read_only;
    app.user = Some(outside::user());
    if let Some(warning) = warning {
        app.say(warning);
    }
    let screen = async {
        let screen = Screen::take(app.mouse)?;
        let size = screen.terminal.size()?;
        app.size = (size.width, size.height);
        let (look, theme) = (look(settings), settings.theme);
        let todo = VecDeque::from([Cmd::Connect]);
        Loop {
            app,
            look,
            theme,
            screen,
            keyboard: EventStream::new(),
            signals,
            cmds,
            messages,
            stats,
            received,
            todo,
            resumed: false,
        }
        .run()
        .await
    };
    tokio::select! {
        ended = screen => ended,
        () = connection => Err(io::Error::other("the connection's part ended")),
    }
}

/// What the loop turns on.
struct Loop {
    app: App,
    look: Look,
    /// The theme that is in it.
    theme: Theme,
    screen: Screen,
    keyboard: EventStream,
    signals: Signals,
    cmds: mpsc::UnboundedSender<Cmd>,
    messages: mpsc::UnboundedReceiver<Msg>,
    stats: Stats,
    received: Arc<AtomicU64>,
    todo: VecDeque<Cmd>,
    /// Whether a stop of our own is over, and its signal not heard yet.
    resumed: bool,
}

impl Loop {
    async fn run(mut self) -> io::Result<u8> {
        let mut drawn = None;
        loop {
            while let Some(cmd) = self.todo.pop_front() {
                if let Cmd::Quit = cmd {
                    return Ok(0);
                }
                self.act(cmd)?;
            }
            if Screen::lost() {
                return Err(io::Error::other("a part of the program failed; what it said is above"));
            }
            let now = clock::now().instant;
            let next_frame = drawn.map_or(now, |drawn| drawn + FRAME);
            if self.app.dirty && next_frame <= now {
                self.draw()?;
                drawn = Some(now);
                #[cfg(debug_assertions)]
                crate::fault::strike(&self.app);
            }
            let mut wake = self.app.wake();
            if self.app.dirty {
                wake = wake.min(next_frame);
            }
            let next = tokio::select! {
                event = self.keyboard.next() => match event {
                    Some(event) => heard(event?),
                    None => return Ok(0),
                },
                Some(msg) = self.messages.recv() => Some(msg),
                told = self.signals.next() => match told {
                    Told::End(code) => return Ok(code),
                    Told::Stop => {
                        self.todo.push_back(Cmd::Suspend);
                        None
                    }
                    Told::Continue => {
                        // After a stop of our own the terminal is ours already.
                        if !std::mem::take(&mut self.resumed) {
                            self.retaken()?;
                        }
                        None
                    }
                },
                () = Screen::failed() => continue,
                () = tokio::time::sleep_until(wake.into()) => Some(Msg::Tick).filter(|_| self.app.wake() <= wake),
            };
            if let Some(msg) = next {
                if by_hand(&msg) {
                    drawn = None;
                } else if matches!(msg, Msg::Tick) {
                    drawn = drawn.max((clock::now().instant + GATHER).checked_sub(FRAME));
                }
                self.take(msg);
            }
            if self.drain().await? {
                drawn = None;
            }
        }
    }

    /// What was typed meanwhile comes before the next frame; whether something was.
    async fn drain(&mut self) -> io::Result<bool> {
        let mut typed = false;
        for _ in 0..64 {
            // Polled as what it is part of: with another waker, the next key would wake nobody.
            let more = poll_fn(|context| Poll::Ready(self.keyboard.poll_next_unpin(context)));
            match more.await {
                Poll::Pending => break,
                Poll::Ready(None) => self.todo.push_back(Cmd::Quit),
                Poll::Ready(Some(event)) => {
                    if let Some(msg) = heard(event?) {
                        typed |= by_hand(&msg);
                        self.take(msg);
                    }
                }
            }
        }
        Ok(typed)
    }

    fn take(&mut self, msg: Msg) {
        let now = clock::now();
        let received = self.received.load(Ordering::Relaxed);
        self.app.traffic.note(received, now.instant);
        self.stats.heard(&msg, received, now);
        self.todo.extend(update(&mut self.app, msg, now));
    }

    fn act(&mut self, cmd: Cmd) -> io::Result<()> {
        match cmd {
            Cmd::Copy(text) => outside::copy(&text)?,
            Cmd::Save(name, text) => self.take(Msg::Saved(outside::save(&name, &text))),
            Cmd::Keep(name, filter) => self.take(Msg::Saved(config::keep(&name, &filter))),
            Cmd::Mouse(wanted) => self.screen.mouse(wanted)?,
            Cmd::Suspend => {
                if self.screen.suspend()? {
                    self.resumed = true;
                    self.resized()?;
                } else {
                    self.app.say("there is no shell to go back to");
                }
            }
            cmd => {
                if let Cmd::Ask(slot, _, question) = &cmd {
                    self.stats.asks(*slot, question.word());
                }
                // The connection lives as long as this loop, so nothing is lost here.
                let _ = self.cmds.send(cmd);
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        self.app.dirty = false;
        let before = clock::now().instant;
        if self.app.settings.theme != self.theme {
            self.theme = self.app.settings.theme;
            self.look = look(&self.app.settings);
        }
        let (app, look) = (&self.app, self.look);
        self.screen.terminal.draw(|frame| view::draw(app, look, frame))?;
        let now = clock::now();
        let took = now.instant.saturating_duration_since(before);
        self.stats.drew(self.app.page.word(), took, Screen::written(), now);
        Ok(())
    }

    /// Somebody else had the terminal.
    fn retaken(&mut self) -> io::Result<()> {
        self.screen.retake()?;
        self.resized()
    }

    fn resized(&mut self) -> io::Result<()> {
        let size = self.screen.terminal.size()?;
        self.take(Msg::Resized(size.width, size.height));
        Ok(())
    }
}

fn look(settings: &Settings) -> Look {
    Look::here(settings.ascii, settings.theme, &|name| std::env::var(name).ok())
}

/// Who presses a key does not wait for the next frame's turn.
fn by_hand(msg: &Msg) -> bool {
    matches!(msg, Msg::Key(_) | Msg::Mouse(_))
}

/// What an event of the terminal means.
fn heard(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.is_press() => Some(Msg::Key(key)),
        Event::Mouse(mouse) => Some(Msg::Mouse(mouse)),
        Event::Paste(text) => Some(Msg::Pasted(text)),
        Event::FocusGained => Some(Msg::Focused(true)),
        Event::FocusLost => Some(Msg::Focused(false)),
        Event::Resize(width, height) => Some(Msg::Resized(width, height)),
        Event::Key(_) => None,
    }
}
