"""Answers of a given form, calls of tools, probabilities and thoughts, with OpenAI's client for Python."""

import json
from typing import Literal

import httpx
import openai
import pytest
from pydantic import BaseModel, Field
from test_openai import HELLO, ask, client_of


class Place(BaseModel):
    """The client's parse turns this class into a schema with titles, a reference, and a tuple: prefixItems with minItems = maxItems."""

    class Kind(BaseModel):
        name: Literal["city"] = Field(title="Name", description="of the kind", pattern="it")

    name: Literal["Rome"]
    at: tuple[Literal[41], Literal[12]]
    kind: Kind


ROME = Place(name="Rome", at=(41, 12), kind=Place.Kind(name="city"))


def test_parse(server):
    a = client_of(server).chat.completions.parse(model="m", messages=HELLO, seed=1, response_format=Place)
    assert a.choices[0].message.parsed == ROME and a.choices[0].finish_reason == "stop"
    assert a.choices[0].message.content.lstrip()[0] == "{", "there is no Markdown fence around the object"


def test_tools(start):
    """In a stream, only the first piece of a call has its name and id, because the helper joins repeated texts. Every piece has its index."""
    create = client_of(start("-c", "4096")).chat.completions
    how = {"model": "m", "messages": HELLO, "tools": [openai.pydantic_function_tool(Place, name="go")], "seed": 1}
    with create.stream(**how, tool_choice={"type": "function", "function": {"name": "go"}}) as s:
        assert "tool_calls.function.arguments.done" in {event.type for event in s}
        streamed = s.get_final_completion().choices[0]
    whole = create.parse(**how, tool_choice="required").choices[0]
    for choice in (streamed, whole):
        (call,) = choice.message.tool_calls
        assert call.function.name == "go" and call.function.parsed_arguments == ROME and choice.finish_reason == "tool_calls"
        assert len(call.id) < 64
    assert streamed.message.tool_calls[0].function.arguments == whole.message.tool_calls[0].function.arguments
    with pytest.raises(openai.BadRequestError):
        create.create(**how, tool_choice={"type": "function", "function": {"name": "stay"}})


def test_no_template(server, start):
    """A model without a template gets ChatML, and the log and /props say so. With --strict-template, it refuses conversations."""
    assert "ChatML" in httpx.get(server.url + "/props").json()["warnings"][0] and "ChatML" in "".join(server.log)
    s = start("--strict-template")
    assert "refused" in httpx.get(s.url + "/props").json()["warnings"][0]
    with pytest.raises(openai.BadRequestError) as e:
        ask(client_of(s))
    assert "template" in e.value.message


def test_logprobs(server):
    client = client_of(server)
    a = ask(client, logprobs=True)
    entries = a.choices[0].logprobs.content
    assert len(entries) == 8 and all(e.top_logprobs == [] and e.logprob <= 0 for e in entries)
    assert b"".join(bytes(e.bytes) for e in entries).decode(errors="replace").strip()
    assert all(len(e.top_logprobs) == 3 for e in ask(client, logprobs=True, top_logprobs=3).choices[0].logprobs.content)
    assert all(e.top_logprobs == [] for e in ask(client, logprobs=True, top_logprobs=0).choices[0].logprobs.content)
    with pytest.raises(openai.BadRequestError):
        ask(client, top_logprobs=3)
    c = client.completions.create(model="m", prompt="abc", max_tokens=5, logprobs=2, seed=5, extra_body={"ignore_eos": True})
    old = c.choices[0].logprobs
    assert len(old.tokens) == len(old.token_logprobs) == len(old.text_offset) == len(old.top_logprobs) == 5
    for token, top in zip(old.tokens, old.top_logprobs):  # the list has the two likeliest tokens and the chosen one
        assert token in top and 2 <= len(top) <= 3


def test_thinking(start, tmp_path):
    """A model's thinking has a field of its own, even if the thinking does not end."""
    template = tmp_path / "t.jinja"
    template.write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: <think>{% endif %}")
    client = client_of(start("--chat-template-file", str(template)))
    a = ask(client)
    assert a.choices[0].message.reasoning_content and not a.choices[0].message.content and a.choices[0].finish_reason == "length"
    thought = "".join(getattr(c.choices[0].delta, "reasoning_content", None) or "" for c in ask(client, stream=True))
    assert thought == a.choices[0].message.reasoning_content
    assert json.loads(a.model_dump_json())["choices"][0]["message"]["reasoning_content"] == thought
