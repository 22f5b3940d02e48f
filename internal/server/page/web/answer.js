// This module requests answers, shows them while they arrive, and saves them.

import * as api from "./api.js";
import { list } from "./chats.js";
import { draw, follower, onRespond, progress } from "./conversation.js";
import * as settings from "./settings.js";
import { failed, notice, state, status } from "./state.js";
import * as store from "./store.js";
import { frames } from "./view.js";

onRespond(respond);

// stop ends the current answer.
export const stop = () => state.running?.abort.abort();

// respond lets the model answer the message with id
// parent or, if begun is given, continue that answer.
export async function respond(c, parent, begun) {
  if (state.running) return;
  const m = begun || store.add(c, parent, { role: "assistant", content: "", thought: "" });
  const messages = store.asked(c, parent, m.content);
  c.title ||= titleOf(store.path(c)[0].content);
  c.leaf = m.id;
  m.finish = "cut"; // this value stays if the page is closed before the answer is complete
  delete m.failed;
  delete m.stats;
  const abort = new AbortController();
  state.running = { abort, conversation: c, message: m };
  notice();
  if (state.now === c) draw(), follower.end();
  await store.put(c);
  list();
  try {
    await receive(c, m, messages, abort.signal);
  } catch (e) {
    if (e.name === "AbortError") (m.finish = "stopped"), status("Stopped");
    else {
      m.failed = e.message;
      status();
      failed(e);
    }
  }
  state.running = null;
  if (!m.content && !m.thought && (m.failed || m.finish === "stopped")) {
    delete c.messages[m.id]; // an empty answer is not kept
    c.leaf = parent;
  }
  if (await store.get(c.id)) await store.put(c); // unless the conversation was deleted meanwhile
  draw();
  if (state.now === c) follower.now();
  list();
}

// titleOf returns the first line of a text, shortened between words.
function titleOf(text) {
  const line = text.trim().split("\n")[0];
  return line.length > 60 ? line.slice(0, 59).replace(/\s+\S*$/, "") + "…" : line;
}

// receive adds what the model says to message m, and saves it from time to time.
async function receive(c, m, messages, signal) {
  const began = performance.now(), paint = frames(() => progress(m));
  let count = 0, first = 0, saved = began, prompt = 0;
  status("Waiting…");
  for await (const chunk of api.answer({ ...settings.request(), messages }, signal)) {
    const p = chunk.prompt_progress;
    prompt = p?.total ?? prompt;
    if (p && p.processed < p.total) status(`Reading: ${p.processed} of ${p.total} tokens`);
    for (const { delta, finish_reason } of chunk.choices) {
      if (finish_reason) m.finish = finish_reason;
      if (!delta.content && !delta.reasoning_content) continue;
      m.content += delta.content || "";
      m.thought = (m.thought || "") + (delta.reasoning_content || "");
      first ||= performance.now();
      count++;
      m.tokens = prompt + count; // a lower bound; chunk.usage replaces it
      const seconds = (performance.now() - first) / 1000;
      status(seconds > 0.5 ? `${(count / seconds).toFixed(1)} tokens/s` : "Answering…");
      paint();
    }
    if (chunk.usage) {
      const rate = chunk.timings?.predicted_per_second, n = chunk.usage.completion_tokens;
      m.tokens = chunk.usage.total_tokens;
      m.stats = (n === 1 ? "1 token" : `${n} tokens`) + (rate ? `, ${rate.toFixed(1)}/s` : "");
    }
    if (performance.now() - saved > 1500) (saved = performance.now()), await store.put(c);
  }
  status(`Answered in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}
