// One box ticks all boxes of its table; without this file every box can still be ticked by itself.
document.addEventListener("change", (event) => {
  const all = event.target;
  if (!(all instanceof HTMLInputElement) || !all.matches("input[data-all]")) return;
  const boxes = all.closest("form, table").querySelectorAll('input[type="checkbox"][name="' + all.dataset.all + '"]');
  boxes.forEach((box) => { box.checked = all.checked; });
});
// The box that needs this file is shown by it.
document.querySelectorAll("input[data-all]").forEach((box) => { box.hidden = false; });
