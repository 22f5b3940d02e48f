// Text files that are dropped on the page.

const most = 1 << 20; // bytes of a file

// takeFiles calls take with the name and the text of each file, and refuse with what is wrong.
export function takeFiles(take, refuse) {
  addEventListener("dragover", (e) => {
    if (![...e.dataTransfer.types].includes("Files")) return;
    e.preventDefault();
    document.body.classList.add("drop");
  });
  addEventListener("dragleave", (e) => e.relatedTarget || document.body.classList.remove("drop"));
  addEventListener("drop", async (e) => {
    if (!e.dataTransfer.files.length) return;
    e.preventDefault();
    document.body.classList.remove("drop");
    for (const file of [...e.dataTransfer.files]) {
      if (file.size > most) {
        refuse(`${file.name} is larger than a megabyte.`);
        continue;
      }
      try {
        take(file.name, new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()));
      } catch {
        refuse(`${file.name} is no text.`);
      }
    }
  });
}
