//! Lines typed at a terminal, with editing and a history.

use crate::ffi::{give_string, guarded, text, ObString};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};
use std::path::PathBuf;

const MOST_ENTRIES: usize = 1000;

pub struct ObLineEditor {
    editor: Editor<(), FileHistory>,
    history: Option<PathBuf>,
}

#[repr(C)]
pub enum ObLine {
    Read = 0,
    End = 1,
    Interrupted = 2,
    Failed = 3,
}

fn new_editor(history: &str) -> Result<ObLineEditor, String> {
    let config = Config::builder().max_history_size(MOST_ENTRIES).map_err(|error| error.to_string())?;
    let config = config.auto_add_history(false).bracketed_paste(true).build();
    let mut editor = Editor::with_config(config).map_err(|error| error.to_string())?;
    let history = (!history.is_empty()).then(|| PathBuf::from(history));
    if let Some(path) = history.as_ref().filter(|path| path.exists()) {
        editor.load_history(path).map_err(|error| error.to_string())?;
    }
    Ok(ObLineEditor { editor, history })
}

fn remember(line_editor: &mut ObLineEditor, entry: &str) -> Result<(), String> {
    let added = line_editor.editor.add_history_entry(entry).map_err(|error| error.to_string())?;
    match line_editor.history.as_ref() {
        Some(path) if added => line_editor.editor.append_history(path).map_err(|error| error.to_string()),
        _ => Ok(()),
    }
}

/// # Safety
/// `history` holds `size` bytes; `error` as in `give_string`.
#[no_mangle]
pub unsafe extern "C" fn ob_line_editor_new(
    history: *const u8,
    size: usize,
    error: *mut ObString,
) -> *mut ObLineEditor {
    match guarded(|| new_editor(text(history, size)?)) {
        Ok(editor) => Box::into_raw(Box::new(editor)),
        Err(reason) => {
            give_string(error, reason);
            std::ptr::null_mut()
        }
    }
}

/// # Safety
/// `line_editor` is a live handle; `prompt` holds `size` bytes; `line` as in `give_string`.
#[no_mangle]
pub unsafe extern "C" fn ob_line_editor_read(
    line_editor: *mut ObLineEditor,
    prompt: *const u8,
    size: usize,
    line: *mut ObString,
) -> ObLine {
    let read = guarded(|| Ok((*line_editor).editor.readline(text(prompt, size)?)));
    let (outcome, words) = match read {
        Ok(Ok(words)) => (ObLine::Read, words),
        Ok(Err(ReadlineError::Eof)) => (ObLine::End, String::new()),
        Ok(Err(ReadlineError::Interrupted)) => (ObLine::Interrupted, String::new()),
        Ok(Err(error)) => (ObLine::Failed, error.to_string()),
        Err(reason) => (ObLine::Failed, reason),
    };
    give_string(line, words);
    outcome
}

/// # Safety
/// `line_editor` is a live handle; `entry` holds `size` bytes; `error` as in `give_string`.
#[no_mangle]
pub unsafe extern "C" fn ob_line_editor_remember(
    line_editor: *mut ObLineEditor,
    entry: *const u8,
    size: usize,
    error: *mut ObString,
) -> bool {
    crate::ffi::answer(error, || remember(&mut *line_editor, text(entry, size)?))
}

/// # Safety
/// `line_editor` is null or a live handle, dead afterwards.
#[no_mangle]
pub unsafe extern "C" fn ob_line_editor_free(line_editor: *mut ObLineEditor) {
    if !line_editor.is_null() {
        let line_editor = Box::from_raw(line_editor);
        let _ = guarded(|| {
            drop(line_editor);
            Ok(())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_outlives_the_editor() {
        let path = std::env::temp_dir().join(format!("ovenbird-history-{}", std::process::id()));
        let name = path.to_str().unwrap();
        let _ = std::fs::remove_file(&path);
        for entry in ["first", "two\nlines"] {
            remember(&mut new_editor(name).unwrap(), entry).unwrap();
        }
        let again = new_editor(name).unwrap();
        let entries: Vec<_> = again.editor.history().iter().cloned().collect();
        assert_eq!(entries, ["first", "two\nlines"]);
        std::fs::remove_file(&path).unwrap();
    }
}
