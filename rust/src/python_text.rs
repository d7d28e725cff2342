//! How Python writes values: str() of what a template prints, and floats by repr().

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Output, State, Value};
use std::fmt::Write;

const MAX_DEPTH: usize = 200;
const BYTES_A_FUEL: usize = 64;
/// Exponents in this range are written as plain digits.
const PLAIN_EXPONENTS: std::ops::Range<i32> = -4..16;

pub fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_string();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_string();
    }
    let shortest = format!("{number:e}");
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if PLAIN_EXPONENTS.contains(&exponent) {
        return format!("{number:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// The number of a value that Python calls a float.
pub fn as_float(value: &Value) -> Option<f64> {
    let is_float = value.kind() == ValueKind::Number && !value.is_integer();
    is_float.then(|| f64::try_from(value.clone()).ok()).flatten()
}

struct Writer<'a, 'v, 'e> {
    state: &'a State<'v, 'e>,
    out: String,
    charged: usize,
}

impl Writer<'_, '_, '_> {
    fn charge(&mut self) -> Result<(), Error> {
        let grown = self.out.len() - self.charged;
        self.charged = self.out.len();
        self.state.consume_fuel((grown / BYTES_A_FUEL) as u64 + 1)
    }

    fn list(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        let tuple = value.is_tuple();
        self.out.push(if tuple { '(' } else { '[' });
        let mut items = 0;
        for item in value.try_iter()?.checked() {
            if items > 0 {
                self.out.push_str(", ");
            }
            items += 1;
            self.value(&item?, depth + 1)?;
        }
        self.out.push_str(match (tuple, items) {
            (true, 1) => ",)",
            (true, _) => ")",
            (false, _) => "]",
        });
        Ok(())
    }

    fn map(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        self.out.push('{');
        for (i, key) in value.try_iter()?.checked().enumerate() {
            let key = key?;
            if i > 0 {
                self.out.push_str(", ");
            }
            self.value(&key, depth + 1)?;
            self.out.push_str(": ");
            self.value(&value.get_item(&key)?, depth + 1)?;
        }
        self.out.push('}');
        Ok(())
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                "the value is nested too deeply to be printed",
            ));
        }
        match (value.kind(), as_float(value)) {
            (_, Some(number)) => self.out.push_str(&float(number)),
            (ValueKind::Undefined, _) => self.out.push_str("Undefined"),
            (ValueKind::Seq | ValueKind::Iterable, _) => self.list(value, depth)?,
            (ValueKind::Map, _) => self.map(value, depth)?,
            _ => write!(self.out, "{value:?}").map_err(|_| Error::from(ErrorKind::WriteFailure))?,
        }
        self.charge()
    }
}

/// Whether the crate writes something in the value otherwise than Python.
fn differs(state: &State, value: &Value, depth: usize) -> Result<bool, Error> {
    state.consume_fuel(1)?;
    if depth > MAX_DEPTH {
        return Ok(true);
    }
    let is_map = match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => false,
        ValueKind::Map => true,
        ValueKind::Undefined => return Ok(depth > 0),
        _ => return Ok(as_float(value).is_some_and(|number| float(number) != value.to_string())),
    };
    for item in value.try_iter()?.checked() {
        let item = if is_map { value.get_item(&item?)? } else { item? };
        if differs(state, &item, depth + 1)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// str(value); nothing for what is undefined.
pub fn text(state: &State, value: &Value) -> Result<String, Error> {
    if let Some(number) = as_float(value) {
        return Ok(float(number));
    }
    if !differs(state, value, 0)? {
        return Ok(value.to_string());
    }
    let mut writer = Writer { state, out: String::new(), charged: 0 };
    writer.value(value, 0)?;
    Ok(writer.out)
}

pub fn print(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) => out.write_str(text),
        None => out.write_str(&text(state, value)?),
    }
    .map_err(|_| Error::from(ErrorKind::WriteFailure))
}

#[cfg(test)]
mod tests {
    use super::float;

    #[test]
    fn floats_are_pythons() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.5, "1.5"),
            (1e15, "1000000000000000.0"),
            (9007199254740993.0, "9007199254740992.0"),
            (1e16, "1e+16"),
            (-1.25e20, "-1.25e+20"),
            (1e100, "1e+100"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(float(number), text);
        }
    }
}
