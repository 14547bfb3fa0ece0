//! The modules there are, and how to tell which one is meant.

use portcullis_access::ACCESS;
use portcullis_core::stage::Kind;
use portcullis_pii_redact::PII_REDACT;
use portcullis_prompt_guard::PROMPT_GUARD;
use portcullis_rate_limit::RATE_LIMIT;

use super::tree::Node;

/// A module: its name and the stages that it carries, in their order.
#[derive(Clone, Copy)]
pub struct Module {
    /// Its file without `.wasm`.
    pub name: &'static str,
    /// Its stages.
    pub kinds: &'static [&'static dyn Kind],
}

/// Every module, the one with all stages first.
pub const MODULES: [Module; 5] = [
    Module { name: "portcullis", kinds: &[&ACCESS, &RATE_LIMIT, &PROMPT_GUARD, &PII_REDACT] },
    Module { name: "prompt_guard", kinds: &[&PROMPT_GUARD] },
    Module { name: "pii_redact", kinds: &[&PII_REDACT] },
    Module { name: "rate_limit", kinds: &[&RATE_LIMIT] },
    Module { name: "access", kinds: &[&ACCESS] },
];

/// The module that carries every stage.
pub const PORTCULLIS: Module = MODULES[0];

/// The module that `names` speak of, the most telling first: URL or file of the code, then names that an operator chose.
/// Failing those, a `config` that looks like ours is taken for one of `portcullis.wasm`. `None` for a module of others.
pub fn module(names: &[Option<&str>], config: Option<&Node>) -> Option<Module> {
    let named = names.iter().flatten().find_map(|name| in_name(name));
    named.or_else(|| config.is_some_and(looks_like_ours).then_some(PORTCULLIS))
}

/// Whether an object has a key that stands at the top of our configurations.
pub fn looks_like_ours(config: &Node) -> bool {
    ["profiles", "routes", "default_profile"].iter().any(|key| config.get(key).is_some())
}

fn in_name(name: &str) -> Option<Module> {
    let plain = name.to_ascii_lowercase().replace('-', "_");
    let mut parts = plain.rsplit('/');
    let last = parts.next().unwrap_or(&plain);
    let holds = |text: &str| {
        let found = MODULES.iter().filter(|module| text.contains(module.name));
        found.max_by_key(|module| module.name.len()).copied()
    };
    // The file in an image is called plugin.wasm, whatever it is; its folder may tell.
    let folder = parts.next().filter(|_| last.starts_with("plugin"));
    holds(last).or_else(|| holds(folder?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_module() {
        for (name, expected) in [
            ("registry.example/portcullis:0.1.0", Some("portcullis")),
            ("oci://registry.example/portcullis/prompt-guard@sha256:00", Some("prompt_guard")),
            ("https://files.example/portcullis/plugin.wasm", Some("portcullis")),
            ("file:///etc/wasm/prompt_guard-0.1.0.wasm", Some("prompt_guard")),
            ("portcullis-prompt-guard", Some("prompt_guard")),
            ("dist/coraza.wasm", None),
            ("https://portcullis.example.com/coraza.wasm", None),
        ] {
            assert_eq!(in_name(name).map(|module| module.name), expected, "{name}");
        }
    }
}
