// Places of a list on a map: components/_map.html. Leaflet is fetched when the map is looked at, on wide screens when
// the page has nothing else to do. What to show stands in #map-places, which is read again whenever the list is swapped.
const CLOSE = 34; // pixels: pins nearer than this share one
const WIDE = window.matchMedia("(min-width: 60rem)");
const MOVES = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const idle = window.requestIdleCallback ?? ((then) => setTimeout(then, 200));

const fetched = (element) => new Promise((done, failed) => {
  element.addEventListener("load", done);
  element.addEventListener("error", failed);
  document.head.append(element);
});
const leaflet = async (fold) => {
  if (window.L) return;
  const styles = fold.dataset.styles.split(" ").map((href) =>
    fetched(Object.assign(document.createElement("link"), { rel: "stylesheet", href })));
  await Promise.all([...styles, fetched(Object.assign(document.createElement("script"), { src: fold.dataset.leaflet }))]);
};

const places = () => JSON.parse(document.getElementById("map-places")?.textContent ?? "null");

const element = (name, text, attributes = {}) => Object.assign(document.createElement(name), { textContent: text, ...attributes });

const called = (place) => (place.number ? `${place.number}. ${place.name}` : place.name);
const shown = ([first, ...others]) => {
  if (!first.number) return `${1 + others.length}`;
  return others.length ? `${first.number}+` : `${first.number}`;
};

const entry = (place) => {
  const item = document.createElement("li");
  item.append(
    element("a", called(place), { href: place.url }),
    ...place.lines.map((line) => element("p", line)),
  );
  return item;
};

class Picture {
  constructor(frame) {
    this.map = window.L.map(frame, {
      zoomControl: false, attributionControl: false, scrollWheelZoom: false, minZoom: 8, maxZoom: 15,
      fadeAnimation: MOVES, zoomAnimation: MOVES, markerZoomAnimation: MOVES, inertia: MOVES,
    });
    this.layers = window.L.layerGroup().addTo(this.map);
    this.pins = window.L.layerGroup().addTo(this.map);
    this.map.on("zoomend", () => this.said && this.pin());
    frame.addEventListener("keydown", (event) => event.key === "Escape" && this.map.closePopup());
    this.map.on("popupopen", ({ popup }) => popup.getElement().querySelector("a")?.focus());
  }

  show(said) {
    if (!said) return;
    if (!this.has) this.controls(said);
    this.said = undefined; // the list has changed: nothing is pinned again until the view has
    this.layers.clearLayers();
    this.map.closePopup();
    this.map.fitBounds(window.L.latLng(said.centre).toBounds(2 * said.metres), { animate: false });
    if (said.isRing) window.L.circle(said.centre, { radius: said.metres, className: "map-range", interactive: false, weight: 1.5 }).addTo(this.layers);
    window.L.circleMarker(said.centre, { radius: 4, className: "map-here", interactive: false, weight: 2 }).addTo(this.layers);
    this.said = said;
    this.pin();
  }

  controls(said) {
    const { L } = window;
    const { words } = said;
    this.has = true;
    L.control.zoom({ zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(this.map);
    L.control.scale({ metric: said.unit === "km", imperial: said.unit !== "km" }).addTo(this.map);
    if (!said.tiles) return;
    L.tileLayer(said.tiles, { attribution: said.attribution, maxZoom: 15 }).addTo(this.map);
    L.control.attribution({ prefix: false }).addTo(this.map);
  }

  pin() {
    this.pins.clearLayers();
    this.groups().forEach((group) => {
      const { places: here, latlng } = group;
      const names = here.map(called).join(", ");
      const size = 28;
      const marker = window.L.marker(latlng, {
        icon: window.L.divIcon({
          className: `map-pin${here.some((place) => place.is_full) ? " map-pin--full" : ""}`,
          html: shown(here),
          iconSize: [here.length > 1 ? size + 12 : size, size],
        }),
      }).addTo(this.pins);
      marker.getElement().setAttribute("aria-label", here.length > 1
        ? `${this.said.words.many.replace("{count}", here.length)}: ${names}` : names);
      const list = document.createElement("ul");
      list.append(...here.map(entry));
      marker.bindPopup(list, { minWidth: 200, maxWidth: 260, autoPanPadding: [16, 16], closeButton: true });
      marker.on("popupclose", () => marker.getElement()?.focus({ preventScroll: true }));
      marker.on("popupopen", ({ popup }) =>
        popup.getElement().querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", this.said.words.close));
    });
  }

  groups() {
    const found = [];
    this.said.places.forEach((place) => {
      const latlng = window.L.latLng(place.latitude, place.longitude);
      const point = this.map.latLngToLayerPoint(latlng);
      const near = found.find((group) => group.point.distanceTo(point) < CLOSE);
      if (near) near.places.push(place);
      else found.push({ latlng, point, places: [place] });
    });
    return found;
  }
}

const begin = (fold) => {
  let picture;
  const draw = async () => {
    await leaflet(fold);
    picture ??= new Picture(fold.querySelector(".map-frame"));
    picture.map.invalidateSize();
    picture.show(places());
  };
  const offer = () => {
    const said = places();
    fold.hidden = !said?.places.length;
    if (!fold.hidden && fold.open) draw();
  };
  fold.addEventListener("toggle", () => fold.open && draw());
  document.addEventListener("htmx:afterSettle", (event) => event.detail.elt.id === "results" && offer());
  offer();
  if (WIDE.matches && !("folded" in fold.dataset)) idle(() => { fold.open = true; });
};

document.querySelectorAll("[data-map]").forEach(begin);
