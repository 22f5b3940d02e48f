// copy puts a text on the clipboard. Browsers give no clipboard to pages that came over plain
// HTTP from another machine. There, copy selects the text and runs the browser's copy command.
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea"), focus = document.activeElement;
  area.className = "hidden";
  area.value = text;
  (document.querySelector("dialog[open]") || document.body).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focus?.focus();
  if (!done) throw new Error("The browser does not let pages copy.");
}
