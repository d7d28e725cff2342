#!/usr/bin/env python3
"""What HTTP adds: the same questions, in turn, to `ovenbird chat` and to `ovenbird serve` with the model open in both; then as
many clients at once as wait in a queue, beside one after the other.

    OVENBIRD=build/release/ovenbird python bench/serve_speed.py BAKED [--times 20] [--json FILE]
"""
import argparse
import concurrent.futures
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
import serving  # noqa: E402
from serving import EXACT  # noqa: E402

TOKENS = 64
CLIENTS = 32
QUESTIONS = ("a river", "an oven", "a bridge", "the moon", "a garden", "a clock", "winter", "a letter", "bread", "the sea")


def question(number):
    return f"Tell me story number {number} about {QUESTIONS[number % len(QUESTIONS)]}, with many details."


class Chat:
    """In the terminal's way: a line in, text out."""

    def __init__(self, folder):
        self.process = subprocess.Popen([os.environ["OVENBIRD"], "chat", folder, "--greedy", "--max-new-tokens", str(TOKENS), "--device",
                                         "CPU", "--no-cache", "--no-history", *EXACT], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, bufsize=0)

    def ask(self, text, answer):
        """First byte and whole answer, in seconds; `answer` is known."""
        wanted = len(answer.rstrip().encode()) + 1
        start = time.perf_counter()
        self.process.stdin.write(text.encode() + b"\n")
        said, first = b"", None
        while len(said) < wanted:
            said += os.read(self.process.stdout.fileno(), 65536)
            first = first or time.perf_counter() - start
        whole = time.perf_counter() - start
        self.process.stdin.write(b"/reset\n")
        if said.decode().rstrip() != answer.rstrip():
            raise AssertionError(f"chat says something else:\n{said!r}\n{answer!r}")
        return first, whole

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def ask(self, text):
        """First piece and whole answer in seconds, the text, its tokens."""
        body = json.dumps({"model": "m", "stream": True, "max_tokens": TOKENS, "temperature": 0, "stream_options": {"include_usage": True},
                           "messages": [{"role": "user", "content": text}]})
        start = time.perf_counter()
        self.connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        answer = self.connection.getresponse()
        first, said, tokens = None, "", 0
        for line in answer:
            if not line.startswith(b"data: {"):
                continue
            chunk = json.loads(line[6:])
            for choice in chunk["choices"]:
                if choice["delta"].get("content"):
                    first = first or time.perf_counter() - start
                    said += choice["delta"]["content"]
            tokens = (chunk.get("usage") or {}).get("completion_tokens", tokens)
        return first, time.perf_counter() - start, said, tokens


def medians(rows):
    return [statistics.median(column) for column in zip(*rows)]


def one_by_one(folder, port, times):
    """(first token ms, ms a token) of chat and of serve, for a new conversation and for the same question once more, where the
    prompt is there already and what is left is what stands between the client and the model."""
    chat, client = Chat(folder), Client(port)
    figures = {"new": ([], []), "again": ([], [])}
    for number in range(times + 2):
        _, _, text, tokens = client.ask(question(number + 1000))  # so that neither has computed it last
        _, _, text, tokens = client.ask(question(number))
        client.ask(question(number + 2000))
        rows = {}
        for who in ("chat", "http") if number % 2 else ("http", "chat"):
            for when in ("new", "again"):
                first, whole = chat.ask(question(number), text) if who == "chat" else client.ask(question(number))[:2]
                rows[when, who] = (first * 1000, (whole - first) * 1000 / (tokens - 1))
        if number >= 2:  # the first ones warm up
            for when, (by_chat, by_http) in figures.items():
                by_chat.append(rows[when, "chat"])
                by_http.append(rows[when, "http"])
    chat.close()
    return figures


def all_at_once(port):
    """Seconds for all, in turn and at once, and when each of those was done."""
    def timed(work):
        start = time.perf_counter()
        ends = list(work(lambda number: (Client(port).ask(question(3000 + number)), time.perf_counter() - start)[1]))
        return time.perf_counter() - start, ends

    in_turn, _ = timed(lambda ask: [ask(number) for number in range(CLIENTS)])
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        at_once, ends = timed(lambda ask: pool.map(ask, range(CLIENTS)))
    return in_turn, at_once, ends


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--json")
    words = parser.parse_args()
    server = serving.Server(f"m={words.folder}", *EXACT)
    try:
        pairs = one_by_one(words.folder, server.port, words.times)
        rounds = [all_at_once(server.port) for _ in range(3)]
    finally:
        server.stop()
    figures = {"times": words.times}
    for when, (by_chat, by_http) in pairs.items():
        chat, http_ = medians(by_chat), medians(by_http)
        added = medians([(b[0] - a[0], b[1] / a[1]) for a, b in zip(by_chat, by_http)])
        figures[when] = {"chat_first_ms": chat[0], "http_first_ms": http_[0], "added_first_ms": added[0],
                         "chat_ms_a_token": chat[1], "http_ms_a_token": http_[1], "decode_ratio": added[1]}
    gaps = [max(b - a for a, b in zip(sorted(ends), sorted(ends)[1:])) for _, _, ends in rounds]
    figures["queue"] = {"clients": CLIENTS, "at_once_over_in_turn": statistics.median(at_once / in_turn for in_turn, at_once, _ in rounds),
                        "longest_gap_s": max(gaps)}
    print(json.dumps(figures, indent=1))
    if words.json:
        pathlib.Path(words.json).write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
