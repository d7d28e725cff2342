#!/usr/bin/env python3
"""Intel's NPU compiler on SmolLM2-135M per channel: ovenbird's graph beside optimum-intel's, reshaped by hand, in turn."""
import os
import statistics
import subprocess
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import openvino as ov

import measure

sys.path.insert(0, str(measure.ROOT / "tools"))
from npu_compiler import judge, toolchain

SEQ_LEN = 128


def export_optimum(folder, output):
    from optimum.intel import OVModelForCausalLM, OVWeightQuantizationConfig
    xml = output / "per_channel.xml"
    if not xml.exists():
        config = OVWeightQuantizationConfig(bits=4, sym=True, group_size=-1, ratio=1.0)
        model = OVModelForCausalLM.from_pretrained(folder, export=True, compile=False, use_cache=False, stateful=False,
                                                   quantization_config=config).model
        model.reshape({port.any_name: [1, SEQ_LEN] for port in model.inputs})
        output.mkdir(parents=True, exist_ok=True)
        ov.save_model(model, xml, compress_to_fp16=False)
    return xml


def main():
    parser = measure.arguments(__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--platforms", default="4000,5010")
    options = parser.parse_args()
    folder = measure.smollm2_folder(options.work)
    subprocess.run([options.ovenbird, "bake", folder, "-o", options.work / "npu_own", "--force", "--group-size", "-1",
                    "--no-forward-check"], check=True, capture_output=True)
    models = {"ovenbird": options.work / "npu_own" / "openvino_model.xml",
              "optimum-intel": export_optimum(folder, options.work / "optimum_smollm2")}
    toolchain.command()
    results, rows = [], []
    for platform in map(int, options.platforms.split(",")):
        verdicts = {name: [] for name in models}
        for _ in range(options.rounds):
            for name, xml in models.items():
                verdicts[name].append(judge.compile_model(xml, platform))
        own = statistics.median(verdict.seconds for verdict in verdicts["ovenbird"])
        for name, each in verdicts.items():
            seconds = statistics.median(verdict.seconds for verdict in each)
            results.append({"platform": platform, "by": name, "accepted": each[0].accepted, "seconds": seconds,
                            "blob_bytes": each[0].blob_bytes, "peak_mb": each[0].peak_mb, "own_ratio": own / seconds})
            rows.append([name, platform, "yes" if each[0].accepted else "no", f"{seconds:.1f}", f"{each[0].peak_mb:.0f}",
                         f"{each[0].blob_bytes / 1e6:.1f}", f"{own / seconds:.2f}"])
    measure.print_table(["model", "platform", "accepted", "median s", "peak MB", "blob MB", "ours / it"], rows)
    worst = max(row["own_ratio"] for row in results if row["by"] != "ovenbird" and row["accepted"])
    print(f"compile time: ours / optimum-intel's = {worst:.2f} at worst; target at most 1: {'met' if worst <= 1 else 'MISSED'}")
    measure.write_json(options.json, {"rounds": options.rounds, "results": results})


if __name__ == "__main__":
    main()
