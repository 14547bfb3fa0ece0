//! What a request asks for besides an answer: how long it may be, and whether its cost is to be told.

use super::{Limits, Span, Unreadable};
use crate::json::{self, Kind, Value};

/// Settings of a request that tell what it may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The most tokens that an answer may have, the greatest of all that are named; `u64::MAX` for one without a bound.
    /// `None` when nothing is said, which leaves it to the model.
    pub max_output: Option<u64>,
    /// How many answers are asked for at once, at least 1.
    pub answers: u64,
    /// How to ask an OpenAI API for the cost of a stream, when this one does not: what to write, and where.
    pub ask_usage: Option<(Span, &'static str)>,
}

/// Names of the bound on an answer, in small letters and without `_`: servers in Go take them in any case.
const OUTPUT: [&str; 10] = [
    "maxtokens",
    "maxcompletiontokens",
    "maxoutputtokens",
    "maxtokenstosample",
    "maxnewtokens",
    "maxgenlen",
    "maxtokencount",
    "maxlength",
    "numpredict",
    "maxgeneratedtokens",
];

/// Names of the count of answers.
const ANSWERS: [&str; 5] = ["n", "bestof", "candidatecount", "numgenerations", "numreturnsequences"];

/// Members that hold settings.
const SECTIONS: [&str; 9] = [
    "generationconfig",
    "inferenceconfig",
    "options",
    "textgenerationconfig",
    "parameters",
    "config",
    "additionalmodelrequestfields",
    "request",
    "requestbody",
];

/// Reads the settings of a body that is JSON.
///
/// # Errors
/// As [`super::read`].
pub fn asked(body: &[u8], limits: &Limits) -> Result<Asked, Unreadable> {
    let document = json::parse(body, limits)?;
    let root = document.root();
    let mut asked = Asked { answers: 1, ..Asked::default() };
    gather(root, &mut asked, 0);
    asked.ask_usage = ask_usage(root);
    Ok(asked)
}

/// Takes in the settings of an object, and of those in it, three deep.
fn gather(object: Value<'_>, asked: &mut Asked, depth: usize) {
    for (name, value) in object.entries() {
        let folded: String = name.text().chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
        if OUTPUT.contains(&folded.as_str()) {
            let most = count(value);
            asked.max_output = asked.max_output.max(most);
        } else if ANSWERS.contains(&folded.as_str()) {
            asked.answers = asked.answers.max(count(value).unwrap_or(1));
        } else if value.kind() == Kind::Object && depth < 3 && SECTIONS.contains(&folded.as_str()) {
            gather(value, asked, depth.saturating_add(1));
        }
    }
}

/// A count; a number that is none, a text, or one below zero stands for no bound. `null` says nothing.
fn count(value: Value<'_>) -> Option<u64> {
    if value.kind() == Kind::Null {
        return None;
    }
    let number = value.number().and_then(|number| number.parse::<f64>().ok());
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and what is below zero is no bound"
    )]
    let whole = |number: f64| if number < 0.0 { u64::MAX } else { number.ceil() as u64 };
    Some(number.map_or(u64::MAX, whole))
}

/// Where a stream of chat completions or completions is asked to tell its cost, if it is not.
fn ask_usage(root: Value<'_>) -> Option<(Span, &'static str)> {
    if root.get("stream").and_then(Value::bool) != Some(true) {
        return None;
    }
    let at = |object: Value<'_>| {
        let start = object.span().start.saturating_add(1);
        Span { start, end: start }
    };
    match root.get("stream_options") {
        None => Some((at(root), r#""stream_options":{"include_usage":true},"#)),
        Some(options) if options.kind() == Kind::Null => Some((options.span(), r#"{"include_usage":true}"#)),
        Some(options) if options.kind() == Kind::Object => match options.get("include_usage") {
            None if options.entries().next().is_none() => Some((at(options), r#""include_usage":true"#)),
            None => Some((at(options), r#""include_usage":true,"#)),
            Some(include) if include.bool() == Some(false) => Some((include.span(), "true")),
            Some(_) => None,
        },
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Asked {
        asked(body.as_bytes(), &Limits::default()).unwrap()
    }

    #[test]
    fn the_greatest_bound_counts_wherever_it_stands() {
        for (body, most, answers) in [
            (r#"{"max_tokens": 7}"#, Some(7), 1),
            (r#"{"max_tokens": 7, "max_completion_tokens": 90, "n": 3}"#, Some(90), 3),
            (r#"{"Max_Tokens": 7}"#, Some(7), 1),
            (r#"{"generationConfig": {"maxOutputTokens": 5, "candidateCount": 2}}"#, Some(5), 2),
            (r#"{"inferenceConfig": {"maxTokens": 6}, "additionalModelRequestFields": {"max_tokens": 8}}"#, Some(8), 1),
            (r#"{"options": {"num_predict": -1}}"#, Some(u64::MAX), 1),
            (r#"{"max_tokens": "many"}"#, Some(u64::MAX), 1),
            (r#"{"max_tokens": 1e30}"#, Some(u64::MAX), 1),
            (r#"{"max_tokens": 7.2}"#, Some(8), 1),
            (r#"{"max_tokens": null}"#, None, 1),
            (r#"{"messages": [{"max_tokens": 5}]}"#, None, 1),
            ("[]", None, 1),
        ] {
            let asked = of(body);
            assert_eq!((asked.max_output, asked.answers), (most, answers), "{body}");
        }
    }

    #[test]
    fn a_stream_is_asked_for_its_cost_where_it_is_not() {
        for (body, with) in [
            (r#"{"stream":true}"#, Some(r#"{"stream_options":{"include_usage":true},"stream":true}"#)),
            (
                r#"{"stream":true,"stream_options":null}"#,
                Some(r#"{"stream":true,"stream_options":{"include_usage":true}}"#),
            ),
            (
                r#"{"stream":true,"stream_options":{}}"#,
                Some(r#"{"stream":true,"stream_options":{"include_usage":true}}"#),
            ),
            (
                r#"{"stream":true,"stream_options":{"a":1}}"#,
                Some(r#"{"stream":true,"stream_options":{"include_usage":true,"a":1}}"#),
            ),
            (
                r#"{"stream":true,"stream_options":{"include_usage":false}}"#,
                Some(r#"{"stream":true,"stream_options":{"include_usage":true}}"#),
            ),
            (r#"{"stream":true,"stream_options":{"include_usage":true}}"#, None),
            (r#"{"stream":false}"#, None),
            (r#"{}"#, None),
        ] {
            let edited = of(body).ask_usage.map(|(span, text)| {
                let mut edited = body.to_owned();
                edited.replace_range(span.range(), text);
                edited
            });
            assert_eq!(edited.as_deref(), with, "{body}");
        }
    }
}
