//! rate_limit.wasm: limits on requests and tokens alone.

portcullis_host::module!(portcullis_rate_limit::RATE_LIMIT);
