/* The gradient as a river: it springs from the loss at the right, and is as wide at each layer as what
 * has come that far. The width is a power of the norm, the same for what vanishes and what explodes,
 * and a key says which. */
const drawRiver = (() => {
  const { html, svg, number } = backdraft;
  const element = document.getElementById("river");
  const HEIGHT = 206;
  const MARGIN = { left: 54, right: 48, top: 8, bottom: 46 };
  const EXPONENT = 1 / 5; // a hundred thousand times the norm is ten times the width
  const LEVEL = 11; // half of the width of what the last place gets
  const HAIR = 0.4; // half of the width of what can just be seen
  const HIGHEST = (HEIGHT - MARGIN.top - MARGIN.bottom) / 2; // what is wider overflows
  const plot = html("div", {});
  element.replaceChildren(plot);

  /** Decades between a norm and that at the last place; null where nothing arrives. */
  const decades = (norm, last) => {
    if (!(norm > 0) || !(last > 0)) return null;
    return Math.log10(norm / last);
  };

  /** Half of the width of the river, so many decades from where it springs. */
  const spread = (level) => (level === null ? 0 : Math.max(HAIR, Math.min(9999, LEVEL * 10 ** (level * EXPONENT))));

  // What the widths mean.
  document.getElementById("key").replaceChildren("Width of the river: ",
    ...[[-2, "a hundredth"], [0, "as at the loss"], [2, "a hundred times"]].map(([level, words]) =>
      html("span", {}, svg("svg", { width: 8, height: 56, viewBox: "0 0 8 56", "aria-hidden": true },
        svg("rect", { x: 1, width: 6, y: 28 - spread(level), height: 2 * spread(level), rx: 1 })), words)));

  /** The picture in words: where the river has shrunk or swollen to what, on its way from the loss. */
  const inWords = (levels, isInTime) => {
    const place = isInTime ? "time step" : "layer";
    const marks = [[-6, "a millionth"], [-3, "a thousandth"], [3, "a thousand times"], [6, "a million times"]];
    const reached = marks.flatMap(([bound, words]) => {
      const isBeyond = (level) => (bound < 0 ? level === null || level <= bound : level !== null && level >= bound);
      const at = levels.findLastIndex(isBeyond);
      return at < 0 ? [] : [[at, `${words} of what the last one gets at ${place} ${at + 1}`]];
    });
    reached.sort(([one], [other]) => other - one);
    const told = reached.map(([, words]) => words);
    return `A river from the loss at the right to the input at the left, over ${levels.length} ${place}s. ${
      told.length ? `On its way it comes to ${told.join(", then ")}.` : "It stays between a thousandth and a thousand times of what it is at the loss."}`;
  };

  const shade = (level) => {
    if (level === null || level <= -3) return "vanished";
    if (level < -1) return "fading";
    if (level <= 1) return "level";
    return level < 3 ? "growing" : "exploded";
  };

  return (answer, path) => {
    const { axis, places } = answer;
    const width = Math.max(element.clientWidth, 280);
    const isInTime = axis === "time";
    const last = places.length ? places[places.length - 1][path.key] : 0;
    const levels = places.map((place) => decades(place[path.key], last));
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
      const told = `${isInTime ? "step" : "layer"} ${i + 1}: ${path.symbol} = ${number(place[path.key])}`;
      return svg("g", { class: `layer ${shade(levels[i])}` },
        svg("title", {}, told),
        svg("rect", { class: "hit", x: x(i) - gap / 2, y: MARGIN.top, width: gap, height: HEIGHT - MARGIN.top - MARGIN.bottom }),
        gap < 9 ? null : svg("rect", { class: "unit", x: x(i) - bar / 2, y: middle - HIGHEST, width: bar, height: 2 * HIGHEST, rx: bar / 2 }),
        svg("rect", { class: "flow", x: x(i) - bar / 2, y: middle - Math.min(HIGHEST, spread(levels[i])), width: bar,
          height: 2 * Math.min(HIGHEST, spread(levels[i])), rx: Math.min(bar / 2, spread(levels[i])) }));
    });
    const labels = places.map((_, i) => {
      const isShown = i === 0 || i === places.length - 1 || ((i + 1) % stride === 0 && places.length - 1 - i >= stride / 2 && i >= stride / 2);
      return isShown ? svg("text", { x: x(i), y: HEIGHT - 26, "text-anchor": "middle" }, String(i + 1)) : null;
    });
    const overflow = levels.some((level) => spread(level) > HIGHEST) ? "; wider than the picture" : "";
    const current = (sign) => `M${at.map((px, i) => `${px.toFixed(1)} ${(middle + sign * half[i] * 0.45).toFixed(1)}`).reverse().join("L")}`;
    plot.replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": `${inWords(levels, isInTime)} ${path.summary(answer)}` },
      svg("defs", {}, svg("clipPath", { id: "banks" }, svg("rect", { x: 0, width, y: MARGIN.top, height: 2 * HIGHEST })), svg("linearGradient", { id: "water", x1: x(-1), x2: x(places.length), gradientUnits: "userSpaceOnUse" }, ...stops)),
      svg("path", { class: "water", "clip-path": "url(#banks)", d: `M${upper.join("L")}L${lower.join("L")}Z` }),
      ...columns,
      svg("path", { class: "current", d: current(0) }),
      svg("path", { class: "current late", d: current(1) }), svg("path", { class: "current later", d: current(-1) }),
      svg("text", { class: "end", x: MARGIN.left - 12, y: middle + 4, "text-anchor": "end" }, "input"),
      svg("text", { class: "end", x: width - MARGIN.right + 12, y: middle + 4 }, "loss"),
      svg("text", { class: "way", x: width / 2, y: HEIGHT - 8, "text-anchor": "middle" }, `← ${path.name}, from ${isInTime ? "step to step" : "layer to layer"}${overflow}`),
      ...labels));
  };
})();
