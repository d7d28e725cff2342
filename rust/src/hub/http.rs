//! Requests to a hub: the token for its own host only, no redirect that nobody looked at, a new attempt where one helps.

use super::failure::{fail, refusal, Asked, Failure, Kind, Outcome};
use super::settings::Settings;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use ureq::http::{HeaderMap, Response, StatusCode, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

const LARGEST_REDIRECTS: usize = 5;
const LARGEST_ANSWER_BYTES: u64 = 64 << 20;
const LARGEST_PAUSE: Duration = Duration::from_secs(60);
/// New attempts without a single byte in between.
pub const ATTEMPTS: u32 = 5;
/// The same, where the hub has never answered.
const ATTEMPTS_BLIND: u32 = 1;

pub struct Client<'a> {
    pub settings: &'a Settings,
    agent: Agent,
    stop: &'a AtomicBool,
    /// Whether the hub has answered before: one that never did may not be there at all.
    reached: AtomicBool,
    /// What a person should know of meanwhile ("the hub is busy; waiting 2 s").
    notes: &'a std::sync::Mutex<Vec<String>>,
}

/// A request that did not end with a success.
pub enum Trouble {
    /// Another attempt may succeed: the reason, and how long the hub asks to wait.
    Passing(String, Option<Duration>),
    Final(Failure),
}

type Attempt<T> = Result<T, Trouble>;

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::Final(failure)
    }
}

fn user_agent() -> String {
    format!("ovenbird/{}", env!("CARGO_PKG_VERSION"))
}

/// Scheme, host and port: what a token belongs to.
fn origin(uri: &Uri) -> (Option<&str>, Option<&str>, Option<u16>) {
    let port = uri.port_u16().or(match uri.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    });
    (uri.scheme_str(), uri.host(), port)
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Without quotes and the mark of a weak one.
fn clean_etag(text: &str) -> String {
    text.trim().trim_start_matches("W/").trim_matches('"').to_string()
}

/// What the hub says of a file before it gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    pub commit: Option<String>,
    pub etag: Option<String>,
    pub size: Option<u64>,
}

impl Announced {
    fn of(headers: &HeaderMap) -> Announced {
        let size = header(headers, "x-linked-size").or_else(|| header(headers, "content-length"));
        Announced {
            commit: header(headers, "x-repo-commit").map(str::to_string),
            etag: header(headers, "x-linked-etag").or_else(|| header(headers, "etag")).map(clean_etag),
            size: size.and_then(|text| text.trim().parse().ok()),
        }
    }
}

/// The open answer of a file: where its bytes begin, and what its host says of it where that is the hub.
pub struct Opened {
    pub response: Response<Body>,
    pub begin: u64,
    pub etag: Option<String>,
}

impl<'a> Client<'a> {
    pub fn new(
        settings: &'a Settings,
        stop: &'a AtomicBool,
        notes: &'a std::sync::Mutex<Vec<String>>,
        reached: bool,
    ) -> Client<'a> {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .tls_config(tls)
            .user_agent(user_agent())
            .timeout_resolve(Some(settings.answer_timeout))
            .timeout_connect(Some(settings.answer_timeout))
            .timeout_recv_response(Some(settings.answer_timeout))
            .timeout_per_read(Some(settings.stall_timeout))
            .timeout_per_write(Some(settings.stall_timeout))
            .build();
        Client { settings, agent: config.new_agent(), stop, reached: AtomicBool::new(reached), notes }
    }

    /// Ends every request that is under way.
    pub fn shut_down(&self) {
        self.agent.clone().shutdown();
    }

    pub fn note(&self, text: String) {
        if let Ok(mut notes) = self.notes.lock() {
            notes.push(text);
        }
    }

    pub fn check_stopped(&self) -> Outcome<()> {
        match self.stop.load(Ordering::Relaxed) {
            true => Err(Failure::interrupted()),
            false => Ok(()),
        }
    }

    fn asked<'b>(&'b self, repo: &'b str, revision: &'b str, file: Option<&'b str>) -> Asked<'b> {
        Asked {
            endpoint: &self.settings.endpoint,
            repo,
            revision,
            file,
            has_token: self.settings.token.is_some(),
        }
    }

    fn send(&self, method: &str, uri: &Uri, begin: u64) -> Attempt<Response<Body>> {
        self.check_stopped()?;
        let hub: Uri = self.settings.endpoint.parse().map_err(|_| self.no_endpoint())?;
        let mut request =
            ureq::http::Request::builder().method(method).uri(uri).header("accept-encoding", "identity");
        if let (Some(token), true) = (&self.settings.token, origin(&hub) == origin(uri)) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if begin > 0 {
            request = request.header("range", format!("bytes={begin}-"));
        }
        let request =
            request.body(()).map_err(|error| Failure { kind: Kind::Internal, text: error.to_string() })?;
        let response = self.agent.run(request).map_err(|error| self.trouble(uri, error))?;
        self.reached.store(true, Ordering::Relaxed);
        Ok(response)
    }

    fn no_endpoint(&self) -> Failure {
        Failure { kind: Kind::Usage, text: format!("HF_ENDPOINT is no address: {}", self.settings.endpoint) }
    }

    fn trouble(&self, uri: &Uri, error: ureq::Error) -> Trouble {
        if let Err(stopped) = self.check_stopped() {
            return Trouble::Final(stopped);
        }
        let host = uri.host().unwrap_or("the hub");
        let text = match &error {
            ureq::Error::Io(reason) if reason.to_string().contains("lookup") => {
                format!("the host {host} is not known; is this machine online?")
            }
            ureq::Error::HostNotFound => format!("the host {host} is not known; is this machine online?"),
            ureq::Error::Timeout(_) => format!("{host} does not answer in time"),
            _ => format!("{host}: {error}"),
        };
        match error {
            ureq::Error::BadUri(_)
            | ureq::Error::InvalidProxyUrl
            | ureq::Error::Tls(_)
            | ureq::Error::Rustls(_) => {
                let hint = "check HF_ENDPOINT, the proxy variables and the system's certificates";
                Trouble::Final(Failure { kind: Kind::Network, text: format!("{text}; {hint}") })
            }
            _ => Trouble::Passing(text, None),
        }
    }

    /// Follows redirects. `stop_at`: whether an answer is looked at instead of followed.
    fn follow(
        &self,
        method: &str,
        url: &str,
        begin: u64,
        stop_at: impl Fn(&Uri, &Uri, &HeaderMap) -> bool,
    ) -> Attempt<(Uri, Vec<HeaderMap>, Response<Body>)> {
        let bad = |text: &str| Failure {
            kind: Kind::Network,
            text: format!("the hub redirects to no address: {text}"),
        };
        let mut uri: Uri = url.parse().map_err(|_| self.no_endpoint())?;
        let mut passed = Vec::new();
        loop {
            let response = self.send(method, &uri, begin)?;
            let Some(location) =
                header(response.headers(), "location").filter(|_| response.status().is_redirection())
            else {
                return Ok((uri, passed, response));
            };
            let next = join(&uri, location).ok_or_else(|| bad(&super::failure::printable(location)))?;
            if stop_at(&uri, &next, response.headers()) {
                return Ok((uri, passed, response));
            }
            if uri.scheme_str() == Some("https") && next.scheme_str() != Some("https") {
                return Err(Failure {
                    kind: Kind::Network,
                    text: "the hub redirects from https to http".into(),
                }
                .into());
            }
            passed.push(response.headers().clone());
            if passed.len() > LARGEST_REDIRECTS {
                return Err(Failure {
                    kind: Kind::Network,
                    text: "the hub redirects again and again".into(),
                }
                .into());
            }
            uri = next;
        }
    }

    fn judge(&self, asked: &Asked, response: &Response<Body>) -> Attempt<()> {
        let status = response.status();
        if status.is_success() || status.is_redirection() {
            return Ok(());
        }
        let code = header(response.headers(), "x-error-code").unwrap_or("");
        let message = header(response.headers(), "x-error-message").unwrap_or("");
        let failure = refusal(asked, status.as_u16(), code, message);
        match status {
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                let wait =
                    header(response.headers(), "retry-after").and_then(|text| text.trim().parse().ok());
                Err(Trouble::Passing(failure.text, wait.map(Duration::from_secs)))
            }
            _ if status.is_server_error() => Err(Trouble::Passing(failure.text, None)),
            _ => Err(Trouble::Final(failure)),
        }
    }

    /// Waits before attempt `number` (from 1 on), longer each time; the hub's own wish comes first.
    pub fn pause(&self, number: u32, wish: Option<Duration>, why: &str) -> Outcome<()> {
        let own = self.settings.pause * (1 << (number - 1).min(5));
        let wait = wish.unwrap_or(own).min(LARGEST_PAUSE);
        self.note(format!("{why}; trying again in {:.1} s (attempt {number})", wait.as_secs_f64()));
        let end = Instant::now() + wait;
        while Instant::now() < end {
            self.check_stopped()?;
            std::thread::sleep(Duration::from_millis(20).min(wait));
        }
        self.check_stopped()
    }

    /// `attempt` until it succeeds, fails for good or has failed too often.
    fn patiently<T>(&self, attempt: impl Fn() -> Attempt<T>) -> Outcome<T> {
        let mut number = 0;
        loop {
            match attempt() {
                Ok(value) => return Ok(value),
                Err(Trouble::Final(failure)) => return Err(failure),
                Err(Trouble::Passing(why, wish)) => {
                    number += 1;
                    let most = if self.reached.load(Ordering::Relaxed) { ATTEMPTS } else { ATTEMPTS_BLIND };
                    if number > most {
                        let hint = "set HF_ENDPOINT for a mirror, or download elsewhere and give the folder";
                        return fail(Kind::Network, format!("{why} ({most} new attempts); {hint}"));
                    }
                    self.pause(number, wish, &why)?;
                }
            }
        }
    }

    /// A question to the hub's API; the address of the next page, where there is one.
    pub fn question(
        &self,
        repo: &str,
        revision: &str,
        url: &str,
    ) -> Outcome<(serde_json::Value, Option<String>)> {
        self.patiently(|| {
            let (uri, _, mut response) = self.follow("GET", url, 0, |_, _, _| false)?;
            self.judge(&self.asked(repo, revision, None), &response)?;
            let next =
                header(response.headers(), "link").and_then(next_page).and_then(|link| join(&uri, &link));
            let mut text = Vec::new();
            let reader = response.body_mut().with_config().limit(LARGEST_ANSWER_BYTES).reader();
            let read = reader.take(LARGEST_ANSWER_BYTES).read_to_end(&mut text);
            read.map_err(|error| Trouble::Passing(format!("the hub's answer broke off: {error}"), None))?;
            let answer = serde_json::from_slice(&text).map_err(|error| Failure {
                kind: Kind::Network,
                text: format!(
                    "{} does not answer as a hub ({error}); check HF_ENDPOINT and the proxy",
                    self.settings.endpoint
                ),
            })?;
            Ok((answer, next.map(|uri| uri.to_string())))
        })
    }

    /// HEAD of a file: what it is, before it is asked for. Redirects inside the hub are followed, others are not.
    pub fn announced(&self, repo: &str, revision: &str, file: &str) -> Outcome<Announced> {
        self.patiently(|| {
            let linked = |from: &Uri, to: &Uri, headers: &HeaderMap| {
                origin(from) != origin(to) || headers.contains_key("x-linked-etag")
            };
            let (_, passed, response) =
                self.follow("HEAD", &self.file_url(repo, revision, file), 0, linked)?;
            self.judge(&self.asked(repo, revision, Some(file)), &response)?;
            let mut announced = Announced::of(response.headers());
            if response.status().is_redirection() && !response.headers().contains_key("x-linked-size") {
                announced.size = None; // a redirect's length is its own
            }
            let commit = || passed.iter().find_map(|headers| Announced::of(headers).commit);
            announced.commit = announced.commit.clone().or_else(commit);
            Ok(announced)
        })
    }

    /// Opens a file from byte `begin` on. One attempt.
    pub fn open(&self, repo: &str, revision: &str, file: &str, begin: u64) -> Attempt<Opened> {
        let url = self.file_url(repo, revision, file);
        let (uri, passed, response) = self.follow("GET", &url, begin, |_, _, _| false)?;
        if response.status() != StatusCode::RANGE_NOT_SATISFIABLE {
            self.judge(&self.asked(repo, revision, Some(file)), &response)?;
        }
        let own = self.settings.endpoint.parse::<Uri>().is_ok_and(|hub| origin(&hub) == origin(&uri));
        let linked = passed.iter().find_map(|headers| header(headers, "x-linked-etag"));
        let etag = linked.or_else(|| header(response.headers(), "etag").filter(|_| own && passed.is_empty()));
        let etag = etag.map(clean_etag);
        let begin = match response.status() {
            StatusCode::PARTIAL_CONTENT => {
                header(response.headers(), "content-range").and_then(range_begin).ok_or_else(|| {
                    Trouble::Passing("the hub gives a part of a file without saying which".to_string(), None)
                })?
            }
            _ => 0,
        };
        Ok(Opened { response, begin, etag })
    }

    fn file_url(&self, repo: &str, revision: &str, file: &str) -> String {
        let path: Vec<String> = file.split('/').map(escape).collect();
        format!("{}/{repo}/resolve/{}/{}", self.settings.endpoint, escape(revision), path.join("/"))
    }
}

/// The first byte of "bytes 10-99/100".
fn range_begin(text: &str) -> Option<u64> {
    text.trim().strip_prefix("bytes")?.trim().split('-').next()?.trim().parse().ok()
}

/// The address of `rel="next"` in a Link header.
fn next_page(text: &str) -> Option<String> {
    let part = text.split(',').find(|part| part.contains("rel=\"next\""))?;
    Some(part.split('<').nth(1)?.split('>').next()?.to_string())
}

/// A part of a path with all but the unreserved letters escaped.
pub fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The address that `location` means on the page `base`.
fn join(base: &Uri, location: &str) -> Option<Uri> {
    if location.starts_with("http://") || location.starts_with("https://") {
        return location.parse().ok();
    }
    let place = format!("{}://{}", base.scheme_str()?, base.authority()?);
    if location.starts_with("//") {
        return format!("{}:{location}", base.scheme_str()?).parse().ok();
    }
    match location.starts_with('/') {
        true => format!("{place}{location}").parse().ok(),
        false => {
            let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{place}{folder}/{location}").parse().ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let base: Uri = "https://hub.co/a/b?x=1".parse().unwrap();
        for (location, expected) in [
            ("/c", "https://hub.co/c"),
            ("c", "https://hub.co/a/c"),
            ("//cdn.co/c", "https://cdn.co/c"),
            ("http://other/c", "http://other/c"),
        ] {
            assert_eq!(join(&base, location).unwrap().to_string(), expected);
        }
        assert_eq!(escape("a b/ü#"), "a%20b%2F%C3%BC%23");
        assert_eq!(
            next_page("<https://h/x?cursor=1>; rel=\"next\"").as_deref(),
            Some("https://h/x?cursor=1")
        );
        assert_eq!(next_page("<https://h/x>; rel=\"prev\""), None);
    }

    #[test]
    fn a_token_belongs_to_one_origin() {
        let of = |text: &str| text.parse::<Uri>().unwrap();
        let same = |a: &str, b: &str| origin(&of(a)) == origin(&of(b));
        assert!(same("https://h/a", "https://h:443/b"));
        for other in ["http://h/a", "https://h.evil/a", "https://h:444/a", "https://sub.h/a"] {
            assert!(!same("https://h/a", other), "{other}");
        }
    }

    #[test]
    fn headers() {
        assert_eq!(clean_etag("W/\"abc\""), "abc");
        assert_eq!(range_begin("bytes 10-99/100"), Some(10));
        assert_eq!(range_begin("items 1-2"), None);
    }
}
