//! An HTTP/1.1 server on `hyper`: connections, limits and time limits here; what is answered, in the caller's handler, which
//! blocks on a thread of its own for each request.

mod client;
mod exchange;
mod ffi;
mod listener;

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{watch, Semaphore};
use tokio::time::timeout;

pub use exchange::Exchange;
use exchange::{Gone, ReplyBody};
use listener::{Listener, Place};

/// What the handler is called with; it owns the exchange and calls it finished.
pub type Handler = Arc<dyn Fn(Exchange) + Send + Sync>;

#[derive(Clone)]
pub struct Limits {
    pub body_bytes: usize,
    pub header_bytes: usize,
    pub header_time: Duration,
    pub body_time: Duration,
    pub send_time: Duration,
    pub connections: usize,
}

/// What came of reading a request's body.
pub enum Body {
    Whole(Bytes),
    TooLarge,
    TooSlow,
    Broken,
}

pub struct Server {
    runtime: Mutex<Option<tokio::runtime::Runtime>>,
    stop: watch::Sender<bool>,
    places: Arc<Semaphore>,
    limits: Limits,
    pub address: String,
}

impl Server {
    /// Listens at once; requests come from then on.
    pub fn start(place: &Place, limits: Limits, handler: Handler) -> Result<Server, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(limits.connections + 8)
            .thread_name("ovenbird-http")
            .enable_all()
            .build()
            .map_err(|error| format!("the server's threads could not be started: {error}"))?;
        let (listener, address) = runtime.block_on(listener::listen(place))?;
        let (stop, stopping) = watch::channel(false);
        let places = Arc::new(Semaphore::new(limits.connections));
        runtime.spawn(accept_all(listener, limits.clone(), handler, stopping, places.clone()));
        Ok(Server { runtime: Mutex::new(Some(runtime)), stop, places, limits, address })
    }

    /// No new connections; those that are there end with their request, or after `grace`.
    pub fn stop(&self, grace: Duration) {
        let Some(runtime) = self.runtime.lock().ok().and_then(|mut held| held.take()) else {
            return;
        };
        let _ = self.stop.send(true);
        let all = self.limits.connections as u32;
        let _ = runtime.block_on(async {
            timeout(grace, self.places.acquire_many(all)).await.map(|held| held.map(drop))
        });
        runtime.shutdown_timeout(Duration::from_secs(1));
    }
}

async fn accept_all(
    listener: Listener,
    limits: Limits,
    handler: Handler,
    mut stopping: watch::Receiver<bool>,
    places: Arc<Semaphore>,
) {
    loop {
        // A place first: beyond the limit, connections wait in the system's own queue.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.changed() => return,
        };
        match accepted {
            Ok(stream) => {
                let (limits, handler, stopping) = (limits.clone(), handler.clone(), stopping.clone());
                tokio::spawn(async move {
                    serve(stream, limits, handler, stopping).await;
                    drop(place);
                });
            }
            // Too many open files, for one: waiting is all that helps.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn serve(
    stream: Box<dyn Stream>,
    limits: Limits,
    handler: Handler,
    mut stopping: watch::Receiver<bool>,
) {
    let (header_bytes, header_time) = (limits.header_bytes, limits.header_time);
    let service = service_fn(move |request| answer(request, limits.clone(), handler.clone()));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_time)
        .max_buf_size(header_bytes)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopping.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Dropped by hyper when the client goes: the exchange then knows.
async fn answer(
    request: Request<Incoming>,
    limits: Limits,
    handler: Handler,
) -> Result<Response<ReplyBody>, std::convert::Infallible> {
    let (head, body) = request.into_parts();
    let gone = Gone::new();
    let mut guard = gone.guard();
    let body = read_body(body, &limits).await;
    let (exchange, reply) = Exchange::new(head, body, gone, limits.send_time);
    tokio::task::spawn_blocking(move || handler(exchange));
    let response = reply.await;
    guard.settle();
    Ok(response.unwrap_or_else(|_| exchange::failure()))
}

async fn read_body(body: Incoming, limits: &Limits) -> Body {
    within(limits.body_time, async {
        match Limited::new(body, limits.body_bytes).collect().await {
            Ok(whole) => Body::Whole(whole.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => Body::TooLarge,
            Err(_) => Body::Broken,
        }
    })
    .await
}

async fn within(time: Duration, reading: impl Future<Output = Body>) -> Body {
    timeout(time, reading).await.unwrap_or(Body::TooSlow)
}

pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

#[cfg(test)]
mod tests;
