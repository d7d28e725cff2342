//! One file of a repository into the cache: announced, locked, resumed, hashed while it is written, renamed when it is right.

use super::cache::{is_commit, is_safe_path, make_parent, Entry, Storage};
use super::failure::{fail, printable, Failure, Kind, Outcome};
use super::http::{Announced, Client, Trouble, ATTEMPTS};
use super::pointer::is_name_here;
use fs4::FileExt;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const BUFFER_BYTES: usize = 1 << 18;
/// Downloads of one file from its first byte on, because what came was wrong.
const FRESH_STARTS: u32 = 3;
const LOCK_POLL: Duration = Duration::from_millis(100);

/// What the finished file is held against.
enum Expected {
    Sha256(String),
    /// Git's: of "blob SIZE", a zero byte, and the content.
    GitSha1(String),
    SizeOnly,
}

enum Hasher {
    Sha256(Sha256),
    GitSha1(Sha1),
    None,
}

impl Expected {
    fn of(etag: &str, entry: &Entry) -> Expected {
        let is_hash =
            |text: &str, letters| text.len() == letters && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match (&entry.sha256, etag) {
            (Some(hash), _) => Expected::Sha256(hash.to_ascii_lowercase()),
            (None, _) if is_hash(etag, 64) => Expected::Sha256(etag.to_ascii_lowercase()),
            (None, _) if is_hash(etag, 40) => Expected::GitSha1(etag.to_ascii_lowercase()),
            (None, _) if is_hash(&entry.sha1, 40) => Expected::GitSha1(entry.sha1.to_ascii_lowercase()),
            _ => Expected::SizeOnly,
        }
    }

    fn hasher(&self, size: u64) -> Hasher {
        match self {
            Expected::Sha256(_) => Hasher::Sha256(Sha256::new()),
            Expected::GitSha1(_) => Hasher::GitSha1(Sha1::new_with_prefix(format!("blob {size}\0"))),
            Expected::SizeOnly => Hasher::None,
        }
    }

    fn agrees(&self, hasher: Hasher) -> bool {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match (self, hasher) {
            (Expected::Sha256(hash), Hasher::Sha256(hasher)) => *hash == hex(&hasher.finalize()),
            (Expected::GitSha1(hash), Hasher::GitSha1(hasher)) => *hash == hex(&hasher.finalize()),
            _ => true,
        }
    }
}

impl Hasher {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::GitSha1(hasher) => hasher.update(bytes),
            Hasher::None => {}
        }
    }
}

/// A file that is in the cache now.
pub struct Fetched {
    pub path: String,
    pub etag: String,
    pub size: u64,
    pub fetched_bytes: u64,
}

/// What the threads of a pull share.
pub struct Pull<'a> {
    pub client: &'a Client<'a>,
    pub storage: &'a Storage,
    pub repo: &'a str,
    pub commit: &'a str,
    /// Bytes of all files that are there.
    pub done: &'a AtomicU64,
}

impl Pull<'_> {
    pub fn fetch(&self, entry: &Entry) -> Outcome<Fetched> {
        if !is_name_here(&entry.path) {
            return fail(
                Kind::Io,
                format!(
                    "no file can be named {} on this system; choose other files, or pull elsewhere",
                    entry.path
                ),
            );
        }
        if let Some(there) = self.found(entry)? {
            return Ok(there);
        }
        let announced = self.announced(entry)?;
        let (etag, size) = (announced.etag.clone().unwrap_or_default(), announced.size.unwrap_or(entry.size));
        let _lock = self.lock(&etag)?;
        let mut fetched_bytes = 0;
        let fresh = !self.storage.blob(&etag).exists();
        if fresh {
            fetched_bytes = self.download(entry, &etag, size)?;
        } else {
            self.done.fetch_add(size, Ordering::Relaxed);
        }
        self.storage.link(&etag, self.commit, &entry.path, fresh)?;
        Ok(Fetched { path: entry.path.clone(), etag, size, fetched_bytes })
    }

    /// The file of the snapshot, where there is one of the right size: hf's own downloads are not read again.
    fn found(&self, entry: &Entry) -> Outcome<Option<Fetched>> {
        let pointer = self.storage.snapshot(self.commit).join(&entry.path);
        let Ok(file) = std::fs::metadata(&pointer) else { return Ok(None) };
        if file.len() != entry.size {
            return fail(
                Kind::Corrupt,
                format!(
                    "{} has {} bytes, the hub says {}: delete it and pull again",
                    pointer.display(),
                    file.len(),
                    entry.size
                ),
            );
        }
        self.done.fetch_add(entry.size, Ordering::Relaxed);
        let etag =
            std::fs::read_link(&pointer).ok().and_then(|link| Some(link.file_name()?.to_str()?.to_string()));
        let etag = etag.or_else(|| entry.sha256.clone()).unwrap_or_else(|| entry.sha1.clone());
        Ok(Some(Fetched { path: entry.path.clone(), etag, size: entry.size, fetched_bytes: 0 }))
    }

    fn announced(&self, entry: &Entry) -> Outcome<Announced> {
        let mut announced = self.client.announced(self.repo, self.commit, &entry.path)?;
        match announced.commit.as_deref() {
            Some(commit) if commit == self.commit => {}
            Some(commit) if is_commit(commit) => {
                return fail(
                    Kind::Corrupt,
                    format!("the hub gives {} of {} for {}", entry.path, commit, self.commit),
                );
            }
            _ => {
                return fail(
                    Kind::Network,
                    format!(
                        "{} does not answer as a hub for {}: no commit; check HF_ENDPOINT and the proxy",
                        self.client.settings.endpoint, entry.path
                    ),
                )
            }
        }
        // The etag becomes a file's name.
        let safe = |etag: &String| {
            is_safe_path(etag) && !etag.contains('/') && etag.len() <= 128 && is_name_here(etag)
        };
        let known = entry.sha256.clone().or_else(|| Some(entry.sha1.clone()).filter(|hash| !hash.is_empty()));
        announced.etag = announced.etag.filter(safe).or(known);
        if announced.etag.is_none() {
            return fail(Kind::Network, format!("the hub names no etag for {}", entry.path));
        }
        match announced.size {
            Some(size) if size != entry.size => fail(
                Kind::Corrupt,
                format!(
                    "the hub lists {} with {} bytes and announces {size}: try again later",
                    entry.path, entry.size
                ),
            ),
            _ => Ok(announced),
        }
    }

    /// hf's lock, which another download of the same blob holds.
    fn lock(&self, etag: &str) -> Outcome<File> {
        let path = self.storage.lock(etag);
        make_parent(&path)?;
        let failed = |error: &std::io::Error| Failure::of_file(&path, error);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| failed(&error))?;
        let mut told = false;
        while FileExt::try_lock(&file).is_err() {
            if !told {
                self.client.note(format!(
                    "another process downloads the same file; waiting for it ({})",
                    path.display()
                ));
                told = true;
            }
            self.client.check_stopped()?;
            std::thread::sleep(LOCK_POLL);
        }
        Ok(file)
    }

    /// Bytes that came over the network.
    fn download(&self, entry: &Entry, etag: &str, size: u64) -> Outcome<u64> {
        let path = self.storage.incomplete(etag);
        make_parent(&path)?;
        let failed = |error: std::io::Error| Failure::of_file(&path, &error);
        let expected = Expected::of(etag, entry);
        let mut options = OpenOptions::new();
        let mut file =
            options.create(true).truncate(false).read(true).write(true).open(&path).map_err(failed)?;
        let mut fetched = 0;
        for fresh in 0..FRESH_STARTS {
            if fresh > 0 {
                self.client.note(format!(
                    "what came of {} is not what the hub announced; starting it over",
                    entry.path
                ));
                file.set_len(0).map_err(failed)?;
            }
            let mut part = Part::resume(self, entry, &path, &mut file, &expected, size)?;
            let complete = part.fill(etag)?;
            fetched += part.fetched;
            let (hasher, counted) = (std::mem::replace(&mut part.hasher, Hasher::None), part.at);
            if complete && expected.agrees(hasher) {
                file.sync_all().map_err(failed)?;
                std::fs::rename(&path, self.storage.blob(etag)).map_err(failed)?;
                return Ok(fetched);
            }
            self.done.fetch_sub(counted, Ordering::Relaxed);
        }
        drop(file);
        let _ = std::fs::remove_file(&path);
        fail(
            Kind::Corrupt,
            format!("{} of {} came wrong {FRESH_STARTS} times: its bytes have another hash or size than the hub says. Nothing of it was kept; is a proxy or a mirror in between?", entry.path, self.repo),
        )
    }
}

/// A file on its way: how far it is, and the hash of what is there.
struct Part<'p, 'a> {
    pull: &'p Pull<'a>,
    entry: &'p Entry,
    path: &'p std::path::Path,
    file: &'p mut File,
    expected: &'p Expected,
    hasher: Hasher,
    at: u64,
    size: u64,
    fetched: u64,
}

/// Why the bytes of one answer ended.
enum Ended {
    Complete,
    /// More bytes than there can be, another file: nothing of this can be used.
    Wrong,
    /// A break; the next attempt goes on from here.
    Broken(String, Option<Duration>),
}

impl<'p, 'a> Part<'p, 'a> {
    /// Takes what an earlier attempt left, and hashes it.
    fn resume(
        pull: &'p Pull<'a>,
        entry: &'p Entry,
        path: &'p std::path::Path,
        file: &'p mut File,
        expected: &'p Expected,
        size: u64,
    ) -> Outcome<Part<'p, 'a>> {
        let mut part = Part {
            pull,
            entry,
            path,
            file,
            expected,
            hasher: expected.hasher(size),
            at: 0,
            size,
            fetched: 0,
        };
        let there = part.file.metadata().map_err(|error| Failure::of_file(path, &error))?.len();
        let mut left = if there > size { 0 } else { there };
        if there > size {
            part.restart()?;
        }
        part.seek()?;
        let mut buffer = vec![0; BUFFER_BYTES];
        while left > 0 {
            pull.client.check_stopped()?;
            let wanted = buffer.len().min(left as usize);
            let count =
                part.file.read(&mut buffer[..wanted]).map_err(|error| Failure::of_file(path, &error))?;
            if count == 0 {
                break;
            }
            part.hasher.update(&buffer[..count]);
            part.at += count as u64;
            left -= count as u64;
            pull.done.fetch_add(count as u64, Ordering::Relaxed);
        }
        Ok(part)
    }

    fn seek(&mut self) -> Outcome<()> {
        self.file.seek(SeekFrom::Start(self.at)).map_err(|error| Failure::of_file(self.path, &error))?;
        Ok(())
    }

    fn restart(&mut self) -> Outcome<()> {
        self.pull.done.fetch_sub(self.at, Ordering::Relaxed);
        self.at = 0;
        self.hasher = self.expected.hasher(self.size);
        self.file.set_len(0).map_err(|error| Failure::of_file(self.path, &error))?;
        self.seek()
    }

    /// True when all bytes are there; false when what came cannot be the file.
    fn fill(&mut self, etag: &str) -> Outcome<bool> {
        let mut number = 0;
        while self.at < self.size {
            let before = self.at;
            match self.attempt(etag)? {
                Ended::Complete => return Ok(true),
                Ended::Wrong => return Ok(false),
                Ended::Broken(why, wish) => {
                    number = if self.at > before { 1 } else { number + 1 };
                    if number > ATTEMPTS {
                        let kept =
                            format!("{} of {} bytes of {} are kept", self.at, self.size, self.entry.path);
                        return fail(
                            Kind::Network,
                            format!("{why}; given up after {ATTEMPTS} new attempts, {kept}"),
                        );
                    }
                    self.pull.client.pause(number, wish, &format!("{}: {why}", self.entry.path))?;
                }
            }
        }
        Ok(true)
    }

    fn attempt(&mut self, etag: &str) -> Outcome<Ended> {
        let pull = self.pull;
        let opened = match pull.client.open(pull.repo, pull.commit, &self.entry.path, self.at) {
            Ok(opened) => opened,
            Err(Trouble::Passing(why, wish)) => return Ok(Ended::Broken(why, wish)),
            Err(Trouble::Final(failure)) => return Err(failure),
        };
        let status = opened.response.status().as_u16();
        // 416: what is there is not a part of this file. Another etag: it was changed.
        if status == 416 || opened.etag.as_ref().is_some_and(|now| now != etag) {
            return Ok(Ended::Wrong);
        }
        // 200 instead of 206, or another part than asked for: from the first byte on.
        if opened.begin != self.at {
            self.restart()?;
            if opened.begin != 0 {
                return Ok(Ended::Broken("the hub gave another part than was asked for".to_string(), None));
            }
        }
        let mut reader = opened.response.into_body().into_with_config().limit(u64::MAX).reader();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            pull.client.check_stopped()?;
            let count = match reader.read(&mut buffer) {
                Ok(0) if self.at == self.size => return Ok(Ended::Complete),
                Ok(0) => return Ok(Ended::Broken("the connection ended early".to_string(), None)),
                Ok(count) => count,
                Err(error) => {
                    pull.client.check_stopped()?;
                    return Ok(Ended::Broken(printable(&error.to_string()), None));
                }
            };
            if self.at + count as u64 > self.size {
                return Ok(Ended::Wrong);
            }
            self.file.write_all(&buffer[..count]).map_err(|error| Failure::of_file(self.path, &error))?;
            self.hasher.update(&buffer[..count]);
            self.at += count as u64;
            self.fetched += count as u64;
            pull.done.fetch_add(count as u64, Ordering::Relaxed);
        }
    }
}
