/* Tables sort by a click on a heading, or Enter on it: up, down, as it was. Without this script they stand as written. */
(() => {
  const UNITS = {ms: 0.001, s: 1, min: 60, h: 3600, B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, k: 1e3, M: 1e6};
  const number = text => {
    const plain = text.replace(/\u2212/g, "-").replace(/(\d),(?=\d{3})/g, "$1");
    const found = [...plain.matchAll(/([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*([a-zA-Z]+)?/g)];
    if (!found.length) return null;
    const value = one => parseFloat(one[1]) * (UNITS[one[2]] || 1);
    const parts = ["min", "h"].includes(found[0][2]) ? found : found.slice(0, 1);
    return parts.reduce((sum, one) => sum + value(one), 0);
  };
  const cell = (row, column) => {
    let at = 0;
    for (const one of row.cells) {
      if (at === column && one.colSpan === 1) return one;
      at += one.colSpan;
    }
    return null;
  };
  const compare = (a, b, numeric) => numeric ? a - b : a.localeCompare(b, "en", {numeric: true});
  for (const table of document.querySelectorAll("main table")) {
    const body = table.tBodies[0], head = table.tHead && table.tHead.rows[0];
    if (!head || table.tBodies.length !== 1 || body.rows.length < 3 || body.querySelector("[rowspan]")) continue;
    const written = [...body.rows];
    [...head.cells].forEach((heading, column) => {
      if (!heading.textContent.trim()) return;
      const numeric = heading.classList.contains("n"), button = document.createElement("button");
      button.type = "button";
      button.title = "Sort by this column";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const next = {ascending: "descending", descending: null}[heading.getAttribute("aria-sort")];
        const order = next === undefined ? "ascending" : next;
        for (const other of head.cells) other.removeAttribute("aria-sort");
        let rows = written;
        if (order) {
          heading.setAttribute("aria-sort", order);
          const keys = new Map(written.map(row => {
            const one = cell(row, column), text = one ? one.textContent.trim() : "";
            return [row, numeric ? number(text) : text || null];
          }));
          const sign = order === "ascending" ? 1 : -1;
          rows = [...written].sort((a, b) => {
            const x = keys.get(a), y = keys.get(b);
            return x === null || y === null ? (x === null) - (y === null) : sign * compare(x, y, numeric);
          });
        }
        body.append(...rows);
      });
    });
  }
})();
