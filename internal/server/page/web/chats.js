// This module lets the reader search, open, rename and delete conversations.

import { draw, follower, head } from "./conversation.js";
import { fill } from "./list.js";
import { state, status, ui } from "./state.js";
import * as store from "./store.js";

// list updates the list of conversations.
export async function list() {
  const words = ui.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = (await store.all()).filter((c) => has(c, words)).sort((a, b) => b.updated - a.updated);
  fill(ui.list, found, state.now.id, { open: show, rename, remove: ask }, words.length ? "No conversation has all these words." : "");
}

// has reports whether a conversation contains all words.
function has(c, words) {
  if (!words.length) return true;
  const text = [c.title, ...Object.values(c.messages).map((m) => m.content)].join("\n").toLowerCase();
  return words.every((w) => text.includes(w));
}

// show opens a conversation.
async function show(id) {
  const { running } = state;
  state.now = running?.conversation.id === id ? running.conversation : (await store.get(id)) || store.create();
  side(false);
  said();
  draw();
  follower.end();
  list();
}

// said clears the status line, unless the shown conversation is being answered.
const said = () => state.running?.conversation === state.now || status();

// fresh begins a new conversation.
export function fresh() {
  state.now = store.create();
  side(false);
  said();
  draw();
  list();
  ui.input.focus();
}

async function rename(id, title) {
  const c = title && (await store.get(id));
  if (c) {
    c.title = title;
    await store.put(c);
    if (state.now.id === id) (state.now.title = title), head();
  }
  list();
}

let doomed = ""; // id of the conversation to delete, if the reader confirms
function ask(c) {
  doomed = c.id;
  ui["confirm-title"].textContent = `Delete “${c.title || "New chat"}”?`;
  ui.confirm.returnValue = "";
  ui.confirm.showModal();
}

async function remove(id) {
  if (state.running?.conversation.id === id) state.running.abort.abort();
  await store.remove(id);
  if (state.now.id === id) fresh();
  list();
}

// side shows or hides the list in narrow windows, where it covers the conversation.
export function side(on) {
  if (on === listed()) return;
  ui.side.classList.toggle("shown", on);
  ui.menu.setAttribute("aria-expanded", on);
  (on ? ui.hide : ui.menu).focus();
}
export const listed = () => ui.side.classList.contains("shown");

ui.confirm.addEventListener("close", () => ui.confirm.returnValue === "delete" && remove(doomed));
ui.search.addEventListener("input", list);
ui.new.addEventListener("click", fresh);
ui.menu.addEventListener("click", (e) => (side(!listed()), e.stopPropagation()));
ui.hide.addEventListener("click", () => side(false));
document.querySelector("main").addEventListener("click", () => side(false));

store.onChange(async (id) => {
  list();
  if (id !== state.now.id || state.running?.conversation === state.now) return;
  const c = await store.get(id); // the version that another tab has stored
  if (c) (state.now = c), draw();
  else if (Object.keys(state.now.messages).length) fresh(); // another tab has deleted this conversation
});
