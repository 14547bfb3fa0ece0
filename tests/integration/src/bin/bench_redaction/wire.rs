//! The two ends of a measurement: an upstream that sends what it was given, and a client that takes it.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its `content-type`.
    pub content_type: &'static str,
    /// Its body.
    pub body: Arc<Vec<u8>>,
    /// Bytes that are sent at a time.
    pub part: usize,
    /// What is waited between two of them.
    pub pause: Duration,
}

/// Sends its answer to whoever asks. Its threads end with the process.
#[derive(Clone, Debug)]
pub struct Upstream {
    address: SocketAddr,
    answer: Arc<Mutex<Option<Answer>>>,
    /// When each part of the last answer was sent.
    sent: Arc<Mutex<Vec<Instant>>>,
}

impl Upstream {
    /// On a free port of loopback.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let upstream = Self { address: listener.local_addr()?, answer: Arc::default(), sent: Arc::default() };
        let serving = upstream.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                thread::spawn(move || serving.serve(stream));
            }
        });
        Ok(upstream)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it answers from now on.
    pub fn answer(&self, answer: Answer) {
        if let Ok(mut slot) = self.answer.lock() {
            *slot = Some(answer);
        }
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut writer = stream;
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if !line.trim_end().is_empty() {
                continue;
            }
            let answer = self.answer.lock().ok().and_then(|answer| answer.clone());
            let Some(answer) = answer else { return Ok(()) };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ntransfer-encoding: chunked\r\n\r\n",
                answer.content_type
            );
            writer.write_all(head.as_bytes())?;
            let mut sent = Vec::with_capacity(answer.body.len() / answer.part + 1);
            for part in answer.body.chunks(answer.part) {
                let mut wire = format!("{:x}\r\n", part.len()).into_bytes();
                wire.extend_from_slice(part);
                wire.extend_from_slice(b"\r\n");
                sent.push(Instant::now());
                writer.write_all(&wire)?;
                if !answer.pause.is_zero() {
                    thread::sleep(answer.pause);
                }
            }
            if let Ok(mut slot) = self.sent.lock() {
                *slot = sent;
            }
            writer.write_all(b"0\r\n\r\n")?;
        }
    }
}

/// Asks for an answer; gives its body.
pub fn fetch(from: SocketAddr) -> Result<Vec<u8>> {
    let stream = connect(from)?;
    let mut reader = BufReader::with_capacity(1 << 16, stream);
    let mut body = Vec::new();
    head(&mut reader)?;
    while chunk(&mut reader, &mut body)? {}
    Ok(body)
}

/// Asks for an answer that comes part by part, and gives how long each took from the upstream to the client, and how far
/// `clock` went since the one before. A part has come when all but the `held` bytes at its end have.
pub fn parts(
    upstream: &Upstream,
    from: SocketAddr,
    part: usize,
    held: usize,
    clock: impl Fn() -> Result<Duration>,
) -> Result<Vec<(Duration, Duration)>> {
    let stream = connect(from)?;
    let mut reader = BufReader::with_capacity(1 << 16, stream);
    head(&mut reader)?;
    let (mut body, mut came) = (Vec::new(), Vec::new());
    while chunk(&mut reader, &mut body)? {
        while body.len() + held >= (came.len() + 1) * part {
            came.push((Instant::now(), clock()?));
        }
    }
    let sent = upstream.sent.lock().map(|sent| sent.clone()).unwrap_or_default();
    ensure!(came.len() <= sent.len() && came.len() + 1 >= sent.len(), "{} parts of {} came", came.len(), sent.len());
    let walls = came.iter().zip(sent).map(|((came, _), sent)| came.duration_since(sent));
    let clocks = came.windows(2).map(|pair| pair[1].1.saturating_sub(pair[0].1));
    Ok(walls.skip(1).zip(clocks).collect())
}

fn connect(to: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(to).with_context(|| to.to_string())?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.write_all(b"GET /v1/answer HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n")?;
    Ok(stream)
}

fn head(reader: &mut BufReader<TcpStream>) -> Result<()> {
    let (mut line, mut first) = (String::new(), true);
    loop {
        line.clear();
        ensure!(reader.read_line(&mut line)? > 0, "no answer");
        ensure!(!first || line.starts_with("HTTP/1.1 200 "), "not the upstream's answer: {}", line.trim());
        first = false;
        if line.trim_end().is_empty() {
            return Ok(());
        }
    }
}

/// Appends the next chunk; false at the end.
fn chunk(reader: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> Result<bool> {
    let mut line = String::new();
    ensure!(reader.read_line(&mut line)? > 0, "the answer was cut off");
    let size = usize::from_str_radix(line.trim(), 16).context("a size of a chunk")?;
    let start = body.len();
    body.resize(start + size, 0);
    reader.read_exact(&mut body[start..])?;
    reader.read_exact(&mut [0; 2])?;
    Ok(size > 0)
}
