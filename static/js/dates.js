// Adds up the ticked dates of a request: "17 dates, 51 hours, $918 in all". The server adds up again.
const sum = (list) => {
  const said = list.querySelector("output");
  const ticked = [...list.querySelectorAll("input[data-minutes]:checked:not(:disabled)")];
  const total = (key) => ticked.reduce((all, box) => all + Number(box.dataset[key]), 0);
  const money = new Intl.NumberFormat(document.documentElement.lang, {
    style: "currency", currency: list.dataset.currency, trailingZeroDisplay: "stripIfInteger",
  });
  const count = (key, number) =>
    list.dataset[number === 1 ? `${key}One` : key].replace("{number}", number);
  said.textContent = list.dataset.words
    .replace("{dates}", count("dates", ticked.length))
    .replace("{hours}", count("hours", total("minutes") / 60))
    .replace("{money}", money.format(total("cents") / 100));
};

const begin = (part) => {
  const found = [...part.querySelectorAll("[data-sum]")];
  if (part.matches?.("[data-sum]")) found.push(part);
  found.forEach((list) => {
    list.addEventListener("change", () => sum(list));
    sum(list);
  });
};

begin(document);
document.addEventListener("htmx:load", (event) => event.detail.elt !== document.body && begin(event.detail.elt));
window.addEventListener("pageshow", () => document.querySelectorAll("[data-sum]").forEach(sum));
