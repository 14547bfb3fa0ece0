//! Nouns and pure functions: wire formats, verdicts, configuration, audit.
