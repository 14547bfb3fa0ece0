//! Payloads of no dialect that is known: by the names of members.

use super::sheet::Sheet;
use super::usage;
use crate::json::Value;

pub(super) fn read(sheet: &mut Sheet, root: Value<'_>, streams: bool) {
    if let Some(value) = root.get("usage") {
        usage::common(&mut sheet.usage, value);
    }
    match root.get("error") {
        // What stands beside an error belongs to it.
        Some(_) => sheet.error(root),
        None => sheet.guessed(root, streams),
    }
}
