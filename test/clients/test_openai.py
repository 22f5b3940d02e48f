"""OpenAI's client for Python against the server."""

import asyncio
import threading
import time

import httpx
import openai
import pytest
from conftest import letter

HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Tell me"}]


def client_of(server, **options):
    options = {"base_url": server.v1, "api_key": "none", "max_retries": 0, "timeout": 60, **options}
    return openai.OpenAI(**options)


@pytest.fixture(scope="module")
def client(server):
    return client_of(server)


def ask(client, messages=HELLO, **options):
    """Asks with options that give an answer of the same length each time."""
    options = {"model": "gpt-4o", "max_tokens": 8, "seed": 7, "extra_body": {"ignore_eos": True}, **options}
    return client.chat.completions.create(messages=messages, **options)


def test_models(client):
    assert [m.id for m in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").object == "model"
    with pytest.raises(openai.NotFoundError) as e:
        client.models.retrieve("gpt-4o")
    assert e.value.code == "model_not_found" and e.value.type == "not_found_error"


def test_answer(client):
    a = ask(client)
    assert "cmpl" in a.id and a.object == "chat.completion" and a.system_fingerprint.startswith("b")
    assert a.model == "tiny", "the answer has the model's own name, whatever name the request has"
    c = a.choices[0]
    assert c.message.role == "assistant" and c.message.content and c.finish_reason == "length" and c.logprobs is None
    assert a.usage.completion_tokens == 8 and a.usage.total_tokens == a.usage.prompt_tokens + 8
    assert a.usage.prompt_tokens_details.cached_tokens >= 0
    assert a.timings["predicted_n"] == 8
    assert ask(client).choices[0].message.content == c.message.content, "the same seed gives the same answer"
    assert ask(client, max_tokens=None, max_completion_tokens=3).usage.completion_tokens == 3


def test_base_without_v1(server):
    assert ask(client_of(server, base_url=server.url)).choices[0].message.content


def test_stream(client):
    whole = ask(client)
    chunks = list(ask(client, stream=True))
    assert chunks[0].choices[0].delta.role == "assistant" and chunks[0].choices[0].delta.content is None
    assert all(c.choices[0].delta.role is None for c in chunks[1:])
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices[0].finish_reason] == ["length"]
    assert chunks[-1].choices[0].delta.content is None
    assert len({(c.id, c.created) for c in chunks}) == 1
    assert all(c.usage is None for c in chunks), "a stream has the usage only if the request asks for it"


def test_stream_helper(client):
    with client.chat.completions.stream(model="m", messages=HELLO, max_tokens=8, seed=7, extra_body={"ignore_eos": True}) as s:
        kinds = {event.type for event in s}
        with pytest.raises(openai.LengthFinishReasonError) as e:  # the helper raises this for an answer that was cut
            s.get_final_completion()
    final = e.value.completion
    assert {"chunk", "content.delta"} <= kinds
    assert final.choices[0].message.role == "assistant"
    assert final.choices[0].message.content == ask(client).choices[0].message.content


def test_stream_bytes(server):
    """A stream has none of the lines at which clients fail, such as lines with an id or a retry time."""
    body = {"messages": HELLO, "max_tokens": 4, "stream": True, "stream_options": {"include_usage": True}}
    text = httpx.post(server.v1 + "/chat/completions", json=body).text
    assert text.endswith("data: [DONE]\n\n")
    for event in text.removesuffix("\n\n").split("\n\n"):
        assert event == ":" or event.startswith("data: ") and "\n" not in event
        assert '"error":null' not in event


def test_usage(client):
    chunks = list(ask(client, n=2, stream=True, stream_options={"include_usage": True}))
    assert [c.usage is not None for c in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].choices == [] and all(c.choices for c in chunks[:-1])
    assert chunks[-1].usage.completion_tokens == 16, "the usage counts the tokens of both answers"
    assert {c.choices[0].index for c in chunks[:-1]} == {0, 1}
    whole = ask(client, n=2)
    assert whole.usage.completion_tokens == 16 and whole.usage.prompt_tokens == ask(client).usage.prompt_tokens
    assert whole.choices[0].message.content != whole.choices[1].message.content


def test_stop(client):
    said = ask(client, max_tokens=20).choices[0].message.content
    stop = letter(said)
    cut = ask(client, max_tokens=20, stop=[stop])
    assert cut.choices[0].message.content == said[: said.index(stop)] and cut.choices[0].finish_reason == "stop"
    for nothing in ("", [""], []):
        assert ask(client, max_tokens=20, stop=nothing).choices[0].message.content == said
    for bad in (5, [5], ["a"] * 17):
        with pytest.raises(openai.BadRequestError) as e:
            ask(client, stop=bad)
        assert e.value.param.startswith("stop")


@pytest.mark.parametrize("field", [
    {"max_tokens": 2.7}, {"max_tokens": "9"}, {"max_tokens": -2}, {"temperature": "warm"}, {"n": 0}, {"n": 99}, {"logit_bias": {"99999999": 1}},
    {"messages": []}, {"messages": [{"role": "user", "content": 5}]}, {"messages": [{"role": "wizard", "content": "a"}]}, {"modalities": ["audio"]},
    {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]}]},
    {"messages": [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]}, {"extra_body": {"reasoning_format": "odd"}},
    {"response_format": {"type": "sound"}}, {"logprobs": "yes"}, {"stream_options": 5}, {"seed": 1.5},
])
def test_bad_fields(client, field):
    with pytest.raises(openai.BadRequestError) as e:
        ask(client, **field)
    assert e.value.type == "invalid_request_error" and e.value.message and e.value.body["message"]
    assert e.value.param is None or isinstance(e.value.param, str)
    assert e.value.code is None or isinstance(e.value.code, str)


def test_bad_json(server):
    for body in (b"", b"{", b"[]", b'"x"', b"\xff"):
        r = httpx.post(server.v1 + "/chat/completions", content=body, headers={"Content-Type": "application/json"})
        assert r.status_code == 400 and r.json()["error"]["type"] == "invalid_request_error", body


def test_accepted(client):
    """Clients may send these fields and forms. None of them changes the answer."""
    said = ask(client).choices[0].message.content
    assert said == ask(client, user="u", metadata={"a": "b"}, store=False, service_tier="auto", parallel_tool_calls=False, response_format={"type": "text"},
                       extra_body={"ignore_eos": True, "prompt_cache_key": "k", "safety_identifier": "s", "verbosity": "low", "unknown_field": 1}).choices[0].message.content
    developer = [{**HELLO[0], "role": "developer"}, HELLO[1]]
    assert ask(client, messages=developer).choices[0].message.content == said
    parts = [HELLO[0], {"role": "user", "content": [{"type": "text", "text": "Tell me"}]}]
    assert ask(client, messages=parts).choices[0].message.content == said


def test_parts(server):
    """Parts of a message are joined by one newline, in every role."""
    for role in ("user", "assistant"):
        messages = [{"role": "user", "content": "x"}, {"role": role, "content": [{"type": "text", "text": "Wh"}, {"type": "text", "text": "ill"}]}]
        r = httpx.post(server.url + "/apply-template", json={"messages": messages[1:] if role == "user" else messages})
        assert "Wh\nill" in r.json()["prompt"], r.text


def test_prefill(client):
    begun = HELLO + [{"role": "assistant", "content": "It is"}]
    said = ask(client, messages=begun).choices[0].message.content
    assert not said.startswith("It is")
    assert ask(client, messages=HELLO + [{"role": "assistant", "content": ""}]).choices[0].message.content == ask(client).choices[0].message.content


def test_too_long(client, start):
    s = start("-c", "64")
    with pytest.raises(openai.BadRequestError) as e:
        ask(client_of(s), messages=[{"role": "user", "content": "word " * 100}])
    assert e.value.code == "context_length_exceeded" and e.value.type == "exceed_context_size_error"
    assert "exceeds the available context size" in e.value.message
    assert e.value.body["n_ctx"] == 64 and e.value.body["n_prompt_tokens"] > 64
    assert ask(client_of(s), messages=[{"role": "user", "content": "a"}], max_tokens=None).choices[0].finish_reason == "length"


def test_keys(start):
    s = start(env={"ALPACA_API_KEY": "secret"})
    with pytest.raises(openai.AuthenticationError) as e:
        ask(client_of(s, api_key="wrong"))
    assert e.value.code == "invalid_api_key" and e.value.type == "authentication_error"
    assert ask(client_of(s, api_key="secret")).choices
    assert httpx.get(s.url + "/health").status_code == 200
    assert httpx.get(s.url + "/props").headers["WWW-Authenticate"] == "Bearer"
    assert httpx.get(s.url + "/props", headers={"X-Api-Key": "secret"}).status_code == 200


def counted(server, **options):
    """Returns a client and the list of its requests."""
    sent = []
    http = openai.DefaultHttpxClient(event_hooks={"request": [lambda r: sent.append(r.url.path)]})
    return client_of(server, http_client=http, **options), sent


def test_no_useless_retries(start):
    """A client usually repeats a request after a status of 500 or above. It does not repeat a request that would always be refused."""
    s = start("--no-slots")
    client, sent = counted(s, base_url=s.url, max_retries=2)
    for path, kind in (("/slots", "not_supported_error"), ("/metrics", "not_supported_error")):
        sent.clear()
        with pytest.raises(openai.InternalServerError) as e:
            client.get(path, cast_to=object)
        assert e.value.status_code == 501 and e.value.type == kind
        assert len(sent) == 1, path


def busy(server, n, tokens=100000):
    """Begins n answers that take long, and returns their streams."""
    client = client_of(server)
    streams = [client.completions.create(model="m", prompt=f"{i} ", max_tokens=tokens, stream=True, extra_body={"ignore_eos": True}) for i in range(n)]
    for s in streams:
        next(s)
    return streams


def running(server):
    return sum(s["is_processing"] for s in httpx.get(server.url + "/slots").json())


def until(check, what, seconds=60):
    end = time.time() + seconds
    while not check():
        assert time.time() < end, what
        time.sleep(0.02)


def test_queue_full(start):
    s = start("-np", "1", "--max-queue", "1", "--context-shift", "--metrics")
    streams = busy(s, 1)
    waiting = threading.Thread(target=lambda: httpx.post(s.v1 + "/completions", json={"prompt": "a", "max_tokens": 1}, timeout=60))
    waiting.start()
    until(lambda: "llamacpp:requests_deferred 1" in httpx.get(s.url + "/metrics").text, "the queue is never full")
    with pytest.raises(openai.RateLimitError) as e:
        ask(client_of(s))
    assert e.value.code == "queue_full" and 1 <= int(e.value.response.headers["Retry-After"]) <= 120
    streams[0].close()
    waiting.join()
    assert ask(client_of(s, max_retries=2)).choices, "the queue has room again"


@pytest.mark.parametrize("how", ["stream", "timeout"])
def test_gone(start, how):
    """When a client goes away, its answer ends, streamed or not."""
    s = start("-np", "1", "--context-shift")
    if how == "stream":
        streams = busy(s, 1)
        assert running(s) == 1
        streams[0].close()
    else:
        with pytest.raises(openai.APITimeoutError):
            client_of(s, timeout=0.7).completions.create(model="m", prompt="a", max_tokens=10**6, extra_body={"ignore_eos": True})
    until(lambda: running(s) == 0, "the server still computes an answer that nobody reads", 10)


def test_cut(start):
    """A stream that ends early has an error at its end: if it were merely cut, clients would believe that it is complete."""
    s = start("--drain-timeout", "500ms", "--context-shift")
    stream = busy(s, 1)[0]
    s.process.terminate()
    with pytest.raises(openai.APIError) as e:
        for _ in stream:
            pass
    assert e.value.message and e.value.type == "unavailable_error"
    assert s.process.wait(60) == 0


def test_completions(client):
    create = lambda **o: client.completions.create(**{"model": "m", "max_tokens": 5, "seed": 3, "extra_body": {"ignore_eos": True}, **o})
    whole = create(prompt=["abc", "def"], n=2)
    assert [c.index for c in whole.choices] == [0, 1, 2, 3] and whole.object == "text_completion"
    assert whole.usage.completion_tokens == 20
    texts = {}
    for chunk in create(prompt=["abc", "def"], n=2, stream=True):
        assert chunk.usage is None
        for c in chunk.choices:
            texts[c.index] = texts.get(c.index, "") + c.text
    assert [texts[i] for i in range(4)] == [c.text for c in whole.choices]
    assert create(prompt="abc").choices[0].text == whole.choices[0].text
    for field in ({"best_of": 2}, {"suffix": "x"}, {"echo": True}):
        with pytest.raises(openai.BadRequestError):
            create(prompt="a", **field)


def test_many_at_once(server):
    """An answer does not depend on requests at the same time."""
    async def all_at_once():
        client = openai.AsyncOpenAI(base_url=server.v1, api_key="none", max_retries=0, timeout=120)
        ask1 = lambda i: client.chat.completions.create(model="m", messages=[{"role": "user", "content": f"Say {i}"}], max_tokens=12, seed=i)
        alone = [(await ask1(i)).choices[0].message.content for i in range(6)]
        return alone, [a.choices[0].message.content for a in await asyncio.gather(*map(ask1, range(6)))]

    alone, together = asyncio.run(all_at_once())
    assert alone == together


def test_request_id(client):
    raw = client.chat.completions.with_raw_response.create(model="m", messages=HELLO, max_tokens=1)
    assert raw.headers["x-request-id"].startswith("req_")
    assert raw.parse().choices
