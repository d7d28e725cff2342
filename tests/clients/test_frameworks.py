#!/usr/bin/env python3
"""LangChain's three chat models and LiteLLM's three providers against a server that tests/clients/run started."""
import asyncio
import json
import os
import re
import time
import unittest
import urllib.request

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it looks for prices on the web otherwise

import anthropic
import litellm
import ollama
import openai
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import tool
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field

URL = os.environ["OVENBIRD_URL"]
QUESTION = "What is the capital of France?"
MESSAGES = [{"role": "user", "content": QUESTION}]
LONG = "Write a long story about a heron."
LOOP = asyncio.new_event_loop()  # one for all: the clients keep connections
litellm.suppress_debug_info = True


class Place(BaseModel):
    """A place."""
    city: str = Field(max_length=20)


@tool(args_schema=Place)
def weather(city):
    """Weather of a city."""
    return f"Sunny in {city}"


def cancelled():
    text = urllib.request.urlopen(URL + "/metrics", timeout=60).read().decode()
    return sum(map(int, re.findall(r'finished_reason="cancelled"\} (\d+)', text)))


class Case(unittest.TestCase):
    def assert_cancels(self, leave):
        before = cancelled()
        leave()
        until = time.monotonic() + 10
        while cancelled() == before:
            self.assertLess(time.monotonic(), until, "the server did not notice that the client went")
            time.sleep(0.1)


class LangChain:
    """What is asked of each chat model; `chat` makes one."""

    def test_a_chat_in_whole_streamed_and_asynchronous(self):
        chat = self.chat()
        whole = chat.invoke(QUESTION)
        self.assertIn("Paris", whole.text)
        self.assertGreater(whole.usage_metadata["output_tokens"], 0)
        self.assertEqual("".join(part.text for part in chat.stream(QUESTION)), whole.text)

        async def streamed():
            return "".join([part.text async for part in chat.astream(QUESTION)])
        self.assertEqual(LOOP.run_until_complete(streamed()), whole.text)
        self.assertEqual([answer.text for answer in chat.batch([QUESTION, QUESTION])], [whole.text] * 2)

    def test_a_form(self):
        answer = self.chat(limit=80).with_structured_output(Place, method="json_schema").invoke(QUESTION)
        self.assertIsInstance(answer, Place)

    def test_a_stream_that_is_left_is_cancelled(self):
        def leave():
            stream = self.chat(limit=800).stream(LONG)
            next(stream)
            next(stream)
            stream.close()
        self.assert_cancels(leave)

    def test_errors(self):
        missing, bad = self.errors
        with self.assertRaisesRegex(missing, "other"):
            self.chat("other").invoke(QUESTION)
        with self.assertRaisesRegex(bad, "temperature"):
            self.chat(temperature=-1).invoke(QUESTION)
        with self.assertRaisesRegex(bad, "tools"):
            self.chat().bind_tools([weather]).invoke(QUESTION)


class LangChainCalls(LangChain):
    """And of those whose API can make the model call."""

    def test_tools_and_what_comes_behind(self):
        chat = self.chat("tools", 100)
        bound = chat.bind_tools([weather], **self.call_fields)
        called = bound.invoke(QUESTION)
        self.assertEqual(called.tool_calls[0]["name"], "weather")
        parts = list(bound.stream(QUESTION))
        whole = parts[0]
        for part in parts[1:]:
            whole += part
        self.assertEqual(whole.tool_calls[0]["args"], called.tool_calls[0]["args"])
        result = weather.invoke(called.tool_calls[0])
        self.assertIsInstance(result, ToolMessage)
        behind = chat.bind_tools([weather], tool_choice="none") if self.none_is_known else chat
        self.assertTrue(behind.invoke([("user", QUESTION), called, result]).text)

    def test_a_form_by_a_tool(self):
        answer = self.chat("tools", 100).with_structured_output(Place, method="function_calling").invoke(QUESTION)
        self.assertIsInstance(answer, Place)


class LangChainOpenAI(LangChainCalls, Case):
    errors = openai.NotFoundError, openai.BadRequestError
    call_fields = {"tool_choice": "required", "parallel_tool_calls": False}
    none_is_known = True
    responses = False

    def chat(self, model="smol", limit=24, temperature=0):
        return ChatOpenAI(base_url=URL + "/v1", api_key="none", model=model, max_tokens=limit, temperature=temperature, max_retries=0,
                          use_responses_api=self.responses)


class LangChainOpenAIResponses(LangChainOpenAI):
    responses = True


class LangChainAnthropic(LangChainCalls, Case):
    errors = anthropic.NotFoundError, anthropic.BadRequestError
    call_fields = {"tool_choice": "any", "parallel_tool_calls": False}
    none_is_known = False

    def chat(self, model="smol", limit=24, temperature=0):
        return ChatAnthropic(base_url=URL, api_key="none", model=model, max_tokens=limit, temperature=temperature, max_retries=0)


class LangChainOllama(LangChain, Case):
    errors = ollama.ResponseError, ollama.ResponseError

    def chat(self, model="smol", limit=24, temperature=0):
        return ChatOllama(base_url=URL, model=model, num_predict=limit, temperature=temperature)

    def test_tools(self):
        # Ollama's API cannot make a model call; this one does as it did before.
        messages = []
        for place in ("Rome", "Oslo", "Lima", "Bern"):
            call = {"name": "weather", "args": {"city": place}, "id": place}
            messages += [("user", f"Weather in {place}?"), AIMessage("", tool_calls=[call])]
        bound = self.chat("tools", 60).bind_tools([weather])
        called = bound.invoke([*messages, ("user", "Weather in Paris?")])
        self.assertEqual(called.tool_calls[0]["args"], {"city": "Paris"})


class LiteLLM:
    """What is asked through each provider."""

    def ask(self, model="smol", **fields):
        return litellm.completion(**{"model": f"{self.provider}/{model}", "api_base": self.base, "api_key": "none", "messages": MESSAGES,
                                     "max_tokens": 24, "temperature": 0, "num_retries": 0, **fields})

    def test_a_chat_in_whole_streamed_and_asynchronous(self):
        whole = self.ask().choices[0].message.content
        self.assertIn("Paris", whole)
        parts = [part.choices[0].delta.content or "" for part in self.ask(stream=True)]
        self.assertEqual("".join(parts), whole)
        self.assertGreater(len(parts), 4)
        again = LOOP.run_until_complete(litellm.acompletion(model=f"{self.provider}/smol", api_base=self.base, api_key="none", messages=MESSAGES,
                                                max_tokens=24, temperature=0))
        self.assertEqual(again.choices[0].message.content, whole)
        self.assertGreater(again.usage.completion_tokens, 0)

    def test_a_form(self):
        answer = self.ask(self.form_model, max_tokens=100, response_format=Place)
        Place.model_validate_json(answer.choices[0].message.content)

    def test_tools(self):
        function = {"type": "function", "function": {"name": "weather", "parameters": Place.model_json_schema()}}
        fields = {"max_tokens": 100, "tools": [function]}
        if self.can_make_it_call:
            fields |= {"tool_choice": "required", "parallel_tool_calls": False}
        whole = self.ask("tools", **fields).choices[0]
        pieces = list(self.ask("tools", stream=True, **fields))
        rebuilt = litellm.stream_chunk_builder(pieces).choices[0]
        if not self.can_make_it_call:
            self.assertEqual(rebuilt.message.content, whole.message.content)
            return
        self.assertEqual(whole.finish_reason, "tool_calls")
        Place.model_validate(json.loads(whole.message.tool_calls[0].function.arguments))
        self.assertEqual(rebuilt.message.tool_calls[0].function.arguments, whole.message.tool_calls[0].function.arguments)
        behind = [*MESSAGES, whole.message, {"role": "tool", "tool_call_id": whole.message.tool_calls[0].id, "content": "Sunny"}]
        self.assertTrue(self.ask("tools", messages=behind, tools=[function], tool_choice="none").choices[0].message.content)

    def test_a_stream_that_is_left_is_cancelled(self):
        async def leave():
            stream = await litellm.acompletion(model=f"{self.provider}/smol", api_base=self.base, api_key="none", stream=True,
                                               messages=[{"role": "user", "content": LONG}], max_tokens=800)
            await anext(stream)
            await stream.aclose()
        self.assert_cancels(lambda: LOOP.run_until_complete(leave()))

    def test_errors(self):
        with self.assertRaisesRegex(litellm.exceptions.NotFoundError, "other"):
            self.ask("other")
        with self.assertRaisesRegex(litellm.exceptions.BadRequestError, "temperature"):
            self.ask(temperature=-1)


class LiteLLMOpenAI(LiteLLM, Case):
    provider, base, form_model, can_make_it_call = "openai", URL + "/v1", "smol", True


class LiteLLMAnthropic(LiteLLM, Case):
    provider, base, form_model, can_make_it_call = "anthropic", URL, "tools", True


class LiteLLMOllama(LiteLLM, Case):
    provider, base, form_model, can_make_it_call = "ollama_chat", URL, "smol", False


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # of the frameworks, about themselves
