//! What an answer may be (a JSON schema, a Lark grammar, a regular expression): which tokens may come next.

use crate::ffi::{answer, guarded, slice, text, ObString};
use crate::token_bytes::token_bytes;
use crate::tokenizer::ObTokenizer;
use llguidance::api::{ParserLimits, TopLevelGrammar};
use llguidance::toktrie::{ApproximateTokEnv, InferenceCapabilities, SimpleVob, TokEnv, TokRxInfo, TokTrie};
use llguidance::{Matcher, ParserFactory};
use serde_json::{json, Value};
use std::sync::Arc;

const JSON_SCHEMA: i32 = 0;
const LARK: i32 = 1;
const REGEX: i32 = 2;

/// A grammar is compiled in memory of a multiple of its text.
const MOST_TEXT_BYTES: usize = 1 << 20;
const MOST_REASON: usize = 600;
/// A blank, or a new line and its indentation: a model that likes blanks must still come to an end.
const JSON_SPACE: &str = r" |\n[ \t]{0,40}";
/// No token has this id: an answer without EOS ends by its grammar alone.
const NO_EOS: u32 = u32::MAX;

pub struct ObTokenTree {
    factory: ParserFactory,
    known: Arc<SimpleVob>,
}

pub struct ObConstraint {
    matcher: Matcher,
    known: Arc<SimpleVob>,
}

/// llguidance adds its own state, of many lines, to what went wrong, and repeats texts of any length.
fn reason(error: impl std::fmt::Display) -> String {
    let full = format!("{error:#}");
    let end = full.find("\n<").unwrap_or(full.len());
    let short: String = full[..end].trim().chars().take(MOST_REASON).collect();
    if short.len() < full[..end].trim().len() {
        return short + " …";
    }
    short
}

impl ObTokenTree {
    fn new(tokenizer: &ObTokenizer, eos_ids: &[u32]) -> Result<Self, String> {
        let words = token_bytes(tokenizer)?;
        let size = u32::try_from(words.len()).map_err(|error| error.to_string())?;
        let eos_ids: Vec<u32> = eos_ids.iter().copied().filter(|id| *id < size).collect();
        let eos = eos_ids.first().copied().unwrap_or(NO_EOS);
        let mut tree = TokTrie::from(&TokRxInfo::new(size, eos), &words);
        if eos_ids.len() > 1 {
            tree = tree.with_eos_tokens(&eos_ids);
        }
        let mut known = tree.alloc_token_set();
        for (id, word) in (0u32..).zip(&words) {
            if !word.is_empty() || eos_ids.contains(&id) {
                known.allow_token(id);
            }
        }
        let environment: TokEnv = Arc::new(ApproximateTokEnv::new(tree));
        let slices = llguidance::earley::SlicedBiasComputer::json_slices();
        let mut factory =
            ParserFactory::new(&environment, InferenceCapabilities::default(), &slices).map_err(reason)?;
        factory.quiet();
        *factory.limits_mut() = ParserLimits { verbose_errors: false, ..ParserLimits::default() };
        Ok(Self { factory, known: Arc::new(known) })
    }
}

fn schema_grammar(text: &str) -> Result<TopLevelGrammar, String> {
    let mut schema: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    match &mut schema {
        Value::Object(object) => {
            let options = object.entry("x-guidance").or_insert_with(|| json!({}));
            if let Some(options) = options.as_object_mut() {
                if options.get("whitespace_flexible") != Some(&json!(false)) {
                    options.entry("whitespace_pattern").or_insert_with(|| json!(JSON_SPACE));
                }
            }
        }
        Value::Bool(_) => {}
        _ => return Err("it is neither an object nor true or false".to_string()),
    }
    Ok(TopLevelGrammar::from_json_schema(schema))
}

impl ObConstraint {
    fn new(tree: &ObTokenTree, kind: i32, text: &str) -> Result<Self, String> {
        if text.len() > MOST_TEXT_BYTES {
            return Err(format!("it has {} bytes, more than {MOST_TEXT_BYTES}", text.len()));
        }
        if text.trim().is_empty() {
            return Err("it is empty".to_string());
        }
        let grammar = match kind {
            JSON_SCHEMA => schema_grammar(text)?,
            LARK => TopLevelGrammar::from_lark(text.to_string()),
            REGEX => TopLevelGrammar::from_regex(text),
            _ => return Err(format!("there is no kind {kind} of constraint")),
        };
        let parser = tree.factory.create_parser(grammar).map_err(reason)?;
        let matcher = Matcher::new(Ok(parser));
        Ok(Self { matcher, known: tree.known.clone() })
    }

    fn allowed(&mut self, words: &mut [u32]) -> Result<(), String> {
        let mask = self.matcher.compute_mask_or_eos().map_err(reason)?;
        words.fill(0);
        for ((word, allowed), known) in words.iter_mut().zip(mask.as_slice()).zip(self.known.as_slice()) {
            *word = allowed & known;
        }
        Ok(())
    }

    fn take(&mut self, id: u32) -> Result<(), String> {
        if self.matcher.try_consume_tokens(&[id]).map_err(reason)? == 1 {
            return Ok(());
        }
        Err(format!("token {id} may not come here"))
    }
}

/// # Safety
/// `tokenizer` is a live handle, `eos_ids` holds `count` values, `out` is writable, `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn ob_token_tree_new(
    tokenizer: *const ObTokenizer,
    eos_ids: *const u32,
    count: usize,
    out: *mut *mut ObTokenTree,
    error: *mut ObString,
) -> bool {
    let tokenizer = &*tokenizer;
    answer(error, || {
        let tree = ObTokenTree::new(tokenizer, slice(eos_ids, count))?;
        *out = Box::into_raw(Box::new(tree));
        Ok(())
    })
}

/// # Safety
/// `tree` is null or a live handle, dead afterwards.
#[no_mangle]
pub unsafe extern "C" fn ob_token_tree_free(tree: *mut ObTokenTree) {
    if !tree.is_null() {
        let tree = Box::from_raw(tree);
        let _ = guarded(|| {
            drop(tree);
            Ok(())
        });
    }
}

/// # Safety
/// `tree` is a live handle, `data` holds `size` bytes, `out` is writable, `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn ob_constraint_new(
    tree: *const ObTokenTree,
    kind: i32,
    data: *const u8,
    size: usize,
    out: *mut *mut ObConstraint,
    error: *mut ObString,
) -> bool {
    let tree = &*tree;
    answer(error, || {
        let constraint = ObConstraint::new(tree, kind, text(data, size)?)?;
        *out = Box::into_raw(Box::new(constraint));
        Ok(())
    })
}

/// # Safety
/// `constraint` is null or a live handle, dead afterwards.
#[no_mangle]
pub unsafe extern "C" fn ob_constraint_free(constraint: *mut ObConstraint) {
    if !constraint.is_null() {
        let constraint = Box::from_raw(constraint);
        let _ = guarded(|| {
            drop(constraint);
            Ok(())
        });
    }
}

/// # Safety
/// `constraint` is a live handle that nobody else uses meanwhile, `words` holds `count` writable values,
/// `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn ob_constraint_allowed(
    constraint: *mut ObConstraint,
    words: *mut u32,
    count: usize,
    error: *mut ObString,
) -> bool {
    let constraint = &mut *constraint;
    let words: &mut [u32] = if count == 0 { &mut [] } else { std::slice::from_raw_parts_mut(words, count) };
    answer(error, || constraint.allowed(words))
}

/// # Safety
/// `constraint` is a live handle that nobody else uses meanwhile, `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn ob_constraint_take(
    constraint: *mut ObConstraint,
    id: u32,
    error: *mut ObString,
) -> bool {
    let constraint = &mut *constraint;
    answer(error, || constraint.take(id))
}

/// # Safety
/// `constraint` is a live handle that nobody else uses meanwhile.
#[no_mangle]
pub unsafe extern "C" fn ob_constraint_may_end(constraint: *mut ObConstraint) -> bool {
    let constraint = &mut *constraint;
    guarded(|| constraint.matcher.is_accepting().map_err(reason)).unwrap_or(false)
}

/// # Safety
/// `constraint` is a live handle.
#[no_mangle]
pub unsafe extern "C" fn ob_constraint_must_end(constraint: *const ObConstraint) -> bool {
    let constraint = &*constraint;
    guarded(|| Ok(constraint.matcher.is_stopped() && !constraint.matcher.is_error())).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids 0 to 255 are the bytes, 256 is a hole of no token, then `<s>`, `</s>` and a long token.
    fn tree() -> ObTokenTree {
        let mut vocabulary: serde_json::Map<String, Value> =
            (0..256u32).map(|byte| (format!("<0x{byte:02X}>"), json!(byte))).collect();
        let special = |id: u32, content: &str| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                   "normalized": false, "special": true})
        };
        vocabulary.insert("a".repeat(2_000), json!(259));
        let json = json!({"version": "1.0", "truncation": null, "padding": null,
            "added_tokens": [special(257, "<s>"), special(258, "</s>")],
            "normalizer": null, "pre_tokenizer": null, "post_processor": null,
            "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
            "model": {"type": "BPE", "vocab": vocabulary, "merges": [], "byte_fallback": true}});
        let tokenizer = ObTokenizer::load(&json.to_string()).unwrap();
        ObTokenTree::new(&tokenizer, &[258, 7_000]).unwrap()
    }

    fn ids(constraint: &mut ObConstraint) -> Vec<u32> {
        let mut words = [u32::MAX; 10];
        constraint.allowed(&mut words).unwrap();
        (0..320).filter(|id| words[(id / 32) as usize] >> (id % 32) & 1 == 1).collect()
    }

    fn refused(kind: i32, text: &str) -> String {
        let tree = tree();
        guarded(|| ObConstraint::new(&tree, kind, text).map(|_| ())).unwrap_err()
    }

    #[test]
    fn bytes_one_by_one_and_then_the_end() {
        let tree = tree();
        let mut constraint = ObConstraint::new(&tree, REGEX, "ab?").unwrap();
        assert_eq!(ids(&mut constraint), [97]);
        constraint.take(97).unwrap();
        assert_eq!(ids(&mut constraint), [98, 258]);
        assert!(!constraint.matcher.is_stopped());
        constraint.take(98).unwrap();
        assert!(constraint.matcher.is_stopped());
        assert_eq!(ids(&mut constraint), [258]);
        assert!(constraint.take(97).is_err());
    }

    #[test]
    fn holes_and_special_tokens_never_come_as_text() {
        let tree = tree();
        let mut constraint = ObConstraint::new(&tree, REGEX, "(.|\\n)*").unwrap();
        let allowed = ids(&mut constraint);
        assert!(allowed.contains(&10) && allowed.contains(&258));
        assert!(!allowed.contains(&256) && !allowed.contains(&257) && !allowed.contains(&259));
        assert!(*allowed.last().unwrap() == 258);
    }

    #[test]
    fn what_is_refused_says_why() {
        for (kind, text, part) in [
            (JSON_SCHEMA, "{\"type\": ", "not JSON"),
            (JSON_SCHEMA, "[]", "neither an object"),
            (JSON_SCHEMA, r#"{"properties": {"a": {"type": "strin"}}}"#, "strin"),
            (JSON_SCHEMA, r#"{"$ref": "other.json"}"#, "other.json"),
            (JSON_SCHEMA, r#"{"type": "integer", "minimum": 3, "maximum": 2}"#, "minimum"),
            (JSON_SCHEMA, r#"{"type": "string", "format": "colour"}"#, "colour"),
            (LARK, "start: nowhere", "nowhere"),
            (REGEX, "(", "unclosed"),
            (REGEX, " ", "empty"),
            (7, "x", "kind"),
        ] {
            let error = refused(kind, text);
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("<state>") && !error.contains("verbose"), "{error}");
        }
    }

    #[test]
    fn depth_and_size_have_limits() {
        let deep = "(".repeat(200_000);
        let nested = format!("{}true{}", "{\"not\":".repeat(120), "}".repeat(120));
        for (kind, text) in [
            (LARK, format!("start: {deep}")),
            (LARK, format!("start: /{deep}/")),
            (LARK, "a".repeat(MOST_TEXT_BYTES + 1)),
            (REGEX, deep),
            (JSON_SCHEMA, "{\"items\":".repeat(100_000)),
            (JSON_SCHEMA, nested),
        ] {
            assert!(refused(kind, &text).chars().count() < MOST_REASON + 10);
        }
        // Compiled as it is walked: what counts is that no step runs away.
        let tree = tree();
        for text in ["((((a{1000}){1000}){1000}){1000}){1000}", "a{1000000}"] {
            let mut constraint = ObConstraint::new(&tree, REGEX, text).unwrap();
            assert_eq!(ids(&mut constraint), [97]);
            constraint.take(97).unwrap();
            assert_eq!(ids(&mut constraint), [97]);
        }
    }
}
