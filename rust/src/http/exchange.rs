//! One request and its answer, as a blocking handler sees them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Frame;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use tokio::sync::{mpsc, oneshot};

use super::Body;

/// Pieces of an answer that may wait for a slow client.
const WAITING_PIECES: usize = 64;

/// Whether the client is still there.
#[derive(Clone)]
pub struct Gone(Arc<AtomicBool>);

impl Gone {
    pub fn new() -> Gone {
        Gone(Arc::new(AtomicBool::new(false)))
    }
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
    pub fn guard(&self) -> GoneGuard {
        GoneGuard { gone: self.clone(), settled: false }
    }
    fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Dropped before it is settled: hyper has given up on the client.
pub struct GoneGuard {
    gone: Gone,
    settled: bool,
}

impl GoneGuard {
    pub fn settle(&mut self) {
        self.settled = true;
    }
}

impl Drop for GoneGuard {
    fn drop(&mut self) {
        if !self.settled {
            self.gone.set();
        }
    }
}

/// The answer's body: pieces as the handler sends them.
pub struct ReplyBody {
    pieces: mpsc::Receiver<Bytes>,
    guard: Option<GoneGuard>,
}

impl hyper::body::Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.pieces.poll_recv(context).map(|piece| match piece {
            Some(bytes) => Some(Ok(Frame::data(bytes))),
            None => {
                if let Some(guard) = self.guard.as_mut() {
                    guard.settle();
                }
                None
            }
        })
    }
}

pub struct Exchange {
    head: Parts,
    body: Body,
    gone: Gone,
    send_time: Duration,
    runtime: tokio::runtime::Handle,
    reply: Option<oneshot::Sender<Response<ReplyBody>>>,
    pieces: Option<mpsc::Sender<Bytes>>,
}

impl Exchange {
    pub fn new(
        head: Parts,
        body: Body,
        gone: Gone,
        send_time: Duration,
    ) -> (Exchange, oneshot::Receiver<Response<ReplyBody>>) {
        let (reply, receiver) = oneshot::channel();
        let runtime = tokio::runtime::Handle::current();
        (Exchange { head, body, gone, send_time, runtime, reply: Some(reply), pieces: None }, receiver)
    }

    /// {"method", "path", "query", "fault", "headers": {name in lower case: value}}; of a header that came several times, all
    /// values with ", " between them. "fault" says why there is no body; empty: it is there.
    pub fn head_json(&self) -> String {
        let mut headers = serde_json::Map::new();
        for (name, value) in &self.head.headers {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            match headers.get_mut(name.as_str()) {
                Some(serde_json::Value::String(known)) => *known = format!("{known}, {text}"),
                _ => {
                    headers.insert(name.as_str().to_string(), serde_json::Value::String(text));
                }
            }
        }
        let fault = match self.body {
            Body::Whole(_) => "",
            Body::TooLarge => "too_large",
            Body::TooSlow => "too_slow",
            Body::Broken => "broken",
        };
        serde_json::json!({
            "method": self.head.method.as_str(),
            "path": self.head.uri.path(),
            "query": self.head.uri.query().unwrap_or(""),
            "fault": fault,
            "headers": headers,
        })
        .to_string()
    }

    pub fn body(&self) -> &[u8] {
        match &self.body {
            Body::Whole(bytes) => bytes,
            _ => b"",
        }
    }

    /// Status and headers; the body follows by send(). False: the client has gone, or it was begun already.
    pub fn begin(&mut self, status: u16, headers: &[(String, String)]) -> Result<bool, String> {
        let Some(reply) = self.reply.take() else { return Ok(false) };
        let status = StatusCode::from_u16(status).map_err(|error| error.to_string())?;
        let (sender, pieces) = mpsc::channel(WAITING_PIECES);
        let mut response = Response::new(ReplyBody { pieces, guard: Some(self.gone.guard()) });
        *response.status_mut() = status;
        for (name, value) in headers {
            let name =
                HeaderName::try_from(name.as_str()).map_err(|error| format!("header {name:?}: {error}"))?;
            let value =
                HeaderValue::try_from(value.as_str()).map_err(|error| format!("header {name:?}: {error}"))?;
            response.headers_mut().append(name, value);
        }
        self.pieces = Some(sender);
        Ok(reply.send(response).is_ok())
    }

    /// A piece of the body; waits for a slow client as long as it may take. False: it has gone.
    pub fn send(&mut self, piece: &[u8]) -> bool {
        let Some(pieces) = &self.pieces else { return false };
        if piece.is_empty() {
            return !self.is_gone();
        }
        let piece = Bytes::copy_from_slice(piece);
        let sent = match pieces.try_send(piece) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(piece)) => {
                let waiting = async { tokio::time::timeout(self.send_time, pieces.send(piece)).await };
                matches!(self.runtime.block_on(waiting), Ok(Ok(())))
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        };
        if !sent {
            self.gone.set();
            self.pieces = None;
        }
        sent
    }

    pub fn is_gone(&self) -> bool {
        self.gone.is_set()
    }
}

/// For a handler that ended without an answer.
pub fn failure() -> Response<ReplyBody> {
    let (_, pieces) = mpsc::channel(1);
    let mut response = Response::new(ReplyBody { pieces, guard: None });
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
