//! portcullis.wasm: every stage in one module.
