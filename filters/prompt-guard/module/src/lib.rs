//! prompt_guard.wasm: the prompt guard alone.
