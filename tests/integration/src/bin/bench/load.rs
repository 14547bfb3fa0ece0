//! The two ends of a measurement: an upstream that does next to nothing, and a client that times one request at a time.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// Reads each request to its end and answers with a short fixed completion. Its threads end with the process.
#[derive(Debug)]
pub struct Upstream(SocketAddr);

impl Upstream {
    /// On a free port of loopback.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || serve(stream));
            }
        });
        Ok(Self(address))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0
    }
}

const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"All is well.","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}"#;

fn serve(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(1 << 16, stream.try_clone()?);
    let mut writer = stream;
    let mut body = Vec::new();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    );
    while let Some(length) = read_head(&mut reader)? {
        match length {
            Some(length) => {
                body.resize(length, 0);
                reader.read_exact(&mut body)?;
            }
            None => read_chunks(&mut reader)?,
        }
        writer.write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// `content-length` of the next message, None inside for a chunked one; None when the connection has ended.
fn read_head(reader: &mut impl io::BufRead) -> io::Result<Option<Option<usize>>> {
    let mut length = Some(0);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let field = line.trim_end().to_ascii_lowercase();
        if field.is_empty() {
            return Ok(Some(length));
        }
        if let Some(value) = field.strip_prefix("content-length:") {
            length = value.trim().parse().ok();
        } else if field.starts_with("transfer-encoding:") {
            length = None;
        }
    }
}

fn read_chunks(reader: &mut impl io::BufRead) -> io::Result<()> {
    let mut line = String::new();
    let mut chunk = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        chunk.resize(size + 2, 0);
        reader.read_exact(&mut chunk)?;
        if size == 0 {
            return Ok(());
        }
    }
}

/// One kept connection; a request on it is written at once.
struct Client {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    body: Vec<u8>,
}

impl Client {
    fn connect(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).with_context(|| to.to_string())?;
        stream.set_nodelay(true)?;
        // A filter that hangs must end the measurement, not join it.
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self { reader: BufReader::new(stream.try_clone()?), writer: stream, body: Vec::new() })
    }

    /// Sends a request and reads the answer, which must be the upstream's.
    fn ask(&mut self, wire: &[u8]) -> Result<Duration> {
        let since = Instant::now();
        self.writer.write_all(wire)?;
        let mut status = String::new();
        self.reader.read_line(&mut status)?;
        match read_head(&mut self.reader)? {
            Some(Some(length)) => {
                self.body.resize(length, 0);
                self.reader.read_exact(&mut self.body)?;
            }
            Some(None) => bail!("a chunked answer: not the upstream's"),
            None => bail!("the connection ended before the answer"),
        }
        let took = since.elapsed();
        if !status.starts_with("HTTP/1.1 200 ") || self.body != ANSWER.as_bytes() {
            bail!("not the upstream's answer: {} {}", status.trim(), String::from_utf8_lossy(&self.body));
        }
        Ok(took)
    }
}

/// Asks so many times for each size, untimed.
pub fn warm_up(gateway: SocketAddr, sizes: &[usize], times: usize) -> Result<()> {
    let mut clients = (0..CONNECTIONS).map(|_| Client::connect(gateway)).collect::<Result<Vec<_>>>()?;
    for size in sizes {
        let wire = request(*size);
        for turn in 0..times {
            clients[turn % CONNECTIONS].ask(&wire)?;
        }
    }
    Ok(())
}

/// Times of the requests of one size.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    /// Through the module, sorted.
    pub with: Vec<Duration>,
    /// Past it, sorted.
    pub without: Vec<Duration>,
    /// Requests through the module, those for warming up included.
    pub sent_with: u64,
}

/// Kept connections to each listener: Envoy spreads them over its workers.
const CONNECTIONS: usize = 4;
const WARM_UP: usize = 40;
const AT_LEAST: usize = 100;
const AT_MOST: usize = 5_000;

impl Latencies {
    /// Asks both listeners in turn until the time is over, at least 100 times each.
    pub fn measure(with: SocketAddr, without: SocketAddr, bytes: usize, time: Duration) -> Result<Self> {
        let connect = |to| (0..CONNECTIONS).map(|_| Client::connect(to)).collect::<Result<Vec<_>>>();
        let (mut through, mut past) = (connect(with)?, connect(without)?);
        let wire = request(bytes);
        let mut latencies = Self::default();
        let since = Instant::now();
        for turn in 0..WARM_UP + AT_MOST {
            let (through, past) = (&mut through[turn % CONNECTIONS], &mut past[turn % CONNECTIONS]);
            // Neither side always goes first into a warm cache.
            let (with, without) = if turn % 2 == 0 {
                let with = through.ask(&wire)?;
                (with, past.ask(&wire)?)
            } else {
                let without = past.ask(&wire)?;
                (through.ask(&wire)?, without)
            };
            latencies.sent_with += 1;
            if turn >= WARM_UP {
                latencies.with.push(with);
                latencies.without.push(without);
            }
            if latencies.with.len() >= AT_LEAST && since.elapsed() > time {
                break;
            }
        }
        latencies.with.sort_unstable();
        latencies.without.sort_unstable();
        Ok(latencies)
    }
}

/// A chat request whose body has so many bytes, and its head.
pub fn request(bytes: usize) -> Vec<u8> {
    let body = chat(bytes);
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// The text that the requests are made of, so many bytes of it.
pub fn prose(bytes: usize) -> String {
    Prose(0x9e37_79b9_7f4a_7c15).text(bytes)
}

/// A conversation in turns of at most 4 KiB, exactly so many bytes as JSON.
fn chat(bytes: usize) -> Vec<u8> {
    let mut prose = Prose(0x9e37_79b9_7f4a_7c15);
    let system = "You answer questions about the records of a small harbour town.";
    let mut messages = vec![json!({"role": "system", "content": system})];
    let length = |messages: &[Value]| document(messages).len();
    while length(&messages) < bytes {
        let missing = bytes - length(&messages);
        let role = if messages.len() % 2 == 1 { "user" } else { "assistant" };
        let mut text = prose.text(missing.min(4 << 10));
        messages.push(json!({"role": role, "content": text}));
        let excess = length(&messages).saturating_sub(bytes);
        text.truncate(text.len().saturating_sub(excess));
        if text.is_empty() {
            messages.pop();
            break;
        }
        if let Some(message) = messages.last_mut() {
            message["content"] = Value::String(text);
        }
    }
    let mut body = document(&messages);
    // Too little is left for another message: white space is JSON too.
    body.resize(bytes.max(body.len()), b' ');
    body
}

fn document(messages: &[Value]) -> Vec<u8> {
    json!({"model": "gpt-4o-mini", "temperature": 0.2, "messages": messages}).to_string().into_bytes()
}

/// English sentences of random words, the same ones in every run (xorshift64, Marsaglia 2003).
struct Prose(u64);

impl Prose {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    /// So many bytes of ASCII.
    fn text(&mut self, bytes: usize) -> String {
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        let mut text = String::new();
        while text.len() < bytes {
            for index in 0..6 + self.below(12) {
                let word = words[self.below(words.len())];
                if index == 0 {
                    text.push_str(&word[..1].to_ascii_uppercase());
                    text.push_str(&word[1..]);
                } else {
                    text.push_str(if self.below(9) == 0 { ", " } else { " " });
                    text.push_str(word);
                }
            }
            text.push_str(if self.below(8) == 0 { "?\n\n" } else { ". " });
        }
        text.truncate(bytes);
        text
    }
}

const WORDS: &str = "the a of and to in that was for with his they at be this have from or one had by word but what \
some we can out other were all there when up use how said an each she which do their time if will way about many then \
them write would like so these her long make thing see him two has look more day could go come did number sound no most \
people my over know water than call first who may down side been now find any new work part take get place made live \
where after back little only round man year came show every good me give our under name very through just form sentence \
great think say help low line differ turn cause much mean before move right boy old too same tell does set three want \
air well also play small end put home read hand port large spell add even land here must big high such follow act why \
ask men change went light kind off need house picture try us again animal point mother world near build self earth \
father head stand own page should country found answer school grow study still learn plant cover food sun four between \
state keep eye never last let thought city tree cross farm hard start might story saw far sea draw left late run while \
press close night real life few north open seem together next white children begin got walk example ease paper group \
always music those both mark often letter until mile river car feet care second book carry took science eat room friend \
began idea fish mountain stop once base hear horse cut sure watch colour face wood main enough plain girl usual young \
ready above ever red list though feel talk bird soon body dog family direct pose leave song measure door product black \
short numeral class wind question happen complete ship area half rock order fire south problem piece told knew pass";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_size_they_say_and_are_json() {
        for bytes in [256, 300, 1 << 10, 4 << 10, 64 << 10] {
            let body = chat(bytes);
            assert_eq!(body.len(), bytes);
            let document: Value = serde_json::from_slice(&body).unwrap();
            assert!(document["messages"].as_array().unwrap().len() > 1);
            assert_eq!(body, chat(bytes));
        }
    }
}
