"use strict";
// Sorting, filtering, paging, zoom, copying and the theme. Everything on the page can be read without it.
(() => {
  const make = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });

  // The theme: that of the system, light or dark; kept where the browser lets a file keep something.
  const button = document.getElementById("theme");
  const themes = ["as the system", "light", "dark"];
  const stored = () => { try { return localStorage.getItem("automl-theme"); } catch { return null; } };
  const show = (theme) => {
    if (theme === themes[0]) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = "Theme: " + theme;
  };
  let theme = themes.includes(stored()) ? stored() : themes[0];
  show(theme);
  button.hidden = false;
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    show(theme);
    try { localStorage.setItem("automl-theme", theme); } catch { /* It lasts as long as the page. */ }
  });

  // Long tables: a page of what the filter leaves at a time.
  const PAGE = 25;
  const views = new Map();
  const view = (table) => {
    if (!views.has(table)) views.set(table, { words: [], page: 0, pager: pager(table) });
    return views.get(table);
  };
  const show_rows = (table) => {
    const { words, page, pager } = view(table);
    const matches = (row) => { const text = row.textContent.toLowerCase(); return words.every((word) => text.includes(word)); };
    const rows = [...table.tBodies[0].rows], found = rows.filter(matches);
    const first = pager ? PAGE * page : 0, last = pager ? Math.min(first + PAGE, found.length) : found.length;
    const shown = new Set(found.slice(first, last));
    for (const row of rows) row.hidden = !shown.has(row);
    if (!pager) return;
    pager.place.textContent = found.length ? `Rows ${first + 1} to ${last} of ${found.length}` : "No rows";
    pager.back.disabled = first === 0;
    pager.on.disabled = last === found.length;
  };
  const pager = (table) => {
    if (table.tBodies[0].rows.length <= PAGE) return null;
    const box = make("div", ""), place = make("span", "");
    const turn = (text, by) => {
      const button = make("button", text);
      button.type = "button";
      button.addEventListener("click", () => { view(table).page += by; show_rows(table); });
      return button;
    };
    const [back, on] = [turn("Previous", -1), turn("Next", 1)];
    box.className = "pager";
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Pages: " + (table.closest(".scroll").getAttribute("aria-label") ?? "table"));
    place.setAttribute("aria-live", "polite");
    box.append(back, place, on);
    table.closest(".scroll").after(box);
    return { place, back, on };
  };
  const from_the_start = (table) => { view(table).page = 0; show_rows(table); };
  document.querySelectorAll("table.filterable").forEach(from_the_start);

  // Tables: a click on a heading sorts, by numbers where both cells have one. What has none stands last either way.
  const number = (cell) => {
    const text = (cell.dataset.sort ?? cell.textContent).replace(/[,\u00a0 ]/g, "").replace("\u2212", "-").replace("#", "");
    return text === "" ? NaN : parseFloat(text);
  };
  const compare = (a, b, sign) => {
    const [x, y] = [number(a), number(b)];
    if (Number.isNaN(x) && Number.isNaN(y)) return sign * a.textContent.localeCompare(b.textContent);
    if (Number.isNaN(x)) return 1;
    if (Number.isNaN(y)) return -1;
    return sign * (x - y);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    table.querySelectorAll("thead th").forEach((heading, place) => {
      const sorter = make("button", heading.textContent);
      sorter.type = "button";
      heading.replaceChildren(sorter);
      sorter.addEventListener("click", () => {
        const down = heading.getAttribute("aria-sort") === "ascending";
        for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0];
        const sign = down ? -1 : 1;
        const rows = [...body.rows].sort((a, b) => compare(a.cells[place], b.cells[place], sign));
        body.append(...rows);
        from_the_start(table);
      });
    });
  }
  for (const table of document.querySelectorAll("table.filterable")) {
    if (table.tBodies[0].rows.length < 8) continue;
    const label = make("label", "Filter rows");
    label.className = "filter";
    const input = document.createElement("input");
    input.type = "search";
    label.append(input);
    table.closest(".scroll").before(label);
    input.addEventListener("input", () => {
      view(table).words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      from_the_start(table);
    });
  }

  // Charts: a button enlarges, and so does a click on the chart.
  const zoom = document.getElementById("zoom");
  for (const figure of document.querySelectorAll("figure")) {
    const open = () => {
      zoom.querySelector("div").replaceChildren(figure.querySelector(".wide svg").cloneNode(true));
      zoom.showModal();
    };
    const enlarge = make("button", "Enlarge");
    enlarge.type = "button";
    enlarge.className = "enlarge";
    enlarge.setAttribute("aria-label", "Enlarge: " + figure.querySelector("h3").textContent);
    enlarge.addEventListener("click", open);
    figure.querySelector("h3").after(enlarge);
    for (const chart of figure.querySelectorAll("svg")) chart.addEventListener("click", open);
  }
  zoom.addEventListener("click", (event) => { if (event.target === zoom) zoom.close(); });

  // Commands and configuration: a button copies.
  for (const text of document.querySelectorAll("pre.copy")) {
    const box = make("div", "");
    box.className = "copy-box";
    text.replaceWith(box);
    const copy = make("button", "Copy");
    copy.type = "button";
    box.append(text, copy);
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(text);
        copy.textContent = "Selected: press Ctrl+C";
      }
      setTimeout(() => { copy.textContent = "Copy"; }, 2500);
    });
  }
})();
