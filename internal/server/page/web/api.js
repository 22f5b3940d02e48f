// This module sends requests to the server that served the page.

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export const key = {
  get: () => localStorage.getItem("alpaca.key") || "",
  set: (value) => (value ? localStorage.setItem("alpaca.key", value) : localStorage.removeItem("alpaca.key")),
};

async function request(path, options = {}) {
  const headers = { ...options.headers };
  if (key.get()) headers.Authorization = "Bearer " + key.get();
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (e) {
    if (e.name === "AbortError") throw e;
    throw new ApiError("The server does not answer. The conversation is kept in this browser.", 0);
  }
  if (response.ok) return response;
  let message = "The server says " + response.status;
  try {
    message = (await response.json()).error.message;
  } catch {} // not JSON, for example from a proxy
  throw new ApiError(message, response.status);
}

// props returns the server's properties.
export const props = async () => (await request("props")).json();

// models returns the names of the server's models. The
// first is the model that the server was started with.
export const models = async () => (await (await request("v1/models")).json()).data.map((m) => m.id);

// tokensOf returns the number of tokens of a conversation's prompt, or undefined if the request
// fails.
export async function tokensOf(body) {
  try {
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    return (await (await request("v1/chat/completions/input_tokens", options)).json()).input_tokens;
  } catch {}
}

// events yields the data of server-sent events.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "", data = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (data.length) yield data.join("\n");
        data = [];
      } else if (line.startsWith("data:")) {
        data.push(line.slice(line[5] === " " ? 6 : 5));
      }
    }
  }
}

// answer yields the chunks of the answer to a conversation. It throws an ApiError if the stream
// ends before [DONE].
export async function* answer(body, signal) {
  const response = await request("v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true }, return_progress: true }),
    signal,
  });
  for await (const data of events(response.body)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data);
    if (chunk.error) throw new ApiError(chunk.error.message, 0);
    yield chunk;
  }
  throw new ApiError("The connection was cut in the middle of the answer.", 0);
}
