//! Real binaries, wire fakes, fault injection and the load generator
