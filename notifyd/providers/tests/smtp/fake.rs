//! A scripted SMTP server on a free port of the loopback interface. Each stage of a dialogue may be given acts that
//! are played in order, over all connections; afterwards it behaves. It believes a bare `.` line to be the end of a
//! mail whatever its line end, as careless servers do, so that smuggled mail shows up.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

/// What the server does at a stage instead of behaving.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers this (lines without the last CRLF) and goes on.
    Say(&'static str),
    /// Answers this and hangs up.
    SayAndCut(&'static str),
    /// Hangs up without an answer.
    Cut,
    /// Never answers again.
    Stall,
}

/// A mail as it arrived, dots unstuffed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
}

/// What the server saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub connections: usize,
    /// `c` in front of what came in clear, `e` encrypted.
    pub commands: Vec<String>,
    pub mails: Vec<Mail>,
}

#[derive(Default)]
pub(crate) struct Script {
    acts: HashMap<&'static str, VecDeque<Act>>,
    features: Vec<&'static str>,
    tls: Option<TlsAcceptor>,
    tls_from_the_start: bool,
}

pub(crate) struct Server {
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
    stages: UnboundedReceiver<&'static str>,
    task: tokio::task::JoinHandle<()>,
}

struct House {
    script: Mutex<Script>,
    seen: Arc<Mutex<Seen>>,
    stages: UnboundedSender<&'static str>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}
type Io = BufReader<Box<dyn Stream>>;

impl Script {
    pub(crate) fn new() -> Self {
        Self { features: vec!["SIZE 30000000", "8BITMIME"], ..Self::default() }
    }

    /// Stages: GREETING EHLO STARTTLS AUTH ANSWER MAIL RCPT DATA BODY DOT RSET NOOP.
    pub(crate) fn on(mut self, stage: &'static str, acts: impl IntoIterator<Item = Act>) -> Self {
        self.acts.entry(stage).or_default().extend(acts);
        self
    }

    pub(crate) fn offer(mut self, feature: &'static str) -> Self {
        self.features.push(feature);
        self
    }

    pub(crate) fn starttls(mut self, acceptor: TlsAcceptor) -> Self {
        self.tls = Some(acceptor);
        self.offer("STARTTLS")
    }

    pub(crate) fn tls_from_the_start(mut self, acceptor: TlsAcceptor) -> Self {
        self.tls = Some(acceptor);
        self.tls_from_the_start = true;
        self
    }

    pub(crate) async fn start(self) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (sender, stages) = unbounded_channel();
        let house = Arc::new(House { script: Mutex::new(self), seen: Arc::clone(&seen), stages: sender });
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                house.seen.lock().unwrap().connections += 1;
                let house = Arc::clone(&house);
                // A client that goes away ends the dialogue; what matters was seen by then.
                tokio::spawn(async move { house.serve(stream).await.ok() });
            }
        });
        Server { port, seen, stages, task }
    }
}

impl Server {
    pub(crate) fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    /// Waits until a dialogue has come to that stage.
    pub(crate) async fn until(&mut self, stage: &str) {
        while self.stages.recv().await.expect("the server lives") != stage {}
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl House {
    async fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (tls, at_once) = {
            let script = self.script.lock().unwrap();
            (script.tls.clone(), script.tls_from_the_start)
        };
        let mut encrypted = at_once;
        let mut io: Io = match (&tls, at_once) {
            (Some(tls), true) => BufReader::new(Box::new(tls.accept(stream).await?)),
            _ => BufReader::new(Box::new(stream)),
        };
        self.play(&mut io, "GREETING", "220 fake.example ESMTP").await?;
        let mut mail = Mail::default();
        loop {
            let mut line = String::new();
            if io.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_owned();
            let mark = if encrypted { 'e' } else { 'c' };
            self.seen.lock().unwrap().commands.push(format!("{mark} {line}"));
            let argument =
                || line.split_once(['<', '>']).map_or("", |(_, rest)| rest.split('>').next().unwrap());
            match line.split(' ').next().unwrap().to_ascii_uppercase().as_str() {
                "EHLO" => {
                    let hello = self.hello(encrypted);
                    self.play(&mut io, "EHLO", &hello).await?;
                }
                "STARTTLS" => {
                    self.play(&mut io, "STARTTLS", "220 go ahead").await?;
                    let stream = tls.clone().expect("offered").accept(io.into_inner()).await?;
                    io = BufReader::new(Box::new(stream));
                    encrypted = true;
                }
                "AUTH" if line.ends_with("LOGIN") => {
                    for prompt in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                        self.play(&mut io, "AUTH", prompt).await?;
                        let mut answer = String::new();
                        io.read_line(&mut answer).await?;
                        self.seen.lock().unwrap().commands.push(format!("{mark} {}", answer.trim_end()));
                    }
                    self.play(&mut io, "ANSWER", "235 welcome").await?;
                }
                "AUTH" => {
                    self.play(&mut io, "AUTH", "235 welcome").await?;
                }
                "MAIL" => {
                    mail = Mail { from: argument().to_owned(), ..Mail::default() };
                    self.play(&mut io, "MAIL", "250 ok").await?;
                }
                "RCPT" => {
                    mail.to.push(argument().to_owned());
                    self.play(&mut io, "RCPT", "250 ok").await?;
                }
                "DATA" => {
                    if !self.play(&mut io, "DATA", "354 go ahead").await? {
                        continue;
                    }
                    mail.data = self.content(&mut io).await?;
                    self.seen.lock().unwrap().mails.push(std::mem::take(&mut mail));
                    self.play(&mut io, "DOT", "250 2.0.0 Ok: queued as FAKE1").await?;
                }
                "RSET" => {
                    self.play(&mut io, "RSET", "250 ok").await?;
                }
                "NOOP" => {
                    self.play(&mut io, "NOOP", "250 ok").await?;
                }
                _ => {
                    self.play(&mut io, "OTHER", "500 what?").await?;
                }
            }
        }
    }

    fn hello(&self, encrypted: bool) -> String {
        let script = self.script.lock().unwrap();
        let mut lines = vec!["fake.example"];
        lines
            .extend(script.features.iter().copied().filter(|feature| !(encrypted && *feature == "STARTTLS")));
        let last = lines.len() - 1;
        let marked = lines.iter().enumerate().map(|(index, line)| {
            let mark = if index == last { ' ' } else { '-' };
            format!("250{mark}{line}")
        });
        marked.collect::<Vec<_>>().join("\r\n")
    }

    async fn content(&self, io: &mut Io) -> io::Result<String> {
        let mut data = Vec::new();
        let mut begun = false;
        loop {
            let start = data.len();
            if io.read_until(b'\n', &mut data).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if !std::mem::replace(&mut begun, true) {
                self.play(io, "BODY", "").await?;
            }
            let line = data[start..].trim_ascii_end();
            if line == b"." {
                data.truncate(start);
                return Ok(String::from_utf8(data).unwrap());
            }
            if line.starts_with(b".") {
                data.remove(start);
            }
        }
    }

    /// Plays the next act of the stage, or says `normal`. Whether what was said lets the client go on.
    async fn play(&self, io: &mut Io, stage: &'static str, normal: &str) -> io::Result<bool> {
        let act = self.script.lock().unwrap().acts.get_mut(stage).and_then(VecDeque::pop_front);
        // Nobody may be waiting for stages.
        self.stages.send(stage).ok();
        let (text, goes_on) = match &act {
            None => (normal, true),
            Some(Act::Say(text)) => (*text, true),
            Some(Act::SayAndCut(text)) => (*text, false),
            Some(Act::Cut) => ("", false),
            Some(Act::Stall) => std::future::pending().await,
        };
        if !text.is_empty() {
            io.get_mut().write_all(format!("{text}\r\n").as_bytes()).await?;
            io.get_mut().flush().await?;
        }
        if goes_on { Ok(text.starts_with(['2', '3'])) } else { Err(io::ErrorKind::ConnectionAborted.into()) }
    }
}
