#!/usr/bin/env python3
"""Compares the floats that compressed_copies.py tells, which test_compressed.py holds Ovenbird to, with those of the
methods' own code. By hand, in a Python with torch, transformers and compressed-tensors:

    compression_reference.py [--autoawq SOURCES] [--gptqmodel SOURCES]

SOURCES are checkouts of AutoAWQ and GPTQModel, of which a few functions are run; without one its method is left out."""
import argparse
import ast
import inspect
import pathlib
import tempfile
import types

import numpy as np
import torch
from safetensors.torch import load_file

from compressed_copies import COPIES, Awq, CompressedTensors, Fp8, Gptq

CASE = pathlib.Path(__file__).resolve().parent.parent / "testdata" / "tiny" / "llama_even_linear"


def of_compressed_tensors(parts, settings, copy):
    import compressed_tensors.quantization.lifecycle.forward
    from compressed_tensors.compressors import BaseCompressor
    from compressed_tensors.quantization import QuantizationScheme
    group = dict(settings["config_groups"]["group_0"])
    if "fp4" in copy.layout:
        size, dtype = (16, torch.float8_e4m3fn) if copy.layout.startswith("nvfp4") else (32, torch.uint8)
        group["weights"] = {**group["weights"], "group_size": size, "scale_dtype": dtype,
                            "strategy": "tensor_group" if size == 16 else "group"}
    if copy.order and "g_idx" not in inspect.getsource(compressed_tensors.quantization.lifecycle.forward):
        return None  # later than 0.12, which no longer reads such files
    scheme = QuantizationScheme(**group)
    return BaseCompressor.get_value_from_registry(copy.layout).decompress(dict(parts), scheme)["weight"]


def of_fp8(parts, settings, copy):
    scale = parts.get("weight_scale_inv", parts.get("weight_scale"))
    if copy.block is None or parts["weight"].shape[0] % copy.block[0] == 0 and parts["weight"].shape[1] % copy.block[1] == 0:
        from transformers.integrations.finegrained_fp8 import Fp8Dequantize
        config = types.SimpleNamespace(quantization_config=types.SimpleNamespace(weight_block_size=copy.block))
        given = {"weight$": [parts["weight"]], "weight_scale_inv": [scale]}
        return Fp8Dequantize(config).convert(given, full_layer_name="weight")["weight"]
    # Blocks at the edges are cut, as in DeepSeek-V3's weight_dequant; transformers refuses them.
    weight = parts["weight"].to(torch.float32)
    each = scale.repeat_interleave(copy.block[0], 0).repeat_interleave(copy.block[1], 1)
    return weight * each[: weight.shape[0], : weight.shape[1]]


def of_awq(sources):
    module = types.ModuleType("packing_utils")
    exec((sources / "awq/utils/packing_utils.py").read_text(), module.__dict__)

    def read(parts, settings, copy):
        if "qzeros" not in parts:
            return None  # AutoAWQ itself always writes them
        size = copy.group if copy.group > 0 else parts["qweight"].shape[0]
        return module.dequantize_gemm(parts["qweight"], parts["qzeros"], parts["scales"], 4, size).T
    return read


def function_of(path, name, scope):
    tree = ast.parse(path.read_text())
    found = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)
    found.returns, found.decorator_list = None, []
    for argument in found.args.args:
        argument.annotation = None
    exec(compile(ast.Module([found], []), str(path), "exec"), scope)
    return scope[name]


def of_gptq(sources):
    class Anything:
        pass

    scope = {"torch": torch, "t": torch, "BaseQuantLinear": Anything, "_torch_right_shift": torch.bitwise_right_shift,
             "log": types.SimpleNamespace(info=types.SimpleNamespace(once=lambda text: None))}
    convert = function_of(sources / "gptqmodel/utils/model.py", "convert_gptq_v1_to_v2_format_module", scope)
    layers = sources / "gptqmodel/nn_modules/qlinear/__init__.py"
    from_codes = function_of(layers, "_dequantize_from_codes", scope)
    dequantize = function_of(layers, "dequantize_weight", scope)

    def read(parts, settings, copy):
        layer, bits = Anything(), settings["bits"]
        layer.qweight, layer.qzeros, layer.scales = parts["qweight"], parts["qzeros"].clone(), parts["scales"]
        columns = len(layer.qweight) * 32 // bits
        layer.g_idx = parts.get("g_idx", torch.arange(columns) // copy.group)
        layer.bits, layer.maxq, layer.pack_factor, layer.planar = bits, 2 ** bits - 1, 32 // bits, False
        wf = torch.arange(0, 32, bits, dtype=torch.int32)
        layer.wf_unsqueeze_zero, layer.wf_unsqueeze_neg_one = wf.reshape(1, 1, -1), wf.reshape(1, -1, 1)
        layer.dequant_dtype = torch.int16 if bits == 8 else torch.int8
        layer.qzero_format = lambda format: None
        layer._init_wf_unsqueeze_buffers = lambda: None
        layer._dequantize_from_codes = lambda *given, **more: from_codes(layer, *given, **more)
        if settings.get("checkpoint_format") != "gptq_v2":
            convert(layer, bits, torch.int32)
        return dequantize(layer).T
    return read


def compare(copy, read):
    tensors, settings = load_file(copy.folder / "model.safetensors"), copy.settings()
    modules = sorted(name.rsplit(".", 1)[0] for name in tensors if name.endswith(("scale", "scales", "scale_inv"))
                     and not name.endswith(("input_scale", "global_scale")))
    equal = total = 0
    for module in modules:
        parts = {name.removeprefix(module + "."): values for name, values in tensors.items() if name.startswith(module + ".")}
        reference = read(parts, settings, copy)
        if reference is None:
            return None
        ours = torch.from_numpy(np.ascontiguousarray(copy.floats[module + ".weight"])).to(reference.dtype)
        equal += int((ours == reference).sum())
        total += reference.numel()
    return len(modules), equal, total, reference.dtype


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--autoawq", type=pathlib.Path)
    parser.add_argument("--gptqmodel", type=pathlib.Path)
    options = parser.parse_args()
    readers = {CompressedTensors: of_compressed_tensors, Fp8: of_fp8}
    if options.autoawq:
        readers[Awq] = of_awq(options.autoawq)
    if options.gptqmodel:
        readers[Gptq] = of_gptq(options.gptqmodel)
    different = 0
    with tempfile.TemporaryDirectory() as scratch:
        for number, (kind, given, _) in enumerate(COPIES):
            copy = kind(CASE, pathlib.Path(scratch) / str(number), **given).write()
            result = compare(copy, readers[kind]) if kind in readers else None
            if result is None:
                print(f"{kind.__name__} {given}: left out")
                continue
            modules, equal, total, dtype = result
            different += total - equal
            print(f"{kind.__name__} {given}: {equal} of {total} values of {modules} modules are equal in {dtype}")
    raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()
