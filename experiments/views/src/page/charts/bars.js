/* Bar charts: horizontal, with intervals.
 *
 * backdraft.barChart(element, {
 *   title, valueLabel,           texts
 *   isLog,                       whether the axis is logarithmic: bars then begin at its left end
 *   series,                      labels of the colours, in order; left out: one colour
 *   bars: [{label, value, low, high, series}],  series is an index; low and high may be missing;
 *   reference,                   a value marked by a line, or nothing
 * })
 */
backdraft.barChart = (element, specification) => {
  const { html, svg, number, ticks, scaleOf, frameOf, showTooltip, followCursor } = backdraft;
  const { bars, isLog, reference = null } = specification;
  const labels = specification.series ?? [];
  const BAR = 16;
  const ROW = 42; // a label above, its bar below: room for long labels on a phone

  const isShown = (value) => Number.isFinite(value) && (!isLog || value > 0);
  const text = (bar) => {
    const interval = Number.isFinite(bar.low) && Number.isFinite(bar.high)
      ? ` [${number(bar.low)}, ${number(bar.high)}]` : "";
    const series = labels.length > 1 ? ` (${labels[bar.series]})` : "";
    return `${bar.label}${series}: ${number(bar.value)}${interval}`;
  };

  const draw = (frame) => {
    frame.title.textContent = specification.title;
    frame.legend.replaceChildren(...labels.map((label, i) => html("span", { class: "key" },
      svg("svg", { class: `swatch series-${i % 7}`, viewBox: "0 0 24 10", "aria-hidden": true },
        svg("rect", { x: 2, y: 0, width: 20, height: 10 })), label)));
    const width = frame.width;
    const margin = { left: 8, right: 16, top: 4, bottom: 40 };
    const bottom = margin.top + ROW * bars.length;
    const values = bars.flatMap((bar) => [bar.value, bar.low, bar.high]);
    const wanted = [...values, ...(isLog ? [] : [0]), ...(reference === null ? [] : [reference])];
    const x = scaleOf(wanted, isLog, [margin.left, width - margin.right]);
    const origin = isLog ? x.range()[0] : x(0);
    const rows = bars.map((bar, i) => {
      const [top, end] = [margin.top + i * ROW, isShown(bar.value) ? x(bar.value) : origin];
      const middle = top + 20 + BAR / 2;
      const ends = [bar.low, bar.high].map((value) => (isShown(value) ? x(value) : null));
      return svg("g", { class: `series-${(bar.series ?? 0) % 7}` },
        svg("text", { class: "label", x: margin.left, y: top + 14 }, bar.label),
        svg("rect", { x: Math.min(origin, end), y: top + 20, width: Math.abs(end - origin), height: BAR }),
        ends.includes(null) ? null : svg("path", {
          class: "whisker", d: `M${ends[0]} ${middle}H${ends[1]}M${ends[0]} ${middle - 4}v8M${ends[1]} ${middle - 4}v8`,
        }));
    });
    frame.mark = svg("g", { class: "mark" });
    frame.plot.setAttribute("aria-label", "Bar chart: arrow keys read its values");
    frame.plot.replaceChildren(
      svg("svg", {
        viewBox: `0 0 ${width} ${bottom + margin.bottom}`, role: "img",
        "aria-label": `${specification.title}. ${specification.valueLabel}. ${bars.map(text).join("; ")}.`,
      },
        svg("g", { class: "axes" },
          ...ticks(x, isLog, Math.round(width / 90)).flatMap(([value, label]) => [
            svg("line", { x1: x(value), x2: x(value), y1: margin.top, y2: bottom }),
            svg("text", { x: x(value), y: bottom + 16, "text-anchor": "middle" }, label),
          ]),
          svg("text", { class: "title", x: width - margin.right, y: bottom + 34, "text-anchor": "end" },
            specification.valueLabel)),
        ...rows,
        reference === null ? null : svg("line", {
          class: "reference", x1: x(reference), x2: x(reference), y1: margin.top, y2: bottom,
        }),
        frame.mark),
      frame.tooltip);
    const show = (index) => {
      const line = text(bars[index]);
      const middle = width / 3;
      showTooltip(frame, middle, margin.top + index * ROW + 40, [line]);
      return line;
    };
    followCursor(frame, {
      locate: (_, y) => {
        const index = Math.floor((y - margin.top) / ROW);
        return index >= 0 && index < bars.length ? index : null;
      },
      step: (index, dx, dy) => {
        if (index === null) return bars.length ? 0 : null;
        const next = index + dx - dy;
        return next >= 0 && next < bars.length ? next : null;
      },
      show,
    });
    frame.data = () => [
      ["bar", "series", specification.valueLabel, "interval low", "interval high"],
      bars.map((bar) => [bar.label, labels[bar.series] ?? "", bar.value, bar.low, bar.high]),
    ];
  };
  frameOf(element, draw);
};
