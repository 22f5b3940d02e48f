// Keys for those who vote, and one vote for a double click. The page works without it.
const vote = document.querySelector("#vote");
const undo = document.querySelector("#undo button");
let sent = false;

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
}

// A page that comes back from the cache of the browser can be used again.
addEventListener("pageshow", () => { sent = false; });

addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea")) return;
  const button = event.key.toLowerCase() === "u" ? undo : vote?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
});
