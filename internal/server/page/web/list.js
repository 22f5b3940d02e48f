// The list of conversations.

import { button } from "./view.js";

// entry returns the line of a conversation. Actions are open(id), rename(id, title), with ""
// for a title that stays, and remove(id).
export function entry(c, current, actions) {
  const li = document.createElement("li"), title = c.title || "New chat";
  const open = button(title, "Open: " + title, () => actions.open(c.id));
  open.className = "open";
  const rename = button("✎", "Rename: " + title, () => {
    const input = document.createElement("input");
    input.value = title;
    input.setAttribute("aria-label", "New title");
    let done = false;
    const finish = (text) => {
      if (!done) actions.rename(c.id, text.trim());
      done = true;
    };
    input.addEventListener("keydown", (e) => {
      if (e.key === "Enter") finish(input.value);
      if (e.key === "Escape") finish(""), e.stopPropagation();
    });
    input.addEventListener("blur", () => finish(input.value));
    li.replaceChildren(input);
    input.select();
  });
  const remove = button("✕", "Delete: " + title, () => {
    if (confirm(`Delete “${title}”? This cannot be undone.`)) actions.remove(c.id);
  });
  rename.className = remove.className = "act";
  if (current) {
    li.className = "now";
    open.setAttribute("aria-current", "true");
  }
  li.append(open, rename, remove);
  return li;
}
