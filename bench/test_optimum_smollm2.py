#!/usr/bin/env python3
"""SmolLM2 as optimum-intel exports it, with the cache as states and as inputs and outputs: baked, it has the forms that a
checkpoint's bake has, and answers greedily what a plain OpenVINO loop over the export answers.

    build/bench/venv/bin/python bench/test_optimum_smollm2.py --ovenbird build/release/ovenbird

Run by hand: it needs bench/requirements.txt. The models stay in --work.
"""
import json
import os
import subprocess
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import openvino as ov
import tokenizers

import measure

KINDS = {"stateful": [], "stateless": ["--disable-stateful"]}
CONTEXT = 1024
NEW_TOKENS = 16
EXACT = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0", "KV_CACHE_PRECISION": "f32"}
TOPICS = ("a heron by a pond", "the tides", "a clock that runs backwards", "bread", "the number seven", "winter in the hills",
          "how a bill becomes law", "sorting a list", "an unlucky sailor", "the colour of the sky")
BEGINNINGS = ("Once upon a time there was a story about {}. It began", "Question: what is most remarkable about {}?\nAnswer:",
              "# Notes on {}\n\n1.", "Dear editor,\n\nI write to you because of {}. {}")
FILLER = "Nobody who had seen it would forget it, and those who had not asked again and again. "


def prompts():
    """Forty, of 10 to some 300 tokens."""
    return [beginning.format(topic, FILLER * number)
            for beginning in BEGINNINGS for number, topic in enumerate(TOPICS)]


def export(folder, work, kind):
    output = work / f"optimum_{kind}"
    if not (output / "openvino_model.xml").exists():
        command = [sys.executable, "-m", "optimum.commands.optimum_cli", "export", "openvino", "-m", folder, "--task",
                   "text-generation-with-past", "--weight-format", "int4", "--sym", "--group-size", "64", "--ratio", "1.0",
                   "--disable-convert-tokenizer", *KINDS[kind], output]
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return output


def bake(program, source, output):
    subprocess.run(list(map(str, [program, "bake", source, "-o", output, "--force", "--context", CONTEXT])), check=True,
                   stdout=subprocess.DEVNULL)
    return json.loads((output / "ovenbird.json").read_text())


def graphs_of(manifest):
    """What the forms are made of: their names, and the graphs of each with their shapes."""
    steps = [(graph["file"], graph["tokens"], graph["past"], graph["context"]) for graph in manifest["cache"]["graphs"]]
    folded = [(step["name"], step["tokens"], step["past"], len(step["layers"])) for step in manifest["folded"]["steps"]]
    return {"forms": list(manifest["verification"]["forms"]), "whole": steps, "folded": folded,
            "window": manifest["seq_len"], "layers": len(manifest["folded"]["layers"])}


class Loop:
    """The export on the CPU, every token computed afresh: behind a cache that is handed from output to input this device's
    logits are up to 0.2 from what it says of the same tokens without one."""

    def __init__(self, xml):
        model = ov.Core().compile_model(str(xml), "CPU", EXACT)
        self.request = model.create_infer_request()
        self.inputs = {port.any_name for port in model.inputs}
        self.empty = {port.any_name: np.zeros([1, *(axis.get_length() if axis.is_static else 0
                                                    for axis in list(port.get_partial_shape())[1:])], np.float32)
                      for port in model.inputs if port.any_name.startswith("past_key_values")}

    def next_token(self, ids):
        self.request.reset_state()
        feed = {"input_ids": np.array([ids], np.int64), "attention_mask": np.ones((1, len(ids)), np.int64),
                "position_ids": np.arange(len(ids), dtype=np.int64)[None], "beam_idx": np.zeros(1, np.int32), **self.empty}
        result = self.request.infer({name: value for name, value in feed.items() if name in self.inputs})
        return int(result["logits"][0, -1].argmax())

    def answer(self, ids):
        tokens = []
        while len(tokens) < NEW_TOKENS:
            tokens.append(self.next_token(ids + tokens))
        return tokens


def answer_of(program, folder, prompt, form):
    settings = [word for key in EXACT for word in ("--ov-config", f"{key}={EXACT[key]}")]
    done = subprocess.run([program, "run", folder, prompt, "--raw", "--device", "CPU", "--no-cache", "--json",
                           "--max-new-tokens", str(NEW_TOKENS), *form, *settings], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def until_end(tokens, ends):
    return tokens[:next((i for i, token in enumerate(tokens) if token in ends), len(tokens))]


def compare(program, work, kind, tokenizer, options):
    loop = Loop(work / f"optimum_{kind}" / "openvino_model.xml")
    ends = {tokenizer.token_to_id(text) for text in ("<|im_end|>", "<|endoftext|>")}
    equal = 0
    for number, prompt in enumerate(prompts()[:options.prompts]):
        ids = tokenizer.encode(prompt).ids
        expected = until_end(loop.answer(ids), ends)
        got = until_end(answer_of(program, work / f"baked_{kind}", prompt, options.form)["tokens"], ends)
        equal += got == expected
        if got != expected:
            print(f"{kind}, prompt {number} of {len(ids)} tokens: {tokenizer.decode(got)!r} instead of "
                  f"{tokenizer.decode(expected)!r}", flush=True)
    return equal


def main():
    parser = measure.arguments(__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=len(prompts()))
    parser.add_argument("--form", type=lambda text: ["--form", text], default=[], help="whole or folded; default: dynamic")
    options = parser.parse_args()
    folder = measure.smollm2_folder(options.work)
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    wanted = graphs_of(bake(options.ovenbird, folder, options.work / "baked_checkpoint"))
    figures = {}
    for kind in KINDS:
        export(folder, options.work, kind)
        manifest = bake(options.ovenbird, options.work / f"optimum_{kind}", options.work / f"baked_{kind}")
        equal = compare(options.ovenbird, options.work, kind, tokenizer, options)
        figures[kind] = {"same_forms": graphs_of(manifest) == wanted, "prompts": options.prompts, "equal": equal,
                         "forms": manifest["verification"]["forms"]}
        print(f"{kind}: {'the' if figures[kind]['same_forms'] else 'NOT the'} checkpoint's forms; {equal} of "
              f"{options.prompts} prompts answered alike", flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if all(each["same_forms"] and each["equal"] == each["prompts"] for each in figures.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
