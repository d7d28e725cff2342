#!/usr/bin/env python3
"""ovenbird chat with the real SmolLM2: turns that cost their new tokens, a context that is outgrown, and a terminal."""
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import tempfile
import time
import unittest

import baking

FLAGS = ["--device", "CPU", "--no-cache"]
STORY = "The heron stood at the edge of the pond and did not move when the rain began. "
COST = re.compile(r"\[(\d+) prompt tokens, (\d+) of them computed; (\d+) new")


def chat(text, *words, folder=None):
    command = [baking.program(), "chat", folder or baking.work_folder() / "int4", *FLAGS, *words]
    return subprocess.run(list(map(str, command)), input=text, capture_output=True, text=True)


def costs(result):
    return [tuple(map(int, match)) for match in COST.findall(result.stderr)]


class Piped(unittest.TestCase):
    def test_a_second_turn_costs_its_new_tokens_only(self):
        result = chat(STORY * 33 + "\nWhy?\nAnd then?\n", "--max-new-tokens", 12)
        self.assertEqual(result.returncode, 0, result.stderr)
        turns = costs(result)
        self.assertEqual(len(turns), 3)
        self.assertGreater(turns[0][0], 560)
        for (before, _, new), (now, computed, _) in zip(turns, turns[1:]):
            # The last token of an answer that was cut was never computed.
            self.assertIn(computed - (now - before - new), (0, 1))
            self.assertLess(computed, 20)

    def test_static_graphs_too(self):
        turns = costs(chat("Name a bird.\nAnother?\n", "--max-new-tokens", 8, "--static"))
        self.assertLess(turns[1][1], 20)

    def test_fifty_turns_under_shift(self):
        with tempfile.TemporaryDirectory() as work:
            small = baking.bake(baking.smollm2_gguf(), pathlib.Path(work) / "small", "--context", 256)
            saved = pathlib.Path(work) / "talk.json"
            messages = [f"Tell me something about the number {number}." for number in range(50)]
            text = "\n".join(["/system Be brief.", *messages, f"/save {saved}", ""])
            result = chat(text, "--max-new-tokens", 20, folder=small)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(len(costs(result)), 50)
            self.assertIn("turns are no longer sent", result.stderr)
            said = json.loads(saved.read_text())["messages"]
            self.assertEqual([m["content"] for m in said if m["role"] == "user"], messages)
            self.assertEqual(said[0], {"role": "system", "content": "Be brief."})
            refused = chat(text, "--max-new-tokens", 20, "--context-policy", "error", folder=small)
            self.assertEqual(refused.returncode, 2)
            self.assertIn("256", refused.stderr)
            refused = chat(STORY * 20, folder=small)
            self.assertEqual(refused.returncode, 2)
            self.assertIn("this message alone", refused.stderr)

    def test_commands(self):
        result = chat("/set max_new_tokens 3\nHi\n/reset\nHi\n/stats\n/set\n/help\n/quit\nnot read\n")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([new for _, _, new in costs(result)], [3, 3])
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertEqual(lines[0], lines[1])
        self.assertRegex(result.stderr, r"CPU: 2 answers, 6 new tokens")
        self.assertRegex(result.stderr, r"max-new-tokens +3 ")
        for words, said in (("/set temperature hot", "temperature"), ("/set heat 3", "no such option"),
                            ("/set top_p 7", "top-p"), ("/frobnicate", "/help"), ("/save", "missing"),
                            ("/save /no/such/folder/x", "/no/such/folder")):
            refused = chat(words + "\n")
            self.assertGreater(refused.returncode, 0, words)
            self.assertIn(said, refused.stderr)

    def test_forms_and_settings(self):
        result = chat("/set regex (yes|no) = [a-z]+\nIs the sky blue?\n/set regex\n/unset regex\n/set regex\n"
                      "/set json_object true\nDescribe a bird.\n/unset json-object\n/set stop the\n/set stop\n"
                      "/set logit-bias 5=-2\n/set logit_bias\n/unset max-new-tokens\n/set max-new-tokens\n",
                      "--max-new-tokens", 60)
        self.assertEqual(result.returncode, 0, result.stderr)
        first, second = result.stdout.split("\n", 1)
        self.assertRegex(first, r"^(yes|no) = [a-z]+$")
        self.assertTrue(second.lstrip().startswith("{"), second)
        for said in ("regex (yes|no) = [a-z]+\n", "regex -\n", 'stop ["the"]\n', 'logit-bias {"5":-2.0}\n',
                     "max-new-tokens 256\n"):
            self.assertIn(said, result.stderr)
        started = chat("Is the sky blue?\n", "--regex", "(yes|no)")
        self.assertIn(started.stdout.strip(), ("yes", "no"))
        for words, text in ((("--regex", "(a"), ""), ((), "/set regex (a\n"), ((), "/set json-schema {\n"),
                            (("--regex", "a"), "/set json-object true\n"), ((), "/unset heat\n"), ((), "/unset\n")):
            self.assertEqual(chat(text, *words).returncode, 2, (words, text))

    def test_a_folder_without_a_template(self):
        with tempfile.TemporaryDirectory() as work:
            source = baking.work_folder() / "int4"
            for file in source.iterdir():
                os.symlink(file, pathlib.Path(work) / file.name)
            config = pathlib.Path(work) / "tokenizer_config.json"
            words = json.loads(config.read_text())
            words.pop("chat_template", None)
            config.unlink()
            config.write_text(json.dumps(words))
            refused = chat("hi\n", folder=work)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("no chat template", refused.stderr)


class Terminal:
    """The program with a pseudo-terminal as its standard input, output and error."""

    def __init__(self, *words, history=None):
        command = [baking.program(), "chat", baking.work_folder() / "int4", *FLAGS, *words]
        command += ["--history", history] if history else ["--no-history"]
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execv(baking.program(), list(map(str, command)))
        self.seen = ""

    def expect(self, pattern, seconds=120):
        """Reads up to `pattern` and returns what came before and with it."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"{pattern!r} did not come; what came: {self.seen!r}")
            try:
                self.seen += os.read(self.terminal, 65536).decode(errors="replace")
            except OSError as gone:
                raise AssertionError(f"the program ended; what came: {self.seen!r}") from gone
        before, self.seen = self.seen[:found.end()], self.seen[found.end():]
        return before

    def prompt(self):
        return self.expect(r"> \r\x1b\[2C\x1b\[\?2026l")  # drawn, and nothing typed yet

    def send(self, text):
        os.write(self.terminal, text.encode())

    def status(self):
        # Whatever is left is read, or the program could not end.
        while True:
            try:
                if not os.read(self.terminal, 65536):
                    break
            except OSError:
                break
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.terminal)
        return status


class AtATerminal(unittest.TestCase):
    def test_ctrl_c_stops_the_answer_and_not_the_program(self):
        terminal = Terminal("--max-new-tokens", 900)
        terminal.prompt()
        terminal.send("Write a very long story about a heron and count all of its feathers.\r")
        terminal.expect(r"\r\n.*\w+ \w+ \w+")
        terminal.send("\x03")
        terminal.expect(r"\d+ new, .*interrupted\]")
        terminal.prompt()
        terminal.send("/set max-new-tokens 4\r")
        terminal.prompt()
        terminal.send("What is the capital of France?\r")
        self.assertRegex(terminal.expect(r"4 new, .*length\]"), r"\w+ \w+")
        terminal.prompt()
        terminal.send("\x04")
        self.assertEqual(terminal.status(), 0)

    def test_editing_history_and_ctrl_c_at_the_prompt(self):
        with tempfile.TemporaryDirectory() as work:
            history = pathlib.Path(work) / "new" / "history"
            terminal = Terminal("--max-new-tokens", 2, history=history)
            terminal.prompt()
            terminal.send("/staXs\x1b[D\x1b[D\x1b[3~t\r")  # two steps left, delete, insert
            terminal.expect("CPU: 0 answers")
            terminal.prompt()
            terminal.send("what is typed is gone\x03")
            terminal.expect(r"Ctrl-C again")
            terminal.prompt()
            terminal.send("/set nonsense 1\r")
            terminal.expect("no such option")  # and the chat goes on
            terminal.prompt()
            terminal.send("\x1b[A\x1b[A\r")  # the message before the last one
            terminal.expect("CPU: 0 answers")
            terminal.prompt()
            terminal.send("\x03")
            terminal.expect(r"Ctrl-C again")
            terminal.prompt()
            terminal.send("\x03")
            self.assertEqual(terminal.status(), 130)
            self.assertIn("/stats", history.read_text())
            again = Terminal(history=history)
            again.prompt()
            again.send("\x1b[A\r")
            again.expect("CPU: 0 answers")
            again.prompt()
            again.send("/quit\r")
            self.assertEqual(again.status(), 0)

    def test_terminated_at_the_prompt(self):
        terminal = Terminal()
        terminal.prompt()
        os.kill(terminal.pid, signal.SIGTERM)
        self.assertEqual(terminal.status(), -signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
