#!/usr/bin/env python3
"""ovenbird serve with the real SmolLM2: the official clients, workers that die, clients that go, hostile requests."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

import anthropic
import jsonschema
import ollama
import openai

import baking
import serving
from serving import EXACT

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
STORY = "The heron stood at the edge of the pond and did not move when the rain began. "


class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = serving.Server(f"smol={baking.work_folder() / 'int4'}", "--alias", "gpt", *EXACT)
        cls.openai = openai.OpenAI(base_url=cls.server.url + "/v1", api_key="none", max_retries=0)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def ask(self, messages=QUESTION, **fields):
        return self.openai.chat.completions.create(model="smol", messages=messages, **{"max_tokens": 24, **fields})

    def streamed(self, **fields):
        chunks = list(self.ask(stream=True, **fields))
        return chunks, "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

    def raw(self, path, body=None, method=None, **headers):
        request = urllib.request.Request(self.server.url + path, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers


class OpenAI(Served):
    def test_an_answer_in_whole_and_streamed_is_what_run_says(self):
        said = json.loads(baking.ovenbird("run", baking.work_folder() / "int4", QUESTION[0]["content"], "--json", "--device", "CPU",
                                          "--no-cache", "--max-new-tokens", 24, *EXACT).stdout)
        whole = self.ask()
        chunks, text = self.streamed(stream_options={"include_usage": True})
        self.assertEqual(whole.choices[0].message.content, said["text"])
        self.assertEqual(text, said["text"])
        self.assertEqual(whole.usage.prompt_tokens, said["prompt_tokens"])
        self.assertEqual(whole.usage.completion_tokens, said["new_tokens"])
        self.assertEqual(whole.choices[0].finish_reason, said["finish_reason"])
        self.assertEqual(len({(chunk.id, chunk.created) for chunk in chunks}), 1)
        self.assertEqual([chunk.choices[0].delta.role for chunk in chunks if chunk.choices].count("assistant"), 1)
        self.assertEqual(chunks[-1].choices, [])
        self.assertEqual(chunks[-1].usage.completion_tokens, said["new_tokens"])
        self.assertEqual(chunks[-2].choices[0].finish_reason, whole.choices[0].finish_reason)

    def test_finish_reasons_and_stop_strings(self):
        self.assertEqual(self.ask(max_tokens=3).choices[0].finish_reason, "length")
        stopped = self.ask(stop=["Paris"])
        self.assertEqual(stopped.choices[0].finish_reason, "stop")
        self.assertNotIn("Paris", stopped.choices[0].message.content)

    def test_a_seed_gives_the_same_text_and_several_answers_differ(self):
        fields = {"temperature": 1.2, "seed": 5, "n": 3}
        first, second = ([choice.message.content for choice in self.ask(**fields).choices] for _ in range(2))
        self.assertEqual(first, second)
        self.assertEqual(len(set(first)), 3)

    def test_log_probabilities(self):
        answer = self.ask(logprobs=True, top_logprobs=3, max_tokens=8)
        content = answer.choices[0].logprobs.content
        self.assertEqual("".join(token.token for token in content), answer.choices[0].message.content)
        for token in content:
            self.assertEqual(len(token.top_logprobs), 3)
            self.assertAlmostEqual(token.logprob, token.top_logprobs[0].logprob, 5)

    def test_a_schema_is_followed(self):
        schema = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}, "people": {"type": "integer", "maximum": 99}},
                  "required": ["city", "people"], "additionalProperties": False}
        answer = self.ask(max_tokens=60, response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}})
        jsonschema.validate(json.loads(answer.choices[0].message.content), schema)

    def test_what_cannot_be_honoured_is_refused_by_its_name(self):
        tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
        for fields, name in (({"tools": [tool]}, "tools"), ({"temperature": -1}, "temperature"), ({"top_logprobs": 3}, "top_logprobs"),
                             ({"response_format": {"type": "odd"}}, "response_format.type")):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.ask(**fields)
            self.assertEqual(caught.exception.param, name)
        with self.assertRaises(openai.BadRequestError) as caught:
            self.ask(messages=[{"role": "user", "content": STORY * 200}])
        self.assertEqual(caught.exception.code, "context_length_exceeded")
        with self.assertRaises(openai.NotFoundError):
            self.openai.chat.completions.create(model="other", messages=QUESTION)

    def test_completions_models_and_responses(self):
        answer = self.openai.completions.create(model="gpt", prompt="One, two, three,", max_tokens=4)
        self.assertEqual(answer.usage.completion_tokens, 4)
        self.assertEqual({model.id for model in self.openai.models.list()} & {"smol", "gpt"}, {"smol", "gpt"})
        self.assertEqual(self.openai.models.retrieve("smol").id, "smol")
        whole = self.openai.responses.create(model="smol", input=QUESTION[0]["content"], max_output_tokens=16)
        self.assertEqual(whole.output_text, self.ask(max_tokens=16).choices[0].message.content)
        kinds = [event.type for event in self.openai.responses.create(model="smol", input="Hello", max_output_tokens=16, stream=True)]
        self.assertEqual(kinds[0], "response.created")
        self.assertIn(kinds[-1], ("response.completed", "response.incomplete"))

    def test_input_is_counted_as_it_is_answered(self):
        counted = self.openai.responses.input_tokens.count(model="smol", input="What is rain?", instructions="Be brief.")
        answered = self.openai.responses.create(model="smol", input="What is rain?", instructions="Be brief.", max_output_tokens=1)
        self.assertEqual((counted.object, counted.input_tokens), ("response.input_tokens", answered.usage.input_tokens))

    @unittest.skipIf(baking.is_windows(), "OpenVINO's C interface cannot copy the dynamic graph's states")
    def test_two_conversations_in_turn_cost_their_new_tokens_only(self):
        talks = [[{"role": "user", "content": STORY * 30 + word}] for word in ("Why?", "Who?")]
        for _ in range(3):
            for talk in talks:
                answer = self.ask(messages=talk, max_tokens=8)
                talk += [{"role": "assistant", "content": answer.choices[0].message.content}, {"role": "user", "content": "And then?"}]
                last = answer.usage
        self.assertGreater(last.prompt_tokens, 560)
        self.assertLess(last.prompt_tokens - last.prompt_tokens_details.cached_tokens, 24)


class OtherClients(Served):
    def test_anthropic(self):
        client = anthropic.Anthropic(base_url=self.server.url, api_key="none", max_retries=0)
        fields = {"model": "smol", "max_tokens": 24, "messages": QUESTION}
        whole = client.messages.create(**fields)
        self.assertEqual(whole.content[0].text, self.ask().choices[0].message.content)
        with client.messages.stream(**fields) as stream:
            self.assertEqual(stream.get_final_message().content[0].text, whole.content[0].text)
        counted = client.messages.count_tokens(model="smol", messages=QUESTION).input_tokens
        self.assertEqual(counted, whole.usage.input_tokens + (whole.usage.cache_read_input_tokens or 0))
        with self.assertRaises(anthropic.NotFoundError):
            client.messages.create(**{**fields, "model": "other"})

    def test_ollama(self):
        client = ollama.Client(host=self.server.url)
        options = {"num_predict": 24}
        expected = self.ask().choices[0].message.content
        self.assertEqual(client.chat("smol", QUESTION, options=options).message.content, expected)
        parts = list(client.chat("smol:latest", QUESTION, options=options, stream=True))
        self.assertEqual("".join(part.message.content for part in parts), expected)
        self.assertTrue(parts[-1].done)
        self.assertEqual(client.generate("smol", QUESTION[0]["content"], options=options).response, expected)
        self.assertIn("smol", [model.model for model in client.list().models])
        self.assertEqual(client.show("smol").modelinfo["llama.context_length"], 1024)
        self.assertEqual([model.model for model in client.ps().models], ["smol"])
        with self.assertRaises(ollama.ResponseError):
            client.chat("other", QUESTION)


class Faults(Served):
    def test_a_killed_worker_is_replaced_and_the_text_goes_on(self):
        fields = {"max_tokens": 120, "temperature": 0.9, "seed": 3, "extra_body": {"ignore_eos": True}}
        _, expected = self.streamed(**fields)
        for behind in (1, 40, 100):
            text = ""
            for count, chunk in enumerate(self.ask(stream=True, **fields)):
                text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
                if count == behind:
                    os.kill(self.server.workers()[0], signal.SIGKILL)
            self.assertEqual(text, expected)
        self.assertTrue(any("broke down" in line for line in self.server.log))

    def test_a_client_that_goes_frees_its_place(self):
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", self.server.port)) as client:
                body = json.dumps({"model": "smol", "messages": QUESTION, "stream": True, "ignore_eos": True}).encode()
                client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                client.settimeout(60)
                heard = b""
                while b"data:" not in heard:  # the head may come by itself
                    part = client.recv(65536)
                    self.assertTrue(part, heard)
                    heard += part
            self.ask(max_tokens=2)
        self.assertTrue(serving.wait_until(lambda: b'finished_reason="cancelled"} 5' in self.raw("/metrics")[1], 30))

    def test_many_at_once_are_all_answered(self):
        answers = [None] * 12

        def one(place):
            answers[place] = self.ask(max_tokens=8).choices[0].message.content
        threads = [threading.Thread(target=one, args=(place,)) for place in range(len(answers))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(set(answers)), 1)
        self.assertIsNotNone(answers[0])

    def test_hostile_requests(self):
        paths = ("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages", "/api/chat", "/api/generate", "/api/show",
                 "/v1/tokenize", "/v1/detokenize", "/api/delete", "/api/pull")
        bodies = (b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"model":1}', b'{"model":"smol"}', b'{"model":"smol","messages":{}}',
                  b'{"model":"smol","messages":[[]]}', b'{"model":"smol","prompt":[1e300]}', b"[" * 5000,
                  b'{"model":"smol","messages":[{"role":"user","content":[{"type":"image_url"}]}]}', b'{"model":"smol","input":[{"type":"x"}]}',
                  b'{"model":"smol","tokens":[-1]}', b'{"model":"smol","prompt":"a","max_tokens":-5}', b'{"model":"\\ud800"}')
        for path in paths:
            for body in bodies:
                method = "DELETE" if path == "/api/delete" else "POST"
                status, answer, _ = self.raw(path, body, method)
                self.assertTrue(status < 500 or status == 501, (path, body, status, answer))
        for path in ("/..%2f..%2fetc/passwd", "/v1/models/%00", "/v1/models/" + "a" * 5000, "/nothing"):
            self.assertIn(self.raw(path)[0], (400, 404, 414))
        self.assertEqual(self.raw("/v1/models", b"x")[0], 405)
        self.assertTrue(self.ask(max_tokens=2).choices)

    def test_other_names_and_pages_are_turned_away(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port)
        connection.putrequest("GET", "/v1/models", skip_host=True)
        connection.putheader("Host", "evil.example")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 403)
        self.assertEqual(self.raw("/v1/models", Origin="https://evil.example")[0], 403)
        status, _, headers = self.raw("/", Accept="text/html")
        self.assertEqual(status, 200)
        self.assertIn("script-src 'sha256-", headers["content-security-policy"])


class Process(unittest.TestCase):
    def folder(self):
        return f"smol={baking.work_folder() / 'int4'}"

    def test_no_worker_outlives_a_killed_server(self):
        server = serving.Server(self.folder())
        self.assertTrue(serving.wait_until(server.workers, 60))
        worker = server.workers()[0]
        server.process.kill()
        self.assertTrue(serving.wait_until(lambda: not serving.is_alive(worker), 10))
        server.process.wait()

    def test_a_stopped_server_ends_cleanly(self):
        server = serving.Server(self.folder())
        self.assertTrue(serving.wait_until(server.workers, 60))
        worker = server.workers()[0]
        self.assertEqual(server.stop(), 0)
        self.assertFalse(serving.is_alive(worker))

    def test_status_and_stop_find_it(self):
        with tempfile.TemporaryDirectory() as runtime:
            environment = {**os.environ, "XDG_RUNTIME_DIR": runtime}
            tell = lambda *words: subprocess.run([baking.program(), "serve", *map(str, words)], env=environment, capture_output=True,
                                                 text=True, timeout=120, check=False)
            self.assertEqual(tell("--status").returncode, 1)
            server = serving.Server(self.folder(), environment={"XDG_RUNTIME_DIR": runtime})
            try:
                self.assertTrue(serving.wait_until(lambda: "smol: ready on CPU" in tell("--status").stdout, 60))
                self.assertIn(f"127.0.0.1:{server.port}, process {server.process.pid}", tell("--status").stdout)
                self.assertEqual(tell("--stop", "--port", 1).returncode, 1)
                stopped = tell("--stop", "--port", server.port)
                self.assertEqual(stopped.returncode, 0, stopped.stderr)
                self.assertEqual(server.process.wait(10), 0)
            finally:
                server.stop()
            killed = serving.Server(self.folder(), "--lazy", environment={"XDG_RUNTIME_DIR": runtime})
            killed.process.kill()
            killed.process.wait()
            self.assertEqual((tell("--status").returncode, tell("--stop").returncode), (1, 1))
            self.assertFalse(list(pathlib.Path(runtime).rglob("*.json")))

    def test_a_service_manager_opens_the_socket_and_is_told(self):
        with tempfile.TemporaryDirectory() as scratch, socket.socket() as listening, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            manager.bind(f"{scratch}/notify")
            manager.settimeout(60)
            os.set_inheritable(listening.fileno(), True)
            script = f'exec 3<&{listening.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
            process = subprocess.Popen(["bash", "-c", script, "bash", baking.program(), "serve", self.folder(), "--device", "CPU",
                                        "--no-cache", "--lazy"], pass_fds=[listening.fileno()], stderr=subprocess.PIPE, text=True,
                                       env={**os.environ, "NOTIFY_SOCKET": f"{scratch}/notify"})
            with process:
                try:
                    self.assertEqual(manager.recv(100), b"READY=1")
                    port = listening.getsockname()[1]
                    self.assertEqual(urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=60).status, 200)
                finally:
                    process.terminate()
                self.assertEqual(manager.recv(100), b"STOPPING=1")
                process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0)

    def test_the_log_as_json(self):
        server = serving.Server(self.folder(), "--lazy", "--log-format", "json")
        try:
            with self.assertRaises(urllib.error.HTTPError):
                urllib.request.urlopen(server.url + "/v1/models/none")
            self.assertTrue(serving.wait_until(lambda: len(server.log) > 1, 10))
        finally:
            server.stop()
        lines = [json.loads(line) for line in server.log]
        self.assertTrue(all({"time", "level"} <= line.keys() for line in lines))
        asked = next(line for line in lines if "path" in line)
        self.assertEqual((asked["method"], asked["path"], asked["status"]), ("GET", "/v1/models/none", 404))

    def test_a_key_is_asked_for(self):
        server = serving.Server(self.folder(), "--lazy", environment={"OVENBIRD_API_KEY": "secret"})
        try:
            client = openai.OpenAI(base_url=server.url + "/v1", api_key="wrong", max_retries=0)
            with self.assertRaises(openai.AuthenticationError):
                client.models.list()
            self.assertTrue(list(client.with_options(api_key="secret").models.list()))
            self.assertEqual(urllib.request.urlopen(server.url + "/health").status, 200)
            self.assertNotIn("secret", "\n".join(server.log))
        finally:
            server.stop()

    def test_beyond_this_machine_a_key_is_needed(self):
        done = baking.ovenbird("serve", self.folder(), "--host", "0.0.0.0", "--port", 0, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--allow-anonymous", done.stderr)


if __name__ == "__main__":
    unittest.main()
