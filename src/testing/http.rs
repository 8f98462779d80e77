//! HTTP/1.1 over one connection, handwritten, because no HTTP library can truncate, stall or corrupt a response on purpose.

use std::io::{self, Write as _};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fault::Fault;

/// The largest request head that is read, in bytes.
const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADERS: usize = 100;
const CHUNK: usize = 16 * 1024;

/// A request as read from the connection.
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    /// In the order received, with lowercase names.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    keep_alive: bool,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A response before it is written.
#[derive(Default)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// The outcome of one request. `guard` is dropped when the response is written or the client disconnects.
pub(super) struct Exchange<G> {
    pub(super) response: Response,
    pub(super) delay: Duration,
    pub(super) fault: Option<Fault>,
    pub(super) guard: G,
}

/// Serves the requests of one connection, one after the other. `written` is called for each response that was written completely.
///
/// # Errors
/// Fails if the connection breaks or the client does not speak HTTP/1.
pub(super) async fn serve<G>(mut stream: TcpStream, respond: impl Fn(&Request) -> Exchange<G>, written: impl Fn(&G)) -> io::Result<()> {
    // Head and body are written separately. Without `TCP_NODELAY`, each body would wait up to 40 ms for the head's acknowledgment.
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await? {
        let Exchange { response, delay, fault, guard } = respond(&request);
        if client_leaves_within(&stream, delay).await {
            return Ok(());
        }
        let keep_alive = write_response(&mut stream, &request, response, fault).await?;
        written(&guard);
        drop(guard);
        if !keep_alive {
            return stream.shutdown().await;
        }
    }
    Ok(())
}

/// The next request; `None` if the client closed the connection between requests.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Request>> {
    loop {
        if let Some((mut request, head, body)) = parse_request(buffer)? {
            while buffer.len() < head.saturating_add(body) {
                if stream.read_buf(buffer).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            request.body = buffer.drain(..head.saturating_add(body)).skip(head).collect();
            return Ok(Some(request));
        }
        if buffer.len() > MAX_HEAD {
            return Err(io::Error::other("the request head is too long"));
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// Parses a request head, and returns the request with the lengths of head and body; `None` if the head is incomplete.
fn parse_request(buffer: &[u8]) -> io::Result<Option<(Request, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = parsed.parse(buffer).map_err(io::Error::other)? else { return Ok(None) };
    let target = parsed.path.unwrap_or("/");
    // A client that uses this server as a proxy sends the full URL.
    let target = match target.split_once("://").and_then(|(_, rest)| rest.split_once('/')) {
        Some((_, path)) if !target.starts_with('/') => format!("/{path}"),
        _ => target.to_owned(),
    };
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target,
        headers: parsed.headers.iter().map(|header| (header.name.to_ascii_lowercase(), lossy(header.value))).collect(),
        body: Vec::new(),
        keep_alive: parsed.version == Some(1),
    };
    // A body without a length is not read, so the connection cannot be reused.
    let closes = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    request.keep_alive &= !closes && request.header("transfer-encoding").is_none();
    let body = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    Ok(Some((request, head, body)))
}

/// Whether the client closes the connection within this time.
async fn client_leaves_within(stream: &TcpStream, time: Duration) -> bool {
    if time.is_zero() {
        return false;
    }
    let leaves = async {
        match stream.peek(&mut [0]).await {
            Ok(0) | Err(_) => {}
            // A pipelined request, which is read later.
            Ok(_) => std::future::pending().await,
        }
    };
    tokio::time::timeout(time, leaves).await.is_ok()
}

/// Writes the response, with the fault if there is one; returns whether the connection can be reused.
async fn write_response(stream: &mut TcpStream, request: &Request, mut response: Response, fault: Option<Fault>) -> io::Result<bool> {
    if let Some(fault) = &fault {
        response.apply(fault)?;
    }
    if request.method == "HEAD" {
        response.body.clear();
    }
    match fault {
        Some(Fault::Close) => Ok(false),
        Some(Fault::Reset) => {
            stream.set_zero_linger()?;
            Err(io::ErrorKind::ConnectionReset.into())
        }
        Some(Fault::Cut) => {
            response.write_half(stream).await?;
            stream.shutdown().await?;
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        Some(Fault::Stall) => {
            response.write_half(stream).await?;
            client_leaves_within(stream, Duration::MAX).await;
            Err(io::ErrorKind::TimedOut.into())
        }
        Some(Fault::Drip(pause)) => {
            stream.write_all(&response.head(Framing::Length)).await?;
            for byte in response.body.chunks(1) {
                if client_leaves_within(stream, pause).await {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                stream.write_all(byte).await?;
            }
            Ok(request.keep_alive)
        }
        Some(Fault::InfiniteBody) => {
            stream.write_all(&response.head(Framing::Close)).await?;
            loop {
                stream.write_all(&[b' '; CHUNK]).await?;
            }
        }
        Some(Fault::Http10) => response.write(stream, Framing::Http10).await.map(|()| false),
        Some(Fault::CloseAfter) => response.write(stream, Framing::Length).await.map(|()| false),
        _ => response.write(stream, Framing::Length).await.map(|()| request.keep_alive),
    }
}

/// How the end of the body is marked.
#[derive(Clone, Copy)]
enum Framing {
    Length,
    /// The connection is closed.
    Close,
    /// The connection is closed, as before HTTP/1.1.
    Http10,
}

impl Response {
    /// Applies faults that change the response itself; other faults affect how it is sent.
    fn apply(&mut self, fault: &Fault) -> io::Result<()> {
        match fault {
            Fault::Gzip => {
                self.body = gzip(&self.body)?;
                self.headers.push(("content-encoding".into(), "gzip".into()));
            }
            Fault::ContentEncoding(name) => self.headers.push(("content-encoding".into(), (*name).into())),
            Fault::Response { status, headers, body } => {
                self.status = *status;
                self.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
                self.body.clone_from(body);
            }
            _ => {}
        }
        Ok(())
    }

    async fn write(&self, stream: &mut TcpStream, framing: Framing) -> io::Result<()> {
        stream.write_all(&self.head(framing)).await?;
        stream.write_all(&self.body).await
    }

    /// Writes the head and the first half of the body.
    async fn write_half(&self, stream: &mut TcpStream) -> io::Result<()> {
        let (first_half, _) = self.body.split_at(self.body.len() / 2);
        stream.write_all(&self.head(Framing::Length)).await?;
        stream.write_all(first_half).await
    }

    fn head(&self, framing: Framing) -> Vec<u8> {
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
        let version = if matches!(framing, Framing::Http10) { "1.0" } else { "1.1" };
        let framing = match framing {
            Framing::Length => format!("content-length: {}\r\n", self.body.len()),
            Framing::Close => "connection: close\r\n".into(),
            Framing::Http10 => String::new(),
        };
        let mut head = format!("HTTP/{version} {} {reason}\r\n{framing}", self.status);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        (head + "\r\n").into_bytes()
    }
}

fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}
