//! Tokens that an answer says it cost.

/// Counts of tokens; the last that were given count, since streams repeat them as they grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt.
    pub input: Option<u64>,
    /// Of the answer.
    pub output: Option<u64>,
    /// Of both.
    pub total: Option<u64>,
}

impl Usage {
    /// Takes over what a later report says.
    pub fn update(&mut self, later: Self) {
        self.input = later.input.or(self.input);
        self.output = later.output.or(self.output);
        self.total = later.total.or(self.total);
    }
}
