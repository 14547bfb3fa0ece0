use super::*;
use crate::stage::{Settings, Stage};
use crate::verdict::{Failure, Mode, Verdict};
use crate::wire::Role;
use crate::wire::form::FormKind;

struct Nothing(Mode);

impl Stage for Nothing {}

impl Settings for Nothing {
    fn mode(&self) -> Mode {
        self.0
    }

    fn open(&self) -> Box<dyn Stage> {
        Box::new(Nothing(self.0))
    }
}

struct Guard;

impl Kind for Guard {
    fn key(&self) -> &'static str {
        "guard"
    }

    fn doc(&self) -> &'static str {
        "A stage for tests."
    }

    fn read(&self, section: &mut dyn Reader) -> Box<dyn Settings> {
        Box::new(Nothing(choose(section, "mode", MODES, "Whether it acts.").unwrap_or_default()))
    }
}

const KINDS: &[&dyn Kind] = &[&Guard];

fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    Config::parse(text.as_bytes(), KINDS, &|name| (name == "KEY").then(|| "0123456789abcdef".to_string()))
}

fn problems(text: &str) -> Vec<String> {
    parse(text).map(|_| ()).unwrap_err().iter().map(Problem::to_string).collect()
}

fn select(config: &Config, fields: &[(&str, &str)]) -> String {
    let path = [(":path", "/")].into_iter().filter(|path| fields.iter().all(|field| field.0 != path.0));
    let head: Head = fields.iter().copied().chain(path).collect();
    config.select(&head).name.clone()
}

#[test]
fn nothing_at_all_is_the_strictest() {
    for text in ["", " \n", "{}"] {
        let config = parse(text).unwrap();
        let profile = config.select(&Head::default());
        assert_eq!(profile.unreadable, Verdict::Block);
        assert_eq!(profile.on_failure.request, Failure::Closed);
        assert_eq!(profile.on_failure.response, Failure::Closed);
        assert_eq!(profile.stages.first().unwrap().mode(), Mode::Enforce);
    }
}

#[test]
fn every_problem_is_named_at_once_with_path_and_remedy() {
    let found = problems(
        r#"{"default_profile": "chat", "profil": {},
            "profiles": {"chat": {"unreadable": "blok", "limits": {"depth": 4, "body_bytes": 1.5}, "guard": {"mod": "off"}},
                         "spare": {}, "a b": {"explain": "no"}},
            "routes": [{"profile": "chad", "host": "x"}, {"profile": "chat"}, {"path_prefix": "v1"}],
            "audit": {"hmac_key_env": "ABSENT"}}"#,
    );
    let expected = [
        "profiles.chat.unreadable: is not a word that is known here; did you mean `block`? Known: block, flag, allow",
        "profiles.chat.limits.body_bytes: 1.5 is not a whole number from 1024 to 16777216; Bytes of a body. Envoy's own \
         buffer limit must be larger: it answers 413 by itself.",
        "profiles.chat.limits.depth: 4 is not a whole number from 8 to 512; Levels of nesting.",
        "profiles.chat.guard.mod: unknown key; did you mean `mode`?",
        "profiles[\"a b\"]: is not a name; use 1 to 64 of a-z, A-Z, 0-9, `_`, `-` and `.`",
        "profiles[\"a b\"].explain: is a string; expected true or false; Whether refusals carry x-portcullis-verdict and \
         name the rule. Turn it off where attackers would tune against it.",
        "routes[1]: matches every request; give host, path_prefix, method or header; for all requests use \
         default_profile",
        "routes[2].path_prefix: is not a path that starts with `/` of at most 512 bytes; A prefix of whole path segments. \
         Paths are compared after percent-decoding and removal of dot segments; one that cannot be read that way matches \
         no route.",
        "profil: unknown key; did you mean `profiles`?",
        "routes[0].profile: no profile has this name; profiles here: chat, spare, a b",
        "routes[2].profile: is missing; name the profile for what matches",
        "profiles.spare: is never used; name it in a route or as default_profile, or leave it out",
        "profiles[\"a b\"]: is never used; name it in a route or as default_profile, or leave it out",
        "audit.hmac_key_env: names no variable with such a key; set ABSENT to a key of at least 16 bytes, and let the VM \
         see it",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_not_an_object_is_refused() {
    assert_eq!(problems("[]"), ["(document): is a list, not an object; give an object: {…}"]);
    let truncated = problems("{\"profiles\": ");
    assert!(truncated[0].starts_with("(document): is not JSON at line 1, column "), "{truncated:?}");
}

#[test]
fn a_stage_of_another_module_is_named_with_its_module() {
    let found = problems(r#"{"profiles": {"default": {"prompt_guard": {}}}}"#);
    let expected = "profiles.default.prompt_guard: is a stage that this module does not carry; attach portcullis.wasm or \
                    prompt_guard.wasm, or leave the section out";
    assert_eq!(found, [expected]);
}

#[test]
fn the_first_route_that_matches_counts() {
    let config = parse(
        r#"{"profiles": {"default": {}, "chat": {}, "team": {}, "wild": {}, "read": {}}, "routes": [
            {"profile": "chat", "host": "api.example.com", "path_prefix": "/v1/chat", "method": "POST"},
            {"profile": "team", "header": {"name": "x-team", "prefix": "a-"}},
            {"profile": "wild", "host": "*.example.com"},
            {"profile": "read", "method": "GET"}]}"#,
    )
    .unwrap();
    let chat = [(":authority", "API.example.com:443"), (":path", "//v1/./chat/completions?x"), (":method", "POST")];
    assert_eq!(select(&config, &chat), "chat");
    assert_eq!(
        select(&config, &[(":authority", "api.example.com"), (":path", "/v1/chatter"), (":method", "POST")]),
        "wild"
    );
    assert_eq!(select(&config, &[(":authority", "example.com")]), "default");
    assert_eq!(select(&config, &[("x-team", "a-1")]), "team");
    assert_eq!(
        select(&config, &[("x-team", "b"), ("x-team", "a-1")]),
        "default",
        "a repeated field vouches for nothing"
    );
    assert_eq!(select(&config, &[(":method", "GET")]), "read");
    assert_eq!(select(&config, &[(":method", "HEAD")]), "default");
    for path in ["/v1%2fchat", "/v1/chat/..;/x", "/v1/%252e%252e/x"] {
        let ambiguous = [(":authority", "a.example.com"), (":path", path), (":method", "GET"), ("x-team", "a-1")];
        assert_eq!(select(&config, &ambiguous), "default", "{path}: not even to routes without a path");
    }
}

#[test]
fn a_header_without_a_name_is_no_condition() {
    for header in [r#"{}"#, r#"{"exact": "x"}"#] {
        let found = problems(&format!(
            r#"{{"profiles": {{"default": {{}}}}, "routes": [{{"profile": "default", "header": {header}}}]}}"#
        ));
        assert_eq!(found, ["routes[0].header: has no name; name the header field"], "{header}");
    }
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let found = problems(r#"{"profiles": {"default": {"guard": {"mode": "enforce", "m\u006fde": "off"}}}}"#);
    assert!(found.len() == 1 && found[0].contains("stands twice"), "{found:?}");
}

#[test]
fn hosts_and_prefixes_and_values_match_whole() {
    let config = parse(
        r#"{"profiles": {"default": {}, "host": {}, "below": {}, "exact": {}}, "routes": [
            {"profile": "host", "host": "api.example.com"},
            {"profile": "below", "path_prefix": "/v1/"},
            {"profile": "exact", "header": {"name": "x-team", "exact": "a"}}]}"#,
    )
    .unwrap();
    for (field, profile) in [
        ((":authority", "api.example.com."), "host"),
        ((":authority", "api.example.com.:8443"), "host"),
        ((":authority", "xapi.example.com"), "default"),
        ((":path", "/v1/chat"), "below"),
        ((":path", "/v1"), "default"),
        (("x-team", "a"), "exact"),
        (("x-team", "ab"), "default"),
        (("x-team", ""), "default"),
    ] {
        let path = if field.0 == ":path" { field } else { (":path", "/") };
        assert_eq!(select(&config, &[field, path]), profile, "{field:?}");
    }
}

#[test]
fn what_lies_over_the_length_of_a_list_is_not_read() {
    let routes = vec![r#"{"profile": "default", "method": "GET", "x": 1}"#; 300].join(",");
    let found = problems(&format!(r#"{{"profiles": {{"default": {{}}}}, "routes": [{routes}]}}"#));
    assert_eq!(found.len(), 257);
    assert!(found.contains(&"routes: has 300 entries; at most 256".to_string()), "{}", found[0]);
}

#[test]
fn an_audit_key_that_is_short_is_none() {
    let short = Config::parse(br#"{"audit": {"hmac_key_env": "KEY"}}"#, KINDS, &|_| Some("0123456789abcde".into()));
    assert_eq!(short.unwrap_err()[0].path, "audit.hmac_key_env");
}

#[test]
fn an_audit_key_comes_from_the_environment() {
    assert_eq!(
        parse(r#"{"audit": {"hmac_key_env": "KEY"}}"#).unwrap().audit_key.as_deref(),
        Some(&b"0123456789abcdef"[..])
    );
}

#[test]
fn the_schema_knows_what_the_reader_knows() {
    let schema = Config::schema(KINDS);
    let profile = &schema["properties"]["profiles"]["additionalProperties"]["properties"];
    assert_eq!(profile["limits"]["properties"]["depth"]["default"], 64);
    assert_eq!(profile["guard"]["properties"]["mode"]["oneOf"][1]["const"], "shadow");
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn a_form_has_a_path_and_a_type() {
    let of = |form: &str| problems(&format!(r#"{{"profiles": {{"default": {{"forms": [{form}]}}}}}}"#));
    let config = parse(
        r#"{"profiles": {"default": {"forms": [{"path": "audio/x", "type": "multipart", "role": "document",
            "fields": {"prompt": {"role": "system"}, "note": {}}}]}}}"#,
    );
    let form = config.unwrap().select(&Head::default()).forms.first().cloned().unwrap();
    assert_eq!((form.kind, form.role), (FormKind::Multipart, Role::Document));
    assert_eq!(form.path, ["audio", "x"]);
    assert_eq!(form.fields, [("prompt".into(), Role::System), ("note".into(), Role::User)]);
    assert!(of("{}").iter().any(|problem| problem.contains("forms[0].path: is missing")), "{:?}", of("{}"));
    assert!(of("{}").iter().any(|problem| problem.contains("forms[0].type: is missing")));
    for path in ["", "/audio", "audio/", "a//b", "Audio", "a b"] {
        let problems = of(&format!(r#"{{"path": "{path}", "type": "text"}}"#));
        assert!(problems.len() == 1 && problems[0].contains("forms[0].path"), "{path}: {problems:?}");
    }
    assert!(of(r#"{"path": "a", "type": "xml"}"#)[0].contains("multipart"));
    assert!(of(r#"{"path": "a", "type": "text", "fields": {"b": {}}}"#)[0].contains("name nothing"));
}
