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
    /// The status of the answer: 400, 403, 413, 429 or 503. Any other 4xx is told as a request that is not valid, any
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
        Dialect::OpenAiChat | Dialect::AnthropicMessages => "application/json",
        Dialect::Unknown => "application/problem+json",
    }
}

impl Refusal {
    /// The body of the answer: one JSON object in UTF-8.
    pub fn body(&self) -> Vec<u8> {
        self.body_with_id(None)
    }

    /// The body of the answer, with the id of the request where the dialect has a place for it.
    pub fn body_with_id(&self, request_id: Option<&str>) -> Vec<u8> {
        let body = match self.dialect {
            Dialect::OpenAiChat => self.openai(),
            Dialect::AnthropicMessages => self.anthropic(request_id),
            Dialect::Unknown => self.problem(request_id),
        };
        body.to_string().into_bytes()
    }

    /// One word for the cause. Stable: clients may branch on it.
    pub fn code(&self) -> &'static str {
        match (self.unreadable, self.status) {
            (Some(Unreadable::Malformed), _) => "unreadable_malformed",
            (Some(Unreadable::Encoding), _) => "unreadable_encoding",
            (Some(Unreadable::DuplicateKey), _) => "unreadable_duplicate_key",
            (Some(Unreadable::Depth), _) => "unreadable_depth",
            (Some(Unreadable::Complexity), _) => "unreadable_complexity",
            (Some(Unreadable::Size), _) => "unreadable_size",
            (Some(Unreadable::Compressed), _) => "unreadable_compressed",
            (Some(Unreadable::Format), _) => "unreadable_format",
            (Some(Unreadable::Upgrade), _) => "unreadable_upgrade",
            (None, 403) => "policy_violation",
            (None, 413) => "request_too_large",
            (None, 429) => "rate_limit_exceeded",
            (None, 400..=499) => "invalid_request",
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

    /// Source: RFC 9457. `about:blank` with the status' phrase as its title (section 4.2.1); the rest are extensions.
    fn problem(&self, request_id: Option<&str>) -> Value {
        let title = match self.status {
            400 => "Bad Request",
            403 => "Forbidden",
            413 => "Content Too Large",
            429 => "Too Many Requests",
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
        Unreadable::DuplicateKey => "Request refused: a name stands twice in one JSON object.",
        Unreadable::Depth => "Request refused: the body is nested too deeply.",
        Unreadable::Complexity => "Request refused: the body has too many values.",
        Unreadable::Size => "Request refused: the body is too large.",
        Unreadable::Compressed => "Request refused: a body with a content encoding is not accepted.",
        Unreadable::Format => "Request refused: the format of the body is not known.",
        Unreadable::Upgrade => "Request refused: an upgraded connection cannot be inspected.",
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
        assert_eq!(content_type(Dialect::Unknown), "application/problem+json");
        assert_eq!(content_type(Dialect::AnthropicMessages), "application/json");
    }

    #[test]
    fn the_type_follows_the_status() {
        let rows = [
            (400, "invalid_request_error", "invalid_request_error"),
            (403, "request_forbidden", "permission_error"),
            (413, "invalid_request_error", "request_too_large"),
            (429, "rate_limit_exceeded", "rate_limit_error"),
            (503, "server_error", "api_error"),
        ];
        for (status, openai, anthropic) in rows {
            let parsed = |dialect| -> Value { serde_json::from_slice(&refusal(dialect, status).body()).unwrap() };
            assert_eq!(parsed(Dialect::OpenAiChat)["error"]["type"], openai);
            assert_eq!(parsed(Dialect::AnthropicMessages)["error"]["type"], anthropic);
            assert_eq!(parsed(Dialect::Unknown)["status"], status);
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
}
