// The page: what buttons and keys do with conversations.

import * as api from "./api.js";
import { copy } from "./clipboard.js";
import { dropped, taken } from "./files.js";
import { fill } from "./list.js";
import * as settings from "./settings.js";
import * as store from "./store.js";
import { Follower, button, download, frames, message, update } from "./view.js";

const ui = {};
for (const e of document.querySelectorAll("[id]")) ui[e.id] = e;

let now = store.create(); // the conversation that is shown
let context = 0; // tokens that the model's has
let defaults = {};
let running = null; // {abort, conversation, message}
const follower = new Follower(ui.scroll);

const notice = (text = "") => {
  ui.notice.hidden = !text;
  ui.notice.textContent = text;
};
const status = (text = "") => (ui.status.textContent = text);

// ---- the server

async function connect() {
  try {
    const p = await api.props();
    ui.model.textContent = ui.model.title = p.model_alias;
    context = p.default_generation_settings.n_ctx;
    defaults = p.default_generation_settings.params;
    settings.build(ui.sampling, ui["no-thinking"], defaults);
    notice(p.warnings?.join(" ") || "");
    meter();
  } catch (e) {
    failed(e);
  }
}

function failed(e) {
  notice(e.message);
  if (e.status === 401 && !ui["ask-key"].open) ui["ask-key"].showModal();
}

ui["ask-key"].addEventListener("close", () => {
  api.key.set(ui["new-key"].value.trim());
  ui["new-key"].value = "";
  if (api.key.get()) connect();
});

// ---- the list

async function list() {
  const words = ui.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = (await store.all())
    .filter((c) => {
      if (!words.length) return true;
      const text = [c.title, ...Object.values(c.messages).map((m) => m.content)].join("\n").toLowerCase();
      return words.every((w) => text.includes(w));
    })
    .sort((a, b) => b.updated - a.updated);
  fill(ui.list, found, now.id, { open: show, rename, remove: ask }, words.length ? "No conversation has all of this." : "");
}

async function rename(id, title) {
  const c = title && (await store.get(id));
  if (c) {
    c.title = title;
    await store.put(c);
    if (now.id === id) (now.title = title), head();
  }
  list();
}

let doomed = ""; // the conversation that the reader may want to delete
function ask(c) {
  doomed = c.id;
  ui["confirm-title"].textContent = `Delete “${c.title || "New chat"}”?`;
  ui.confirm.returnValue = "";
  ui.confirm.showModal();
}
ui.confirm.addEventListener("close", () => ui.confirm.returnValue === "delete" && remove(doomed));

async function remove(id) {
  if (running?.conversation.id === id) running.abort.abort();
  await store.remove(id);
  if (now.id === id) fresh();
  list();
}

ui.search.addEventListener("input", list);
store.onChange(async (id) => {
  list();
  if (id !== now.id || running?.conversation === now) return;
  const c = await store.get(id); // another tab has changed it
  if (c) (now = c), draw();
  else if (Object.keys(now.messages).length) fresh(); // or deleted
});

// On narrow windows the list lies above the conversation while it is wanted.
const shown = () => ui.side.classList.contains("shown");
function side(on) {
  if (on === shown()) return;
  ui.side.classList.toggle("shown", on);
  ui.menu.setAttribute("aria-expanded", on);
  (on ? ui.hide : ui.menu).focus();
}
ui.menu.addEventListener("click", (e) => (side(!shown()), e.stopPropagation()));
ui.hide.addEventListener("click", () => side(false));
document.querySelector("main").addEventListener("click", () => side(false));

// ---- one conversation

async function show(id) {
  now = running?.conversation.id === id ? running.conversation : (await store.get(id)) || store.create();
  side(false);
  draw();
  follower.end();
  list();
}

function fresh() {
  now = store.create();
  side(false);
  draw();
  list();
  ui.input.focus();
}
ui.new.addEventListener("click", fresh);

function head() {
  ui.title.textContent = now.title || "New chat";
  document.title = (now.title ? now.title + " · " : "") + "alpaca";
}

const elements = new Map(); // by message

function draw() {
  head();
  elements.clear();
  const shown = store.path(now);
  ui.messages.replaceChildren();
  if (now.system) ui.messages.append(message({ role: "system", content: now.system }));
  for (const m of shown) {
    const e = message(m);
    elements.set(m.id, e);
    ui.messages.append(e);
    actions(m, e, m === shown[shown.length - 1]);
  }
  const busy = running !== null;
  ui.send.hidden = busy;
  ui.stop.hidden = !busy;
  meter();
}

// actions shows what can be done with a message.
function actions(m, e, last) {
  const bar = e.querySelector(".actions");
  bar.replaceChildren();
  if (running?.message === m) return;
  const others = store.siblings(now, m), i = others.indexOf(m);
  if (others.length > 1) {
    const go = (k) => async () => {
      store.follow(now, others[k]);
      await store.put(now);
      draw();
    };
    const back = button("‹", "The version before", go(i - 1)), next = button("›", "The next version", go(i + 1));
    back.disabled = i === 0 || running;
    next.disabled = i === others.length - 1 || running;
    bar.append(back, `${i + 1}/${others.length}`, next);
  }
  bar.append(button("Copy", "Copy the text", () => copy(m.content).then(() => status("Copied"), failed)));
  if (m.role === "user") {
    bar.append(button("Edit", "Edit, and go on from there", () => edit(m, e)));
    if (last) bar.append(button("Answer", "Let the model answer", () => respond(now, m.id)));
  } else {
    bar.append(button("Again", "Another answer", () => respond(now, m.parent)));
    if (last && m.finish !== "stop" && m.content) bar.append(button("Continue", "Go on with this answer", () => respond(now, m.parent, m)));
  }
  if (m.failed) {
    const why = document.createElement("span");
    why.className = "failed";
    why.textContent = m.failed;
    bar.append(why);
  } else if (m.stats) bar.append(m.stats + (m.finish === "length" ? ", ended at the limit" : ""));
}

function edit(m, e) {
  const area = document.createElement("textarea"), body = e.querySelector(".body"), bar = e.querySelector(".actions");
  area.value = m.content;
  area.rows = Math.min(12, m.content.split("\n").length + 1);
  area.setAttribute("aria-label", "Edit the message");
  const send = () => {
    if (!area.value.trim() || running) return;
    const c = now;
    respond(c, store.add(c, m.parent, { role: "user", content: area.value }).id);
  };
  area.addEventListener("keydown", (k) => {
    if (k.key === "Enter" && !k.shiftKey && !k.isComposing) k.preventDefault(), send();
    if (k.key === "Escape") draw(), k.stopPropagation();
  });
  body.replaceChildren(area);
  bar.replaceChildren(button("Send", "Send as a new version", send), button("Cancel", "Leave it as it was", draw));
  area.focus();
}

// meter shows how much of the context the conversation fills.
function meter() {
  const last = store.path(now).findLast((m) => m.tokens);
  ui.meter.hidden = !context;
  ui.used.max = context || 1;
  ui.used.value = last?.tokens || 0;
  ui["used-text"].textContent = `${last?.tokens || 0} / ${context}`;
}

// ---- answers

// respond lets the model answer message parent, or go on with the answer begun.
async function respond(c, parent, begun) {
  if (running) return;
  const m = begun || store.add(c, parent, { role: "assistant", content: "", thought: "" });
  const before = m.content;
  const messages = store.path(c, parent).map(({ role, content }) => ({ role, content }));
  if (c.system) messages.unshift({ role: "system", content: c.system });
  if (before) messages.push({ role: "assistant", content: before });
  c.title ||= (store.path(c)[0]?.content || "").trim().slice(0, 60).split("\n")[0];
  c.leaf = m.id;
  m.finish = "cut"; // until the answer is complete: a page may be closed in the middle
  delete m.failed;
  delete m.stats;
  const abort = new AbortController();
  running = { abort, conversation: c, message: m };
  notice();
  if (now === c) draw(), follower.end();
  await store.put(c);
  list();

  const began = performance.now();
  let count = 0, first = 0, saved = performance.now();
  const paint = frames(() => {
    const e = now === c && elements.get(m.id);
    if (!e) return;
    update(e, m, running?.message === m);
    follower.now();
  });
  status("Waiting…");
  try {
    for await (const chunk of api.answer({ ...settings.request(), messages }, abort.signal)) {
      const p = chunk.prompt_progress;
      if (p && p.processed < p.total) status(`Reading: ${p.processed} of ${p.total} tokens`);
      for (const { delta, finish_reason } of chunk.choices) {
        if (finish_reason) m.finish = finish_reason;
        if (!delta.content && !delta.reasoning_content) continue;
        m.content += delta.content || "";
        m.thought = (m.thought || "") + (delta.reasoning_content || "");
        first ||= performance.now();
        count++;
        const seconds = (performance.now() - first) / 1000;
        status(seconds > 0.5 ? `${(count / seconds).toFixed(1)} tokens/s` : "Answering…");
        paint();
      }
      if (chunk.usage) {
        m.tokens = chunk.usage.total_tokens;
        const t = chunk.timings;
        m.stats = `${chunk.usage.completion_tokens} tokens` + (t?.predicted_per_second ? `, ${t.predicted_per_second.toFixed(1)}/s` : "");
      }
      if (performance.now() - saved > 1500) (saved = performance.now()), await store.put(c);
    }
    status(`Answered in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  } catch (e) {
    if (e.name === "AbortError") (m.finish = "stopped"), status("Stopped");
    else {
      m.failed = e.message;
      status();
      failed(e);
    }
  }
  running = null;
  if (!m.content && !m.thought && m.failed) {
    delete c.messages[m.id]; // there is nothing of it
    c.leaf = parent;
  }
  if (c.messages && (await store.get(c.id))) await store.put(c);
  if (now === c) draw(), follower.now();
  else draw();
  list();
}

const stop = () => running?.abort.abort();
ui.stop.addEventListener("click", () => (stop(), ui.input.focus()));

function send() {
  const text = ui.input.value;
  if (!text.trim() || running) return;
  ui.input.value = "";
  grow();
  respond(now, store.add(now, now.leaf, { role: "user", content: text }).id);
}

ui.compose.addEventListener("submit", (e) => {
  e.preventDefault();
  send();
});

const grow = () => {
  ui.input.rows = Math.min(14, Math.max(1, ui.input.value.split("\n").length));
};
ui.input.addEventListener("input", grow);
ui.input.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && !e.shiftKey && !e.isComposing && !matchMedia("(pointer: coarse)").matches) e.preventDefault(), send();
});

document.addEventListener("keydown", (e) => {
  if (e.key === "Escape" && !document.querySelector("dialog[open]")) shown() ? side(false) : running && stop();
  if (e.ctrlKey && e.shiftKey && e.key.toLowerCase() === "o") e.preventDefault(), fresh();
});

// ---- files

const taking = [(name, text) => {
  ui.input.value += (ui.input.value ? "\n\n" : "") + name + ":\n```\n" + text.trimEnd() + "\n```\n";
  grow();
  ui.input.focus();
}, notice];
dropped(...taking);
ui.attach.addEventListener("click", () => ui.files.click());
ui.files.addEventListener("change", async () => {
  await taken([...ui.files.files], ...taking);
  ui.files.value = "";
});

ui.export.addEventListener("click", async () => download("alpaca-conversations.json", await store.exported()));
ui.import.addEventListener("click", () => ui["import-file"].click());
ui["import-file"].addEventListener("change", async (e) => {
  const [file] = e.target.files;
  if (!file) return;
  try {
    status(`Imported: ${await store.imported(await file.text())}`);
    notice();
  } catch (error) {
    notice(`${file.name}: ${error.message}`);
  }
  e.target.value = "";
  list();
});

// ---- settings

ui["open-settings"].addEventListener("click", () => {
  settings.build(ui.sampling, ui["no-thinking"], defaults);
  ui.system.value = now.system;
  ui.key.value = api.key.get();
  ui.settings.showModal();
});
ui.reset.addEventListener("click", () => {
  settings.reset();
  settings.build(ui.sampling, ui["no-thinking"], defaults);
});
ui.settings.addEventListener("close", async () => {
  if (ui.key.value.trim() !== api.key.get()) {
    api.key.set(ui.key.value.trim());
    connect();
  }
  if (ui.system.value !== now.system) {
    now.system = ui.system.value;
    if (Object.keys(now.messages).length) await store.put(now);
    draw();
  }
});

draw();
list();
connect();
ui.input.focus();
