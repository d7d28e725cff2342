//! One progress bar at a time on stderr.

use crate::ffi::{guarded, text};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::Write;

const TEMPLATE: &str =
    "{msg} [{wide_bar}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta} left";
const STEPS_TEMPLATE: &str = "{msg} [{wide_bar}] {percent}% {eta} left";
const DRAWS_A_SECOND: u8 = 8;

pub struct ObProgress {
    bar: ProgressBar,
}

fn new_bar(title: &str, total: u64, counts_bytes: bool) -> Result<ProgressBar, String> {
    let template = if counts_bytes { TEMPLATE } else { STEPS_TEMPLATE };
    let style =
        ProgressStyle::with_template(template).map_err(|error| error.to_string())?.progress_chars("=> ");
    let target = ProgressDrawTarget::stderr_with_hz(DRAWS_A_SECOND);
    let bar = ProgressBar::with_draw_target(Some(total), target).with_style(style);
    bar.set_message(title.to_string());
    Ok(bar)
}

/// # Safety
/// `title` holds `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn ob_progress_new(
    title: *const u8,
    size: usize,
    total: u64,
    counts_bytes: bool,
) -> *mut ObProgress {
    match guarded(|| new_bar(text(title, size)?, total, counts_bytes)) {
        Ok(bar) => Box::into_raw(Box::new(ObProgress { bar })),
        Err(_) => std::ptr::null_mut(),
    }
}

/// # Safety
/// `progress` is null or a live handle.
#[no_mangle]
pub unsafe extern "C" fn ob_progress_set(progress: *mut ObProgress, done: u64) {
    if let Some(progress) = progress.as_ref() {
        let _ = guarded(|| {
            progress.bar.set_position(done);
            Ok(())
        });
    }
}

/// # Safety
/// `progress` is null or a live handle; `data` holds `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn ob_progress_println(progress: *mut ObProgress, data: *const u8, size: usize) {
    let line = crate::ffi::slice(data, size);
    let _ = guarded(|| {
        let line = String::from_utf8_lossy(line);
        match progress.as_ref() {
            Some(progress) if !progress.bar.is_hidden() => progress.bar.println(line),
            _ => {
                let _ = writeln!(std::io::stderr(), "{line}");
            }
        }
        Ok(())
    });
}

/// # Safety
/// `progress` is null or a live handle, dead afterwards.
#[no_mangle]
pub unsafe extern "C" fn ob_progress_finish(progress: *mut ObProgress) {
    if !progress.is_null() {
        let progress = Box::from_raw(progress);
        let _ = guarded(|| {
            progress.bar.finish_and_clear();
            drop(progress);
            Ok(())
        });
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_template_is_well_formed() {
        for counts_bytes in [true, false] {
            let bar = super::new_bar("weights", 10, counts_bytes).unwrap();
            bar.set_position(5);
            assert_eq!(bar.position(), 5);
            bar.finish_and_clear();
        }
    }
}
