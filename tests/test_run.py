#!/usr/bin/env python3
"""The static loop: the program's greedy tokens equal those of an independent Python loop over the same IR."""
import json
import signal
import subprocess
import time
import unittest

import numpy as np
import tokenizers

import baking

PROMPTS = (
    "What is the capital of France?",
    "Name three colours.",
    "Count from one to five:",
    "Grüße aus München! Was ist 2 + 2? 你好 🦜",
)
EXACT_FLAGS = [word for key, value in baking.EXACT.items() for word in ("--ov-config", f"{key}={value}")]
NEW_TOKENS = 24


def run(folder, *words, check=True):
    return baking.ovenbird("run", folder, *words, "--stateless", "--device", "CPU", "--no-cache", *EXACT_FLAGS,
                           check=check)


def run_json(folder, *words):
    return json.loads(run(folder, *words, "--json").stdout)


class Loop:
    """Right padding, whole window each token, greedy: written from the issue's words, not from the program."""

    def __init__(self, folder):
        self.folder = folder
        self.compiled = baking.compile_exact(folder / baking.MODEL_XML)
        self.width = self.compiled.input("input_ids").get_shape()[1]
        self.tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        eos = json.loads((folder / "generation_config.json").read_text())["eos_token_id"]
        self.eos = set(eos if isinstance(eos, list) else [eos])

    def step(self, ids):
        pad = self.width - len(ids)
        feed = {
            "input_ids": np.array([ids + [0] * pad], np.int64),
            "attention_mask": np.array([[1] * len(ids) + [0] * pad], np.int64),
            "position_ids": np.arange(self.width, dtype=np.int64)[None],
        }
        return int(baking.logits_of(self.compiled, feed)[-1].argmax())

    def answer(self, text, new_tokens):
        ids = self.tokenizer.encode(text).ids[-self.width:]
        tokens = []
        while len(tokens) < new_tokens and len(ids) <= self.width:
            token = self.step(ids)
            if token in self.eos:
                return tokens, "stop"
            tokens.append(token)
            ids.append(token)
        return tokens, "length"


class StaticLoop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = baking.work_folder() / "int4"
        cls.loop = Loop(cls.folder)

    def check_prompt(self, text):
        tokens, reason = self.loop.answer(text, NEW_TOKENS)
        result = run_json(self.folder, text, "--raw", "--max-new-tokens", NEW_TOKENS)
        self.assertEqual(result["tokens"], tokens)
        self.assertEqual(result["finish_reason"], reason)
        self.assertEqual(result["text"], self.loop.tokenizer.decode(tokens))
        return result

    def test_same_tokens_as_the_python_loop(self):
        for prompt in PROMPTS:
            with self.subTest(prompt=prompt):
                self.check_prompt(prompt)

    def test_window_that_fills_up(self):
        result = self.check_prompt("one two three " * 40)
        self.assertGreaterEqual(result["prompt_tokens"], 100)
        self.assertEqual(result["finish_reason"], "length")

    def test_long_prompt(self):
        prompt = "word " * 500
        result = run_json(self.folder, prompt, "--raw", "--max-new-tokens", 4)
        self.assertEqual(result["prompt_tokens"], 128)
        self.assertEqual(result["dropped_tokens"], len(self.loop.tokenizer.encode(prompt).ids) - 128)
        told = run(self.folder, prompt, "--raw", "--max-new-tokens", 1).stderr
        self.assertIn(f"{result['dropped_tokens']} tokens were dropped", told)
        refused = run(self.folder, prompt, "--raw", "--on-long-prompt", "error", check=False)
        self.assertEqual(refused.returncode, 2, refused.stderr)

    def test_places_and_streams(self):
        question = "What is the capital of France?"
        plain = run(self.folder, question, "--max-new-tokens", 8)
        self.assertIn("Paris", plain.stdout)
        self.assertIn("[DEBUG] Infer Input Shapes: input_ids=[1,128] i64", plain.stderr)
        other = baking.ovenbird("run", "--model_xml", self.folder / baking.MODEL_XML, "--tokenizer_id", self.folder,
                                "--prompt", question, "--max_new_tokens", 8, "--device", "CPU", *EXACT_FLAGS)
        self.assertEqual(other.stdout, plain.stdout)
        piped = subprocess.run([baking.program(), "run", str(self.folder), "--max-new-tokens", "8", "--stateless",
                                "--device", "CPU", "--no-cache", *EXACT_FLAGS], input=question + "\n", capture_output=True, text=True)
        self.assertEqual(piped.stdout, plain.stdout)

    def test_devices(self):
        told = baking.ovenbird("run", self.folder, "hi", "--max-new-tokens", 1, "--no-cache").stderr
        if "NPU: " not in told:  # a machine with an NPU would have used it
            self.assertIn("NPU passed over: ", told)
        alone = baking.ovenbird("run", self.folder, "hi", "--device", "QPU", check=False)
        self.assertEqual(alone.returncode, 1)
        self.assertIn("QPU: no such device", alone.stderr)

    def test_what_cannot_be_run(self):
        for words, status, hint in (
            (["run", self.folder, ""], 2, "prompt is empty"),
            (["run", self.folder, "hi", "--max-new-tokens", "0"], 2, "at least 1"),
            (["run", self.folder, "hi", "--max-new-tokens", "-3"], 2, "at least 1"),
            (["run", self.folder, "hi", "--temperature", "nan"], 2, "temperature"),
            (["run", self.folder, "hi", "--top-log-probabilities", "21"], 2, "0 to 20"),
            (["bench", self.folder, "--prompt-tokens", "0"], 2, "--prompt-tokens"),
            (["run", "no/such/folder", "hi"], 1, "ovenbird bake"),
            (["run", self.folder / "intermediate_dynamic", "hi", "--tokenizer-id", self.folder, "--device", "CPU"], 1,
             "dynamic shape"),
            (["run", self.folder, "hi", "--tokenizer-id", baking.work_folder() / "absent"], 1, "tokenizer"),
            (["run", self.folder, "hi", "--ov-config", "NONSENSE"], 2, "KEY=VALUE"),
            (["walk"], 2, "not a command"),
        ):
            with self.subTest(words=words):
                result = baking.ovenbird(*words, check=False)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn(hint, result.stderr)
                if status == 2:  # before a model is opened
                    self.assertNotIn("passed over", result.stderr)
                    self.assertNotIn("Infer Input Shapes", result.stderr)

    def test_half_a_prompt_is_none(self):
        command = [baking.program(), "run", str(self.folder), "--device", "CPU", "--no-cache"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdin.write("Half a")
        process.stdin.flush()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 130)
        self.assertEqual(process.stdout.read(), "")
        self.assertNotIn("Infer Input Shapes", process.stderr.read())
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()

    def test_log_probabilities(self):
        plain = run_json(self.folder, "Name three colours.", "--max-new-tokens", 4)
        self.assertEqual(plain["top_log_probabilities"], [])
        result = run_json(self.folder, "Name three colours.", "--max-new-tokens", 4, "--top-log-probabilities", 3)
        self.assertEqual(result["tokens"], plain["tokens"])
        self.assertEqual(result["log_probabilities"], plain["log_probabilities"])
        for token, probability, top in zip(result["tokens"], result["log_probabilities"], result["top_log_probabilities"]):
            self.assertEqual(len(top), 3)
            self.assertEqual((top[0]["token"], top[0]["log_probability"]), (token, probability))
            self.assertLess(top[0]["log_probability"], 0)
            self.assertLessEqual(sum(np.exp(each["log_probability"]) for each in top), 1)
            self.assertEqual(top[0]["text"], self.loop.tokenizer.decode([token], skip_special_tokens=False))
        self.assertEqual(result["options"]["top-log-probabilities"], 3)

    def test_a_special_token_as_a_stop_string(self):
        text = self.loop.tokenizer.id_to_token(0)
        result = run_json(self.folder, "hi", "--logit-bias", "0=1000", "--stop", text)
        self.assertEqual((result["text"], result["finish_reason"]), ("", "stop"))


if __name__ == "__main__":
    unittest.main()
