#!/usr/bin/env python3
"""SmolLM2 with a cache: the same greedy tokens as the loop that computes the whole window for every token, and answers
beyond that window."""
import json
import unittest

import baking

FLAGS = [word for key, value in {**baking.EXACT, "KV_CACHE_PRECISION": "f32"}.items()
         for word in ("--ov-config", f"{key}={value}")]
PROMPTS = ("What is the capital of France?", "Count from one to five:", "Grüße aus München! Was ist 2 + 2? 你好 🦜")
STORY = "The heron stood at the edge of the pond and did not move when the rain began. "


def run(*words, folder=None):
    folder = folder or baking.work_folder() / "int4"
    return json.loads(baking.ovenbird("run", folder, *words, "--raw", "--json", "--device", "CPU", "--no-cache",
                                      *FLAGS).stdout)


class CachedRun(unittest.TestCase):
    def test_same_tokens_as_without_a_cache(self):
        for prompt in PROMPTS:
            with self.subTest(prompt=prompt):
                plain = run(prompt, "--max-new-tokens", 24, "--stateless")
                cached = run(prompt, "--max-new-tokens", 24)
                self.assertEqual(cached["tokens"], plain["tokens"])
                self.assertEqual(cached["finish_reason"], plain["finish_reason"])

    def test_beyond_a_window_a_chunk_and_a_bucket(self):
        # 240 tokens: two chunks; 24 more: the next bucket.
        prompt = STORY * 13
        dynamic = run(prompt, "--max-new-tokens", 24)
        self.assertGreater(dynamic["prompt_tokens"], 220)
        self.assertGreater(dynamic["prompt_tokens"] + 24, 256)
        self.assertEqual(dynamic["dropped_tokens"], 0)
        static = run(prompt, "--max-new-tokens", 24, "--static")
        self.assertEqual(static["tokens"], dynamic["tokens"])
        self.assertEqual(static["window_tokens"], 1024)

    def test_prompt_lookup_says_the_same_in_fewer_steps(self):
        prompt = STORY * 6
        for form in ((), ("--static",)):
            plain = run(prompt, "--max-new-tokens", 40, *form)
            looked_up = run(prompt, "--max-new-tokens", 40, "--prompt-lookup", *form)
            self.assertEqual(looked_up["tokens"], plain["tokens"])
            self.assertGreater(looked_up["accepted"], 8)
            self.assertEqual(looked_up["steps"] + looked_up["accepted"], plain["steps"])

    def test_what_cannot_be_done_is_said(self):
        folder = baking.work_folder() / "int4"
        refused = baking.ovenbird("run", folder, "word " * 1200, "--raw", "--device", "CPU", check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("1024", refused.stderr)
        refused = baking.ovenbird("run", baking.ROOT / "testdata" / "optimum_stateless", "hi", "--static", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no graphs with a cache", refused.stderr)
        refused = baking.ovenbird("run", folder, "hi", "--device", "QPU", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("QPU: no such device", refused.stderr)


if __name__ == "__main__":
    unittest.main()
