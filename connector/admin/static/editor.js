// The text of a mapping file: lines are numbered, those with a mistake marked, and Tab indents. Without this file it is
// a plain text area, and mistakes name their lines beneath it.
document.querySelectorAll(".editor").forEach((editor) => {
  const text = editor.querySelector("textarea");
  const wrong = new Set((editor.dataset.wrong || "").split(" ").filter(Boolean).map(Number));
  const numbers = document.createElement("pre");
  numbers.className = "numbers";
  numbers.setAttribute("aria-hidden", "true");
  editor.prepend(numbers);
  let told = 0;
  let leaving = false;

  const count = () => {
    const lines = text.value.split("\n").length;
    if (lines === told) return;
    told = lines;
    const parts = [];
    for (let line = 1; line <= lines; line += 1) {
      const one = document.createElement(wrong.has(line) ? "b" : "span");
      one.textContent = line;
      parts.push(one, "\n");
    }
    numbers.replaceChildren(...parts);
  };
  const follow = () => { numbers.scrollTop = text.scrollTop; };

  text.addEventListener("input", () => { count(); follow(); });
  text.addEventListener("scroll", follow);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { leaving = true; return; }
    if (event.key !== "Tab" || event.shiftKey || leaving || event.ctrlKey || event.altKey || event.metaKey) {
      if (event.key !== "Shift") leaving = false;
      return;
    }
    event.preventDefault();
    text.setRangeText("  ", text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input"));
  });

  const show = (line) => { text.scrollTop = (line - 6) * (text.scrollHeight / text.value.split("\n").length); };
  document.querySelectorAll("a[data-line]").forEach((link) => {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const lines = text.value.split("\n");
      const at = Number(link.dataset.line) - 1;
      const start = lines.slice(0, at).reduce((sum, line) => sum + line.length + 1, 0);
      text.focus();
      text.setSelectionRange(start, start + (lines[at] || "").length);
      show(at + 1);
    });
  });
  count();
  if (wrong.size) show(Math.min(...wrong));
});
