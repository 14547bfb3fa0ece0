//! The stage's section of a profile, read and compiled.

use std::sync::Arc;

use portcullis_core::config::{MODES, Reader, choose, is_name, normal_path};
use portcullis_core::stage::{Settings, Stage};
use portcullis_core::subject::{Part, part};
use portcullis_core::verdict::Mode;
use portcullis_core::wire::{Dialect, model_pattern};

use crate::stage::Granting;

/// A rule: what is granted to whom.
pub(crate) struct Rule {
    pub(crate) name: Arc<str>,
    pub(crate) when: Vec<Part>,
    pub(crate) endpoints: Option<Vec<Endpoint>>,
    pub(crate) models: Option<Vec<String>>,
    pub(crate) tools: Option<Vec<String>>,
    pub(crate) max_output: Option<u64>,
}

impl Rule {
    /// Whether it says something that only a body tells.
    pub(crate) fn reads_body(&self) -> bool {
        self.models.is_some() || self.tools.is_some() || self.max_output.is_some()
    }
}

/// Where a request may go.
pub(crate) enum Endpoint {
    Dialect(Dialect),
    Path(Vec<u8>),
}

/// A field that says who asks, and what vouches for it.
pub(crate) struct Identity {
    pub(crate) header: String,
    pub(crate) metadata: Vec<String>,
}

/// A section, compiled; shared by the exchanges that it has under way.
pub(crate) struct Grants {
    pub(crate) mode: Mode,
    pub(crate) rules: Vec<Rule>,
    pub(crate) identity: Vec<Identity>,
}

const DIALECTS: [Dialect; 13] = [
    Dialect::OpenAiChat,
    Dialect::OpenAiCompletions,
    Dialect::OpenAiEmbeddings,
    Dialect::OpenAiResponses,
    Dialect::AnthropicMessages,
    Dialect::Gemini,
    Dialect::OllamaChat,
    Dialect::OllamaGenerate,
    Dialect::CohereChat,
    Dialect::BedrockConverse,
    Dialect::BedrockInvoke,
    Dialect::Mcp,
    Dialect::A2a,
];

fn endpoint(word: &str) -> Option<Endpoint> {
    if word.starts_with('/') {
        let path = normal_path(word.as_bytes()).filter(|path| path == word.as_bytes())?;
        return Some(Endpoint::Path(path));
    }
    DIALECTS.into_iter().find(|dialect| dialect.name() == word).map(Endpoint::Dialect)
}

/// Reads a section.
pub(crate) fn read(r: &mut dyn Reader) -> Grants {
    let mode = choose(r, "mode", MODES, "Whether refusals take effect.").unwrap_or_default();
    let mut identity = Vec::new();
    let doc = "Header fields that say who asks. What a client sends under such a name is removed before anything looks at it, \
               in any spelling, unless what the gateway knows vouches for it.";
    r.list("identity", 32, doc, &mut |r| {
        let token = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let header = r.text("header", 128, "a header name", &token, "The field's name. Required.");
        r.required("header", "name the header field");
        let metadata = r.texts(
            "metadata",
            8,
            "a name",
            &|s| !s.is_empty() && !s.contains('\0'),
            "The path of a value in the request's metadata that the field must have to stay, such as a claim of a token that \
             Envoy has checked. Without it the field is always removed.",
        );
        identity.extend(header.map(|header| Identity { header: header.to_ascii_lowercase(), metadata }));
    });
    let mut rules: Vec<Rule> = Vec::new();
    let doc =
        "What is granted, and to whom. A request that no rule grants is refused; without rules every one is granted.";
    r.list("rules", 256, doc, &mut |r| {
        let rule = rule(r);
        let taken = rule.as_ref().is_some_and(|rule| rules.iter().any(|known| known.name == rule.name));
        if taken {
            r.problem("name", "is the name of another rule, too".into(), "give each a name of its own".into());
        }
        rules.extend(rule);
    });
    Grants { mode, rules, identity }
}

fn rule(r: &mut dyn Reader) -> Option<Rule> {
    let doc = "What it is called. Required.";
    let name = r.text("name", 64, "a name of letters, digits, `-`, `_` and `.`,", &is_name, doc);
    r.required("name", "name the rule");
    let mut when = Vec::new();
    r.list("when", 8, "Whom it is for: all must hold. Everybody when there is none.", &mut |r| {
        when.extend(part(r));
        r.required("values", "say for which values");
    });
    let list = |r: &mut dyn Reader, key, pattern, valid: &dyn Fn(&str) -> bool, doc| {
        let texts = r.texts(key, 256, pattern, valid, doc);
        r.has(key).then_some(texts)
    };
    let endpoints = list(
        r,
        "endpoints",
        "the name of a format, or a path that starts with `/`",
        &|word| endpoint(word).is_some(),
        "Where it lets a request go: formats by the path that was called (openai_chat, openai_completions, \
         openai_embeddings, openai_responses, anthropic_messages, gemini, ollama_chat, ollama_generate, cohere_chat, \
         bedrock_converse, bedrock_invoke, mcp, a2a), or prefixes of whole path segments. Anywhere when it is not given.",
    );
    let models = list(
        r,
        "models",
        "a model, in which `*` stands for any characters",
        &|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:/-@+*".contains(&b)),
        "Models that it grants, in either case. Any when it is not given, none when it is empty.",
    );
    let tools = list(
        r,
        "tools",
        "a tool, in which `*` stands for any characters",
        &|name| !name.is_empty(),
        "Tools that a request may offer or call, by name; those of a provider by their type. Any when it is not given, none \
         when it is empty.",
    );
    let most = r.integer(
        "max_output",
        u64::from(u32::MAX),
        1,
        u64::from(u32::MAX),
        "Tokens that the answers to a request may have together. When it is given, a request that sets itself no bound is not \
         granted.",
    );
    let endpoints = endpoints.map(|words| words.iter().filter_map(|word| endpoint(word)).collect());
    let models = models.map(|models| models.iter().map(|model| model_pattern(model)).collect());
    let max_output = r.has("max_output").then_some(most);
    Some(Rule { name: Arc::from(name?), when, endpoints, models, tools, max_output })
}

/// What a profile holds.
pub(crate) struct Shared(pub(crate) Arc<Grants>);

impl Settings for Shared {
    fn mode(&self) -> Mode {
        if self.0.rules.is_empty() && self.0.identity.is_empty() { Mode::Off } else { self.0.mode }
    }

    fn reads_requests(&self) -> bool {
        let in_body = |rule: &Rule| rule.reads_body() || rule.when.iter().any(|part| part.source.is_in_body());
        self.0.rules.iter().any(in_body)
    }

    fn open(&self) -> Box<dyn Stage> {
        Box::new(Granting::new(Arc::clone(&self.0)))
    }
}
