//! The `tojson` filter as transformers defines it: Python's json.dumps, nothing escaped for HTML.

use crate::arguments::Arguments;
use crate::python_text;
use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

const MAX_DEPTH: usize = 200;
const MAX_INDENT: usize = 64;
/// Written bytes that cost one unit of fuel.
const BYTES_A_FUEL: usize = 16;

struct Writer<'a, 'v, 'e> {
    state: &'a State<'v, 'e>,
    out: String,
    charged: usize,
    /// One step of it; nothing for one line.
    indent: Option<String>,
    between: String,
    after_key: String,
    ascii: bool,
    sorted: bool,
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::BadSerialization, format!("tojson: {what}"))
}

impl Writer<'_, '_, '_> {
    fn charge(&mut self) -> Result<(), Error> {
        let grown = self.out.len() - self.charged;
        self.charged = self.out.len();
        self.state.consume_fuel((grown / BYTES_A_FUEL) as u64 + 1)
    }

    fn text(&mut self, text: &str) -> Result<(), Error> {
        let quoted = serde_json::to_string(text).map_err(|error| wrong(&error.to_string()))?;
        if !self.ascii {
            self.out.push_str(&quoted);
            return self.charge();
        }
        for letter in quoted.chars() {
            if letter.is_ascii() && letter != '\x7f' {
                self.out.push(letter);
            } else {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    self.out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
        self.charge()
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = &self.indent {
            self.out.push('\n');
            self.out.push_str(&indent.repeat(depth));
        }
    }

    fn list(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        self.out.push('[');
        let mut empty = true;
        for item in value.try_iter()?.checked() {
            if !empty {
                self.out.push_str(&self.between);
            }
            empty = false;
            self.line(depth + 1);
            self.value(&item?, depth + 1)?;
        }
        if !empty {
            self.line(depth);
        }
        self.out.push(']');
        Ok(())
    }

    fn map(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        let mut keys = Vec::new();
        for key in value.try_iter()?.checked() {
            let key = key?;
            self.state.consume_fuel(1)?;
            keys.push((name_of(&key)?, key));
        }
        if self.sorted {
            keys.sort_by(|a, b| a.0.cmp(&b.0));
        }
        self.out.push('{');
        for (i, (name, key)) in keys.iter().enumerate() {
            if i > 0 {
                self.out.push_str(&self.between);
            }
            self.line(depth + 1);
            self.text(name)?;
            self.out.push_str(&self.after_key);
            self.value(&value.get_item(key)?, depth + 1)?;
        }
        if !keys.is_empty() {
            self.line(depth);
        }
        self.out.push('}');
        Ok(())
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(wrong("the value is nested too deeply"));
        }
        match value.kind() {
            ValueKind::None | ValueKind::Bool | ValueKind::Number => self.out.push_str(&plain(value)),
            ValueKind::String => self.text(value.as_str().unwrap_or_default())?,
            ValueKind::Seq | ValueKind::Iterable => self.list(value, depth)?,
            ValueKind::Map => self.map(value, depth)?,
            other => return Err(wrong(&format!("a {other} has no JSON form"))),
        }
        self.charge()
    }
}

/// Numbers, true, false and null.
fn plain(value: &Value) -> String {
    match (value.kind(), python_text::as_float(value)) {
        (_, Some(number)) if number.is_nan() => "NaN".to_string(),
        (_, Some(number)) if number.is_infinite() => {
            if number > 0.0 { "Infinity" } else { "-Infinity" }.to_string()
        }
        (_, Some(number)) => python_text::float(number),
        (ValueKind::None, _) => "null".to_string(),
        (ValueKind::Bool, _) => value.is_true().to_string(),
        _ => value.to_string(),
    }
}

fn name_of(key: &Value) -> Result<String, Error> {
    match (key.as_str(), key.kind()) {
        (Some(text), _) => Ok(text.to_string()),
        (_, ValueKind::None | ValueKind::Bool | ValueKind::Number) => Ok(plain(key)),
        (_, other) => Err(wrong(&format!("a {other} cannot be a key"))),
    }
}

fn step_of(indent: Option<Value>) -> Result<Option<String>, Error> {
    let Some(indent) = indent.filter(|indent| !indent.is_none()) else {
        return Ok(None);
    };
    let step = match indent.as_str() {
        Some(step) => step.to_string(),
        None => " ".repeat(i64::try_from(indent)?.clamp(0, MAX_INDENT as i64 + 1) as usize),
    };
    if step.len() > MAX_INDENT {
        return Err(wrong("the indent is too large"));
    }
    Ok(Some(step))
}

pub fn tojson(state: &State, value: &Value, Rest(args): Rest<Value>, names: Kwargs) -> Result<Value, Error> {
    let args = Arguments::of(args, names, 4)?;
    let ascii = args.flag(0, "ensure_ascii")?;
    let indent = step_of(args.value(1, "indent")?)?;
    let (between, after_key) = match args.value(2, "separators")?.filter(|pair| !pair.is_none()) {
        Some(pair) => (pair.get_item_by_index(0)?.to_string(), pair.get_item_by_index(1)?.to_string()),
        None => ((if indent.is_some() { "," } else { ", " }).to_string(), ": ".to_string()),
    };
    let sorted = args.flag(3, "sort_keys")?;
    args.finish()?;
    let mut writer =
        Writer { state, out: String::new(), charged: 0, indent, between, after_key, ascii, sorted };
    writer.value(value, 0)?;
    Ok(Value::from(writer.out))
}
