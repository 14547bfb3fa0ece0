//! What one exchange costs in tokens: estimated before, counted on the way, told at the end.

use portcullis_core::answer::Usage;
use portcullis_core::stage::{Ended, Request};
use portcullis_core::subject::{Named, matches};
use portcullis_core::wire::{Asked, Dialect};

use crate::settings::{Tokens, Unit};
use crate::tokens::{self, Estimate};

/// Tokens that the frame around each text of a prompt costs, its role and separators.
const FRAME: u64 = 4;

/// Bytes of a body that was not read which are taken for a token.
const BYTES: u64 = 4;

/// The most tokens that are taken on the word of a client: of an answer that he asks for, of a body that is not read.
const MOST: u64 = 1_000_000;

/// The cost of one exchange as it is known by now.
#[derive(Default)]
pub(crate) struct Spent {
    /// Tokens of the prompt: an estimate.
    input: u64,
    /// Tokens of the answer that were taken before it was there.
    output: u64,
    weights: Weights,
    long: u64,
    /// What the client has been given.
    said: Estimate,
    /// Tokens that a stream may have.
    room: Option<u64>,
    stream: bool,
    /// Whether the stream was ended.
    pub(crate) cut: bool,
    /// Whether the upstream was asked for a report that the client did not ask for.
    pub(crate) asked_usage: bool,
}

/// Thousandths that a token costs.
#[derive(Clone, Copy)]
struct Weights {
    input: u64,
    output: u64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { input: 1000, output: 1000 }
    }
}

impl Weights {
    fn of(settings: &Tokens, model: Named<'_>) -> Self {
        let model = match model {
            Named::Nothing => b"",
            Named::One(model) => model,
            // Whichever it is, it costs no more.
            Named::Unclear => {
                return settings.weights.iter().fold(Self::default(), |most, (_, input, output)| Self {
                    input: most.input.max(*input),
                    output: most.output.max(*output),
                });
            }
        };
        let found = settings.weights.iter().find(|(pattern, ..)| matches(pattern, model));
        found.map_or_else(Self::default, |(_, input, output)| Self { input: *input, output: *output })
    }

    fn cost(self, input: u64, output: u64) -> u64 {
        let cost = |tokens: u64, weight: u64| u128::from(tokens).saturating_mul(u128::from(weight));
        let cost = cost(input, self.input).saturating_add(cost(output, self.output)).div_ceil(1000);
        u64::try_from(cost).unwrap_or(u64::MAX)
    }
}

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    input: u64,
    output: u64,
    total: u64,
    cost: u64,
    long: bool,
}

impl Sum {
    /// In one unit.
    pub(crate) fn of(&self, unit: Unit) -> u64 {
        match unit {
            Unit::Requests => 1,
            Unit::Input => self.input,
            Unit::Output => self.output,
            Unit::Total => self.total,
            Unit::Cost => self.cost,
            Unit::LongAnswers => u64::from(self.long),
        }
    }
}

impl Spent {
    pub(crate) fn new(settings: &Tokens) -> Self {
        Self { long: settings.long_answer, ..Self::default() }
    }

    /// Estimates what a request will cost.
    pub(crate) fn open(&mut self, settings: &Tokens, model: Named<'_>, request: Request<'_>, asks: &Asked) {
        let Request { body, prompt, .. } = request;
        for text in &prompt.texts {
            let text = text.read(body);
            let tokens = core::str::from_utf8(&text).map_or(0, tokens::of);
            self.input = self.input.saturating_add(tokens).saturating_add(FRAME);
        }
        let answers = if prompt.dialect == Dialect::OpenAiEmbeddings { 0 } else { asks.answers.max(1) };
        let each = asks.max_output.filter(|most| *most < u64::MAX).unwrap_or(settings.reserve_output);
        self.output = each.saturating_mul(answers).min(MOST);
        self.weights = Weights::of(settings, model);
        self.stream = prompt.stream;
    }

    /// As [`Self::open`], of a body that is not read.
    pub(crate) fn unread(&mut self, settings: &Tokens, model: Named<'_>, bytes: u64) {
        self.input = bytes.div_ceil(BYTES).min(MOST);
        self.output = if bytes > 0 { settings.reserve_output } else { 0 };
        self.weights = Weights::of(settings, model);
    }

    /// What is taken before the answer is there. 0 asks whether anything is left.
    pub(crate) fn reserve(&self, unit: Unit) -> u64 {
        match unit {
            Unit::Requests => 1,
            Unit::Input => self.input,
            Unit::Output => self.output,
            Unit::Total => self.input.saturating_add(self.output),
            Unit::Cost => self.weights.cost(self.input, self.output),
            Unit::LongAnswers => 0,
        }
    }

    /// A limit has room for so many units, what was taken among them.
    pub(crate) fn bound(&mut self, unit: Unit, units: u64) {
        let tokens = match unit {
            Unit::Output => units,
            Unit::Total => units.saturating_sub(self.input),
            Unit::Cost => {
                let left = units.saturating_sub(self.weights.cost(self.input, 0));
                left.saturating_mul(1000).checked_div(self.weights.output).unwrap_or(u64::MAX)
            }
            Unit::Requests | Unit::Input | Unit::LongAnswers => return,
        };
        self.room = Some(self.room.map_or(tokens, |room| room.min(tokens)));
    }

    /// The client is to get a piece of the answer. False when a stream would go beyond what is left by it, and `ends`.
    pub(crate) fn say(&mut self, piece: &str, ends: bool) -> bool {
        let before = self.said;
        self.said.push(piece);
        let beyond = self.room.is_some_and(|room| self.said.tokens() > room);
        if ends && self.stream && beyond {
            self.said = before;
            self.cut = true;
            return false;
        }
        true
    }

    /// What it came to, at the end: what the answer reported, if it came to its end; else the greater of that and what the
    /// client was given. An upstream that was asked and whose answer nobody saw has done what was asked.
    pub(crate) fn settled(&self, end: &Ended<'_>) -> Sum {
        let Usage { input, output, total } = end.usage;
        let said = self.said.tokens();
        let reported = end.usage != Usage::default();
        let failed = !end.forwarded || !end.replaced && end.status >= 400;
        let unseen = end.replaced || end.status == 0;
        let (input, output) = match (reported, end.complete) {
            (false, _) if failed => (0, 0),
            // A stream ends with its client.
            (false, _) if unseen && self.stream && !end.replaced => (self.input, said),
            (false, _) if unseen => (self.input, self.output.max(said)),
            (true, true) => {
                let output_of = total.zip(input).map(|(total, input)| total.saturating_sub(input));
                let input_of = total.zip(output).map(|(total, output)| total.saturating_sub(output));
                let told = if total.is_some() { 0 } else { said };
                (input.or(input_of).or(total).unwrap_or(self.input), output.or(output_of).unwrap_or(told))
            }
            // A stream tells its cost at its end; what it told before is not all.
            (true, false) => (input.unwrap_or(self.input), output.unwrap_or(0).max(said)),
            (false, true) if said == 0 => (self.input, self.output),
            (false, _) => (self.input, said),
        };
        let both = input.saturating_add(output);
        let total = if end.complete { total.unwrap_or(both) } else { total.unwrap_or(0).max(both) };
        let long = (reported || !unseen) && output >= self.long.max(1);
        Sum { input, output, total, cost: self.weights.cost(input, output), long }
    }
}
