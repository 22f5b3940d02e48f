// This script adds keyboard shortcuts for voting, and makes a double click count as one vote. The
// page works without it.
const vote = document.querySelector("#vote");
const undo = document.querySelector("#undo button");
let sent = false;

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
}

// If the browser restores the page from its cache, a form can be sent again.
addEventListener("pageshow", () => { sent = false; });

addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea")) return;
  const button = event.key.toLowerCase() === "u" ? undo : vote?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
});

// While a judge waits, this page asks the server every second whether the pair is ready, and then
// opens the pair. It also reloads when there is a notice for the judge.
const wait = document.querySelector("#wait");
const own = document.querySelector("#own");
const ahead = document.querySelector("#ahead");
const look = async () => {
  try {
    const answer = await (await fetch("/ready")).json();
    // A prompt that is being written must not be lost.
    if ((answer.ready || answer.notice !== Number(wait.dataset.notice)) && !own?.value) {
      location.replace("/");
      return;
    }
    if (ahead) {
      ahead.value = answer.made;
      ahead.previousElementSibling.querySelector("span").textContent = answer.made;
    }
  } catch {
    // The server does not answer: the program may be restarting.
  }
  setTimeout(look, 1000);
};
if (wait) setTimeout(look, 1000);
