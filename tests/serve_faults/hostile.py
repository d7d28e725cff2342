#!/usr/bin/env python3
"""Hostile requests over raw sockets: no answer of 5xx but by design, no crash, no growth, and a good request at the end."""
import argparse
import collections
import copy
import json
import multiprocessing
import random
import re
import socket
import time

import common

TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}}
MESSAGES = [{"role": "system", "content": "be"}, {"role": "user", "content": [{"type": "text", "text": "a"}]}, {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"}]
SAMPLING = {"temperature": 0.5, "top_p": 0.9, "top_k": 5, "min_p": 0.1, "seed": 1, "stop": ["x"], "frequency_penalty": 0, "presence_penalty": 0}
OPTIONS = {"num_predict": 1, "temperature": 0.5, "top_k": 5, "top_p": 0.9, "seed": 1, "stop": ["x"], "num_ctx": 64}
GOOD = {
    "/v1/chat/completions": {"model": "tiny", "messages": MESSAGES, "max_tokens": 1, **SAMPLING, "stream": False, "n": 1, "logprobs": True,
                             "top_logprobs": 1, "logit_bias": {"1": 1}, "stream_options": {"include_usage": True}, "tools": [TOOL], "tool_choice": "none",
                             "response_format": {"type": "text"}, "chat_template_kwargs": {"a": 1}, "user": "u", "ignore_eos": False},
    "/v1/completions": {"model": "tiny", "prompt": "a", "max_tokens": 1, **SAMPLING, "stream": False, "echo": False, "n": 1, "logprobs": 1,
                        "guided_regex": "a", "suffix": None, "best_of": 1},
    "/v1/responses": {"model": "tiny", "input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}]}], "max_output_tokens": 1,
                      "instructions": "b", "temperature": 0.5, "top_p": 0.9, "stream": False, "store": False, "tools": [], "text": {"format": {"type": "text"}},
                      "reasoning": {"effort": "low"}, "metadata": {}},
    "/v1/messages": {"model": "tiny", "messages": MESSAGES[1:], "system": [{"type": "text", "text": "a"}], "max_tokens": 1, "temperature": 0.5, "top_k": 5,
                     "top_p": 0.9, "stop_sequences": ["x"], "stream": False, "tools": [], "tool_choice": {"type": "auto"}, "thinking": {"type": "disabled"},
                     "metadata": {"user_id": "u"}},
    "/v1/messages/count_tokens": {"model": "tiny", "messages": MESSAGES[1:], "system": "a"},
    "/api/chat": {"model": "tiny", "messages": [MESSAGES[0], MESSAGES[2], MESSAGES[3]], "options": OPTIONS, "stream": False, "think": False,
                  "keep_alive": "5m", "tools": []},
    "/api/generate": {"model": "tiny", "prompt": "a", "system": "b", "options": OPTIONS, "stream": False, "raw": False, "keep_alive": 300},
    "/api/show": {"model": "tiny", "verbose": True},
    "/api/pull": {"model": "tiny", "stream": False},
    "/v1/tokenize": {"model": "tiny", "content": "a", "add_special": True},
    "/v1/detokenize": {"model": "tiny", "tokens": [1, 2]},
    "/api/delete": {"model": "nobody"},
    "/api/embed": {"model": "tiny", "input": "a"},
}
NAMES_OF_LENGTHS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict", "n", "best_of")
READ_ONLY = ("/", "/health", "/metrics", "/v1/models", "/v1/models/tiny", "/api/tags", "/api/ps", "/api/version")
RAW = "\0raw:"  # a value that is written as it is


def odd_values(draw):
    return draw.choice((
        None, True, False, 0, -1, 1, 2, 1.5, -0.0, 1e308, -1e308, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -2**63, 2**64, "", "a", "\0", "\ud800", "\udfff\ud800",
        "é" * 9, "\u202e", "true", "1", "NaN", [], {}, [None], [[]], [{}], {"": ""}, {"a": {"b": {"c": []}}}, ["a"] * 300, "a" * 3000, [0] * 300,
        {"type": "json_object"}, {"type": "json_schema", "json_schema": {"schema": {"type": 1}}}, [{"role": "tool", "content": None}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}], "{{ 1/0 }}", "<|im_start|>", "../../etc/passwd",
        RAW + "1e999", RAW + "-1e999", RAW + "NaN", RAW + "Infinity", RAW + "9" * 400, RAW + "0." + "0" * 400 + "1", RAW + '"\\ud83d"', RAW + '"\\u0000"',
        RAW + "[" * 90 + "]" * 90, RAW + '{"a":' * 300 + "1" + "}" * 300, RAW + "01", RAW + "'a'", RAW + "/**/1", RAW + '"\xff'))


def places(value, path=()):
    """Of all that could be another thing."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from places(each, (*path, key))


def set_at(value, path, new):
    for key in path[:-1]:
        value = value[key]
    if new is None and isinstance(value, dict):
        del value[path[-1]]
    else:
        value[path[-1]] = new


def written(body):
    text = json.dumps(body)
    return re.sub(r'"\\u0000raw:((?:[^"\\]|\\.)*)"', lambda found: json.loads(f'"{found.group(1)}"'), text).encode("utf-8", "surrogatepass")


def mutated(body, draw):
    body = copy.deepcopy(body)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        path = draw.choice(list(places(body)) or [None])
        if path is None:
            break
        new = odd_values(draw)
        # Long answers are honoured: that is no fault, and takes time.
        set_at(body, path, -1 if path[-1] in NAMES_OF_LENGTHS and not isinstance(new, str) and new != 0 else new)
    text = written(body)
    kind = draw.random()
    if kind < 0.1:  # keys twice
        text = text[:-1] + b', "model": "tiny", "stream": 3, "model": null}'
    elif kind < 0.25:  # bytes
        changed = bytearray(text)
        for _ in range(draw.choice((1, 2, 8))):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        text = bytes(changed)
    elif kind < 0.3:
        text = text[:draw.randrange(len(text))]
    elif kind < 0.32:
        text = draw.randbytes(draw.randrange(400))
    return text


def post(path, body, method="POST", host="localhost", headers=()):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def well_framed(draw):
    """A request that an HTTP server reads to its end: the connection stays."""
    kind = draw.random()
    if kind < 0.08:
        return post(draw.choice(READ_ONLY), b"", draw.choice(("GET", "POST", "PUT", "PATCH", "OPTIONS", "DELETE", "TRACE", "X")))
    path = draw.choice(list(GOOD))
    method = "DELETE" if path == "/api/delete" else "POST"
    body = mutated(GOOD[path], draw)
    if kind < 0.12:
        return post(path, body, method, draw.choice(("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[", "[::1", "localhost:1:2", "@", "")))
    if kind < 0.16:
        return post(path, body, method, headers=("Origin: " + draw.choice(("null", "https://evil.example", "http://", "x")),))
    if kind < 0.18:
        odd = draw.choice(("/%2e%2e/%2e%2e/etc/passwd", "/v1/models/%00", "/v1/models/" + "a" * 4000, "/v1//models", "/api/chat?" + "b" * 2000, "/%zz", "//", "/*"))
        return post(odd, body, draw.choice(("GET", "POST")))
    if kind < 0.2:
        return post(path, body, method, headers=tuple(f"X-{place}: {'a' * draw.randrange(300)}" for place in range(draw.randrange(60))))
    if kind < 0.24:
        cuts = sorted(draw.randrange(len(body) + 1) for _ in range(3))
        parts = [part for part in (body[:cuts[0]], body[cuts[0]:cuts[1]], body[cuts[1]:]) if part]
        chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunked
    return post(path, body, method)


def broken(draw):
    """Bytes behind which a connection ends."""
    path = draw.choice(list(GOOD))
    body = mutated(GOOD[path], draw)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n".encode()
    return draw.choice((
        lambda: draw.randbytes(draw.randrange(1, 3000)),
        lambda: head + b"X: " + b"a" * 70000 + b"\r\n\r\n",
        lambda: head + b"".join(b"X-%d: b\r\n" % place for place in range(3000)) + b"\r\n",
        lambda: head + b"Transfer-Encoding: chunked\r\n\r\n" + draw.choice((b"zz\r\n", b"-1\r\n", b"ffffffffffffffffff\r\n", b"5\r\nab", b"5;" + b"a" * 9000, b"2\r\nabc\r\n")),
        lambda: head + b"Content-Length: " + draw.choice((b"-1", b"99999999999999999999", b"1e3", b"0x10", b"", b"5, 6", b" 3 3", b"34359738368")) + b"\r\n\r\n" + body,
        lambda: head + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + body,
        lambda: head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + body,
        lambda: head + b"Content-Length: %d\r\n\r\n" % (len(body) + 50) + body,
        lambda: b"GET / HTTP/" + draw.choice((b"9.9", b"0.9", b"1.1\n\n", b"2.0", b"")) + b"\r\n\r\n",
        lambda: b"GET \xff\xfe HTTP/1.1\r\nHost: \xff\r\n\r\n",
        lambda: head + b"Host: evil.example\r\n\r\n",
        lambda: head + b"A\0B: c\r\nD : e\r\n F\r\n\r\n",
        lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + draw.randbytes(100),
        lambda: b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + draw.randbytes(200),
        lambda: b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        lambda: head + b"Upgrade: h2c\r\nConnection: Upgrade\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
        lambda: post(path, body) + draw.randbytes(200) + post(path, body)))()


class Answers:
    """Read from a connection, one after the other."""

    def __init__(self, connection):
        self._connection, self._bytes = connection, b""

    def _until(self, mark):
        while mark not in self._bytes:
            self._more()
        part, _, self._bytes = self._bytes.partition(mark)
        return part

    def _more(self):
        part = self._connection.recv(65536)
        if not part:
            raise ConnectionError("closed")
        self._bytes += part

    def _take(self, count):
        while len(self._bytes) < count:
            self._more()
        part, self._bytes = self._bytes[:count], self._bytes[count:]
        return part

    def next(self, method):
        head = self._until(b"\r\n\r\n").lower()
        status = int(head.split(b" ", 2)[1])
        body = b""
        length = re.search(rb"content-length: *(\d+)", head)
        if b"transfer-encoding: chunked" in head:
            while count := int(self._until(b"\r\n"), 16):
                body += self._take(count)
                self._take(2)
            self._until(b"\r\n")
        elif length and method != b"HEAD":
            body = self._take(int(length.group(1)))
        return status, body, b"connection: close" in head


def by_design(status, request, body):
    """501 is what is not here; a server says it of a method or a path."""
    return status < 500 or (status == 501 and (b"/api/" in request[:40]))


def converse(port, draw, count, result):
    """`count` well-framed requests, some of them sent before the answers to those before."""
    connection = answers = None
    while count > 0:
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", port), timeout=120)
            answers = Answers(connection)
        some = [well_framed(draw) for _ in range(min(count, draw.choice((1, 1, 4, 16))))]
        done = 0
        try:
            connection.sendall(b"".join(some))
            for request in some:
                status, body, closes = answers.next(request.split(b" ", 1)[0])
                result["statuses"][status] += 1
                done += 1
                if not by_design(status, request, body):
                    result["faults"].append(f"{status} {body[:300]!r} for {request[:1500]!r}")
                if closes:
                    raise ConnectionError("closed")
        except TimeoutError:
            result["faults"].append(f"no answer in 120 s: {some[done][:1500]!r}")
            connection = None
        except (OSError, ValueError):
            result["statuses"]["closed"] += 1
            done = max(done, 1)
            connection = None
        count -= done


def break_off(port, draw, result):
    """One that ends its connection; some write slowly, some do not listen."""
    data = broken(draw)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            if draw.random() < 0.05:
                for place in range(0, min(len(data), 200), 40):
                    connection.sendall(data[place:place + 40])
                    time.sleep(0.02)
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            heard = common.read_all(connection) if draw.random() < 0.9 else b""
    except OSError:
        result["statuses"]["broken off"] += 1
        return
    status = re.match(rb"HTTP/1\.[01] (\d+)", heard)
    result["statuses"][int(status.group(1)) if status else "nothing said"] += 1
    if status and int(status.group(1)) >= 500 and int(status.group(1)) not in (501, 505):
        result["faults"].append(f"{heard[:300]!r} for {data[:600]!r}")


def client(place, port, count, seed, done):
    draw = random.Random(f"{seed} client {place}")
    result = {"statuses": collections.Counter(), "faults": []}
    while count > 0 and len(result["faults"]) <= 20:
        some = min(count, 200)
        count -= some
        try:
            converse(port, draw, some - some // 20, result)
            for _ in range(some // 20):
                break_off(port, draw, result)
        except Exception as error:
            result["faults"].append(f"the client itself: {error!r}")
    done.put((result["statuses"], result["faults"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--growth", type=int, default=64, help="MiB that the server may grow behind the first tenth")
    words = parser.parse_args()
    statuses, found = collections.Counter(), []
    with common.scratch_folder() as folder, common.served(f"tiny={common.tiny_model(folder)}", *common.EXACT) as server:
        good = {"model": "tiny", "prompt": "a heron", "max_tokens": 8, "temperature": 0}
        expected = common.completion(server.port, good)
        assert expected[0] == "text", expected
        start = common.clock()
        before = memory = common.Held(server.process.pid)
        for part, share in enumerate((0.1, 0.9)):  # the first part fills what stays
            done = multiprocessing.Queue()
            each = max(int(words.requests * share / words.clients), 1)
            clients = [multiprocessing.Process(target=client, args=(f"{part}.{place}", server.port, each, words.seed, done)) for place in range(words.clients)]
            for process in clients:
                process.start()
            for _ in clients:
                told, faults = done.get()
                statuses += told
                found += faults
            for process in clients:
                process.join()
            if part == 0:
                memory = common.Held(server.process.pid)
        took = common.clock() - start
        if server.process.poll() is not None:
            common.conclude("hostile", words.seed, "", [f"the server ended: {server.process.returncode}", *server.log[-3:]])
        after = common.settled(server, before)
        found += common.grown(memory, after, words.growth)
        said = common.completion(server.port, good)
        if said != expected:
            found.append(f"the good request at the end: {said}, expected {expected}")
        faults = common.metrics(server.port)["ovenbird:worker_faults_total"]
        if faults:
            found.append(f"{faults:.0f} workers broke down: {[line for line in server.log if 'broke down' in line][:3]}")
    if server.process.returncode != 0:
        found.append(f"the server's end: status {server.process.returncode}")
    common.conclude("hostile", words.seed,
                    f"{sum(statuses.values())} requests in {took:.0f} s: {dict(statuses.most_common())}; before: {before}; after a tenth: {memory}; after: {after}",
                    found[:6])


if __name__ == "__main__":
    main()
