/* Why the gradient vanishes or explodes: the two factors of each layer, and the slopes of its units. */
const why = (() => {
  const { html, svg, lineChart, number } = backdraft;
  const at = (id) => document.getElementById(id);
  const SIZE = { width: 420, height: 220, left: 40, right: 10, top: 14, bottom: 34 };
  let shown = null;

  const chosen = () => Math.min(Number(at("layer").value), shown.product.layers.length);

  /** φ′ over the pre-activation, with the units of one layer on it. */
  const drawSlope = ({ curve }, { units }) => {
    const { width, height, left, right, top, bottom } = SIZE;
    const highest = Math.max(1, ...curve.map(([, slope]) => slope));
    const x = d3.scaleLinear([curve[0][0], curve[curve.length - 1][0]], [left, width - right]);
    const y = d3.scaleLinear([Math.min(0, ...curve.map(([, slope]) => slope)), highest], [height - bottom, top]);
    const inside = units.filter(([z]) => z >= x.domain()[0] && z <= x.domain()[1]);
    const outside = units.length - inside.length;
    const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((value) => [
      svg("line", { x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 6, y: y(value), dy: "0.32em", "text-anchor": "end" }, String(value))]);
    const ticks = x.ticks(7).map((value) => svg("text", { x: x(value), y: height - bottom + 16, "text-anchor": "middle" }, number(value)));
    const told = `Slopes of ${units.length} units of layer ${chosen()} for one example: from ${number(Math.min(...units.map(([, s]) => s)))} to ${number(Math.max(...units.map(([, s]) => s)))}.${outside ? ` ${outside} lie outside of the picture.` : ""}`;
    at("slope").replaceChildren(
      html("figcaption", {}, `The slope φ′ with the units of layer ${chosen()}`),
      svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": told },
        svg("g", { class: "axes" }, ...grid, ...ticks,
          svg("text", { class: "title", x: width - right, y: height - 4, "text-anchor": "end" }, "pre-activation z")),
        svg("g", { class: "series-0" },
          svg("path", { class: "line", d: d3.line().x(([z]) => x(z)).y(([, slope]) => y(slope))(curve) })),
        svg("g", { class: "series-1" },
          ...inside.map(([z, slope]) => svg("circle", { cx: x(z), cy: y(slope), r: 3.2, "fill-opacity": 0.55 })))),
      html("p", { class: "soft" }, told));
  };

  const tell = () => {
    const { layers } = shown.product;
    const layer = chosen();
    at("layer").setAttribute("aria-valuetext", String(layer));
    at("layer").nextElementSibling.textContent = String(layer);
    const { slopes, weights } = layers[layer - 1];
    // What has come down to this layer, and what leaves it for the one before.
    const passed = layers.slice(layer - 1).map((one) => one.slopes * one.weights);
    const product = passed.reduce((sum, factor) => sum * factor, 1);
    const short = show.short;
    const trail = passed.length > 4
      ? [...passed.slice(-2).reverse().map(short), "…", short(passed[0])] : [...passed].reverse().map(short);
    at("product").replaceChildren(
      html("strong", {}, `Layer ${layer}: `), `the slopes leave ${short(slopes)} of the gradient, the weights make it ${short(weights)} of that: together ${short(slopes * weights)}. `,
      passed.length > 1 ? `From the last layer to here: ${trail.join(" × ")} = ${short(product)}.` : "It is the first that the gradient passes.");
    drawSlope(shown.product, layers[layer - 1]);
  };

  at("layer").addEventListener("input", () => { if (shown) tell(); });

  /** Shows the factors of an answer, if it has them. */
  return (answer) => {
    at("why").hidden = !answer.product;
    if (!answer.product) return;
    shown = answer;
    const { layers } = answer.product;
    at("layer").max = layers.length;
    const of = (value) => layers.map((layer, i) => ({ x: i + 1, y: value(layer) }));
    lineChart(at("factors"), {
      title: "The two factors of each layer", xLabel: "hidden layer", yLabel: "what is left of the gradient", isLog: true,
      series: [{ label: "slopes φ′", isTheory: false, points: of(({ slopes }) => slopes) },
        { label: "weights", isTheory: false, points: of(({ weights }) => weights) },
        { label: "both", isTheory: false, points: of(({ slopes, weights }) => slopes * weights) }],
    });
    tell();
  };
})();
