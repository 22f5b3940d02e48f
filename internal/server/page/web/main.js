// This module connects the parts of the page: the server, the message field, files and settings.

import { respond, stop } from "./answer.js";
import * as api from "./api.js";
import { fresh, list, listed, side } from "./chats.js";
import { draw, meter } from "./conversation.js";
import { dropped, taken } from "./files.js";
import { choose } from "./models.js";
import * as settings from "./settings.js";
import { failed, notice, state, status, ui } from "./state.js";
import * as store from "./store.js";
import { download } from "./view.js";

// ---- the server

async function connect() {
  try {
    const p = await api.props();
    ui.model.textContent = ui.model.title = await choose(p);
    ui.data.hidden = !p.data;
    sampling();
    notice(p.warnings?.join(" ") || "");
    meter();
  } catch (e) {
    failed(e);
  }
}

ui["ask-key"].addEventListener("close", () => {
  api.key.set(ui["new-key"].value.trim());
  ui["new-key"].value = "";
  if (api.key.get()) connect();
});

// ---- the message field

function send() {
  const { now, running } = state, text = ui.input.value;
  if (!text.trim() || running) return;
  ui.input.value = "";
  grow();
  respond(now, store.add(now, now.leaf, { role: "user", content: text }).id);
}

const grow = () => {
  ui.input.rows = Math.min(14, Math.max(1, ui.input.value.split("\n").length));
};

ui.stop.addEventListener("click", () => (stop(), ui.input.focus()));
ui.compose.addEventListener("submit", (e) => {
  e.preventDefault();
  send();
});
ui.input.addEventListener("input", grow);
ui.input.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && !e.shiftKey && !e.isComposing && !matchMedia("(pointer: coarse)").matches) e.preventDefault(), send();
});

document.addEventListener("keydown", (e) => {
  if (e.key === "Escape" && !document.querySelector("dialog[open]")) listed() ? side(false) : stop();
  if (e.ctrlKey && e.shiftKey && e.key.toLowerCase() === "o") e.preventDefault(), fresh();
});

// ---- files

const write = (name, text) => {
  ui.input.value += (ui.input.value ? "\n\n" : "") + name + ":\n```\n" + text.trimEnd() + "\n```\n";
  grow();
  ui.input.focus();
};
dropped(write, notice);

// When the user presses the button open, chosen shows the dialog of
// the file input field. Then it calls take with the chosen files. It
// empties field first, so that the same file can be chosen again.
function chosen(open, field, take) {
  open.addEventListener("click", () => field.click());
  field.addEventListener("change", () => {
    const files = [...field.files];
    field.value = "";
    if (files.length) take(files);
  });
}
chosen(ui.attach, ui.files, (files) => taken(files, write, notice));
chosen(ui.import, ui["import-file"], async ([file]) => {
  try {
    status(`Imported: ${await store.imported(await file.text())}`);
    notice();
  } catch (error) {
    notice(`${file.name}: ${error.message}`);
  }
  list();
});
ui.export.addEventListener("click", async () => download("alpaca-conversations.json", await store.exported()));

// ---- settings

const sampling = () => settings.build(ui.sampling, ui["no-thinking"], state.defaults);

ui["open-settings"].addEventListener("click", () => {
  sampling();
  ui.system.value = state.now.system;
  ui.key.value = api.key.get();
  ui.settings.showModal();
});
ui.reset.addEventListener("click", () => {
  settings.reset();
  sampling();
});
ui.settings.addEventListener("close", async () => {
  const { now } = state;
  const chosen = ui.models.value && ui.models.value !== ui.model.textContent;
  if (chosen || ui.key.value.trim() !== api.key.get()) {
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
