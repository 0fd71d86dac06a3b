//! Encryption of the dialogue: rustls, the system's root certificates (Mozilla's list where there are none) and those
//! of the configuration.

use crate::config::ConfigError;
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// When to encrypt.
pub(super) enum Encryption {
    None,
    /// STARTTLS if the server offers it; whoever sits in between can take the offer away.
    IfOffered(Secure),
    /// STARTTLS or nothing is sent.
    StartTls(Secure),
    /// TLS before the first byte.
    FromTheStart(Secure),
}

/// What it takes to encrypt: the trust and the name the certificate must carry.
pub(super) struct Secure {
    pub connector: TlsConnector,
    pub name: ServerName<'static>,
}

impl Secure {
    pub(super) fn new(host: &str, authorities: Option<&str>) -> Result<Self, ConfigError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            let fix = "use the name in the server's certificate, or tls = none";
            ConfigError::invalid("host", "cannot be the name in a certificate", fix)
        })?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if let Some(authorities) = authorities {
            add(&mut roots, authorities)?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError::invalid("tls", error.to_string(), "report this as a bug"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }
}

fn add(roots: &mut RootCertStore, authorities: &str) -> Result<(), ConfigError> {
    let wrong = |problem: String| {
        ConfigError::invalid("ca_file", problem, "name a readable PEM file or paste its text")
    };
    let pem = if authorities.starts_with("-----BEGIN") {
        authorities.as_bytes().to_vec()
    } else {
        std::fs::read(authorities).map_err(|error| wrong(format!("cannot be read ({error})")))?
    };
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(format!("is no valid PEM ({error})")))?;
        roots.add(certificate).map_err(|error| wrong(format!("has a certificate of no use ({error})")))?;
        found = true;
    }
    if found { Ok(()) } else { Err(wrong(String::from("holds no certificate"))) }
}
