//! tokenizer.json in, ids out and back.

use crate::ffi::{answer, give_string, guarded, slice, text, ObString};
use std::collections::HashSet;
use tokenizers::{Decoder, DecoderWrapper, Tokenizer};

const KNOWN: u32 = 1;
const SPECIAL: u32 = 2;
const BYTE: u32 = 4;

pub struct ObTokenizer {
    pub(crate) inner: Tokenizer,
    pub(crate) id_limit: u64,
    pub(crate) byte_level: bool,
    pub(crate) byte_ids: HashSet<u32>,
    pub(crate) special_ids: HashSet<u32>,
}

#[repr(C)]
pub struct ObIds {
    data: *mut u32,
    size: usize,
}

/// A decoder may be a sequence of others, and sequences nest.
pub(crate) fn any_decoder(decoder: &DecoderWrapper, wanted: &dyn Fn(&DecoderWrapper) -> bool) -> bool {
    match decoder {
        DecoderWrapper::Sequence(sequence) => {
            sequence.get_decoders().iter().any(|inner| any_decoder(inner, wanted))
        }
        single => wanted(single),
    }
}

/// The ids that the whole decoder takes for single bytes: those of `<0x0A>` form, where it has a byte fallback.
fn byte_ids(tokenizer: &Tokenizer) -> HashSet<u32> {
    let fallback = |decoder: &DecoderWrapper| matches!(decoder, DecoderWrapper::ByteFallback(_));
    if !tokenizer.get_decoder().is_some_and(|decoder| any_decoder(decoder, &fallback)) {
        return HashSet::new();
    }
    // The case of the digits is free, so every spelling is tried.
    let is_byte = |token: &str| {
        token.len() == 6
            && token
                .strip_prefix("<0x")
                .and_then(|rest| rest.strip_suffix('>'))
                .is_some_and(|digits| u8::from_str_radix(digits, 16).is_ok())
    };
    let vocabulary = tokenizer.get_vocab(true);
    vocabulary.into_iter().filter(|(token, _)| is_byte(token)).map(|(_, id)| id).collect()
}

impl ObTokenizer {
    pub(crate) fn load(json: &str) -> Result<Self, String> {
        let mut inner: Tokenizer = json.parse().map_err(|error| format!("{error}"))?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| error.to_string())?;
        let level = |decoder: &DecoderWrapper| matches!(decoder, DecoderWrapper::ByteLevel(_));
        let byte_level = inner.get_decoder().is_some_and(|decoder| any_decoder(decoder, &level));
        let mut tokenizer =
            Self { byte_ids: byte_ids(&inner), inner, id_limit: 0, byte_level, special_ids: HashSet::new() };
        tokenizer.count_ids();
        tokenizer.try_out()?;
        Ok(tokenizer)
    }

    /// Anew after each change: the limit, and which ids have no text in answers.
    pub(crate) fn count_ids(&mut self) {
        let vocabulary = self.inner.get_vocab(true);
        self.id_limit = vocabulary.values().max().map_or(0, |id| u64::from(*id) + 1);
        let added = self.inner.get_added_vocabulary();
        self.special_ids = added
            .get_added_tokens_decoder()
            .iter()
            .filter(|(_, token)| token.special || added.is_special_token(&token.content))
            .map(|(id, _)| *id)
            .collect();
    }

    /// A decoder that fails on plain tokens is better refused here than in the middle of an answer.
    fn try_out(&self) -> Result<(), String> {
        let Some(decoder) = self.inner.get_decoder() else {
            return Ok(());
        };
        for tokens in [vec![], vec!["a".to_string()], vec!["".to_string()]] {
            decoder.decode(tokens).map_err(|error| format!("its decoder fails: {error}"))?;
        }
        Ok(())
    }

    fn flags(&self, id: u32) -> u32 {
        if self.inner.id_to_token(id).is_none() {
            return 0;
        }
        let special = u32::from(self.special_ids.contains(&id)) * SPECIAL;
        let byte = u32::from(self.byte_ids.contains(&id)) * BYTE;
        KNOWN | special | byte
    }
}

/// # Safety
/// `json` holds `size` bytes; `out` is writable; `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn ob_tokenizer_load(
    json: *const u8,
    size: usize,
    out: *mut *mut ObTokenizer,
    error: *mut ObString,
) -> bool {
    answer(error, || {
        let tokenizer = ObTokenizer::load(text(json, size)?)?;
        *out = Box::into_raw(Box::new(tokenizer));
        Ok(())
    })
}

/// # Safety
/// `tokenizer` is null or a live handle, dead afterwards.
#[no_mangle]
pub unsafe extern "C" fn ob_tokenizer_free(tokenizer: *mut ObTokenizer) {
    if !tokenizer.is_null() {
        let tokenizer = Box::from_raw(tokenizer);
        let _ = guarded(|| {
            drop(tokenizer);
            Ok(())
        });
    }
}

/// # Safety
/// `tokenizer` is a live handle, `data` holds `size` bytes, `out` is writable, `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn ob_tokenizer_encode(
    tokenizer: *const ObTokenizer,
    data: *const u8,
    size: usize,
    add_special: bool,
    out: *mut ObIds,
    error: *mut ObString,
) -> bool {
    let tokenizer = &*tokenizer;
    answer(error, || {
        let encoding =
            tokenizer.inner.encode_fast(text(data, size)?, add_special).map_err(|error| error.to_string())?;
        let mut ids = encoding.get_ids().to_vec().into_boxed_slice();
        *out = ObIds { data: ids.as_mut_ptr(), size: ids.len() };
        std::mem::forget(ids);
        Ok(())
    })
}

/// # Safety
/// `ids` is null or points to a struct that `ob_tokenizer_encode` filled in, or to one of zeros.
#[no_mangle]
pub unsafe extern "C" fn ob_ids_free(ids: *mut ObIds) {
    if let Some(ids) = ids.as_mut() {
        if !ids.data.is_null() {
            let slice = std::ptr::slice_from_raw_parts_mut(ids.data, ids.size);
            drop(Box::from_raw(slice));
        }
        ids.data = std::ptr::null_mut();
        ids.size = 0;
    }
}

/// # Safety
/// `tokenizer` is a live handle, `ids` holds `count` values, `out` is writable, `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn ob_tokenizer_decode(
    tokenizer: *const ObTokenizer,
    ids: *const u32,
    count: usize,
    skip_special: bool,
    out: *mut ObString,
    error: *mut ObString,
) -> bool {
    let tokenizer = &*tokenizer;
    let ids = slice(ids, count);
    answer(error, || {
        let decoded = tokenizer.inner.decode(ids, skip_special);
        give_string(out, decoded.map_err(|error| error.to_string())?);
        Ok(())
    })
}

/// # Safety
/// `tokenizer` is a live handle.
#[no_mangle]
pub unsafe extern "C" fn ob_tokenizer_id_limit(tokenizer: *const ObTokenizer) -> u64 {
    (*tokenizer).id_limit
}

/// # Safety
/// `tokenizer` is a live handle, `token` holds `size` bytes, `id` is writable.
#[no_mangle]
pub unsafe extern "C" fn ob_tokenizer_token_to_id(
    tokenizer: *const ObTokenizer,
    token: *const u8,
    size: usize,
    id: *mut u32,
) -> bool {
    let tokenizer = &*tokenizer;
    let found = guarded(|| Ok(tokenizer.inner.token_to_id(text(token, size)?)));
    if let Ok(Some(found)) = found {
        *id = found;
        return true;
    }
    false
}

/// # Safety
/// `tokenizer` is a live handle, `out` is writable.
#[no_mangle]
pub unsafe extern "C" fn ob_tokenizer_id_to_token(
    tokenizer: *const ObTokenizer,
    id: u32,
    out: *mut ObString,
) -> bool {
    let tokenizer = &*tokenizer;
    match guarded(|| Ok(tokenizer.inner.id_to_token(id))) {
        Ok(Some(token)) => {
            give_string(out, token);
            true
        }
        _ => false,
    }
}

/// # Safety
/// `tokenizer` is a live handle.
#[no_mangle]
pub unsafe extern "C" fn ob_tokenizer_id_flags(tokenizer: *const ObTokenizer, id: u32) -> u32 {
    let tokenizer = &*tokenizer;
    guarded(|| Ok(tokenizer.flags(id))).unwrap_or(0)
}

/// # Safety
/// `tokenizer` is a live handle.
#[no_mangle]
pub unsafe extern "C" fn ob_tokenizer_is_byte_level(tokenizer: *const ObTokenizer) -> bool {
    (*tokenizer).byte_level
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"version": "1.0", "truncation": {"direction": "Right", "max_length": 1,
        "strategy": "LongestFirst", "stride": 0}, "padding": null,
        "added_tokens": [{"id": 3, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
                          "normalized": false, "special": true}],
        "normalizer": null, "pre_tokenizer": null, "post_processor": null,
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                  "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": true, "ignore_merges": false,
                  "vocab": {"a": 0, "<0xe2>": 1, "b": 2, "<s>": 3}, "merges": []}}"#;

    #[test]
    fn flags_and_truncation() {
        let tokenizer = ObTokenizer::load(JSON).unwrap();
        let flags: Vec<u32> = (0..5).map(|id| tokenizer.flags(id)).collect();
        assert_eq!(flags, [KNOWN, KNOWN | BYTE, KNOWN, KNOWN | SPECIAL, 0]);
        assert_eq!(tokenizer.id_limit, 4);
        assert!(!tokenizer.byte_level);
        let ids = tokenizer.inner.encode_fast("abab", false).unwrap();
        assert_eq!(ids.get_ids(), [0, 2, 0, 2]);
    }

    #[test]
    fn broken_json_is_an_error() {
        let broken = JSON.replace("\"decoders\"", "\"decoder_s\"");
        for json in ["", "{}", "[1", &JSON[..200], &broken, &"[".repeat(1 << 20)] {
            assert!(guarded(|| ObTokenizer::load(json)).is_err());
        }
    }
}
