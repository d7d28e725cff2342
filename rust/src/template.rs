//! Chat templates as transformers renders them: Jinja with trimmed blocks, Python's methods and a few
//! functions.
//!
//! A template is a stranger's program. Fuel bounds both its work and its memory (64 bytes a unit, see
//! `Environment::set_fuel`); a thread of its own gives it a stack that nested values cannot overrun.

use crate::ffi::{answer, give_string, guarded, text, ObString};
use crate::{filters, json, python, python_text};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Value};
use std::fmt::Write;
use std::sync::{Arc, Mutex};

const NAME: &str = "chat template";
const BASE_FUEL: u64 = 1_000_000;
/// Each byte of the conversation may be handled some dozens of times.
const FUEL_A_BYTE: u64 = 1;
const RECURSION_LIMIT: usize = 200;
/// Beyond this many bytes (millions of tokens) no model's context is left to fill.
const MAX_PAID_BYTES: u64 = 4 << 20;
/// Values nest at most once for every few units of fuel, and drop recursively, some 250 bytes a level.
const STACK_BYTES_A_FUEL: u64 = 256;
const MAX_DATE_FORMAT_BYTES: usize = 1000;

/// Where raise_exception leaves the template's own words.
type Raised = Arc<Mutex<Option<String>>>;

fn raise_exception(raised: Raised) -> impl Fn(String) -> Result<Value, Error> {
    move |message| {
        if let Ok(mut slot) = raised.lock() {
            *slot = Some(message.clone());
        }
        Err(Error::new(ErrorKind::InvalidOperation, message))
    }
}

fn strftime_now(format: &str) -> Result<String, Error> {
    let mut out = String::new();
    let wrong = || Error::new(ErrorKind::InvalidOperation, "strftime_now: unknown format");
    if format.len() > MAX_DATE_FORMAT_BYTES {
        return Err(wrong());
    }
    write!(out, "{}", chrono::Local::now().format(format)).map_err(|_| wrong())?;
    Ok(out)
}

fn environment(raised: Raised, fuel: u64) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(fuel));
    environment.set_recursion_limit(RECURSION_LIMIT);
    environment.set_unknown_method_callback(python::method);
    environment.set_formatter(python_text::print);
    filters::add_to(&mut environment);
    environment.add_filter("tojson", json::tojson);
    environment.add_function("raise_exception", raise_exception(raised));
    environment.add_function("strftime_now", strftime_now);
    environment.add_function("cycler", minijinja_contrib::globals::cycler);
    environment.add_function("joiner", minijinja_contrib::globals::joiner);
    Ok(environment)
}

/// Jinja reads every line end as a newline, inside strings too.
fn unix_lines(source: &str) -> String {
    source.replace("\r\n", "\n").replace('\r', "\n")
}

/// Templates mark what the assistant says with `{% generation %}` for training; here it is only a scope.
fn without_generation_marks(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        out.push_str(&rest[..start + 2]);
        rest = &rest[start + 2..];
        let Some(end) = rest.find("%}") else { break };
        let tag = &rest[..end];
        match tag.trim_matches(['-', '+']).trim() {
            "generation" => out.push_str(&tag.replace("generation", "with")),
            "endgeneration" => out.push_str(&tag.replace("endgeneration", "endwith")),
            _ => continue,
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn render(source: &str, context: &str, fuel: u64) -> Result<String, String> {
    let raised = Raised::default();
    let context: Value = serde_json::from_str(context).map_err(|error| error.to_string())?;
    let rendered = environment(raised.clone(), fuel).and_then(|environment| {
        environment
            .template_from_named_str(NAME, &without_generation_marks(&unix_lines(source)))?
            .render(context)
    });
    rendered.map_err(|error| {
        let own_words = raised.lock().ok().and_then(|mut slot| slot.take());
        own_words.unwrap_or_else(|| match error.kind() {
            ErrorKind::OutOfFuel => {
                format!("it needs more work or memory than a prompt can ({error})")
            }
            _ => error.to_string(),
        })
    })
}

fn render_on_own_stack(source: &str, context: &str) -> Result<String, String> {
    let fuel = BASE_FUEL + FUEL_A_BYTE * (context.len() as u64).min(MAX_PAID_BYTES);
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size((fuel * STACK_BYTES_A_FUEL) as usize)
            .spawn_scoped(scope, || guarded(|| render(source, context, fuel)))
            .map_err(|error| format!("no thread to render it on: {error}"))?
            .join()
            .unwrap_or_else(|_| Err("it broke the template engine".to_string()))
    })
}

/// # Safety
/// The inputs hold as many bytes as said; `out` is writable; `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn ob_template_render(
    source: *const u8,
    source_size: usize,
    context: *const u8,
    context_size: usize,
    out: *mut ObString,
    error: *mut ObString,
) -> bool {
    answer(error, || {
        let source = text(source, source_size)?;
        let context = text(context, context_size)?;
        give_string(out, render_on_own_stack(source, context)?);
        Ok(())
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn run(source: &str) -> Result<String, String> {
        render_on_own_stack(source, r#"{"m": {"b": 1.5, "a": [true, null, "é<"]}, "s": " x y "}"#)
    }

    #[test]
    fn whitespace_is_trimmed_as_in_transformers() {
        assert_eq!(run("a\r\n{{ 'b\r\nc' }}\rd\r\n").unwrap(), "a\nb\nc\nd");
        assert_eq!(run("a\n  {% if true %}\nb\n  {% endif %}\nc\n").unwrap(), "a\nb\nc");
    }

    #[test]
    fn pythons_methods_and_words() {
        assert_eq!(run("{{ s.strip().split(' ')[-1] }}|{{ none }}|{{ true }}").unwrap(), "y|None|True");
        assert_eq!(run("{% for k, v in m.items() %}{{ k }};{% endfor %}").unwrap(), "b;a;");
        assert_eq!(
            run("{{ 'a-b-c'.replace('-', '+', 1) }} {{ '-'.join(['x', '1']) }}").unwrap(),
            "a+b-c x-1"
        );
        assert_eq!(run("{{ '{:>4}|{}'.format('a', 2) }}").unwrap(), "   a|2");
        assert_eq!(
            run("{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}").unwrap(),
            "01"
        );
        assert_eq!(run("{{ nothing }}{% for x in nothing %}{% endfor %}").unwrap(), "");
    }

    #[test]
    fn json_is_written_as_python_does() {
        assert_eq!(run("{{ m | tojson }}").unwrap(), r#"{"b": 1.5, "a": [true, null, "é<"]}"#);
        assert_eq!(
            run("{{ m | tojson(indent=2) }}").unwrap(),
            "{\n  \"b\": 1.5,\n  \"a\": [\n    true,\n    null,\n    \"é<\"\n  ]\n}"
        );
        assert_eq!(
            run("{{ m | tojson(ensure_ascii=true, sort_keys=true, separators=(',', ':')) }}").unwrap(),
            r#"{"a":[true,null,"\u00e9<"],"b":1.5}"#
        );
        assert_eq!(
            run("{{ [] | tojson(indent=1) }}{{ '😀' | tojson(ensure_ascii=true) }}").unwrap(),
            r#"[]"\ud83d\ude00""#
        );
    }

    #[test]
    fn json_writes_numbers_keys_and_steps_as_python_does() {
        assert_eq!(run("{{ [1.0, 1e20, 1.5e-7, 12] | tojson }}").unwrap(), "[1.0, 1e+20, 1.5e-07, 12]");
        assert_eq!(
            run("{{ {2: 1, none: 3, true: 4} | tojson }}").unwrap(),
            r#"{"2": 1, "null": 3, "true": 4}"#
        );
        assert_eq!(run(r"{{ 'é\u007f' | tojson(true) }}").unwrap(), r#""\u00e9\u007f""#);
        assert_eq!(
            run("{{ [1] | tojson(indent='\t') }}{{ [1] | tojson(indent=0) }}").unwrap(),
            "[\n\t1\n][\n1\n]"
        );
        for source in ["{{ nothing | tojson }}", "{{ [nothing] | tojson }}", "{{ 1 | tojson(depth=1) }}"] {
            assert!(run(source).is_err(), "{source}");
        }
    }

    #[test]
    fn generation_marks_are_a_scope() {
        let source =
            "{%- generation -%} x{% set y = 1 %} {%- endgeneration %}{{ y }}{% if true %}z{% endif %}";
        assert_eq!(run(source).unwrap(), "xz");
    }

    #[test]
    fn own_words_reach_the_caller() {
        assert_eq!(run("{{ raise_exception('roles must alternate') }}").unwrap_err(), "roles must alternate");
        assert!(run("{% if %}").unwrap_err().contains("syntax error"));
        assert!(run("{{ strftime_now('%Q%!') }}").is_err());
    }

    #[test]
    fn hostile_templates_end_in_an_error() {
        let nested = "(".repeat(100_000);
        for source in [
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
            "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
            "{{ 'x' * 99999999 }}",
            "{{ ('x' * 1000000).replace('', 'y' * 1000000) }}",
            "{{ ('x' * 1000000).replace('x', 'y' * 1000000, 999999) }}",
            "{{ ('x' * 1000000).join(range(99999)) }}",
            "{{ '{:99999999999}'.format(1) }}",
            "{{ ('{:9999}' * 100000).format(1) }}",
            "{{ 'x'.zfill(99999999) }}",
            "{{ ('\n' * 9000000).splitlines() | length }}",
            "{{ (',' * 9000000).split(',') | length }}",
            "{{ ('a ' * 9000000).rsplit() | length }}",
            "{% set l = range(99999) | list %}{% for i in range(99999) %}{{ l.index(99998) }}{% endfor %}",
            "{% set l = range(99999) | list %}{% for i in range(99999) %}{{ l.count(1) }}{% endfor %}",
            "{% for i in range(9999) %}{{ 'x'.center(999999) }}{% endfor %}",
            "{{ ('\t' * 1000000).expandtabs(1000000) }}",
            "{{ ('x\n' * 100000) | indent(100000) }}",
            "{{ ('x\n' * 100000) | indent('y' * 100000) }}",
            "{{ 1 | center(99999999) }}",
            "{% set n = namespace() %}{% set n.x = [n, n, n] %}{{ n }}",
            "{{ 1 | tojson(indent=99999999) }}{{ [1] | tojson(indent=99999999) }}",
            "{{ [1] | tojson(separators=('x' * 9999999, 'y')) }}{{ range(100000) | list | tojson(separators=('x' * 999999, ':')) }}",
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
            &format!("{{{{ {nested} }}}}"),
        ] {
            let result = run(source);
            assert!(result.is_err(), "{source:.80}: {} bytes", result.unwrap().len());
        }
    }

    #[test]
    fn deep_values_do_not_overrun_the_stack() {
        let start = "{% set n = namespace(x=[]) %}";
        for nest in
            ["[n.x]", "{'k': n.x}", "namespace(x=n.x)", "[n.x] + [n.x]", "(n.x, 1)", "[n.x] | reverse"]
        {
            // Two loops, so that the fuel and not range()'s limit ends it.
            let nest = format!("{{% for i in range(99999) %}}{{% set n.x = {nest} %}}{{% endfor %}}");
            for end in ["", "{{ n.x }}", "{{ n.x | tojson }}", "{{ n.x == [n.x] }}"] {
                let _ = run(&format!("{start}{nest}{end}"));
                let _ = run(&format!("{start}{nest}{nest}{end}"));
            }
        }
    }
}
