"""What the end-to-end tests share: running the program, and running an IR with plain OpenVINO."""
import json
import os
import pathlib
import shutil
import subprocess

import numpy as np
import openvino as ov

ROOT = pathlib.Path(__file__).resolve().parent.parent
TINY = ROOT / "testdata" / "tiny"
# f32 without re-quantised activations: differences are then the graph's, not the device's.
EXACT = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}

MODEL_XML = "openvino_model.xml"
MODEL_BIN = "openvino_model.bin"
DYNAMIC_XML = "intermediate_dynamic/openvino_model.xml"


def program():
    return os.environ.get("OVENBIRD", str(ROOT / "build" / "dev" / "ovenbird"))


def baker():
    """What bakes where program() cannot: the one for Windows, under Wine."""
    return os.environ.get("OVENBIRD_BAKER", program())


def is_windows():
    return program().endswith("tests/windows/ovenbird")


def work_folder():
    """The folder in the build tree where the SmolLM2 fixture lies."""
    return pathlib.Path(os.environ["OVENBIRD_TEST_WORK"])


def smollm2_gguf():
    return pathlib.Path(os.environ["OVENBIRD_SMOLLM2_GGUF"])


def ovenbird(*arguments, check=True):
    """Runs the program and returns the completed process; with `check` a failure raises with its messages."""
    command = [baker() if arguments[0] == "bake" else program(), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit status {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result


def bake(source, output, *options):
    ovenbird("bake", source, "-o", output, "--force", *options)
    return pathlib.Path(output)


def plan(source, output, *options):
    return json.loads(ovenbird("bake", source, "-o", output, "--plan", "--json", *options).stdout)


def tiny_cases():
    return sorted(folder for folder in TINY.iterdir() if (folder / "config.json").exists())


# Families whose graphs are put together from parts that others have too: their logits are compared (test_golden.py,
# engines_test.cpp), and what takes minutes is left to the others.
LIKE_OTHERS = ("arcee", "cohere_", "cwm", "ernie", "exaone4_odd", "gemma_", "glm_", "granite_odd", "granitemoehybrid_odd",
               "hunyuan_odd", "llama_even_linear", "ministral_", "mistral_even_longrope", "mistral_odd", "nemotron_odd", "olmo2_odd",
               "olmo3", "phi3_odd", "qwen2_odd", "qwen3_even", "seed", "smollm3_odd", "starcoder2_odd", "cohere2_odd", "minicpm_odd")


def apart_cases():
    return [case for case in tiny_cases() if not case.name.startswith(LIKE_OTHERS)]


def with_positions(case, folder, positions):
    """A copy of a checkpoint or an export, made for more positions than its goldens need."""
    folder = pathlib.Path(shutil.copytree(case, folder))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": positions}))
    return folder


def judge_with(compiler):
    """The text of tools/npu-compile with another compiler in Wine's place."""
    tools = str(ROOT / "tools")
    return f"""#!/usr/bin/env python3
import runpy, sys
sys.path.insert(0, {tools!r})
from npu_compiler import toolchain
toolchain.command = lambda: [{str(compiler)!r}]
toolchain.version = lambda: "test"
runpy.run_path({tools!r} + "/npu-compile", run_name="__main__")
"""


def compile_exact(xml):
    return ov.Core().compile_model(str(xml), "CPU", {**EXACT, "KV_CACHE_PRECISION": "f32"})


def logits_of(compiled, feed):
    """The rows of the logits of a [1, N] input: [rows, vocabulary]. Nothing is kept from one call to the next."""
    names = {name for port in compiled.inputs for name in port.get_names()}
    feed = {**feed, "beam_idx": np.zeros(1, np.int32)}
    result = compiled.create_infer_request().infer({name: values for name, values in feed.items() if name in names})
    return result[compiled.output("logits")][0].copy()
