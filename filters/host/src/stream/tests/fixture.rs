//! What the tests of a stream share: stages that do as the text says, and a client that sends as Envoy hands on.

use portcullis_core::answer::{self, Channel, Editor};
use portcullis_core::config::{Reader, Word, choose};
use portcullis_core::exchange::ReadAnswers;
use portcullis_core::stage::{Kind, Request, Settings, Stage};
use portcullis_core::verdict::{Finding, Judge, Mode, Opinion, RuleId, Severity, Verdict};
use serde_json::Value;

use super::super::*;
use crate::fake::Fake;

/// Blocks texts with the word `attack`, panics at `panic`.
struct Guard;

impl Kind for Guard {
    fn key(&self) -> &'static str {
        "guard"
    }

    fn doc(&self) -> &'static str {
        "A stage for tests."
    }

    fn read(&self, section: &mut dyn Reader) -> Box<dyn Settings> {
        let shadow = section.boolean("shadow", false, "Whether it only looks.");
        Box::new(GuardSettings(if shadow { Mode::Shadow } else { Mode::Enforce }))
    }
}

struct GuardSettings(Mode);

impl Settings for GuardSettings {
    fn mode(&self) -> Mode {
        self.0
    }

    fn open(&self) -> Box<dyn Stage> {
        Box::new(GuardStage)
    }
}

struct GuardStage;

impl Stage for GuardStage {
    fn request(&mut self, request: Request<'_>) -> Opinion {
        let mut opinion = Opinion::default();
        for text in &request.prompt.texts {
            let raw = text.span.of(request.body);
            opinion.inspected += raw.len() as u64;
            assert_ne!(raw, b"panic");
            if raw == b"attack" {
                opinion.verdict = Verdict::Block;
                opinion.judge = Judge::Rules;
                opinion.score = 0.9;
                opinion.findings.push(Finding {
                    rule: RuleId::new(*b"PG", 1).unwrap(),
                    severity: Severity::Critical,
                    role: text.role,
                    span: text.span,
                });
            }
        }
        opinion
    }
}

/// Puts `*` in place of what stands between `<` and `>` in answers, panics at `!`.
struct Mask;

impl Kind for Mask {
    fn key(&self) -> &'static str {
        "mask"
    }

    fn doc(&self) -> &'static str {
        "A stage for tests."
    }

    fn read(&self, section: &mut dyn Reader) -> Box<dyn Settings> {
        Box::new(MaskSettings(choose(section, "mode", OFF_FIRST, "Whether it acts.").unwrap()))
    }
}

const OFF_FIRST: &[Word<Mode>] = &[
    Word { word: "off", value: Mode::Off, doc: "" },
    Word { word: "shadow", value: Mode::Shadow, doc: "" },
    Word { word: "enforce", value: Mode::Enforce, doc: "" },
];

struct MaskSettings(Mode);

impl Settings for MaskSettings {
    fn mode(&self) -> Mode {
        self.0
    }

    fn reads_answers(&self) -> Option<ReadAnswers> {
        Some(ReadAnswers::TEXTS)
    }

    fn open(&self) -> Box<dyn Stage> {
        Box::new(MaskStage(String::new(), 0))
    }
}

struct MaskStage(String, u32);

impl Stage for MaskStage {
    fn editor(&mut self) -> Option<&mut dyn Editor> {
        Some(self)
    }

    fn answer_end(&mut self) -> Opinion {
        let verdict = if self.1 > 0 { Verdict::Redact } else { Verdict::Allow };
        Opinion { verdict, judge: Judge::Rules, ..Opinion::default() }
    }
}

impl Editor for MaskStage {
    fn text(&mut self, _: &Channel, chunk: &str, out: &mut String) -> answer::Flow {
        assert!(!chunk.contains('!'));
        self.0.push_str(chunk);
        while let (Some(open), Some(close)) = (self.0.find('<'), self.0.find('>')) {
            out.extend(self.0.drain(..=close).take(open));
            out.push('*');
            self.1 += 1;
        }
        let settled = self.0.find('<').unwrap_or(self.0.len());
        out.extend(self.0.drain(..settled));
        answer::Flow::Open { held: self.0.len() }
    }

    fn end(&mut self, _: &Channel, out: &mut String) -> answer::Flow {
        out.push_str(&core::mem::take(&mut self.0));
        answer::Flow::Open { held: 0 }
    }
}

pub const CHAT: &str = "/v1/chat/completions";

pub fn config(text: &str) -> Arc<Config> {
    Arc::new(Config::parse(text.as_bytes(), &[&Guard, &Mask], &|_| None).unwrap())
}

pub fn chat(text: &str) -> Vec<u8> {
    format!(r#"{{"model": "m", "messages": [{{"role": "user", "content": "{text}"}}]}}"#).into_bytes()
}

/// Sends a request in parts as Envoy does: while the stream pauses, the host keeps what came before.
pub struct Sent {
    pub host: Fake,
    pub stream: Stream<Fake>,
    pub forwarded: Vec<u8>,
    pub ended: bool,
}

impl Sent {
    pub fn head(host: Fake, config: &str, ends: bool) -> Self {
        Self::under(host, self::config(config), ends)
    }

    pub fn under(host: Fake, config: Arc<Config>, ends: bool) -> Self {
        let mut stream = Stream::new(host.clone(), config);
        let ended = stream.on_request_headers(ends) == Flow::Continue && ends;
        Self { host, stream, forwarded: Vec::new(), ended }
    }

    pub fn part(&mut self, part: &[u8], ends: bool) -> Flow {
        self.host.0.borrow_mut().body.extend_from_slice(part);
        let size = self.host.0.borrow().body.len();
        let flow = self.stream.on_request_body(size, ends);
        if flow == Flow::Continue {
            self.forwarded.append(&mut self.host.0.borrow_mut().body);
            self.ended |= ends;
        }
        flow
    }

    pub fn trailers(&mut self) -> Flow {
        let flow = self.stream.on_request_trailers();
        if flow == Flow::Continue {
            self.forwarded.append(&mut self.host.0.borrow_mut().body);
            self.ended = true;
        }
        flow
    }

    /// The host hands our own reply through the response callbacks, or the upstream's answer.
    pub fn answer(&mut self) {
        self.stream.on_response_headers(false);
        self.stream.on_response_body(10, false);
        self.stream.on_response_body(5, true);
        self.stream.on_log();
    }

    /// The head of the upstream's answer; false when it does not go on.
    pub fn answer_head(&mut self, fields: &[(&str, &str)], ends: bool) -> bool {
        let fields = fields.iter().map(|(name, value)| ((*name).to_string(), value.as_bytes().to_vec()));
        self.host.0.borrow_mut().response = fields.collect();
        self.stream.on_response_headers(ends) == Flow::Continue
    }

    /// A part of the upstream's answer: what the client gets of it, or nothing when the stream was reset.
    pub fn answer_part(&mut self, part: &[u8], ends: bool) -> Option<Vec<u8>> {
        let kept = self.host.0.borrow_mut().answer.take().unwrap_or_default();
        let shown = [kept.as_slice(), part].concat();
        let size = shown.len();
        self.host.0.borrow_mut().answer = Some(shown);
        let flow = self.stream.on_response_body(size, ends);
        let mut host = self.host.0.borrow_mut();
        if !host.resets.is_empty() {
            return None;
        }
        match flow {
            Flow::Continue => host.answer.take(),
            Flow::Pause => Some(Vec::new()),
        }
    }

    /// Trailers of the answer: what the client gets before them, or nothing when the stream was reset.
    pub fn answer_trailers(&mut self) -> Option<Vec<u8>> {
        let flow = self.stream.on_response_trailers();
        let mut host = self.host.0.borrow_mut();
        (flow == Flow::Continue && host.resets.is_empty()).then(|| host.answer.take().unwrap_or_default())
    }

    pub fn replies(&self) -> Vec<u16> {
        self.host.0.borrow().replies.iter().map(|r| r.status).collect()
    }

    pub fn record(&self) -> Value {
        let state = self.host.0.borrow();
        let (property, record) = state.published.last().unwrap();
        assert_eq!(property, "portcullis.audit");
        serde_json::from_str(record).unwrap()
    }
}

pub fn whole(body: &[u8], config: &str) -> Sent {
    let mut sent = Sent::head(Fake::post(CHAT, &[]), config, false);
    sent.part(body, true);
    sent
}
