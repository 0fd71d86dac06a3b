//! One connection: calls come in, run side by side, and their answers go out.

use crate::once;
use crate::session::Session;
use futures::{Stream as _, StreamExt as _};
use notify_proto::control::ControlRequest;
use notify_proto::transport;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tarpc::RequestName as _;
use tarpc::server::{BaseChannel, Channel as _, Config, serve as serve_fn};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Calls of one connection under way at once; one more is refused.
const MAX_CALLS: usize = 32;

/// How long calls under way may take to end when the daemon stops.
const GRACE: Duration = Duration::from_secs(1);

/// A call by the name it has in the trait.
fn verb(call: &ControlRequest) -> &str {
    call.name().rsplit('.').next().unwrap_or_default()
}

/// Serves one connection until it ends or the daemon stops.
pub(crate) async fn serve(stream: UnixStream, session: Session, shutdown: CancellationToken) {
    let channel =
        BaseChannel::new(Config::default(), transport::serve(stream)).max_concurrent_requests(MAX_CALLS);
    let mut requests = pin!(channel.requests());
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = calls.join_next() => {}
            request = requests.next() => match request {
                Some(Ok(request)) => {
                    let timer = session.begin(verb(&request.get().message));
                    let own = session.clone();
                    let answer = serve_fn(move |context, call| once::serve(own, context, call));
                    let answered = request.execute(answer);
                    calls.spawn(async move {
                        answered.await;
                        timer.observe_duration();
                    });
                }
                // The error's text may repeat what was sent, so it is not logged.
                Some(Err(_)) => {
                    tracing::debug!("control connection ended by a frame that is no call");
                    return;
                }
                None => return,
            },
        }
    }
    // Writes what is being answered, takes nothing new.
    let rest = poll_fn(|context| {
        loop {
            match requests.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(refused))) => drop(refused),
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                Poll::Pending if requests.channel().in_flight_requests() == 0 => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    });
    let _ = tokio::time::timeout(GRACE, rest).await;
}
