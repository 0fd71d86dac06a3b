//! A mail relay on a free port of this machine, without encryption: it repeats what it is told, as talkative servers
//! do, when it refuses.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A running relay; connections that are open at its end are left to their peers.
pub struct Relay {
    address: SocketAddr,
    over: Arc<AtomicBool>,
}

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Takes every mail.
    Takes,
    /// Refuses every login, and repeats it.
    RefusesLogins,
    /// Refuses every recipient, and repeats the address.
    RefusesRecipients,
    /// Refuses all recipients but the first, and repeats the address.
    RefusesCopies,
    /// Refuses every mail when it has it, and repeats it.
    RefusesMails,
}

impl Relay {
    /// Starts it.
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of the loopback is free");
        let address = listener.local_addr().expect("it has an address");
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::Acquire) {
                    return;
                }
                // A client that goes away ends its dialogue.
                std::thread::spawn(move || serve(stream, manner).ok());
            }
        });
        Self { address, over }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(mut stream: TcpStream, manner: Manner) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 relay\r\n")?;
    let (mut mail, mut recipients, mut text) = (false, 0, String::new());
    while let Some(line) = lines.next().transpose()? {
        let verb = line.get(..4).unwrap_or(&line).to_ascii_uppercase();
        let answer = match verb.as_str() {
            _ if mail && line == "." => {
                mail = false;
                if manner == Manner::RefusesMails {
                    format!("554 5.7.1 looks like spam: {text}")
                } else {
                    "250 2.0.0 queued".to_owned()
                }
            }
            _ if mail => {
                // Unfolded, and no longer than an answer may be.
                if ["SUBJECT:", "CANARY"].iter().any(|start| line.to_ascii_uppercase().starts_with(start)) {
                    text.push_str(&line);
                    text.push(' ');
                }
                continue;
            }
            "MAIL" => {
                (recipients, text) = (0, String::new());
                "250 ok".to_owned()
            }
            "RCPT" => {
                recipients += 1;
                let refused = match manner {
                    Manner::RefusesRecipients => true,
                    Manner::RefusesCopies => recipients > 1,
                    _ => false,
                };
                if refused { format!("550 5.1.1 nobody there: {line}") } else { "250 ok".to_owned() }
            }
            "EHLO" => "250-relay\r\n250 AUTH PLAIN LOGIN".to_owned(),
            "AUTH" if manner == Manner::RefusesLogins => format!("535 5.7.8 no: {line}"),
            "AUTH" => "235 2.7.0 hello".to_owned(),
            "DATA" => {
                mail = true;
                "354 go on".to_owned()
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => "250 ok".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}
