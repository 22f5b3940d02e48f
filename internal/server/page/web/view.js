// This module makes the elements of messages. Each message has one element. While an answer
// arrives, its element is updated at most once a frame.

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
  if (!/\p{L}/u.test(text)) b.setAttribute("aria-label", title); // screen readers cannot read a symbol
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

// update updates the element of a message. live is true while its answer arrives.
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

// place makes the elements of list the children of parent. It does not touch elements that are
// already in place, so that they keep focus, selection and scroll position.
export function place(parent, list) {
  const stay = new Set(list);
  for (const e of [...parent.children]) if (!stay.has(e)) e.remove();
  list.forEach((e, i) => parent.children[i] !== e && parent.insertBefore(e, parent.children[i] ?? null));
}

// Follower keeps the end of a scrolled element in sight while the reader is at the end.
export class Follower {
  constructor(scroll) {
    this.scroll = scroll;
    this.follows = true;
    this.before = 0; // the last scroll position
    scroll.addEventListener("scroll", () => this.look(), { passive: true });
  }
  // look updates this.follows. New text also moves the end away from the reader, so look stops
  // following only if the scroll position moved up.
  look() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroll;
    if (scrollHeight - scrollTop - clientHeight < 60) this.follows = true;
    else if (scrollTop < this.before) this.follows = false;
    this.before = scrollTop;
  }
  now() {
    this.look(); // the event of the reader's last scrolling may not have arrived yet
    if (this.follows) this.end();
  }
  end() {
    this.follows = true;
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.before = this.scroll.scrollTop;
  }
}

// frames returns a function that schedules f for the next frame, unless f is already scheduled.
// Hidden pages have no frames, so there f runs after 250 ms.
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

// download saves a JSON text as a file.
export function download(name, text) {
  const a = make("a", "");
  a.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}
