"""A hub for tests: the part of huggingface.co's protocol that downloads use, with a second host for large files, and faults.

The real huggingface_hub accepts it as a hub (tests/test_hub.py). Every request is recorded.
"""
import contextlib
import email.utils
import hashlib
import http.server
import json
import random
import socket
import threading
import time
import urllib.parse

LARGE_BYTES = 4096  # files from here on are "LFS": sha256, and served by the other host
WHOLE_PAGE = 1000


def git_sha1(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class RepoFile:
    def __init__(self, path, data):
        self.path, self.data = path, data
        self.is_large = len(data) >= LARGE_BYTES
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.sha1 = git_sha1(data)
        self.etag = self.sha256 if self.is_large else self.sha1

    def listed(self):
        entry = {"type": "file", "oid": self.sha1, "size": len(self.data), "path": self.path}
        if self.is_large:
            entry["lfs"] = {"oid": self.sha256, "size": len(self.data), "pointerSize": 134}
        return entry


class Repo:
    def __init__(self, files, revisions=("main",), private=False, gated=False):
        self.files = {path: RepoFile(path, data) for path, data in files.items()}
        content = "".join(f"{path}{file.sha256}" for path, file in sorted(self.files.items()))
        self.commit = hashlib.sha1(content.encode()).hexdigest()
        self.revisions, self.private, self.gated = {*revisions, self.commit}, private, gated


def folder_files(folder):
    """A folder's files as a repository's."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Request:
    def __init__(self, handler, host):
        self.host, self.method, self.path = host, handler.command, handler.path
        self.headers = {name.lower(): value for name, value in handler.headers.items()}

    def __repr__(self):
        return f"{self.host} {self.method} {self.path}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        hub = self.server.hub
        request = Request(self, self.server.name)
        with hub.lock:
            hub.requests.append(request)
            fault = hub.next_fault(request)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if fault and fault.before(self, request):
                return
            self.fault = fault
            path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
            if self.server.name == "files":
                self.give_file(hub.blobs[path.strip("/")], {})
            elif path.startswith("/api/models/"):
                self.api(path.removeprefix("/api/models/"))
            elif "/resolve/" in path:
                self.resolve(path)
            else:
                self.refuse(404, "", "")

    def send(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, message):
        self.send(status, {"X-Error-Code": code, "X-Error-Message": message, "Content-Type": "application/json"},
                  json.dumps({"error": message}).encode())

    def repo(self, name, revision):
        """The repository, or nothing once the refusal was sent."""
        repo = self.server.hub.repos.get(name)
        allowed = self.headers.get("Authorization") == f"Bearer {self.server.hub.token}"
        if repo is None or (repo.private and not allowed):
            self.refuse(404 if allowed else 401, "RepoNotFound", "Repository not found")
        elif repo.gated and not allowed:
            self.refuse(401, "GatedRepo", f"Access to model {name} is restricted")
        elif revision not in repo.revisions:
            self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            return repo
        return None

    def api(self, path):
        parts = path.split("/")
        name = "/".join(parts[:2])
        kind = parts[2] if len(parts) > 2 else "revision"
        revision = "/".join(parts[3:]) or "main"
        repo = self.repo(name, revision)
        if repo is None:
            return
        if kind == "tree":
            files = [file.listed() for file in repo.files.values()]
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            start, size = int(query.get("cursor", ["0"])[0]), self.server.hub.page
            headers = {"Content-Type": "application/json"}
            if start + size < len(files):
                base = self.path.split("&cursor")[0]
                headers["Link"] = f'<{self.server.hub.endpoint}{base}&cursor={start + size}>; rel="next"'
            self.send(200, headers, json.dumps(files[start:start + size]).encode())
        else:
            info = {"_id": "0" * 24, "id": name, "modelId": name, "sha": repo.commit, "private": repo.private, "gated": False,
                    "disabled": False, "tags": [], "downloads": 0, "likes": 0,
                    "siblings": [{"rfilename": file} for file in repo.files]}
            self.send(200, {"Content-Type": "application/json"}, json.dumps(info).encode())

    def resolve(self, path):
        name, _, rest = path.strip("/").partition("/resolve/")
        revision, _, file_path = rest.partition("/")
        repo = self.repo(name, revision)
        if repo is None:
            return
        commit = {"X-Repo-Commit": repo.commit}
        file = repo.files.get(file_path)
        if file is None:
            self.refuse(404, "EntryNotFound", "Entry not found")
        elif file.is_large:
            self.server.hub.blobs[file.sha256] = file
            self.send(302, {**commit, "X-Linked-Etag": f'"{file.etag}"', "X-Linked-Size": len(file.data),
                            "Location": f"{self.server.hub.files_endpoint}/{file.sha256}?signature=x"}, b"Found")
        else:
            self.give_file(file, commit)

    def give_file(self, file, headers):
        data, begin, status = file.data, 0, 200
        headers = {**headers, "ETag": f'"{file.etag}"', "Accept-Ranges": "bytes", "Date": email.utils.formatdate(usegmt=True)}
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes=") and not (self.fault and self.fault.ignores_range):
            begin, status = int(wanted[6:].split("-")[0]), 206
            if begin >= len(data):
                return self.send(416, {"Content-Range": f"bytes */{len(data)}"})
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        body = data[begin:]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.fault.write(self, body) if self.fault else self.wfile.write(body)
        return None


class Fault:
    """What goes wrong with one answer. `kind`: see KINDS."""
    KINDS = ("cut", "whole", "stall", "silence", "429", "503", "408", "wrong", "longer", "elsewhere", "range", "reset")

    def __init__(self, kind, seed=0, where="file"):
        self.kind, self.where, self.random = kind, where, random.Random(seed)
        self.ignores_range = kind == "whole"

    def fits(self, request):
        is_large = request.method == "GET" and request.host == "files"
        is_file = is_large or (request.method == "GET" and "/resolve/" in request.path)
        return {"any": True, "file": is_file, "large": is_large}[self.where]

    def before(self, handler, request):
        """True when it has answered."""
        hub = handler.server.hub
        if self.kind in ("408", "429", "503"):
            extra = {"Retry-After": 0} if self.kind == "429" and self.random.random() < 0.5 else {}
            handler.send(int(self.kind), extra, b"busy")
        elif self.kind == "range":
            handler.send(416, {"Content-Range": "bytes */0"})
        elif self.kind == "elsewhere":
            handler.send(302, {"Location": f"{hub.other_endpoint}{request.path}"})
        elif self.kind == "reset":
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True
        elif self.kind == "silence":
            hub.stopped.wait(5)
            handler.close_connection = True
        else:
            return False
        return True

    def write(self, handler, body):
        at = self.random.randrange(len(body) + 1)
        if self.kind == "cut":
            handler.wfile.write(body[:at])
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif self.kind == "stall":
            handler.wfile.write(body[:at])
            handler.wfile.flush()
            handler.server.hub.stopped.wait(5)
            handler.close_connection = True
        elif self.kind == "wrong" and body:
            at = min(at, len(body) - 1)
            handler.wfile.write(body[:at] + bytes([body[at] ^ 1]) + body[at + 1:])
        elif self.kind == "longer":
            handler.wfile.write(body + b"more")
            handler.close_connection = True
        else:
            handler.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass


class Hub:
    """`with Hub({"org/name": Repo(files)}) as hub:` serves until the end of the block."""

    def __init__(self, repos, token="hf_secret", page=WHOLE_PAGE):
        self.repos, self.token, self.page = repos, token, page
        self.requests, self.faults, self.blobs = [], [], {}
        self.lock, self.stopped = threading.Lock(), threading.Event()

    def next_fault(self, request):
        for fault in self.faults:
            if fault.fits(request):
                self.faults.remove(fault)
                return fault
        return None

    def __enter__(self):
        self.servers = {}
        for name in ("hub", "files", "other"):
            server = Server(("127.0.0.1", 0), Handler)
            server.hub, server.name = self, name
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            self.servers[name] = server
        address = {name: f"http://127.0.0.1:{server.server_address[1]}" for name, server in self.servers.items()}
        self.endpoint, self.files_endpoint, self.other_endpoint = address["hub"], address["files"], address["other"]
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for server in self.servers.values():
            server.shutdown()
            server.server_close()

    def taken(self):
        """The requests so far, and forgets them."""
        with self.lock:
            requests, self.requests = self.requests, []
        return requests


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("did not happen in time")
        time.sleep(0.01)
