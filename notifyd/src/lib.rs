//! The notification daemon: wiring, settings, signals, telemetry
