//! The modules in real Envoy.
