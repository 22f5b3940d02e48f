// This module draws the shown conversation, and the buttons of its messages.

import { copy } from "./clipboard.js";
import { full } from "./room.js";
import { failed, state, status, ui } from "./state.js";
import * as store from "./store.js";
import { Follower, button, message, place, update } from "./view.js";

export const follower = new Follower(ui.scroll);

// onRespond sets the function that lets the model answer:
// f(conversation, id of the message, answer begun).
export const onRespond = (f) => (respond = f);
let respond;

const elements = new Map(); // by message id

// draw updates the page. It keeps the elements of messages that are still shown, so that the
// reader's selection, opened thoughts and edited text survive.
export function draw() {
  const { now, running } = state;
  head();
  const shown = store.path(now);
  const list = now.system ? [{ id: "system", role: "system", content: now.system }, ...shown] : shown;
  const kept = new Set(list.map((m) => m.id));
  for (const id of elements.keys()) if (!kept.has(id)) elements.delete(id);
  for (const m of list) {
    const e = elements.get(m.id) ?? message(m);
    elements.set(m.id, e);
    if (e.classList.contains("editing")) continue;
    update(e, m, running?.message === m);
    if (m.role !== "system") actions(m, e, m === shown[shown.length - 1]);
  }
  place(ui.messages, list.map((m) => elements.get(m.id)));
  ui.send.hidden = running !== null;
  ui.stop.hidden = running === null;
  meter();
}

// progress shows the part of an answer that has arrived.
export function progress(m) {
  const e = elements.get(m.id);
  if (!e) return; // another conversation is shown
  update(e, m, state.running?.message === m);
  follower.now();
}

export function head() {
  const { title } = state.now;
  ui.title.textContent = title || "New chat";
  document.title = (title ? title + " · " : "") + "alpaca";
}

// meter shows how much of the context the conversation fills.
export function meter() {
  const tokens = store.path(state.now).findLast((m) => m.tokens)?.tokens || 0;
  ui.meter.hidden = !state.context;
  ui.used.max = state.context || 1;
  ui.used.value = tokens;
  ui["used-text"].textContent = `${tokens} / ${state.context}`;
}

// actions draws the buttons below a message.
function actions(m, e, last) {
  const bar = e.querySelector(".actions"), focused = bar.contains(document.activeElement) && document.activeElement.title;
  bar.replaceChildren();
  if (state.running?.message === m) return;
  const c = state.now;
  bar.append(...versions(c, m), button("Copy", "Copy the text", () => copy(m.content).then(() => status("Copied"), failed)));
  if (m.role === "user") {
    bar.append(button("Edit", "Edit, and continue from there", () => edit(c, m, e)));
    if (last) bar.append(button("Answer", "Let the model answer", () => respond(c, m.id)));
  } else {
    bar.append(button("Again", "Another answer", () => respond(c, m.parent)));
    if (last && m.finish !== "stop" && m.content) {
      const why = full(c, m, draw), on = button("Continue", why || "Continue this answer", () => respond(c, m.parent, m));
      on.disabled = why !== "";
      bar.append(on, why);
    }
  }
  if (m.failed) {
    const why = document.createElement("span");
    why.className = "failed";
    why.textContent = m.failed;
    bar.append(why);
  } else if (m.stats) bar.append(m.stats + (m.finish === "length" ? ", ended at the limit" : ""));
  if (focused) focus(m, focused);
}

// versions returns the buttons that switch to a message's siblings, or [] if there are no siblings.
function versions(c, m) {
  const others = store.siblings(c, m), i = others.indexOf(m);
  if (others.length < 2) return [];
  const turn = (sign, title, k) => {
    const b = button(sign, title, async () => {
      store.follow(c, others[k]);
      await store.put(c);
      draw();
      focus(others[k], title);
    });
    b.disabled = !others[k] || state.running !== null;
    return b;
  };
  return [turn("‹", "The version before", i - 1), `${i + 1}/${others.length}`, turn("›", "The next version", i + 1)];
}

// focus focuses the message's button with this title, or else its first enabled button.
function focus(m, title) {
  const buttons = [...elements.get(m.id).querySelectorAll(".actions button:enabled")];
  (buttons.find((b) => b.title === title) ?? buttons[0])?.focus();
}

// edit turns a message into a text field. Sending adds the text as a sibling of the message.
function edit(c, m, e) {
  const area = document.createElement("textarea"), body = e.querySelector(".body"), bar = e.querySelector(".actions");
  area.value = m.content;
  area.rows = Math.min(12, m.content.split("\n").length + 1);
  area.setAttribute("aria-label", "Edit the message");
  const end = () => e.classList.remove("editing");
  const cancel = () => {
    end();
    draw();
    focus(m, "Edit, and continue from there");
  };
  const send = () => {
    if (!area.value.trim() || state.running) return;
    end();
    respond(c, store.add(c, m.parent, { role: "user", content: area.value }).id);
  };
  area.addEventListener("keydown", (k) => {
    if (k.key === "Enter" && !k.shiftKey && !k.isComposing) k.preventDefault(), send();
    if (k.key === "Escape") k.stopPropagation(), cancel();
  });
  e.classList.add("editing");
  body.replaceChildren(area);
  bar.replaceChildren(button("Send", "Send as a new version", send), button("Cancel", "Leave it as it was", cancel));
  area.focus();
}
