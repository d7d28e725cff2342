//! Tokens and rules that the files beside a tokenizer.json declare, put into the tokenizer as transformers does.

use crate::ffi::{answer, text, ObString};
use crate::tokenizer::ObTokenizer;
use serde_json::{json, Value};
use std::collections::HashSet;
use tokenizers::{AddedToken, PostProcessorWrapper, Tokenizer};

fn named<'a>(declared: &'a Value, key: &str) -> Option<&'a str> {
    declared[key].as_str()
}

/// Tokens of `tokens` that are unknown or declared with other properties; those that exist and are named as special
/// ones become so.
fn add_tokens(inner: &mut Tokenizer, declared: &Value) -> Result<(), String> {
    let names: HashSet<&str> =
        declared["named"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut tokens: Vec<AddedToken> = Vec::new();
    for token in declared["tokens"].as_array().into_iter().flatten() {
        tokens.push(serde_json::from_value(token.clone()).map_err(|error| error.to_string())?);
    }
    let mut known: Vec<(u32, AddedToken)> = inner.get_added_tokens_decoder().into_iter().collect();
    known.sort_by_key(|(id, _)| *id);
    let there: HashSet<&str> = known.iter().map(|(_, token)| token.content.as_str()).collect();
    for token in declared["only_named"].as_array().into_iter().flatten() {
        let token: AddedToken = serde_json::from_value(token.clone()).map_err(|error| error.to_string())?;
        if !there.contains(token.content.as_str()) {
            tokens.push(token);
        }
    }
    let seen: HashSet<String> = tokens.iter().map(|token| token.content.clone()).collect();
    tokens.extend(known.into_iter().map(|(_, token)| token).filter(|token| {
        !token.special && names.contains(token.content.as_str()) && !seen.contains(&token.content)
    }));
    for token in &mut tokens {
        token.special |= names.contains(token.content.as_str());
    }
    if tokens.is_empty() {
        return Ok(());
    }
    inner.add_tokens(tokens).map(|_| ()).map_err(|error| error.to_string())
}

/// What the post-processor writes before and behind a text.
fn surroundings(inner: &Tokenizer) -> Result<(Vec<u32>, Vec<u32>), String> {
    let ids = |special| {
        inner
            .encode_fast("a", special)
            .map(|found| found.get_ids().to_vec())
            .map_err(|error| error.to_string())
    };
    let (plain, whole) = (ids(false)?, ids(true)?);
    let at = (0..=whole.len().saturating_sub(plain.len())).find(|at| whole[*at..].starts_with(&plain));
    let Some(at) = at else {
        return Ok((Vec::new(), Vec::new()));
    };
    Ok((whole[..at].to_vec(), whole[at + plain.len()..].to_vec()))
}

/// `add_bos_token` and `add_eos_token`: a flag that is absent leaves what the post-processor does, one that says what
/// it does already changes nothing.
fn settle_ends(inner: &mut Tokenizer, declared: &Value) -> Result<(), String> {
    let (said_bos, said_eos) = (declared["add_bos"].as_bool(), declared["add_eos"].as_bool());
    if said_bos.is_none() && said_eos.is_none() {
        return Ok(());
    }
    let known = |key| named(declared, key).and_then(|token| Some((token, inner.token_to_id(token)?)));
    let (bos, eos) = (known("bos"), known("eos"));
    let (before, behind) = surroundings(inner)?;
    let has =
        (bos.is_some_and(|(_, id)| before.contains(&id)), eos.is_some_and(|(_, id)| behind.contains(&id)));
    let wanted = (said_bos.unwrap_or(has.0) && bos.is_some(), said_eos.unwrap_or(has.1) && eos.is_some());
    if wanted == has {
        return Ok(());
    }
    let (mut single, mut pair, mut specials) = (Vec::new(), Vec::new(), serde_json::Map::new());
    for (sequence, name) in [(0, "A"), (1, "B")] {
        let mut part = Vec::new();
        let mut add = |token: (&str, u32), part: &mut Vec<Value>| {
            let (text, id) = token;
            part.push(json!({"SpecialToken": {"id": text, "type_id": sequence}}));
            specials.insert(text.to_string(), json!({"id": text, "ids": [id], "tokens": [text]}));
        };
        if let (true, Some(token)) = (wanted.0, bos) {
            add(token, &mut part);
        }
        part.push(json!({"Sequence": {"id": name, "type_id": sequence}}));
        if let (true, Some(token)) = (wanted.1, eos) {
            add(token, &mut part);
        }
        if sequence == 0 {
            single.clone_from(&part);
        }
        pair.extend(part);
    }
    let processor =
        json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": specials});
    let processor: PostProcessorWrapper =
        serde_json::from_value(processor).map_err(|error| error.to_string())?;
    inner.with_post_processor(Some(processor));
    Ok(())
}

impl ObTokenizer {
    pub(crate) fn declare(&mut self, json: &str) -> Result<(), String> {
        let declared: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
        add_tokens(&mut self.inner, &declared)?;
        settle_ends(&mut self.inner, &declared)?;
        self.count_ids();
        Ok(())
    }
}

/// # Safety
/// `tokenizer` is a live handle that nobody else uses yet, `json` holds `size` bytes, `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn ob_tokenizer_declare(
    tokenizer: *mut ObTokenizer,
    json: *const u8,
    size: usize,
    error: *mut ObString,
) -> bool {
    let tokenizer = &mut *tokenizer;
    answer(error, || tokenizer.declare(text(json, size)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> ObTokenizer {
        let token = |id: u32, content: &str, special: bool| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                   "normalized": false, "special": special})
        };
        let json = json!({"version": "1.0", "truncation": null, "padding": null,
            "added_tokens": [token(2, "<s>", true), token(3, "<e>", false)],
            "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": {"type": "Fuse"},
            "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                      "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                      "vocab": {"a": 0, "b": 1, "<s>": 2, "<e>": 3}, "merges": []}});
        ObTokenizer::load(&json.to_string()).unwrap()
    }

    fn ids(tokenizer: &ObTokenizer, text: &str, special: bool) -> Vec<u32> {
        tokenizer.inner.encode_fast(text, special).unwrap().get_ids().to_vec()
    }

    #[test]
    fn declared_tokens_get_the_next_ids_and_named_ones_are_special() {
        let mut tokenizer = plain();
        let turn = json!({"content": "<turn>", "single_word": false, "lstrip": false, "rstrip": false,
                          "normalized": false, "special": false});
        let declared = json!({"tokens": [turn], "named": ["<e>"]});
        tokenizer.declare(&declared.to_string()).unwrap();
        assert_eq!(ids(&tokenizer, "a<turn>b", false), [0, 4, 1]);
        assert_eq!(tokenizer.id_limit, 5);
        assert!(!tokenizer.special_ids.contains(&4));
        assert!(tokenizer.special_ids.contains(&3));
        assert_eq!(tokenizer.inner.decode(&[0, 3, 1], true).unwrap(), "ab");
    }

    #[test]
    fn flags_decide_what_surrounds_a_text() {
        let mut tokenizer = plain();
        let say = |tokenizer: &mut ObTokenizer, bos: Value, eos: Value| {
            let declared = json!({"bos": "<s>", "eos": "<e>", "add_bos": bos, "add_eos": eos});
            tokenizer.declare(&declared.to_string()).unwrap();
            ids(tokenizer, "a", true)
        };
        assert_eq!(say(&mut tokenizer, json!(null), json!(null)), [0]);
        assert_eq!(say(&mut tokenizer, json!(true), json!(null)), [2, 0]);
        assert_eq!(say(&mut tokenizer, json!(null), json!(true)), [2, 0, 3]);
        assert_eq!(say(&mut tokenizer, json!(false), json!(null)), [0, 3]);
        assert_eq!(say(&mut tokenizer, json!(false), json!(false)), [0]);
        assert_eq!(ids(&tokenizer, "<s>a", true), [2, 0]);
    }
}
