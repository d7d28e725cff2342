#!/usr/bin/env python3
"""What ends with the program: no compiler is left running, however it was stopped and whoever started the compiler."""
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

import baking

PATIENCE_S = 60
COMPILER = """#!/bin/sh
case "$*" in *--help*) exit 0;; esac
sleep 600 &
sh -c 'sleep 600 & wait' &
touch '{started}'
wait
"""

def comes_true(condition):
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


class Stage:
    """A folder with compilers, and a mark in the environment by which their processes are found, whoever adopted them."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.mark = uuid.uuid4().hex
        self.started = self.folder / "started"
        self.compiler = self._program("compiler", COMPILER.format(started=self.started))
        self.judge = self._program("judge", baking.judge_with(self.compiler))

    def _program(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def start(self, *command):
        return subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, start_new_session=True,
                                env={**os.environ, "OVENBIRD_TEST_MARK": self.mark})

    def left(self):
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.mark.encode() in (entry / "environ").read_bytes():
                    found.append((entry.name, (entry / "cmdline").read_bytes()))
            except OSError:
                pass  # ended meanwhile, or another's
        return found


class NothingIsLeft(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.sound = baking.bake(baking.TINY / "llama_odd_biases", pathlib.Path(cls.scratch.name) / "sound",
                                "--group-size", -1)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def stop(self, stage, command, how, statuses):
        with stage.start(*command) as process:
            self.assertTrue(comes_true(stage.started.exists), "no compiler was started")
            how(process)
            _, errors = process.communicate(timeout=PATIENCE_S)
        self.assertIn(process.returncode, statuses, errors)
        self.assertTrue(comes_true(lambda: not stage.left()), stage.left())
        return errors

    def commands(self, stage):
        for compiler in (stage.compiler, stage.judge):
            yield [baking.program(), "bake", baking.TINY / "llama_even_linear", "-o", stage.folder / "baked", "--npu-platform",
                   "4000,3720", "--npu-compiler", compiler]
            yield [baking.program(), "check", self.sound, "--compile", "--platform", "4000", "--compiler", compiler]
        yield [stage.judge, self.sound, "--platform", "4000,3720", "--jobs", 2]

    def each_command(self, how, own_statuses, judge_statuses):
        for number in range(5):
            with tempfile.TemporaryDirectory() as folder:
                stage = Stage(folder)
                command = list(self.commands(stage))[number]
                with self.subTest(command=command[:2], compiler=command[-1]):
                    self.stop(stage, command, how, judge_statuses if number == 4 else own_statuses)

    def test_by_control_c(self):
        self.each_command(lambda process: os.killpg(process.pid, signal.SIGINT), [130], [130])

    def test_by_a_request_to_terminate(self):
        self.each_command(lambda process: process.terminate(), [130], [-signal.SIGTERM])

    def test_by_force(self):
        self.each_command(lambda process: process.kill(), [-signal.SIGKILL], [-signal.SIGKILL])

    def test_by_the_time_limit(self):
        with tempfile.TemporaryDirectory() as folder:
            stage = Stage(folder)
            with stage.start(baking.program(), "check", self.sound, "--compile", "--platform", "4000", "--timeout", 1,
                             "--compiler", stage.judge) as process:
                output, errors = process.communicate(timeout=PATIENCE_S)
            self.assertEqual(process.returncode, 1, errors)
            self.assertIn("stopped after 1 s", output)
            self.assertTrue(comes_true(lambda: not stage.left()), stage.left())


if __name__ == "__main__":
    unittest.main()
