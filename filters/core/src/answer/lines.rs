//! The texts that go on from unit to unit.

use std::collections::{BTreeMap, BTreeSet};

use super::editor::{Channel, Kind};
use super::feed::Feed;
use super::queue::Track;
use crate::channels::{End, Form, Key};

/// One of them.
pub(super) struct Line {
    pub(super) channel: Channel,
    pub(super) group: u32,
    pub(super) feed: Feed,
    /// Bytes that the editor has and has not settled.
    pub(super) held: usize,
    pub(super) track: Track,
}

/// All of them.
#[derive(Default)]
pub(super) struct Lines {
    lines: BTreeMap<Key, Line>,
    /// The key of each by its id.
    keys: BTreeMap<u32, Key>,
    ids: u32,
}

impl Lines {
    /// A channel with an id of its own.
    pub(super) fn channel(&mut self, kind: Kind, index: u32) -> Channel {
        self.ids = self.ids.wrapping_add(1);
        // Texts that stand alone are counted from the other end.
        Channel { id: self.ids, kind, index: if index > u32::MAX / 2 { 0 } else { index } }
    }

    /// The channel of a key, which begins now if it has not.
    pub(super) fn open(&mut self, key: Key, form: Form) -> Channel {
        if let Some(line) = self.lines.get(&key) {
            return line.channel;
        }
        let channel = self.channel(key.kind, key.group);
        let feed = if form == Form::Json { Feed::json() } else { Feed::Text };
        self.keys.insert(channel.id, key);
        self.lines.insert(key, Line { channel, group: key.group, feed, held: 0, track: Track::default() });
        channel
    }

    pub(super) fn get(&mut self, key: Key) -> Option<&mut Line> {
        self.lines.get_mut(&key)
    }

    pub(super) fn track(&mut self, id: u32) -> Option<&mut Track> {
        Some(&mut self.lines.get_mut(self.keys.get(&id)?)?.track)
    }

    /// How many would be open with these.
    pub(super) fn with<'k>(&self, keys: impl Iterator<Item = &'k Key>) -> usize {
        let new: BTreeSet<&Key> = keys.filter(|key| !self.lines.contains_key(key)).collect();
        self.lines.len().saturating_add(new.len())
    }

    /// Takes out what an end means, but for those that are named.
    pub(super) fn take(&mut self, end: End, but: &BTreeSet<Key>) -> Vec<Line> {
        let meant = |key: &Key| match end {
            End::All => true,
            End::Group(group) => key.group == group,
            End::Reasoning(group) => key.group == group && key.kind == Kind::Reasoning,
            End::One(one) => *key == one,
        };
        let keys: Vec<Key> = self.lines.keys().filter(|key| meant(key) && !but.contains(key)).copied().collect();
        let lines: Vec<Line> = keys.iter().filter_map(|key| self.lines.remove(key)).collect();
        for line in &lines {
            self.keys.remove(&line.channel.id);
        }
        lines
    }
}
