//! The cache of `huggingface_hub`: blobs by their etag, snapshots by commit with links to blobs, refs, trees and locks.

use super::failure::{fail, printable, Failure, Kind, Outcome};
use super::pointer::{is_name_here, Place};
use serde_json::{json, Map, Value};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

const LARGEST_PATH_BYTES: usize = 1000;
const LARGEST_TREE_BYTES: u64 = 64 << 20;
const TREE_FORMAT: u64 = 1;
const MARK: &str =
    "Signature: 8a477f597d28d172789f06886806bc55\n# This file is a cache directory tag of huggingface_hub.\n";

/// A file of a repository, as its tree lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: String,
    pub size: u64,
    /// Git's hash of a small file, or of a large one's pointer.
    pub sha1: String,
    /// Of a large file.
    pub sha256: Option<String>,
}

/// ORG/NAME of letters, digits, '-', '_' and '.'.
pub fn is_repo(name: &str) -> bool {
    let part = |text: &str| {
        let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        !text.is_empty() && text.len() <= 96 && letters && !text.starts_with('.') && !text.starts_with('-')
    };
    let mut parts = name.split('/');
    matches!((parts.next(), parts.next(), parts.next()), (Some(org), Some(name), None) if part(org) && part(name))
}

/// A branch, a tag or a commit: a name of git's that is safe as a file's.
pub fn is_revision(name: &str) -> bool {
    is_safe_path(name) && name.len() <= 200 && is_name_here(name)
}

pub fn is_commit(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
}

/// A relative path that stays below its folder, on any system.
pub fn is_safe_path(path: &str) -> bool {
    let bad = |letter: char| letter.is_control() || matches!(letter, '\\' | ':');
    let part = |text: &str| !text.is_empty() && text != "." && text != "..";
    path.len() <= LARGEST_PATH_BYTES && !path.contains(bad) && path.split('/').all(part)
}

fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// One repository's folder of the cache.
pub struct Storage {
    cache: PathBuf,
    folder: String,
    symlinks: bool,
}

impl Storage {
    pub fn new(cache: &Path, repo: &str, symlinks: bool) -> Storage {
        let folder = format!("models--{}", repo.replace('/', "--"));
        Storage { cache: cache.to_path_buf(), folder, symlinks }
    }

    fn root(&self) -> PathBuf {
        self.cache.join(&self.folder)
    }

    pub fn blob(&self, etag: &str) -> PathBuf {
        self.root().join("blobs").join(etag)
    }

    pub fn incomplete(&self, etag: &str) -> PathBuf {
        self.root().join("blobs").join(format!("{etag}.incomplete"))
    }

    pub fn lock(&self, etag: &str) -> PathBuf {
        self.cache.join(".locks").join(&self.folder).join(format!("{etag}.lock"))
    }

    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.root().join("snapshots").join(commit)
    }

    fn tree(&self, commit: &str) -> PathBuf {
        self.root().join("trees").join(format!("{commit}.json"))
    }

    /// The commit that a revision was when it was last asked for.
    pub fn commit_of(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_string());
        }
        let text = std::fs::read_to_string(self.root().join("refs").join(revision)).ok()?;
        Some(text.trim().to_string()).filter(|commit| is_commit(commit))
    }

    pub fn remember(&self, revision: &str, commit: &str) -> Outcome<()> {
        match is_commit(revision) || self.commit_of(revision).as_deref() == Some(commit) {
            true => Ok(()),
            false => replace(&self.root().join("refs").join(revision), commit.as_bytes()),
        }
    }

    pub fn mark(&self) -> Outcome<()> {
        let path = self.cache.join("CACHEDIR.TAG");
        match path.exists() {
            true => Ok(()),
            false => replace(&path, MARK.as_bytes()),
        }
    }

    pub fn read_tree(&self, commit: &str) -> Option<Vec<Entry>> {
        let path = self.tree(commit);
        let small = std::fs::metadata(&path).is_ok_and(|file| file.len() <= LARGEST_TREE_BYTES);
        let text = small.then(|| std::fs::read(&path).ok()).flatten()?;
        let tree: Value = serde_json::from_slice(&text).ok()?;
        if tree["format_version"].as_u64() != Some(TREE_FORMAT) {
            return None;
        }
        let entry = |(path, file): (&String, &Value)| {
            Some(Entry {
                path: path.clone(),
                size: file["lfs_size"].as_u64().or_else(|| file["size"].as_u64())?,
                sha1: file["blob_id"].as_str()?.to_string(),
                sha256: file["lfs_sha256"].as_str().map(str::to_string),
            })
        };
        let entries: Option<Vec<Entry>> = tree["files"].as_object()?.iter().map(entry).collect();
        entries.filter(|entries| entries.iter().all(|entry| is_safe_path(&entry.path)))
    }

    /// The files that are there, where nobody kept a tree.
    pub fn walk(&self, commit: &str) -> Vec<Entry> {
        let root = self.snapshot(commit);
        let mut found = Vec::new();
        let mut left = vec![root.clone()];
        while let Some(folder) = left.pop() {
            for item in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = item.path();
                let name =
                    path.strip_prefix(&root).ok().and_then(Path::to_str).map(|name| name.replace('\\', "/"));
                match (std::fs::metadata(&path), name) {
                    (Ok(file), _) if file.is_dir() => left.push(path),
                    (Ok(file), Some(path)) => {
                        found.push(Entry { path, size: file.len(), sha1: String::new(), sha256: None })
                    }
                    _ => {}
                }
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    pub fn write_tree(&self, commit: &str, entries: &[(Entry, Value)]) -> Outcome<()> {
        let files: Map<String, Value> =
            entries.iter().map(|(entry, file)| (entry.path.clone(), file.clone())).collect();
        let tree = json!({"format_version": TREE_FORMAT, "files": files});
        let text = serde_json::to_vec_pretty(&tree)
            .map_err(|error| Failure { kind: Kind::Internal, text: error.to_string() })?;
        replace(&self.tree(commit), &text)
    }

    /// Puts a finished blob into the snapshot. `fresh`: it came just now.
    pub fn link(&self, etag: &str, commit: &str, file: &str, fresh: bool) -> Outcome<()> {
        let place = Place { blob: self.blob(etag), snapshot: self.snapshot(commit), etag, file };
        place.fill(self.symlinks, fresh)
    }
}

pub fn make_parent(path: &Path) -> Outcome<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(|error| Failure::of_file(folder, &error))
}

/// At any moment the file is the old one or the new one, whole.
fn replace(path: &Path, text: &[u8]) -> Outcome<()> {
    make_parent(path)?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file");
    let scratch = path.with_file_name(format!("{name}.{}.tmp", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&scratch)?;
        file.write_all(text)?;
        file.sync_all()?;
        std::fs::rename(&scratch, path)
    };
    write().map_err(|error| {
        let _ = std::fs::remove_file(&scratch);
        Failure::of_file(path, &error)
    })
}

/// One page of the hub's listing. Folders are left out.
pub fn read_listing(page: &Value) -> Outcome<Vec<(Entry, Value)>> {
    let bad = |what: &str| Failure {
        kind: Kind::Network,
        text: format!("the hub's list of files is malformed: {what}"),
    };
    let mut found = Vec::new();
    for file in page.as_array().ok_or_else(|| bad("no list"))? {
        if file["type"].as_str() != Some("file") {
            continue;
        }
        let path = file["path"].as_str().ok_or_else(|| bad("a file without a path"))?.to_string();
        if !is_safe_path(&path) {
            return fail(
                Kind::Corrupt,
                format!("the repository has a file of an unsafe name: {}", printable(&path)),
            );
        }
        let size = file["size"].as_u64().ok_or_else(|| bad(&format!("{path} without a size")))?;
        let sha1 = file["oid"].as_str().filter(|text| is_hash(text)).unwrap_or("").to_string();
        let lfs = &file["lfs"];
        let sha256 = lfs["oid"].as_str().or_else(|| lfs["sha256"].as_str()).filter(|text| is_hash(text));
        let mut kept = json!({"size": size, "blob_id": sha1});
        if let Some(hash) = sha256 {
            kept["lfs_sha256"] = json!(hash);
            kept["lfs_size"] = json!(lfs["size"].as_u64().unwrap_or(size));
        }
        if let Some(xet) = file["xetHash"].as_str() {
            kept["xet_hash"] = json!(xet);
        }
        let size = lfs["size"].as_u64().unwrap_or(size);
        let entry = Entry { path, size, sha1, sha256: sha256.map(str::to_string) };
        found.push((entry, kept));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_cache() {
        for path in ["../x", "/x", "a//b", "a/../b", "a\\b", "c:x", "a\nb", "", "."] {
            assert!(!is_safe_path(path), "{path:?}");
        }
        assert!(is_safe_path("onnx/model-00001-of-00002.safetensors"));
        for repo in ["a", "a/b/c", "../b", "a/..", "a/b c", "-a/b"] {
            assert!(!is_repo(repo), "{repo}");
        }
        assert!(is_repo("Intel/neural-chat-7b-v3-1"));
        assert!(is_revision("refs/pr/3") && !is_revision("../main"));
    }

    #[test]
    fn listings_of_strangers() {
        assert!(read_listing(&json!({"error": "no"})).is_err());
        assert!(
            read_listing(&json!([{"type": "file", "path": "../../.bashrc", "size": 1, "oid": ""}])).is_err()
        );
        let sha = "a".repeat(64);
        let page = json!([{"type": "directory", "path": "d"},
                          {"type": "file", "path": "w", "size": 5, "oid": "b".repeat(40), "lfs": {"oid": sha, "size": 5, "pointerSize": 130}}]);
        let files = read_listing(&page).unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].0.sha256.as_deref(), Some(sha.as_str()));
    }

    #[test]
    fn a_tree_comes_back_as_it_was_written() {
        let cache = std::env::temp_dir().join(format!("ovenbird-tree-{}", std::process::id()));
        let storage = Storage::new(&cache, "a/b", true);
        let page = json!([{"type": "file", "path": "c.json", "size": 5, "oid": "b".repeat(40)}]);
        let files = read_listing(&page).unwrap();
        storage.write_tree("c1", &files).unwrap();
        assert_eq!(storage.read_tree("c1").unwrap(), vec![files[0].0.clone()]);
        let commit = "0".repeat(40);
        storage.remember("main", &commit).unwrap();
        assert_eq!(storage.commit_of("main"), Some(commit));
        assert_eq!(storage.commit_of("other"), None);
        std::fs::remove_dir_all(&cache).unwrap();
    }
}
