//! access.wasm: who may call which model, alone.

portcullis_host::module!(portcullis_access::ACCESS);
