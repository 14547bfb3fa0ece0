//! Refusals in the caller's own dialect, as its official clients parse them.
//!
//! A request is refused before anything of an answer has been sent. So it gets a plain HTTP error with a JSON body,
//! whether it asked for a stream or not: that is what both vendors do, whose error events exist only for streams that
//! have begun with 200 (Anthropic API, "Errors": errors after a 200 are the ones outside of the standard mechanisms;
//! OpenAI's clients raise by status before they read a stream). A refusal says what happened and never why in terms of
//! content: at most it names a rule, which the operator can leave out.

use serde_json::{Value, json};

use crate::verdict::RuleId;
use crate::wire::{Dialect, Unreadable};

/// What is refused, and what may be said about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The dialect that the client expects.
    pub dialect: Dialect,
    /// The status of the answer: 400, 403, 413, 429, 502 or 503. 502 stands for an answer that is withheld. Any other 4xx is told as a request that is not valid, any
    /// other status as a failure.
    pub status: u16,
    /// The rule to name, if one is to be named.
    pub rule: Option<RuleId>,
    /// Why the body could not be read, if it is that.
    pub unreadable: Option<Unreadable>,
}

/// The `content-type` of a refusal in `dialect`.
pub const fn content_type(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Unknown => "application/problem+json",
        _ => "application/json",
    }
}

/// The most calls of a batch that are answered one by one; a larger batch gets one answer.
pub const MAX_CALLS: usize = 64;

/// The longest id of a call that is sent back.
const MAX_ID: usize = 256;

impl Refusal {
    /// The body of the answer: one JSON object in UTF-8.
    pub fn body(&self) -> Vec<u8> {
        self.body_with_id(None)
    }

    /// The body of the answer, with the id of the request where the dialect has a place for it.
    pub fn body_with_id(&self, request_id: Option<&str>) -> Vec<u8> {
        let body = match self.dialect {
            Dialect::OpenAiChat | Dialect::OpenAiCompletions | Dialect::OpenAiEmbeddings | Dialect::OpenAiResponses => {
                self.openai()
            }
            Dialect::AnthropicMessages => self.anthropic(request_id),
            Dialect::Gemini => self.google(),
            Dialect::OllamaChat | Dialect::OllamaGenerate => json!({"error": self.message()}),
            Dialect::CohereChat | Dialect::BedrockConverse | Dialect::BedrockInvoke => {
                json!({"message": self.message()})
            }
            Dialect::Mcp | Dialect::A2a => return self.body_to_calls(false, &[]),
            Dialect::Unknown => self.problem(request_id),
        };
        body.to_string().into_bytes()
    }

    /// Header fields that the dialect's clients read beside the body.
    ///
    /// Source: AWS restJson1 protocol, "Operation error serialization": the type of an error is in `x-amzn-errortype`.
    pub fn headers(&self) -> Option<(&'static str, &'static str)> {
        let kind = match self.status {
            403 => "AccessDeniedException",
            429 => "ThrottlingException",
            400..=499 => "ValidationException",
            503 => "ServiceUnavailableException",
            _ => "InternalServerException",
        };
        let bedrock = matches!(self.dialect, Dialect::BedrockConverse | Dialect::BedrockInvoke);
        bedrock.then_some(("x-amzn-errortype", kind))
    }

    /// The body of an answer to JSON-RPC calls: an error for each of `ids`, which are JSON; an array for a `batch`.
    ///
    /// Source: JSON-RPC 2.0, sections 5.1 and 6. The id is `null` where it is not known or longer than 256 bytes, and for
    /// a batch of nothing but notifications or of more than [`MAX_CALLS`]: one error then stands for all. The HTTP status
    /// is that of any other refusal: MCP (2025-06-18, "Streamable HTTP") asks for an error status when what was sent is
    /// not accepted, and allows this body with it.
    pub fn body_to_calls(&self, batch: bool, ids: &[String]) -> Vec<u8> {
        let number = match (self.unreadable, self.status) {
            (Some(Unreadable::Malformed | Unreadable::Encoding), _) => -32_700,
            (Some(_), _) => -32_600,
            // From -32000 to -32099 servers choose; these are taken by neither protocol.
            (None, 403) => -32_050,
            (None, 429) => -32_051,
            (None, 400..=499) => -32_600,
            (None, _) => -32_603,
        };
        let error = json!({"code": number, "message": self.message(), "data": {"code": self.code()}}).to_string();
        let answer = |id: &str| {
            let id = if id.len() <= MAX_ID { id } else { "null" };
            format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)
        };
        let body = match ids {
            [] => answer("null"),
            _ if ids.len() > MAX_CALLS => answer("null"),
            _ if batch => {
                let answers: Vec<String> = ids.iter().map(|id| answer(id)).collect();
                format!("[{}]", answers.join(","))
            }
            [id, ..] => answer(id),
        };
        body.into_bytes()
    }

    /// One word for the cause. Stable: clients may branch on it.
    pub fn code(&self) -> &'static str {
        match (self.unreadable, self.status) {
            (Some(Unreadable::Malformed), _) => "unreadable_malformed",
            (Some(Unreadable::Encoding), _) => "unreadable_encoding",
            (Some(Unreadable::Charset), _) => "unreadable_charset",
            (Some(Unreadable::ContentType), _) => "unreadable_content_type",
            (Some(Unreadable::DuplicateKey), _) => "unreadable_duplicate_key",
            (Some(Unreadable::Depth), _) => "unreadable_depth",
            (Some(Unreadable::Complexity), _) => "unreadable_complexity",
            (Some(Unreadable::Size), _) => "unreadable_size",
            (Some(Unreadable::Compressed), _) => "unreadable_compressed",
            (Some(Unreadable::Coding), _) => "unreadable_coding",
            (Some(Unreadable::Form), _) => "unreadable_form",
            (Some(Unreadable::Format), _) => "unreadable_format",
            (Some(Unreadable::Upgrade), _) => "unreadable_upgrade",
            (Some(Unreadable::Partial), _) => "unreadable_partial",
            (None, 403) => "policy_violation",
            (None, 413) => "request_too_large",
            (None, 429) => "rate_limit_exceeded",
            (None, 400..=499) => "invalid_request",
            (None, 502) => "unreadable_answer",
            (None, _) => "inspection_unavailable",
        }
    }

    /// One sentence for people.
    pub fn message(&self) -> String {
        let fixed = match (self.unreadable, self.rule, self.status) {
            (Some(why), _, _) => unread(why),
            (None, Some(rule), 403) => return format!("Request refused by policy (rule {rule})."),
            (None, None, 403) => "Request refused by policy.",
            (None, _, 413) => "Request refused: it is too large.",
            (None, _, 429) => "Request refused: a limit was reached. Try again later.",
            (None, _, 400..=499) => "Request refused: it is not valid.",
            (None, _, 502) => "Answer withheld: it cannot be inspected.",
            (None, _, _) => "Request refused: it could not be inspected. Try again later.",
        };
        fixed.to_owned()
    }

    /// Source: OpenAI API reference, "Error codes"; the clients read `message`, `type`, `param` and `code` of `error`.
    fn openai(&self) -> Value {
        let kind = match self.status {
            403 => "request_forbidden",
            429 => "rate_limit_exceeded",
            400..=499 => "invalid_request_error",
            _ => "server_error",
        };
        json!({"error": {"message": self.message(), "type": kind, "param": null, "code": self.code()}})
    }

    /// Source: Anthropic API, "Errors": error types by status, `request_id` beside `error`.
    fn anthropic(&self, request_id: Option<&str>) -> Value {
        let kind = match self.status {
            403 => "permission_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            529 => "overloaded_error",
            _ => "api_error",
        };
        let error = json!({"type": kind, "message": self.message()});
        match request_id {
            Some(id) => json!({"type": "error", "error": error, "request_id": id}),
            None => json!({"type": "error", "error": error}),
        }
    }

    /// Source: Google API design guide, "Errors" (AIP-193): `google.rpc.Status` as JSON, with the name of the gRPC code.
    fn google(&self) -> Value {
        let name = match self.status {
            403 => "PERMISSION_DENIED",
            429 => "RESOURCE_EXHAUSTED",
            400..=499 => "INVALID_ARGUMENT",
            503 => "UNAVAILABLE",
            _ => "INTERNAL",
        };
        let info = json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": self.code().to_ascii_uppercase(), "domain": "portcullis"});
        json!({"error": {"code": self.status, "message": self.message(), "status": name, "details": [info]}})
    }

    /// Source: RFC 9457. `about:blank` with the status' phrase as its title (section 4.2.1); the rest are extensions.
    fn problem(&self, request_id: Option<&str>) -> Value {
        let title = match self.status {
            400 => "Bad Request",
            403 => "Forbidden",
            413 => "Content Too Large",
            429 => "Too Many Requests",
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            _ if self.status < 500 => "Client Error",
            _ => "Server Error",
        };
        let (status, detail, code) = (self.status, self.message(), self.code());
        match request_id {
            Some(id) => json!({"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code,
                "request_id": id}),
            None => json!({"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}),
        }
    }
}

const fn unread(why: Unreadable) -> &'static str {
    match why {
        Unreadable::Malformed => "Request refused: the body is not valid JSON.",
        Unreadable::Encoding => "Request refused: the body is not UTF-8 without a byte order mark.",
        Unreadable::Charset => "Request refused: the charset of the body is not UTF-8.",
        Unreadable::ContentType => "Request refused: the content types of the body contradict each other.",
        Unreadable::DuplicateKey => "Request refused: a name stands twice in one JSON object.",
        Unreadable::Depth => "Request refused: the body is nested too deeply.",
        Unreadable::Complexity => "Request refused: the body has too many values.",
        Unreadable::Size => "Request refused: the body is too large.",
        Unreadable::Compressed => "Request refused: a body with this content encoding is not accepted.",
        Unreadable::Coding => "Request refused: the body is not in the content encoding that its head names.",
        Unreadable::Form => "Request refused: the form can be read in several ways.",
        Unreadable::Format => "Request refused: the format of the body is not known.",
        Unreadable::Upgrade => "Request refused: an upgraded connection cannot be inspected.",
        Unreadable::Partial => "Request refused: a part of a body cannot be inspected.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(dialect: Dialect, status: u16) -> Refusal {
        Refusal { dialect, status, rule: RuleId::new(*b"PG", 1003), unreadable: None }
    }

    fn text(refusal: &Refusal) -> String {
        String::from_utf8(refusal.body()).unwrap()
    }

    #[test]
    fn each_dialect_gets_its_own_error() {
        assert_eq!(
            text(&refusal(Dialect::OpenAiChat, 403)),
            r#"{"error":{"message":"Request refused by policy (rule PG-1003).","type":"request_forbidden","param":null,"code":"policy_violation"}}"#
        );
        assert_eq!(
            text(&refusal(Dialect::AnthropicMessages, 403)),
            r#"{"type":"error","error":{"type":"permission_error","message":"Request refused by policy (rule PG-1003)."}}"#
        );
        assert_eq!(
            text(&refusal(Dialect::Unknown, 403)),
            r#"{"type":"about:blank","title":"Forbidden","status":403,"detail":"Request refused by policy (rule PG-1003).","code":"policy_violation"}"#
        );
        assert_eq!(
            text(&refusal(Dialect::Gemini, 403)),
            r#"{"error":{"code":403,"message":"Request refused by policy (rule PG-1003).","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"POLICY_VIOLATION","domain":"portcullis"}]}}"#
        );
        for dialect in [Dialect::OllamaChat, Dialect::OllamaGenerate] {
            let expected = r#"{"error":"Request refused by policy (rule PG-1003)."}"#;
            assert_eq!(text(&refusal(dialect, 403)), expected);
        }
        for dialect in [Dialect::CohereChat, Dialect::BedrockConverse, Dialect::BedrockInvoke] {
            let expected = r#"{"message":"Request refused by policy (rule PG-1003)."}"#;
            assert_eq!(text(&refusal(dialect, 403)), expected);
        }
        for dialect in [Dialect::OpenAiCompletions, Dialect::OpenAiEmbeddings, Dialect::OpenAiResponses] {
            assert_eq!(text(&refusal(dialect, 403)), text(&refusal(Dialect::OpenAiChat, 403)));
        }
        assert_eq!(content_type(Dialect::Unknown), "application/problem+json");
        assert_eq!(content_type(Dialect::AnthropicMessages), "application/json");
    }

    #[test]
    fn the_type_follows_the_status() {
        #[rustfmt::skip]
        let rows = [
            (400, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT", "ValidationException", -32600),
            (403, "request_forbidden", "permission_error", "PERMISSION_DENIED", "AccessDeniedException", -32050),
            (413, "invalid_request_error", "request_too_large", "INVALID_ARGUMENT", "ValidationException", -32600),
            (429, "rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED", "ThrottlingException", -32051),
            (503, "server_error", "api_error", "UNAVAILABLE", "ServiceUnavailableException", -32603),
        ];
        for (status, openai, anthropic, google, bedrock, rpc) in rows {
            let parsed = |dialect| -> Value { serde_json::from_slice(&refusal(dialect, status).body()).unwrap() };
            assert_eq!(parsed(Dialect::OpenAiChat)["error"]["type"], openai);
            assert_eq!(parsed(Dialect::AnthropicMessages)["error"]["type"], anthropic);
            assert_eq!(parsed(Dialect::Unknown)["status"], status);
            assert_eq!(parsed(Dialect::Gemini)["error"]["status"], google);
            assert_eq!(refusal(Dialect::BedrockInvoke, status).headers(), Some(("x-amzn-errortype", bedrock)));
            assert_eq!(parsed(Dialect::Mcp)["error"]["code"], rpc);
            assert_eq!(refusal(Dialect::OpenAiChat, status).headers(), None);
        }
    }

    #[test]
    fn no_rule_is_named_when_none_may_be() {
        let quiet = Refusal { rule: None, ..refusal(Dialect::OpenAiChat, 403) };
        assert!(!text(&quiet).contains("PG-"));
        assert!(text(&quiet).contains("Request refused by policy."));
    }

    #[test]
    fn each_reason_has_its_own_code_and_sentence() {
        let of = |why| Refusal { unreadable: Some(why), status: why.status(), ..refusal(Dialect::OpenAiChat, 0) };
        let said: std::collections::HashSet<_> =
            Unreadable::ALL.iter().map(|why| (of(*why).code(), of(*why).message())).collect();
        assert_eq!(said.len(), Unreadable::ALL.len());
        for why in Unreadable::ALL {
            assert_eq!(of(why).code().strip_prefix("unreadable_"), Some(why.name()));
        }
    }

    #[test]
    fn an_id_is_escaped_and_stands_where_the_dialect_has_it() {
        for dialect in [Dialect::AnthropicMessages, Dialect::Unknown] {
            let body: Value = serde_json::from_slice(&refusal(dialect, 403).body_with_id(Some("a\"b\n"))).unwrap();
            assert_eq!(body["request_id"], "a\"b\n");
        }
        let openai = refusal(Dialect::OpenAiChat, 403);
        assert_eq!(openai.body_with_id(Some("x")), openai.body());
    }

    #[test]
    fn each_call_is_answered_by_its_id() {
        let refusal = refusal(Dialect::Mcp, 403);
        let parsed = |batch, ids: &[&str]| -> Value {
            let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
            serde_json::from_slice(&refusal.body_to_calls(batch, &ids)).unwrap()
        };
        let one = parsed(false, &["7"]);
        let message = "Request refused by policy (rule PG-1003).";
        let error = json!({"code": -32050, "message": message, "data": {"code": "policy_violation"}});
        assert_eq!(one, json!({"jsonrpc": "2.0", "id": 7, "error": error}));
        let many = parsed(true, &["7", r#""a\"b""#]);
        assert_eq!(many[0], one);
        assert_eq!(many[1]["id"], "a\"b");
        assert_eq!(parsed(true, &["7"]), json!([one]));
        let null = json!({"jsonrpc": "2.0", "id": null, "error": error});
        assert_eq!(parsed(false, &[]), null);
        assert_eq!(parsed(true, &[]), null);
        assert_eq!(parsed(true, &["1"; MAX_CALLS + 1]), null);
        assert_eq!(parsed(false, &[&format!("\"{}\"", "x".repeat(300))]), null);
        assert_eq!(serde_json::from_str::<Value>(&text(&refusal)).unwrap(), null);
    }
}
