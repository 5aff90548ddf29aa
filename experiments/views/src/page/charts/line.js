/* Line charts.
 *
 * backdraft.lineChart(element, {
 *   title, xLabel, yLabel,       texts
 *   isLog,                       whether the vertical axis is logarithmic
 *   xDomain, yDomain,            [low, high]; left out: what the points span
 *   series: [{
 *     label,
 *     isTheory,                  dashed, in the colour of the line that its label begins with
 *     points: [{x, y, low, high}]  low and high, the ends of an interval, may be missing;
 *   }],                          null is a value that is not finite
 *   names,                       {x: name} of positions that have one
 * })
 */
backdraft.lineChart = (element, specification) => {
  const { html, svg, number, ticks, scaleOf, frameOf, showTooltip, followCursor } = backdraft;
  const MARKED = 40; // longer lines are drawn without dots

  const { series, isLog } = specification;
  const measured = series.filter((line) => !line.isTheory);
  /** The measured line that a line shows or predicts. */
  const ownIndex = (line) => {
    const isOwn = ({ label }) => line.label === label || line.label.startsWith(`${label}, theory`);
    return Math.max(0, measured.findIndex(isOwn));
  };
  // With more lines than colours, the second round has hollow dots.
  const colorOf = (line) =>
    `series-${ownIndex(line) % 7}${ownIndex(line) < 7 ? "" : " hollow"}`;
  const isDrawn = (value) => Number.isFinite(value) && (!isLog || value > 0);

  const swatch = (color, isTheory) =>
    svg("svg", { class: `swatch ${color}`, viewBox: "0 0 24 10", "aria-hidden": true },
      svg("line", { x1: 1, x2: 23, y1: 5, y2: 5, class: isTheory ? "theory" : "line" }),
      isTheory ? null : svg("circle", { cx: 12, cy: 5, r: 3 }));

  const THEORY = "theory"; // the one entry of the legend for all that is predicted
  const entries = measured.map((line) => [line.label, swatch(colorOf(line), false)]);
  if (measured.length < series.length) entries.push([THEORY, swatch("neutral", true)]);
  const isShown = (frame, line) => {
    const own = measured[ownIndex(line)]?.label ?? line.label;
    return !frame.hidden.has(own) && !(line.isTheory && frame.hidden.has(THEORY));
  };
  const drawLegend = (frame) => {
    const labels = entries.map(([label]) => label).join("\n");
    if (frame.labels !== labels) {
      frame.labels = labels;
      frame.legend.replaceChildren(...entries.map(([label, picture]) => {
        const toggle = () => {
          if (!frame.hidden.delete(label)) frame.hidden.add(label);
          frame.draw();
        };
        return html("button", { type: "button", onclick: toggle }, picture, label);
      }));
    }
    entries.forEach(([label], i) => {
      frame.legend.children[i].setAttribute("aria-pressed", !frame.hidden.has(label));
    });
  };

  const summary = () => {
    const told = series.map(({ label, points }) => {
      const ends = [points[0], points[points.length - 1]];
      return points.length ? `${label}: ${ends.map((p) => number(p.y)).join(" to ")}` : `${label}: empty`;
    });
    return `${specification.title}. ${specification.yLabel} over ${specification.xLabel}. ${told.join("; ")}.`;
  };

  const draw = (frame) => {
    frame.title.textContent = specification.title;
    drawLegend(frame);
    const shown = series.filter((line) => isShown(frame, line));
    const width = frame.width;
    const height = Math.round(Math.min(Math.max(0.58 * width, 240), 400));
    const margin = { left: 58, right: 14, top: 30, bottom: 44 };
    const points = shown.flatMap((line) => line.points);
    // An interval that reaches zero has no lower end on a logarithmic axis and must not stretch it.
    const heights = points.flatMap(({ y, low, high }) => (isDrawn(y) ? [y, low, high] : []));
    const x = specification.xDomain
      ? d3.scaleLinear(specification.xDomain, [margin.left, width - margin.right])
      : scaleOf(points.map((p) => p.x), false, [margin.left, width - margin.right]);
    if (!specification.xDomain && points.length) {
      const xs = points.map((p) => p.x);
      const ends = [Math.min(...xs), Math.max(...xs)];
      if (ends[0] < ends[1]) x.domain(ends);
    }
    const vertical = [height - margin.bottom, margin.top];
    const y = specification.yDomain
      ? (isLog ? d3.scaleLog : d3.scaleLinear)(specification.yDomain, vertical)
      : scaleOf(heights, isLog, vertical);

    const yTicks = ticks(y, isLog, Math.round(height / 55));
    const isWhole = points.every((p) => Number.isInteger(p.x)); // layers and steps have no halves
    const xTicks = ticks(x, false, Math.round(width / 80))
      .filter(([value]) => !isWhole || Number.isInteger(value));
    const axes = svg("g", { class: "axes" },
      ...yTicks.flatMap(([value, label]) => [
        svg("line", { x1: margin.left, x2: width - margin.right, y1: y(value), y2: y(value) }),
        svg("text", { x: margin.left - 8, y: y(value), dy: "0.32em", "text-anchor": "end" }, label),
      ]),
      ...xTicks.map(([value, label]) =>
        svg("text", { x: x(value), y: height - margin.bottom + 18, "text-anchor": "middle" }, label)),
      svg("line", { class: "base", x1: margin.left, x2: width - margin.right, y1: vertical[0], y2: vertical[0] }),
      svg("text", { class: "title", x: 4, y: 14 }, specification.yLabel),
      svg("text", {
        class: "title", x: width - margin.right, y: height - 6, "text-anchor": "end",
      }, specification.xLabel));

    const floor = y.domain()[0];
    const atLeastFloor = (value) => y(isDrawn(value) ? Math.max(value, floor) : floor);
    const path = d3.line().defined((p) => isDrawn(p.y)).x((p) => x(p.x)).y((p) => y(p.y));
    const band = d3.area()
      .defined((p) => isDrawn(p.y) && Number.isFinite(p.low) && isDrawn(p.high))
      .x((p) => x(p.x)).y0((p) => atLeastFloor(p.low)).y1((p) => y(p.high));
    const lines = shown.map((line) => {
      const hasBand = line.points.some((p) => Number.isFinite(p.low));
      const hasDots = !line.isTheory && line.points.length <= MARKED;
      return svg("g", { class: colorOf(line) },
        hasBand ? svg("path", { class: "band", d: band(line.points) }) : null,
        svg("path", { class: line.isTheory ? "theory" : "line", d: path(line.points) }),
        ...(hasDots ? line.points.filter((p) => isDrawn(p.y)) : [])
          .map((p) => svg("circle", { cx: x(p.x), cy: y(p.y), r: 2.6 })));
    });
    frame.mark = svg("g", { class: "mark" });
    frame.plot.setAttribute("aria-label", "Chart: arrow keys read its values");
    frame.plot.replaceChildren(
      svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary() },
        axes, ...lines, frame.mark),
      frame.tooltip);

    const all = [...new Set(points.map((p) => p.x))].sort((a, b) => a - b);
    const at = (line, position) => line.points.find((p) => p.x === position);
    const interval = (p) =>
      Number.isFinite(p.low) && Number.isFinite(p.high) ? ` [${number(p.low)}, ${number(p.high)}]` : "";
    const show = (position) => {
      const found = shown.map((line) => [line, at(line, position)]).filter(([, p]) => p);
      frame.mark.replaceChildren(
        svg("line", { x1: x(position), x2: x(position), y1: vertical[0], y2: vertical[1] }),
        ...found.filter(([, p]) => isDrawn(p.y)).map(([line, p]) =>
          svg("circle", { class: colorOf(line), cx: x(p.x), cy: y(p.y), r: 4 })));
      const name = specification.names?.[position];
      const head = `${specification.xLabel}: ${number(position)}${name ? ` (${name})` : ""}`;
      const texts = found.map(([line, p]) => `${line.label}: ${number(p.y)}${interval(p)}`);
      showTooltip(frame, x(position), margin.top,
        [html("b", {}, head), ...found.map(([line], i) => [swatch(colorOf(line), line.isTheory), texts[i]])]);
      return [head, ...texts].join("; ");
    };
    followCursor(frame, {
      locate: (left) => {
        if (!all.length) return null;
        const wanted = x.invert(left);
        return all.reduce((a, b) => (Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a));
      },
      step: (position, dx) => {
        if (!all.length) return null;
        if (position === null) return dx < 0 ? all[all.length - 1] : all[0];
        const index = all.indexOf(position);
        if (index < 0) return null;
        return all[Math.min(Math.max(index + dx, 0), all.length - 1)];
      },
      show,
    });
    frame.data = () => [
      ["series", specification.xLabel, specification.yLabel, "interval low", "interval high"],
      series.flatMap((line) => line.points.map((p) => [line.label, p.x, p.y, p.low, p.high])),
    ];
  };
  frameOf(element, draw);
};
