// Draws the charts. Colours are CSS variables, so light, dark and paper need nothing from here.
"use strict";
(() => {
  const options = { actions: false, renderer: "svg", tooltip: { theme: "report", offsetX: 14, offsetY: 14 } };
  const places = [...document.querySelectorAll("script[type='application/json'][data-chart]")];
  const drawn = places.map((place) => {
    const target = document.getElementById(place.dataset.chart);
    const spec = JSON.parse(place.textContent);
    // What is folded away may have no width yet, and has to be drawn nevertheless: it may be printed.
    if (!target.clientWidth) spec.width = target.closest("section").clientWidth;
    return vegaEmbed(target, spec, options).catch((error) => {
      target.textContent = "This chart could not be drawn: " + error.message;
      console.error(error);
    });
  });
  Promise.all(drawn).then(() => document.documentElement.setAttribute("data-charts", "drawn"));
  // A table that is wider than its place says so; a scroll bar is not shown everywhere.
  const mark = () =>
    document.querySelectorAll(".scroll").forEach((part) => part.classList.toggle("wide", part.scrollWidth > part.clientWidth + 1));
  document.querySelectorAll("details").forEach((part) => part.addEventListener("toggle", mark));
  addEventListener("resize", mark);
  mark();
  // On paper what is folded away is wanted, but for long lists; afterwards the page is as it was.
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll("details:not(.long):not([open])")];
    unfolded.forEach((part) => (part.open = true));
  });
  addEventListener("afterprint", () => unfolded.forEach((part) => (part.open = false)));
  // A link to something that is folded away opens it; not every browser does that by itself.
  const reveal = () => {
    const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let part = wanted && wanted.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    const inside = wanted && wanted.matches("#checks, #settings, #words") && wanted.querySelector("details");
    if (inside) inside.open = true;
    if (wanted) wanted.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
