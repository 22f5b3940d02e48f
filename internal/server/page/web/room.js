// This module tells whether an answer can continue. The server refuses a prompt that fills its
// context.

import * as api from "./api.js";
import * as settings from "./settings.js";
import { state } from "./state.js";
import * as store from "./store.js";

// counted has the number of tokens of a prompt, by the message's id and the length of its content.
// The number is 0 until the server has counted.
const counted = new Map();

// full returns why answer m cannot continue, or "" if it can. m.tokens alone does not decide this:
// it can exceed the context if the server drops the beginning of a text. So once m.tokens is near
// the context's size, full asks the server to count, and calls found when the count has arrived.
export function full(c, m, found) {
  if (!state.context || !(m.tokens >= 0.9 * state.context)) return "";
  const key = m.id + " " + m.content.length;
  if (!counted.has(key)) {
    counted.set(key, 0);
    api.tokensOf({ ...settings.request(), messages: store.asked(c, m.parent, m.content) }).then((n) => n && (counted.set(key, n), found()));
  }
  const n = counted.get(key);
  return n >= state.context ? `The answer cannot continue: ${n} tokens fill the context of ${state.context} tokens.` : "";
}
