//! Models by their name: lists a repository of a hub, and brings files of it into the cache that `huggingface_hub` keeps.

mod cache;
mod download;
mod failure;
mod http;
mod pointer;
mod settings;

use crate::ffi::{give_string, guarded, slice, text, ObString};
use cache::{is_commit, is_repo, is_revision, read_listing, Entry, Storage};
use download::{Fetched, Pull};
use failure::{fail, Failure, Kind, Outcome};
use http::{escape, Client};
use serde_json::{json, Value};
use settings::Settings;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::Duration;

const THREADS: usize = 4;
const POLL: Duration = Duration::from_millis(50);
const LARGEST_FILES: usize = 100_000;
/// Left free on the disk.
const SPARE_BYTES: u64 = 16 << 20;

/// The caller's ears. Called from the calling thread only.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ObHubCaller {
    user: *mut c_void,
    /// Bytes that are there, of all that were asked for.
    progress: extern "C" fn(*mut c_void, u64, u64),
    note: extern "C" fn(*mut c_void, *const u8, usize),
    stop: extern "C" fn(*mut c_void) -> bool,
}

struct Errand<'a> {
    settings: Settings,
    caller: &'a ObHubCaller,
    stop: AtomicBool,
    notes: Mutex<Vec<String>>,
}

impl Errand<'_> {
    fn pass_notes(&self) {
        let notes = self.notes.lock().map(|mut notes| std::mem::take(&mut *notes)).unwrap_or_default();
        for note in notes {
            (self.caller.note)(self.caller.user, note.as_ptr(), note.len());
        }
    }

    /// Runs `work` beside the calling thread, which passes on notes and progress, and stops it when asked.
    fn run<T: Send>(&self, client: &Client, progress: impl Fn(), work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let worker = scope.spawn(work);
            while !worker.is_finished() {
                self.pass_notes();
                progress();
                if (self.caller.stop)(self.caller.user) && !self.stop.swap(true, Ordering::Relaxed) {
                    client.shut_down();
                }
                std::thread::sleep(POLL);
            }
            self.pass_notes();
            progress();
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

/// A repository at one commit.
struct Listing {
    commit: String,
    entries: Vec<Entry>,
    /// Why the hub was not asked; empty: it was.
    offline: String,
}

fn list(client: &Client, storage: &Storage, repo: &str, revision: &str) -> Outcome<Listing> {
    let settings = client.settings;
    if settings.offline {
        return list_cached(storage, repo, revision, "HF_HUB_OFFLINE is set");
    }
    match list_online(client, storage, repo, revision) {
        Err(failure) if failure.kind == Kind::Network => {
            list_cached(storage, repo, revision, &failure.text).map_err(|_| failure)
        }
        listed => listed,
    }
}

fn list_cached(storage: &Storage, repo: &str, revision: &str, why: &str) -> Outcome<Listing> {
    let Some(commit) = storage.commit_of(revision).filter(|commit| storage.snapshot(commit).is_dir()) else {
        return fail(Kind::NotFound, format!("{why}, and {repo} at '{revision}' was not downloaded before"));
    };
    let entries = storage.read_tree(&commit).unwrap_or_else(|| storage.walk(&commit));
    Ok(Listing { commit, entries, offline: why.to_string() })
}

fn list_online(client: &Client, storage: &Storage, repo: &str, revision: &str) -> Outcome<Listing> {
    let api = format!("{}/api/models/{repo}", client.settings.endpoint);
    let commit = if is_commit(revision) {
        revision.to_string()
    } else {
        let (info, _) = client.question(repo, revision, &format!("{api}/revision/{}", escape(revision)))?;
        let Some(commit) = info["sha"].as_str().filter(|text| is_commit(text)) else {
            return fail(
                Kind::Network,
                format!("{} does not answer as a hub: no commit of {repo}", client.settings.endpoint),
            );
        };
        commit.to_string()
    };
    if let Some(entries) = storage.read_tree(&commit) {
        storage.remember(revision, &commit)?;
        return Ok(Listing { commit, entries, offline: String::new() });
    }
    let mut files = Vec::new();
    let mut next = Some(format!("{api}/tree/{commit}?recursive=True&expand=False"));
    while let Some(url) = next {
        let (page, following) = client.question(repo, &commit, &url)?;
        files.extend(read_listing(&page)?);
        if files.len() > LARGEST_FILES {
            return fail(Kind::Network, format!("{repo} has more than {LARGEST_FILES} files"));
        }
        next = following.filter(|link| link.starts_with(&client.settings.endpoint));
    }
    storage.mark()?;
    storage.write_tree(&commit, &files)?;
    storage.remember(revision, &commit)?;
    Ok(Listing {
        commit,
        entries: files.into_iter().map(|(entry, _)| entry).collect(),
        offline: String::new(),
    })
}

/// Refuses before the first byte what the disk cannot hold.
fn check_room(storage: &Storage, settings: &Settings, commit: &str, entries: &[Entry]) -> Outcome<()> {
    let missing = |entry: &&Entry| !storage.snapshot(commit).join(&entry.path).exists();
    let begun = |entry: &Entry| {
        let etag = entry.sha256.as_deref().unwrap_or(&entry.sha1);
        [storage.blob(etag), storage.incomplete(etag)]
            .iter()
            .find_map(|path| std::fs::metadata(path).ok())
            .map_or(0, |file| file.len())
    };
    let needed: u64 =
        entries.iter().filter(missing).map(|entry| entry.size.saturating_sub(begun(entry))).sum();
    std::fs::create_dir_all(&settings.cache).map_err(|error| Failure::of_file(&settings.cache, &error))?;
    let free =
        fs4::available_space(&settings.cache).map_err(|error| Failure::of_file(&settings.cache, &error))?;
    if needed > 0 && needed + SPARE_BYTES > free {
        return fail(
            Kind::NoSpace,
            format!("{needed} bytes are to be downloaded and {free} are free in {}: make room, or move the cache with HF_HOME", settings.cache.display()),
        );
    }
    Ok(())
}

fn fetch(
    errand: &Errand,
    client: &Client,
    storage: &Storage,
    repo: &str,
    commit: &str,
    entries: &[Entry],
) -> Outcome<Vec<Fetched>> {
    check_room(storage, &errand.settings, commit, entries)?;
    storage.mark()?;
    let (done, next) = (AtomicU64::new(0), AtomicUsize::new(0));
    let total: u64 = entries.iter().map(|entry| entry.size).sum();
    let results: Mutex<Vec<(usize, Outcome<Fetched>)>> = Mutex::new(Vec::new());
    let pull = Pull { client, storage, repo, commit, done: &done };
    let worker = || loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(entry) = entries.get(index) else { return };
        let outcome = pull.fetch(entry);
        if outcome.is_err() {
            next.store(entries.len(), Ordering::Relaxed); // what is under way may end; nothing new begins
        }
        if let Ok(mut results) = results.lock() {
            results.push((index, outcome));
        }
    };
    let progress = || (errand.caller.progress)(errand.caller.user, done.load(Ordering::Relaxed), total);
    errand.run(client, progress, || {
        std::thread::scope(|scope| {
            for _ in 0..THREADS.min(entries.len()) {
                scope.spawn(worker);
            }
        })
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, outcome)| outcome).collect()
}

fn required<'v>(request: &'v Value, key: &str) -> Outcome<&'v str> {
    request[key]
        .as_str()
        .ok_or_else(|| Failure { kind: Kind::Usage, text: format!("the request has no {key}") })
}

fn checked_repo(request: &Value) -> Outcome<&str> {
    let repo = required(request, "repo")?;
    match is_repo(repo) {
        true => Ok(repo),
        false => fail(
            Kind::Usage,
            format!("'{}' is no name of a repository; it looks like ORG/NAME", failure::printable(repo)),
        ),
    }
}

fn list_request(errand: &Errand, request: &Value) -> Outcome<Value> {
    let repo = checked_repo(request)?;
    let revision = required(request, "revision")?;
    if !is_revision(revision) {
        return fail(Kind::Usage, format!("'{}' is no revision", failure::printable(revision)));
    }
    let storage = Storage::new(&errand.settings.cache, repo, errand.settings.symlinks);
    let client = Client::new(&errand.settings, &errand.stop, &errand.notes, false);
    let listing = errand.run(&client, || {}, || list(&client, &storage, repo, revision))?;
    let file = |entry: &Entry| {
        json!({"path": entry.path, "size": entry.size, "sha256": entry.sha256, "sha1": entry.sha1,
               "cached": storage.snapshot(&listing.commit).join(&entry.path).exists()})
    };
    Ok(json!({"repo": repo, "revision": revision, "commit": listing.commit, "offline": listing.offline,
              "endpoint": errand.settings.endpoint, "snapshot": storage.snapshot(&listing.commit),
              "files": listing.entries.iter().map(file).collect::<Vec<_>>()}))
}

fn fetch_request(errand: &Errand, request: &Value) -> Outcome<Value> {
    let repo = checked_repo(request)?;
    let commit = required(request, "commit")?;
    if !is_commit(commit) {
        return fail(Kind::Usage, format!("'{}' is no commit", failure::printable(commit)));
    }
    let storage = Storage::new(&errand.settings.cache, repo, errand.settings.symlinks);
    let client = Client::new(&errand.settings, &errand.stop, &errand.notes, true);
    let known = storage.read_tree(commit).unwrap_or_else(|| storage.walk(commit));
    let mut entries = Vec::new();
    for file in request["files"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let entry = known.iter().find(|entry| entry.path == file);
        let missing = || Failure {
            kind: Kind::NotFound,
            text: format!("{repo} has no file {}", failure::printable(file)),
        };
        entries.push(entry.ok_or_else(missing)?.clone());
    }
    let absent = entries.iter().find(|entry| !storage.snapshot(commit).join(&entry.path).exists());
    if let (true, Some(entry)) = (errand.settings.offline, absent) {
        return fail(
            Kind::NotFound,
            format!("HF_HUB_OFFLINE is set, and {} of {repo} was not downloaded before", entry.path),
        );
    }
    let fetched = fetch(errand, &client, &storage, repo, commit, &entries)?;
    let file = |file: &Fetched| json!({"path": file.path, "etag": file.etag, "size": file.size, "fetched_bytes": file.fetched_bytes});
    Ok(json!({"snapshot": storage.snapshot(commit), "files": fetched.iter().map(file).collect::<Vec<_>>()}))
}

/// # Safety
/// `request` holds `size` bytes; `caller` points to functions that live as long as the call; `answer` and `error` are null or
/// writable.
unsafe fn respond(
    request: *const u8,
    size: usize,
    caller: *const ObHubCaller,
    answer: *mut ObString,
    error: *mut ObString,
    handle: fn(&Errand, &Value) -> Outcome<Value>,
) -> i32 {
    let Some(caller) = caller.as_ref() else { return Kind::Internal as i32 };
    let outcome = guarded(|| {
        let request: Value =
            serde_json::from_slice(slice(request, size)).map_err(|error| error.to_string())?;
        let outcome = Settings::from_environment()
            .map_err(|text| Failure { kind: Kind::Usage, text })
            .and_then(|settings| {
                let errand =
                    Errand { settings, caller, stop: AtomicBool::new(false), notes: Mutex::new(Vec::new()) };
                handle(&errand, &request)
            });
        Ok(outcome)
    });
    match outcome {
        Ok(Ok(value)) => {
            give_string(answer, value.to_string());
            0
        }
        Ok(Err(failure)) => {
            give_string(error, failure.text);
            failure.kind as i32
        }
        Err(reason) => {
            give_string(error, reason);
            Kind::Internal as i32
        }
    }
}

/// # Safety
/// As `respond`.
#[no_mangle]
pub unsafe extern "C" fn ob_hub_list(
    request: *const u8,
    size: usize,
    caller: *const ObHubCaller,
    answer: *mut ObString,
    error: *mut ObString,
) -> i32 {
    respond(request, size, caller, answer, error, list_request)
}

/// # Safety
/// As `respond`.
#[no_mangle]
pub unsafe extern "C" fn ob_hub_fetch(
    request: *const u8,
    size: usize,
    caller: *const ObHubCaller,
    answer: *mut ObString,
    error: *mut ObString,
) -> i32 {
    respond(request, size, caller, answer, error, fetch_request)
}

/// An address without the name and password that may stand in it.
fn without_password(endpoint: &str) -> String {
    let Some((scheme, rest)) = endpoint.split_once("://") else { return endpoint.to_string() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

/// What the environment says of the hub, for people: whether there is a token, never the token.
fn described(settings: &Settings) -> Value {
    json!({
        "endpoint": without_password(&settings.endpoint),
        "cache": settings.cache.to_string_lossy(),
        "token": settings.token.is_some(),
        "offline": settings.offline,
    })
}

/// # Safety
/// `answer` and `error` are null or point to where a text may be left.
#[no_mangle]
pub unsafe extern "C" fn ob_hub_settings(answer: *mut ObString, error: *mut ObString) -> bool {
    match guarded(Settings::from_environment) {
        Ok(settings) => {
            give_string(answer, described(&settings).to_string());
            true
        }
        Err(reason) => {
            give_string(error, reason);
            false
        }
    }
}

/// Whether a text can be the name of a repository, ORG/NAME.
///
/// # Safety
/// `name` holds `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn ob_hub_is_repo(name: *const u8, size: usize) -> bool {
    guarded(|| Ok(is_repo(text(name, size)?))).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_described_holds_no_token() {
        let find = |name: &str| match name {
            "HF_TOKEN" => Some("hf_secret".to_string()),
            "HF_HOME" => Some("/f".to_string()),
            "HF_ENDPOINT" => Some("https://ada:secret@hub:81/a@b".to_string()),
            _ => None,
        };
        let told = described(&Settings::read(&find).unwrap());
        assert_eq!(told["token"], true);
        assert_eq!(told["cache"].as_str().map(std::path::Path::new), Some("/f/hub".as_ref()));
        assert_eq!(told["endpoint"], "https://hub:81/a@b");
        assert!(!told.to_string().contains("secret"));
        let without = Settings::read(&|name| (name == "HF_HOME").then(|| "/none".to_string())).unwrap();
        assert_eq!(described(&without)["token"], false);
    }
}
