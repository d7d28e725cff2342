//! Filters, tests and functions in which Jinja2 and the crate differ.

use crate::arguments::{wrong, Arguments};
use crate::{python, python_text};
use minijinja::value::{from_args, Kwargs, Rest, ValueKind};
use minijinja::{functions, Environment, Error, State, Value};

const BYTES_A_FUEL: usize = 64;

/// What Python's iter() takes; the crate's own test lets none through.
fn is_iterable(value: &Value) -> bool {
    !value.is_none() && value.try_iter().is_ok()
}

/// What has a length and items: strings and dicts too.
fn is_sequence(value: &Value) -> bool {
    let kind = value.kind();
    matches!(kind, ValueKind::Undefined | ValueKind::String | ValueKind::Seq | ValueKind::Map)
}

/// Functions, macros and the like are the only values without a shape of their own.
fn is_callable(value: &Value) -> bool {
    value.kind() == ValueKind::Plain
}

fn string(state: &State, value: &Value) -> Result<Value, Error> {
    if value.as_str().is_some() {
        return Ok(value.clone());
    }
    Ok(Value::from(python_text::text(state, value)?))
}

fn number_in(text: &str) -> Option<f64> {
    text.trim_matches(python::is_space).replace('_', "").parse().ok()
}

/// int(): digits in the base, else the whole part of a float, else the default.
fn int(value: &Value, Rest(args): Rest<Value>, names: Kwargs) -> Result<Value, Error> {
    let args = Arguments::of(args, names, 2)?;
    let default = args.value(0, "default")?.unwrap_or_else(|| Value::from(0));
    let base = args.number(1, "base")?.unwrap_or(10);
    args.finish()?;
    let whole = |number: f64| if number.is_finite() { Some(number.trunc() as i128) } else { None };
    let found = match value.as_str() {
        Some(text) => {
            let digits = text.trim_matches(python::is_space).replace('_', "");
            let (sign, bare) = match digits.strip_prefix('-') {
                Some(bare) => ("-", bare.to_lowercase()),
                None => ("", digits.to_lowercase()),
            };
            let marks = match base {
                2 => "0b",
                8 => "0o",
                16 => "0x",
                _ => "",
            };
            let bare = format!("{sign}{}", bare.strip_prefix(marks).unwrap_or(&bare));
            let base = u32::try_from(base).ok().filter(|base| (2..=36).contains(base));
            let base = base.ok_or_else(|| wrong("int: the base must be 2 to 36"))?;
            i128::from_str_radix(&bare, base).ok().or_else(|| number_in(text).and_then(whole))
        }
        None => match python_text::as_float(value) {
            Some(number) => whole(number),
            None => match value.kind() {
                ValueKind::Number => return Ok(value.clone()),
                ValueKind::Bool => Some(i128::from(value.is_true())),
                _ => None,
            },
        },
    };
    Ok(match found.map(|number| (i64::try_from(number), number)) {
        Some((Ok(number), _)) => Value::from(number),
        Some((_, number)) => Value::from(number),
        None => default,
    })
}

fn float(value: &Value, Rest(args): Rest<Value>, names: Kwargs) -> Result<Value, Error> {
    let args = Arguments::of(args, names, 1)?;
    let default = args.value(0, "default")?.unwrap_or_else(|| Value::from(0.0));
    args.finish()?;
    let found = match (value.as_str(), value.kind()) {
        (Some(text), _) => number_in(text),
        (None, ValueKind::Number) => f64::try_from(value.clone()).ok(),
        (None, ValueKind::Bool) => Some(f64::from(u8::from(value.is_true()))),
        _ => None,
    };
    Ok(found.map_or(default, Value::from))
}

fn default(value: &Value, Rest(args): Rest<Value>, names: Kwargs) -> Result<Value, Error> {
    let args = Arguments::of(args, names, 2)?;
    let other = args.value(0, "default_value")?.unwrap_or_else(|| Value::from(""));
    let for_false = args.flag(1, "boolean")?;
    args.finish()?;
    Ok(if value.is_undefined() || (for_false && !value.is_true()) { other } else { value.clone() })
}

fn indent(state: &State, value: &Value, Rest(args): Rest<Value>, names: Kwargs) -> Result<Value, Error> {
    let args = Arguments::of(args, names, 3)?;
    let width = args.value(0, "width")?.unwrap_or_else(|| Value::from(4));
    let (first, blank) = (args.flag(1, "first")?, args.flag(2, "blank")?);
    args.finish()?;
    let by = match width.as_str() {
        Some(by) => by.to_string(),
        None => {
            let width = i64::try_from(width)?;
            if width > python::MAX_WIDTH {
                return Err(wrong("indent: the width is too large"));
            }
            " ".repeat(width.max(0) as usize)
        }
    };
    let text = python_text::text(state, value)? + "\n";
    let ends = text.matches(python::is_line_end).count();
    let bytes = text.len().saturating_add(ends.saturating_mul(by.len() + std::mem::size_of::<&str>()));
    state.consume_fuel((bytes / BYTES_A_FUEL) as u64)?;
    let lines = python::lines(&text, false);
    let mut out = String::new();
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        if if i == 0 { first } else { blank || !line.is_empty() } {
            out.push_str(&by);
        }
        out.push_str(line);
    }
    Ok(Value::from(out))
}

/// The crate takes these by name only.
fn dictsort(
    state: &mut State,
    value: &Value,
    Rest(args): Rest<Value>,
    names: Kwargs,
) -> Result<Value, Error> {
    let args = Arguments::of(args, names, 3)?;
    let mut named = Vec::new();
    for (at, name) in ["case_sensitive", "by", "reverse"].into_iter().enumerate() {
        named.extend(args.value(at, name)?.map(|value| (name, value)));
    }
    args.finish()?;
    state.consume_fuel(value.len().unwrap_or(0) as u64)?;
    minijinja::filters::dictsort(value, Kwargs::from_iter(named))
}

fn wordcount(state: &State, value: &Value) -> Result<usize, Error> {
    let text = python_text::text(state, value)?;
    let is_word = |letter: char| letter == '_' || letter.is_alphanumeric();
    Ok(text.split(|letter| !is_word(letter)).filter(|word| !word.is_empty()).count())
}

fn center(state: &State, value: &Value, width: Option<i64>) -> Result<String, Error> {
    let text = python_text::text(state, value)?;
    let width = width.unwrap_or(80);
    if width > python::MAX_WIDTH {
        return Err(wrong("center: the width is too large"));
    }
    state.consume_fuel((width.max(0) as usize / BYTES_A_FUEL) as u64)?;
    Ok(python::centered(&text, text.chars().count(), width.max(0) as usize, ' '))
}

fn truncate(state: &State, value: &Value, Rest(args): Rest<Value>, names: Kwargs) -> Result<Value, Error> {
    let args = Arguments::of(args, names, 4)?;
    let length = args.number(0, "length")?.unwrap_or(255);
    let cut_words = args.flag(1, "killwords")?;
    let end = args.text(2, "end")?.unwrap_or_else(|| "...".to_string());
    let leeway = args.number(3, "leeway")?.unwrap_or(5);
    args.finish()?;
    let text = python_text::text(state, value)?;
    let end_letters = end.chars().count() as i64;
    if length < end_letters || leeway < 0 {
        return Err(wrong("truncate: the length must hold the end, and the leeway be 0 or more"));
    }
    if text.chars().count() as i64 <= length.saturating_add(leeway) {
        return Ok(Value::from(text));
    }
    let kept: String = text.chars().take((length - end_letters) as usize).collect();
    let words =
        if cut_words { kept.as_str() } else { kept.rsplit_once(' ').map_or(&*kept, |(words, _)| words) };
    Ok(Value::from(format!("{words}{end}")))
}

/// A dict and names together, as Python's dict() takes them.
fn namespace(Rest(args): Rest<Value>, names: Kwargs) -> Result<Value, Error> {
    let mut all = Vec::new();
    for given in &args {
        for key in given.try_iter()? {
            all.push((key.clone(), given.get_item(&key)?));
        }
    }
    for name in names.args() {
        all.push((Value::from(name), names.get(name)?));
    }
    if args.len() > 1 {
        return Err(wrong("namespace takes one dict, and names"));
    }
    let (defaults,) =
        from_args(&[all.into_iter().collect::<std::collections::BTreeMap<Value, Value>>().into()])?;
    functions::namespace(defaults)
}

pub fn add_to(environment: &mut Environment) {
    environment.add_test("iterable", is_iterable);
    environment.add_test("sequence", is_sequence);
    environment.add_test("callable", is_callable);
    environment.add_filter("string", string);
    environment.add_filter("int", int);
    environment.add_filter("float", float);
    environment.add_filter("default", default);
    environment.add_filter("d", default);
    environment.add_filter("indent", indent);
    environment.add_filter("dictsort", dictsort);
    environment.add_filter("wordcount", wordcount);
    environment.add_filter("center", center);
    environment.add_filter("truncate", truncate);
    environment.add_function("namespace", namespace);
    environment.remove_global("debug");
}

#[cfg(test)]
mod tests {
    use crate::template::tests::run;

    fn all_are(cases: &[(&str, &str)]) {
        for (expression, text) in cases {
            assert_eq!(run(&format!("{{{{ {expression} }}}}")).as_deref(), Ok(*text), "{expression}");
        }
    }

    #[test]
    fn tests_are_jinjas() {
        all_are(&[
            ("none is iterable", "False"),
            ("5 is iterable", "False"),
            ("[] is iterable and {} is iterable and '' is iterable and nothing is iterable", "True"),
            ("'' is sequence and {} is sequence and [] is sequence and nothing is sequence", "True"),
            ("5 is sequence or none is sequence", "False"),
            ("raise_exception is callable and range is callable", "True"),
            ("m is callable or 'a' is callable or none is callable", "False"),
            ("debug is defined", "False"),
        ]);
    }

    #[test]
    fn what_stands_for_no_tools_is_passed_over() {
        let source = "{% if x is iterable and x | length > 0 %}tools{% endif %}.";
        assert_eq!(run(&format!("{{% set x = none %}}{source}")).unwrap(), ".");
        assert_eq!(run(&format!("{{% set x = [1] %}}{source}")).unwrap(), "tools.");
    }

    #[test]
    fn numbers_are_pythons() {
        all_are(&[
            ("'3.7' | int", "3"),
            ("'x' | int", "0"),
            ("'x' | int(5)", "5"),
            ("none | int(default=7)", "7"),
            ("'0x1F' | int(0, 16)", "31"),
            ("'-101' | int(base=2)", "-5"),
            ("' 1_000 ' | int", "1000"),
            ("3.9 | int + true | int", "4"),
            ("'x' | float", "0.0"),
            ("'1e3' | float", "1000.0"),
            ("3 | float", "3.0"),
            ("1e20", "1e+20"),
            ("[1e-7, {'a': 1e16}, (1e20,)]", "[1e-07, {'a': 1e+16}, (1e+20,)]"),
            ("1e20 | string | length", "5"),
            ("[nothing]", "[Undefined]"),
        ]);
    }

    #[test]
    fn arguments_go_by_place_or_name() {
        all_are(&[
            ("nothing | default('d') ~ '' | default('e', true) ~ none | d('f', boolean=true)", "def"),
            ("'' | default('x')", ""),
            ("{'b': 1, 'A': 2} | dictsort(false, 'value')", "[('b', 1), ('A', 2)]"),
            ("m | dictsort(reverse=true) | first | first", "b"),
            ("namespace({'a': 1}, b=2).a + namespace({'a': 1}, b=2).b", "3"),
        ]);
    }

    #[test]
    fn texts_are_laid_out() {
        all_are(&[
            (r"'a\nb\n\nc' | indent", "a\n    b\n\n    c"),
            (r"'a\nb' | indent(2, true)", "  a\n  b"),
            (r"'a\n\nb' | indent(1, blank=true)", "a\n \n b"),
            (r"'a\nb' | indent('> ')", "a\n> b"),
            ("'a b,c' | wordcount", "3"),
            ("'hello wide' | truncate(5)", "hello wide"),
            ("'hello wide world' | truncate(5)", "he..."),
            ("'hello wide world' | truncate(10, leeway=0)", "hello..."),
            ("'hello wide world' | truncate(10, true, '', 0)", "hello wide"),
            ("'a' | center(4) ~ '|'", " a  |"),
        ]);
    }
}
