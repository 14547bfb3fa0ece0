//! The benign corpus, `tests/cases/benign`: texts and whole requests that the guard must leave alone at its defaults.
//!
//! What it does not leave alone stands in `known.jsonl`, with its rules. `GOLDEN=write` writes that file anew: each new
//! line is a false alarm to mend, or to bear.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "a test"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_core::config::Config;
use portcullis_core::exchange::Exchange;
use portcullis_core::head::Head;
use portcullis_core::verdict::Verdict;
use portcullis_prompt_guard::PROMPT_GUARD;
use serde_json::{Value, json};

/// The least number of texts, and the least characters of a long one.
const TEXTS: usize = 3000;
const LONG: usize = 2000;
/// Languages with at least this many texts.
const LANGUAGES: usize = 15;
const OF_A_LANGUAGE: usize = 20;
/// Two texts are near duplicates when they share this much of their shingles, runs of this many words.
const ALIKE: f64 = 0.5;
const SHINGLE: usize = 3;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases")
}

/// The rows of the `.jsonl` files of a folder, with the names of the files.
fn rows(folder: &Path) -> Vec<(String, Value)> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "jsonl") && !file.ends_with("known.jsonl"));
    files.sort();
    let mut rows = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        for (line, row) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            let row = serde_json::from_str(row).unwrap_or_else(|e| panic!("{name}:{}: {e}", line + 1));
            rows.push((name.clone(), row));
        }
    }
    rows
}

fn texts() -> Vec<Value> {
    rows(&cases().join("benign")).into_iter().map(|(_, row)| row).collect()
}

fn of<'r>(row: &'r Value, key: &str) -> &'r str {
    row[key].as_str().unwrap_or_else(|| panic!("{} has no {key}", row["id"]))
}

fn role(row: &Value) -> &str {
    row["role"].as_str().unwrap_or("user")
}

/// `body` with every string that is only a name in braces replaced by what `named` gives for it.
fn filled(body: &Value, named: &dyn Fn(&str) -> Option<String>) -> Value {
    match body {
        Value::String(text) => {
            let name = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}"));
            json!(name.and_then(named).unwrap_or_else(|| text.clone()))
        }
        Value::Array(items) => items.iter().map(|item| filled(item, named)).collect(),
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), filled(value, named))).collect(),
        other => other.clone(),
    }
}

/// The shapes of `tests/cases/requests` by role, where the text stands alone in a string.
fn shapes() -> BTreeMap<String, Vec<Value>> {
    let mut shapes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut files: Vec<_> =
        std::fs::read_dir(cases().join("requests")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "json")) {
        let cases: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        for case in cases.as_array().into_iter().flatten() {
            if case["body"].to_string().contains("\"{{text}}\"") {
                shapes.entry(of(case, "role").into()).or_default().push(case.clone());
            }
        }
    }
    shapes
}

/// What became of a request: the verdict, and the rules that fired.
struct Decision {
    verdict: Verdict,
    rules: BTreeSet<String>,
}

fn decide(config: &Arc<Config>, path: &str, headers: &Value, body: &Value) -> Decision {
    let headers = headers.as_object().into_iter().flatten();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
    let head: Head = [(":method", "POST"), (":path", path), ("content-type", "application/json")]
        .into_iter()
        .chain(headers)
        .collect();
    let mut exchange = Exchange::open(config, head, 0);
    exchange.request_head(false);
    exchange.request_body(body.to_string().as_bytes(), &|| 0);
    let record = exchange.record();
    assert_eq!(record.unreadable, None, "{path}");
    Decision { verdict: record.verdict, rules: record.rules.iter().map(ToString::to_string).collect() }
}

/// Texts, refused ones, flagged ones.
#[derive(Default, Clone, Copy)]
struct Count {
    all: usize,
    refused: usize,
    flagged: usize,
}

impl Count {
    fn add(&mut self, verdict: Verdict) {
        self.all += 1;
        self.refused += usize::from(verdict == Verdict::Block);
        self.flagged += usize::from(verdict == Verdict::Flag);
    }

    /// At most 0.1 % refused, and one in `flagged` flagged or refused.
    fn is_low(self, flagged: usize) -> bool {
        self.refused * 1000 <= self.all && (self.refused + self.flagged) * flagged <= self.all
    }
}

/// The rules alone.
const RULES: &str = r#"{"profiles": {"default": {"prompt_guard": {"classifier": {"mode": "off"}}}}}"#;

/// Runs every text and every whole request, and gives what was not let be, as lines, with the counts of each.
fn run(config: &str) -> (Vec<String>, BTreeMap<(&'static str, String), Count>) {
    let config = Arc::new(Config::parse(config.as_bytes(), &[&PROMPT_GUARD], &|_| None).unwrap());
    let shapes = shapes();
    let texts = texts();
    let mut counts: BTreeMap<(&str, String), Count> = BTreeMap::new();
    let mut known = Vec::new();
    let mut line = |id: &str, decision: &Decision| {
        if decision.verdict > Verdict::Allow {
            known.push(json!({"id": id, "verdict": decision.verdict.name(), "rules": decision.rules}).to_string());
        }
    };
    for (number, row) in texts.iter().enumerate() {
        let shapes = shapes.get(role(row)).unwrap_or_else(|| panic!("{}: role {}", row["id"], role(row)));
        // Each text in two of the shapes of its role, another two for its neighbours.
        let shapes = [&shapes[number % shapes.len()], &shapes[(number * 7 + 3) % shapes.len()]];
        let text = of(row, "text");
        let decision = shapes.map(|case| {
            let body = filled(&case["body"], &|name| (name == "text").then(|| text.to_string()));
            decide(&config, of(case, "path"), &case["headers"], &body)
        });
        let decision = decision.into_iter().max_by_key(|decision| decision.verdict).unwrap();
        for (kind, name) in [("all", "texts"), ("topic", of(row, "topic")), ("language", of(row, "lang"))] {
            counts.entry((kind, name.into())).or_default().add(decision.verdict);
        }
        line(of(row, "id"), &decision);
    }
    let by_id: HashMap<&str, &str> = texts.iter().map(|row| (of(row, "id"), of(row, "text"))).collect();
    for (_, row) in rows(&cases().join("benign/requests")) {
        let named =
            |id: &str| Some((*by_id.get(id).unwrap_or_else(|| panic!("{}: no text {id}", row["id"]))).to_string());
        let body = filled(&row["body"], &named);
        let decision = decide(&config, of(&row, "path"), &row["headers"], &body);
        counts.entry(("all", "requests".into())).or_default().add(decision.verdict);
        line(of(&row, "id"), &decision);
    }
    known.sort();
    (known, counts)
}

#[test]
fn the_corpus_is_let_be() {
    let (known, counts) = run(RULES);
    let mut table = String::new();
    for ((kind, name), count) in &counts {
        table +=
            &format!("{kind:9} {name:20} {:5} refused {:2} flagged {:2}\n", count.all, count.refused, count.flagged);
    }
    println!("{table}");
    let golden = cases().join("benign/known.jsonl");
    let known: String = known.into_iter().map(|line| line + "\n").collect();
    if std::env::var("GOLDEN").is_ok_and(|golden| golden == "write") {
        std::fs::write(&golden, &known).unwrap();
    }
    let before = std::fs::read_to_string(&golden).unwrap_or_default();
    let lines = |text: &str| text.lines().map(String::from).collect::<BTreeSet<_>>();
    let (before, now) = (lines(&before), lines(&known));
    let new: Vec<_> = now.difference(&before).collect();
    let gone: Vec<_> = before.difference(&now).collect();
    assert!(new.is_empty() && gone.is_empty(), "false alarms, new: {new:#?}\nno longer: {gone:#?}");
    // A request adds up what several of the texts say.
    for (kind, flagged) in [("texts", 200), ("requests", 50)] {
        let count = counts[&("all", kind.into())];
        assert!(count.is_low(flagged), "{kind}: too many false alarms\n{table}");
    }
}

#[test]
fn the_classifier_flags_few_of_it_and_refuses_none() {
    let (rules, both) = (run(RULES).1, run("{}").1);
    for (kind, flagged) in [("texts", 60), ("requests", 15)] {
        let of = |counts: &BTreeMap<(&str, String), Count>| counts[&("all", kind.to_owned())];
        let (rules, both) = (of(&rules), of(&both));
        println!("{kind}: {} flagged, {} by the rules alone, of {}", both.flagged, rules.flagged, both.all);
        assert_eq!(both.refused, rules.refused, "{kind}");
        assert!(both.flagged > rules.flagged, "{kind}: the classifier does not run");
        assert!(both.is_low(flagged), "{kind}: {} of {} flagged", both.flagged, both.all);
    }
}

/// Words; signs of their own where a script does not part words.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.chars().flat_map(char::to_lowercase) {
        let alone = matches!(c, '\u{0e00}'..='\u{0e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}');
        if alone || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if alone || c.is_alphanumeric() {
            words.last_mut().unwrap().push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn shingles(text: &str) -> BTreeSet<u64> {
    let words = words(text);
    let hash = |run: &[String]| {
        let mut hasher = DefaultHasher::new();
        run.hash(&mut hasher);
        hasher.finish()
    };
    words.windows(SHINGLE.min(words.len()).max(1)).map(hash).collect()
}

/// How many texts share at least [`ALIKE`] of their shingles with an earlier one.
fn near_duplicates(texts: &[Value]) -> usize {
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut sizes = Vec::new();
    let mut near = 0;
    for (number, row) in texts.iter().enumerate() {
        let shingles = shingles(of(row, "text"));
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for shingle in &shingles {
            let holders = holders.entry(*shingle).or_default();
            for other in &*holders {
                *shared.entry(*other).or_default() += 1;
            }
            holders.push(number);
        }
        #[allow(clippy::cast_precision_loss, reason = "small")]
        let alike =
            |(other, both): (&usize, &usize)| *both as f64 / (shingles.len() + sizes[*other] - both) as f64 >= ALIKE;
        near += usize::from(shared.iter().any(alike));
        sizes.push(shingles.len());
    }
    near
}

#[test]
fn the_corpus_is_large_and_varied() {
    let mut ids = BTreeSet::new();
    let mut languages: BTreeMap<String, usize> = BTreeMap::new();
    let (mut long, mut patterned) = (0, 0);
    for (file, row) in rows(&cases().join("benign")) {
        let id = of(&row, "id");
        assert!(ids.insert(id.to_string()), "{id} stands twice");
        assert_eq!(of(&row, "topic"), file, "{id}: a file is a topic");
        for key in row.as_object().unwrap().keys() {
            assert!(["id", "lang", "topic", "role", "pattern", "text"].contains(&key.as_str()), "{id}: {key}");
        }
        *languages.entry(of(&row, "lang").into()).or_default() += 1;
        long += usize::from(of(&row, "text").chars().count() >= LONG);
        patterned += usize::from(row["pattern"].is_string());
    }
    let texts = texts();
    let near = near_duplicates(&texts);
    println!("{} texts, {long} long, {patterned} from patterns, {near} near duplicates", texts.len());
    assert!(texts.len() >= TEXTS, "{} texts", texts.len());
    assert!(patterned * 3 < texts.len(), "{patterned} of {} are made from patterns", texts.len());
    assert!(near * 20 < texts.len(), "{near} of {} are near duplicates", texts.len());
    let well = languages.values().filter(|number| **number >= OF_A_LANGUAGE).count();
    assert!(well >= LANGUAGES, "{well} languages: {languages:?}");
}
