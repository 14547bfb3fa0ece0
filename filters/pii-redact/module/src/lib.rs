//! pii_redact.wasm: the redaction of personal data and secrets alone.

portcullis_host::module!(portcullis_pii_redact::PII_REDACT);
