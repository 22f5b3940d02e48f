// Which model answers: the server's own, or another that it has and loads when it is named.

import * as api from "./api.js";
import { state, ui } from "./state.js";

const kept = "alpaca.model";

// choose takes what the server says of its own model, and lets the reader choose where there
// are others. It returns the name of the one that answers.
export async function choose(props) {
  const own = props.model_alias, list = await api.models().catch(() => [own]);
  const chosen = localStorage.getItem(kept);
  state.model = list.includes(chosen) && chosen !== own ? chosen : "";
  ui.which.hidden = list.length < 2;
  ui.models.replaceChildren(...list.map((name) => new Option(name, name, false, name === (state.model || own))));
  ui.models.onchange = () => localStorage.setItem(kept, ui.models.value);
  // What the server says of itself is not known of the others.
  state.context = state.model ? 0 : props.default_generation_settings.n_ctx;
  state.defaults = state.model ? {} : props.default_generation_settings.params;
  return state.model || own;
}
