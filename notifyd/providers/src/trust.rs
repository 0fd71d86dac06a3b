//! Whom to believe when a connection is encrypted: the system's root certificates (Mozilla's list where there are none)
//! and those of a provider's configuration.

use crate::config::ConfigError;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The way to encrypt, believing those and the `authorities`: a file of certificates (PEM), or its text.
pub(crate) fn config(authorities: Option<&str>) -> Result<ClientConfig, ConfigError> {
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
        .map_err(|error| ConfigError::invalid("tls", error.to_string(), "report this as a bug"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
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
