//! portcullis.wasm: every stage in one module.

portcullis_host::module!(
    portcullis_access::ACCESS,
    portcullis_rate_limit::RATE_LIMIT,
    portcullis_prompt_guard::PROMPT_GUARD,
    portcullis_pii_redact::PII_REDACT
);
