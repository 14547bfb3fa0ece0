//! Connection buffers: a request is held until it is judged, and Envoy answers 413 by itself for what does not fit.

use super::place::inside;
use super::report::Report;
use super::tree::{Data, Node};

/// What Envoy Gateway gives a connection when no policy says otherwise.
const ENVOY_GATEWAY_DEFAULT: u64 = 32_768;

/// What the policies of a set of files ask for, and what they give.
#[derive(Debug, Default)]
pub struct Buffers {
    wanted: Vec<Wanted>,
    /// ClientTrafficPolicy and BackendTrafficPolicy, in that order.
    given: [Vec<Given>; 2],
}

const KINDS: [&str; 2] = ["ClientTrafficPolicy", "BackendTrafficPolicy"];

#[derive(Debug)]
struct Wanted {
    file: String,
    line: usize,
    path: String,
    policy: String,
    bytes: u64,
}

#[derive(Debug)]
struct Given {
    file: String,
    line: usize,
    path: String,
    bytes: u64,
}

impl Buffers {
    /// A module at `line` of `file` wants to hold bodies of `bytes`.
    pub fn wanted(&mut self, file: &str, line: usize, path: &str, policy: String, bytes: u64) {
        self.wanted.push(Wanted { file: file.into(), line, path: path.into(), policy, bytes });
    }

    /// Takes in a policy that may set buffers. False when it is of another kind.
    pub fn take(&mut self, file: &str, document: &Node, path: &str) -> bool {
        let kind = document.get("kind").and_then(Node::text);
        let Some(given) = KINDS.iter().zip(&mut self.given).find(|(k, _)| kind == Some(**k)).map(|(_, given)| given)
        else {
            return false;
        };
        let Some(connection) = document.at(&["spec", "connection"]) else { return true };
        if let Some((key, limit)) = connection.entry("bufferLimit") {
            let path = inside(path, "spec.connection.bufferLimit");
            // A quantity that cannot be read gives nothing; the API server refuses it.
            let bytes = quantity(limit).unwrap_or(0);
            given.push(Given { file: file.into(), line: key.line, path, bytes });
        }
        true
    }

    /// Warns of every buffer that is smaller than what a profile wants to read.
    pub fn report(&self, report: &mut Report) {
        let Some(most) = self.wanted.iter().map(|wanted| wanted.bytes).max() else { return };
        for (kind, given) in KINDS.iter().zip(&self.given) {
            for Given { file, line, path, bytes } in given.iter().filter(|given| given.bytes < most) {
                let problem = format!("is {bytes} bytes, less than the {most} of limits.body_bytes");
                report.file(file).warning(*line, path, problem, "raise it: Envoy answers 413 by itself above it");
            }
            if !given.is_empty() {
                continue;
            }
            for Wanted { file, line, path, policy, bytes } in
                self.wanted.iter().filter(|wanted| wanted.bytes > ENVOY_GATEWAY_DEFAULT)
            {
                let problem =
                    format!("{policy} holds bodies of {bytes} bytes, and no {kind} in these files makes room");
                let remedy = format!(
                    "add one with spec.connection.bufferLimit {bytes} or more; Envoy Gateway's default is 32 KiB and it \
                     answers 413 by itself"
                );
                report.file(file).warning(*line, path, problem, remedy);
            }
        }
    }
}

/// A Kubernetes quantity in bytes, such as `4Mi`, `4M` or `4194304`.
fn quantity(node: &Node) -> Option<u64> {
    let text = match &node.data {
        Data::Scalar(value) if value.is_u64() => return value.as_u64(),
        _ => node.text()?,
    };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit {
        "" => 1,
        "k" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// What a listener of plain Envoy holds when it says nothing
/// (envoy.config.listener.v3.Listener.per_connection_buffer_limit_bytes).
pub const ENVOY_DEFAULT: u64 = 1_048_576;

#[cfg(test)]
mod tests {
    use super::super::tree::yaml;
    use super::*;

    #[test]
    fn quantities_are_bytes() {
        let node = yaml("[4Mi, 32768, 1k, \"2Gi\", 1.5Mi, 4 Mi, Mi, 99999999999Gi]").unwrap().remove(0);
        let bytes: Vec<_> = node.items().iter().map(quantity).collect();
        assert_eq!(bytes, [Some(4_194_304), Some(32768), Some(1000), Some(2_147_483_648), None, None, None, None]);
    }
}
