// This module keeps conversations in the browser. A conversation is a tree of messages. An edited
// question or another answer starts a new branch. leaf is the last message of the shown branch.
//
//   {id, title, created, updated, system, leaf, messages: {id: {id, parent, role, content, …}}}

let opened;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const r = indexedDB.open("alpaca", 1);
    r.onupgradeneeded = () => r.result.createObjectStore("conversations", { keyPath: "id" });
    r.onsuccess = () => resolve(r.result);
    r.onerror = () => reject(r.error);
  });
  return opened;
}

async function run(mode, action) {
  const db = await open();
  return new Promise((resolve, reject) => {
    const t = db.transaction("conversations", mode);
    const r = action(t.objectStore("conversations"));
    t.oncomplete = () => resolve(r.result);
    t.onerror = t.onabort = () => reject(t.error);
  });
}

// channel tells other tabs which conversation has changed.
const channel = new BroadcastChannel("alpaca");
export const onChange = (f) => (channel.onmessage = (e) => f(e.data));

export const all = () => run("readonly", (s) => s.getAll());
export const get = (id) => run("readonly", (s) => s.get(id));
export async function put(c) {
  await run("readwrite", (s) => s.put(c));
  channel.postMessage(c.id);
}
export async function remove(id) {
  await run("readwrite", (s) => s.delete(id));
  channel.postMessage(id);
}

export const newID = () => Date.now().toString(36) + "-" + [...crypto.getRandomValues(new Uint8Array(6))].map((b) => b.toString(16).padStart(2, "0")).join("");

export function create() {
  const now = Date.now();
  return { id: newID(), title: "", created: now, updated: now, system: "", leaf: null, messages: {} };
}

// add adds a message after message parent, or as a first
// message if parent is null. The message becomes the leaf.
export function add(c, parent, message) {
  const m = { id: newID(), parent, created: Date.now(), ...message };
  c.messages[m.id] = m;
  c.leaf = m.id;
  c.updated = Date.now();
  return m;
}

// path returns the messages from the first to leaf.
export function path(c, leaf = c.leaf) {
  const list = [];
  for (let m = c.messages[leaf]; m && list.length < 1e5; m = c.messages[m.parent]) list.unshift(m);
  return list;
}

// asked returns the messages to send: the system message, then the path to message parent.
// before is the text of a begun answer. If before is not empty, it becomes the last message.
export function asked(c, parent, before) {
  const messages = path(c, parent).map(({ role, content }) => ({ role, content }));
  if (c.system) messages.unshift({ role: "system", content: c.system });
  if (before) messages.push({ role: "assistant", content: before });
  return messages;
}

// siblings returns the messages with m's parent and role, m included, the oldest first.
export const siblings = (c, m) => Object.values(c.messages).filter((x) => x.parent === m.parent && x.role === m.role).sort((a, b) => a.created - b.created);

// follow shows a branch through message m. After m,
// the branch takes the newest message at each step.
export function follow(c, m) {
  for (;;) {
    c.leaf = m.id;
    const next = Object.values(c.messages).filter((x) => x.parent === m.id).sort((a, b) => b.created - a.created)[0];
    if (!next) return;
    m = next;
  }
}

// exported returns all conversations as JSON text.
export async function exported() {
  return JSON.stringify({ format: "alpaca-conversations", version: 1, exported: new Date().toISOString(), conversations: await all() }, null, 1);
}

// imported stores the conversations of a text from exported, and returns their number.
export async function imported(text) {
  const data = JSON.parse(text);
  if (data?.format !== "alpaca-conversations" || !Array.isArray(data.conversations)) throw new Error("This file is not an export of conversations.");
  if (data.version !== 1) throw new Error("This export was made by a newer version.");
  const list = data.conversations.map(checked);
  for (const c of list) await put(c);
  return list.length;
}

// rooted throws an error unless every message leads back to a first message.
function rooted(messages) {
  const known = new Set([null]);
  for (const m of Object.values(messages)) {
    const walked = new Set();
    let at = m.id;
    for (; !known.has(at); at = messages[at].parent) {
      if (!messages[at] || walked.has(at)) throw new Error("A message follows itself, or a message that is missing.");
      walked.add(at);
    }
    walked.forEach((id) => known.add(id));
  }
}

// checked returns a conversation with the known fields of c. Most invalid fields get a default; an
// invalid message is an error.
function checked(c) {
  const text = (x) => (typeof x === "string" ? x : "");
  const out = { ...create(), title: text(c.title), system: text(c.system), created: +c.created || Date.now(), updated: +c.updated || Date.now() };
  if (/^[a-z0-9-]{1,64}$/.test(c.id)) out.id = c.id;
  for (const m of Object.values(c.messages || {})) {
    if (!/^[a-z0-9-]{1,64}$/.test(m.id) || !["user", "assistant"].includes(m.role)) throw new Error("A message has no valid id or role.");
    out.messages[m.id] = { id: m.id, parent: text(m.parent) || null, role: m.role, content: text(m.content), thought: text(m.thought), created: +m.created || 0, finish: text(m.finish), stats: text(m.stats), tokens: +m.tokens || 0 };
  }
  rooted(out.messages);
  out.leaf = out.messages[c.leaf] ? c.leaf : null;
  return out;
}
