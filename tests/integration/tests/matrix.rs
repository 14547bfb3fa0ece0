//! The first job, in real Envoy: for each format, role, disguise and transport the attack is refused in the caller's
//! dialect with nothing of its body at the upstream, and its benign twin arrives byte for byte.
//!
//! A cell is two requests. Undisguised, every case of every format goes over every transport. Disguises, whose reading
//! does not depend on how bytes arrive, are spread so that each meets every format and every transport.
//!
//! What was run is written down in `results/matrix.md` and the README: a cell that is lost is a difference to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_integration::cases::{self, Case, Texts};
use portcullis_integration::disguise::{self, Disguise};
use portcullis_integration::transport::{self, Transport};
use portcullis_integration::{Gateway, UpstreamProtocol};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Requests under way at once. A body that is sent byte by byte spends its time in waiting.
const AT_ONCE: usize = 48;

/// An attack and its twin, in one place, one disguise, one way of transport.
#[derive(Clone)]
struct Cell {
    case: Arc<Case>,
    disguise: Disguise,
    transport: Arc<Transport>,
    texts: Arc<Texts>,
}

fn cells() -> Vec<Cell> {
    let cases: Vec<Arc<Case>> = cases::all().into_iter().map(Arc::new).collect();
    let transports: Vec<Arc<Transport>> = transport::all().into_iter().map(Arc::new).collect();
    let plain: Vec<Arc<Texts>> = cases::all_texts().into_iter().map(Arc::new).collect();
    let disguised: Vec<Arc<Texts>> = disguise::texts().into_iter().map(Arc::new).collect();
    let mut disguises = disguise::all().into_iter();
    let none = disguises.next().expect("the first is none");
    let mut cells = Vec::new();
    let mut put = |case: &Arc<Case>, disguise: Disguise, transport: &Arc<Transport>, texts: &[Arc<Texts>]| {
        let reached = |pair: &&Arc<Texts>| disguise.reaches(&pair.attack) && disguise.reaches(&pair.benign);
        let texts: Vec<_> = texts.iter().filter(reached).collect();
        cells.push(Cell {
            case: Arc::clone(case),
            disguise,
            transport: Arc::clone(transport),
            texts: Arc::clone(texts[cells.len() % texts.len()]),
        });
    };
    for case in &cases {
        for transport in &transports {
            put(case, none, transport, &plain);
        }
    }
    let formats: BTreeSet<&str> = cases.iter().map(|case| case.format.as_str()).collect();
    // Over fewer formats than transports not each disguise would meet each transport.
    assert!(formats.len() >= transports.len());
    for (row, disguise) in disguises.enumerate() {
        for (column, format) in formats.iter().enumerate() {
            let of_format: Vec<_> = cases.iter().filter(|case| case.format == *format).collect();
            let case = of_format[(row * 5 + column) % of_format.len()];
            put(case, disguise, &transports[(row + column) % transports.len()], &disguised);
        }
    }
    cells
}

impl Cell {
    fn name(&self) -> String {
        format!("{}; {}; {}", self.case.name, self.disguise.name(), self.transport.name)
    }

    async fn check(&self, gateway: &Gateway) -> Result<(), String> {
        let attack = self.disguise.apply(&self.texts.attack);
        let (_, answer, seen) = self.ask(gateway, &attack, "attack").await?;
        let verdict = answer.verdict.as_deref().unwrap_or_default();
        if answer.status != 403 || !verdict.starts_with("block; rule=PG-") || !verdict.ends_with("; stage=rules") {
            return Err(format!("not refused: {} {verdict:?} {}", answer.status, answer.body));
        }
        if !answer.content_type.starts_with("application/json") {
            return Err(format!("a refusal of {:?}", answer.content_type));
        }
        let document: Value =
            serde_json::from_str(&answer.body).map_err(|error| format!("{error}: {}", answer.body))?;
        self.case.judge_refusal(&document, answer.error_type.as_deref())?;
        if seen.iter().any(|seen| seen.body_bytes > 0 || seen.complete) {
            return Err("something of the attack reached the upstream".into());
        }

        let benign = self.disguise.apply(&self.texts.benign);
        let (bytes, answer, seen) = self.ask(gateway, &benign, "benign").await?;
        if answer.status != self.case.answered() || answer.verdict.is_some() {
            return Err(format!("the twin: {} {:?} {}", answer.status, answer.verdict, answer.body));
        }
        match seen.as_slice() {
            [seen] if seen.complete && seen.body == bytes => Ok(()),
            [seen] => Err(format!("{} bytes of {} of the twin arrived", seen.body_bytes, bytes.len())),
            other => Err(format!("the twin arrived {} times", other.len())),
        }
    }

    async fn ask(
        &self,
        gateway: &Gateway,
        text: &str,
        kind: &str,
    ) -> Result<(Vec<u8>, transport::Answer, Vec<portcullis_integration::SeenRequest>), String> {
        let id = format!("{}; {kind}", self.name());
        let bytes = self.transport.encode(&self.case.body(text));
        let sent = self.transport.send(gateway.address(), &self.case, &bytes, &id).await;
        let answer = sent.map_err(|error| format!("{error:#}"))?;
        Ok((bytes, answer, gateway.model_server().take_with("x-test", &id)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attack_is_refused_and_every_twin_arrives() {
    let gateway = Gateway::builder().module("portcullis").upstream_protocol(UpstreamProtocol::LikeClient);
    let gateway = Arc::new(gateway.start().await);
    let cells = cells();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for cell in cells.clone() {
        let (gateway, room) = (Arc::clone(&gateway), Arc::clone(&room));
        running.spawn(async move {
            let _place = room.acquire_owned().await.unwrap();
            cell.check(&gateway).await.map_err(|wrong| format!("{}: {wrong}", cell.name()))
        });
    }
    let failed: Vec<String> = running.join_all().await.into_iter().filter_map(Result::err).collect();
    let late = gateway.model_server().requests();
    let leaked = late.iter().filter(|seen| seen.body_bytes > 0).count();
    assert!(failed.is_empty(), "{} of {} cells:\n{}", failed.len(), cells.len(), first(&failed, 40));
    assert_eq!(leaked, 0, "something of an attack reached the upstream late");
    compare("tests/integration/results/matrix.md", &tables(&cells), None);
    compare("README.md", &summary(&cells), Some(("<!-- matrix -->\n", "<!-- /matrix -->")));
}

fn first(lines: &[String], most: usize) -> String {
    lines.iter().take(most).map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// Compares with a file, or with what stands between two marks of it. `GOLDEN=write` writes it.
fn compare(file: &str, now: &str, between: Option<(&str, &str)>) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let expected = match between {
        None => now.to_owned(),
        Some((begin, end)) => {
            let (before, rest) = written.split_once(begin).unwrap_or_else(|| panic!("{file}: no {begin}"));
            let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("{file}: no {end}"));
            format!("{before}{begin}{now}{end}{after}")
        }
    };
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(&path, expected).unwrap();
    } else {
        assert!(written == expected, "{file} is not what was run now; `make golden` writes it:\n{now}");
    }
}

/// Cells by two of their dimensions.
fn table(title: &str, rows: &[&str], columns: &[&str], cells: &[(&str, &str)]) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for cell in cells {
        *counts.entry(*cell).or_default() += 1;
    }
    let mut out = format!("| {title} |");
    for column in columns {
        write!(out, " {} |", column.replace('_', " ")).unwrap();
    }
    write!(out, "\n|---|{}\n", "---:|".repeat(columns.len())).unwrap();
    for row in rows {
        write!(out, "| {} |", row.replace('_', " ")).unwrap();
        for column in columns {
            match counts.get(&(*row, *column)) {
                Some(count) => write!(out, " {count} |").unwrap(),
                None => out.push_str(" |"),
            }
        }
        out.push('\n');
    }
    out
}

const ROLES: [&str; 8] =
    ["system", "user", "assistant", "tool_definition", "tool_argument", "tool_result", "document", "embedding_input"];

/// The names in the order of their first cell.
fn names<'a>(cells: &'a [Cell], of: impl Fn(&'a Cell) -> &'a str) -> Vec<&'a str> {
    let mut names = Vec::new();
    for cell in cells {
        if !names.contains(&of(cell)) {
            names.push(of(cell));
        }
    }
    names
}

fn format(cell: &Cell) -> &str {
    &cell.case.format
}

fn disguise(cell: &Cell) -> &str {
    cell.disguise.name()
}

fn transport(cell: &Cell) -> &str {
    &cell.transport.name
}

fn role(cell: &Cell) -> &str {
    &cell.case.role
}

/// How many formats, roles and transports each disguise met.
fn spread(cells: &[Cell]) -> String {
    let mut out = String::from("| disguise | cells | formats | roles | transports |\n|---|---:|---:|---:|---:|\n");
    for name in names(cells, disguise) {
        let of: Vec<Cell> = cells.iter().filter(|cell| disguise(cell) == name).cloned().collect();
        let count = |dimension: fn(&Cell) -> &str| names(&of, dimension).len();
        let (formats, roles, transports) = (count(format), count(role), count(transport));
        writeln!(out, "| {} | {} | {formats} | {roles} | {transports} |", name.replace('_', " "), of.len()).unwrap();
    }
    out
}

fn tables(cells: &[Cell]) -> String {
    let (formats, ways) = (names(cells, format), names(cells, transport));
    let pairs = |a: fn(&Cell) -> &str, b: fn(&Cell) -> &str| -> Vec<(&str, &str)> {
        cells.iter().map(|cell| (a(cell), b(cell))).collect()
    };
    format!(
        "# Formats, roles, disguises and transports\n\n\
         Written by `make golden` from what `tests/integration/tests/matrix.rs` ran in real Envoy. Each number counts \
         cells that\nheld; one that does not fails the test. A cell is an attack that was refused with 403 and the error of \
         its dialect,\nnothing of its body at the upstream, and a benign twin that arrived byte for byte. Here are {} cells.\n\n\
         Undisguised, every case goes over every transport. Disguised, each disguise meets every format and every \
         transport,\nnot every pair of them.\n\n## Roles\n\n{}\n## Transports\n\n{}\n\
         ## Disguises\n\nThe recipes are in `filters/prompt-guard/tests/recipes`; the stage's own test tries each on every \
         attack of the rules.\n\n{}",
        cells.len(),
        table("format", &formats, &ROLES, &pairs(format, role)),
        table("transport", &ways, &formats, &pairs(transport, format)),
        spread(cells),
    )
}

/// The table of the README: roles as columns, and how many transports and disguises each format was tried with.
fn summary(cells: &[Cell]) -> String {
    let formats = names(cells, format);
    let mut entries: Vec<(&str, &str)> = cells.iter().map(|cell| (format(cell), role(cell))).collect();
    for of_format in &formats {
        let of: Vec<Cell> = cells.iter().filter(|cell| format(cell) == *of_format).cloned().collect();
        entries.extend(names(&of, transport).iter().map(|_| (*of_format, "transports")));
        entries.extend(names(&of, disguise).iter().filter(|name| **name != "none").map(|_| (*of_format, "disguises")));
    }
    let columns: Vec<&str> = ROLES.into_iter().chain(["transports", "disguises"]).collect();
    format!(
        "{} attacks refused in their dialect and {} twins delivered byte for byte, by format and role:\n\n{}",
        cells.len(),
        cells.len(),
        table("format", &formats, &columns, &entries)
    )
}
