// Adds up the ticked dates of a request: "17 dates, 51 hours, $918 in all". The server adds up again.
const sum = (list) => {
  const said = list.querySelector("output");
  const ticked = [...list.querySelectorAll("input[data-minutes]:checked:not(:disabled)")];
  const total = (key) => ticked.reduce((all, box) => all + Number(box.dataset[key]), 0);
  const money = new Intl.NumberFormat(document.documentElement.lang, {
    style: "currency", currency: list.dataset.currency, trailingZeroDisplay: "stripIfInteger",
  });
  said.textContent = list.dataset.words
    .replace("{dates}", ticked.length)
    .replace("{hours}", total("minutes") / 60)
    .replace("{money}", money.format(total("cents") / 100));
};

const begin = (part) => part.querySelectorAll?.("[data-dates]").forEach((list) => {
  list.addEventListener("change", () => sum(list));
  sum(list);
});

begin(document);
document.addEventListener("htmx:load", (event) => begin(event.detail.elt));
