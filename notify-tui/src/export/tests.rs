//! Against a daemon made of frames: pages come one by one, and then something happens.

use super::*;
use crate::conn::Conn;
use crate::message::{Cmd, Msg};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

fn row(n: u32) -> Value {
    json!({
        "id": format!("0197a6c2-5b1e-7cc0-8000-{n:012}"), "service_id": "0197a6c2-5b1e-7cc0-8000-000000000900",
        "service_name": "acme", "type": "sms", "channels": ["sms"], "status": "failed", "recipient": "+1****4821",
        "priority": "high", "retry_count": 1, "retries_left": 0, "max_retries": 4, "simulated": false,
        "created_at": "2027-01-15T07:58:00.000Z", "error_message": "no\u{9b} route, \"none\""
    })
}

async fn request(stream: &mut UnixStream) -> Option<Value> {
    let mut frame = vec![0; stream.read_u32().await.ok()? as usize];
    stream.read_exact(&mut frame).await.ok()?;
    serde_json::from_slice::<Value>(&frame).ok()?.get("Request").cloned()
}

/// Answers the greeting, and questions with these pages; then it closes, or hangs.
async fn serve(listener: UnixListener, pages: Vec<Value>, hangs: bool) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let daemon = json!({
        "version": "0.1.0", "pid": 1, "started_at": "2027-01-14T00:00:00.000Z", "uptime_seconds": 5,
        "listen": "127.0.0.1:8000", "state_dir": "/s", "socket": "/s", "store_bytes": 1, "sqlite_version": "3"
    });
    let welcome =
        json!({"protocol": 1, "oldest_protocol": 1, "role": "admin", "host": "ops-1", "daemon": daemon});
    for (n, reply) in std::iter::once(welcome).chain(pages).enumerate() {
        let asked = request(&mut stream).await.unwrap();
        let verb = asked["message"].as_object().unwrap().keys().next().unwrap().clone();
        if n > 0 {
            assert_eq!(verb, "NotificationList", "what notifyctl asks");
            let asked = &asked["message"][&verb]["request"];
            assert_eq!((&asked["limit"], &asked["reveal"]), (&json!(200), &json!(false)));
            assert_eq!(asked["cursor"].as_str(), (n > 1).then_some("next"), "{asked}");
        }
        let told = json!({"request_id": asked["id"], "message": {"Ok": {verb: {"Ok": reply}}}}).to_string();
        stream.write_u32(u32::try_from(told.len()).unwrap()).await.unwrap();
        stream.write_all(told.as_bytes()).await.unwrap();
    }
    while hangs && request(&mut stream).await.is_some() {}
}

/// An export of these pages to this file; what it is told, and the connection to end it.
async fn export(
    at: &Path,
    csv: bool,
    pages: &[(std::ops::Range<u32>, bool)],
    hangs: bool,
) -> (Conn, UnboundedReceiver<Msg>) {
    let socket = at.with_file_name("s");
    let listener = UnixListener::bind(&socket).unwrap();
    let page = |(rows, more): &(std::ops::Range<u32>, bool)| json!({"items": rows.clone().map(row).collect::<Vec<_>>(), "next_cursor": more.then_some("next"), "total": null});
    tokio::spawn(serve(listener, pages.iter().map(page).collect(), hangs));
    let (tell, mut told) = unbounded_channel();
    let mut conn = Conn::new(Some(socket), tell);
    conn.take(Cmd::Connect).await;
    assert!(matches!(told.recv().await, Some(Msg::Greeted(..))));
    let name = at.display().to_string();
    conn.take(Cmd::Export(Box::new(Wanted { name, csv, filter: Filter::default() }))).await;
    (conn, told)
}

async fn next(told: &mut UnboundedReceiver<Msg>) -> Told {
    let Some(Msg::Exported(told)) = told.recv().await else { panic!("it is told") };
    told
}

fn place() -> (TempDir, std::path::PathBuf, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.csv");
    let partial = format!("{}.partial", path.display());
    (dir, path, partial)
}

#[tokio::test]
async fn page_after_page_goes_to_a_file_of_its_owner_alone() {
    let (_dir, path, partial) = place();
    let (_conn, mut told) = export(&path, true, &[(0..3, true), (0..0, true), (3..4, false)], true).await;
    assert_eq!(next(&mut told).await, Told::Rows(3));
    assert_eq!(next(&mut told).await, Told::Rows(4), "a page in which nothing matched is no news");
    assert_eq!(next(&mut told).await, Told::Done(4, path.display().to_string()));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 5);
    assert!(text.starts_with("id,created,status,"), "{text}");
    assert!(text.lines().nth(1).unwrap().ends_with(r#","no\u{9b} route, ""none""""#), "{text}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!Path::new(&partial).exists());
}

#[tokio::test]
async fn what_was_written_when_the_connection_broke_is_kept_under_another_name() {
    let (_dir, path, partial) = place();
    let (_conn, mut told) = export(&path, false, &[(0..3, true)], false).await;
    assert_eq!(next(&mut told).await, Told::Rows(3));
    assert_eq!(next(&mut told).await, Told::Ended(3, Some(partial.clone()), "the connection broke".into()));
    let text = std::fs::read_to_string(partial).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), rows[0]["error_message"].as_str()), (3, Some("no\u{9b} route, \"none\"")));
    assert!(text.contains(r"no\u009b route") && !path.exists());
}

#[tokio::test]
async fn it_ends_at_once_however_long_the_daemon_takes() {
    let (_dir, path, partial) = place();
    let (mut conn, mut told) = export(&path, true, &[], true).await;
    conn.take(Cmd::EndExport).await;
    assert_eq!(next(&mut told).await, Told::Ended(0, None, "given up".into()));
    assert!(!path.exists() && !Path::new(&partial).exists(), "nothing is left of nothing");
}

#[tokio::test]
async fn nothing_is_written_over() {
    let (_dir, path, partial) = place();
    for there in [path.display().to_string(), partial.clone()] {
        std::fs::write(&there, "mine").unwrap();
        let (_conn, mut told) = export(&path, true, &[(0..1, false)], true).await;
        let Told::Ended(0, None, why) = next(&mut told).await else { panic!("it is refused") };
        assert!(why.starts_with(&there) && why.contains("exists"), "{why}");
        assert_eq!(std::fs::read_to_string(&there).unwrap(), "mine");
        std::fs::remove_file(&there).unwrap();
        std::fs::remove_file(path.with_file_name("s")).unwrap();
    }
}

#[test]
fn a_program_that_ends_in_the_middle_leaves_whole_rows_or_nothing() {
    let (_dir, path, partial) = place();
    let sheet = Sheet::create(path.to_str().unwrap(), false).unwrap();
    assert!(Path::new(&partial).exists());
    drop(sheet);
    assert!(!Path::new(&partial).exists());
    let mut sheet = Sheet::create(path.to_str().unwrap(), false).unwrap();
    sheet.write(&[serde_json::from_value(row(1)).unwrap()]).unwrap();
    drop(sheet);
    assert_eq!(std::fs::read_to_string(&partial).unwrap().lines().count(), 1);
}
