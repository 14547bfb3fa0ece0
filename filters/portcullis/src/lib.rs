//! portcullis.wasm: every stage in one module, but the redaction of answers, which is pii_redact.wasm.

portcullis_host::module!(portcullis_prompt_guard::PROMPT_GUARD);
