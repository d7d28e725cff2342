#!/usr/bin/env python3
"""A baked IR, opened by plain OpenVINO: every shape static, INT4 weights present, no larger than the plan said."""
import pathlib
import tempfile
import unittest

import openvino as ov

import baking

# Shape arithmetic, which must be gone, and operations whose output shape depends on data.
FORBIDDEN = {"ShapeOf", "Range", "NonZero", "NonMaxSuppression", "Unique", "ReadValue", "Assign", "If", "Loop"}
INT4 = {"i4", "u4"}
SIZE_SLACK = 1.02
# The plan guesses the graph's own small constants (shapes, masks) before there is a graph.
SMALL_CONSTANTS_BYTES = 32768  # of the graph itself, the masks of the delta rule above all: guessed before there is one


class StaticIr(unittest.TestCase):
    """The checks; the cases below say of what."""

    def check_folder(self, folder, seq_len):
        """Shapes, types and operations; returns the element types of all constants."""
        model = ov.Core().read_model(str(folder / baking.MODEL_XML))
        self.assertFalse(model.is_dynamic())
        constants = set()
        for node in model.get_ops():
            for port in node.outputs():
                self.assertTrue(port.get_partial_shape().is_static, node.get_friendly_name())
            self.assertNotIn(node.get_type_name(), FORBIDDEN, node.get_friendly_name())
            if node.get_type_name() == "Constant":
                constants.add(node.get_element_type().get_type_name())
        self.assertEqual({port.any_name for port in model.inputs}, {"input_ids", "attention_mask", "position_ids"})
        for port in model.inputs:
            self.assertEqual(list(port.get_shape()), [1, seq_len], port.any_name)
            self.assertEqual(port.get_element_type(), ov.Type.i64, port.any_name)
        return constants

    def check_size(self, folder, plan):
        announced = plan["weights_file_bytes"]
        written = (folder / baking.MODEL_BIN).stat().st_size
        self.assertLessEqual(written, SIZE_SLACK * announced + SMALL_CONSTANTS_BYTES)
        self.assertGreaterEqual(written, announced / SIZE_SLACK - SMALL_CONSTANTS_BYTES)  # saying too much is no plan


class Tiny(StaticIr):
    def check_tiny(self, case, int4_wanted, *options):
        with tempfile.TemporaryDirectory() as scratch:
            output = pathlib.Path(scratch) / "baked"
            plan = baking.plan(case, output, "--seq-len", 20, *options)
            folder = baking.bake(case, output, "--seq-len", 20, *options)
            constants = self.check_folder(folder, 20)
            self.assertEqual(bool(constants & INT4), int4_wanted, constants)
            self.check_size(folder, plan)
            return constants

    def test_forms(self):
        case = baking.TINY / "llama_even_linear"
        for form in ("--sym", "--asym"):
            for group_size in (16, -1):
                with self.subTest(form=form, group_size=group_size):
                    self.check_tiny(case, True, "--bits", 4, form, "--group-size", group_size)
        self.assertIn("u4", self.check_tiny(case, True, "--asym", "--group-size", 16))
        self.assertIn("i4", self.check_tiny(case, True, "--asym", "--group-size", -1))
        self.check_tiny(case, False, "--bits", 8)
        self.check_tiny(case, False, "--bits", 16)

    def test_tiny_cases(self):
        for case in baking.apart_cases():
            with self.subTest(case=case.name):
                self.check_tiny(case, True, "--group-size", 16)


class SmolLM2(StaticIr):
    def test_smollm2(self):
        folder = baking.work_folder() / "int4"
        constants = self.check_folder(folder, 128)
        self.assertTrue(constants & INT4, constants)
        self.check_size(folder, baking.plan(baking.smollm2_gguf(), folder.parent / "never_written"))
        self.assertFalse((folder.parent / "never_written").exists())


if __name__ == "__main__":
    unittest.main()
