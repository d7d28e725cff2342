#!/usr/bin/env python3
"""ovenbird serve with embedding models beside a chat model: the official clients, limits, refusals, workers that die, clients that go."""
import base64
import json
import os
import pathlib
import shutil
import signal
import socket
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

import anthropic
import numpy as np
import ollama
import openai

import baking
import serving

EMBEDDERS = baking.ROOT / "testdata" / "tiny_embeddings"
EXACT = [word for key, value in baking.EXACT.items() for word in ("--ov-config", f"{key}={value}")]
TEXTS = ["w1 w2 w3", "w4", " ".join(["w5", "w6"] * 60)]  # of two buckets
TOO_LONG = " ".join(["w1"] * 600)


def folders(work):
    return {"bert": baking.bake(EMBEDDERS / "bert_cls", work / "bert"),
            "qwen": baking.bake(EMBEDDERS / "qwen3_last", work / "qwen"),
            "chat": baking.bake(baking.TINY / "llama_even_linear", work / "chat", "--context", "0")}


class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folders = folders(pathlib.Path(cls.temporary.name))
        cls.server = serving.Server(*(f"{name}={folder}" for name, folder in cls.folders.items()), "--alias", "text-embedding-3-small",
                                    "--max-loaded", "3", *EXACT)
        cls.addClassCleanup(cls.server.stop)
        cls.openai = openai.OpenAI(base_url=cls.server.url + "/v1", api_key="none", max_retries=0)
        cls.ollama = ollama.Client(host=cls.server.url)

    def plain(self, texts, *options, model="bert"):
        """The vectors, and how many tokens, as `ovenbird embed` has them."""
        told = json.loads(baking.ovenbird("embed", self.folders[model], "--device", "CPU", "--no-cache", *EXACT, "--json", *options, "--",
                                          *texts).stdout)["embeddings"]
        return [each["embedding"] for each in told], sum(each["tokens"] for each in told)

    def post(self, path, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.server.url + path, data=data), timeout=60) as answer:
                return answer.status, json.loads(answer.read()), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read()), error.headers

    def get(self, path):
        with urllib.request.urlopen(self.server.url + path, timeout=60) as answer:
            return answer.read().decode()

    def same(self, given, expected):
        np.testing.assert_allclose(np.array(given), np.array(expected), atol=1e-6)


class OpenAI(Served):
    def create(self, given, model="bert", **fields):
        return self.openai.embeddings.create(model=model, input=given, **fields)

    def test_vectors_are_those_of_the_command(self):
        expected, tokens = self.plain(TEXTS)
        for fields in ({"encoding_format": "float"}, {"encoding_format": "base64"}, {}):  # without, the client asks for base64
            answer = self.create(TEXTS, user="someone", **fields)
            vectors = [each.embedding for each in answer.data]
            if fields.get("encoding_format") == "base64":
                vectors = [np.frombuffer(base64.b64decode(vector), "<f4") for vector in vectors]
            self.same(vectors, expected)
            self.assertEqual([each.index for each in answer.data], [0, 1, 2])
            self.assertEqual((answer.usage.prompt_tokens, answer.usage.total_tokens, answer.model), (tokens, tokens, "bert"))
        self.same(self.create(TEXTS[0], model="text-embedding-3-small").data[0].embedding, expected[0])

    def test_tokens_as_they_are(self):
        expected, _ = self.plain(TEXTS)
        ids = [self.post("/v1/tokenize", {"model": "bert", "content": text, "add_special": True})[1]["tokens"] for text in TEXTS]
        self.same([each.embedding for each in self.create(ids).data], expected)
        self.same(self.create(ids[0]).data[0].embedding, expected[0])

    def test_dimensions_and_prompts_where_the_model_has_them(self):
        expected, _ = self.plain(TEXTS, "--dimensions", "32", "--prompt-name", "query", model="qwen")
        answer = self.create(TEXTS, "qwen", dimensions=32, extra_body={"prompt_name": "query"})
        self.same([each.embedding for each in answer.data], expected)
        for model, fields, field, words in (("qwen", {"dimensions": 31}, "dimensions", "32 to 48"),
                                            ("bert", {"dimensions": 32}, "dimensions", "not trained for shorter"),
                                            ("qwen", {"extra_body": {"prompt_name": "none"}}, "prompt_name", "query")):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.create("w1", model, **fields)
            self.assertEqual(caught.exception.param, field)
            self.assertIn(words, str(caught.exception))

    def test_what_is_too_long_is_refused_and_never_cut(self):
        for given in (["w1", TOO_LONG], [[5], [5] * 301]):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.create(given)
            self.assertEqual((caught.exception.param, caught.exception.code), ("input", "context_length_exceeded"))
            self.assertIn("input[1]", str(caught.exception))
            self.assertIn("baked for 300", str(caught.exception))
            self.assertNotIn("truncate", str(caught.exception))

    def test_what_is_wrong_is_refused_by_its_name(self):
        for given in ("", [], ["w1", ""], [[]], [10 ** 6]):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.create(given)
            self.assertEqual(caught.exception.param, "input", given)
        with self.assertRaises(openai.NotFoundError):
            self.create("w1", "other")

    def test_each_model_does_what_it_can(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.create("w1", "chat")
        self.assertEqual(caught.exception.param, "model")
        self.assertIn("bert, qwen", str(caught.exception))
        question = [{"role": "user", "content": "w1"}]
        for ask in (lambda: self.openai.chat.completions.create(model="bert", messages=question),
                    lambda: self.openai.completions.create(model="bert", prompt="w1"),
                    lambda: self.openai.responses.create(model="bert", input="w1"),
                    lambda: self.openai.responses.input_tokens.count(model="bert", input="w1")):
            with self.assertRaises(openai.BadRequestError) as caught:
                ask()
            self.assertEqual(caught.exception.param, "model")
            self.assertIn("/v1/embeddings", str(caught.exception))
        claude = anthropic.Anthropic(base_url=self.server.url, api_key="none", max_retries=0)
        for ask in (lambda: claude.messages.create(model="bert", max_tokens=4, messages=question),
                    lambda: claude.messages.count_tokens(model="bert", messages=question)):
            with self.assertRaises(anthropic.BadRequestError) as caught:
                ask()
            self.assertEqual(caught.exception.body["error"]["type"], "invalid_request_error")
            self.assertIn("embedding model", str(caught.exception))

    def test_chat_and_vectors_side_by_side(self):
        expected, _ = self.plain(TEXTS[:1])
        for _ in range(3):
            text = self.openai.completions.create(model="chat", prompt=[1, 2, 3], max_tokens=4)
            self.assertEqual(text.usage.completion_tokens, 4)
            self.same(self.create(TEXTS[0]).data[0].embedding, expected[0])

    def test_the_list_says_what_each_can(self):
        models = {model.id: model for model in self.openai.models.list()}
        self.assertEqual(models["bert"].capabilities, ["embedding"])
        self.assertEqual(models["chat"].capabilities, ["completion"])
        self.assertEqual((models["bert"].meta["context_length"], models["bert"].meta["embedding_length"]), (300, 48))

    def test_device_and_figures(self):
        before = self.get("/metrics")
        status, _, headers = self.post("/v1/embeddings", {"model": "bert", "input": TEXTS[0]})
        self.assertEqual((status, headers["x-ovenbird-device"]), (200, "CPU"))
        count = lambda text: float(next(line for line in text.splitlines() if line.startswith("vllm:prompt_tokens_total")).split()[1])
        self.assertEqual(count(self.get("/metrics")) - count(before), self.plain(TEXTS[:1])[1])


class Ollama(Served):
    def test_vectors_are_those_of_the_command(self):
        expected, tokens = self.plain(TEXTS)
        answer = self.ollama.embed("bert", TEXTS, options={"num_ctx": 8}, keep_alive="5m")
        self.same(answer.embeddings, expected)
        self.assertEqual(answer.prompt_eval_count, tokens)
        self.assertGreater(answer.total_duration, 0)
        self.assertGreaterEqual(answer.load_duration, 0)
        self.same(self.ollama.embed("bert:latest", TEXTS[0]).embeddings, expected[:1])
        self.same(self.ollama.embeddings("bert", TEXTS[0]).embedding, expected[0])
        expected, _ = self.plain(TEXTS[:1], "--dimensions", "32", model="qwen")
        self.same(self.ollama.embed("qwen", TEXTS[0], dimensions=32).embeddings, expected)

    def test_a_long_text_is_cut_unless_it_may_not_be(self):
        self.same(self.ollama.embed("bert", [TOO_LONG]).embeddings, self.plain([TOO_LONG], "--truncate")[0])
        for ask in (lambda: self.ollama.embed("bert", TOO_LONG, truncate=False), lambda: self.ollama.embeddings("bert", TOO_LONG)):
            with self.assertRaises(ollama.ResponseError) as caught:
                ask()
            self.assertEqual(caught.exception.status_code, 400)
            self.assertIn("baked for 300", caught.exception.error)

    def test_without_input_the_model_is_opened_or_ended(self):
        self.assertEqual(self.ollama.embed("qwen", "").embeddings, [])
        open_ones = lambda: {model.model for model in self.ollama.ps().models}
        self.assertIn("qwen", open_ones())
        self.ollama.generate("qwen", keep_alive=0)
        self.assertNotIn("qwen", open_ones())
        self.assertGreater(self.ollama.embed("qwen", "w1").load_duration, 0)
        self.ollama.embed("qwen", "w1", keep_alive=0)
        self.assertTrue(serving.wait_until(lambda: "qwen" not in open_ones(), 10))
        self.ollama.embed("qwen", "w1", keep_alive="5m")

    def test_each_model_does_what_it_can(self):
        for ask, words in ((lambda: self.ollama.embed("chat", "w1"), "does not support embeddings"),
                           (lambda: self.ollama.embeddings("chat", "w1"), "does not support embeddings"),
                           (lambda: self.ollama.chat("bert", [{"role": "user", "content": "w1"}]), "does not support chat"),
                           (lambda: self.ollama.generate("bert", "w1"), "does not support chat")):
            with self.assertRaises(ollama.ResponseError) as caught:
                ask()
            self.assertEqual(caught.exception.status_code, 400)
            self.assertIn(words, caught.exception.error)

    def test_it_is_shown_as_what_it_is(self):
        shown = self.ollama.show("bert")
        self.assertEqual(shown.capabilities, ["embedding"])
        self.assertEqual((shown.modelinfo["bert.embedding_length"], shown.modelinfo["bert.context_length"]), (48, 300))
        tags = {tag["name"]: tag["capabilities"] for tag in json.loads(self.get("/api/tags"))["models"]}
        self.assertEqual((tags["bert"], tags["text-embedding-3-small"], tags["chat"][0]), (["embedding"], ["embedding"], "completion"))

    def test_hostile_requests(self):
        bodies = [b"", b"[]", b"{", b'{"model":"bert"}', b'{"model":1,"input":"a"}', b'{"model":"bert","input":{}}',
                  b'{"model":"bert","input":[[["a"]]]}', b'{"model":"bert","input":[1e300]}', b'{"model":"bert","input":[-1]}',
                  b'{"model":"bert","input":"\\ud800"}', b'{"model":"bert","input":"a","dimensions":-1}',
                  b'{"model":"bert","prompt":["a"]}', json.dumps({"model": "bert", "input": ["w1"] * 2049}).encode(), b"[" * 5000]
        for path in ("/v1/embeddings", "/api/embed", "/api/embeddings"):
            for body in bodies:
                status, answer, _ = self.post(path, body)
                self.assertLess(status, 500, (path, body[:60], answer))
                self.assertTrue(status == 200 or answer["error"], (path, body[:60]))
        self.assertEqual(len(self.ollama.embed("bert", "w1").embeddings), 1)


class Faults(Served):
    MANY = [" ".join(["w1", "w2", "w3"] * 90)] * 1500 + TEXTS

    def setUp(self):
        self.ollama.embed("bert", [TEXTS[0], TEXTS[2], self.MANY[0]])  # opened, with all its graphs

    def answering(self):
        return any(model["model"] == "bert" and model["state"] == "answering" for model in json.loads(self.get("/health"))["models"])

    def test_a_worker_killed_in_the_middle(self):
        expected, tokens = self.plain([self.MANY[0], *TEXTS])
        workers = {model["model"]: model["worker"] for model in json.loads(self.get("/health"))["models"]}
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.openai.embeddings.create(model="bert", input=self.MANY)))
        thread.start()
        self.assertTrue(serving.wait_until(self.answering, 30))
        os.kill(workers["bert"], signal.SIGKILL)
        thread.join(120)
        vectors = [each.embedding for each in answers[0].data]
        self.assertEqual(len(vectors), len(self.MANY))
        self.same(vectors[:1500], [expected[0]] * 1500)
        self.same(vectors[1500:], expected[1:])
        self.assertTrue(any("broke down" in line and "signal 9" in line for line in self.server.log), self.server.log)
        self.assertGreater(answers[0].usage.prompt_tokens, tokens)

    def test_a_client_that_goes_frees_its_place(self):
        body = json.dumps({"model": "bert", "input": self.MANY}).encode()
        cancelled = lambda: 'finished_reason="cancelled"} 1' in self.get("/metrics")
        with socket.create_connection(("127.0.0.1", self.server.port)) as client:
            client.sendall(b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            self.assertTrue(serving.wait_until(self.answering, 30))
        self.assertTrue(serving.wait_until(cancelled, 30), self.get("/metrics"))
        self.assertEqual(len(self.ollama.embed("bert", "w1").embeddings), 1)


class Process(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = baking.bake(EMBEDDERS / "bert_cls", pathlib.Path(cls.temporary.name) / "bert")

    def test_keys_the_queue_and_the_log(self):
        server = serving.Server(self.folder, "--api-key", "secret", "--read-only", "--log-format", "json", "--max-body", "1")
        try:
            client = openai.OpenAI(base_url=server.url + "/v1", api_key="wrong", max_retries=0)
            with self.assertRaises(openai.AuthenticationError):
                client.embeddings.create(model="bert", input="w1")
            client = client.with_options(api_key="secret")
            self.assertEqual(len(client.embeddings.create(model="bert", input="w1").data[0].embedding), 48)
            with self.assertRaises(openai.APIStatusError) as caught:
                client.embeddings.create(model="bert", input="w1 " * 500_000)
            self.assertEqual(caught.exception.status_code, 413)
        finally:
            server.stop()
        asked = [json.loads(line) for line in server.log if '"path"' in line]
        self.assertEqual([(line["path"], line["status"]) for line in asked], [("/v1/embeddings", status) for status in (401, 200, 413)])

    def test_a_folder_that_lies_is_no_crash(self):
        folder = pathlib.Path(shutil.copytree(self.folder, pathlib.Path(self.temporary.name) / "lies"))
        manifest = json.loads((folder / "ovenbird.json").read_text())
        manifest["embedding"]["dimension"] = 47
        (folder / "ovenbird.json").write_text(json.dumps(manifest))
        server = serving.Server(f"lies={folder}", "--lazy")
        try:
            client = openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0)
            with self.assertRaises(openai.APIStatusError) as caught:
                client.embeddings.create(model="lies", input="w1")
            self.assertIn("ovenbird.json", str(caught.exception))
        finally:
            server.stop()


if __name__ == "__main__":
    unittest.main()
