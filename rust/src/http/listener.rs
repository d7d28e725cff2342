//! Where a server listens: an address, a path, or a socket that somebody else opened.

use tokio::net::TcpListener;

use super::Stream;

pub enum Place {
    Address {
        host: String,
        port: u16,
    },
    #[cfg(unix)]
    Path(String),
    /// A listening socket that this process was started with.
    #[cfg(unix)]
    Inherited(i32),
}

pub enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

impl Listener {
    pub async fn accept(&self) -> std::io::Result<Box<dyn Stream>> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // A token is a small packet that somebody waits for.
                let _ = stream.set_nodelay(true);
                Ok(Box::new(stream))
            }
            #[cfg(unix)]
            Listener::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

/// The listener, and where it is reached: "127.0.0.1:11435", "unix:/run/x".
pub async fn listen(place: &Place) -> Result<(Listener, String), String> {
    match place {
        Place::Address { host, port } => {
            let told = |error| format!("cannot listen on {host}:{port}: {error}");
            let listener = TcpListener::bind((host.as_str(), *port)).await.map_err(told)?;
            let address = listener.local_addr().map_err(told)?.to_string();
            Ok((Listener::Tcp(listener), address))
        }
        #[cfg(unix)]
        Place::Path(path) => unix(path).map_err(|error| format!("cannot listen on {path}: {error}")),
        #[cfg(unix)]
        Place::Inherited(descriptor) => inherited(*descriptor).map_err(|error| {
            format!("the socket handed over (descriptor {descriptor}) cannot be used: {error}")
        }),
    }
}

/// A socket that a server left behind is taken over; one that somebody answers is not.
#[cfg(unix)]
fn unix(path: &str) -> std::io::Result<(Listener, String)> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    if let Ok(found) = std::fs::symlink_metadata(path) {
        if found.file_type().is_socket() && std::os::unix::net::UnixStream::connect(path).is_err() {
            std::fs::remove_file(path)?;
        }
    }
    let listener = tokio::net::UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok((Listener::Unix(listener), format!("unix:{path}")))
}

#[cfg(unix)]
fn inherited(descriptor: i32) -> std::io::Result<(Listener, String)> {
    use std::os::fd::FromRawFd;
    // The caller says that the descriptor is a listening socket and ours.
    let listener = unsafe { std::net::TcpListener::from_raw_fd(descriptor) };
    listener.set_nonblocking(true)?;
    match listener.local_addr() {
        Ok(address) => Ok((Listener::Tcp(TcpListener::from_std(listener)?), address.to_string())),
        Err(_) => {
            use std::os::fd::IntoRawFd;
            let listener = unsafe { std::os::unix::net::UnixListener::from_raw_fd(listener.into_raw_fd()) };
            Ok((Listener::Unix(tokio::net::UnixListener::from_std(listener)?), "unix:inherited".to_string()))
        }
    }
}
