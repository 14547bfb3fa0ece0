//! What was found, file by file.

use std::fmt;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It is refused, or would not do what it says.
    Problem,
    /// It works, and there is a reason not to do it.
    Warning,
}

/// One thing to mend, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Keys joined by `.`, places in lists in brackets; empty for the document itself.
    pub path: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
    /// How much it weighs.
    pub severity: Severity,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, problem, remedy, .. } = self;
        let warning = if self.severity == Severity::Warning { "warning: " } else { "" };
        let path = if self.path.is_empty() { "(document)" } else { &self.path };
        write!(f, "{file}:{line}: {warning}{path}: {problem}; {remedy}")
    }
}

/// What was found in a set of files.
#[derive(Debug, Default)]
pub struct Report {
    /// What is to be mended, by file in the order in which they were named, then by line.
    pub findings: Vec<Finding>,
    /// What was not looked at, each as `FILE:LINE: what`.
    pub skipped: Vec<String>,
    /// Configurations that were checked.
    pub configurations: usize,
    /// Files that were read.
    pub files: usize,
}

impl Report {
    /// How many findings have this weight.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Notes into the report what concerns `file`.
    pub(super) fn file<'r>(&'r mut self, file: &'r str) -> Notes<'r> {
        Notes { file, report: self }
    }
}

/// The part of a report that concerns one file.
pub(super) struct Notes<'r> {
    pub(super) file: &'r str,
    report: &'r mut Report,
}

impl Notes<'_> {
    pub(super) fn problem(&mut self, line: usize, path: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        self.note(Severity::Problem, line, path, problem.into(), remedy.into());
    }

    pub(super) fn warning(&mut self, line: usize, path: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        self.note(Severity::Warning, line, path, problem.into(), remedy.into());
    }

    pub(super) fn skip(&mut self, line: usize, what: impl fmt::Display) {
        self.report.skipped.push(format!("{}:{line}: {what}", self.file));
    }

    pub(super) fn checked_configuration(&mut self) {
        self.report.configurations += 1;
    }

    pub(super) fn configurations(&self) -> usize {
        self.report.configurations
    }

    fn note(&mut self, severity: Severity, line: usize, path: &str, problem: String, remedy: String) {
        let (file, path) = (self.file.to_string(), path.to_string());
        self.report.findings.push(Finding { file, line, path, problem, remedy, severity });
    }
}
