#!/usr/bin/env python3
"""Models by their name, against a hub of our own that the real huggingface_hub accepts as one: the cache is the same for both, a
download ends in the right file or a clear error whatever goes wrong, and a token stays with its hub."""
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import huggingface_hub
import ollama

import baking
import hub_server
import serving

HF = pathlib.Path(sys.executable).parent / "hf"
FAULTS = int(os.environ.get("OVENBIRD_HUB_FAULTS", "120"))
SEED = int(os.environ.get("OVENBIRD_HUB_SEED", "7"))
NAME = "org/model"
REVISIONS = ("main", "v1", "refs/pr/2")


def some_files(seed=0, large=300_000):
    noise = random.Random(seed)
    return {"config.json": b'{"model_type": "llama"}', "tokenizer.json": b"{}" + b" " * 3000,
            "model.safetensors": noise.randbytes(large), "README.md": b"# no need of this", "original/consolidated.pth": b"x"}


NEEDED = {"config.json", "tokenizer.json", "model.safetensors"}


class HubCase(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.homes = 0

    def start(self, repos, **options):
        hub = hub_server.Hub(repos, **options)
        hub.__enter__()
        self.addCleanup(hub.__exit__)
        return hub

    def home(self):
        self.homes += 1
        return self.scratch / f"home{self.homes}"

    def environment(self, hub, home, **more):
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
        return {**clean, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), "OVENBIRD_HOME": str(home / "own"),
                "HF_HUB_DOWNLOAD_TIMEOUT": "0.4", "HF_HUB_ETAG_TIMEOUT": "2", "OVENBIRD_HUB_PAUSE": "0.01",
                "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1",
                "NO_PROXY": "127.0.0.1", **more}

    def ovenbird(self, hub, home, *words, **more):
        return subprocess.run([os.environ["OVENBIRD"], *map(str, words)], env=self.environment(hub, home, **more),
                              capture_output=True, text=True, timeout=300, check=False)

    def pull(self, hub, home, name=NAME, **more):
        return self.ovenbird(hub, home, "pull", name, **more)

    def pulled(self, hub, home, name=NAME, **more):
        result = self.pull(hub, home, name, **more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return pathlib.Path(result.stdout.strip())

    def refused(self, hub, home, words, name=NAME, **more):
        result = self.pull(hub, home, name, **more)
        self.assertNotEqual(result.returncode, 0)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, result.stderr)
        return result.stderr

    def assert_same(self, snapshot, repo, needed=frozenset(NEEDED)):
        found = {str(path.relative_to(snapshot)) for path in snapshot.rglob("*") if path.is_file()}
        self.assertEqual(found, set(needed))
        for path in found:
            self.assertEqual((snapshot / path).read_bytes(), repo.files[path].data, path)

    def assert_no_wrong_file(self, home):
        for blob in home.rglob("blobs/*"):
            if blob.suffix != ".incomplete":
                data = blob.read_bytes()
                self.assertIn(blob.name, (hashlib.sha256(data).hexdigest(), hub_server.git_sha1(data)))

    def assert_token_stays(self, requests):
        for request in requests:
            if request.host != "hub":
                self.assertNotIn("authorization", request.headers, request)


class TheCacheIsHuggingFaces(HubCase):
    def hf(self, hub, home, *words, **more):
        more = {"HF_HUB_DOWNLOAD_TIMEOUT": "10", **more}  # whole seconds alone
        return subprocess.run([HF, *words], env=self.environment(hub, home, **more), capture_output=True, text=True, timeout=120,
                              check=False)

    def test_the_real_client_takes_it_for_a_hub(self):
        repo = hub_server.Repo(some_files(), REVISIONS)
        hub = self.start({NAME: repo}, page=2)
        home = self.home()
        result = self.hf(hub, home, "download", NAME)
        self.assertEqual(result.returncode, 0, result.stderr)
        snapshot = home / "hub" / "models--org--model" / "snapshots" / repo.commit
        self.assert_same(snapshot, repo, repo.files)
        info = huggingface_hub.HfApi(endpoint=hub.endpoint).model_info(NAME)
        self.assertEqual(info.sha, repo.commit)

    def test_what_hf_pulled_is_found(self):
        repo = hub_server.Repo(some_files(), REVISIONS)
        hub = self.start({NAME: repo})
        for revision in ("main", "v1", repo.commit):
            home = self.home()
            result = self.hf(hub, home, "download", NAME, "--revision", revision)
            self.assertEqual(result.returncode, 0, result.stderr)
            hub.taken()
            snapshot = self.pulled(hub, home, f"{NAME}@{revision}")
            self.assertEqual([r for r in hub.taken() if "/resolve/" in r.path or r.host == "files"], [])
            self.assertEqual(snapshot, home / "hub" / "models--org--model" / "snapshots" / repo.commit)
            self.assertEqual(self.pulled(hub, home, f"{NAME}@{revision}", HF_HUB_OFFLINE="1"), snapshot)
            self.assertEqual(hub.taken(), [])

    def test_what_was_pulled_is_found_by_hf(self):
        repo = hub_server.Repo(some_files(), REVISIONS)
        hub = self.start({NAME: repo}, page=2)
        for revision in REVISIONS:
            home = self.home()
            snapshot = self.pulled(hub, home, f"{NAME}@{revision}")
            self.assert_same(snapshot, repo)
            hub.taken()
            for file in sorted(NEEDED):
                result = self.hf(hub, home, "download", NAME, file, "--revision", revision, HF_HUB_OFFLINE="1")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn(str(snapshot / file), result.stdout)
            result = self.hf(hub, home, "download", NAME, "--revision", revision, *(w for f in NEEDED for w in ("--include", f)))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual([r for r in hub.taken() if r.method == "GET" and ("/resolve/" in r.path or r.host == "files")], [])
            listed = json.loads(self.hf(hub, home, "cache", "ls", "--format", "json").stdout)
            self.assertIn("org/model", json.dumps(listed))

    def test_layout(self):
        repo = hub_server.Repo(some_files())
        hub = self.start({NAME: repo})
        home = self.home()
        snapshot = self.pulled(hub, home)
        root = home / "hub" / "models--org--model"
        self.assertEqual((root / "refs" / "main").read_text(), repo.commit)
        self.assertEqual(os.readlink(snapshot / "model.safetensors"), f"../../blobs/{repo.files['model.safetensors'].sha256}")
        self.assertEqual(os.readlink(snapshot / "config.json"), f"../../blobs/{repo.files['config.json'].sha1}")
        self.assertTrue((home / "hub" / "CACHEDIR.TAG").exists())
        self.assertEqual(list(root.rglob("*.incomplete")), [])

    def test_without_links(self):
        repo = hub_server.Repo(some_files())
        hub = self.start({NAME: repo})
        home = self.home()
        for _ in range(2):
            snapshot = self.pulled(hub, home, HF_HUB_DISABLE_SYMLINKS="1")
            self.assert_same(snapshot, repo)
            self.assertFalse((snapshot / "config.json").is_symlink())

    def test_two_at_once(self):
        repo = hub_server.Repo(some_files(large=3_000_000))
        hub = self.start({NAME: repo})
        home = self.home()
        environment = self.environment(hub, home)
        pulls = [subprocess.Popen([os.environ["OVENBIRD"], "pull", NAME], env=environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) for _ in range(3)]
        for each in pulls:
            out, errors = each.communicate(timeout=60)
            self.assertEqual(each.returncode, 0, errors)
            self.assert_same(pathlib.Path(out.strip()), repo)
        self.assertEqual(len([r for r in hub.taken() if r.host == "files"]), 1)

    def test_a_revision_that_moved(self):
        hub = self.start({NAME: hub_server.Repo(some_files(1))})
        home = self.home()
        first = self.pulled(hub, home)
        hub.repos[NAME] = hub_server.Repo(some_files(2))
        second = self.pulled(hub, home)
        self.assertNotEqual(first, second)
        self.assert_same(second, hub.repos[NAME])


class WhatGoesWrong(HubCase):
    def test_faults(self):
        """Whatever happens: the right files, or an error and no wrong file; and the next pull is whole."""
        chance = random.Random(SEED)
        injected, failed = 0, 0
        hub = self.start({})
        while injected < FAULTS:
            repo = hub.repos[NAME] = hub_server.Repo(some_files(injected, chance.choice((5_000, 300_000, 1_000_000))))
            kinds = [chance.choice(hub_server.Fault.KINDS) for _ in range(chance.choice((1, 1, 2, 3, 8)))]
            where = chance.choice(("file", "file", "any"))
            hub.faults = [hub_server.Fault(kind, chance.random(), where) for kind in kinds]
            home = self.home()
            with self.subTest(kinds=kinds, where=where, seed=SEED, at=injected):
                result = self.pull(hub, home, HF_TOKEN="hf_mine", HF_HUB_ETAG_TIMEOUT="0.4", HF_HUB_DOWNLOAD_TIMEOUT="0.2")
                injected += len(kinds) - len(hub.faults)
                hub.faults = []
                self.assert_no_wrong_file(home)
                if result.returncode == 0:
                    self.assert_same(pathlib.Path(result.stdout.strip()), repo)
                else:
                    failed += 1
                    self.assertRegex(result.stderr, "error: .{20}")
                    self.assertNotIn("panic", result.stderr)
                    self.assert_same(self.pulled(hub, home), repo)
                requests = hub.taken()
                self.assert_token_stays(requests)
                self.assertNotIn("hf_mine", result.stderr + result.stdout)
        print(f"{injected} faults, {failed} pulls ended with an error and were whole at the second try")

    def test_a_break_goes_on_where_it_was(self):
        repo = hub_server.Repo(some_files(large=2_000_000))
        hub = self.start({NAME: repo})
        hub.faults = [hub_server.Fault("cut", seed, "large") for seed in range(4)]
        self.assert_same(self.pulled(hub, self.home()), repo)
        ranges = [r.headers.get("range") for r in hub.taken() if r.host == "files"]
        self.assertIn(None, ranges)
        self.assertTrue(any(ranges), ranges)

    def test_wrong_bytes_again_and_again(self):
        repo = hub_server.Repo(some_files())
        hub = self.start({NAME: repo})
        home = self.home()
        hub.faults = [hub_server.Fault("wrong", seed, "file") for seed in range(40)]
        self.refused(hub, home, ("came wrong 3 times", "Nothing of it was kept"))
        self.assertEqual([path for path in home.rglob("*.incomplete") if path.stat().st_size], [])
        hub.faults = []
        self.assert_same(self.pulled(hub, home), repo)

    def test_a_stale_part_of_another_file(self):
        """What lies in .incomplete is not the file's beginning: found by the hash, started over."""
        repo = hub_server.Repo(some_files())
        hub = self.start({NAME: repo})
        for size in (100, 300_000, 400_000):
            home = self.home()
            blobs = home / "hub" / "models--org--model" / "blobs"
            blobs.mkdir(parents=True)
            (blobs / f"{repo.files['model.safetensors'].etag}.incomplete").write_bytes(b"x" * size)
            self.assert_same(self.pulled(hub, home), repo)

    def test_killed_at_any_moment(self):
        repo = hub_server.Repo(some_files(large=1_500_000))
        hub = self.start({NAME: repo})
        chance = random.Random(SEED)
        for turn in range(12):
            home = self.home()
            hub.faults = [hub_server.Fault("stall", turn)]
            child = subprocess.Popen([os.environ["OVENBIRD"], "pull", NAME], env=self.environment(hub, home),
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.random() * 0.3)
            child.kill()
            child.wait()
            hub.faults = []
            self.assert_no_wrong_file(home)
            self.assert_same(self.pulled(hub, home), repo)

    def test_ctrl_c_keeps_what_is_there(self):
        repo = hub_server.Repo(some_files(large=1_500_000))
        hub = self.start({NAME: repo})
        home = self.home()
        hub.faults = [hub_server.Fault("stall", 3, "large")]
        environment = self.environment(hub, home, HF_HUB_DOWNLOAD_TIMEOUT="30")
        child = subprocess.Popen([os.environ["OVENBIRD"], "pull", NAME], env=environment, stderr=subprocess.PIPE, text=True)
        hub_server.wait_for(lambda: any(path.stat().st_size for path in home.rglob("*.incomplete")))
        started = time.monotonic()
        child.send_signal(signal.SIGINT)
        errors = child.communicate(timeout=20)[1]
        self.assertEqual(child.returncode, 130, errors)
        self.assertIn("is kept", errors)
        self.assertLess(time.monotonic() - started, 10)
        hub.taken()
        self.assert_same(self.pulled(hub, home), repo)
        self.assertTrue(any(r.headers.get("range") for r in hub.taken() if r.host == "files"))

    def test_a_full_disk(self):
        repo = hub_server.Repo(some_files())
        hub = self.start({NAME: repo})
        home = self.home()
        blobs = home / "hub" / "models--org--model" / "blobs"
        blobs.mkdir(parents=True)
        (blobs / f"{repo.files['model.safetensors'].etag}.incomplete").symlink_to("/dev/full")
        self.refused(hub, home, ("No space left", "make room"))

    def test_more_than_the_disk_holds(self):
        repo = hub_server.Repo(some_files())
        repo.files["model.safetensors"].listed = lambda: {
            "type": "file", "oid": "0" * 40, "size": 1 << 60, "path": "model.safetensors",
            "lfs": {"oid": "0" * 64, "size": 1 << 60, "pointerSize": 1}}
        hub = self.start({NAME: repo})
        self.refused(hub, self.home(), ("bytes are to be downloaded", "make room"))
        self.assertEqual([r for r in hub.taken() if r.host == "files"], [])

    def test_names_that_leave_the_cache(self):
        repo = hub_server.Repo({**some_files(), "../../evil.json": b"x"})
        hub = self.start({NAME: repo})
        self.refused(hub, self.home(), "unsafe name")

    def test_no_hub_at_all(self):
        hub = self.start({NAME: hub_server.Repo(some_files())})
        home = self.home()
        snapshot = self.pulled(hub, home)
        away = {"HF_ENDPOINT": "http://127.0.0.1:9"}
        result = self.pull(hub, home, **away)
        self.assertEqual(result.stdout.strip(), str(snapshot))
        self.assertIn("using what was downloaded", result.stderr)
        self.refused(hub, self.home(), "127.0.0.1", **away)
        self.refused(hub, self.home(), "was not downloaded before", HF_HUB_OFFLINE="1")


class WhoMaySee(HubCase):
    def test_tokens_go_to_the_hub_alone(self):
        repo = hub_server.Repo(some_files(), private=True)
        hub = self.start({NAME: repo})
        home = self.home()
        self.assert_same(self.pulled(hub, home, HF_TOKEN=hub.token), repo)
        requests = hub.taken()
        self.assertTrue(all(r.headers.get("authorization") == f"Bearer {hub.token}" for r in requests if r.host == "hub"))
        self.assertTrue(any(r.host == "files" for r in requests))
        self.assert_token_stays(requests)

    def test_a_token_of_a_file(self):
        hub = self.start({NAME: hub_server.Repo(some_files(), private=True)})
        home = self.home()
        home.mkdir()
        (home / "token").write_text(hub.token + "\n")
        self.pulled(hub, home)
        self.refused(hub, self.home(), "is private", HF_HUB_DISABLE_IMPLICIT_TOKEN="1")

    def test_each_refusal_has_its_sentence(self):
        hub = self.start({"org/private": hub_server.Repo(some_files(), private=True),
                          "org/gated": hub_server.Repo(some_files(), gated=True), NAME: hub_server.Repo(some_files())})
        for name, token, words in (("org/gated", "", ("accept its terms at", "HF_TOKEN")), ("org/private", "", ("private", "HF_TOKEN")),
                                   ("org/absent", "", "spelling"), ("org/absent", hub.token, "your token may see"),
                                   (f"{NAME}@v9", "", "no revision 'v9'"), ("org/private", "hf_wrong", "token")):
            errors = self.refused(hub, self.home(), words, name, **({"HF_TOKEN": token} if token else {}))
            self.assertNotIn("hf_wrong", errors)

    def test_no_names(self):
        hub = self.start({})
        for name in ("../x", "a", "a/b/c", "a/b@../../x"):
            self.assertEqual(self.pull(hub, self.home(), name).returncode, 2, name)
        self.assertEqual(hub.taken(), [])


class FromNothingToText(HubCase):
    def run_twice(self, files, name=NAME):
        hub = self.start({NAME: hub_server.Repo(files)})
        home = self.home()
        words = ("run", name, "a b c", "--max-new-tokens", "4", "--device", "CPU", "--raw")
        first = self.ovenbird(hub, home, *words)
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertIn("baking", first.stderr)
        hub.taken()
        second = self.ovenbird(hub, home, *words)
        self.assertEqual((second.returncode, second.stdout), (0, first.stdout), second.stderr)
        self.assertEqual(hub.taken(), [])
        return hub, home

    def test_a_checkpoint(self):
        case = baking.with_positions(baking.TINY / "llama_even_linear", self.scratch / "case", 256)
        hub, home = self.run_twice(hub_server.folder_files(case))
        repo = hub.repos[NAME]
        place = home / "own" / "models" / "org" / "model"
        manifest = json.loads((place / "ovenbird.json").read_text())
        self.assertEqual(manifest["source"]["name"], NAME)
        origin = manifest["source"]["hub"]
        self.assertEqual((origin["repo"], origin["commit"]), (NAME, repo.commit))
        for path, said in origin["files"].items():
            kind, _, value = said.partition(":")
            self.assertEqual(value, repo.files[path].sha256 if kind == "sha256" else repo.files[path].sha1)
        self.assertTrue(origin["files"])
        listed = json.loads(self.ovenbird(hub, home, "list", "--json").stdout)
        self.assertEqual([(each["name"], each["commit"]) for each in listed], [(NAME, repo.commit)])
        self.assertIn(NAME, self.ovenbird(hub, home, "list").stdout)
        for words in (("check", NAME), ("bench", NAME, "--rounds", 1, "--prompt-tokens", 8, "--new-tokens", 2, "--device", "CPU"),
                      ("run", place, "a", "--tokenizer-id", NAME, "--max-new-tokens", "1", "--raw")):
            result = self.ovenbird(hub, home, *words)
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.ovenbird(hub, home, "rm", NAME).returncode, 0)
        self.assertFalse(place.exists())
        self.assertNotEqual(self.ovenbird(hub, home, "rm", NAME).returncode, 0)

    def test_a_folder_that_is_baked_already(self):
        baked = baking.bake(baking.TINY / "llama_even_linear", self.scratch / "baked")
        hub = self.start({NAME: hub_server.Repo(hub_server.folder_files(baked))})
        result = self.ovenbird(hub, self.home(), "run", NAME, "a b", "--max-new-tokens", "2", "--raw")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("baking", result.stderr)

    def test_bake_by_name_into_a_place(self):
        hub = self.start({NAME: hub_server.Repo(hub_server.folder_files(baking.TINY / "llama_even_linear"))})
        home = self.home()
        plan = self.ovenbird(hub, home, "bake", NAME, "--plan")
        self.assertEqual(plan.returncode, 0, plan.stderr)
        result = self.ovenbird(hub, home, "bake", "--model_id", NAME, "--output_dir", self.scratch / "out")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue((self.scratch / "out" / "ovenbird.json").exists())
        weights = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink() and path.stat().st_size > 4096]
        self.assertEqual(len({path.stat().st_ino for path in weights}), len(weights))


class PulledByAServersClient(HubCase):
    def serve(self, hub, home, *words, **more):
        server = serving.Server(*words, environment=self.environment(hub, home, **more))
        self.addCleanup(server.stop)
        return server, ollama.Client(server.url)

    def test_with_progress_and_offered_then(self):
        hub = self.start({NAME: hub_server.Repo(hub_server.folder_files(baking.TINY / "llama_even_linear"))})
        server, client = self.serve(hub, self.home())
        self.assertEqual(client.list().models, [])
        lines = list(client.pull(NAME, stream=True))
        self.assertEqual(lines[-1].status, "success")
        self.assertTrue(any(line.total and line.completed == line.total and line.digest for line in lines), lines)
        self.assertEqual([model.model for model in client.list().models], [NAME])
        self.assertTrue(client.generate(f"hf.co/{NAME}", "a b", raw=True, options={"num_predict": 2}).response)
        hub.taken()
        self.assertEqual(client.pull(NAME).status, "success")
        self.assertEqual(hub.taken(), [])
        client.delete(NAME)
        self.assertEqual(client.list().models, [])
        self.assertEqual(server.stop(), 0)

    def test_two_at_once_work_once(self):
        hub = self.start({NAME: hub_server.Repo(hub_server.folder_files(baking.TINY / "llama_even_linear"))})
        _, client = self.serve(hub, self.home())
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            ends = [list(lines)[-1].status for lines in pool.map(lambda _: list(client.pull(NAME, stream=True)), range(2))]
        self.assertEqual(ends, ["success", "success"])
        weights = [path for path in hub.taken() if "safetensors" in str(path)]
        self.assertEqual(len(weights), len(set(map(str, weights))), weights)

    def test_refusals_say_why(self):
        hub = self.start({NAME: hub_server.Repo({"config.json": b"{}", "README.md": b"x"})})
        home = self.home()
        server, client = self.serve(hub, home)
        for name, stream in (("org/none", False), ("org/none", True), (NAME, False), ("llama3.2", True)):
            with self.assertRaises(ollama.ResponseError) as refused:
                for _ in client.pull(name, stream=True) if stream else [client.pull(name)]:
                    pass
            self.assertTrue(str(refused.exception))
        server.stop()
        server, client = self.serve(hub, home, "--read-only")
        for ask in (lambda: client.pull("org/none"), lambda: client.delete("org/none")):
            with self.assertRaises(ollama.ResponseError) as refused:
                ask()
            self.assertEqual(refused.exception.status_code, 403)

    def test_a_client_that_goes_ends_it(self):
        hub = self.start({NAME: hub_server.Repo(some_files())})
        hub.faults = [hub_server.Fault("stall", seed, "large") for seed in range(20)]
        server, _ = self.serve(hub, self.home(), HF_HUB_DOWNLOAD_TIMEOUT="5")
        body = json.dumps({"model": NAME}).encode()
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        client.request("POST", "/api/pull", body)
        answer = client.getresponse()
        while b"digest" not in answer.readline():
            pass
        self.assertTrue(server.children("pull"))
        client.sock.close()
        answer.close()
        self.assertTrue(serving.wait_until(lambda: not server.children("pull"), 20), server.log)


class SmolLM2ByItsName(HubCase):
    def test_a_gguf_repository(self):
        data = pathlib.Path(os.environ["OVENBIRD_SMOLLM2_GGUF"]).read_bytes()
        hub = self.start({NAME: hub_server.Repo({"README.md": b"x", "m-Q4_1.gguf": data, "m-IQ1_S.gguf": b"GGUF"})})
        home = self.home()
        words = ("What is the capital of France?", "--max-new-tokens", "8", "--device", "CPU")
        first = self.ovenbird(hub, home, "run", NAME, *words)
        self.assertEqual(first.returncode, 0, first.stderr)
        for word in ("has 2 GGUF files", "taking m-Q4_1.gguf", "baking org/model with INT4 weights"):
            self.assertIn(word, first.stderr)
        self.assertIn("Paris", first.stdout)
        hub.taken()
        second = self.ovenbird(hub, home, "run", NAME, *words)
        self.assertEqual((second.stdout, hub.taken()), (first.stdout, []), second.stderr)
        missing = self.ovenbird(hub, home, "run", f"{NAME}:Q5_0", *words)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("m-IQ1_S.gguf", missing.stderr)


if __name__ == "__main__":
    unittest.main()
