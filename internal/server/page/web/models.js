// This module chooses the model: the one that the server was started with, or another of its
// models, which the server loads when a request names it.

import * as api from "./api.js";
import { state, ui } from "./state.js";

const kept = "alpaca.model";

// choose lets the reader choose a model if the server has several. props are the server's
// properties. choose returns the name of the model that answers.
export async function choose(props) {
  const own = props.model_alias, list = await api.models().catch(() => [own]);
  const chosen = localStorage.getItem(kept);
  state.model = list.includes(chosen) && chosen !== own ? chosen : "";
  ui.which.hidden = list.length < 2;
  ui.models.replaceChildren(...list.map((name) => new Option(name, name, false, name === (state.model || own))));
  ui.models.onchange = () => localStorage.setItem(kept, ui.models.value);
  // props describe only the server's own model.
  state.context = state.model ? 0 : props.default_generation_settings.n_ctx;
  state.defaults = state.model ? {} : props.default_generation_settings.params;
  return state.model || own;
}
