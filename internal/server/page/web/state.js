// This module has what the other modules share: the page's elements, the shown conversation, the
// current answer, the status line and the notice.

import * as store from "./store.js";

export const ui = {};
for (const e of document.querySelectorAll("[id]")) ui[e.id] = e;

export const state = {
  now: store.create(), // the shown conversation
  running: null, // the current answer {abort, conversation, message}, null if there is none
  context: 0, // size of the model's context in tokens, 0 if unknown
  defaults: {}, // the server's sampling defaults
  model: "", // name of the model that answers, "" for the server's own
};

export const notice = (text = "") => {
  ui.notice.hidden = !text;
  ui.notice.textContent = text;
};
export const status = (text = "") => (ui.status.textContent = text);

// failed shows an error. If the server requires a key, failed asks the reader for it.
export function failed(e) {
  notice(e.message);
  if (e.status === 401 && !ui["ask-key"].open) ui["ask-key"].showModal();
}
