// Whether there is room for more of an answer: the server refuses what fills its context.

import * as api from "./api.js";
import * as settings from "./settings.js";
import { state } from "./state.js";
import * as store from "./store.js";

const counted = new Map(); // tokens that would be sent, by the message and its length

// full returns why answer m cannot go on, "" where it can. An answer can be longer than the
// context, where the server drops the beginning of a text. Where it may be, the server is
// asked to count, and found is called if it does.
export function full(c, m, found) {
  if (!state.context || !(m.tokens >= 0.9 * state.context)) return "";
  const key = m.id + " " + m.content.length;
  if (!counted.has(key)) {
    counted.set(key, 0);
    api.tokensOf({ ...settings.request(), messages: store.asked(c, m.parent, m.content) }).then((n) => n && (counted.set(key, n), found()));
  }
  const n = counted.get(key);
  return n >= state.context ? `It cannot go on: ${n} tokens fill the context of ${state.context}.` : "";
}
