"""What the fault scripts share: a tiny served model, requests over raw sockets, and what a process holds."""
import contextlib
import json
import os
import pathlib
import re
import socket
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

import baking  # noqa: E402
import serving  # noqa: E402
from serving import EXACT  # noqa: E402, F401

HERE = pathlib.Path(__file__).resolve().parent
CASE = baking.TINY / "llama_odd_biases"
POSITIONS = 256
TEMPLATE = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:"
CLEAR = re.compile(rb'"(message|error)"')


def tiny_model(scratch):
    """A baked model of random weights that knows messages."""
    source = baking.with_positions(CASE, pathlib.Path(scratch) / "source", POSITIONS)
    words = json.loads((source / "tokenizer_config.json").read_text())
    (source / "tokenizer_config.json").write_text(json.dumps({**words, "chat_template": TEMPLATE}))
    return baking.bake(source, pathlib.Path(scratch) / "tiny", "--group-size", -1, "--context", POSITIONS)


@contextlib.contextmanager
def served(*words, environment=None):
    server = serving.Server(*words, "--quiet", environment=environment)
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def scratch_folder():
    with tempfile.TemporaryDirectory(prefix="serve_faults") as folder:
        yield pathlib.Path(folder)


def request_bytes(path, body, method="POST"):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def read_all(connection):
    heard = b""
    while part := connection.recv(65536):
        heard += part
    return heard


def unchunked(body):
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size, 16)
        if count == 0:
            return whole
        whole, body = whole + body[:count], body[count + 2:]
    raise ValueError("a chunked answer has no end")


def ask(port, path, body, method="POST", timeout=120):
    """Status, and the whole body."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(request_bytes(path, body, method))
        heard = read_all(connection)
    head, _, rest = heard.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if b"transfer-encoding: chunked" in head.lower():
        rest = unchunked(rest)
    return status, rest


def completion(port, body, timeout=120):
    """A text of /v1/completions, streamed or not: ("text", it), or ("error", what was said)."""
    try:
        status, answer = ask(port, "/v1/completions", body, timeout=timeout)
    except (OSError, ValueError, IndexError) as error:
        return "broken", repr(error)
    if status != 200:
        return ("error" if CLEAR.search(answer) else "broken"), answer.decode(errors="replace")
    if not body.get("stream"):
        return "text", json.loads(answer)["choices"][0]["text"]
    text, finished = "", False
    for line in answer.split(b"\n"):
        if not line.startswith(b"data: {"):
            continue
        event = json.loads(line[6:])
        if "error" in event:
            return "error", event["error"]["message"]
        for choice in event["choices"]:
            text += choice["text"]
            finished = finished or choice["finish_reason"] is not None
    return ("text", text) if finished and b"data: [DONE]" in answer else ("broken", answer.decode(errors="replace"))


def metrics(port):
    """Its figures by name, labels included."""
    text = ask(port, "/metrics", b"", "GET")[1].decode()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))}


def counted(figures):
    """Answers by how they ended."""
    return {name.split('"')[1]: int(value) for name, value in figures.items() if name.startswith("vllm:request_success_total")}


def stat_fields(process):
    return pathlib.Path("/proc", str(process), "stat").read_text().rpartition(")")[2].split()


def children(process):
    """Of any state, zombies too: {id: state}."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError, IndexError):
                fields = stat_fields(entry)
                if int(fields[1]) == process:
                    found[int(entry)] = fields[0]
    return found


def holding(variable, value):
    """Processes that live with this in their environment: whatever a server started, and what that started."""
    wanted = f"{variable}={value}".encode()
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                if wanted in pathlib.Path("/proc", entry, "environ").read_bytes().split(b"\0"):
                    found.append(int(entry))
    return found


def cpu_ticks(process):
    fields = stat_fields(process)
    return int(fields[11]) + int(fields[12])


class Held:
    """What a process holds at a moment."""

    def __init__(self, process):
        self.descriptors = len(os.listdir(f"/proc/{process}/fd"))
        status = pathlib.Path(f"/proc/{process}/status").read_text()
        self.threads = int(re.search(r"Threads:\s+(\d+)", status).group(1))
        self.memory_mib = int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024
        self.children = children(process)

    def __str__(self):
        return f"{self.descriptors} descriptors, {self.threads} threads, {self.memory_mib:.0f} MiB, {len(self.children)} children"


def settled(server, before, seconds=20):
    """What is held when the server is idle again: it waits until there is no more than before."""
    def is_back():
        now = Held(server.process.pid)
        return now.descriptors <= before.descriptors and len(now.children) <= len(before.children) and "Z" not in now.children.values()
    serving.wait_until(is_back, seconds)
    return Held(server.process.pid)


def grown(before, after, most_mib):
    """What was left over, in words."""
    found = []
    if after.descriptors > before.descriptors:
        found.append(f"{after.descriptors - before.descriptors} descriptors are left over")
    if len(after.children) > len(before.children) or "Z" in after.children.values():
        found.append(f"children are left over: {after.children}")
    if after.memory_mib - before.memory_mib > most_mib:
        found.append(f"its memory grew by {after.memory_mib - before.memory_mib:.0f} MiB")
    return found


def conclude(name, seed, figures, faults):
    """The one line of result, and the exit status."""
    print(f"{name}: seed {seed}; {figures}" + "".join(f"; FAILED: {fault}" for fault in faults), flush=True)
    sys.exit(1 if faults else 0)


def clock():
    return time.monotonic()
