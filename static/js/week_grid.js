// Paints the checkboxes of a [data-week] (templates/components/week_paint.html) with mouse, pen, finger or keyboard.
// The checkboxes are the data: without this file they are ticked one by one, or chosen from the lists, and the form works the same.
const STEP = 30;      // minutes a row stands for
const HOLD = 280;     // ms a finger rests before it paints instead of scrolling
const LEAP = 4;       // rows of Page Up and Page Down

const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const clamp = (value, size) => Math.max(0, Math.min(size - 1, value));

class WeekGrid {
  constructor(root) {
    this.root = root;
    this.name = root.dataset.name;
    this.days = root.dataset.days.split("|");
    this.tables = [...root.querySelectorAll("table")];
    this.rows = this.tables.flatMap((table) => [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("input")]));
    this.at = { row: 0, col: 0 };
    this.brush = true;
    this.anchor = this.before = null;
    this.said = root.querySelector("output");
    for (const table of this.tables) {
      table.setAttribute("role", "grid");
      table.setAttribute("aria-multiselectable", "true");
      const boxes = [...table.querySelectorAll("input")];
      boxes.forEach((box) => { box.tabIndex = -1; });
      (boxes.find((box) => box.checked) ?? boxes[0]).tabIndex = 0;
    }
    root.addEventListener("keydown", (event) => this.onKey(event));
    root.addEventListener("change", (event) => this.onChange(event));
    root.addEventListener("focusin", (event) => this.isCell(event.target) && this.moveTo(this.place(event.target)));
    root.addEventListener("pointerdown", (event) => this.onDown(event));
    root.addEventListener("click", (event) => this.painted && this.isCell(event.target) && event.preventDefault());
    root.addEventListener("touchmove", (event) => this.painting && event.preventDefault(), { passive: false });
    root.addEventListener("contextmenu", (event) => this.painting && event.preventDefault());
    window.addEventListener("pageshow", () => this.tell());   // going back, the browser fills the boxes by itself
    this.addTools();
    this.round();
  }

  get boxes() { return this.rows.flat(); }

  isCell(element) { return element.matches(".week--paint input"); }

  place(box) {
    const row = this.rows.findIndex((boxes) => boxes.includes(box));
    return { row, col: this.rows[row].indexOf(box) };
  }

  minute(row) { return Number(this.rows[row][0].value.split("-")[1]); }

  // One tab stop in each table; the arrows go from table to table as if they were one, except into a folded one.
  moveTo({ row, col }, focus = false) {
    const box = this.rows[row][col];
    box.closest("table").querySelectorAll("input[tabindex='0']").forEach((other) => { other.tabIndex = -1; });
    box.tabIndex = 0;
    this.at = { row, col };
    if (focus) box.focus();
  }

  isFolded(row) { return this.rows[row][0].closest("details")?.open === false; }

  // A stroke fills the rectangle between its start and where it is now; moving back gives cells back.
  start(place) {
    this.anchor = place;
    this.before = this.rows.map((boxes) => boxes.map((box) => box.checked));
  }

  stretch(to) {
    const [top, bottom] = [this.anchor.row, to.row].sort((a, b) => a - b);
    const [left, right] = [this.anchor.col, to.col].sort((a, b) => a - b);
    this.rows.forEach((boxes, row) => boxes.forEach((box, col) => {
      const inside = row >= top && row <= bottom && col >= left && col <= right;
      box.checked = inside ? this.brush : this.before[row][col];
    }));
    this.tell();
  }

  step(event) {
    const { row, col } = this.at;
    const [rows, cols] = [this.rows.length, this.rows[0].length];
    const onward = getComputedStyle(this.root).direction === "rtl" ? -1 : 1;
    const sideways = this.root.dataset.day ? 0 : onward;
    switch (event.key) {
      case "ArrowUp": return { row: clamp(row - 1, rows), col };
      case "ArrowDown": return { row: clamp(row + 1, rows), col };
      case "ArrowLeft": return { row, col: clamp(col - sideways, cols) };
      case "ArrowRight": return { row, col: clamp(col + sideways, cols) };
      case "PageUp": return { row: clamp(row - LEAP, rows), col };
      case "PageDown": return { row: clamp(row + LEAP, rows), col };
      case "Home": return { row: event.ctrlKey ? 0 : row, col: this.root.dataset.day ? col : 0 };
      case "End": return { row: event.ctrlKey ? rows - 1 : row, col: this.root.dataset.day ? col : cols - 1 };
      default: return null;
    }
  }

  onKey(event) {
    const to = this.isCell(event.target) && this.step(event);
    if (!to) return;
    event.preventDefault();
    while (this.isFolded(to.row)) to.row += to.row > this.at.row ? -1 : 1;
    if (event.shiftKey) {
      if (!this.anchor) this.start(this.at);
      this.stretch(to);
      this.changed();
    } else {
      this.anchor = null;
      this.brush = true;
    }
    this.moveTo(to, true);
  }

  // Space ticks the box by itself; what it did becomes the brush of the next shift + arrow.
  onChange(event) {
    if (!this.isCell(event.target)) return;
    this.brush = event.target.checked;
    this.anchor = null;
    this.tell();
  }

  onDown(event) {
    const box = event.target.closest(".week--paint input");
    if (!box || event.button) return;
    const finger = event.pointerType === "touch";
    const begin = () => {
      this.painting = true;
      this.root.classList.add("is-painting");
      if (event.shiftKey) this.start(this.at);
      else { this.brush = !box.checked; this.start(this.place(box)); }
      this.stretch(this.place(box));
      if (finger) navigator.vibrate?.(10);
    };
    const move = (next) => {
      if (!this.painting) return;
      const over = document.elementFromPoint(next.clientX, next.clientY)?.closest("input");
      if (over && this.root.contains(over) && this.isCell(over)) this.stretch(this.place(over));
    };
    const stop = () => {
      clearTimeout(timer);
      document.removeEventListener("pointermove", move);
      document.removeEventListener("pointerup", stop);
      document.removeEventListener("pointercancel", stop);
      if (!this.painting) return;
      this.root.classList.remove("is-painting");
      this.painting = false;
      this.painted = true;                       // the click that follows is not a second answer
      setTimeout(() => { this.painted = false; }, 50);
      this.anchor = null;
      this.changed();
    };
    const timer = finger ? setTimeout(begin, HOLD) : begin();
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", stop);
    document.addEventListener("pointercancel", stop);
  }

  changed() { this.tables[0].dispatchEvent(new Event("change", { bubbles: true })); }   // htmx listens

  spans() {
    const found = [];
    this.rows[0].forEach((_, col) => {
      let from = null;
      for (let row = 0; row <= this.rows.length; row += 1) {
        const box = this.rows[row]?.[col];
        if (box?.checked && from === null) from = row;
        if (!box?.checked && from !== null) { found.push({ col, from, to: row }); from = null; }
      }
    });
    return found;
  }

  // Rounds the ends of each span.
  round() {
    this.boxes.forEach((box) => delete box.dataset.edge);
    const spans = this.spans();
    for (const { col, from, to } of spans) {
      this.rows[from][col].dataset.edge = "start";
      const last = this.rows[to - 1][col];
      last.dataset.edge = last.dataset.edge ? "start end" : "end";
    }
    return spans;
  }

  // Says the whole week in words, for eyes and for screen readers.
  tell() {
    const spans = this.round();
    const minutes = spans.reduce((sum, { from, to }) => sum + (to - from) * STEP, 0);
    const words = spans.map(({ col, from, to }) => `${this.days[col]} ${clock(this.minute(from))}–${clock(this.minute(to - 1) + STEP)}`);
    const { nothing, one, total } = this.root.dataset;
    const sum = minutes === 60 ? one : total.replace("{hours}", minutes / 60);
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      const text = words.length ? `${words.join(", ")} · ${sum}` : nothing;
      if (this.said.textContent !== text) this.said.textContent = text;   // said once, not again
      this.clear.hidden = !words.length && !this.cleared;
    }, 120);
    if (words.length) this.forget();
  }

  forget() {
    this.cleared = null;
    this.clear.textContent = this.clear.dataset.clear;
  }

  addTools() {
    this.addDays();
    this.addLists();
    // Clearing the week can be taken back until something is painted again.
    this.clear = this.root.querySelector("[data-clear]");
    this.clear.hidden = !this.boxes.some((box) => box.checked);
    this.clear.addEventListener("click", () => {
      const were = this.boxes.map((box) => box.checked);
      const back = this.cleared;
      this.boxes.forEach((box, index) => { box.checked = back ? back[index] : false; });
      this.tell();
      this.cleared = back ? null : were;
      this.clear.textContent = back ? this.clear.dataset.clear : this.clear.dataset.back;
      this.clear.hidden = false;
      this.changed();
    });
    // What is sent is short: one value for each span, "1-1080-1260", instead of one for each half hour.
    this.root.closest("form")?.addEventListener("formdata", ({ formData }) => {
      if (!this.root.isConnected) return;
      formData.delete(this.name);
      for (const { col, from, to } of this.spans()) formData.append(this.name, `${col}-${this.minute(from)}-${this.minute(to - 1) + STEP}`);
    });
  }

  // Phones can show one day at a time, with rows as tall as a finger.
  addDays() {
    const days = this.root.querySelector(".week-days");
    days.removeAttribute("hidden");
    days.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      days.querySelectorAll("button").forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      if (button.value === "") { delete this.root.dataset.day; return; }
      this.root.dataset.day = button.value;
      for (const table of this.tables) {
        const row = this.place(table.querySelector("input[tabindex='0']")).row;
        this.moveTo({ row, col: Number(button.value) });
      }
    });
  }

  // The from/to rows paint without dragging; they are sent only when this file is missing.
  addLists() {
    const lists = [...this.root.querySelectorAll("[data-list]")].map((list) => [...list.querySelectorAll("select")]);
    const add = this.root.querySelector("[data-add]");
    lists.slice(1).forEach(([day]) => day.closest("[data-list]").remove());
    lists[0].forEach((select) => select.removeAttribute("name"));
    add.type = "button";
    add.addEventListener("click", () => {
      const [day, from, to] = lists[0].map((select) => select.value);
      if (day === "" || from === "" || to === "" || Number(to) <= Number(from)) {
        lists[0].find((select) => select.value === "")?.focus();
        return;
      }
      this.brush = true;
      this.rows.forEach((boxes, row) => {
        if (this.minute(row) < Number(from) || this.minute(row) >= Number(to)) return;
        boxes[Number(day)].checked = true;
        const fold = boxes[0].closest("details");
        if (fold) fold.open = true;
      });
      this.tell();
      this.changed();
    });
  }
}

const begin = (part) => {
  const found = [...(part.querySelectorAll?.("[data-week]") ?? [])];
  if (part.matches?.("[data-week]")) found.push(part);
  found.filter((root) => !root.dataset.ready).forEach((root) => {
    root.dataset.ready = "true";
    new WeekGrid(root);
  });
};

begin(document);
document.addEventListener("htmx:load", (event) => begin(event.detail.elt));
