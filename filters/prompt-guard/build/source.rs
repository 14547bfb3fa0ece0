//! Rule files as they are written, checked and brought into plain form.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::term;

/// One `PG-nnnn.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The name of the file without `.toml`.
    id: String,
    /// What the text does, as a sentence without a subject.
    title: String,
    /// What the rule weighs by itself.
    severity: String,
    /// What it weighs where the text is only quoted; as `severity` when absent.
    quoted: Option<String>,
    /// The level of paranoia from which on it runs: 1, always, to 4.
    #[serde(default = "first")]
    paranoia: u8,
    /// Who must speak; everyone when absent.
    #[serde(default)]
    roles: Vec<String>,
    /// ISO 639-1; `und` for what is no language.
    languages: Vec<String>,
    /// What it belongs to: OWASP LLM Top 10, MITRE ATLAS.
    references: Vec<String>,
    /// Words in a row.
    #[serde(default)]
    phrases: Vec<String>,
    /// Words that, right before a match, mean that it is none.
    #[serde(default)]
    unless: Vec<String>,
    /// Words that, right behind a match, mean that it is none.
    #[serde(default)]
    unless_after: Vec<String>,
    /// Texts that count only with their punctuation.
    #[serde(default)]
    literals: Vec<String>,
    /// Groups of words that follow each other.
    #[serde(default)]
    near: Vec<Near>,
}

const fn first() -> u8 {
    1
}

/// One of each group, in their order, not far from each other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Near {
    groups: Vec<Vec<String>>,
    /// Words that may stand between one and the next.
    within: u8,
    /// The first must begin a sentence.
    #[serde(default)]
    opening: bool,
    /// In place of the rule's.
    unless: Option<Vec<String>>,
    /// In place of the rule's.
    unless_after: Option<Vec<String>>,
}

/// A rule that was checked.
pub struct Rule {
    pub number: u16,
    pub title: String,
    pub severity: &'static str,
    pub quoted: &'static str,
    pub paranoia: u8,
    pub roles: Vec<&'static str>,
    pub languages: Vec<String>,
    pub references: Vec<String>,
    pub sets: Vec<Set>,
}

/// A set of a rule, in plain form.
pub struct Set {
    pub groups: Vec<Vec<String>>,
    pub within: u8,
    pub opening: bool,
    pub unless: Vec<String>,
    pub unless_after: Vec<String>,
    pub exact: Vec<(String, String)>,
}

/// Reads every rule in `dir`, by id. `words*.toml` hold the lists that rules name as `@list`.
pub fn read(dir: &Path) -> Result<Vec<Rule>, Vec<String>> {
    let mut problems = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .map_err(|e| vec![format!("{}: {e}", dir.display())])?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let (lists, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|path| name(path).starts_with("words"));
    let mut words = BTreeMap::new();
    for path in lists {
        let text = std::fs::read_to_string(&path).map_err(|e| e.to_string());
        match text.and_then(|text| toml::from_str::<BTreeMap<String, Vec<String>>>(&text).map_err(|e| e.to_string())) {
            Ok(lists) => {
                for (list, terms) in lists {
                    if words.insert(list.clone(), terms).is_some() {
                        problems.push(format!("{}: {list}: stands twice", name(&path)));
                    }
                }
            }
            Err(e) => problems.push(format!("{}: {}", name(&path), e.replace('\n', " "))),
        }
    }
    let mut rules = Vec::new();
    for path in &files {
        let name = name(path);
        let file = std::fs::read_to_string(path).map_err(|e| e.to_string());
        match file.and_then(|text| toml::from_str::<File>(&text).map_err(|e| e.to_string().replace('\n', " "))) {
            Ok(file) => {
                let mut check = Check { file: &name, words: &words, problems: &mut problems };
                rules.push(check.rule(file));
            }
            Err(e) => problems.push(format!("{name}: {e}")),
        }
    }
    if problems.is_empty() { Ok(rules) } else { Err(problems) }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

struct Check<'a> {
    file: &'a str,
    words: &'a BTreeMap<String, Vec<String>>,
    problems: &'a mut Vec<String>,
}

impl Check<'_> {
    fn problem(&mut self, field: &str, problem: impl std::fmt::Display) {
        self.problems.push(format!("{}: {field}: {problem}", self.file));
    }

    fn one_of(&mut self, field: &str, word: &str, known: &[&'static str]) -> &'static str {
        known.iter().find(|k| **k == word).copied().unwrap_or_else(|| {
            self.problem(field, format_args!("`{word}` is none of {}", known.join(", ")));
            known[0]
        })
    }

    fn rule(&mut self, file: File) -> Rule {
        const SEVERITIES: &[&str] = &["notice", "warning", "error", "critical"];
        const ROLES: &[&str] = &[
            "system",
            "user",
            "assistant",
            "tool_result",
            "tool_argument",
            "tool_definition",
            "document",
            "embedding_input",
        ];
        if format!("{}.toml", file.id) != self.file {
            self.problem("id", "is not the name of the file");
        }
        let number = file.id.strip_prefix("PG-").filter(|n| n.len() == 4).and_then(|n| n.parse().ok());
        if number.is_none() {
            self.problem("id", "is not PG- and four digits");
        }
        for (field, empty) in [
            ("title", file.title.is_empty()),
            ("languages", file.languages.is_empty()),
            ("references", file.references.is_empty()),
        ] {
            if empty {
                self.problem(field, "is empty");
            }
        }
        let severity = self.one_of("severity", &file.severity, SEVERITIES);
        let quoted = file.quoted.map_or(severity, |quoted| self.one_of("quoted", &quoted, SEVERITIES));
        if !(1..=4).contains(&file.paranoia) {
            self.problem("paranoia", "is not 1 to 4");
        }
        let roles = file.roles.iter().map(|role| self.one_of("roles", role, ROLES)).collect();
        let unless = self.terms("unless", &file.unless);
        let unless_after = self.terms("unless_after", &file.unless_after);
        let mut sets = Vec::new();
        if !file.phrases.is_empty() {
            let groups = vec![self.terms("phrases", &file.phrases)];
            let (unless, unless_after) = (unless.clone(), unless_after.clone());
            sets.push(Set { groups, within: 0, opening: false, unless, unless_after, exact: Vec::new() });
        }
        if !file.literals.is_empty() {
            for (term, exact) in self.literals(&file.literals) {
                let groups = vec![vec![term]];
                let (unless, unless_after) = (Vec::new(), Vec::new());
                sets.push(Set { groups, within: 0, opening: false, unless, unless_after, exact });
            }
        }
        for (i, near) in file.near.into_iter().enumerate() {
            let field = format!("near[{i}]");
            if near.within > 32 {
                self.problem(&format!("{field}.within"), "is over 32");
            }
            if !(2..=4).contains(&near.groups.len()) {
                self.problem(&format!("{field}.groups"), "has not 2 to 4 groups");
            }
            let groups = near.groups.iter().enumerate();
            let groups = groups.map(|(g, terms)| self.terms(&format!("{field}.groups[{g}]"), terms)).collect();
            let unless = near.unless.map_or_else(|| unless.clone(), |u| self.terms(&format!("{field}.unless"), &u));
            let unless_after = near
                .unless_after
                .map_or_else(|| unless_after.clone(), |u| self.terms(&format!("{field}.unless_after"), &u));
            let (within, opening) = (near.within, near.opening);
            sets.push(Set { groups, within, opening, unless, unless_after, exact: Vec::new() });
        }
        if sets.is_empty() {
            self.problem("phrases", "are absent, and so are literals and near: the rule cannot fire");
        }
        Rule {
            number: number.unwrap_or_default(),
            title: file.title,
            severity,
            quoted,
            paranoia: file.paranoia,
            roles,
            languages: file.languages,
            references: file.references,
            sets,
        }
    }

    /// Literals by the plain form of their words, with the punctuation before and after them.
    fn literals(&mut self, list: &[String]) -> BTreeMap<String, Vec<(String, String)>> {
        let mut literals: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for literal in list {
            match term::literal(literal) {
                Ok((term, before, after)) => literals.entry(term).or_default().push((before, after)),
                Err(e) => self.problem("literals", format_args!("`{literal}` {e}")),
            }
        }
        literals
    }

    /// The terms of a list in plain form, `@names` replaced by their words, each once.
    fn terms(&mut self, field: &str, list: &[String]) -> Vec<String> {
        let mut terms = BTreeSet::new();
        for term in list {
            match term.strip_prefix('@') {
                Some(name) => match self.words.get(name).cloned() {
                    Some(words) => terms.extend(self.terms(&format!("list {name}"), &words)),
                    None => self.problem(field, format_args!("`@{name}` is no list in words*.toml")),
                },
                None => match term::forms(term) {
                    Ok(forms) => terms.extend(forms),
                    Err(e) => self.problem(field, format_args!("`{term}` {e}")),
                },
            }
        }
        if terms.is_empty() && !list.is_empty() {
            self.problem(field, "is empty");
        }
        terms.into_iter().collect()
    }
}
