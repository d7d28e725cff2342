//! Python's methods on strings, lists and dicts. Those whose result can be far larger than their inputs are
//! paid for before they run, for the fuel only sees a method's result.

use crate::arguments::{wrong, Arguments};
use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, State, Value};
use minijinja_contrib::pycompat::unknown_method_callback;

const BYTES_A_FUEL: usize = 64;
const MAX_FORMAT_WIDTH_DIGITS: usize = 4;
pub const MAX_WIDTH: i64 = 1_000_000;

pub fn method(state: &mut State, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    if let (ValueKind::String, Some(text)) = (value.kind(), value.as_str()) {
        match name {
            "replace" => return replace(state, value, text, args),
            "join" => return join(state, text, args),
            "format" => pay_for_format(state, text)?,
            _ => state.consume_fuel((text.len() / BYTES_A_FUEL) as u64)?,
        }
        if let Some(answer) = pieces(state, text, name, args)
            .or_else(|| places(text, name, args))
            .or_else(|| padded(state, text, name, args))
            .or_else(|| changed(text, name, args))
            .or_else(|| kinds(text, name, args))
        {
            return answer;
        }
    }
    if value.kind() == ValueKind::Seq {
        state.consume_fuel(value.len().unwrap_or(0) as u64)?; // each item may be looked at
    }
    match (value.kind(), name) {
        (ValueKind::Seq, "index") => index(value, args),
        (ValueKind::Seq | ValueKind::Map, "copy") if args.is_empty() && value.as_object().is_some() => {
            Ok(value.clone())
        }
        _ => unknown_method_callback(state, value, name, args),
    }
}

/// What str.strip takes for white space: Unicode's, and four separators of ASCII.
pub fn is_space(letter: char) -> bool {
    letter.is_whitespace() || ('\x1c'..='\x1f').contains(&letter)
}

fn index(list: &Value, args: &[Value]) -> Result<Value, Error> {
    let args = Arguments::new(args, 1)?;
    let wanted = args.needed(0, "value")?;
    for (i, item) in list.try_iter()?.checked().enumerate() {
        if item? == wanted {
            return Ok(Value::from(i));
        }
    }
    Err(wrong("index: the value is not in the list"))
}

fn replace(state: &mut State, value: &Value, text: &str, args: &[Value]) -> Result<Value, Error> {
    let named = Arguments::new(args, 3)?;
    let plain = [named.needed(0, "old")?, named.needed(1, "new")?];
    let mut plain = plain.to_vec();
    plain.extend(named.value(2, "count")?);
    pay_for_replace(state, text, &plain)?;
    unknown_method_callback(state, value, "replace", &plain)
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
        return Err(wrong("join takes one list"));
    };
    let mut out = String::new();
    for (i, value) in values.try_iter()?.checked().enumerate() {
        if i > 0 {
            out.push_str(separator);
        }
        let value = value?;
        let text = value.as_str().ok_or_else(|| {
            wrong(&format!("join: item {i} of the list must be a string and is {}", value.kind()))
        })?;
        out.push_str(text);
        let grown = separator.len() + text.len();
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
        return Err(wrong("format: a width is too large"));
    }
    let fields = format.bytes().filter(|byte| *byte == b'{').count();
    let bytes = fields.saturating_mul(10usize.pow(digits as u32));
    state.consume_fuel((bytes / BYTES_A_FUEL) as u64 + 1)
}

type Answer = Option<Result<Value, Error>>;

fn strings(pieces: Vec<&str>) -> Result<Value, Error> {
    Ok(pieces.into_iter().map(Value::from).collect())
}

fn split_on_spaces(text: &str, most: usize, from_right: bool) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_matches(is_space);
    while !rest.is_empty() {
        let cut = if from_right { rest.rfind(is_space) } else { rest.find(is_space) };
        let Some(cut) = cut.filter(|_| pieces.len() < most) else {
            pieces.push(rest);
            break;
        };
        let (before, behind) = (&rest[..cut], rest[cut..].trim_start_matches(is_space));
        pieces.push(if from_right { behind } else { before });
        rest = if from_right { before.trim_end_matches(is_space) } else { behind };
    }
    if from_right {
        pieces.reverse();
    }
    pieces
}

fn split(state: &State, text: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    let args = Arguments::new(args, 2)?;
    let separator = args.text(0, "sep")?;
    let most = args.number(1, "maxsplit")?.and_then(|most| usize::try_from(most).ok());
    let most = most.unwrap_or(usize::MAX);
    args.finish()?;
    let from_right = name == "rsplit";
    let pieces = match separator.as_deref() {
        None => text.split(is_space).filter(|piece| !piece.is_empty()).count(),
        Some(separator) => text.matches(separator).count(),
    };
    state.consume_fuel(pieces.min(most) as u64 + 1)?;
    let pieces = match separator.as_deref() {
        None => split_on_spaces(text, most, from_right),
        Some("") => return Err(wrong("split: the separator is empty")),
        Some(separator) if from_right => {
            let mut pieces: Vec<_> = text.rsplitn(most.saturating_add(1), separator).collect();
            pieces.reverse();
            pieces
        }
        Some(separator) => text.splitn(most.saturating_add(1), separator).collect(),
    };
    strings(pieces)
}

fn partition(text: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    let args = Arguments::new(args, 1)?;
    let separator = args.needed_text(0, "sep")?;
    if separator.is_empty() {
        return Err(wrong("partition: the separator is empty"));
    }
    let last = name == "rpartition";
    let at = if last { text.rfind(&separator) } else { text.find(&separator) };
    let parts = match at {
        Some(at) => [&text[..at], &separator, &text[at + separator.len()..]],
        None if last => ["", "", text],
        None => [text, "", ""],
    };
    Ok(Value::from(Tuple::from(parts.map(Value::from))))
}

/// Where Python ends lines; "\r\n" is one end.
pub fn is_line_end(letter: char) -> bool {
    matches!(letter, '\n'..='\r' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub fn lines(text: &str, keep_ends: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((at, letter)) = rest.char_indices().find(|(_, letter)| is_line_end(*letter)) {
        let size = if rest[at..].starts_with("\r\n") { 2 } else { letter.len_utf8() };
        lines.push(&rest[..if keep_ends { at + size } else { at }]);
        rest = &rest[at + size..];
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

fn pieces(state: &State, text: &str, name: &str, args: &[Value]) -> Answer {
    match name {
        "split" | "rsplit" => Some(split(state, text, name, args)),
        "partition" | "rpartition" => Some(partition(text, name, args)),
        "splitlines" => Some(Arguments::new(args, 1).and_then(|args| {
            let keep = args.value(0, "keepends")?.is_some_and(|keep| keep.is_true());
            state.consume_fuel(text.matches(is_line_end).count() as u64 + 1)?;
            strings(lines(text, keep))
        })),
        _ => None,
    }
}

/// The part of a text between two places, as slices name them, and the letters before it. Nothing where the
/// start lies behind the end.
fn part(text: &str, start: Option<i64>, end: Option<i64>) -> Option<(usize, &str)> {
    if start.is_none() && end.is_none() {
        return Some((0, text));
    }
    let letters = text.chars().count() as i64;
    let place = |at: i64| if at < 0 { (at + letters).max(0) } else { at };
    let start = place(start.unwrap_or(0));
    let end = place(end.unwrap_or(letters)).min(letters);
    if start > end {
        return None;
    }
    let byte = |at: i64| text.char_indices().nth(at as usize).map_or(text.len(), |(byte, _)| byte);
    Some((start as usize, &text[byte(start)..byte(end)]))
}

fn begins_or_ends(part: &str, name: &str, wanted: &Value) -> Result<bool, Error> {
    let is = |wanted: &Value| match wanted.as_str() {
        Some(wanted) if name == "startswith" => Ok(part.starts_with(wanted)),
        Some(wanted) => Ok(part.ends_with(wanted)),
        None => Err(wrong(&format!("{name} takes a string or a tuple of strings, not {}", wanted.kind()))),
    };
    if wanted.kind() != ValueKind::Seq {
        return is(wanted);
    }
    for one in wanted.try_iter()?.checked() {
        if is(&one?)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn place_of(text: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    let args = Arguments::new(args, 3)?;
    let wanted = args.needed(0, "sub")?;
    let part = part(text, args.number(1, "start")?, args.number(2, "end")?);
    if matches!(name, "startswith" | "endswith") {
        return match part {
            Some((_, part)) => Ok(Value::from(begins_or_ends(part, name, &wanted)?)),
            None => Ok(Value::from(false)),
        };
    }
    let Some(wanted) = wanted.as_str() else {
        return Err(wrong(&format!("{name} takes a string, not {}", wanted.kind())));
    };
    if name == "count" {
        return Ok(Value::from(part.map_or(0, |(_, part)| part.matches(wanted).count())));
    }
    let found = part.and_then(|(before, part)| {
        let at = if name.starts_with('r') { part.rfind(wanted) } else { part.find(wanted) };
        at.map(|at| before + part[..at].chars().count())
    });
    match found {
        Some(at) => Ok(Value::from(at)),
        None if name.ends_with("index") => Err(wrong(&format!("{name}: the substring is not there"))),
        None => Ok(Value::from(-1)),
    }
}

fn places(text: &str, name: &str, args: &[Value]) -> Answer {
    let known = ["find", "rfind", "index", "rindex", "count", "startswith", "endswith"];
    known.contains(&name).then(|| place_of(text, name, args))
}

/// `text` among fill letters; Python puts the odd one to the left where the width is odd.
pub fn centered(text: &str, letters: usize, width: usize, fill: char) -> String {
    let missing = width.saturating_sub(letters);
    let left = missing / 2 + (missing & width & 1);
    let fills = |count: usize| fill.to_string().repeat(count);
    format!("{}{text}{}", fills(left), fills(missing - left))
}

fn pad(state: &State, text: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    let args = Arguments::new(args, 2)?;
    let width = args.number(0, "width")?.ok_or_else(|| wrong(&format!("{name} takes a width")))?;
    if width > MAX_WIDTH {
        return Err(wrong(&format!("{name}: the width is too large")));
    }
    let fill = args.text(1, "fillchar")?.unwrap_or_else(|| " ".to_string());
    let mut fill_letters = fill.chars();
    let (Some(fill), None) = (fill_letters.next(), fill_letters.next()) else {
        return Err(wrong(&format!("{name}: the fill must be one letter")));
    };
    let width = width.max(0) as usize;
    state.consume_fuel((4 * width / BYTES_A_FUEL) as u64)?;
    let letters = text.chars().count();
    let fills = |fill: char| fill.to_string().repeat(width.saturating_sub(letters));
    Ok(Value::from(match name {
        "ljust" => format!("{text}{}", fills(fill)),
        "rjust" => format!("{}{text}", fills(fill)),
        "center" => centered(text, letters, width, fill),
        _ => {
            let sign = if text.starts_with(['+', '-']) { 1 } else { 0 };
            format!("{}{}{}", &text[..sign], fills('0'), &text[sign..])
        }
    }))
}

fn expand_tabs(state: &State, text: &str, args: &[Value]) -> Result<Value, Error> {
    let size = Arguments::new(args, 1)?.number(0, "tabsize")?.unwrap_or(8).clamp(0, MAX_WIDTH) as usize;
    let tabs = text.matches('\t').count();
    state.consume_fuel((tabs.saturating_mul(size) / BYTES_A_FUEL) as u64)?;
    let mut out = String::new();
    let mut column = 0;
    for letter in text.chars() {
        match letter {
            '\t' if size == 0 => {}
            '\t' => {
                let blanks = size - column % size;
                out.push_str(&" ".repeat(blanks));
                column += blanks;
            }
            _ => {
                out.push(letter);
                column = if matches!(letter, '\n' | '\r') { 0 } else { column + 1 };
            }
        }
    }
    Ok(Value::from(out))
}

fn padded(state: &State, text: &str, name: &str, args: &[Value]) -> Answer {
    match name {
        "ljust" | "rjust" | "center" | "zfill" => Some(pad(state, text, name, args)),
        "expandtabs" => Some(expand_tabs(state, text, args)),
        _ => None,
    }
}

fn strip(text: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    let letters = Arguments::new(args, 1)?.text(0, "chars")?;
    let drops = |letter: char| match &letters {
        Some(letters) => letters.contains(letter),
        None => is_space(letter),
    };
    Ok(Value::from(match name {
        "lstrip" => text.trim_start_matches(drops),
        "rstrip" => text.trim_end_matches(drops),
        _ => text.trim_matches(drops),
    }))
}

fn is_cased(letter: char) -> bool {
    letter.is_lowercase() || letter.is_uppercase()
}

/// The first letter of each word large: a word is a run of letters that have a case.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        if inside {
            out.extend(letter.to_lowercase());
        } else {
            let mut large = letter.to_uppercase();
            out.extend(large.next());
            out.extend(large.flat_map(char::to_lowercase));
        }
        inside = is_cased(letter);
    }
    out
}

fn swap_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_uppercase() {
            out.extend(letter.to_lowercase());
        } else {
            out.extend(letter.to_uppercase());
        }
    }
    out
}

fn changed(text: &str, name: &str, args: &[Value]) -> Answer {
    let without = |cut: fn(&str, &str) -> Option<usize>| {
        Arguments::new(args, 1).and_then(|args| {
            let fix = args.needed_text(0, "fix")?;
            Ok(match cut(text, &fix) {
                Some(_) if name == "removeprefix" => Value::from(&text[fix.len()..]),
                Some(_) => Value::from(&text[..text.len() - fix.len()]),
                None => Value::from(text),
            })
        })
    };
    let plain = |change: fn(&str) -> String| Arguments::new(args, 0).map(|_| Value::from(change(text)));
    match name {
        "strip" | "lstrip" | "rstrip" => Some(strip(text, name, args)),
        "removeprefix" => Some(without(|text, fix| text.strip_prefix(fix).map(str::len))),
        "removesuffix" => Some(without(|text, fix| text.strip_suffix(fix).map(str::len))),
        "title" => Some(plain(title)),
        "swapcase" => Some(plain(swap_case)),
        // Full case folding differs from this in a few letters besides these.
        "casefold" => Some(plain(|text| text.replace(['ß', 'ẞ'], "ss").to_lowercase().replace('ς', "σ"))),
        _ => None,
    }
}

/// Digits that count in tens; the others that are numeric are fractions, letters, and digits in small or rings.
fn is_decimal(letter: char) -> bool {
    letter.is_numeric()
        && !matches!(letter, '\u{b2}'..='\u{be}' | '\u{2070}'..='\u{218f}' | '\u{2460}'..='\u{2793}' | '\u{3007}'..='\u{33ff}')
}

fn is_digit(letter: char) -> bool {
    is_decimal(letter)
        || matches!(letter, '\u{b2}' | '\u{b3}' | '\u{b9}' | '\u{2070}' | '\u{2074}'..='\u{2079}' | '\u{2080}'..='\u{2089}'
            | '\u{2460}'..='\u{2468}')
}

fn is_title(text: &str) -> bool {
    let mut inside = false;
    for letter in text.chars() {
        if (letter.is_uppercase() && inside) || (letter.is_lowercase() && !inside) {
            return false;
        }
        inside = is_cased(letter);
    }
    text.chars().any(is_cased)
}

fn kinds(text: &str, name: &str, args: &[Value]) -> Answer {
    let all = |is: fn(char) -> bool| !text.is_empty() && text.chars().all(is);
    let is = match name {
        "isspace" => all(is_space),
        "isdecimal" => all(is_decimal),
        "isdigit" => all(is_digit),
        "istitle" => is_title(text),
        "isidentifier" => {
            !text.starts_with(|first: char| first.is_numeric())
                && all(|letter| letter == '_' || letter.is_alphanumeric())
        }
        "isprintable" => {
            text.chars().all(|letter| letter == ' ' || !(letter.is_control() || is_space(letter)))
        }
        _ => return None,
    };
    Some(Arguments::new(args, 0).map(|_| Value::from(is)))
}

#[cfg(test)]
mod tests {
    use crate::template::tests::run;

    fn all_are(cases: &[(&str, &str)]) {
        for (expression, text) in cases {
            assert_eq!(run(&format!("{{{{ {expression} }}}}")).as_deref(), Ok(*text), "{expression}");
        }
    }

    fn all_fail(expressions: &[&str]) {
        for expression in expressions {
            assert!(run(&format!("{{{{ {expression} }}}}")).is_err(), "{expression}");
        }
    }

    #[test]
    fn strings_are_taken_apart() {
        all_are(&[
            ("' a  b '.split()", "['a', 'b']"),
            ("' a  b'.split(none, 1)", "['a', 'b']"),
            ("'a b  c '.rsplit(none, 1)", "['a b', 'c']"),
            ("' a b'.split(' ')", "['', 'a', 'b']"),
            ("'a,b,c'.split(',', 1)", "['a', 'b,c']"),
            ("'a,b,c'.rsplit(sep=',', maxsplit=1)", "['a,b', 'c']"),
            ("''.split()", "[]"),
            ("''.split(',')", "['']"),
            ("'a-b-c'.partition('-')", "('a', '-', 'b-c')"),
            ("'a-b-c'.rpartition('-')", "('a-b', '-', 'c')"),
            ("'abc'.partition('-')", "('abc', '', '')"),
            ("'abc'.rpartition('-')", "('', '', 'abc')"),
            (r"'a\nb\r\nc\u000bd\n'.splitlines()", "['a', 'b', 'c', 'd']"),
            (r"'a\r\nb'.splitlines(true)", r"['a\r\n', 'b']"),
            ("'abcab'.removeprefix('ab')", "cab"),
            ("'abcab'.removesuffix('ab')", "abc"),
            ("'abc'.removeprefix('x') + 'abc'.removesuffix('')", "abcabc"),
        ]);
        all_fail(&["'a'.split('')", "'a'.split(',', 1, 2)", "'a'.split(by=',')", "'a'.partition('')"]);
    }

    #[test]
    fn places_count_letters() {
        all_are(&[
            ("'éaéa'.find('a')", "1"),
            ("'éaéa'.find('a', 2)", "3"),
            ("'éaéa'.find('a', 2, 3)", "-1"),
            ("'éaéa'.find('é', -2)", "2"),
            ("'éaéa'.rfind('a', 0, -1)", "1"),
            ("'éaéa'.index('a') + 'éaéa'.rindex('a')", "4"),
            ("'abcab'.count('ab')", "2"),
            ("'abcab'.count('ab', 1)", "1"),
            ("'abc'.startswith('b', 1)", "True"),
            ("'abc'.endswith(('x', 'c'))", "True"),
            ("'abc'.startswith('', 9)", "False"),
        ]);
        all_fail(&["'abc'.index('z')", "'abc'.startswith(1)", "'abc'.find(nothing)"]);
    }

    #[test]
    fn strings_are_filled_and_changed() {
        all_are(&[
            ("'-7'.zfill(4)", "-007"),
            ("'é'.ljust(3, '.') + 'é'.rjust(3)", "é..  é"),
            ("'a'.center(4, '*') + 'ab'.center(5, '*')", "*a****ab*"),
            (r"'a\tb'.expandtabs(4)", "a   b"),
            ("\"it's a DOG\".title()", "It'S A Dog"),
            ("'aXb'.swapcase() + 'Straße'.casefold()", "AxBstrasse"),
            (r"'\u001c a\u0085'.strip()", "a"),
            ("'xxaxx'.lstrip('x') + 'xxaxx'.rstrip('x')", "axxxxa"),
            ("'abab'.replace('a', 'x', 1)", "xbab"),
        ]);
        all_fail(&["'a'.center(4, 'xy')", "'a'.zfill()", "','.join([1])", "','.join(['a', nothing])"]);
    }

    #[test]
    fn strings_know_their_kind() {
        all_are(&[
            ("'5'.isdecimal()", "True"),
            ("'²'.isdecimal()", "False"),
            ("'²'.isdigit()", "True"),
            ("'½'.isdigit()", "False"),
            ("'½'.isnumeric()", "True"),
            ("'Ab Cd'.istitle()", "True"),
            ("'AB'.istitle()", "False"),
            ("'_a1'.isidentifier()", "True"),
            ("'1a'.isidentifier()", "False"),
            (r"'a b'.isprintable() and not '\n'.isprintable()", "True"),
            (r"'\u001c '.isspace()", "True"),
        ]);
    }

    #[test]
    fn lists_and_dicts() {
        all_are(&[
            ("[1, 2, 3].index(2)", "1"),
            ("('a', 'b').index('b')", "1"),
            ("[1].copy()", "[1]"),
            ("{'a': 1}.copy()", "{'a': 1}"),
        ]);
        all_fail(&["[1].index(5)", "[1].append(2)", "m.update({'a': 1})", "m.pop('a')"]);
    }
}
