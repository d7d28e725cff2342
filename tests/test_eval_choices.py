#!/usr/bin/env python3
"""`ovenbird eval --choices` beside lm-eval's loglikelihood, computed over the decoders' logits."""
import json
import unittest

import numpy as np

import baking
from eval_fixture import CONTEXT, EXACT, Baked, eval_json

WORDS = ["the two streams met", "water", "two feet and one inch", "an old book", "def f(x):", "twelve", "bread", "no"]


class Choices(Baked):
    adds_bos = True

    def setUp(self):
        random = np.random.default_rng(3)
        self.questions = []
        for i in range(12):
            picked = [WORDS[j] for j in random.permutation(len(WORDS))[:3]]
            context = ["The mill stood where", "How deep was it? ", "He wrote: \n", ""][i % 4]
            self.questions.append({"context" if i % 2 else "question": context, "choices": picked, "answer": i % 3})
        self.file = self.folder / "choices.jsonl"
        self.file.write_text("\n".join(map(json.dumps, self.questions)) + "\n")

    def log_likelihood(self, decoder, context, continuation):
        """As lm-eval's loglikelihood has it."""
        if context == "":
            bos = json.loads((self.source / "tokenizer_config.json").read_text())["bos_token"]
            context_ids = [self.tokenizer.token_to_id(bos if isinstance(bos, str) else bos["content"])]
            continuation_ids = self.tokenizer.encode(continuation, add_special_tokens=False).ids
        else:
            spaces = len(context) - len(context.rstrip())
            if spaces:
                continuation, context = context[-spaces:] + continuation, context[:-spaces]
            context_ids = self.encode(context)
            continuation_ids = self.encode(context + continuation)[len(context_ids):]
        ids = (context_ids + continuation_ids)[-(CONTEXT + 1):][:-1]
        rows = decoder.log_probabilities(ids)[-len(continuation_ids):]
        return float(sum(row[token] for row, token in zip(rows, continuation_ids)))

    def expected(self, decoder):
        sums = [[self.log_likelihood(decoder, question.get("context", question.get("question")), " " + choice)
                 for choice in question["choices"]] for question in self.questions]
        lengths = [[len(choice.encode()) for choice in question["choices"]] for question in self.questions]
        answers = np.array([question["answer"] for question in self.questions])
        chosen = np.argmax(sums, axis=1)
        return (np.array(sums), chosen, np.mean(chosen == answers),
                np.mean(np.argmax(np.array(sums) / np.array(lengths), axis=1) == answers))

    def test_log_likelihoods_are_lm_evals(self):
        told = eval_json(self.baked, "--choices", self.file, "--tokens", 0, "--against", self.source, "--device", "CPU",
                         "--no-cache", *EXACT)
        choices, source = told["measured"][0]["choices"], told["source_choices"]
        self.assertNotIn("text", told["measured"][0])
        chosen = []
        for decoder, figures in ((self.decoder, choices), (self.reference, source)):
            sums, picked, acc, acc_norm = self.expected(decoder)
            np.testing.assert_allclose([answer["log_likelihoods"] for answer in figures["answers"]], sums, rtol=2e-3)
            self.assertEqual([answer["chosen"] for answer in figures["answers"]], picked.tolist())
            self.assertAlmostEqual(figures["acc"], acc)
            self.assertAlmostEqual(figures["acc_norm"], acc_norm)
            chosen.append(picked)
        self.assertAlmostEqual(choices["equal_to_source"], np.mean(chosen[0] == chosen[1]))

    def test_the_table(self):
        output = baking.ovenbird("eval", self.baked, "--choices", self.file, "--tokens", 60, "--device", "CPU",
                                 "--no-cache").stdout
        self.assertIn("12 questions", output)
        self.assertIn("perplexity", output)

    def test_forms_of_few_rows(self):
        expected = self.expected(self.decoder)[0]
        for form in ("whole", "folded"):
            told = eval_json(self.baked, "--choices", self.file, "--tokens", 0, "--form", form, "--device", "CPU", "--no-cache",
                             *EXACT)
            sums = [answer["log_likelihoods"] for answer in told["measured"][0]["choices"]["answers"]]
            np.testing.assert_allclose(sums, expected, rtol=1e-2)


if __name__ == "__main__":
    unittest.main()
