// This module draws the list of conversations.

import { button, place } from "./view.js";

// fill updates the list of conversations. Unchanged lines stay in the
// document, so that the focus and a title that is being edited are not lost.
export function fill(ul, conversations, current, actions, empty) {
  const old = new Map([...ul.children].map((li) => [li.dataset.id, li]));
  const lines = conversations.map((c) => {
    const key = JSON.stringify([c.title, c.id === current]), before = old.get(c.id);
    if (before && (before.dataset.key === key || before.querySelector("input"))) return before;
    const li = entry(c, c.id === current, actions), focus = before?.contains(document.activeElement) && document.activeElement.className;
    Object.assign(li.dataset, { id: c.id, key });
    if (focus) requestAnimationFrame(() => li.getElementsByClassName(focus)[0]?.focus());
    return li;
  });
  if (!lines.length && empty) lines.push(Object.assign(document.createElement("li"), { className: "none", textContent: empty }));
  place(ul, lines);
}

// entry returns the line of a conversation. actions has open(id), rename(id, title) and
// remove(conversation). The title "" means that the title stays.
function entry(c, current, actions) {
  const li = document.createElement("li"), title = c.title || "New chat";
  const open = button(title, "Open: " + title, () => actions.open(c.id));
  open.className = "open";
  const rename = button("✎", "Rename: " + title, () => {
    const input = document.createElement("input");
    input.value = title;
    input.setAttribute("aria-label", "New title");
    let done = false;
    const finish = (text) => {
      if (done) return;
      done = true;
      li.replaceChildren(open, rename, remove);
      actions.rename(c.id, text.trim());
    };
    input.addEventListener("keydown", (e) => {
      if (e.key !== "Enter" && e.key !== "Escape") return;
      e.preventDefault(); // otherwise Enter would also press the button that gets the focus
      e.stopPropagation();
      finish(e.key === "Enter" ? input.value : "");
      rename.focus();
    });
    input.addEventListener("blur", () => finish(input.value));
    li.replaceChildren(input);
    input.select();
  });
  const remove = button("✕", "Delete: " + title, () => actions.remove(c));
  rename.className = "act rename";
  remove.className = "act remove";
  if (current) {
    li.className = "now";
    open.setAttribute("aria-current", "true");
  }
  li.append(open, rename, remove);
  return li;
}
