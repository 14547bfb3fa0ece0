//! prompt_guard.wasm: the prompt guard alone.

portcullis_host::module!(portcullis_prompt_guard::PROMPT_GUARD);
