//! The model server in each dialect: what is said whole is said in the stream, in each channel, and usage adds up.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use portcullis_integration::{ModelServer, Reply, cases, fetch};
use serde_json::{Value, json};

/// How a stream is framed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Framing {
    Sse,
    Lines,
    /// One JSON array.
    Array,
    /// AWS event stream; each document stands under the name of its event.
    Amazon,
    /// As before, with the model's own documents in base64.
    AmazonChunks,
}

/// Where a channel is: in the whole document, and in the documents of a stream.
type Channel = Option<(&'static str, &'static str)>;

struct Row {
    name: &'static str,
    ask: fn(&str, bool) -> (&'static str, Value),
    framing: Framing,
    text: (&'static str, &'static str),
    reasoning: Channel,
    refusal: Channel,
    tool: Channel,
    /// Input, output and, if there is one, total: pointers into the whole document.
    usage: [&'static str; 3],
    /// The same input and output in some document of the stream.
    streamed_usage: [&'static str; 2],
}

fn messages(prompt: &str, stream: bool) -> Value {
    json!({"model": "m", "max_tokens": 9, "stream": stream, "messages": [{"role": "user", "content": prompt}]})
}

fn contents(prompt: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}]})
}

fn nova(prompt: &str) -> Value {
    json!({"messages": [{"role": "user", "content": [{"text": prompt}]}]})
}

const GEMINI: Row = Row {
    name: "gemini",
    ask: |prompt, stream| match stream {
        true => ("/v1beta/models/g-1:streamGenerateContent?alt=sse", contents(prompt)),
        false => ("/v1beta/models/g-1:generateContent", contents(prompt)),
    },
    framing: Framing::Sse,
    text: ("/candidates/0/content/parts/0/text", "/candidates/0/content/parts/0/text"),
    reasoning: None,
    refusal: None,
    tool: Some((
        "/candidates/0/content/parts/0/functionCall/args/text",
        "/candidates/0/content/parts/0/functionCall/args/text",
    )),
    usage: ["/usageMetadata/promptTokenCount", "/usageMetadata/candidatesTokenCount", "/usageMetadata/totalTokenCount"],
    streamed_usage: ["/usageMetadata/promptTokenCount", "/usageMetadata/candidatesTokenCount"],
};

const CONVERSE: Row = Row {
    name: "bedrock_converse",
    ask: |prompt, stream| match stream {
        true => ("/model/amazon.nova-lite-v1%3A0/converse-stream", nova(prompt)),
        false => ("/model/amazon.nova-lite-v1%3A0/converse", nova(prompt)),
    },
    framing: Framing::Amazon,
    text: ("/output/message/content/0/text", "/contentBlockDelta/delta/text"),
    reasoning: Some((
        "/output/message/content/0/reasoningContent/reasoningText/text",
        "/contentBlockDelta/delta/reasoningContent/text",
    )),
    refusal: None,
    tool: Some(("/output/message/content/0/toolUse/input", "/contentBlockDelta/delta/toolUse/input")),
    usage: ["/usage/inputTokens", "/usage/outputTokens", "/usage/totalTokens"],
    streamed_usage: ["/metadata/usage/inputTokens", "/metadata/usage/outputTokens"],
};

const OLLAMA_CHAT: Row = Row {
    name: "ollama_chat",
    ask: |prompt, stream| ("/api/chat", messages(prompt, stream)),
    framing: Framing::Lines,
    text: ("/message/content", "/message/content"),
    reasoning: Some(("/message/thinking", "/message/thinking")),
    refusal: None,
    tool: Some(("/message/tool_calls/0/function/arguments/text", "/message/tool_calls/0/function/arguments/text")),
    usage: ["/prompt_eval_count", "/eval_count", ""],
    streamed_usage: ["/prompt_eval_count", "/eval_count"],
};

fn rows() -> Vec<Row> {
    vec![
        Row {
            name: "openai_chat",
            ask: |prompt, stream| {
                let mut body = messages(prompt, stream);
                body["stream_options"] = json!({"include_usage": true});
                ("/v1/chat/completions", body)
            },
            framing: Framing::Sse,
            text: ("/choices/0/message/content", "/choices/0/delta/content"),
            reasoning: Some(("/choices/0/message/reasoning_content", "/choices/0/delta/reasoning_content")),
            refusal: Some(("/choices/0/message/refusal", "/choices/0/delta/refusal")),
            tool: Some((
                "/choices/0/message/tool_calls/0/function/arguments",
                "/choices/0/delta/tool_calls/0/function/arguments",
            )),
            usage: ["/usage/prompt_tokens", "/usage/completion_tokens", "/usage/total_tokens"],
            streamed_usage: ["/usage/prompt_tokens", "/usage/completion_tokens"],
        },
        Row {
            name: "openai_completions",
            ask: |prompt, stream| {
                let usage = json!({"include_usage": true});
                let body = json!({"model": "m", "stream": stream, "prompt": prompt, "stream_options": usage});
                ("/v1/completions", body)
            },
            framing: Framing::Sse,
            text: ("/choices/0/text", "/choices/0/text"),
            reasoning: None,
            refusal: None,
            tool: None,
            usage: ["/usage/prompt_tokens", "/usage/completion_tokens", "/usage/total_tokens"],
            streamed_usage: ["/usage/prompt_tokens", "/usage/completion_tokens"],
        },
        Row {
            name: "openai_responses",
            ask: |prompt, stream| ("/v1/responses", json!({"model": "m", "stream": stream, "input": prompt})),
            framing: Framing::Sse,
            text: ("/output/0/content/0/text", "/delta"),
            reasoning: Some(("/output/0/summary/0/text", "")),
            refusal: Some(("/output/0/content/0/refusal", "/delta")),
            tool: Some(("/output/0/arguments", "/delta")),
            usage: ["/usage/input_tokens", "/usage/output_tokens", "/usage/total_tokens"],
            streamed_usage: ["/response/usage/input_tokens", "/response/usage/output_tokens"],
        },
        Row {
            name: "anthropic_messages",
            ask: |prompt, stream| ("/v1/messages", messages(prompt, stream)),
            framing: Framing::Sse,
            text: ("/content/0/text", "/delta/text"),
            reasoning: Some(("/content/0/thinking", "/delta/thinking")),
            refusal: None,
            tool: Some(("/content/0/input", "/delta/partial_json")),
            usage: ["/usage/input_tokens", "/usage/output_tokens", ""],
            streamed_usage: ["/message/usage/input_tokens", "/usage/output_tokens"],
        },
        Row { ..GEMINI },
        Row {
            name: "gemini as an array",
            ask: |prompt, stream| match stream {
                true => {
                    ("/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent", contents(prompt))
                }
                false => ("/v1/projects/p/locations/l/publishers/google/models/g:generateContent", contents(prompt)),
            },
            framing: Framing::Array,
            ..GEMINI
        },
        Row { ..CONVERSE },
        Row {
            name: "bedrock_invoke: Nova",
            ask: |prompt, stream| match stream {
                true => ("/model/amazon.nova-lite-v1:0/invoke-with-response-stream", nova(prompt)),
                false => ("/model/amazon.nova-lite-v1:0/invoke", nova(prompt)),
            },
            framing: Framing::AmazonChunks,
            ..CONVERSE
        },
        Row {
            name: "bedrock_invoke: Claude",
            ask: |prompt, stream| match stream {
                true => ("/model/anthropic.claude-3/invoke-with-response-stream", messages(prompt, false)),
                false => ("/model/anthropic.claude-3/invoke", messages(prompt, false)),
            },
            framing: Framing::AmazonChunks,
            text: ("/content/0/text", "/delta/text"),
            reasoning: Some(("/content/0/thinking", "/delta/thinking")),
            refusal: None,
            tool: Some(("/content/0/input", "/delta/partial_json")),
            usage: ["/usage/input_tokens", "/usage/output_tokens", ""],
            streamed_usage: [
                "/amazon-bedrock-invocationMetrics/inputTokenCount",
                "/amazon-bedrock-invocationMetrics/outputTokenCount",
            ],
        },
        Row {
            name: "bedrock_invoke: Titan",
            ask: |prompt, stream| match stream {
                true => ("/model/amazon.titan-text/invoke-with-response-stream", json!({"inputText": prompt})),
                false => ("/model/amazon.titan-text/invoke", json!({"inputText": prompt})),
            },
            framing: Framing::AmazonChunks,
            text: ("/results/0/outputText", "/outputText"),
            reasoning: None,
            refusal: None,
            tool: None,
            usage: ["/inputTextTokenCount", "/results/0/tokenCount", ""],
            streamed_usage: ["/inputTextTokenCount", "/totalOutputTextTokenCount"],
        },
        Row { ..OLLAMA_CHAT },
        Row {
            name: "ollama_generate",
            ask: |prompt, stream| ("/api/generate", json!({"model": "m", "stream": stream, "prompt": prompt})),
            text: ("/response", "/response"),
            reasoning: Some(("/thinking", "/thinking")),
            tool: None,
            ..OLLAMA_CHAT
        },
        Row {
            name: "cohere_chat",
            ask: |prompt, stream| ("/v2/chat", messages(prompt, stream)),
            framing: Framing::Sse,
            text: ("/message/content/0/text", "/delta/message/content/text"),
            reasoning: Some(("/message/content/0/thinking", "/delta/message/content/thinking")),
            refusal: None,
            tool: Some(("/message/tool_calls/0/function/arguments", "/delta/message/tool_calls/function/arguments")),
            usage: ["/usage/tokens/input_tokens", "/usage/tokens/output_tokens", ""],
            streamed_usage: ["/delta/usage/tokens/input_tokens", "/delta/usage/tokens/output_tokens"],
        },
        Row {
            name: "cohere_chat of version 1",
            ask: |prompt, stream| ("/v1/chat", json!({"model": "m", "stream": stream, "message": prompt})),
            framing: Framing::Lines,
            text: ("/text", "/text"),
            reasoning: None,
            refusal: None,
            tool: Some(("/tool_calls/0/parameters/text", "/tool_calls/0/parameters/text")),
            usage: ["/meta/tokens/input_tokens", "/meta/tokens/output_tokens", ""],
            streamed_usage: ["/response/meta/tokens/input_tokens", "/response/meta/tokens/output_tokens"],
        },
    ]
}

async fn post(server: &ModelServer, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    let headers = [&[("content-type", "application/json")], headers].concat();
    fetch(server.address(), Method::POST, path, &headers, body.to_string()).await.unwrap()
}

async fn whole(server: &ModelServer, row: &Row, prompt: &str) -> Value {
    let (path, body) = (row.ask)(prompt, false);
    let reply = post(server, path, &[], &body).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, Some("application/json")), "{}", row.name);
    serde_json::from_slice(&reply.body).unwrap()
}

async fn stream(server: &ModelServer, row: &Row, prompt: &str) -> Vec<Value> {
    let (path, body) = (row.ask)(prompt, true);
    let reply = post(server, path, &[], &body).await;
    assert_eq!(reply.status, 200, "{}: {}", row.name, reply.text());
    documents(row.framing, &reply)
}

fn documents(framing: Framing, reply: &Reply) -> Vec<Value> {
    let text = reply.text();
    let kind = reply.header("content-type").unwrap_or_default();
    match framing {
        Framing::Sse => {
            assert!(kind.starts_with("text/event-stream"), "{kind}");
            let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
            data.map(|data| serde_json::from_str(data).unwrap()).collect()
        }
        Framing::Lines => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        Framing::Array => serde_json::from_str(&text).unwrap(),
        Framing::Amazon | Framing::AmazonChunks => {
            assert_eq!(kind, "application/vnd.amazon.eventstream");
            amazon(&reply.body).into_iter().map(|(event, document)| match framing {
                Framing::AmazonChunks => {
                    assert_eq!(event, "chunk");
                    serde_json::from_slice(&STANDARD.decode(document["bytes"].as_str().unwrap()).unwrap()).unwrap()
                }
                _ => json!({event: document}),
            })
        }
        .collect(),
    }
}

/// Event types and documents, checksums verified.
fn amazon(mut rest: &[u8]) -> Vec<(String, Value)> {
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
    let mut events = Vec::new();
    while !rest.is_empty() {
        let (length, headers) = (number(&rest[..4]) as usize, number(&rest[4..8]) as usize);
        let (message, behind) = rest.split_at(length);
        assert_eq!(number(&message[8..12]), crc32fast::hash(&message[..8]));
        assert_eq!(number(&message[length - 4..]), crc32fast::hash(&message[..length - 4]));
        let mut fields = &message[12..12 + headers];
        let mut event = String::new();
        while !fields.is_empty() {
            let (name, behind) = fields[1..].split_at(usize::from(fields[0]));
            assert_eq!(behind[0], 7, "a string");
            let size = usize::from(u16::from_be_bytes(behind[1..3].try_into().unwrap()));
            if name == b":event-type" {
                event = String::from_utf8(behind[3..3 + size].to_vec()).unwrap();
            }
            fields = &behind[3 + size..];
        }
        events.push((event, serde_json::from_slice(&message[12 + headers..length - 4]).unwrap()));
        rest = behind;
    }
    events
}

/// Every string at this place, in order, joined.
fn joined(documents: &[Value], pointer: &str) -> String {
    documents.iter().filter_map(|document| document.pointer(pointer)?.as_str()).collect()
}

/// A string, or a JSON text or object with the string as its `text`.
fn said(value: &Value) -> String {
    let parsed = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let object = parsed.as_ref().filter(|parsed| parsed.is_object()).unwrap_or(value);
    let inner = object.get("text").unwrap_or(value);
    inner.as_str().unwrap_or_else(|| panic!("no text in {value}")).to_owned()
}

const SENTENCE: &str = "Ten tins of \"tea\"\nfor Zoë — 你好";

#[tokio::test]
async fn each_channel_says_the_same_whole_and_streamed() {
    let server = ModelServer::start(0).unwrap();
    for row in rows() {
        let channels =
            [("text", Some(row.text)), ("reasoning", row.reasoning), ("refusal", row.refusal), ("tool", row.tool)];
        for (channel, places) in channels {
            let Some((in_whole, in_stream)) = places else { continue };
            let directive = if channel == "text" { String::new() } else { format!("[[in {channel}]]") };
            let prompt = format!("[[echo]]{directive} {SENTENCE}");
            let document = whole(&server, &row, &prompt).await;
            let at = || panic!("{}: no {in_whole} in {document}", row.name);
            assert_eq!(said(document.pointer(in_whole).unwrap_or_else(at)), SENTENCE, "{} {channel}", row.name);
            if in_stream.is_empty() {
                continue;
            }
            let documents = stream(&server, &row, &prompt).await;
            let streamed = joined(&documents, in_stream);
            assert_eq!(said(&json!(streamed)), SENTENCE, "{} {channel}: {documents:?}", row.name);
        }
    }
}

#[tokio::test]
async fn usage_adds_up_whole_and_streamed() {
    let server = ModelServer::start(0).unwrap();
    for row in rows() {
        let prompt = "[[echo]] sixteen letters!";
        let document = whole(&server, &row, prompt).await;
        let [input, output, total] = row.usage.map(|at| document.pointer(at).and_then(Value::as_u64));
        assert_eq!((input, output), (Some(7), Some(4)), "{}: {document}", row.name);
        if !row.usage[2].is_empty() {
            assert_eq!(total, Some(11), "{}", row.name);
        }
        let documents = stream(&server, &row, prompt).await;
        let last = |at: &str| documents.iter().rev().find_map(|document| document.pointer(at)?.as_u64());
        assert_eq!(row.streamed_usage.map(last), [input, output], "{}: {documents:?}", row.name);
    }
}

#[tokio::test]
async fn events_of_a_response_are_numbered_without_a_gap() {
    let server = ModelServer::start(0).unwrap();
    let row = &rows()[2];
    for prompt in ["Hello.", "[[in all]] Hello.", "[[in refusal]] No.", "[[tool]]"] {
        let events = stream(&server, row, prompt).await;
        let numbers: Vec<_> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
        let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds[..2], ["response.created", "response.in_progress"]);
        assert_eq!(kinds.last(), Some(&"response.completed"));
        let count = |kind: &str| kinds.iter().filter(|found| **found == kind).count();
        assert_eq!(count("response.output_item.added"), count("response.output_item.done"));
        let response = &events.last().unwrap()["response"];
        let done: Vec<_> = events.iter().filter(|event| event["type"] == "response.output_item.done").collect();
        assert_eq!(response["output"].as_array().unwrap().len(), done.len());
        for (item, event) in response["output"].as_array().unwrap().iter().zip(done) {
            assert_eq!(*item, event["item"]);
        }
    }
    let reasoning = stream(&server, row, &format!("[[echo]][[in reasoning]] {SENTENCE}")).await;
    let of = |kind: &str| -> String {
        reasoning.iter().filter(|event| event["type"] == kind).filter_map(|event| event["delta"].as_str()).collect()
    };
    assert_eq!(of("response.reasoning_summary_text.delta"), SENTENCE);
    assert_eq!(of("response.output_text.delta"), "That is all.");
}

#[tokio::test]
async fn several_choices_say_the_same() {
    let server = ModelServer::start(0).unwrap();
    for (row, list, in_choice) in [(0, "/choices", "/message/content"), (1, "/choices", "/text")] {
        let row = &rows()[row];
        let document = whole(&server, row, "[[echo]][[choices 3]] x").await;
        let choices = document.pointer(list).unwrap().as_array().unwrap().clone();
        assert_eq!(choices.len(), 3, "{}", row.name);
        assert!(choices.iter().enumerate().all(|(at, choice)| choice["index"] == at));
        assert!(choices.iter().all(|choice| choice.pointer(in_choice).unwrap() == "x"), "{document}");
        assert_eq!(document["usage"]["completion_tokens"], 3);
    }
    let document = whole(&server, &GEMINI, "[[echo]][[choices 2]] x").await;
    assert_eq!(document["candidates"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn embeddings_are_as_many_as_the_texts() {
    let server = ModelServer::start(0).unwrap();
    let asked = json!({"model": "m", "input": ["one", "two"], "dimensions": 4});
    let list: Value = serde_json::from_slice(&post(&server, "/v1/embeddings", &[], &asked).await.body).unwrap();
    assert_eq!((list["data"].as_array().unwrap().len(), list["data"][1]["index"].as_u64()), (2, Some(1)));
    assert_eq!(list["data"][0]["embedding"].as_array().unwrap().len(), 4);
    assert_ne!(list["data"][0]["embedding"], list["data"][1]["embedding"]);
    let mut in_base64 = asked;
    in_base64["encoding_format"] = json!("base64");
    let list: Value = serde_json::from_slice(&post(&server, "/v1/embeddings", &[], &in_base64).await.body).unwrap();
    assert_eq!(STANDARD.decode(list["data"][0]["embedding"].as_str().unwrap()).unwrap().len(), 16);
    let asked = json!({"model": "m", "input": ["one", "two"]});
    let list: Value = serde_json::from_slice(&post(&server, "/api/embed", &[], &asked).await.body).unwrap();
    assert_eq!(list["embeddings"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn mcp_answers_calls_by_their_ids_whole_and_as_a_stream() {
    let server = ModelServer::start(0).unwrap();
    let call =
        |id: u64, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let said = format!("[[echo]] {SENTENCE}");
    for (method, params, at) in [
        ("tools/call", json!({"name": "say", "arguments": {"text": said}}), "/result/content/0/text"),
        ("prompts/get", json!({"name": "review", "arguments": {"text": said}}), "/result/messages/0/content/text"),
        ("resources/read", json!({"uri": format!("[[echo]] {SENTENCE}")}), "/result/contents/0/text"),
    ] {
        let body = call(7, method, params);
        let whole = post(&server, "/mcp", &[("accept", "application/json")], &body).await;
        let document: Value = serde_json::from_slice(&whole.body).unwrap();
        assert_eq!((&document["id"], document.pointer(at).unwrap()), (&json!(7), &json!(SENTENCE)), "{method}");
        let accept = [("accept", "application/json, text/event-stream")];
        assert_eq!(documents(Framing::Sse, &post(&server, "/mcp", &accept, &body).await), [document]);
    }
    let structured = call(1, "tools/call", json!({"name": "say", "arguments": {"text": "[[in tool]][[pii]]"}}));
    let document: Value = serde_json::from_slice(&post(&server, "/mcp", &[], &structured).await.body).unwrap();
    let text = document.pointer("/result/structuredContent/text").unwrap().as_str().unwrap();
    assert!(text.contains("jane.doe@example.com"));
    let batch = json!([call(1, "ping", json!({})), {"jsonrpc": "2.0", "method": "notifications/initialized"},
        call(2, "tools/list", json!({})), call(3, "hologram/show", json!({}))]);
    let list: Value = serde_json::from_slice(&post(&server, "/mcp", &[], &batch).await.body).unwrap();
    let ids: Vec<_> = list.as_array().unwrap().iter().map(|answer| answer["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(list[2]["error"]["code"], -32_601);
    let note = post(&server, "/mcp", &[], &json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    assert_eq!((note.status.as_u16(), note.body.len()), (202, 0));
}

#[tokio::test]
async fn a2a_answers_with_a_message_and_streams_a_task() {
    let server = ModelServer::start(0).unwrap();
    let ask = |method: &str, prompt: &str| {
        let message =
            json!({"kind": "message", "role": "user", "messageId": "m", "parts": [{"kind": "text", "text": prompt}]});
        json!({"jsonrpc": "2.0", "id": 5, "method": method, "params": {"message": message}})
    };
    let prompt = format!("[[echo]] {SENTENCE}");
    for (whole, stream, in_whole, in_stream, state) in [
        (
            "message/send",
            "message/stream",
            "/result/parts/0/text",
            "/result/artifact/parts/0/text",
            "/result/status/state",
        ),
        (
            "SendMessage",
            "SendStreamingMessage",
            "/result/message/parts/0/text",
            "/result/artifactUpdate/artifact/parts/0/text",
            "/result/statusUpdate/status/state",
        ),
    ] {
        let document: Value =
            serde_json::from_slice(&post(&server, "/a2a", &[], &ask(whole, &prompt)).await.body).unwrap();
        assert_eq!((&document["id"], document.pointer(in_whole).unwrap()), (&json!(5), &json!(SENTENCE)));
        let events = documents(Framing::Sse, &post(&server, "/a2a", &[], &ask(stream, &prompt)).await);
        assert!(events.iter().all(|event| event["id"] == 5));
        assert_eq!(joined(&events, in_stream), SENTENCE);
        let last = events.last().unwrap().pointer(state).unwrap().as_str().unwrap();
        assert!(["completed", "TASK_STATE_COMPLETED"].contains(&last), "{last}");
        let refused = documents(Framing::Sse, &post(&server, "/a2a", &[], &ask(stream, "[[in refusal]] no")).await);
        assert!(refused.last().unwrap().pointer(state).unwrap().as_str().unwrap().to_lowercase().contains("rejected"));
    }
}

#[tokio::test]
async fn every_case_of_the_corpus_is_answered() {
    let server = ModelServer::start(0).unwrap();
    for case in cases::all() {
        let body: Value = serde_json::from_str(&case.body("Hello there.")).unwrap();
        let reply = post(&server, &case.path, &[], &body).await;
        assert_eq!(reply.status.as_u16(), case.answered(), "{}: {}", case.name, reply.text());
        let kind = reply.header("content-type").unwrap_or_default();
        assert_eq!(kind != "application/json" && reply.status == 200, case.stream, "{}: {kind}", case.name);
    }
}
