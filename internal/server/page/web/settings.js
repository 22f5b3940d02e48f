// This module has the sampling settings. The page sends only the fields that the reader has set.
// For the other fields it shows the server's defaults.

import { state } from "./state.js";

const fields = [
  ["temperature", "Temperature", 0, 5, 0.05],
  ["top_k", "Top K", 0, 1000, 1],
  ["top_p", "Top P", 0, 1, 0.01],
  ["min_p", "Min P", 0, 1, 0.01],
  ["repeat_penalty", "Repeat penalty", 0.5, 3, 0.01],
  ["presence_penalty", "Presence penalty", -2, 2, 0.1],
  ["frequency_penalty", "Frequency penalty", -2, 2, 0.1],
  ["max_tokens", "Answer, tokens", 1, 1e6, 1],
  ["seed", "Seed", 0, 4294967294, 1],
];

const load = () => {
  try {
    return JSON.parse(localStorage.getItem("alpaca.sampling")) || {};
  } catch {
    return {};
  }
};
let values = load();
const save = () => localStorage.setItem("alpaca.sampling", JSON.stringify(values));

// build fills the form. defaults are the server's sampling defaults.
export function build(fieldset, thinking, defaults) {
  fieldset.querySelectorAll("label").forEach((l) => l.remove());
  for (const [name, title, min, max, step] of fields) {
    const label = document.createElement("label"), input = document.createElement("input");
    Object.assign(input, { type: "number", min, max, step: "any", value: values[name] ?? "", inputMode: "decimal" });
    const d = defaults?.[name];
    input.placeholder = name === "seed" ? "random" : name === "max_tokens" ? "to its end" : d === undefined ? "" : String(+(+d).toFixed(4));
    input.addEventListener("change", () => {
      if (input.value === "" || !input.validity.valid) {
        input.value = "";
        delete values[name];
      } else {
        values[name] = step === 1 ? Math.round(+input.value) : +input.value;
        input.value = values[name];
      }
      save();
    });
    label.append(title, input);
    fieldset.append(label);
  }
  thinking.checked = !!values.no_thinking;
  thinking.onchange = () => ((values.no_thinking = thinking.checked), save());
}

export function reset() {
  values = {};
  save();
}

// request returns the fields of a request, except its messages.
export function request() {
  const { no_thinking, ...body } = values;
  if (state.model) body.model = state.model;
  if (no_thinking) body.reasoning_effort = "none";
  return body;
}
