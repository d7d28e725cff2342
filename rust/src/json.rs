//! The `tojson` filter as transformers defines it: Python's json.dumps, nothing escaped for HTML.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

const MAX_DEPTH: usize = 200;
const MAX_INDENT: usize = 64;
/// Written bytes that cost one unit of fuel.
const BYTES_A_FUEL: usize = 16;

struct Writer<'a, 'v, 'e> {
    state: &'a State<'v, 'e>,
    out: String,
    charged: usize,
    indent: Option<usize>,
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
            if letter.is_ascii() {
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
        if let Some(indent) = self.indent {
            self.out.push('\n');
            self.out.push_str(&" ".repeat(indent * depth));
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
            keys.push((key.to_string(), key));
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
            ValueKind::None | ValueKind::Undefined => self.out.push_str("null"),
            ValueKind::Bool => self.out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.out.push_str(&value.to_string()),
            ValueKind::String => self.text(value.as_str().unwrap_or_default())?,
            ValueKind::Seq | ValueKind::Iterable => self.list(value, depth)?,
            ValueKind::Map => self.map(value, depth)?,
            other => return Err(wrong(&format!("a {other} has no JSON form"))),
        }
        self.charge()
    }
}

pub fn tojson(state: &State, value: &Value, args: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = args.get("indent")?;
    if indent.is_some_and(|indent| indent > MAX_INDENT) {
        return Err(wrong("the indent is too large"));
    }
    let (between, after_key) = match args.get::<Option<Value>>("separators")? {
        Some(pair) => (pair.get_item_by_index(0)?.to_string(), pair.get_item_by_index(1)?.to_string()),
        None => ((if indent.is_some() { "," } else { ", " }).to_string(), ": ".to_string()),
    };
    let mut writer = Writer {
        state,
        out: String::new(),
        charged: 0,
        indent,
        between,
        after_key,
        ascii: args.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
        sorted: args.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
    };
    args.assert_all_used()?;
    writer.value(value, 0)?;
    Ok(Value::from(writer.out))
}
