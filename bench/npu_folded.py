#!/usr/bin/env python3
"""A 7B made ready for an NPU: Intel's compiler on the folded graphs of Mistral's shape, beside whole ones of few layers.

Layers are told apart by their weights only, so that the graphs are the same files for any depth (tests/test_folded.py); a
checkpoint of two layers serves. The first three graphs, which answer prompts of up to 1,024 tokens, are compiled two at a
time; the targets are 75 s for them together, 1 GB each, 40 MB of blobs, and 30 s for each further graph.
"""
import pathlib
import subprocess
import sys
import time

import bake_7b
import measure

sys.path.insert(0, str(measure.ROOT / "tools"))
from npu_compiler import judge, toolchain

FIRST = ("prefill_1024", "decode_1024", "head")
OTHERS = ("verify_1024", "head_8", "decode_2048", "verify_2048", "prefill_2048")
TARGETS = {"seconds": 75, "peak_mb": 1000, "blobs_mb": 40, "other_seconds": 30}


def parse():
    parser = measure.arguments(__doc__.splitlines()[0])
    parser.add_argument("--platforms", default="3720,4000,5010")
    parser.add_argument("--whole", type=int, nargs="*", default=[1, 2], help="layers of the whole graphs (%(default)s)")
    parser.add_argument("--others", action="store_true", help="also drafts, and another bucket")
    return parser.parse_args()


def bake(options, layers, context=1024):
    source = options.work / f"mistral_{layers}"
    bake_7b.make_checkpoint(source, layers, measure.smollm2_folder(options.work))
    output = options.work / f"mistral_{layers}_baked_{context}"
    subprocess.run([options.ovenbird, "bake", source, "-o", output, "--force", "--group-size", "-1", "--no-forward-check",
                    "--context", str(context)],
                   check=True, stdout=subprocess.DEVNULL)
    return output


def compile_graphs(folder, names, platform, jobs):
    """(wall seconds, {name: verdict}) of the folder's folded graphs."""
    start = time.monotonic()
    pairs = [(folder / "folded" / f"{name}.xml", platform) for name in names]
    verdicts = {pathlib.Path(each.model).stem: each for each in judge.compile_all(pairs, jobs)}
    return time.monotonic() - start, verdicts


def whole_verdict(folder, name, platform):
    xml = folder / "graphs" / f"{name}.xml"
    if not xml.with_suffix(".bin").exists():
        xml.with_suffix(".bin").symlink_to(folder.resolve() / "openvino_model.bin")
    return judge.compile_model(xml, platform)


def told(verdict):
    if not verdict.accepted:
        return f"refused: {verdict.reason}"
    return f"{verdict.seconds:.1f} s, {verdict.peak_mb:.0f} MB, blob {verdict.blob_bytes / 1e6:.1f} MB"


def main():
    options = parse()
    toolchain.command()
    baked = bake(options, 2)
    figures, rows, good = {}, [], True
    for platform in map(int, options.platforms.split(",")):
        seconds, verdicts = compile_graphs(baked, FIRST, platform, 2)
        blobs = sum(verdict.blob_bytes for verdict in verdicts.values()) / 1e6
        met = (all(verdict.accepted and verdict.peak_mb <= TARGETS["peak_mb"] for verdict in verdicts.values())
               and seconds <= TARGETS["seconds"] and blobs <= TARGETS["blobs_mb"])
        rows.append([platform, *(told(verdicts[name]) for name in FIRST), f"{seconds:.1f} s", f"{blobs:.1f} MB", "met" if met else "MISSED"])
        figures[platform] = {"seconds": seconds, "blobs_mb": blobs, **{name: told(verdicts[name]) for name in FIRST}}
        good = good and met
        if options.others:
            longer = bake(options, 2, 2048)
            for name in OTHERS:
                _, verdict = compile_graphs(longer, [name], platform, 1)
                verdict = verdict[name]
                met = verdict.accepted and verdict.seconds <= TARGETS["other_seconds"]
                print(f"{platform} {name}: {told(verdict)}{'' if met else ' MISSED'}", flush=True)
                figures[platform][name] = told(verdict)
                good = good and met
    measure.print_table(["platform", *FIRST, "together", "blobs", "targets"], rows)
    for layers in options.whole:
        folder = baked if layers == 2 else bake(options, layers)
        for name in ("prefill_1024", "decode_1024"):
            verdict = whole_verdict(folder, name, 4000)
            print(f"whole, {layers} layers, 4000, {name}: {told(verdict)}", flush=True)
            figures[f"whole {layers} {name}"] = told(verdict)
    measure.write_json(options.json, figures)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
