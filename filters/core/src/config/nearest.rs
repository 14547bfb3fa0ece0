//! What was meant by a word that is not known.

/// The known word that is at most two edits away, if any.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = known.iter().map(|k| (edits(word.as_bytes(), k.as_bytes()), *k)).min()?;
    (near.0 <= 2).then_some(near.1)
}

/// Levenshtein's distance between two short words; words over 64 bytes are far from everything.
fn edits(a: &[u8], b: &[u8]) -> usize {
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let up = *cell;
            left = if x == y { diagonal } else { diagonal.min(up).min(left).saturating_add(1) };
            diagonal = up;
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_levenshteins() {
        for (a, b, n) in [("", "", 0), ("kitten", "sitting", 3), ("emial", "email", 2), ("a", "", 1), ("", "abc", 3)] {
            assert_eq!(edits(a.as_bytes(), b.as_bytes()), n, "{a} {b}");
        }
    }
}
