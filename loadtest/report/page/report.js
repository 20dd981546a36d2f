// Draws the charts. Colours are CSS variables, so light, dark and paper need nothing from here.
"use strict";
(() => {
  const options = { actions: false, renderer: "svg", tooltip: { theme: "report", offsetX: 14, offsetY: 14 } };
  const places = [...document.querySelectorAll("script[type='application/json'][data-chart]")];
  const drawn = places.map((place) => {
    const target = document.getElementById(place.dataset.chart);
    return vegaEmbed(target, JSON.parse(place.textContent), options).catch((error) => {
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
  // On paper what is folded away is wanted, but for long lists.
  const unfold = () => document.querySelectorAll("details:not(.long)").forEach((part) => (part.open = true));
  addEventListener("beforeprint", unfold);
})();
