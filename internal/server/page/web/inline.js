// This module renders Markdown's inline elements: emphasis, code, links and escapes.

const longest = 500; // the longest text of a link, in UTF-16 code units

// el returns an element. children are nodes and strings.
export const el = (name, ...children) => {
  const e = document.createElement(name);
  e.append(...children);
  return e;
};

const names = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", copy: "©", hellip: "…", mdash: "—", ndash: "–", times: "×", rarr: "→", larr: "←" };

// entity returns the character of an HTML entity, or whole if the entity is not known.
function entity(whole, name) {
  if (name[0] !== "#") return names[name] ?? whole;
  const n = /^#x/i.test(name) ? parseInt(name.slice(2), 16) : parseInt(name.slice(1));
  return n > 0 && n < 0x110000 && !(n >= 0xd800 && n < 0xe000) ? String.fromCodePoint(n) : "\ufffd";
}

// link returns a list with a link that shows nodes, if target is an
// http, https or mailto address. For other targets it returns nodes.
export function link(target, nodes) {
  let url;
  try {
    url = new URL(target);
  } catch {
    return nodes;
  }
  if (!["http:", "https:", "mailto:"].includes(url.protocol)) return nodes;
  const a = el("a", ...nodes);
  a.href = url.href;
  a.rel = "noopener noreferrer";
  a.target = "_blank";
  return [a];
}

const patterns = {
  "\\": /\\([!-/:-@[-`{-~])/y,
  "&": /&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});/y,
  "<": /<((?:https?:\/\/|mailto:)[^\s<>]*)>/y,
  h: /https?:\/\/[^\s<>"'`]*[^\s<>"'`.,:;!?)\]}*_]/y,
  " ": / +\n?/y,
};
const destination = /\(\s*(?:<([^<>\n]*)>|((?:[^\s()\\]|\\.|\([^\s()]*\))*))(?:\s+(?:"[^"]*"|'[^']*'|\([^)]*\)))?\s*\)/y;

// inline parses a text and returns its nodes.
export function inline(text, inLink = false) {
  const out = []; // nodes and delimiter runs {char, count, opens, closes}
  let plain = "", i = 0, runs;
  const flush = () => {
    if (plain) out.push(document.createTextNode(plain));
    plain = "";
  };
  const push = (...nodes) => (flush(), out.push(...nodes));
  const match = (c) => {
    patterns[c].lastIndex = i;
    return patterns[c].exec(text);
  };
  while (i < text.length) {
    const c = text[i];
    let m;
    if (c === "\\" && text[i + 1] === "\n") push(el("br")), (i += 2);
    else if (c === "\\" && (m = match(c))) (plain += m[1]), (i += 2);
    else if (c === "&" && (m = match(c))) (plain += entity(m[0], m[1])), (i += m[0].length);
    else if (c === "<" && !inLink && (m = match(c))) push(...link(m[1], [m[1]])), (i += m[0].length);
    else if (c === " ") {
      m = match(c)[0]; // the whole run at once: matching at each space would take quadratic time
      if (/^ {2,}\n/.test(m)) push(el("br"));
      else plain += m;
      i += m.length;
    }
    else if (c === "h" && !inLink && !/\w/.test(text[i - 1] || "") && (m = match(c))) push(...link(m[0], [m[0]])), (i += m[0].length);
    else if (c === "`") {
      runs ??= ticks(text);
      const n = runs.at.get(i) ?? 1, same = runs.of.get(n) || [];
      while (same.length && same[0] <= i) same.shift();
      if (same.length) {
        let body = text.slice(i + n, same[0]).replace(/\n/g, " ");
        if (/^ .*\S.* $/.test(body)) body = body.slice(1, -1);
        push(el("code", body));
        i = same[0] + n;
      } else (plain += text.slice(i, i + n)), (i += n);
    } else if ((c === "[" || (c === "!" && text[i + 1] === "[")) && !inLink && (m = bracket(text, c === "!" ? i + 1 : i))) {
      push(...link(m.target, inline(m.label || m.target, true)));
      i = m.end;
    } else if (c === "*" || c === "_" || (c === "~" && text[i + 1] === "~")) {
      let n = 1;
      while (text[i + n] === c) n++;
      push(delimiter(text, i, n, c));
      i += n;
    } else (plain += c), i++;
  }
  flush();
  return emphasize(out);
}

// ticks finds the runs of backticks in a text. It returns two maps. The map "at" leads from the
// index of a run to its length. The map "of" leads from a length to the indices of the runs with
// this length.
function ticks(text) {
  const at = new Map(), of = new Map();
  for (const m of text.matchAll(/`+/g)) {
    const n = m[0].length;
    at.set(m.index, n);
    of.get(n)?.push(m.index) ?? of.set(n, [m.index]);
  }
  return { at, of };
}

// bracket parses [label](target) at i, and returns {label, target, end} or null.
function bracket(text, i) {
  let depth = 0, k = i;
  for (const end = Math.min(text.length, i + longest); k < end; k++) {
    if (text[k] === "\\") k++;
    else if (text[k] === "[") depth++;
    else if (text[k] === "]" && --depth === 0) break;
  }
  if (text[k] !== "]" || text[k + 1] !== "(") return null;
  destination.lastIndex = k + 1;
  const m = destination.exec(text);
  return m && { label: text.slice(i + 1, k), target: (m[1] ?? m[2]).replace(/\\(.)/g, "$1"), end: k + 1 + m[0].length };
}

// delimiter returns a delimiter run, and decides from the characters beside it whether it can
// open or close emphasis.
function delimiter(text, i, count, char) {
  const before = text[i - 1] || " ", after = text[i + count] || " ";
  const space = /\s/, punctuation = /[\p{P}\p{S}]/u;
  const left = !space.test(after) && (!punctuation.test(after) || space.test(before) || punctuation.test(before));
  const right = !space.test(before) && (!punctuation.test(before) || space.test(after) || punctuation.test(after));
  if (char !== "_") return { char, count, opens: left, closes: right };
  return { char, count, opens: left && (!right || punctuation.test(before)), closes: right && (!left || punctuation.test(after)) };
}

// emphasize pairs each closing delimiter run in list with the nearest opening run.
function emphasize(list) {
  for (let j = 0; j < list.length; j++) {
    const close = list[j];
    if (!close.char || !close.closes) continue;
    for (let k = j - 1; k >= 0; k--) {
      const open = list[k];
      if (open.char !== close.char || !open.opens || !open.count) continue;
      if ((open.closes || close.opens) && (open.count + close.count) % 3 === 0 && (open.count % 3 || close.count % 3)) continue;
      const n = Math.min(open.count, close.count, 2);
      if (close.char === "~" && n < 2) continue;
      const inside = list.slice(k + 1, j).map(asNode);
      const node = el(close.char === "~" ? "del" : n === 2 ? "strong" : "em", ...inside);
      open.count -= n;
      close.count -= n;
      list.splice(k + 1, j - k - 1, node);
      j = k + 2; // close has moved to this index
      if (!close.count) break;
      k = j - 1; // the index of the new node, so that the loop continues with the rest of open
    }
  }
  return list.map(asNode);
}

const asNode = (x) => (x.char ? document.createTextNode(x.char.repeat(x.count)) : x);
