"""Anthropic's, Ollama's and langchain's clients, and the program llm, against the server."""

import json

import anthropic
import httpx
import ollama
import pytest
from click.testing import CliRunner
from conftest import letter
from langchain_openai import ChatOpenAI
from llm.cli import cli

HELLO = [{"role": "user", "content": "Tell me"}]


# ---- Anthropic


@pytest.fixture(scope="module")
def claude(server):
    return anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0, timeout=60)


def message(claude, **options):
    return claude.messages.create(**{"model": "m", "max_tokens": 12, "messages": HELLO, "extra_body": {"temperature": 0}, **options})


def test_message(claude):
    m = message(claude, system="s")
    assert m.type == "message" and m.role == "assistant" and m.id.startswith("msg_") and m.content[0].type == "text"
    again = message(claude, system=[{"type": "text", "text": "s"}])
    assert again.content[0].text == m.content[0].text
    assert again.usage.input_tokens + again.usage.cache_read_input_tokens == m.usage.input_tokens + (m.usage.cache_read_input_tokens or 0)
    assert again.usage.cache_read_input_tokens > 0, "cached tokens are counted separately from input_tokens"
    count = claude.messages.count_tokens(model="m", messages=HELLO, system="s").input_tokens
    assert count == again.usage.input_tokens + again.usage.cache_read_input_tokens


def test_message_stream(claude):
    said = message(claude).content[0].text
    with claude.messages.stream(model="m", max_tokens=12, messages=HELLO, extra_body={"temperature": 0}) as s:
        assert "".join(s.text_stream) == said
        final = s.get_final_message()
    assert final.content[0].text == said and final.stop_reason in ("end_turn", "max_tokens") and final.usage.output_tokens > 0


def test_message_stop(claude):
    said = message(claude).content[0].text
    cut = message(claude, stop_sequences=["never said at all", letter(said)])
    assert cut.stop_reason == "stop_sequence" and cut.stop_sequence == letter(said)
    assert message(claude, max_tokens=1, extra_body={"temperature": 0, "ignore_eos": True}).stop_reason == "max_tokens"


def test_message_errors(claude, start):
    for bad in ({"max_tokens": 0}, {"messages": []}, {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}]}]},
                {"extra_body": {"temperature": "hot"}}):
        with pytest.raises(anthropic.BadRequestError) as e:
            message(claude, **bad)
        assert e.value.body["type"] == "error" and e.value.body["error"]["type"] == "invalid_request_error" and e.value.body["error"]["message"], bad
    s = start(env={"ALPACA_API_KEY": "secret"})
    with pytest.raises(anthropic.AuthenticationError):
        message(anthropic.Anthropic(base_url=s.url, api_key="wrong", max_retries=0))
    assert message(anthropic.Anthropic(base_url=s.url, api_key="secret", max_retries=0)).content


def test_message_cut(start):
    s = start("--drain-timeout", "500ms", "--context-shift")
    claude = anthropic.Anthropic(base_url=s.url, api_key="none", max_retries=0)
    with pytest.raises(anthropic.APIError):
        with claude.messages.stream(model="m", max_tokens=10**6, messages=HELLO, extra_body={"ignore_eos": True}) as stream:
            for i, _ in enumerate(stream):
                if i == 3:
                    s.process.terminate()


# ---- Ollama


@pytest.fixture(scope="module")
def ollama_client(server):
    return ollama.Client(host=server.url, timeout=60)


GREEDY = {"temperature": 0, "num_predict": 8}


def test_ollama_about(ollama_client):
    assert ollama_client.list().models[0].model == "tiny"
    shown = ollama_client.show("tiny")
    assert shown.details.format == "gguf" and shown.template
    assert ollama_client.show("nobody").details == shown.details, "there is one model, which answers to any name"


def test_ollama_chat(ollama_client):
    a = ollama_client.chat("tiny", HELLO, options=GREEDY)
    assert a.message.role == "assistant" and a.done and a.done_reason in ("stop", "length") and a.eval_count and a.total_duration > a.eval_duration > 0
    parts = list(ollama_client.chat("tiny", HELLO, options=GREEDY, stream=True))
    assert "".join(p.message.content for p in parts) == a.message.content
    assert [p.done for p in parts] == [False] * (len(parts) - 1) + [True]
    stop = letter(a.message.content)
    assert ollama_client.chat("tiny", HELLO, options={**GREEDY, "stop": [stop]}).message.content == a.message.content.split(stop)[0]


def test_ollama_generate(ollama_client):
    raw = ollama_client.generate("tiny", "Once", raw=True, options=GREEDY)
    parts = list(ollama_client.generate("tiny", "Once", raw=True, options=GREEDY, stream=True))
    assert "".join(p.response for p in parts) == raw.response
    assert ollama_client.generate("tiny", "Once", system="s", options=GREEDY).done
    with pytest.raises(ollama.ResponseError) as e:
        ollama_client.generate("tiny", "Once", options={"temperature": "hot"})
    assert e.value.status_code == 400


# ---- langchain


def test_langchain(server, start):
    chat = ChatOpenAI(base_url=server.v1, api_key="none", model="tiny", max_tokens=8, seed=7, max_retries=0, extra_body={"ignore_eos": True})
    a = chat.invoke("Tell me")
    assert a.content and a.usage_metadata["output_tokens"] == 8 and a.response_metadata["finish_reason"] == "length"
    assert a.response_metadata["model_name"] == "tiny"
    total = None
    for part in ChatOpenAI(base_url=server.v1, api_key="none", model="tiny", max_tokens=8, seed=7, stream_usage=True, extra_body={"ignore_eos": True}).stream("Tell me"):
        total = part if total is None else total + part
    assert total.content == a.content and total.usage_metadata == a.usage_metadata | {"input_token_details": total.usage_metadata["input_token_details"]}
    assert [b.content for b in chat.batch(["Tell me", "Tell me"])] == [a.content] * 2
    assert len(chat.bind(logprobs=True).invoke("Tell me").response_metadata["logprobs"]["content"]) == 8
    small = start("-c", "64")
    with pytest.raises(Exception) as e:
        ChatOpenAI(base_url=small.v1, api_key="none", model="tiny", max_retries=0).invoke("word " * 100)
    assert "ContextOverflow" in type(e.value).__name__, "the client recognizes the reason of the error"


# ---- llm


def test_llm(server, tmp_path, monkeypatch):
    """The program llm runs in the test's own process, because each start takes seconds."""
    (tmp_path / "extra-openai-models.yaml").write_text(
        f"- model_id: here\n  model_name: tiny\n  api_base: {server.v1}\n- model_id: old\n  model_name: tiny\n  api_base: {server.v1}\n  completion: true\n"
    )
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def llm(*args):
        done = CliRunner().invoke(cli, args)
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    options = ("-o", "seed", "7", "-o", "max_tokens", "8")
    said = llm("-m", "here", *options, "Tell me")
    assert said.strip()
    assert llm("-m", "here", "--no-stream", *options, "Tell me") == said
    assert llm("-m", "old", *options, "Once upon").strip()
    llm("-c", "-m", "here", *options, "More")  # -c continues the conversation
    log = json.loads(llm("logs", "list", "--json", "-n", "0"))
    assert [entry["output_tokens"] for entry in log] == [8, 8, None, 8], "llm asks for the usage, except with old completions"
    assert log[3]["input_tokens"] > log[0]["input_tokens"] > 0


def test_anthropic_bytes(server):
    """Anthropic's client skips events without a name."""
    body = {"model": "m", "max_tokens": 3, "messages": HELLO, "stream": True}
    for event in httpx.post(server.v1 + "/messages", json=body).text.removesuffix("\n\n").split("\n\n"):
        name, data = event.split("\n")
        assert name.startswith("event: ") and data.startswith("data: ")
