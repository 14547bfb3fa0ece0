//! The stage that inspects prompts.
