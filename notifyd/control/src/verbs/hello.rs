//! The greeting: protocols are compared and the caller learns its role.

use crate::session::Session;
use notify_proto::control::{Hello, OLDEST_PROTOCOL, PROTOCOL, Welcome};

/// Who is there. It is answered even when the protocols do not fit, so that the caller can say which side is older; but
/// then every other verb is refused.
pub(crate) fn hello(session: &Session, hello: &Hello) -> Welcome {
    let fits = hello.protocol >= OLDEST_PROTOCOL && PROTOCOL >= hello.oldest_protocol;
    let (room, role) = session.greet(fits);
    Welcome {
        protocol: PROTOCOL,
        oldest_protocol: OLDEST_PROTOCOL,
        role,
        host: room.deps.daemon.host.clone(),
        daemon: room.daemon_info(),
    }
}
