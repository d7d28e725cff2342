//! A snapshot's files: links to blobs where the system makes them, else the files themselves, as `huggingface_hub` leaves them.

use super::cache::make_parent;
use super::failure::{Failure, Outcome};
use std::io::Result;
use std::path::{Path, PathBuf};

/// Whether every part of a relative path can be the name of a file on Windows: devices answer to some names in every folder.
fn is_name_on_windows(path: &str) -> bool {
    path.split('/').all(|part| {
        let stem = part.split('.').next().unwrap_or("").trim_end().to_ascii_uppercase();
        let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
        let numbered = number
            .is_some_and(|rest| rest.chars().count() == 1 && rest.contains(|c| "0123456789¹²³".contains(c)));
        let device =
            numbered || matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$");
        !device && !part.ends_with(['.', ' ']) && !part.contains(['<', '>', '"', '|', '?', '*'])
    })
}

/// Whether this system can have a file of that relative path.
pub fn is_name_here(path: &str) -> bool {
    !cfg!(windows) || is_name_on_windows(path)
}

/// The blob as seen from a file of a snapshot, which may lie some folders deep.
fn target(file: &str, etag: &str) -> PathBuf {
    let up = std::iter::repeat_n("..", 2 + file.matches('/').count());
    up.chain(["blobs", etag]).collect()
}

#[cfg(unix)]
fn symlink(target: &Path, pointer: &Path) -> Result<()> {
    std::os::unix::fs::symlink(target, pointer)
}

/// Only for administrators and where the developer mode is on.
#[cfg(windows)]
fn symlink(target: &Path, pointer: &Path) -> Result<()> {
    std::os::windows::fs::symlink_file(target, pointer)
}

/// A file under its name is a whole one, as the next pull looks at its size alone.
fn copy(blob: &Path, pointer: &Path) -> Result<()> {
    let name = pointer.file_name().and_then(|name| name.to_str()).unwrap_or("file");
    let scratch = pointer.with_file_name(format!("{name}.{}.tmp", std::process::id()));
    std::fs::copy(blob, &scratch).and_then(|_| std::fs::rename(&scratch, pointer)).inspect_err(|_| {
        let _ = std::fs::remove_file(&scratch);
    })
}

/// A finished blob, and where a snapshot is to have it.
pub struct Place<'a> {
    pub blob: PathBuf,
    pub snapshot: PathBuf,
    pub etag: &'a str,
    pub file: &'a str,
}

impl Place<'_> {
    /// `fresh`: nobody else can have a link to the blob yet, so it may be moved.
    pub fn fill(&self, symlinks: bool, fresh: bool) -> Outcome<()> {
        let pointer = self.snapshot.join(self.file);
        if pointer.exists() {
            return Ok(());
        }
        make_parent(&pointer)?;
        let _ = std::fs::remove_file(&pointer); // a link whose blob is gone
        if symlinks {
            let _ = symlink(&target(self.file, self.etag), &pointer);
            // Looked at instead of believed: another process may have been faster, and Wine tells of links that it did not make.
            if pointer.exists() {
                return Ok(());
            }
        }
        let put = if fresh { std::fs::rename(&self.blob, &pointer) } else { copy(&self.blob, &pointer) };
        put.map_err(|error| Failure::of_file(&pointer, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_devices_of_windows() {
        for path in ["NUL", "a/nul.txt", "com1", "b/LPT¹.bin", "aux .json", "a.", "a /b", "a?", "con/x"] {
            assert!(!is_name_on_windows(path), "{path}");
        }
        for path in
            ["config.json", "onnx/model.onnx", "common", "com", "com10", "nullable.txt", ".gitattributes"]
        {
            assert!(is_name_on_windows(path), "{path}");
        }
        assert_eq!(is_name_here("NUL"), !cfg!(windows));
    }

    #[test]
    fn a_blob_is_linked_moved_or_copied() {
        let root = std::env::temp_dir().join(format!("ovenbird-pointer-{}", std::process::id()));
        let blob = root.join("blobs").join("e");
        std::fs::create_dir_all(root.join("blobs")).unwrap();
        std::fs::write(&blob, "text").unwrap();
        let fill = |commit: &str, symlinks, fresh| {
            let snapshot = root.join("snapshots").join(commit);
            Place { blob: blob.clone(), snapshot: snapshot.clone(), etag: "e", file: "a/b" }
                .fill(symlinks, fresh)
                .unwrap();
            assert_eq!(std::fs::read_to_string(snapshot.join("a").join("b")).unwrap(), "text");
            snapshot.join("a").join("b").is_symlink()
        };
        let linked = fill("linked", true, false);
        assert!(linked || cfg!(windows));
        assert!(!fill("copied", false, false));
        assert!(blob.exists());
        assert_eq!(fill("linked", true, false), linked);
        std::fs::remove_dir_all(root.join("snapshots").join("linked")).unwrap();
        assert!(!fill("moved", false, true));
        assert!(!blob.exists());
        std::fs::remove_dir_all(&root).unwrap();
    }

    /// Windows wants no path longer than 260 letters that is not marked; the standard library marks them.
    #[test]
    fn a_long_path_is_no_obstacle() {
        let root = std::env::temp_dir().join(format!("ovenbird-long-{}", std::process::id()));
        let file: String = (0..12).map(|part| format!("{part}{}/", "x".repeat(40))).collect::<String>() + "f";
        let blob = root.join("blobs").join("e");
        std::fs::create_dir_all(root.join("blobs")).unwrap();
        std::fs::write(&blob, "text").unwrap();
        let snapshot = root.join("snapshots").join("c");
        let pointer = snapshot.join(&file);
        Place { blob, snapshot, etag: "e", file: &file }.fill(true, true).unwrap();
        assert_eq!(std::fs::read_to_string(pointer).unwrap(), "text");
        std::fs::remove_dir_all(&root).unwrap();
    }
}
