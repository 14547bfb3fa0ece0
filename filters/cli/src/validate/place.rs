//! Paths in documents: how they are written, and the line that one leads to.

use portcullis_core::config::is_name;

use super::tree::Node;

/// The path of member `key` of the object at `path`, written as the configuration's own problems are.
pub fn member(path: &str, key: &str) -> String {
    match (path.is_empty(), segment(key)) {
        (true, segment) => segment,
        (false, segment) if segment.starts_with('[') => format!("{path}{segment}"),
        (false, segment) => format!("{path}.{segment}"),
    }
}

/// `inner`, a path in a document that stands at `path`.
pub fn inside(path: &str, inner: &str) -> String {
    match (path.is_empty(), inner.is_empty()) {
        (true, _) => inner.to_string(),
        (false, true) => path.to_string(),
        (false, false) if inner.starts_with('[') => format!("{path}{inner}"),
        (false, false) => format!("{path}.{inner}"),
    }
}

fn segment(key: &str) -> String {
    let key: String = key.chars().take(64).collect();
    if is_name(&key) && !key.contains('.') { key } else { format!("[{key:?}]") }
}

/// The line that `path` leads to from `root`: that of the key, or of the innermost value that exists on the way.
pub fn line(root: &Node, path: &str) -> usize {
    let (mut node, mut line, mut rest) = (root, root.line, path);
    loop {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let key = node.entries().iter().rev().find_map(|(key, child)| {
            let after = rest.strip_prefix(segment(&key.name).as_str())?;
            (after.is_empty() || after.starts_with(['.', '['])).then_some((key.line, child, after))
        });
        let item = || {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            let item = node.items().get(index.parse::<usize>().ok()?)?;
            Some((item.line, item, after))
        };
        match key.or_else(item) {
            Some(found) => (line, node, rest) = found,
            None => return line,
        }
    }
}

/// Every key that stands twice in one object, with its path and line, anywhere under `node`.
pub fn duplicates(node: &Node, path: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    gather_duplicates(node, path, &mut found);
    found
}

fn gather_duplicates(node: &Node, path: &str, found: &mut Vec<(usize, String)>) {
    for (i, item) in node.items().iter().enumerate() {
        gather_duplicates(item, &format!("{path}[{i}]"), found);
    }
    let mut seen = std::collections::HashSet::new();
    for (key, child) in node.entries() {
        let path = member(path, &key.name);
        if !seen.insert(key.name.as_str()) {
            found.push((key.line, path.clone()));
        }
        gather_duplicates(child, &path, found);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::yaml;
    use super::*;

    #[test]
    fn paths_lead_to_the_line_of_their_key() {
        let root = yaml("a:\n  b.c:\n    d: 1\n  list:\n  - x: 1\n  - x: 2\n    y: 3\nab: 1\n").unwrap().remove(0);
        for (path, expected) in [
            ("", 1),
            ("a", 1),
            ("ab", 8),
            ("a[\"b.c\"]", 2),
            ("a[\"b.c\"].d", 3),
            ("a.list[1].y", 7),
            ("a.list[1].missing", 6),
            ("a.list[9].y", 4),
            ("nothing", 1),
        ] {
            assert_eq!(line(&root, path), expected, "{path}");
        }
    }

    #[test]
    fn keys_that_stand_twice_are_found_everywhere() {
        let root = yaml("a: {x: 1, x: 2}\nb:\n- y: 1\n  y: 2\nz: 1\nz: 2\n").unwrap().remove(0);
        let found: Vec<_> = duplicates(&root, "").into_iter().map(|(line, path)| format!("{line} {path}")).collect();
        assert_eq!(found, ["1 a.x", "4 b[0].y", "6 z"]);
    }
}
