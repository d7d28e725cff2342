//! One small question to a server of this machine.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Stream;

const MOST_BYTES: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(5);

async fn connected(address: &str) -> std::io::Result<Box<dyn Stream>> {
    if let Some(path) = address.strip_prefix("unix:") {
        #[cfg(unix)]
        return Ok(Box::new(tokio::net::UnixStream::connect(path).await?));
        #[cfg(not(unix))]
        return Err(std::io::Error::new(
            std::io::ErrorKind::Unsupported,
            format!("{path} is no address here"),
        ));
    }
    Ok(Box::new(TcpStream::connect(address).await?))
}

async fn asked(address: &str, path: &str) -> Result<(StatusCode, String), String> {
    let told = |error: &dyn std::fmt::Display| format!("{address}: {error}");
    let stream = connected(address).await.map_err(|error| told(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| told(&error))?;
    tokio::spawn(connection);
    let request = Request::get(path)
        .header("host", "localhost")
        .body(Empty::<Bytes>::new())
        .map_err(|error| told(&error))?;
    let response = sender.send_request(request).await.map_err(|error| told(&error))?;
    let status = response.status();
    let body =
        Limited::new(response.into_body(), MOST_BYTES).collect().await.map_err(|error| told(&error))?;
    Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
}

/// Status and body of a GET; `address` as a server tells its own: "127.0.0.1:11435", "unix:PATH".
pub fn get(address: &str, path: &str) -> Result<(u16, String), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("a thread could not be started: {error}"))?;
    let (status, body) = runtime
        .block_on(async { tokio::time::timeout(PATIENCE, asked(address, path)).await })
        .map_err(|_| format!("{address}: no answer within {} s", PATIENCE.as_secs()))??;
    Ok((status.as_u16(), body))
}
