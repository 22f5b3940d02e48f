// This module reads text files, which become part of a message.

const most = 1 << 20; // the largest size of a file, in bytes

// taken calls take(name, text) for each text file, and refuse(message) for other files and for
// files that are too large.
export async function taken(files, take, refuse) {
  for (const file of files) {
    if (file.size > most) {
      refuse(`${file.name} is larger than a megabyte.`);
      continue;
    }
    try {
      take(file.name, new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()));
    } catch {
      refuse(`${file.name} is not a text file.`);
    }
  }
}

// dropped passes files that are dropped on the page to taken.
export function dropped(take, refuse) {
  addEventListener("dragover", (e) => {
    if (![...e.dataTransfer.types].includes("Files")) return;
    e.preventDefault();
    document.body.classList.add("drop");
  });
  addEventListener("dragleave", (e) => e.relatedTarget || document.body.classList.remove("drop"));
  addEventListener("drop", (e) => {
    if (!e.dataTransfer.files.length) return;
    e.preventDefault();
    document.body.classList.remove("drop");
    taken([...e.dataTransfer.files], take, refuse);
  });
}
