//! HTTP in: the service API
