#!/usr/bin/env python3
"""What a second turn costs: its time to first token beside that of a fresh prompt of as many tokens, interleaved."""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
STORY = "The heron stood at the edge of the pond and did not move when the rain began. "
COST = re.compile(r"\[(\d+) prompt tokens, (\d+) of them computed; \d+ new, first after (\d+) ms")


class Chat:
    """A chat that is talked to over pipes, one message after the other."""

    def __init__(self, program, folder):
        command = [program, "chat", folder, "--device", "CPU", "--max-new-tokens", "4", "--context-policy", "error"]
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)

    def say(self, message):
        """Prompt tokens, computed tokens and milliseconds to the first one."""
        print(message, file=self.process.stdin, flush=True)
        for line in self.process.stderr:
            if found := COST.search(line):
                return tuple(map(int, found.groups()))
        raise SystemExit("the chat ended")

    def do(self, command):
        print(command, file=self.process.stdin, flush=True)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="a folder that ovenbird bake made of SmolLM2")
    parser.add_argument("--ovenbird", type=pathlib.Path, default=ROOT / "build" / "release" / "ovenbird")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures here")
    options = parser.parse_args()

    chat = Chat(options.ovenbird, options.folder)
    chat.say(STORY)  # the first one warms up
    second, fresh, conversation = [], [], 0
    for number in range(options.rounds):
        chat.do("/reset")
        conversation, _, _ = chat.say(f"{number} " + STORY * 33)
        _, computed, ms = chat.say(STORY * 2)
        second.append((computed, ms))
        # Begins with other words than what the cache holds; only the template's own beginning is still there.
        chat.do("/reset")
        _, computed, ms = chat.say(f"Now afresh {number}: " + STORY * 2)
        fresh.append((computed, ms))
    chat.end()

    result = {name: {"computed_tokens": statistics.median(tokens for tokens, _ in rows),
                     "ttft_ms": statistics.median(ms for _, ms in rows)}
              for name, rows in (("second_turn", second), ("fresh_prompt", fresh))}
    result["conversation_tokens"] = conversation
    result["ratio"] = result["second_turn"]["ttft_ms"] / result["fresh_prompt"]["ttft_ms"]
    print(json.dumps(result, indent=2))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + os.linesep)


if __name__ == "__main__":
    main()
