//! Looking names up. The system's resolver keeps a thread busy for each look-up, for half a minute when nobody answers it:
//! they have threads of their own, one per name at most, and a bounded number in all.

use async_trait::async_trait;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, oneshot, watch};

/// Look-ups under way, over all names: more than a few providers can wait for, even when each of theirs hangs.
const MAX_LOOKUPS: usize = 128;

/// What a look-up needs of a stack.
const STACK: usize = 512 * 1_024;

/// Finds the addresses of a name.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// All its addresses, the best first.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// What a look-up found, told to all who asked for it.
type Found = Option<Result<Arc<[IpAddr]>, Arc<io::Error>>>;

/// The system's resolver.
#[derive(Clone)]
pub struct SystemResolver {
    under_way: Arc<Mutex<HashMap<String, watch::Receiver<Found>>>>,
    slots: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self { under_way: Arc::default(), slots: Arc::new(Semaphore::new(MAX_LOOKUPS)) }
    }
}

impl SystemResolver {
    /// Joins the look-up of this name that is under way, or begins one.
    fn join(&self, name: &str) -> watch::Receiver<Found> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = under_way.get(name) {
            return found.clone();
        }
        let (tell, found) = watch::channel(None);
        under_way.insert(name.to_owned(), found.clone());
        let (this, name) = (self.clone(), name.to_owned());
        // On its own, so that one who waits no longer does not end it for the others.
        tokio::spawn(async move {
            // The semaphore is never closed.
            let _slot = this.slots.acquire().await;
            let addresses = look_up(name.clone()).await.map(Arc::from);
            this.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
            tell.send_replace(Some(addresses.map_err(Arc::new)));
        });
        found
    }
}

/// Asks the system, on a thread that nobody else waits for.
async fn look_up(name: String) -> io::Result<Vec<IpAddr>> {
    let (tell, found) = oneshot::channel();
    let ask = move || {
        let all = (name.as_str(), 0).to_socket_addrs().map(|all| all.map(|it| it.ip()).collect());
        // Nobody waits any more when the daemon stops.
        let _ = tell.send(all);
    };
    std::thread::Builder::new().name("lookup".into()).stack_size(STACK).spawn(ask)?;
    found.await.map_err(io::Error::other)?
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut found = self.join(name);
        let gone = || io::Error::other("the look-up was abandoned");
        match &*found.wait_for(Option::is_some).await.map_err(|_| gone())? {
            Some(Ok(addresses)) => Ok(addresses.to_vec()),
            Some(Err(error)) => Err(io::Error::new(error.kind(), error.to_string())),
            None => Err(gone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_who_ask_for_one_name_share_a_look_up() {
        let resolver = SystemResolver::default();
        let both = tokio::join!(resolver.resolve("localhost"), resolver.resolve("localhost"));
        assert!(both.0.unwrap().iter().all(IpAddr::is_loopback) && both.1.is_ok());
        let (first, second) = (resolver.join("localhost"), resolver.join("localhost"));
        assert!(first.same_channel(&second));
        resolver.resolve("localhost").await.unwrap();
        assert!(resolver.resolve("no such name").await.is_err());
        assert!(resolver.under_way.lock().unwrap().is_empty(), "what has ended is not kept");
    }
}
