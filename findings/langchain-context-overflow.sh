#!/bin/sh
# Guess: langchain-openai raises its ContextOverflowError for an error whose code is "context_length_exceeded". OpenAI
# marks a prompt that is too long with this code; the message is for people and its words are free.
# What happens: langchain-openai looks for the code in str(error), and in openai 3.57 that string holds only the status
# and the error's message. For the documented error object with this code, it raises OpenAIInvalidRequestError, not
# ContextOverflowError. It raises ContextOverflowError if the object's message contains Anthropic's words "prompt
# is too long".
# Why it matters here: chains that shorten their history on ContextOverflowError do not do so, whatever code a server
# sends. Our server sends the code, and its message has the words "the prompt is too long".
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q --disable-pip-version-check install langchain-openai==1.7.4 openai==3.57.0
cat > "$dir/run.py" <<'PY'
import http.server, importlib.metadata, json, sys, threading
from langchain_core.exceptions import ContextOverflowError
from langchain_openai import ChatOpenAI

said = ""

class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"error": {"message": said, "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}}).encode()
        self.send_response(400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
for name in "langchain-openai", "openai":
    print(name, importlib.metadata.version(name))
chat = ChatOpenAI(model="m", api_key="k", base_url=f"http://127.0.0.1:{server.server_port}/v1", max_retries=0)
same = True
for said, overflow in [
    ("This model has a context of 256 tokens, the messages have 300.", False),
    ("the prompt is too long: 300 tokens, 256 fit", True),
]:
    try:
        chat.invoke("hello")
        same = False
    except Exception as e:
        print(type(e).__name__, isinstance(e, ContextOverflowError), "code:", getattr(e, "code", None), "str:", str(e))
        same = same and isinstance(e, ContextOverflowError) == overflow and e.code == "context_length_exceeded"
sys.exit(0 if same else "this has changed")
PY
"$dir/venv/bin/python" "$dir/run.py"
