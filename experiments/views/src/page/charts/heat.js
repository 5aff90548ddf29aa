/* Heat maps.
 *
 * backdraft.heatMap(element, {
 *   title, xLabel, yLabel, valueLabel,  texts
 *   isLog,                       whether colours follow the logarithm
 *   xs, ys,                      what the columns and rows are called, numbers or texts
 *   values: [[…], …],            values[row][column]; null is a value that is not finite
 *   column,                      index of a column to point out, or nothing
 * })
 */
backdraft.heatMap = (element, specification) => {
  const { html, svg, number, ticks, scaleOf, frameOf, showTooltip, followCursor } = backdraft;
  const { xs, ys, values, isLog } = specification;
  // Viridis (van der Walt and Smith, matplotlib): even in lightness, safe for colour-blind readers.
  const VIRIDIS = ["#440154", "#482878", "#3e4a89", "#31688e", "#26828e", "#1f9e89", "#35b779",
    "#6ece58", "#b5de2b", "#fde725"];
  const SHADES = 64;

  const shade = (share) => {
    const place = share * (VIRIDIS.length - 1);
    const [a, b] = [Math.floor(place), Math.ceil(place)].map((i) => VIRIDIS[i]);
    const channel = (i) => {
      const [from, to] = [a, b].map((color) => parseInt(color.slice(i, i + 2), 16));
      return Math.round(from + (to - from) * (place % 1));
    };
    return `rgb(${channel(1)} ${channel(3)} ${channel(5)})`;
  };

  const draw = (frame) => {
    frame.title.textContent = specification.title;
    const width = frame.width;
    const margin = { left: 58, right: 14, top: 30, bottom: 44 };
    const cell = {
      width: (width - margin.left - margin.right) / Math.max(xs.length, 1),
      height: Math.min(Math.max(300 / Math.max(ys.length, 1), 5), 26),
    };
    const bottom = margin.top + cell.height * ys.length;
    const height = bottom + margin.bottom;
    const color = scaleOf(values.flat(), isLog, [0, 1]).clamp(true);
    const isShown = (value) => Number.isFinite(value) && (!isLog || value > 0);
    const left = (column) => margin.left + column * cell.width;
    const top = (row) => bottom - (row + 1) * cell.height; // the first row is at the bottom

    // One path a shade: thousands of cells would be thousands of elements.
    const paths = Array.from({ length: SHADES }, () => []);
    const missing = [];
    values.forEach((row, r) => row.forEach((value, c) => {
      const place = isShown(value) ? paths[Math.round(color(value) * (SHADES - 1))] : missing;
      place.push(`M${left(c)} ${top(r)}h${cell.width}v${cell.height}h${-cell.width}z`);
    }));
    const every = (names, room) => Math.max(1, Math.ceil((names.length * 1) / Math.max(room, 1)));
    const [xStride, yStride] = [every(xs, (width - 72) / 56), every(ys, (bottom - margin.top) / 18)];
    const axes = svg("g", { class: "axes" },
      ...xs.map((name, c) => (c % xStride ? null : svg("text", {
        x: left(c) + cell.width / 2, y: bottom + 18, "text-anchor": "middle",
      }, String(name)))),
      ...ys.map((name, r) => (r % yStride ? null : svg("text", {
        x: margin.left - 8, y: top(r) + cell.height / 2, dy: "0.32em", "text-anchor": "end",
      }, String(name)))),
      svg("text", { class: "title", x: 4, y: 14 }, specification.yLabel),
      svg("text", { class: "title", x: width - margin.right, y: height - 6, "text-anchor": "end" },
        specification.xLabel));
    frame.mark = svg("g", { class: "mark" });
    const pointer = specification.column ?? null;
    frame.plot.setAttribute("aria-label", "Heat map: arrow keys read its values");
    frame.plot.replaceChildren(
      svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary() },
        svg("path", { class: "missing", d: missing.join("") }),
        ...paths.map((path, i) => (path.length
          ? svg("path", { fill: shade(i / (SHADES - 1)), d: path.join(""), "shape-rendering": "crispEdges" })
          : null)),
        axes,
        pointer === null ? null : svg("rect", {
          class: "pointer", x: left(pointer), y: margin.top, width: cell.width, height: bottom - margin.top,
        }),
        frame.mark),
      frame.tooltip);
    drawScale(frame, color);

    const show = ([column, row]) => {
      const box = { x: left(column), y: top(row), width: cell.width, height: cell.height };
      frame.mark.replaceChildren(svg("rect", box));
      const lines = [
        `${specification.xLabel}: ${xs[column]}`, `${specification.yLabel}: ${ys[row]}`,
        `${specification.valueLabel}: ${number(values[row][column])}`,
      ];
      showTooltip(frame, left(column) + cell.width, top(row), lines);
      return lines.join("; ");
    };
    const within = (column, row) =>
      (column >= 0 && column < xs.length && row >= 0 && row < ys.length ? [column, row] : null);
    followCursor(frame, {
      locate: (x, y) =>
        within(Math.floor((x - margin.left) / cell.width), Math.floor((bottom - y) / cell.height)),
      step: (cursor, dx, dy) =>
        (cursor === null ? within(0, 0) : within(cursor[0] + dx, cursor[1] + dy)),
      show,
    });
    frame.data = () => [
      [specification.xLabel, specification.yLabel, specification.valueLabel],
      values.flatMap((row, r) => row.map((value, c) => [xs[c], ys[r], value])),
    ];
  };

  const summary = () => {
    const finite = values.flat().filter(Number.isFinite);
    const [low, high] = finite.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    const range = finite.length ? `from ${number(low)} to ${number(high)}` : "empty";
    return `${specification.title}. ${specification.valueLabel} for ${ys.length} × ${xs.length} cells of `
      + `${specification.yLabel} and ${specification.xLabel}: ${range}.`;
  };

  /** The colours with their values, where other charts have their legend. */
  const drawScale = (frame, color) => {
    const [width, bar] = [260, 12];
    const [low, high] = color.domain();
    const scale = (isLog ? d3.scaleLog : d3.scaleLinear)([low, high], [8, width - 8]);
    const stops = VIRIDIS.map((_, i) => {
      const x = 8 + (i * (width - 16)) / VIRIDIS.length;
      return svg("rect", { x, y: 0, width: (width - 16) / VIRIDIS.length + 0.5, height: bar,
        fill: shade((i + 0.5) / VIRIDIS.length) });
    });
    frame.legend.replaceChildren(
      html("span", {}, specification.valueLabel),
      svg("svg", { class: "scale axes", viewBox: `0 0 ${width} 30`, "aria-hidden": true }, ...stops,
        ...ticks(scale, isLog, 4).map(([value, label]) =>
          svg("text", { x: scale(value), y: bar + 14, "text-anchor": "middle" }, label))));
  };
  frameOf(element, draw);
};
