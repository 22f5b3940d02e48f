"""Answers of a given form, and calls of tools. The clients' own helpers request and parse them.

The model has random weights, so an answer has its form only if the server enforces the form. The
forms have a bounded length, because such a model ends its answer only where it must.
"""

import asyncio
import enum
import json
from typing import Annotated, List, Literal, Optional, Union

import anthropic
import ollama
import openai
import pytest
from conftest import Server
from pydantic import BaseModel, Field

ASK = [{"role": "user", "content": "Tell me"}]


class Unit(str, enum.Enum):
    celsius = "celsius"
    kelvin = "kelvin"


class Place(BaseModel):
    """A place."""

    name: Annotated[str, Field(max_length=5)]
    code: Annotated[str, Field(pattern="^[A-Z]{2}$")]


class Report(BaseModel):
    place: Place
    other: Optional[Place]
    unit: Unit
    sky: Literal["clear", "cloudy"]
    value: Union[Annotated[int, Field(ge=-50, le=50)], None]
    days: Annotated[List[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=3)]
    sure: bool


class Weather(BaseModel):
    """Looks at the sky."""

    city: Annotated[str, Field(max_length=4)]
    days: Annotated[int, Field(ge=1, le=9)]


class Ping(BaseModel):
    """Says nothing."""

    loud: bool


@pytest.fixture(scope="module")
def server():
    """A server with a larger context: each letter is a token, and the descriptions of tools are long."""
    s = Server("-a", "tiny", "-c", "2048", "-np", "2")
    yield s
    assert s.end() == 0, "".join(s.log)


@pytest.fixture(scope="module")
def client(server):
    return openai.OpenAI(base_url=server.v1, api_key="none", max_retries=0, timeout=120)


def tools(*models):
    return [openai.pydantic_function_tool(m) for m in models]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_parse(client, seed):
    a = client.chat.completions.parse(model="m", messages=ASK, response_format=Report, seed=seed, temperature=1)
    report = a.choices[0].message.parsed
    assert isinstance(report, Report) and a.choices[0].finish_reason == "stop" and a.choices[0].message.refusal is None
    # The text has the fields in the order of the class.
    assert list(json.loads(a.choices[0].message.content)) == list(Report.model_fields)
    again = client.chat.completions.parse(model="m", messages=ASK, response_format=Report, seed=seed, temperature=1)
    assert again.choices[0].message.content == a.choices[0].message.content


def test_stream_parsed(client):
    whole = client.chat.completions.parse(model="m", messages=ASK, response_format=Report, seed=5)
    kinds, text = [], ""
    with client.chat.completions.stream(model="m", messages=ASK, response_format=Report, seed=5) as s:
        for event in s:
            kinds.append(event.type)
            if event.type == "content.delta":
                text += event.delta
            if event.type == "content.done":
                assert event.parsed == whole.choices[0].message.parsed
        final = s.get_final_completion()
    assert final.choices[0].message.parsed == whole.choices[0].message.parsed
    assert text == whole.choices[0].message.content and kinds.count("content.done") == 1


def test_cut(client):
    """An answer that was cut is not an object, and the helper says so."""
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(model="m", messages=ASK, response_format=Report, seed=1, max_tokens=4)


def test_async(server):
    async def all():
        async with openai.AsyncOpenAI(base_url=server.v1, api_key="none", max_retries=0, timeout=120) as c:
            ask = lambda seed: c.chat.completions.parse(model="m", messages=ASK, response_format=Report, seed=seed)
            return await asyncio.gather(*map(ask, range(4)))

    for a in asyncio.run(all()):
        assert isinstance(a.choices[0].message.parsed, Report)


def test_refused(client):
    """A keyword that cannot be enforced is refused, with its place, and never ignored."""
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=x)y"}}}}}
    with pytest.raises(openai.BadRequestError) as e:
        client.chat.completions.create(model="m", messages=ASK, response_format=form)
    assert "#/properties/a/pattern" in e.value.message
    form["json_schema"]["strict"] = True
    form["json_schema"]["schema"]["properties"] = {"a": {"type": "string"}}
    with pytest.raises(openai.BadRequestError) as e:
        client.chat.completions.create(model="m", messages=ASK, response_format=form)
    assert "additionalProperties" in e.value.message


@pytest.mark.parametrize("seed", [1, 2])
def test_parsed_call(client, seed):
    a = client.chat.completions.parse(model="m", messages=ASK, tools=tools(Weather, Ping), tool_choice="required", seed=seed)
    [call] = a.choices[0].message.tool_calls
    assert a.choices[0].finish_reason == "tool_calls" and call.type == "function" and call.id
    assert isinstance(call.function.parsed_arguments, {"Weather": Weather, "Ping": Ping}[call.function.name])

    named = {"type": "function", "function": {"name": "Ping"}}
    a = client.chat.completions.parse(model="m", messages=ASK, tools=tools(Weather, Ping), tool_choice=named, seed=seed)
    assert isinstance(a.choices[0].message.tool_calls[0].function.parsed_arguments, Ping)

    # The test sends the result back, and the model then answers with text.
    history = ASK + [a.choices[0].message.to_dict(), {"role": "tool", "tool_call_id": a.choices[0].message.tool_calls[0].id, "content": "pong"}]
    b = client.chat.completions.create(model="m", messages=history, tools=tools(Weather, Ping), tool_choice="none", max_tokens=4)
    assert b.choices[0].message.content and not b.choices[0].message.tool_calls


def test_streamed_call(client):
    options = dict(model="m", messages=ASK, tools=tools(Weather, Ping), tool_choice={"type": "function", "function": {"name": "Weather"}}, seed=3)
    whole = client.chat.completions.parse(**options).choices[0].message.tool_calls[0].function
    kinds, arguments = [], ""
    with client.chat.completions.stream(**options) as s:
        for event in s:
            kinds.append(event.type)
            if event.type == "tool_calls.function.arguments.delta":
                arguments += event.arguments_delta
            if event.type == "tool_calls.function.arguments.done":
                assert event.name == "Weather" and event.parsed_arguments == whole.parsed_arguments
        call = s.get_final_completion().choices[0].message.tool_calls[0]
    assert call.function.parsed_arguments == whole.parsed_arguments and call.id.count("call") <= 1
    assert arguments == whole.arguments and kinds.count("tool_calls.function.arguments.done") == 1
    assert kinds.count("tool_calls.function.arguments.delta") > 1, "the arguments come in pieces"


def test_responses(client):
    a = client.responses.parse(model="m", input="Tell me", text_format=Place, extra_body={"seed": 3})
    assert isinstance(a.output_parsed, Place) and a.status == "completed"
    with client.responses.stream(model="m", input="Tell me", text_format=Place, extra_body={"seed": 3}) as s:
        kinds = [event.type for event in s]
        final = s.get_final_response()
    assert final.output_parsed == a.output_parsed and "response.output_text.delta" in kinds


def test_anthropic(server):
    c = anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0, timeout=120)
    tool = {"name": "weather", "description": "d", "input_schema": Weather.model_json_schema()}
    options = dict(model="m", max_tokens=400, messages=ASK, tools=[tool], tool_choice={"type": "any"}, extra_body={"seed": 3})
    a = c.messages.create(**options)
    [use] = [b for b in a.content if b.type == "tool_use"]
    assert a.stop_reason == "tool_use" and use.name == "weather" and Weather.model_validate(use.input)
    with c.messages.stream(**options) as s:
        pieces = [e.partial_json for e in s if e.type == "input_json"]
        final = s.get_final_message()
    assert final.content[-1].input == use.input and json.loads("".join(pieces)) == use.input


def test_ollama(server):
    c = ollama.Client(host=server.url, timeout=120)
    a = c.chat(model="tiny", messages=ASK, format=Place.model_json_schema(), options={"seed": 3})
    assert Place.model_validate_json(a.message.content)
    parts = list(c.chat(model="tiny", messages=ASK, format=Place.model_json_schema(), options={"seed": 3}, stream=True))
    assert "".join(p.message.content or "" for p in parts) == a.message.content
    assert json.loads(c.generate(model="tiny", prompt="Tell me", format=Place.model_json_schema(), options={"seed": 4}).response)
