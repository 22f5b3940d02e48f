#!/bin/sh
# Guess: responses.stream(…) of OpenAI's client ends with get_final_response(), which returns the response of the
# stream's last event. That event is response.completed, or response.incomplete if max_output_tokens cut the answer.
# responses.create(…) without a stream returns such a response with the status "incomplete".
# What happens: after response.incomplete the helper raises "RuntimeError: Didn't receive a `response.completed` event."
# The client has read the event, and an iteration over the stream yields it. Only the helper drops the answer, whose
# tokens have been paid for.
# Why it matters here: some servers call a cut answer "completed". The helper then works, but the status is wrong. Our
# server says "incomplete", as OpenAI does. If answers may be cut, a program has to iterate over the stream or to catch
# the error.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install openai==3.57.0
cat > "$dir/run.py" <<'PY'
import http.server, json, sys, threading
import openai

def response(status, text):
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": status,
               "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]}
    return {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": status, "error": None, "instructions": None,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None, "metadata": {}, "temperature": 1, "top_p": 1,
            "output": [message] if text else [], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "text": {"format": {"type": "text"}}}

def events(status):
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}
    whole = response(status, "Hi")
    yield {"type": "response.created", "response": response("in_progress", "")}
    yield {"type": "response.in_progress", "response": response("in_progress", "")}
    yield {"type": "response.output_item.added", "output_index": 0, "item": whole["output"][0] | {"status": "in_progress", "content": []}}
    yield {"type": "response.content_part.added", "part": part | {"text": ""}} | at
    yield {"type": "response.output_text.delta", "delta": "Hi", "logprobs": []} | at
    yield {"type": "response.output_text.done", "text": "Hi", "logprobs": []} | at
    yield {"type": "response.content_part.done", "part": part} | at
    yield {"type": "response.output_item.done", "output_index": 0, "item": whole["output"][0]}
    yield {"type": "response." + status, "response": whole}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text, kind = json.dumps(response(body["model"], "Hi")), "application/json"
        if body.get("stream"):
            kind = "text/event-stream"
            text = "".join(f"event: {e['type']}\ndata: {json.dumps(e | {'sequence_number': i})}\n\n" for i, e in enumerate(events(body["model"])))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", max_retries=0)
print("openai", openai.__version__)
seen = {}
for status in ["completed", "incomplete"]:
    whole = client.responses.create(model=status, input="a")
    with client.responses.stream(model=status, input="a") as stream:
        last = [e for e in stream][-1]
        try:
            final = stream.get_final_response().output_text
        except RuntimeError as e:
            final = f"RuntimeError: {e}"
    seen[status] = (whole.status, whole.output_text, last.type, last.response.output_text, final)
    print(status, seen[status])
ok = seen["completed"] == ("completed", "Hi", "response.completed", "Hi", "Hi") and seen["incomplete"] == (
    "incomplete", "Hi", "response.incomplete", "Hi", "RuntimeError: Didn't receive a `response.completed` event.")
sys.exit(0 if ok else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py"
