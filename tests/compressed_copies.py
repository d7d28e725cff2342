"""Copies of a checkpoint as the methods of compression store it, and the floats that their formats mean: numpy only.

Each copy_ function takes a folder of f32, f16 or bf16 weights and writes a compressed folder; it returns every tensor
as f32, as the format's own description reads it. Codes and scales are drawn, not fitted: a test wants every code."""
import json
import pathlib
import shutil

import numpy as np
from safetensors import TensorSpec, serialize_file
from safetensors.numpy import load_file

LINEAR = ("_proj.weight",)
AWQ_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)  # AutoAWQ's pack_intweight: nibble i holds output AWQ_ORDER[i]


def small_float(bits, exponent_bits, bias):
    """The value of each code of a float of 8 bits; E4M3's one NaN and E5M2's infinities are not drawn here."""
    codes = np.arange(256)
    mantissa_bits = 7 - exponent_bits
    exponent = codes >> mantissa_bits & (1 << exponent_bits) - 1
    mantissa = codes & (1 << mantissa_bits) - 1
    normal = (1 + mantissa / (1 << mantissa_bits)) * 2.0 ** (exponent - bias)
    tiny = mantissa / (1 << mantissa_bits) * 2.0 ** (1 - bias)
    values = np.where(exponent == 0, tiny, normal) * np.where(codes >> 7, -1.0, 1.0)
    return values.astype(np.float32)[:bits]


E4M3 = small_float(256, 4, 7)
E5M2 = small_float(256, 5, 15)
E2M1 = np.array([0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6], np.float32)


class Copy:
    """A folder in the making: the tensors to store, and what they mean."""

    def __init__(self, source, folder, seed=1):
        self.source, self.folder = pathlib.Path(source), pathlib.Path(folder)
        self.rng = np.random.default_rng(seed)
        self.stored, self.types, self.floats = {}, {}, {}
        for name, values in load_file(self.source / "model.safetensors").items():
            if name.endswith(LINEAR):
                self.compress(name.removesuffix(".weight"), *values.shape)
            else:
                self.keep(name, values)

    def keep(self, name, values):
        self.put(name, values.astype(np.float32))
        self.floats[name] = values.astype(np.float32)

    def put(self, name, values, dtype=None):
        self.stored[name] = np.ascontiguousarray(values)
        self.types[name] = dtype or str(values.dtype)

    def scales(self, *shape):
        return (self.rng.uniform(0.2, 1.0, shape) * self.step).astype(np.float16)

    def codes(self, bits, *shape):
        return self.rng.integers(0, 1 << bits, shape, dtype=np.int64)

    def write(self):
        self.folder.mkdir(parents=True)
        for path in self.source.iterdir():
            if path.name not in ("model.safetensors", "golden.safetensors", "config.json"):
                shutil.copy(path, self.folder)
        config = json.loads((self.source / "config.json").read_text())
        config["quantization_config"] = self.settings()
        (self.folder / "config.json").write_text(json.dumps(config))
        self.save()
        return self

    def save(self):
        specs = {name: TensorSpec(dtype=self.types[name], shape=array.shape, data_ptr=array.ctypes.data,
                                  data_len=array.nbytes) for name, array in self.stored.items()}
        serialize_file(specs, self.folder / "model.safetensors", metadata={"format": "pt"})

    def write_floats(self, folder):
        """The same model in f32, without a quantization_config."""
        shutil.copytree(self.folder, folder)
        config = json.loads((folder / "config.json").read_text())
        del config["quantization_config"]
        (folder / "config.json").write_text(json.dumps(config))
        specs = {name: TensorSpec(dtype="float32", shape=array.shape, data_ptr=array.ctypes.data,
                                  data_len=array.nbytes) for name, array in self.floats.items()}
        serialize_file(specs, folder / "model.safetensors", metadata={"format": "pt"})
        return folder


def words_along(codes, bits, axis):
    """Codes as int32 words along an axis: the first code in the lowest bits, the last word filled with zeros."""
    per = 32 // bits
    codes = np.moveaxis(codes, axis, -1).astype(np.uint64)
    codes = np.pad(codes, [(0, 0)] * (codes.ndim - 1) + [(0, -codes.shape[-1] % per)])
    codes = codes.reshape(*codes.shape[:-1], -1, per)
    words = (codes << np.arange(per, dtype=np.uint64) * np.uint64(bits)).sum(-1, dtype=np.uint64)
    return np.ascontiguousarray(np.moveaxis(words.astype(np.uint32).view(np.int32), -1, axis))


class Gptq(Copy):
    def __init__(self, source, folder, bits=4, group=32, v2=False, order=True, sym=False):
        self.bits, self.group, self.v2, self.order, self.sym = bits, group, v2, order, sym
        self.step = 0.5 / (1 << bits)
        super().__init__(source, folder)

    def settings(self):
        return {"quant_method": "gptq", "bits": self.bits, "group_size": self.group, "desc_act": self.order, "sym": self.sym,
                **({"checkpoint_format": "gptq_v2"} if self.v2 else {})}

    def compress(self, module, rows, columns):
        groups = 1 if self.group == -1 else -(-columns // self.group)
        codes, zeros = self.codes(self.bits, columns, rows), self.codes(self.bits, groups, rows)
        if self.sym:
            zeros[:] = 1 << self.bits - 1
        scales = self.scales(groups, rows)
        group_of = np.arange(columns) // (columns if self.group == -1 else self.group)
        if self.order:
            group_of = self.rng.permutation(group_of)
        words = words_along(zeros, self.bits, 1)
        if not self.v2:  # minus one, from the whole word, as GPTQModel's convert_gptq_v2_to_v1_format
            ones = np.uint32(sum(1 << bit for bit in range(0, 32, self.bits)))
            words = (words.view(np.uint32) - ones).view(np.int32)
        self.put(module + ".qweight", words_along(codes, self.bits, 0))
        self.put(module + ".qzeros", words)
        self.put(module + ".scales", scales)
        if self.order or self.group == -1:
            self.put(module + ".g_idx", group_of.astype(np.int32))
        values = (codes - zeros[group_of]).astype(np.float32) * scales[group_of].astype(np.float32)
        self.floats[module + ".weight"] = np.ascontiguousarray(values.T)


class Awq(Copy):
    step = 0.03

    def __init__(self, source, folder, group=32, zeros=True):
        self.group, self.zeros = group, zeros
        super().__init__(source, folder)

    def settings(self):
        return {"quant_method": "awq", "bits": 4, "group_size": self.group, "zero_point": self.zeros, "version": "gemm"}

    def compress(self, module, rows, columns):
        size = columns if self.group == -1 else self.group
        codes, scales = self.codes(4, columns, rows), self.scales(columns // size, rows)
        zeros = self.codes(4, columns // size, rows) if self.zeros else np.full((columns // size, rows), 8)
        in_order = lambda array: array.reshape(len(array), -1, 8)[:, :, AWQ_ORDER].reshape(len(array), -1)
        self.put(module + ".qweight", words_along(in_order(codes), 4, 1))
        if self.zeros:
            self.put(module + ".qzeros", words_along(in_order(zeros), 4, 1))
        self.put(module + ".scales", scales)
        group_of = np.arange(columns) // size
        values = (codes - zeros[group_of]).astype(np.float32) * scales[group_of].astype(np.float32)
        self.floats[module + ".weight"] = np.ascontiguousarray(values.T)


class Fp8(Copy):
    step = 2.0 ** -7

    def __init__(self, source, folder, block=(24, 40), kind="float8_e4m3fn", scale=".weight_scale_inv"):
        self.block, self.kind, self.scale = block, kind, scale
        super().__init__(source, folder)

    def settings(self):
        return {"quant_method": "fp8", "activation_scheme": "dynamic", **({"weight_block_size": self.block} if self.block else {})}

    def compress(self, module, rows, columns):
        table = E4M3 if self.kind == "float8_e4m3fn" else E5M2
        allowed = np.flatnonzero(np.isfinite(table) & (np.abs(table) < 400) & ((np.arange(256) & 127) != 127))
        codes = self.rng.choice(allowed, (rows, columns)).astype(np.uint8)
        if self.block:
            grid = self.scales(-(-rows // self.block[0]), -(-columns // self.block[1])).astype(np.float32) / 16
            each = grid[np.arange(rows)[:, None] // self.block[0], np.arange(columns) // self.block[1]]
        else:
            grid = each = np.float32(self.scales(1)[0] / 16).reshape(())
        self.put(module + ".weight", codes, self.kind)
        self.put(module + self.scale, grid)
        self.put(module + ".input_scale", np.ones((), np.float32))
        self.floats[module + ".weight"] = table[codes] * each


class CompressedTensors(Copy):
    """`layout`: pack-quantized, int-quantized, float-quantized, nvfp4-pack-quantized, mxfp4-pack-quantized."""

    def __init__(self, source, folder, layout="pack-quantized", bits=4, strategy="group", group=32, asym=False, order=False):
        self.layout, self.bits, self.strategy, self.group = layout, bits, strategy, group
        self.asym, self.order = asym, order
        self.step = 0.5 / (1 << bits)
        super().__init__(source, folder)

    def settings(self):
        weights = {"num_bits": self.bits, "type": "int" if "float" not in self.layout and "fp" not in self.layout else "float",
                   "strategy": self.strategy, "symmetric": not self.asym}
        if self.strategy == "group":
            weights["group_size"] = self.group
        if self.strategy == "block":
            weights["block_structure"] = [24, 40]
        return {"quant_method": "compressed-tensors", "format": self.layout, "quantization_status": "compressed",
                "ignore": ["lm_head", "model.layers.0.mlp.down_proj"],
                "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}}}

    def compress(self, module, rows, columns):
        if module == "model.layers.0.mlp.down_proj":  # on the ignore list
            return self.keep(module + ".weight", self.rng.normal(0, 0.1, (rows, columns)).astype(np.float16))
        if self.layout == "mxfp8-quantized":
            return self.compress_mxfp8(module, rows, columns)
        if "fp4" in self.layout:
            return self.compress_fp4(module, rows, columns)
        shape = {"group": (rows, -(-columns // self.group)), "channel": (rows, 1), "tensor": (1,),
                 "block": (-(-rows // 24), -(-columns // 40))}[self.strategy]
        scales, group_of = self.scales(*shape), np.arange(columns) // self.group
        if self.order:
            group_of = self.rng.permutation(group_of)
            self.put(module + ".weight_g_idx", group_of.astype(np.int32))
        at = {"group": lambda a: a[:, group_of], "channel": lambda a: a, "tensor": lambda a: a,
              "block": lambda a: a[np.arange(rows)[:, None] // 24, np.arange(columns) // 40]}[self.strategy]
        if self.layout == "float-quantized":
            codes = self.rng.integers(0, 127, (rows, columns)).astype(np.uint8)
            codes += 128 * self.rng.integers(0, 2, codes.shape).astype(np.uint8)
            self.put(module + ".weight", codes, "float8_e4m3fn")
            scales, values = (scales / 64).astype(np.float16), E4M3[codes]
        else:
            codes, middle = self.codes(self.bits, rows, columns), 1 << self.bits - 1
            values = (codes - middle).astype(np.float32)
            if self.asym:
                zeros = self.codes(self.bits, *shape)
                values = values - at(zeros - middle).astype(np.float32)
                packed = words_along(zeros, self.bits, 0) if self.layout == "pack-quantized" and self.strategy != "tensor" \
                    else (zeros - middle).astype(np.int8)
                self.put(module + ".weight_zero_point", packed)
            if self.layout == "pack-quantized":
                self.put(module + ".weight_packed", words_along(codes, self.bits, 1))
                self.put(module + ".weight_shape", np.array([rows, columns], np.int64))
            else:
                self.put(module + ".weight", (codes - middle).astype(np.int8))
        self.put(module + ".weight_scale", scales)
        self.floats[module + ".weight"] = values * at(scales).astype(np.float32)

    def compress_mxfp8(self, module, rows, columns):
        codes = self.rng.integers(0, 127, (rows, columns)).astype(np.uint8)
        scale_codes = self.rng.integers(112, 120, (rows, columns // 32)).astype(np.uint8)
        self.put(module + ".weight", codes, "float8_e4m3fn")
        self.put(module + ".weight_scale", scale_codes)
        scales = 2.0 ** (scale_codes.astype(np.float32) - 127)
        self.floats[module + ".weight"] = E4M3[codes] * np.repeat(scales, 32, axis=1).astype(np.float32)

    def compress_fp4(self, module, rows, columns):
        codes = self.codes(4, rows, columns)
        self.put(module + ".weight_packed", (codes[:, 0::2] | codes[:, 1::2] << 4).astype(np.uint8))
        size = 16 if self.layout.startswith("nvfp4") else 32
        if size == 16:
            scale_codes = self.rng.integers(40, 70, (rows, columns // size)).astype(np.uint8)
            whole = np.float32(self.rng.uniform(20, 60))
            self.put(module + ".weight_scale", scale_codes, "float8_e4m3fn")
            self.put(module + ".weight_global_scale", np.array([whole]))
            scales = E4M3[scale_codes] / whole
        else:
            scale_codes = self.rng.integers(120, 125, (rows, columns // size)).astype(np.uint8)
            self.put(module + ".weight_scale", scale_codes)
            scales = 2.0 ** (scale_codes.astype(np.float32) - 127)
        self.floats[module + ".weight"] = E2M1[codes] * np.repeat(scales, size, axis=1).astype(np.float32)


# The method, what it is given, and the type that the plan shows.
COPIES = [
    (Fp8, {}, "fp8"),
    (Fp8, {"block": (32, 32)}, "fp8"),
    (Fp8, {"block": None}, "fp8"),
    (Fp8, {"block": None, "scale": ".weight_scale"}, "fp8"),
    (Fp8, {"kind": "float8_e5m2"}, "fp8"),
    (CompressedTensors, {}, "ct-int4"),
    (CompressedTensors, {"asym": True}, "ct-int4"),
    (CompressedTensors, {"asym": True, "strategy": "channel"}, "ct-int4"),
    (CompressedTensors, {"order": True}, "ct-int4"),
    (CompressedTensors, {"strategy": "tensor"}, "ct-int4"),
    (CompressedTensors, {"bits": 8, "strategy": "channel"}, "ct-int8"),
    (CompressedTensors, {"layout": "int-quantized", "bits": 8, "strategy": "channel"}, "ct-int8"),
    (CompressedTensors, {"layout": "int-quantized", "bits": 8, "strategy": "tensor", "asym": True}, "ct-int8"),
    (CompressedTensors, {"layout": "float-quantized", "bits": 8, "strategy": "channel"}, "fp8"),
    (CompressedTensors, {"layout": "float-quantized", "bits": 8, "strategy": "tensor"}, "fp8"),
    (CompressedTensors, {"layout": "float-quantized", "bits": 8, "strategy": "block"}, "fp8"),
    (CompressedTensors, {"layout": "nvfp4-pack-quantized", "strategy": "tensor_group"}, "nvfp4"),
    (CompressedTensors, {"layout": "mxfp4-pack-quantized"}, "mxfp4"),
    (CompressedTensors, {"layout": "mxfp8-quantized", "bits": 8}, "fp8"),
    (Awq, {}, "awq4"),
    (Awq, {"group": -1}, "awq4"),
    (Awq, {"zeros": False}, "awq4"),
    (Gptq, {}, "gptq4"),
    (Gptq, {"v2": True, "order": False}, "gptq4"),
    (Gptq, {"bits": 8, "sym": True}, "gptq8"),
    (Gptq, {"bits": 8}, "gptq8"),
    (Gptq, {"bits": 2, "group": -1}, "gptq2"),
]
