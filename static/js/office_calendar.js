// Moves around an office's calendar by keyboard (templates/spaces/office_calendar.html): one tab stop, arrows between days and
// entries, Page Up and Page Down turn the page, T leads to today. Without this file everything is a link, and works the same.
const KEYS = { PageUp: "earlier", PageDown: "later", t: "today", T: "today" };

class Calendar {
  constructor(root) {
    this.root = root;
    this.table = root.querySelector("table");
    this.isMonth = root.dataset.calendar === "month";
    this.columns = this.isMonth ? this.monthColumns() : this.dayColumns();
    if (!this.columns.length) return;
    this.table.setAttribute("role", "grid");
    this.all.forEach((stop) => this.rest(stop));
    this.settle(this.all.find((stop) => stop.closest("[aria-current]")) ?? this.all[0]);
    this.table.addEventListener("keydown", (event) => this.onKey(event));
    this.table.addEventListener("focusin", (event) => {
      const stop = this.all.find((one) => one === event.target);
      if (stop) this.settle(stop);
    });
  }

  get all() { return this.columns.flat(); }

  // Of a month: for each weekday its days, from top to bottom. What a day holds is reached from it by Tab.
  monthColumns() {
    const rows = [...this.table.tBodies[0].rows].map((row) => [...row.querySelectorAll(".month-day")]);
    return rows[0].map((_, column) => rows.map((days) => days[column]));
  }

  // Of a day or a week: for each column its head, then its blocks from top to bottom; a block that is no link is its cell.
  dayColumns() {
    const heads = [...this.table.querySelectorAll("thead th a")];
    return heads.map((head, column) => [
      head,
      ...[...this.table.querySelectorAll(`td[data-column="${column}"]`)].flatMap((cell) => {
        const links = [...cell.querySelectorAll("a")];
        return links.length ? links : [cell];
      }),
    ]);
  }

  rest(stop) {
    stop.tabIndex = -1;
    if (this.isMonth) stop.parentElement.querySelectorAll(".month-entries a").forEach((link) => { link.tabIndex = -1; });
  }

  settle(stop) {
    if (this.at) this.rest(this.at);
    this.at = stop;
    stop.tabIndex = 0;
    if (this.isMonth) stop.parentElement.querySelectorAll(".month-entries a").forEach((link) => { link.tabIndex = 0; });
  }

  place() {
    const column = this.columns.findIndex((stops) => stops.includes(this.at));
    return { column, row: this.columns[column].indexOf(this.at) };
  }

  // Sideways to the same row of a month; in a week to the head from the head, else to what is nearest in time.
  beside(column) {
    const { row } = this.place();
    const stops = this.columns[Math.max(0, Math.min(this.columns.length - 1, column))];
    if (this.isMonth || row === 0 || stops.length === 1) return stops[this.isMonth ? row : 0];
    const top = (stop) => stop.closest("td").getBoundingClientRect().top;
    const here = top(this.at);
    return stops.slice(1).reduce((best, stop) => (Math.abs(top(stop) - here) < Math.abs(top(best) - here) ? stop : best));
  }

  step(key) {
    const { column, row } = this.place();
    const onward = getComputedStyle(this.root).direction === "rtl" ? -1 : 1;
    const stops = this.columns[column];
    switch (key) {
      case "ArrowUp": return stops[Math.max(0, row - 1)];
      case "ArrowDown": return stops[Math.min(stops.length - 1, row + 1)];
      case "ArrowLeft": return this.beside(column - onward);
      case "ArrowRight": return this.beside(column + onward);
      case "Home": return this.beside(0);
      case "End": return this.beside(this.columns.length - 1);
      default: return null;
    }
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.all.includes(event.target)) return;
    const page = KEYS[event.key] && this.root.querySelector(`[data-go="${KEYS[event.key]}"]`);
    const stop = page ? null : this.step(event.key);
    if (!page && !stop) return;
    event.preventDefault();
    if (stop) { this.settle(stop); stop.focus(); return; }
    returning = { isToday: KEYS[event.key] === "today", ...this.place() };
    page.click();
  }

  // After the page was turned by keyboard, the focus stands where it stood; after T, on today.
  welcome({ isToday, column, row }) {
    const stops = this.columns[Math.min(column, this.columns.length - 1)];
    const stop = isToday ? this.at : stops[this.isMonth ? Math.min(row, stops.length - 1) : 0];
    this.settle(stop);
    stop.focus();
  }
}

let returning = null;   // where the focus was when a key turned the page

const begin = (root) => {
  const print = root.querySelector("[data-print]");
  print.hidden = false;
  print.addEventListener("click", () => window.print());
  const calendar = new Calendar(root);
  if (returning) calendar.welcome(returning);
  returning = null;
};

begin(document.querySelector("[data-calendar]"));
document.addEventListener("htmx:load", (event) => {
  if (!event.detail.elt.matches("[data-calendar]")) return;
  begin(event.detail.elt);
  document.querySelector("#calendar-said").textContent = event.detail.elt.querySelector("h2").textContent.trim();
});
