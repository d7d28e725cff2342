#!/usr/bin/env python3
"""One step of the static loop, [1, N], on the CPU: the IR that ovenbird bakes beside optimum-intel's INT4 exports.

Both come from the same folder (SmolLM2-135M-Instruct in f32) in INT4, symmetric, groups of 64. optimum-intel's are
exported without a cache and in its usual stateful form, then reshaped to [1, N] and saved by ov.save_model: what its
user would do by hand. All are timed in turn (A B C A B C ...) in one process.
"""
import os
import statistics
import subprocess
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import openvino as ov
import tokenizers

import measure

GROUP_SIZE = 64
TARGET = 0.8
TEXT = ("The heron stood at the edge of the pond for most of the morning. It did not move when the rain began, nor when "
        "the children came down the path with their boats and their shouting. Only when the sun came out again and the "
        "surface of the water turned from grey to silver did it lower its head, take one slow step, and wait. A fish "
        "rose. The bird struck, swallowed, and stood still again, as if nothing had happened at the edge of the")
SETTINGS = {"default": {}, "f32": {"INFERENCE_PRECISION_HINT": "f32"}}


def export_optimum(folder, output, seq_len, stateful):
    """optimum-intel's INT4 export, reshaped and saved; returns the XML's path."""
    from optimum.intel import OVModelForCausalLM, OVWeightQuantizationConfig
    xml = output / f"{'stateful' if stateful else 'stateless'}_{seq_len}.xml"
    if xml.exists():
        return xml
    config = OVWeightQuantizationConfig(bits=4, sym=True, group_size=GROUP_SIZE, ratio=1.0)
    model = OVModelForCausalLM.from_pretrained(folder, export=True, compile=False, use_cache=stateful,
                                               stateful=stateful, quantization_config=config).model
    shapes = {port.any_name: [1] if port.any_name == "beam_idx" else [1, seq_len] for port in model.inputs}
    model.reshape(shapes)
    output.mkdir(parents=True, exist_ok=True)
    ov.save_model(model, xml, compress_to_fp16=False)
    return xml


def bake_own(program, folder, output, seq_len):
    subprocess.run([program, "bake", folder, "-o", output, "--force", "--group-size", str(GROUP_SIZE), "--seq-len",
                    str(seq_len)], check=True, stdout=subprocess.DEVNULL)
    return output / "openvino_model.xml"


class Step:
    """A compiled model with its inputs set: a text that fills most of the window."""

    def __init__(self, core, xml, tokens, seq_len, properties):
        self.request = core.compile_model(str(xml), "CPU", properties).create_infer_request()
        real = min(len(tokens), seq_len)
        ids = np.full((1, seq_len), 2, np.int64)
        ids[0, :real] = tokens[:real]
        mask = np.zeros((1, seq_len), np.int64)
        mask[0, :real] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "position_ids": np.arange(seq_len, dtype=np.int64)[None],
                "beam_idx": np.zeros(1, np.int32)}
        for port in self.request.get_compiled_model().inputs:
            self.request.set_tensor(port, ov.Tensor(feed[port.any_name]))
        self.last_row = real - 1

    def run(self):
        """Wall and processor milliseconds of one step; a state is cleared first, as a static loop must."""
        wall, processor = time.perf_counter(), time.process_time()
        self.request.reset_state()
        self.request.infer()
        return (time.perf_counter() - wall) * 1000, (time.process_time() - processor) * 1000

    def next_token(self):
        logits = self.request.get_tensor("logits").data
        return int(logits[0, self.last_row if logits.shape[1] > 1 else 0].argmax())


def figures_of(times):
    wall = [each for each, _ in times]
    return {"median_ms": statistics.median(wall), "p10_ms": float(np.percentile(wall, 10)),
            "p90_ms": float(np.percentile(wall, 90)), "processor_ms": statistics.median(each for _, each in times)}


def time_in_turn(models, tokens, seq_len, rounds, properties):
    core = ov.Core()
    steps = {name: Step(core, xml, tokens, seq_len, properties) for name, xml in models.items()}
    times = {name: [] for name in steps}
    for number in range(rounds + 5):
        for name, step in steps.items():
            elapsed = step.run()
            if number >= 5:  # the first ones warm up
                times[name].append(elapsed)
    return {name: {**figures_of(times[name]), "next_token": step.next_token()} for name, step in steps.items()}


def main():
    parser = measure.arguments(__doc__.splitlines()[0])
    parser.add_argument("--seq-len", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    folder = measure.smollm2_folder(options.work)
    exported = options.work / "optimum_smollm2"
    models = {
        "ovenbird": bake_own(options.ovenbird, folder, options.work / "step_own", options.seq_len),
        "optimum-intel, no cache": export_optimum(folder, exported, options.seq_len, stateful=False),
        "optimum-intel, stateful": export_optimum(folder, exported, options.seq_len, stateful=True),
    }
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokens = tokenizer.encode(TEXT).ids
    results, rows = {}, []
    for setting, properties in SETTINGS.items():
        results[setting] = time_in_turn(models, tokens, options.seq_len, options.rounds, properties)
        own = results[setting]["ovenbird"]
        for name, figures in results[setting].items():
            figures["own_ratio"] = own["median_ms"] / figures["median_ms"]
            rows.append([name, setting, f"{figures['median_ms']:.1f}", f"{figures['p10_ms']:.1f}",
                         f"{figures['p90_ms']:.1f}", f"{figures['processor_ms']:.1f}", f"{figures['own_ratio']:.2f}",
                         repr(tokenizer.decode([figures["next_token"]]))])
    measure.print_table(["model", "precision", "median ms", "p10", "p90", "processor ms", "ours / it", "next"], rows)
    worst = max(figures["own_ratio"] for name, figures in results["default"].items() if name != "ovenbird")
    print(f"default precision: ours / optimum-intel's = {worst:.2f} at worst; target at most {TARGET}: "
          f"{'met' if worst <= TARGET else 'MISSED'}")
    measure.write_json(options.json, {"seq_len": options.seq_len, "group_size": GROUP_SIZE, "rounds": options.rounds,
                                      "target": TARGET, "results": results})


if __name__ == "__main__":
    main()
