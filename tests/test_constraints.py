#!/usr/bin/env python3
"""Constrained answers of SmolLM2: a hundred drawn JSON schemas, greedily and with temperature, judged by the jsonschema
package; grammars and regular expressions; the options of the program."""
import json
import os
import random
import re
import subprocess
import unittest

import jsonschema

import baking

SCHEMAS = 100
NAMES = ("name", "age", "city", "colour", "price", "size", "tags", "kind", "date", "note", "owner", "parts")
WORDS = ("red", "green", "blue", "small", "large", "new", "old", "iron", "wood", "paper")


class Schemas:
    """Draws schemas whose answers are short."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def some(self, low, high):
        return self.random.randint(low, high)

    def string(self):
        kind = self.some(0, 4)
        if kind == 0:
            return {"type": "string", "minLength": self.some(0, 2), "maxLength": self.some(3, 8)}
        if kind == 1:
            return {"type": "string", "pattern": self.random.choice(
                ("^[A-Z][a-z]{2,8}$", "^[a-z]{1,5}-[0-9]{2}$", "^(left|right|up)$", "^[A-Z]{2}[0-9]{1,4}$"))}
        if kind == 2:
            return {"type": "string", "format": self.random.choice(("ipv4", "ipv4", "ipv4", "uuid"))}
        if kind == 3:
            return {"enum": self.random.sample(WORDS, self.some(1, 5))}
        return {"const": self.random.choice((*WORDS, 7, 2.5, None, True, [1, "a"], {"x": "é"}))}

    def number(self):
        low = self.some(-50, 50)
        bounds = {"minimum": low, "maximum": low + self.some(0, 300)}
        if self.some(0, 3) == 0:
            return {"type": "integer", "exclusiveMinimum": low, "exclusiveMaximum": low + self.some(2, 40)}
        if self.some(0, 4) == 0:
            return {"type": "integer", **bounds, "multipleOf": 1}
        return {"type": "integer", **bounds}

    def array(self, depth):
        low = self.some(0, 2)
        return {"type": "array", "items": self.any(depth + 1), "minItems": low, "maxItems": low + self.some(0, 1)}

    def object(self, depth, references=()):
        names = self.random.sample(NAMES, self.some(1, 3 if depth == 0 else 2))
        properties = {name: self.any(depth + 1, references) for name in names}
        required = [name for name in names if self.some(0, 2) > 0]
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    def any(self, depth, references=()):
        kind = self.some(0, 9 if depth < 3 else 5)
        if references and self.some(0, 2) == 0:
            return {"$ref": self.random.choice(references)}
        if kind < 3:
            return self.string()
        if kind < 5:
            return self.number()
        if kind == 5:
            return {"type": self.random.choice(("boolean", "null"))}
        if kind == 6:
            return {"anyOf": [self.string(), self.number(), self.object(depth + 1)]}
        return self.array(depth) if kind == 7 else self.object(depth)

    def whole(self):
        if self.some(0, 2) > 0:
            return self.object(0)
        definitions = {name: self.any(2) for name in self.random.sample(NAMES, 2)}
        references = [f"#/$defs/{name}" for name in definitions]
        return {"$defs": definitions, **self.object(0, references)}


def request(kind, form, prompt, **words):
    return {"kind": kind, "form": form, "prompt": prompt, "temperature": 0, "seed": 1, "draft_tokens": 0,
            "max_new_tokens": 600, **words}


def answers(requests, properties=()):
    """All of them by one process: the model is loaded once."""
    command = [os.environ["OVENBIRD_ANSWER_SCHEMAS"], str(baking.work_folder() / "int4"), *properties]
    lines = "".join(json.dumps(each) + "\n" for each in requests)
    result = subprocess.run(command, input=lines, capture_output=True, text=True)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return [json.loads(line) for line in result.stdout.splitlines()]


def run(*words, check=True):
    return baking.ovenbird("run", baking.work_folder() / "int4", *words, "--device", "CPU", "--no-cache", check=check)


class Constraints(unittest.TestCase):
    def test_a_hundred_schemas(self):
        drawn = Schemas(5)
        schemas = [drawn.whole() for _ in range(SCHEMAS)]
        for schema in schemas:
            jsonschema.Draft202012Validator.check_schema(schema)
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        requests = []
        for number, schema in enumerate(schemas):
            prompt = f"Describe a {WORDS[number % len(WORDS)]} thing as JSON."
            requests.append(request("json_schema", schema, prompt))
            requests.append(request("json_schema", schema, prompt, temperature=1.2, seed=number))
        got = answers(requests)
        self.assertEqual(len(got), 2 * SCHEMAS)
        for asked, answer in zip(requests, got):
            with self.subTest(schema=json.dumps(asked["form"]), text=answer["text"]):
                self.assertEqual(answer["finish_reason"], "stop")
                value = json.loads(answer["text"])
                jsonschema.Draft202012Validator(asked["form"], format_checker=checker).validate(value)
        # The temperature was no decoration.
        differ = sum(greedy["text"] != bold["text"] for greedy, bold in zip(got[::2], got[1::2]))
        self.assertGreater(differ, SCHEMAS // 2)
        tokens = sum(len(answer["tokens"]) for answer in got)
        masks = sum(answer["mask_ms"] for answer in got)
        print(f"{tokens} tokens, the mask takes {masks / tokens:.3f} ms a token "
              f"of {sum(answer['total_ms'] for answer in got) / tokens:.2f} ms")

    def test_drafts_say_the_same(self):
        schema = {"type": "array", "minItems": 6, "maxItems": 6, "items": {
            "type": "object", "properties": {"first": {"enum": ["left", "right"]}, "second": {"type": "boolean"}},
            "required": ["first", "second"], "additionalProperties": False}}
        exact = [f"{key}={value}" for key, value in {**baking.EXACT, "KV_CACHE_PRECISION": "f32"}.items()]
        requests = [request("json_schema", schema, "Six directions as JSON.", draft_tokens=drafts,
                            temperature=temperature) for temperature in (0, 0.8) for drafts in (0, 7)]
        got = answers(requests, exact)
        for plain, drafted in zip(got[::2], got[1::2]):
            self.assertEqual(drafted["finish_reason"], "stop")
            jsonschema.validate(json.loads(drafted["text"]), schema)
            self.assertLess(drafted["steps"], plain["steps"])
            self.assertEqual(drafted["text"], plain["text"])

    def test_grammars_expressions_and_the_length(self):
        lark = 'start: term (" + " term){2}\nterm: /[1-9][0-9]?/'
        expression = r"(yes|no), because [a-z]{2,9}( [a-z]{2,9}){2}\."
        sums, words, cut = answers([request("grammar", lark, "Add three numbers."),
                                    request("regex", expression, "Is the sky blue?", temperature=1),
                                    request("regex", "[a-z ]{200,}", "Tell me a story.", max_new_tokens=7)])
        self.assertRegex(sums["text"], r"\A[1-9][0-9]?( \+ [1-9][0-9]?){2}\Z")
        self.assertIsNotNone(re.fullmatch(expression, words["text"]), words["text"])
        self.assertEqual((sums["finish_reason"], words["finish_reason"]), ("stop", "stop"))
        self.assertEqual((cut["finish_reason"], len(cut["tokens"])), ("length", 7))

    def test_options(self):
        schema = '{"type": "object", "properties": {"capital": {"enum": ["Paris", "Rome"]}}, ' \
                 '"required": ["capital"], "additionalProperties": false}'
        for form in ((), ("--static", "--prompt-lookup"), ("--stateless",)):
            answer = json.loads(run("The capital of France?", "--json-schema", schema, "--json", *form).stdout)
            self.assertEqual(json.loads(answer["text"]), {"capital": "Paris"})
            self.assertEqual(answer["finish_reason"], "stop")
        file = baking.work_folder() / "schema.json"
        file.write_text(schema.replace('"Paris", ', ""))
        answer = json.loads(run("The capital of France?", "--json-schema", file, "--json").stdout)
        self.assertEqual(json.loads(answer["text"]), {"capital": "Rome"})
        token = answer["tokens"][0]
        biased = run("Say something.", "--logit-bias", f"{token}=1000", "--max-new-tokens", 3, "--json")
        answer = json.loads(biased.stdout)
        self.assertEqual(answer["tokens"], [token] * 3)

    def test_what_cannot_be_done_is_said_before_the_model_is_compiled(self):
        missing = baking.work_folder() / "no_schema.json"
        grammar = baking.work_folder() / "broken.lark"
        grammar.write_text("start: nowhere")
        for words, status, part in ((("--json-schema", '{"type": "strin"}'), 2, "strin"),
                                    (("--json-schema", "{"), 2, "not JSON"),
                                    (("--json-schema", missing), 1, "no_schema.json"),
                                    (("--grammar", grammar), 2, "nowhere"),
                                    (("--regex", "(a"), 2, "unclosed"),
                                    (("--regex", "a", "--json-object"), 2, "give one of"),
                                    (("--logit-bias", "5"), 2, "ID=VALUE")):
            with self.subTest(words=words):
                refused = run("hi", *words, check=False)
                self.assertEqual(refused.returncode, status, refused.stderr)
                self.assertIn(part, refused.stderr)
                self.assertNotIn("Infer Input Shapes", refused.stdout + refused.stderr)


if __name__ == "__main__":
    unittest.main()
