/* The gradient as a river: it springs from the loss at the right, and is as wide at each layer as what
 * has come that far. */
const drawRiver = (() => {
  const { html, svg, number } = backdraft;
  const element = document.getElementById("river");
  const HEIGHT = 206;
  const MARGIN = { left: 54, right: 48, top: 8, bottom: 46 };
  const DECADES = 6; // beyond so many the width no longer changes
  const title = html("p", { class: "visually-hidden" });
  const plot = html("div", {});
  element.replaceChildren(plot, title);

  /** Decades between a norm and that at the last place; null where nothing arrives. */
  const decades = (norm, last) => {
    if (!(norm > 0) || !(last > 0)) return null;
    return Math.max(-DECADES, Math.min(DECADES, Math.log10(norm / last)));
  };

  /** Half of the width of the river. */
  const spread = (level) => (level === null ? 0 : Math.max(0.6, 26 * 10 ** (level * (level < 0 ? 0.28 : 0.075))));

  const shade = (level) => {
    if (level === null || level <= -3) return "vanished";
    if (level < -1) return "fading";
    if (level <= 1) return "level";
    return level < 3 ? "growing" : "exploded";
  };

  return (answer) => {
    const { axis, places } = answer;
    const width = Math.max(element.clientWidth, 280);
    const isInTime = axis === "time";
    const last = places.length ? places[places.length - 1].gradient : 0;
    const levels = places.map((place) => decades(place.gradient, last));
    const x = (i) => MARGIN.left + ((i + 1) / (places.length + 1)) * (width - MARGIN.left - MARGIN.right);
    const middle = MARGIN.top + (HEIGHT - MARGIN.top - MARGIN.bottom) / 2;
    const ends = [-1, ...places.map((_, i) => i), places.length];
    const half = ends.map((i) => (i < 0 ? spread(levels[0] ?? null) : spread(i < levels.length ? levels[i] : 0)));
    const at = ends.map((i) => x(i));
    const upper = at.map((px, i) => `${px.toFixed(1)} ${(middle - half[i]).toFixed(1)}`);
    const lower = at.map((px, i) => `${px.toFixed(1)} ${(middle + half[i]).toFixed(1)}`).reverse();
    const stops = levels.map((level, i) => svg("stop", {
      offset: `${((x(i) - x(-1)) / (x(places.length) - x(-1)) * 100).toFixed(2)}%`, class: shade(level),
    }));
    const stride = Math.ceil(places.length / Math.max(2, Math.floor((width - 102) / 34)));
    const gap = x(1) - x(0);
    const bar = Math.max(1.5, Math.min(10, gap * 0.42));
    const columns = places.map((place, i) => {
      const told = `${isInTime ? "step" : "layer"} ${i + 1}: ‖∂L/∂h‖ = ${number(place.gradient)}`;
      return svg("g", { class: `layer ${shade(levels[i])}` },
        svg("title", {}, told),
        svg("rect", { class: "hit", x: x(i) - gap / 2, y: MARGIN.top, width: gap, height: HEIGHT - MARGIN.top - MARGIN.bottom }),
        gap < 9 ? null : svg("rect", { class: "unit", x: x(i) - bar / 2, y: middle - 58, width: bar, height: 116, rx: bar / 2 }),
        svg("rect", { class: "flow", x: x(i) - bar / 2, y: middle - Math.min(58, spread(levels[i]) + 3), width: bar,
          height: 2 * Math.min(58, spread(levels[i]) + 3), rx: bar / 2 }));
    });
    const labels = places.map((_, i) => {
      const isShown = i === 0 || i === places.length - 1 || ((i + 1) % stride === 0 && places.length - 1 - i >= stride / 2 && i >= stride / 2);
      return isShown ? svg("text", { x: x(i), y: HEIGHT - 26, "text-anchor": "middle" }, String(i + 1)) : null;
    });
    const current = (sign) => `M${at.map((px, i) => `${px.toFixed(1)} ${(middle + sign * half[i] * 0.45).toFixed(1)}`).reverse().join("L")}`;
    title.textContent = answer.summary;
    plot.replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": `The gradient's way from the loss to the input. ${answer.summary}` },
      svg("defs", {}, svg("linearGradient", { id: "water", x1: x(-1), x2: x(places.length), gradientUnits: "userSpaceOnUse" }, ...stops)),
      svg("path", { class: "water", d: `M${upper.join("L")}L${lower.join("L")}Z` }),
      ...columns,
      svg("path", { class: "current", d: current(0) }),
      svg("path", { class: "current late", d: current(1) }), svg("path", { class: "current later", d: current(-1) }),
      svg("text", { class: "end", x: MARGIN.left - 12, y: middle + 4, "text-anchor": "end" }, "input"),
      svg("text", { class: "end", x: width - MARGIN.right + 12, y: middle + 4 }, "loss"),
      svg("text", { class: "way", x: width / 2, y: HEIGHT - 8, "text-anchor": "middle" }, `← ∂L/∂h, from ${isInTime ? "step to step" : "layer to layer"}`),
      ...labels));
  };
})();
