//! From a target to a connection. A name is looked up once, all it stands for is looked at, and what was looked at is
//! connected to: whoever answers the next look-up differently comes too late.

use super::fault::What;
use super::network::Network;
use super::target::Target;
use async_trait::async_trait;
use notifyd_lifecycle::destination::{Host, Refusal};
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

/// Addresses of one name that are tried, the first ones.
const MAX_ADDRESSES: usize = 8;

/// A connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Makes connections.
#[async_trait]
pub trait Dialer: Send + Sync {
    /// Connects to an address that may be called.
    async fn connect(&self, address: SocketAddr) -> io::Result<Box<dyn Stream>>;
}

/// By TCP.
pub(super) struct Tcp;

#[async_trait]
impl Dialer for Tcp {
    async fn connect(&self, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect(address).await?;
        // Small requests must not wait for one another's acknowledgements.
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}

/// Connects, until `deadline`. `trust` is whom to believe instead of the system's authorities.
pub(super) async fn dial(
    network: &Network,
    trust: Option<&TlsConnector>,
    target: &Target,
    deadline: Instant,
) -> Result<(Box<dyn Stream>, IpAddr), What> {
    let looked_up = timeout_at(deadline, addresses(network, target)).await;
    let addresses = looked_up.map_err(|_| What::Unknown("no answer within the time limit".into()))??;
    let policy = network.policy();
    let port = target.origin.port;
    for address in &addresses {
        policy.check(*address, port).map_err(forbidden)?;
    }
    let (stream, address) = connect(network.dialer(), &addresses, port, deadline).await?;
    if !target.origin.https {
        return Ok((stream, address));
    }
    let no_tls = || What::Untrusted(io::Error::other("there is no way to encrypt"));
    let trust = trust.or_else(|| network.trust()).ok_or_else(no_tls)?;
    match timeout_at(deadline, trust.connect(target.name.clone(), stream)).await {
        Ok(Ok(stream)) => Ok((Box::new(stream), address)),
        Ok(Err(error)) => Err(What::Untrusted(error)),
        Err(_) => Err(What::Untrusted(io::ErrorKind::TimedOut.into())),
    }
}

/// A refusal as a fault.
pub(super) fn forbidden(refusal: Refusal) -> What {
    match refusal {
        Refusal::Forbidden(kind) => What::Forbidden(kind),
        other => What::Unknown(other.to_string()),
    }
}

async fn addresses(network: &Network, target: &Target) -> Result<Vec<IpAddr>, What> {
    match &target.origin.host {
        Host::Address(address) => Ok(vec![*address]),
        Host::Name(name) => match network.resolver().resolve(name).await {
            Ok(addresses) if addresses.is_empty() => Err(What::Unknown("it has no address".into())),
            Ok(addresses) => Ok(addresses),
            Err(error) => Err(What::Unknown(error.to_string())),
        },
    }
}

/// The first of them that takes the connection. Each gets its share of the time that is left.
async fn connect(
    dialer: &dyn Dialer,
    addresses: &[IpAddr],
    port: u16,
    deadline: Instant,
) -> Result<(Box<dyn Stream>, IpAddr), What> {
    let mut failed = io::Error::from(io::ErrorKind::TimedOut);
    let tried = &addresses[..addresses.len().min(MAX_ADDRESSES)];
    for (address, left) in tried.iter().zip((1..=tried.len()).rev()) {
        let now = Instant::now();
        let share = deadline.saturating_duration_since(now) / u32::try_from(left).unwrap_or(1);
        match timeout_at(now + share, dialer.connect(SocketAddr::new(*address, port))).await {
            Ok(Ok(stream)) => return Ok((stream, *address)),
            Ok(Err(error)) => failed = error,
            Err(_) => failed = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(What::Unconnected(failed))
}
