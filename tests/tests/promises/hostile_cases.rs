//! What hostile and broken clients write, and what must come of each. The promise is in `hostile`.

/// What is written, and what must come of it.
pub struct Case {
    /// Also the text of the message, when one is sent.
    pub name: &'static str,
    /// On a connection of its own.
    pub bytes: Vec<u8>,
    /// Status and type of each answer, in order; then the connection is closed.
    pub answers: &'static [(u16, &'static str)],
    /// Whether the message is kept.
    pub stored: bool,
}

fn case(name: &'static str, bytes: impl Into<Vec<u8>>, answers: &'static [(u16, &'static str)]) -> Case {
    let stored = answers.first().is_some_and(|answer| answer.0 == 202);
    Case { name, bytes: bytes.into(), answers, stored }
}

const OK: &[(u16, &str)] = &[(200, "")];
const SENT: &[(u16, &str)] = &[(202, "")];
const BAD: &[(u16, &str)] = &[(400, "bad-request")];
const LATE: &[(u16, &str)] = &[(408, "body-timeout")];
const LARGE: &[(u16, &str)] = &[(413, "too-large")];
const TYPE: &[(u16, &str)] = &[(415, "unsupported-media-type")];
const WRONG: &[(u16, &str)] = &[(422, "validation")];
const HEAD: &[(u16, &str)] = &[(431, "headers-too-large")];
const HOST: &[(u16, &str)] = &[(403, "host-refused")];
const ORIGIN: &[(u16, &str)] = &[(403, "origin-refused")];
const NOBODY: &[(u16, &str)] = &[(401, "unauthorized")];
const NOTHING: &[(u16, &str)] = &[];

/// A request that would be accepted.
pub fn good(text: &str) -> String {
    format!(r#"{{"to":"+15005550006","message":"{text}"}}"#)
}

fn chunk(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n", body.len())
}

/// Writes requests of one service.
pub struct Writer {
    /// The key of its service.
    pub key: String,
}

impl Writer {
    /// A POST with these headers; the type is JSON unless they say otherwise.
    pub fn post(&self, headers: &str, body: &str) -> String {
        let kind = if headers.contains("content-type") { "" } else { "content-type: application/json\r\n" };
        format!(
            "POST /api/v1/sms HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n{kind}{headers}\r\n{body}",
            self.key
        )
    }

    /// The same with the length of its body, closed after the answer.
    fn sized(&self, headers: &str, body: &str) -> String {
        self.post(&format!("connection: close\r\ncontent-length: {}\r\n{headers}", body.len()), body)
    }

    /// The same in chunks; `chunks` is what is on the wire.
    fn chunked(&self, chunks: &str) -> String {
        self.post("connection: close\r\ntransfer-encoding: chunked\r\n", chunks)
    }
}

fn get(headers: &str) -> String {
    format!("GET /health/live HTTP/1.1\r\nconnection: close\r\nhost: localhost\r\n{headers}\r\n")
}

fn from_host(line: &str, host: &str) -> String {
    format!("{line} HTTP/1.1\r\nconnection: close\r\n{host}\r\n")
}

/// Which part of the bytes is a body, and where the next request begins, must not be a matter of opinion.
fn framing(to: &Writer) -> Vec<Case> {
    let smuggled = "GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let te = "transfer-encoding: chunked\r\n";
    let length = |name: &str| format!("content-length: {}\r\n", good(name).len());
    let chunks = |name: &str| format!("{}0\r\n\r\n", chunk(&good(name)));
    let both = |name: &str| to.post(&format!("{}{te}", length(name)), &format!("{}{smuggled}", chunks(name)));
    let both_turned =
        |name: &str| to.post(&format!("{te}{}", length(name)), &format!("{}{smuggled}", chunks(name)));
    let sized = |name: &str, lengths: &str| to.post(&format!("connection: close\r\n{lengths}"), &good(name));
    let coded =
        |name: &str, coding: &str| to.post(&format!("transfer-encoding: {coding}\r\n"), &chunks(name));
    vec![
        // The chunks count, and nothing after them is believed.
        case("a length and chunks", both("a length and chunks"), SENT),
        case("chunks and a length", both_turned("chunks and a length"), SENT),
        case("two equal lengths", sized("two equal lengths", &length("two equal lengths").repeat(2)), SENT),
        case("two lengths", sized("two lengths", "content-length: 3\r\ncontent-length: 4\r\n"), BAD),
        case("a list of lengths", sized("a list of lengths", "content-length: 3, 3\r\n"), BAD),
        case("a signed length", sized("a signed length", "content-length: +3\r\n"), BAD),
        case("a negative length", sized("a negative length", "content-length: -3\r\n"), BAD),
        case("a length beyond numbers", sized("x", "content-length: 99999999999999999999999\r\n"), BAD),
        case("a length in hex", sized("x", "content-length: 0x10\r\n"), BAD),
        case("compressed chunks", coded("compressed chunks", "gzip, chunked"), BAD),
        case("compressed and then chunked", coded("x", "gzip\r\ntransfer-encoding: chunked"), BAD),
        case("chunks of chunks", coded("x", "chunked\r\ntransfer-encoding: chunked"), BAD),
        case("no chunks at the end", coded("x", "chunked, gzip"), BAD),
        case("no known coding", coded("x", "xchunked"), BAD),
        case("an identity coding", coded("x", "identity"), BAD),
        case("a blank before a colon", to.post("transfer-encoding : chunked\r\n", &chunks("x")), BAD),
        case("chunks in HTTP/1.0", coded("x", "chunked").replace("HTTP/1.1", "HTTP/1.0"), BAD),
    ]
}

fn chunks(to: &Writer) -> Vec<Case> {
    let whole = |name: &str, end: &str| to.chunked(&format!("{}{end}", chunk(&good(name))));
    let extended = |name: &str, extension: &str| {
        let body = good(name);
        to.chunked(&format!("{:x};{extension}\r\n{body}\r\n0\r\n\r\n", body.len()))
    };
    vec![
        case("chunks", whole("chunks", "0\r\n\r\n"), SENT),
        case("an extension", extended("an extension", "a=b"), SENT),
        case("a long extension", extended("x", &"a".repeat(40_000)), BAD),
        case("many extensions", to.chunked(&format!("1;{}\r\n \r\n", "a".repeat(1_000)).repeat(60)), BAD),
        case("an extension over two lines", extended("x", "a\nb"), BAD),
        case("no size", to.chunked("zz\r\n"), BAD),
        case("a negative size", to.chunked("-1\r\n"), BAD),
        case("a size beyond numbers", to.chunked("ffffffffffffffffff\r\n"), BAD),
        case("a size with a prefix", to.chunked("0x1\r\n \r\n0\r\n\r\n"), BAD),
        case("a chunk without its end", to.chunked("3\r\nabcdef\r\n0\r\n\r\n"), BAD),
        case("line feeds alone", to.chunked("1\n \n0\n\n"), BAD),
        // Trailers are read and dropped: none of them is a header.
        case(
            "trailers",
            whole("trailers", "0\r\nx-api-key: x\r\ncontent-length: 4\r\nhost: evil.example\r\n\r\n"),
            SENT,
        ),
        case("a long trailer", whole("x", &format!("0\r\nx: {}\r\n\r\n", "y".repeat(70_000))), BAD),
        case("many trailers", whole("x", &format!("0\r\n{}\r\n", "x: y\r\n".repeat(3_000))), BAD),
        case("endless small chunks", to.chunked(&"1\r\n \r\n".repeat(1_100_000)), LARGE),
    ]
}

fn heads(to: &Writer) -> Vec<Case> {
    let long = "y".repeat(17_000);
    let longer = "y".repeat(70_000);
    vec![
        case("a folded header", get("x: a\r\n b\r\n"), BAD),
        case("a bare carriage return", get("x: a\rb\r\n"), BAD),
        case("a zero byte in a value", get("x: a\0b\r\n"), BAD),
        case("a zero byte in a name", get("x\0: a\r\n"), BAD),
        case("a zero byte in the target", from_host("GET /\0", "host: localhost\r\n"), BAD),
        case("a blank in a name", get("x y: a\r\n"), BAD),
        // Readers may take a line feed alone for the end of a line, and everybody agrees where the head ends.
        case("line feeds alone in a head", get("").replace('\r', ""), OK),
        case("a long header", get(&format!("x: {long}\r\n")), HEAD),
        case("a header without an end", format!("GET / HTTP/1.1\r\nx: {longer}"), HEAD),
        case("many headers", get(&"x: y\r\n".repeat(200)), HEAD),
        case("a long target", from_host(&format!("GET /{longer}"), "host: localhost\r\n"), HEAD),
        case("blank lines for ever", "\r\n".repeat(40_000), HEAD),
        case(
            "an unknown method",
            from_host(&"A".repeat(4_000), "host: localhost\r\n").replacen(" HTTP", " / HTTP", 1),
            &[(404, "not-found")],
        ),
        case("HTTP/0.9", "GET /\r\n\r\n", BAD),
        case("HTTP/1.2", get("").replace("1.1", "1.2"), BAD),
        case("HTTP/9.9", get("").replace("1.1", "9.9"), BAD),
        case("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NOTHING),
        case("HTTP/2 by upgrade", get("upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n"), OK),
        case("a web socket", get("upgrade: websocket\r\nsec-websocket-key: x\r\n"), OK),
        case("TLS", [&b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"[..], &[0xfe; 160]].concat(), BAD),
        case("SSH", "SSH-2.0-OpenSSH_9.9\r\n", BAD),
        case(
            "an expectation",
            to.sized("expect: 100-continue\r\n", "null"),
            &[(100, ""), (422, "validation")],
        ),
        case(
            "an expectation with no key",
            to.sized("expect: 100-continue\r\n", "null").replace("Bearer", "Bare"),
            NOBODY,
        ),
        case("two keys", to.sized(&format!("authorization: Bearer {}\r\n", to.key), &good("x")), NOBODY),
    ]
}

fn names() -> Vec<Case> {
    let by = |host: &str| from_host("GET /health/live", &format!("host: {host}\r\n"));
    let mut cases = vec![
        case("no host", from_host("GET /health/live", ""), BAD),
        case("two hosts", get("host: localhost\r\n"), BAD),
        case(
            "a foreign target",
            from_host("GET http://evil.example/health/live", "host: localhost\r\n"),
            HOST,
        ),
        case(
            "a target with a user",
            from_host("GET http://localhost@evil.example/", "host: localhost\r\n"),
            HOST,
        ),
        case("our own target", from_host("GET http://localhost/health/live", "host: localhost\r\n"), OK),
        case("a foreign tunnel", from_host("CONNECT evil.example:443", "host: evil.example:443\r\n"), HOST),
        case(
            "a tunnel",
            from_host("CONNECT localhost:443", "host: localhost:443\r\n"),
            &[(404, "not-found")],
        ),
        case("a star", from_host("OPTIONS *", "host: localhost\r\n"), &[(404, "not-found")]),
        case("an address", by("127.0.0.1:80"), OK),
        case("an address in brackets", by("[::1]:80"), OK),
        case("a foreign origin", get("origin: http://evil.example\r\n"), ORIGIN),
        case("no origin that is told", get("origin: null\r\n"), ORIGIN),
        case("our own origin", get("origin: http://localhost:8000\r\n"), ORIGIN),
    ];
    for host in [
        "evil.example",
        "localhost.evil.example",
        "evil@localhost",
        "localhost evil.example",
        "[::1].evil.example",
        "0.0.0.0",
        "2130706433",
        "127.1",
        "",
    ] {
        cases.push(case("a foreign host", by(host), HOST));
    }
    cases
}

fn bodies(to: &Writer) -> Vec<Case> {
    let with = |name: &str, more: &str| to.sized("", &good(name).replace('}', &format!(",{more}}}")));
    let typed = |kind: &str| to.sized(kind, &good("x"));
    let deep = |left: &str, right: &str| format!("{}1{}", left.repeat(15_000), right.repeat(15_000));
    let bytes = |body: &[u8]| {
        let request = to.sized("", &" ".repeat(body.len())).into_bytes();
        [&request[..request.len() - body.len()], body].concat()
    };
    let utf16: Vec<u8> = good("x").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let crowd = format!(r#""meta_data":{{"a":[{}0]}}"#, r#"{"":0},"#.repeat(100_000));
    vec![
        case("nothing", to.sized("", ""), BAD),
        case("a body too large", to.sized("", &" ".repeat(2_000_000)), LARGE),
        case("a length too large", to.post("content-length: 999999999\r\n", "{"), LARGE),
        case("chunks too large", to.chunked(&format!("{}0\r\n\r\n", chunk(&" ".repeat(2_000_000)))), LARGE),
        case("gzip", typed("content-encoding: gzip\r\n"), TYPE),
        case("deflate", typed("content-encoding: deflate\r\n"), TYPE),
        case("brotli", typed("content-encoding: br\r\n"), TYPE),
        case("gzip behind identity", typed("content-encoding: identity\r\ncontent-encoding: gzip\r\n"), TYPE),
        case("no type", to.sized("", &good("x")).replace("content-type: application/json\r\n", ""), TYPE),
        case("a form", typed("content-type: application/x-www-form-urlencoded\r\n"), TYPE),
        case("plain text", typed("content-type: text/plain\r\n"), TYPE),
        case("two types", typed("content-type: application/json\r\ncontent-type: text/plain\r\n"), TYPE),
        case("another alphabet", typed("content-type: application/json; charset=utf-16\r\n"), TYPE),
        case("deep lists", to.sized("", &deep("[", "]")), BAD),
        case("deep objects", to.sized("", &deep(r#"{"a":"#, "}")), BAD),
        case("deep and cut off", to.sized("", &"[".repeat(500_000)), BAD),
        case("deep below a field", with("x", &format!(r#""meta_data":{{"a":{}}}"#, deep("[", "]"))), BAD),
        case("countless values", with("x", &crowd), WRONG),
        case("a number beyond numbers", with("x", r#""dedup_window_seconds":1e999"#), BAD),
        case("a long number", with("x", &format!(r#""dedup_window_seconds":{}"#, "9".repeat(400))), BAD),
        case("a number too large", with("x", r#""dedup_window_seconds":4294967296"#), WRONG),
        case("a negative number", with("x", r#""dedup_window_seconds":-1"#), WRONG),
        case("a field twice", with("x", r#""to":"+15005550007""#), WRONG),
        case("a field by two names", with("x", r#""recipient":"+15005550007""#), WRONG),
        case("a field with a long name", with("x", &format!(r#""{}":1"#, "y".repeat(900_000))), WRONG),
        case("two bodies", to.sized("", &good("x").repeat(2)), BAD),
        case("no text", bytes(b"{\"to\":\"\xff\",\"message\":\"x\"}"), BAD),
        case("a byte order mark", to.sized("", &format!("\u{feff}{}", good("x"))), BAD),
        case("UTF-16", bytes(&utf16), BAD),
        case("half a character", to.sized("", &good("\\ud800")), BAD),
        case("a zero character", to.sized("", &good("a\\u0000b")), WRONG),
        case("the pipeline's first", pipeline(to), &[(202, ""), (401, "unauthorized"), (202, "")]),
    ]
}

/// Bodies that do not come: nothing but time ends the wait for them.
pub fn late(to: &Writer) -> Vec<Case> {
    let body = chunk(&good("x"));
    vec![
        case("half a body", to.post("content-length: 10\r\n", "{"), LATE),
        case("no body", to.post("content-length: 10\r\n", ""), LATE),
        case("a size that is never sent", to.chunked("fffffffffffffff0\r\n"), LATE),
        case("chunks without an end", to.chunked(&body), LATE),
        case("trailers without an end", to.chunked(&format!("{body}0\r\nx: y\r\n")), LATE),
    ]
}

/// Three requests at once: one that is sent, one that is refused with its body, one more.
fn pipeline(to: &Writer) -> String {
    let all = ["the pipeline's first", "x", "the pipeline's last"].map(|name| to.sized("", &good(name)));
    let [first, refused, last] = all;
    let open = |request: String| request.replace("connection: close\r\n", "");
    format!("{}{}{last}", open(first), open(refused).replace("Bearer", "Bare"))
}

/// All that are answered at once.
pub fn all(to: &Writer) -> Vec<Case> {
    [framing(to), chunks(to), heads(to), names(), bodies(to)].into_iter().flatten().collect()
}
