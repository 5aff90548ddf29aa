/* What all charts share: their frame, their numbers, their data as table and CSV.
 *
 * A chart is drawn by a call such as `backdraft.lineChart(element, specification)`; calling it again
 * with the same element redraws in place and keeps what the reader hid. Text from a specification
 * only ever becomes text: nothing here writes markup.
 */
const backdraft = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const frames = new WeakMap();

  /** Creates an element; `text` becomes text, `on…` attributes become listeners. */
  const create = (namespace) => (name, attributes = {}, ...children) => {
    const element = namespace ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === undefined || value === null || value === false) continue;
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else element.setAttribute(key, value === true && !key.startsWith("aria-") ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  const html = create(false);
  const svg = create(true);

  /** A text as nodes, with `code` where it is marked by backticks. */
  const prose = (text) => text.split("`").map((part, i, { length }) => {
    if (i % 2 === 0) return part;
    return i + 1 < length ? html("code", {}, part) : `\`${part}`;
  });

  /** Four significant digits; what JSON writes as null is not finite. */
  const number = (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "not finite";
    return String(Number(value.toPrecision(4)));
  };

  const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  /** 10⁻⁷ and the like for a decimal exponent. */
  const powerOfTen = (exponent) => {
    if (exponent === 0) return "1";
    if (exponent === 1) return "10";
    const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[digit]);
    return `10${exponent < 0 ? "⁻" : ""}${digits.join("")}`;
  };

  /** Ticks of an axis as [value, label]; decades on a logarithmic one that spans at least two. */
  const ticks = (scale, isLog, count) => {
    const [low, high] = scale.domain();
    if (!isLog) return scale.ticks(count).map((value) => [value, number(value)]);
    const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
    if (last - first < 2) {
      // Round numbers, of as many digits as it takes to have some.
      const round = (digits) => [first - 1, first, first + 1].flatMap((k) =>
        digits.map((digit) => Number(`${digit}e${k}`))).filter((v) => v >= low && v <= high);
      const found = [[1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]].map(round)
        .find((values) => values.length > 2);
      return (found ?? d3.scaleLinear([low, high], [0, 1]).ticks(count))
        .map((value) => [value, number(value)]);
    }
    const stride = [1, 2, 5, 10, 20, 50, 100].find((step) => (last - first) / step <= count) ?? 200;
    const exponents = [];
    for (let k = Math.ceil(first / stride) * stride; k <= last; k += stride) exponents.push(k);
    return exponents.map((k) => [Number(`1e${k}`), powerOfTen(k)]);
  };

  /** A scale over values; a logarithmic one leaves out what it cannot show. */
  const scaleOf = (values, isLog, range) => {
    const shown = values.filter((v) => Number.isFinite(v) && (!isLog || v > 0));
    let [low, high] = [Infinity, -Infinity];
    for (const v of shown) { low = Math.min(low, v); high = Math.max(high, v); }
    if (!shown.length) [low, high] = isLog ? [0.1, 1] : [0, 1];
    if (isLog) {
      const margin = Math.max(0.04 * Math.log10(high / low), 0.04);
      return d3.scaleLog([low / 10 ** margin, high * 10 ** margin], range);
    }
    if (low === high) [low, high] = [low - 0.5, high + 0.5];
    return d3.scaleLinear([low, high], range).nice();
  };

  const csvCell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const toCsv = (header, rows) =>
    [header, ...rows].map((row) => row.map(csvCell).join(",")).join("\n") + "\n";

  const download = (name, text) => {
    const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    const link = html("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };

  const ROWS_IN_A_TABLE = 400;
  const fillTable = (table, [header, rows]) => {
    const cell = (name) => (value) =>
      html(name, {}, typeof value === "number" ? number(value) : value ?? "");
    const shown = rows.slice(0, ROWS_IN_A_TABLE);
    table.replaceChildren(
      html("thead", {}, html("tr", {}, ...header.map(cell("th")))),
      html("tbody", {}, ...shown.map((row) => html("tr", {}, ...row.map(cell("td"))))),
    );
    if (shown.length < rows.length) {
      const rest = `${rows.length - shown.length} more rows are in the CSV`;
      table.append(html("caption", {}, rest));
    }
  };

  const fileName = (title) =>
    `${title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "data"}.csv`;

  /** The frame of the chart in `element`, built once; `draw` draws into it whenever its width changes. */
  const frameOf = (element, draw) => {
    let frame = frames.get(element);
    if (!frame) {
      frame = {
        hidden: new Set(),
        cursor: null,
        title: html("figcaption"),
        legend: html("div", { class: "legend" }),
        plot: html("div", { class: "plot", tabindex: "0", role: "group" }),
        tooltip: html("div", { class: "tooltip", hidden: true }),
        status: html("p", { class: "visually-hidden", role: "status" }),
        table: html("table"),
      };
      const csv = () => {
        const [header, rows] = frame.data();
        download(fileName(frame.title.textContent), toCsv(header, rows));
      };
      const toggled = (event) => event.target.open && fillTable(frame.table, frame.data());
      frame.details = html("details", { class: "data", ontoggle: toggled },
        html("summary", {}, "Data"),
        html("button", { type: "button", class: "csv", onclick: csv }, "Download CSV"),
        html("div", { class: "scrolling", tabindex: "0" }, frame.table));
      element.classList.add("chart");
      element.replaceChildren(frame.title, frame.legend, frame.plot, frame.status, frame.details);
      frames.set(element, frame);
      new ResizeObserver(() => {
        if (Math.abs(frame.plot.clientWidth - frame.width) > 1) frame.draw();
      }).observe(frame.plot);
    }
    frame.draw = () => {
      frame.width = Math.max(frame.plot.clientWidth || 640, 260);
      draw(frame);
    };
    frame.draw();
    if (frame.details.open) fillTable(frame.table, frame.data());
    return frame;
  };

  /** Places the tooltip beside x of the plot, with a line of text or nodes for each entry. */
  const showTooltip = (frame, x, y, lines) => {
    const { tooltip, plot } = frame;
    tooltip.replaceChildren(...lines.map((line) => html("div", {}, ...[line].flat())));
    tooltip.hidden = false;
    const room = plot.clientWidth - tooltip.offsetWidth;
    const beside = x + 14 < room ? x + 14 : x - 14 - tooltip.offsetWidth;
    tooltip.style.left = `${Math.max(0, Math.min(beside, room))}px`;
    tooltip.style.top = `${Math.max(0, y)}px`;
  };

  /** Lets pointer and arrow keys move the cursor: `locate` finds it from a position in the plot,
   * `step` from a direction, `show` shows it and returns what a screen reader says. */
  const followCursor = (frame, { locate, step, show }) => {
    const { plot, tooltip, status } = frame;
    const hide = () => {
      frame.cursor = null;
      tooltip.hidden = true;
      frame.mark?.replaceChildren();
    };
    plot.onpointermove = (event) => {
      const box = plot.getBoundingClientRect();
      frame.cursor = locate(event.clientX - box.left, event.clientY - box.top);
      if (frame.cursor === null) hide();
      else show(frame.cursor);
    };
    plot.onpointerdown = plot.onpointermove;
    plot.onpointerleave = hide;
    plot.onblur = hide;
    plot.onkeydown = (event) => {
      if (event.key === "Escape") return hide();
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      const move = moves[event.key];
      const next = move && step(frame.cursor, ...move);
      if (next === undefined || next === null) return;
      event.preventDefault();
      frame.cursor = next;
      status.textContent = show(next);
    };
    if (frame.cursor !== null) {
      if (step(frame.cursor, 0, 0) === null) hide();
      else show(frame.cursor);
    }
  };

  return {
    html, svg, prose, number, powerOfTen, ticks, scaleOf, frameOf, showTooltip, followCursor, toCsv,
    download,
  };
})();
