//! BLAKE3 of bytes and files.

use crate::ffi::{give_string, guarded, slice, ObString};
use std::io::ErrorKind;
use std::path::PathBuf;

const OK: i32 = 0;
const NOT_FOUND: i32 = 1;
const IO: i32 = 2;
const INTERNAL: i32 = 3;

/// # Safety
/// `data` holds `size` bytes, `digest` has room for 32.
#[no_mangle]
pub unsafe extern "C" fn ob_hash_bytes(data: *const u8, size: usize, digest: *mut u8) -> bool {
    let bytes = slice(data, size);
    match guarded(|| Ok(blake3::Hasher::new().update_rayon(bytes).finalize())) {
        Ok(hash) => {
            std::ptr::copy_nonoverlapping(hash.as_bytes().as_ptr(), digest, 32);
            true
        }
        Err(_) => false,
    }
}

/// # Safety
/// `path` holds `path_size` bytes, `digest` has room for 32, `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn ob_hash_file(
    path: *const u8,
    path_size: usize,
    digest: *mut u8,
    error: *mut ObString,
) -> i32 {
    let path = slice(path, path_size);
    let hashed = guarded(|| {
        let mut hasher = blake3::Hasher::new();
        Ok(native_path(path).and_then(|path| hasher.update_mmap_rayon(path).map(|hasher| hasher.finalize())))
    });
    match hashed {
        Ok(Ok(hash)) => {
            std::ptr::copy_nonoverlapping(hash.as_bytes().as_ptr(), digest, 32);
            OK
        }
        Ok(Err(reason)) => {
            give_string(error, reason.to_string());
            match reason.kind() {
                ErrorKind::NotFound => NOT_FOUND,
                _ => IO,
            }
        }
        Err(reason) => {
            give_string(error, reason);
            INTERNAL
        }
    }
}

#[cfg(unix)]
fn native_path(bytes: &[u8]) -> std::io::Result<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn native_path(bytes: &[u8]) -> std::io::Result<PathBuf> {
    std::str::from_utf8(bytes)
        .map(PathBuf::from)
        .map_err(|error| std::io::Error::new(ErrorKind::InvalidInput, error))
}
