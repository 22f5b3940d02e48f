// The messages as they are shown. Elements are made once for each message and brought up
// to date, a frame at a time, while an answer comes.

import { render } from "./markdown.js";

const make = (name, className, ...children) => {
  const e = document.createElement(name);
  if (className) e.className = className;
  e.append(...children);
  return e;
};

export const button = (text, title, action) => {
  const b = make("button", "", text);
  b.type = "button";
  b.title = title;
  if (!/\p{L}/u.test(text)) b.setAttribute("aria-label", title); // a sign says nothing to those who listen
  b.addEventListener("click", action);
  return b;
};

// message returns the element of a message.
export function message(m) {
  const body = make("div", "body"), actions = make("div", "actions"), e = make("article", "message " + m.role, body, actions);
  e.setAttribute("aria-label", m.role === "user" ? "You" : m.role === "system" ? "System message" : "The model");
  update(e, m);
  return e;
}

// update brings the element of a message up to date. Live is true while an answer comes.
export function update(e, m, live = false) {
  const body = e.querySelector(":scope > .body");
  if (m.role !== "assistant") {
    if (body.childElementCount || body.textContent !== m.content) body.textContent = m.content;
    return;
  }
  let thought = e.querySelector(":scope > .thought");
  if (m.thought) {
    if (!thought) {
      thought = make("details", "thought", make("summary", ""), make("div", ""));
      body.before(thought);
    }
    thought.firstChild.textContent = live && !m.content ? "Thinking…" : "Thought";
    const text = thought.lastChild;
    if (text.textContent !== m.thought) text.textContent = m.thought;
  } else thought?.remove();
  render(body, m.content);
}

// place makes a list of elements the children of another. Those that are in their places are
// not touched: they keep the focus, a selection, and how far they are scrolled.
export function place(parent, list) {
  const stay = new Set(list);
  for (const e of [...parent.children]) if (!stay.has(e)) e.remove();
  list.forEach((e, i) => parent.children[i] !== e && parent.insertBefore(e, parent.children[i] ?? null));
}

// Follower keeps the end of what scrolls in sight, while the reader is there.
export class Follower {
  constructor(scroll) {
    this.scroll = scroll;
    this.follows = true;
    let before = 0;
    scroll.addEventListener(
      "scroll",
      () => {
        // Text that came meanwhile takes the end away, too: only a reader goes upwards.
        if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60) this.follows = true;
        else if (scroll.scrollTop < before) this.follows = false;
        before = scroll.scrollTop;
      },
      { passive: true },
    );
  }
  now() {
    if (this.follows) this.scroll.scrollTop = this.scroll.scrollHeight;
  }
  end() {
    this.follows = true;
    this.now();
  }
}

// frames calls f at most once a frame, and not at all while nothing has changed. Hidden
// pages have no frames: a timer does there.
export function frames(f) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    const go = () => ((waiting = false), f());
    if (document.hidden) setTimeout(go, 250);
    else requestAnimationFrame(go);
  };
}

// download saves a text as a file.
export function download(name, text) {
  const a = make("a", "");
  a.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}
