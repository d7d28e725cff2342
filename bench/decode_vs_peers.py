#!/usr/bin/env python3
"""First token, prefill and decode on the CPU: ovenbird beside openvino-genai (the same weights' precision) and llama.cpp.

`ovenbird bench` measures all of them in turn, in one run; each OpenVINO contestant with its defaults and with a grid of
INFERENCE_PRECISION_HINT and DYNAMIC_QUANTIZATION_GROUP_SIZE. The target compares each side's best and defaults.
"""
import json
import os
import subprocess

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import measure

GROUP_SIZE = 64
PROMPTS = (128, 900)
# A text that repeats itself: prompt lookup has something to find.
REPEATED = ("The heron stood at the edge of the pond for most of the morning. It did not move when the rain began, nor when "
            "the children came down the path with their boats and their shouting. ") * 12


def export_genai(folder, output):
    """optimum-intel's stateful INT4 export with tokenizers, as openvino-genai's users make it."""
    if not (output / "openvino_tokenizer.xml").exists():
        subprocess.run(["optimum-cli", "export", "openvino", "-m", folder, "--task", "text-generation-with-past",
                        "--weight-format", "int4", "--sym", "--group-size", str(GROUP_SIZE), "--ratio", "1.0", output],
                       check=True)
    return output


def run(options, baked, *words):
    command = [options.ovenbird, "bench", baked, "--device", "CPU", "--no-cache", "--json", "--python", options.python,
               "--rounds", options.rounds, *words]
    return json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout)["results"]


def best(results, name, prompt, key, better):
    return better(each[key] for each in results if each["name"].startswith(name) and each["prompt_tokens"] == prompt)


def of(results, name, prompt, key):
    return next(each[key] for each in results if each["name"] == name and each["prompt_tokens"] == prompt)


def judge(results, static, lookup):
    """(what, ratio, sign, target) of each line of the targets."""
    genai, own, rate, first = "openvino-genai", "ovenbird", "decode_tokens_per_s", "ttft_ms"
    rows = []
    for prompt in PROMPTS:
        fastest = best(results, own, prompt, rate, max)
        rows += [
            (f"decode behind {prompt}: best / genai's best", fastest / best(results, genai, prompt, rate, max), ">=", 1.10),
            (f"decode behind {prompt}: defaults / genai's defaults",
             of(results, own, prompt, rate) / of(results, genai, prompt, rate), ">=", 1.25),
            (f"decode behind {prompt}: best / llama.cpp", fastest / of(results, "llama.cpp", prompt, rate), ">=", 1.0),
            (f"first token of {prompt}: best / genai's best",
             best(results, own, prompt, first, min) / best(results, genai, prompt, first, min), "<=", 1.0)]
    rows.append(("static graphs, 256 positions: best / genai's best",
                 best(static, own, 128, rate, max) / best(static, genai, 128, rate, max), ">=", 0.9))
    rows.append(("prompt lookup on repeated text / plain",
                 of(lookup, own + ", prompt lookup", 700, rate) / of(lookup, own, 700, rate), ">=", 1.5))
    return rows


def main():
    parser = measure.arguments(__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--python", default="python3", help="a Python with openvino_genai and llama_cpp")
    parser.add_argument("--text", help="where prompts are taken from (default: random tokens)")
    options = parser.parse_args()
    folder = measure.smollm2_folder(options.work)
    baked = options.work / "decode_own"
    subprocess.run([options.ovenbird, "bake", folder, "-o", baked, "--force", "--group-size", str(GROUP_SIZE)], check=True,
                   stdout=subprocess.DEVNULL)
    repeated = options.work / "repeated.txt"
    repeated.write_text(REPEATED)
    peers = ["--compare", f"openvino-genai={export_genai(folder, options.work / 'genai_smollm2')}"]
    llama = ["--compare", f"llama.cpp={measure.smollm2_gguf()}"]
    text = ["--text", options.text] if options.text else []
    grid = run(options, baked, *peers, *llama, *text, "--grid", "--new-tokens", 48, "--prompt-tokens",
               ",".join(map(str, PROMPTS)))
    static = run(options, baked, *peers, *text, "--grid", "--static", "--new-tokens", 48)
    lookup = run(options, baked, "--prompt-lookup", "--text", repeated, "--new-tokens", 128, "--prompt-tokens", 700)
    figures = {"grid": grid, "static": static, "lookup": lookup}
    for name, results in figures.items():
        print(f"\n{name}")
        measure.print_table(["", "prompt", "first ms", "token ms", "p95", "tokens/s"],
                            [[each["name"], each["prompt_tokens"], f"{each['ttft_ms']:.1f}", f"{each['token_ms']:.2f}",
                              f"{each['token_ms_p95']:.1f}", f"{each['decode_tokens_per_s']:.1f}"] for each in results])
    rows = judge(grid, static, lookup)
    print()
    for what, ratio, sign, target in rows:
        met = ratio >= target if sign == ">=" else ratio <= target
        print(f"{what}: {ratio:.2f} (target {sign} {target}: {'met' if met else 'MISSED'})")
    targets = [dict(zip(("what", "ratio", "sign", "target"), row)) for row in rows]
    measure.write_json(options.json, {**figures, "targets": targets})


if __name__ == "__main__":
    main()
