//! The bytes that each token stands for, as the tokenizer's own decoder would give them.

use crate::tokenizer::{any_decoder, ObTokenizer};
use std::collections::HashMap;
use tokenizers::DecoderWrapper;

/// The tree of tokens holds ids of 24 bits and some more nodes than tokens.
const MOST_IDS: u64 = 1 << 20;
/// It also holds no longer tokens; such ones are never offered.
const MOST_BYTES: usize = 1000;
/// Starts the name of a token that stands for no text. Text never holds this byte.
const NO_TEXT: u8 = 0xff;

/// GPT-2's alphabet: printable bytes stand for themselves, the others for the code points from U+0100 on.
fn alphabet() -> HashMap<char, u8> {
    let mut strangers = (0x100..).filter_map(char::from_u32);
    (0..=255u8)
        .filter_map(|byte| {
            let own = char::from(byte);
            let printable = matches!(own, '!'..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}');
            let letter = if printable { own } else { strangers.next()? };
            Some((letter, byte))
        })
        .collect()
}

/// The character that the decoder turns into a blank, where it joins tokens without anything between them.
fn blank_of(decoder: &DecoderWrapper) -> Option<String> {
    match decoder {
        DecoderWrapper::Sequence(sequence) => sequence.get_decoders().iter().find_map(blank_of),
        DecoderWrapper::Metaspace(metaspace) => Some(metaspace.get_replacement().to_string()),
        // The pattern has no accessor, but it is written to tokenizer.json.
        DecoderWrapper::Replace(replace) => {
            let json = serde_json::to_value(replace).ok()?;
            let pattern = json.get("pattern")?.get("String")?.as_str()?;
            (json.get("content")?.as_str()? == " ").then(|| pattern.to_string())
        }
        _ => None,
    }
}

/// One entry for each id below the tokenizer's limit; empty where no token has it, or none that can be offered.
pub fn token_bytes(tokenizer: &ObTokenizer) -> Result<Vec<Vec<u8>>, String> {
    let Some(decoder) = tokenizer.inner.get_decoder() else {
        return Err("the tokenizer has no decoder, so the text of a token is not known".to_string());
    };
    if tokenizer.id_limit > MOST_IDS {
        return Err(format!("the tokenizer has ids up to {}, more than {MOST_IDS}", tokenizer.id_limit - 1));
    }
    let blank = blank_of(decoder);
    let fallback = any_decoder(decoder, &|one| matches!(one, DecoderWrapper::ByteFallback(_)));
    if !tokenizer.byte_level && !fallback && blank.is_none() {
        return Err(
            "its decoder does not join tokens byte by byte, as byte-level and SentencePiece ones do".into()
        );
    }
    let letters = alphabet();
    let text_of = |token: &str, id: u32| -> Vec<u8> {
        if tokenizer.byte_level {
            // As the decoder: a token with any other letter stands for itself.
            let bytes: Option<Vec<u8>> = token.chars().map(|letter| letters.get(&letter).copied()).collect();
            return bytes.unwrap_or_else(|| token.as_bytes().to_vec());
        }
        if tokenizer.byte_ids.contains(&id) {
            return u8::from_str_radix(&token[3..5], 16).map_or_else(|_| Vec::new(), |byte| vec![byte]);
        }
        match &blank {
            Some(blank) => token.replace(blank.as_str(), " ").into_bytes(),
            None => token.as_bytes().to_vec(),
        }
    };
    let mut all = vec![Vec::new(); usize::try_from(tokenizer.id_limit).unwrap_or(0)];
    for (token, id) in tokenizer.inner.get_vocab(true) {
        let bytes = if tokenizer.special_ids.contains(&id) {
            [&[NO_TEXT], token.as_bytes()].concat()
        } else {
            text_of(&token, id)
        };
        if bytes.len() <= MOST_BYTES {
            all[id as usize] = bytes;
        }
    }
    Ok(all)
}
