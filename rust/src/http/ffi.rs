//! The C face of the server.

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::client::get;
use super::listener::Place;
use super::{Exchange, Limits, Server};
use crate::ffi::{answer, give_string, guarded, slice, text, ObString};

type ObHandler = unsafe extern "C" fn(user: *mut c_void, exchange: *mut Exchange);

/// A caller's pointer, which it says may be used from any thread.
#[derive(Clone, Copy)]
struct User(*mut c_void);
unsafe impl Send for User {}
unsafe impl Sync for User {}

impl User {
    fn get(self) -> *mut c_void {
        self.0
    }
}

fn number(settings: &Value, key: &str) -> Result<u64, String> {
    settings[key].as_u64().ok_or_else(|| format!("the server's setting {key} is no number"))
}

fn place_of(settings: &Value) -> Result<Place, String> {
    if let Some(descriptor) = settings["descriptor"].as_i64().filter(|&descriptor| descriptor >= 0) {
        #[cfg(unix)]
        return Ok(Place::Inherited(descriptor as i32));
        #[cfg(not(unix))]
        return Err(format!("this system hands no sockets over (descriptor {descriptor}): give an address"));
    }
    if let Some(path) = settings["unix_socket"].as_str().filter(|path| !path.is_empty()) {
        #[cfg(unix)]
        return Ok(Place::Path(path.to_string()));
        #[cfg(not(unix))]
        return Err(format!("a path is no place to listen on this system ({path}): give an address"));
    }
    let host = settings["host"].as_str().ok_or("the server's setting host is no text")?.to_string();
    let port = u16::try_from(number(settings, "port")?).map_err(|_| "a port is at most 65535")?;
    Ok(Place::Address { host, port })
}

fn limits_of(settings: &Value) -> Result<Limits, String> {
    let time = |key| number(settings, key).map(Duration::from_millis);
    Ok(Limits {
        body_bytes: number(settings, "body_bytes")? as usize,
        header_bytes: (number(settings, "header_bytes")? as usize).max(8192),
        header_time: time("header_ms")?,
        body_time: time("body_ms")?,
        send_time: time("send_ms")?,
        connections: number(settings, "connections")?.clamp(1, 10_000) as usize,
    })
}

/// # Safety
/// See the header; `handler` and `user` must stay usable until the server is freed.
#[no_mangle]
pub unsafe extern "C" fn ob_server_start(
    settings: *const u8,
    settings_size: usize,
    handler: ObHandler,
    user: *mut c_void,
    server: *mut *mut Server,
    address: *mut ObString,
    error: *mut ObString,
) -> bool {
    answer(error, || {
        let settings: Value =
            serde_json::from_str(text(settings, settings_size)?).map_err(|error| error.to_string())?;
        let user = User(user);
        let call = Arc::new(move |exchange: Exchange| unsafe {
            handler(user.get(), Box::into_raw(Box::new(exchange)))
        });
        let started = Server::start(&place_of(&settings)?, limits_of(&settings)?, call)?;
        give_string(address, started.address.clone());
        *server = Box::into_raw(Box::new(started));
        Ok(())
    })
}

/// # Safety
/// `server` is null or what ob_server_start() gave.
#[no_mangle]
pub unsafe extern "C" fn ob_server_stop(server: *const Server, grace_ms: u64) {
    if let Some(server) = server.as_ref() {
        let _ = guarded(|| {
            server.stop(Duration::from_millis(grace_ms));
            Ok(())
        });
    }
}

/// # Safety
/// `server` is null or what ob_server_start() gave, stopped.
#[no_mangle]
pub unsafe extern "C" fn ob_server_free(server: *mut Server) {
    if !server.is_null() {
        ob_server_stop(server, 0);
        drop(Box::from_raw(server));
    }
}

/// # Safety
/// `exchange` is what the handler was given.
#[no_mangle]
pub unsafe extern "C" fn ob_exchange_head(exchange: *const Exchange, head: *mut ObString) {
    if let Ok(json) = guarded(|| Ok((*exchange).head_json())) {
        give_string(head, json);
    }
}

/// # Safety
/// As ob_exchange_head; the bytes live as long as the exchange.
#[no_mangle]
pub unsafe extern "C" fn ob_exchange_body(exchange: *const Exchange, size: *mut usize) -> *const u8 {
    let body = (*exchange).body();
    *size = body.len();
    body.as_ptr()
}

/// # Safety
/// As ob_exchange_head.
#[no_mangle]
pub unsafe extern "C" fn ob_exchange_begin(
    exchange: *mut Exchange,
    status: u16,
    headers: *const u8,
    headers_size: usize,
    error: *mut ObString,
) -> bool {
    let mut begun = false;
    let known = answer(error, || {
        let headers: Vec<(String, String)> =
            serde_json::from_str(text(headers, headers_size)?).map_err(|error| error.to_string())?;
        begun = (*exchange).begin(status, &headers)?;
        Ok(())
    });
    known && begun
}

/// # Safety
/// As ob_exchange_head.
#[no_mangle]
pub unsafe extern "C" fn ob_exchange_send(exchange: *mut Exchange, data: *const u8, size: usize) -> bool {
    guarded(|| Ok((*exchange).send(slice(data, size)))).unwrap_or(false)
}

/// # Safety
/// As ob_exchange_head.
#[no_mangle]
pub unsafe extern "C" fn ob_exchange_is_gone(exchange: *const Exchange) -> bool {
    (*exchange).is_gone()
}

/// # Safety
/// As ob_exchange_head; the exchange is no more.
#[no_mangle]
pub unsafe extern "C" fn ob_exchange_finish(exchange: *mut Exchange) {
    if !exchange.is_null() {
        let _ = guarded(|| {
            drop(Box::from_raw(exchange));
            Ok(())
        });
    }
}

/// # Safety
/// See the header.
#[no_mangle]
pub unsafe extern "C" fn ob_http_get(
    address: *const u8,
    address_size: usize,
    path: *const u8,
    path_size: usize,
    status: *mut u16,
    body: *mut ObString,
    error: *mut ObString,
) -> bool {
    answer(error, || {
        let (code, said) = get(text(address, address_size)?, text(path, path_size)?)?;
        *status = code;
        give_string(body, said);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_the_system_does_not_have_is_refused() {
        let place = |unix_socket: &str, descriptor: i64| {
            place_of(
                &serde_json::json!({"host": "127.0.0.1", "port": 0, "unix_socket": unix_socket, "descriptor": descriptor}),
            )
        };
        assert!(matches!(place("", -1), Ok(Place::Address { port: 0, .. })));
        for (unix_socket, descriptor) in [("/run/x", -1), ("", 3)] {
            let refused = place(unix_socket, descriptor).err();
            assert_eq!(refused.is_some(), cfg!(not(unix)), "{refused:?}");
            assert!(refused.iter().all(|text| text.contains("give an address")));
        }
    }
}
