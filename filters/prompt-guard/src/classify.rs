//! The classifier of a request: plain forms come in, the greatest probability of each role goes out.

use std::cell::RefCell;

use portcullis_classifier::Scratch;
use portcullis_features::Windows;
use portcullis_model::Model;

use portcullis_core::wire::Role;

/// What a window costs besides its tokens, in tokens.
const WINDOW: usize = 8;
/// Bytes of a plain form that one token stands for, at most, on the whole: where the end of a long text is looked for.
const BYTES: usize = 3;

thread_local! {
    // A VM has one thread, and the memory is of no meaning between windows.
    static SCRATCH: RefCell<Option<Scratch>> = const { RefCell::new(None) };
}

/// A request that is being classified.
#[derive(Clone, Debug)]
pub(crate) struct Classifying {
    model: &'static Model,
    /// Roles whose texts are read, one bit each.
    roles: u16,
    /// Tokens that are left for the request.
    left: usize,
    /// Tokens that are left for the text under way, and for its layers.
    text: usize,
    /// A text is under way.
    open: bool,
    /// By role, the greatest probability of a text.
    greatest: [Option<f32>; Role::ALL.len()],
    /// Bytes of texts that were not read, in the plain form.
    pub left_out: usize,
    /// A window could not be run.
    pub failed: bool,
}

impl Classifying {
    /// A request of which `tokens` may be read, in texts of `roles`; `None` when this build has no model.
    pub fn new(roles: u16, tokens: usize) -> Option<Self> {
        let model = Model::shared()?;
        Some(Self {
            model,
            roles,
            left: tokens,
            text: 0,
            open: false,
            greatest: Default::default(),
            left_out: 0,
            failed: false,
        })
    }

    /// Another text begins, after which `more` follow: it has an equal share of what is left, so that no text takes it
    /// all from those behind it.
    pub fn begin(&mut self, more: usize) {
        self.text = self.left.checked_div(more.saturating_add(1)).unwrap_or(self.left);
        self.open = true;
    }

    /// Nothing more is read until the next text begins.
    pub fn end(&mut self) {
        self.open = false;
    }

    /// Reads the plain form of a text, or of what it says under a disguise: whole, or its first and its last part.
    pub fn read(&mut self, plain: &[u8], role: Role, given: bool) {
        if !self.open || self.roles & crate::ruleset::bit(role) == 0 {
            return;
        }
        let whole = plain.len();
        let mut unread = whole;
        // A text that is surely short enough is read at once.
        let halves = self.text < whole.checked_div(BYTES).unwrap_or(whole);
        let head = if halves { self.text.checked_div(2).unwrap_or(0) } else { self.text };
        let mut highest = Highest::default();
        unread = unread.saturating_sub(self.windows(plain, head, &mut highest));
        if halves && unread > 0 {
            let from = whole.saturating_sub(self.text.saturating_mul(BYTES)).max(whole.saturating_sub(unread));
            let from = plain.iter().skip(from).position(|byte| *byte == b' ').map(|at| from.saturating_add(at));
            let tail = from.and_then(|from| plain.get(from..)).unwrap_or_default();
            unread = unread.saturating_sub(self.windows(tail, self.text, &mut highest));
        }
        if let (Some(logit), Some(greatest)) = (highest.logit, self.greatest.get_mut(role.index())) {
            let p = self.model.probability(logit, highest.windows);
            *greatest = Some(greatest.map_or(p, |known| known.max(p)));
        }
        if given {
            self.left_out = self.left_out.saturating_add(unread);
        }
    }

    /// Reads windows while `most` tokens last; gives the bytes that were read.
    fn windows(&mut self, plain: &[u8], most: usize, highest: &mut Highest) -> usize {
        let mut windows = Windows::new(plain);
        let mut most = most;
        SCRATCH.with_borrow_mut(|scratch| {
            let scratch = scratch.get_or_insert_with(|| self.model.scratch());
            loop {
                let before = windows.rest();
                let Some(window) = windows.advance() else { return plain.len() };
                let cost = window.tokens.len().saturating_add(WINDOW);
                if cost > most {
                    return plain.len().saturating_sub(before);
                }
                most = most.saturating_sub(cost);
                self.text = self.text.saturating_sub(cost);
                self.left = self.left.saturating_sub(cost);
                match self.model.logit(scratch, &window.tokens, &window.grams) {
                    Some(logit) => {
                        highest.windows = highest.windows.saturating_add(1);
                        highest.logit = Some(highest.logit.map_or(logit, |known| known.max(logit)));
                    }
                    None => self.failed = true,
                }
            }
        })
    }

    /// By role, the probability of the text that is held most for an attack; 0 where nothing was read.
    pub fn by_role(&self) -> [f32; Role::ALL.len()] {
        self.greatest.map(Option::unwrap_or_default)
    }

    /// The greatest of all; `None` when nothing was read.
    pub fn greatest(&self) -> Option<f32> {
        self.greatest.iter().flatten().copied().reduce(f32::max)
    }
}

/// The highest of so many windows.
#[derive(Default)]
struct Highest {
    logit: Option<f32>,
    windows: usize,
}
