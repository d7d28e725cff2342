#!/usr/bin/env python3
"""doctor on the machine of the test, the grouped help, and the manual and completions that are made of what the program says."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import baking


def doctor(*arguments, **variables):
    return subprocess.run([baking.program(), "doctor", *arguments], capture_output=True, text=True,
                          env={**os.environ, **variables})


class Doctor(unittest.TestCase):
    def test_json_tells_what_the_table_tells(self):
        told = doctor("--json")
        self.assertEqual(told.returncode, 0, told.stderr)
        found = json.loads(told.stdout)
        self.assertTrue(found["can_run"])
        self.assertIn("CPU", [plugin["name"] for plugin in found["plugins"] if plugin["devices"]])
        table = doctor().stdout
        for finding in found["findings"]:
            self.assertIn(finding["health"], ("ok", "warning", "problem"))
            self.assertEqual(finding["health"] == "ok", finding["mend"] == "", finding)
            if finding["topic"] not in ("memory", "disk"):  # these move
                self.assertIn(finding["text"], table)
        self.assertIn("Models can run here.", table)

    def test_secrets_are_not_told(self):
        for arguments in ((), ("--json",)):
            told = doctor(*arguments, HF_TOKEN="hf_secret", HF_ENDPOINT="https://ada:secret@hub.example/x")
            self.assertEqual(told.returncode, 0, told.stderr)
            self.assertNotIn("secret", told.stdout + told.stderr)
            self.assertIn("https://hub.example/x, with a token", told.stdout)

    def test_a_wrong_endpoint_is_a_problem_and_not_the_end(self):
        told = doctor("--json", HF_ENDPOINT="ftp://hub.example")
        self.assertEqual(told.returncode, 0, told.stderr)
        hub = [finding for finding in json.loads(told.stdout)["findings"] if finding["topic"] == "hub"]
        self.assertEqual(hub[0]["health"], "problem")
        self.assertIn("HF_ENDPOINT", hub[0]["mend"])

    def test_folders_follow_the_variables(self):
        with tempfile.TemporaryDirectory() as folder:
            told = doctor(OVENBIRD_HOME=folder + "/home", OVENBIRD_CACHE_DIR=folder + "/cache", HF_HUB_CACHE=folder + "/hub").stdout
            for place in ("home/models", "cache/compiled", "hub"):
                self.assertIn(f"{folder}/{place}", told)
            self.assertIn("compiled models    0 in ", told)
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [], "doctor made something")


class Words(unittest.TestCase):
    def commands(self):
        told = baking.ovenbird("--help").stdout
        return told, re.findall(r"^  ([a-z]+) {2,}\S", told, re.M)

    def test_help_groups_every_command(self):
        told, names = self.commands()
        places = [told.index("\n" + title) for title in ("Models", "Run", "Machine", "Examples")]
        self.assertEqual(places, sorted(places))
        self.assertEqual(sorted(names), sorted(["pull", "list", "rm", "bake", "run", "chat", "serve", "embed", "bench", "eval", "check", "doctor", "cache"]))
        for kind in ("ORG/NAME", "Hugging Face folder", ".gguf", "OpenVINO IR"):
            self.assertIn(kind, told)

    def test_manual_and_completions_name_every_option(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, baking.ROOT / "tools" / "package_documents", baking.program(), "1.2.3", folder], check=True)
            texts = {path.name: path.read_text() for path in pathlib.Path(folder).iterdir()}
        self.assertEqual(set(texts), {"ovenbird.1", "completion.bash", "completion.zsh", "completion.fish"})
        for name in self.commands()[1]:
            options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", baking.ovenbird(name, "--help").stdout.split("Options:")[1]))
            bash = re.search(rf'^ +{name}\) words="(.*)" ;;$', texts["completion.bash"], re.M)[1].split()
            for option in bash:
                self.assertRegex(option, r"^-(-[a-z][a-z-]*|[a-zA-Z])$")
            for option in (word for word in bash if word.startswith("--")):
                self.assertIn(option, options)
                self.assertIn(option.replace("-", "\\-"), texts["ovenbird.1"])
                self.assertIn(f"-l {option[2:]} ", texts["completion.fish"])
            defined = re.findall(r"^  (?:-\w,)?(--[a-z][a-z-]+)", baking.ovenbird(name, "--help").stdout, re.M)
            self.assertLessEqual(set(defined), set(bash), name)
            self.assertIn(f"        {name}) compadd -- {' '.join(bash)} ;;", texts["completion.zsh"])


if __name__ == "__main__":
    unittest.main()
