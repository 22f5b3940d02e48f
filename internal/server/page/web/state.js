// What the modules of the page share: its elements, the conversation that is shown, the
// answer that is being given, and the lines that tell the reader how things stand.

import * as store from "./store.js";

export const ui = {};
for (const e of document.querySelectorAll("[id]")) ui[e.id] = e;

export const state = {
  now: store.create(), // the conversation that is shown
  running: null, // the answer that is being given: {abort, conversation, message}
  context: 0, // tokens that the model's context has
  defaults: {}, // of the server's sampling
  model: "", // that answers; "": the server's own
};

export const notice = (text = "") => {
  ui.notice.hidden = !text;
  ui.notice.textContent = text;
};
export const status = (text = "") => (ui.status.textContent = text);

// failed shows an error. Where the server wants a key, the reader is asked for it.
export function failed(e) {
  notice(e.message);
  if (e.status === 401 && !ui["ask-key"].open) ui["ask-key"].showModal();
}
