//! The seam to Envoy: the only crate that names proxy_wasm.
