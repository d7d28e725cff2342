//! Python's methods on strings, lists and dicts. Those whose result can be far larger than their inputs are
//! paid for before they run, for the fuel only sees a method's result.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat::unknown_method_callback;

const BYTES_A_FUEL: usize = 64;
const MAX_FORMAT_WIDTH_DIGITS: usize = 4;

pub fn method(state: &mut State, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    if let (ValueKind::String, Some(text)) = (value.kind(), value.as_str()) {
        match name {
            "replace" => pay_for_replace(state, text, args)?,
            "join" => return join(state, text, args),
            "format" => pay_for_format(state, text)?,
            _ => state.consume_fuel((text.len() / BYTES_A_FUEL) as u64)?,
        }
    }
    unknown_method_callback(state, value, name, args)
}

fn pay_for_replace(state: &State, text: &str, args: &[Value]) -> Result<(), Error> {
    let size = |at: usize| args.get(at).and_then(|arg| arg.as_str()).map_or(0, str::len);
    let (old, new) = (size(0), size(1));
    let matches = match args.first().and_then(|arg| arg.as_str()) {
        Some(old_text) if old > 0 => text.matches(old_text).count(),
        _ => text.len() + 1,
    };
    let bytes = text.len().saturating_add(matches.saturating_mul(new));
    state.consume_fuel((bytes / BYTES_A_FUEL) as u64)
}

fn join(state: &State, separator: &str, args: &[Value]) -> Result<Value, Error> {
    let [values] = args else {
        return Err(Error::new(ErrorKind::InvalidOperation, "join takes one list"));
    };
    let mut out = String::new();
    for (i, value) in values.try_iter()?.checked().enumerate() {
        if i > 0 {
            out.push_str(separator);
        }
        let value = value?.to_string();
        out.push_str(&value);
        let grown = separator.len() + value.len();
        state.consume_fuel((grown / BYTES_A_FUEL) as u64 + 1)?;
    }
    Ok(Value::from(out))
}

/// Widths and precisions are the only way a format grows what it is given.
fn pay_for_format(state: &State, format: &str) -> Result<(), Error> {
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let longest = format.as_bytes().split(|byte| !is_digit(*byte)).map(<[u8]>::len).max();
    let digits = longest.unwrap_or(0);
    if digits > MAX_FORMAT_WIDTH_DIGITS {
        return Err(Error::new(ErrorKind::InvalidOperation, "format: a width is too large"));
    }
    let fields = format.bytes().filter(|byte| *byte == b'{').count();
    let bytes = fields.saturating_mul(10usize.pow(digits as u32));
    state.consume_fuel((bytes / BYTES_A_FUEL) as u64 + 1)
}
