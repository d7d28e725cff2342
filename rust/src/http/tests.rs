use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{channel, Sender};
use std::time::{Duration, Instant};

use super::*;

fn limits() -> Limits {
    Limits {
        body_bytes: 1000,
        header_bytes: 8192,
        header_time: Duration::from_millis(300),
        body_time: Duration::from_millis(300),
        send_time: Duration::from_millis(500),
        connections: 16,
    }
}

fn start(handler: impl Fn(Exchange) + Send + Sync + 'static) -> Server {
    let place = Place::Address { host: "127.0.0.1".to_string(), port: 0 };
    Server::start(&place, limits(), Arc::new(handler)).unwrap()
}

fn echo(mut exchange: Exchange) {
    let head: serde_json::Value = serde_json::from_str(&exchange.head_json()).unwrap();
    let told = format!("{} {} {} {}", head["method"], head["path"], head["fault"], exchange.body().len());
    assert!(exchange.begin(200, &[("content-type".to_string(), "text/plain".to_string())]).unwrap());
    exchange.send(told.as_bytes());
}

fn ask(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_request_is_answered() {
    let server = start(echo);
    let answer =
        ask(&server, b"POST /a?b=c HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains(r#""POST" "/a" "" 3"#), "{answer}");
}

#[test]
fn bodies_have_limits() {
    let server = start(echo);
    let large = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2000\r\n\r\n{}",
        "a".repeat(2000)
    );
    assert!(ask(&server, large.as_bytes()).contains("too_large"));
    let slow =
        ask(&server, b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 20\r\n\r\nab");
    assert!(slow.contains("too_slow"), "{slow}");
    let broken = ask(
        &server,
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\nzz\r\n",
    );
    assert!(broken.is_empty() || broken.contains("broken"), "{broken}");
}

#[test]
fn headers_have_limits() {
    let server = start(echo);
    let huge = format!("GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "a".repeat(100_000));
    let refused = ask(&server, huge.as_bytes());
    assert!(refused.is_empty() || refused.contains("431"), "{refused}");
    let begun = Instant::now();
    assert!(!ask(&server, b"GET / HTTP/1.1\r\nho").contains("200"));
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[test]
fn garbage_ends_the_connection_and_nothing_else() {
    let server = start(echo);
    let mut state = 1_u64;
    for _ in 0..200 {
        let bytes: Vec<u8> = (0..64)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (state >> 56) as u8
            })
            .collect();
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let _ = stream.write_all(&bytes);
    }
    assert!(ask(&server, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").contains("200"));
}

fn watch_until_gone(mut exchange: Exchange, told: &Sender<bool>, streams: bool) {
    if streams {
        exchange.begin(200, &[]).unwrap();
        exchange.send(b"begun");
    }
    let begun = Instant::now();
    while !exchange.is_gone() && begun.elapsed() < Duration::from_secs(4) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = told.send(exchange.is_gone());
}

#[test]
fn a_client_that_goes_is_noticed_before_and_in_an_answer() {
    for streams in [false, true] {
        let (told, heard) = channel();
        let server = start(move |exchange| watch_until_gone(exchange, &told, streams));
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        std::thread::sleep(Duration::from_millis(50));
        drop(stream);
        assert!(heard.recv_timeout(Duration::from_secs(5)).unwrap(), "streams: {streams}");
    }
}

#[test]
fn a_client_that_reads_nothing_is_given_up() {
    let (told, heard) = channel();
    let server = start(move |mut exchange| {
        exchange.begin(200, &[]).unwrap();
        let piece = vec![b'a'; 65536];
        let begun = Instant::now();
        while exchange.send(&piece) && begun.elapsed() < Duration::from_secs(10) {}
        let _ = told.send(exchange.is_gone());
    });
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    assert!(heard.recv_timeout(Duration::from_secs(9)).unwrap());
}

#[test]
fn a_handler_without_an_answer_is_an_error_of_the_server() {
    let server = start(drop);
    assert!(ask(&server, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").contains("500"));
}

#[test]
fn stopping_lets_an_answer_end() {
    let server = Arc::new(start(|mut exchange| {
        exchange.begin(200, &[]).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        exchange.send(b"whole");
    }));
    let asked = server.clone();
    let answer = std::thread::spawn(move || ask(&asked, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    std::thread::sleep(Duration::from_millis(100));
    server.stop(Duration::from_secs(5));
    assert!(answer.join().unwrap().contains("whole"));
    assert!(TcpStream::connect(&server.address).is_err());
}

#[cfg(unix)]
#[test]
fn a_path_is_a_place_and_one_left_behind_is_taken_over() {
    let folder = std::env::temp_dir().join(format!("ovenbird-http-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("s").to_string_lossy().into_owned();
    for _ in 0..2 {
        let server = Server::start(&Place::Path(path.clone()), limits(), Arc::new(echo)).unwrap();
        assert!(Server::start(&Place::Path(path.clone()), limits(), Arc::new(echo)).is_err());
        let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
        stream.write_all(b"GET /u HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("/u"), "{answer}");
        server.stop(Duration::from_secs(1));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
