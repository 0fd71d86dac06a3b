//! The socket itself, and what a hostile peer may try on it. Runs as the daemon's own user, so every peer is an admin.

use super::fakes::{House, house, plain, soon};
use crate::{Bound, Control, Options};
use notify_proto::control::{Hello, Role};
use notify_proto::transport::{self, MAX_FRAME_BYTES};
use serde_json::{Value, json};
use std::path::PathBuf;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

async fn serving(house: &House) -> (PathBuf, JoinHandle<()>) {
    let path = house.dir.path().join("run/control.sock");
    let options = Options { socket: Some(path.clone()), ..Options::default() };
    let control =
        Control::new(Bound::take(options).await.unwrap(), house.deps.clone(), &prometheus::Registry::new())
            .unwrap();
    assert_eq!(control.socket(), path);
    (path, tokio::spawn(control.run(house.stopped.clone())))
}

async fn write(stream: &mut UnixStream, frame: &[u8]) {
    stream.write_u32(u32::try_from(frame.len()).unwrap()).await.unwrap();
    stream.write_all(frame).await.unwrap();
}

async fn read(stream: &mut UnixStream) -> Value {
    let length = stream.read_u32().await.unwrap();
    let mut frame = vec![0; length as usize];
    stream.read_exact(&mut frame).await.unwrap();
    serde_json::from_slice(&frame).unwrap()
}

#[tokio::test]
async fn a_call_that_stops_the_daemon_is_answered_and_the_socket_goes() {
    let house = house();
    let (path, running) = serving(&house).await;
    let client = transport::connect(&path).await.unwrap();
    let welcome = client.hello(soon(), Hello::of("test")).await.unwrap().unwrap();
    assert_eq!((welcome.role, welcome.daemon.socket), (Role::Admin, path.display().to_string()));
    client.daemon_shutdown(soon(), None, plain()).await.unwrap().unwrap();
    running.await.unwrap();
    assert!(!path.exists());
    assert_eq!(*house.stops.lock().unwrap(), [None]);
}

#[tokio::test]
async fn absurd_deadlines_garbage_and_huge_frames_end_at_most_their_own_connection() {
    let house = house();
    let (path, running) = serving(&house).await;
    let trace = serde_json::to_value(tarpc::context::current().trace_context).unwrap();

    let mut absurd = UnixStream::connect(&path).await.unwrap();
    for (id, deadline) in
        [json!({"secs": u64::MAX, "nanos": 0}), json!([u64::MAX, 999_999_999])].iter().enumerate()
    {
        let context = json!({"deadline": deadline, "trace_context": trace});
        let call = json!({"Request": {"context": context, "id": id, "message": {"Ping": {}}}});
        write(&mut absurd, call.to_string().as_bytes()).await;
        let answer = read(&mut absurd).await;
        assert_eq!(answer["request_id"], json!(id));
        assert_eq!(answer["message"]["Ok"]["Ping"]["Err"]["code"], "invalid", "{answer}");
    }
    for frame in
        [&b"hunter2"[..], b"", b"[]", br#"{"Request":[[[18446744073709551615,0],{}],1,{"Ping":{}}]}"#]
    {
        let mut garbage = UnixStream::connect(&path).await.unwrap();
        write(&mut garbage, frame).await;
        assert_eq!(garbage.read(&mut [0; 8]).await.unwrap_or(0), 0, "{frame:?} was answered");
    }
    let mut huge = UnixStream::connect(&path).await.unwrap();
    huge.write_u32(u32::try_from(MAX_FRAME_BYTES + 1).unwrap()).await.unwrap();
    assert_eq!(huge.read(&mut [0; 8]).await.unwrap_or(0), 0);

    let client = transport::connect(&path).await.unwrap();
    client.hello(soon(), Hello::of("test")).await.unwrap().unwrap();
    house.stopped.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_room_is_made_again() {
    let house = house();
    let (path, running) = serving(&house).await;
    let mut all = Vec::new();
    for _ in 0..64 {
        let client = transport::connect(&path).await.unwrap();
        client.hello(soon(), Hello::of("test")).await.unwrap().unwrap();
        all.push(client);
    }
    let mut refused = UnixStream::connect(&path).await.unwrap();
    assert_eq!(refused.read(&mut [0; 8]).await.unwrap(), 0);
    all.clear();
    // The places become free when the daemon has noticed; until then it closes the door at once.
    loop {
        let client = transport::connect(&path).await.unwrap();
        if client.hello(soon(), Hello::of("test")).await.is_ok() {
            break;
        }
        tokio::task::yield_now().await;
    }
    house.stopped.cancel();
    running.await.unwrap();
}
