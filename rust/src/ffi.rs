//! What every exported function shares: borrowed inputs, owned outputs, and panics turned into errors.

use std::cell::RefCell;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Once;

/// Text handed to the caller, who gives it back to `ob_string_free`.
#[repr(C)]
pub struct ObString {
    data: *mut u8,
    size: usize,
}

/// Leaves an owned text in `out`, unless the caller does not want it.
///
/// # Safety
/// `out` is null or points to writable memory for one `ObString`.
pub unsafe fn give_string(out: *mut ObString, text: String) {
    if let Some(out) = out.as_mut() {
        let mut bytes = text.into_bytes().into_boxed_slice();
        out.data = bytes.as_mut_ptr();
        out.size = bytes.len();
        std::mem::forget(bytes);
    }
}

/// # Safety
/// `text` is null or points to a struct that a bridge function filled in, or to one of zeros.
#[no_mangle]
pub unsafe extern "C" fn ob_string_free(text: *mut ObString) {
    if let Some(text) = text.as_mut() {
        if !text.data.is_null() {
            let bytes = std::ptr::slice_from_raw_parts_mut(text.data, text.size);
            drop(Box::from_raw(bytes));
        }
        text.data = std::ptr::null_mut();
        text.size = 0;
    }
}

/// The caller's bytes; a null pointer is an empty slice, as an empty C++ view may have one.
///
/// # Safety
/// `data` is null or points to `size` values that outlive the result.
pub unsafe fn slice<'a, T>(data: *const T, size: usize) -> &'a [T] {
    if data.is_null() || size == 0 {
        &[]
    } else {
        std::slice::from_raw_parts(data, size)
    }
}

/// The caller's bytes as text, or the reason why they are none.
///
/// # Safety
/// As `slice`.
pub unsafe fn text<'a>(data: *const u8, size: usize) -> Result<&'a str, String> {
    std::str::from_utf8(slice(data, size)).map_err(|error| {
        let at = error.valid_up_to();
        format!("the text is not valid UTF-8 (at byte {at})")
    })
}

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `body`; a panic becomes its message. Nothing is printed: the hook only remembers what it was told.
pub fn guarded<R>(body: impl FnOnce() -> Result<R, String>) -> Result<R, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default_hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if cfg!(test) {
                default_hook(info);
            }
            let _ = PANIC.try_with(|text| *text.borrow_mut() = info.to_string());
        }))
    });
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => result,
        Err(payload) => {
            // What a panic carries may itself panic when dropped; leaking it is the safe end.
            std::mem::forget(payload);
            let text = PANIC.with(|text| std::mem::take(&mut *text.borrow_mut()));
            Err(format!("a library gave up on it: {text}"))
        }
    }
}

/// `guarded` for functions that return success as a bool and their reason through `error`.
///
/// # Safety
/// As `give_string`.
pub unsafe fn answer(error: *mut ObString, body: impl FnOnce() -> Result<(), String>) -> bool {
    match guarded(body) {
        Ok(()) => true,
        Err(reason) => {
            give_string(error, reason);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let result: Result<(), String> = guarded(|| panic!("seven {}", 7));
        assert!(result.unwrap_err().contains("seven 7"));
    }

    #[test]
    fn strings_come_and_go() {
        for text in ["", "héllo"] {
            let mut out = ObString { data: std::ptr::null_mut(), size: 0 };
            unsafe {
                give_string(&mut out, text.to_string());
                assert_eq!(slice(out.data, out.size), text.as_bytes());
                ob_string_free(&mut out);
                assert!(out.data.is_null());
                ob_string_free(&mut out);
            }
        }
    }

    #[test]
    fn broken_utf8_is_named() {
        let bytes = b"ab\xff";
        let error = unsafe { text(bytes.as_ptr(), bytes.len()) }.unwrap_err();
        assert!(error.contains("byte 2"), "{error}");
    }
}
