// This script adds keyboard shortcuts, and a button that asks the model. The pages work without it.

const typing = (e) => e.target.closest("input, textarea, select") || e.ctrlKey || e.metaKey || e.altKey;

// step moves the focus to the next row (by 1) or the previous row (by -1).
function step(by) {
  const links = [...document.querySelectorAll("a.permalink")];
  if (!links.length) return;
  const at = links.findIndex((a) => a.closest(".row").contains(document.activeElement));
  const next = links[Math.min(Math.max(at + by, 0), links.length - 1)];
  next.focus({ preventScroll: true });
  next.closest(".row").scrollIntoView({ block: "nearest" });
}

const follow = (selector) => document.querySelector(selector)?.click();

const keys = {
  "/": () => document.querySelector("#search, #sql")?.focus(),
  j: () => step(1),
  k: () => step(-1),
  n: () => follow("#next"),
  r: () => follow("#random"),
};

addEventListener("keydown", (e) => {
  if (e.key === "Enter" && e.ctrlKey && e.target.id === "sql") e.target.form.requestSubmit();
  if (e.key === "Escape" && typing(e)) e.target.blur();
  if (typing(e) || !Object.hasOwn(keys, e.key)) return;
  e.preventDefault();
  keys[e.key]();
});

// A new order takes effect at once.
document.querySelector("#sort")?.addEventListener("change", (e) => e.target.form.requestSubmit());

const run = document.querySelector("#run");
run?.addEventListener("click", async () => {
  const answer = document.querySelector("#answer");
  const { instruction, input, system } = run.dataset;
  const messages = [{ role: "user", content: input ? `${instruction}\n\n${input}` : instruction }];
  if (system) messages.unshift({ role: "system", content: system });
  run.disabled = true;
  answer.textContent = "…";
  try {
    const reply = await fetch("/v1/chat/completions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ messages, max_tokens: 512 }),
    });
    const body = await reply.json();
    answer.textContent = reply.ok ? body.choices[0].message.content : body.error.message;
  } catch (e) {
    answer.textContent = `The server cannot be reached: ${e.message}`;
  }
  run.disabled = false;
});
