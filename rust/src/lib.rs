//! The kept Rust crates behind the C interface of `include/ovenbird_bridge.h`, which holds the contracts.

mod arguments;
mod constraint;
mod declared;
mod ffi;
mod filters;
mod hash;
mod http;
mod hub;
mod json;
mod line_editor;
mod progress;
mod python;
mod python_text;
mod template;
mod token_bytes;
mod tokenizer;
