// This module renders a model's Markdown as DOM nodes. It parses nothing as HTML: text from a
// model becomes text nodes, and links have only http, https and mailto targets.

import { copy } from "./clipboard.js";
import { el, inline } from "./inline.js";

// render makes target show text. Blocks that have not changed stay in the document. So a long
// answer costs only its new blocks, and the reader's selection survives.
export function render(target, text) {
  const blocks = parse(text.replace(/\r\n?/g, "\n").split("\n"));
  const shown = target.sources || (target.sources = []);
  let same = 0;
  while (same < blocks.length && same < shown.length && shown[same] === blocks[same].source) same++;
  if (same < blocks.length && same < shown.length && blocks[same].extend?.(target.childNodes[same], shown[same])) same++;
  while (target.childNodes.length > same) target.lastChild.remove();
  for (const block of blocks.slice(same)) target.append(block.build());
  target.sources = blocks.map((b) => b.source);
}

const fence = /^( {0,3})(`{3,}|~{3,})[ \t]*([^`\n]*)$/;
const heading = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const rule = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const quote = /^ {0,3}> ?/;
const item = /^( {0,3})([-*+]|\d{1,9}[.)])(?:([ \t]+)(.*))?$/;
const divider = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const deepest = 16; // the deepest nesting of quotes and lists
const blank = (line) => !/\S/.test(line);

// parse divides lines into blocks {source, build, extend}. build returns the block's node.
// extend(node, source) updates the node of an earlier source, or returns false; only code blocks
// have extend. Quotes and lists that are nested too deep stay text.
function parse(lines, depth = 0) {
  const blocks = [];
  let i = 0;
  const add = (from, to, kind, build, extend) => blocks.push({ source: kind + lines.slice(from, to).join("\n"), build, extend });
  while (i < lines.length) {
    const start = i, line = lines[i];
    let m;
    if (blank(line)) {
      i++;
    } else if ((m = fence.exec(line))) {
      const mark = m[2][0], least = m[2].length, indent = m[1].length, language = m[3].trim().split(/\s/)[0];
      const end = new RegExp("^ {0,3}\\" + mark + "{" + least + ",}[ \\t]*$");
      const body = [];
      for (i++; i < lines.length && !end.test(lines[i]); i++) {
        let l = lines[i];
        for (let k = 0; k < indent && l[0] === " "; k++) l = l.slice(1);
        body.push(l);
      }
      i++;
      const extend = (node, source) => {
        if (!source.startsWith("code" + line + "\n")) return false;
        node.querySelector("code").textContent = body.join("\n");
        return true;
      };
      add(start, i, "code", () => code(body.join("\n"), language), extend);
    } else if ((m = heading.exec(line))) {
      i++;
      add(start, i, "h", () => el("h" + m[1].length, ...inline(m[2] || "")));
    } else if (rule.test(line)) {
      i++;
      add(start, i, "hr", () => el("hr"));
    } else if (depth < deepest && quote.test(line)) {
      const body = [];
      while (i < lines.length && !blank(lines[i]) && (quote.test(lines[i]) || !starts(lines[i]))) body.push(lines[i++].replace(quote, ""));
      add(start, i, "q", () => el("blockquote", ...parse(body, depth + 1).map((b) => b.build())));
    } else if (depth < deepest && item.test(line)) {
      i = list(lines, i, depth, add);
    } else if (line.includes("|") && i + 1 < lines.length && divider.test(lines[i + 1]) && cells(line).length === cells(lines[i + 1]).length) {
      for (i += 2; i < lines.length && !blank(lines[i]) && !starts(lines[i]); ) i++;
      const rows = lines.slice(start, i);
      add(start, i, "t", () => table(rows));
    } else {
      for (i++; i < lines.length && !blank(lines[i]) && !starts(lines[i]); ) i++;
      const body = lines.slice(start, i).map((l) => l.trimStart()).join("\n");
      add(start, i, "p", () => el("p", ...inline(body)));
    }
  }
  return blocks;
}

// starts reports whether a line ends the paragraph before it.
function starts(line) {
  const m = item.exec(line);
  return fence.test(line) || heading.test(line) || rule.test(line) || quote.test(line) || (m && m[4] && (!/\d/.test(m[2]) || parseInt(m[2]) === 1));
}

// list adds the list that begins at line i, and returns the index of the line after it.
function list(lines, i, depth, add) {
  const start = i, first = item.exec(lines[i]), ordered = /\d/.test(first[2]), mark = first[2].slice(-1);
  const items = [];
  let loose = false;
  while (i < lines.length) {
    const m = item.exec(lines[i]);
    if (!m || m[2].slice(-1) !== mark || /\d/.test(m[2]) !== ordered || rule.test(lines[i])) break;
    const indent = m[1].length + m[2].length + (m[4] ? Math.min(m[3].length, 4) : 1);
    const body = [m[4] || ""];
    for (i++; i < lines.length; i++) {
      const l = lines[i], inside = l.search(/\S/) >= indent;
      if (blank(l)) {
        let next = i;
        while (next < lines.length && blank(lines[next])) next++;
        if (next === lines.length || (lines[next].search(/\S/) < indent && !item.test(lines[next]))) break;
        if (lines[next].search(/\S/) >= indent || item.test(lines[next])) loose = true;
        body.push("");
      } else if (inside) {
        body.push(l.slice(indent));
      } else if (item.test(l) || starts(l) || body[body.length - 1] === "") {
        break;
      } else {
        body.push(l.trimStart());
      }
    }
    items.push(body);
    while (i < lines.length && blank(lines[i]) && i + 1 < lines.length && item.test(lines[i + 1])) i++;
  }
  const from = parseInt(first[2]);
  add(start, i, "l" + loose, () => {
    const l = el(ordered ? "ol" : "ul");
    if (ordered && from !== 1) l.start = from;
    l.append(...items.map((body) => listItem(body, loose, depth + 1)));
    return l;
  });
  return i;
}

function listItem(body, loose, depth) {
  const li = el("li"), task = /^\[([ xX])\][ \t]+/.exec(body[0]);
  if (task) {
    const box = el("input");
    box.type = "checkbox";
    box.disabled = true;
    box.checked = task[1] !== " ";
    box.className = "task";
    li.append(box, " ");
    body = [body[0].slice(task[0].length), ...body.slice(1)];
  }
  for (const block of parse(body, depth)) {
    const node = block.build();
    if (!loose && node.nodeName === "P") li.append(...node.childNodes);
    else li.append(node);
  }
  return li;
}

// cells returns the cells of a row of a table.
function cells(row) {
  const list = [];
  let cell = "", ticks = false;
  for (let i = 0; i < row.length; i++) {
    if (row[i] === "\\" && row[i + 1] === "|") cell += row[++i];
    else if (row[i] === "|" && !ticks) list.push(cell), (cell = "");
    else {
      if (row[i] === "`") ticks = !ticks;
      cell += row[i];
    }
  }
  list.push(cell);
  if (blank(list[0])) list.shift();
  if (list.length && blank(list[list.length - 1])) list.pop();
  return list.map((c) => c.trim());
}

function table(rows) {
  const align = cells(rows[1]).map((c) => (/^:-+:$/.test(c) ? "center" : /-:$/.test(c) ? "right" : ""));
  const row = (line, name) => {
    const tr = el("tr"), list = cells(line);
    align.forEach((a, i) => {
      const cell = el(name, ...inline(list[i] || ""));
      if (a) cell.className = a;
      tr.append(cell);
    });
    return tr;
  };
  const t = el("table", el("thead", row(rows[0], "th")), el("tbody", ...rows.slice(2).map((r) => row(r, "td"))));
  const scroll = el("div", t);
  scroll.className = "table";
  return scrolls(scroll, "Table");
}

// scrolls makes an element focusable, so that the keyboard can scroll it sideways.
function scrolls(e, name) {
  e.tabIndex = 0;
  e.setAttribute("role", "group");
  e.setAttribute("aria-label", name);
  return e;
}

function code(text, language) {
  const take = el("button", "Copy"), body = el("code", text);
  take.type = "button";
  take.addEventListener("click", async () => {
    try {
      await copy(body.textContent);
      take.textContent = "Copied";
    } catch {
      take.textContent = "Not copied";
    }
    setTimeout(() => (take.textContent = "Copy"), 1500);
  });
  const bar = el("div", el("span", language || "text"), take), block = el("div", bar, scrolls(el("pre", body), language ? "Code, " + language : "Code"));
  bar.className = "bar";
  block.className = "code";
  return block;
}
