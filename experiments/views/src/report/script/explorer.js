/* Moves through training: a profile of every variant at one step, and a heat map of all steps.
 *
 * explore(element, profiles, variants, {xLabel, first, order}) fills the element; `first` is the number of
 * the first place, `order` is the chooser's. Each profile is {quantity, name, label, about, isLog, kind, names, lines: [{variant, steps,
 * spreads: [{mean, low, high}], theory}]}.
 */
const explore = (element, profiles, variants, { xLabel, first, order }) => {
  const { html, number, lineChart, heatMap } = backdraft;
  const quantities = [...new Set(profiles.map((profile) => profile.quantity))];
  const id = `explorer-${element.id}`;
  const PAUSE = 350; // milliseconds between steps while playing
  const NAMED = 4; // lines without theory that are named one by one
  let profile = profiles[0];
  let steps = [];
  let index = 0;
  let timer = null;

  const chooser = variantChooser(variants, order, () => update());
  const tabs = quantities.map((quantity, i) => html("button", {
    type: "button", role: "tab", id: `${id}-tab-${i}`, "aria-controls": `${id}-panel`,
    onclick: () => choose(quantity),
  }, profiles.find((p) => p.quantity === quantity).name));
  const tablist = html("div", {
    role: "tablist", "aria-label": "Quantity", onkeydown: (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!move) return;
      const next = (quantities.indexOf(profile.quantity) + move + tabs.length) % tabs.length;
      choose(quantities[next]);
      tabs[next].focus();
    },
  }, ...tabs);
  const about = html("p", { class: "soft" });
  const theoryNote = html("p", { class: "soft theory-note" });
  const kinds = html("select", { "aria-label": "subjects", onchange: () => show(profiles[kinds.value]) });
  const kindLabel = html("label", {}, "of", kinds);
  const slider = html("input", { type: "range", min: 0, step: 1, oninput: () => { stop(); moveTo(Number(slider.value)); address.write(); } });
  const stepText = html("output", {});
  const play = html("button", { type: "button", onclick: () => (timer ? stop() : start()) }, "▶ Play");
  const through = html("div", { class: "controls" },
    play, html("label", { class: "wide" }, "step", slider, stepText));
  const lineFigure = html("figure");
  const heatFigure = html("figure");
  const heatChoice = html("select", { "aria-label": "heat map of", onchange: () => drawHeat() });
  const heatLabel = html("label", {}, "heat map of", heatChoice);
  const panel = html("div", { role: "tabpanel", id: `${id}-panel` },
    about, html("div", { class: "controls" }, kindLabel, chooser.element, heatLabel), through,
    theoryNote, html("div", { class: "charts" }, lineFigure, heatFigure));
  element.replaceChildren(tablist, panel);

  /** The place of the slider, in the address of the page: what is shown can be shown to others. */
  const address = {
    read: () => new URLSearchParams(location.hash.slice(1)).get(element.id),
    write: () => {
      const parts = new URLSearchParams(location.hash.slice(1));
      if (steps[index] === steps[0]) parts.delete(element.id);
      else parts.set(element.id, steps[index]);
      const hash = parts.toString();
      // Each move replaces the last: going back leaves the page.
      history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    },
  };
  const fromAddress = () => {
    const step = Number(address.read() ?? steps[0]);
    if (Number.isFinite(step) && steps.length) moveTo(Math.max(0, steps.findLastIndex((s) => s <= step)));
  };

  const stop = () => {
    clearInterval(timer);
    if (timer !== null) address.write();
    timer = null;
    play.textContent = "▶ Play";
  };
  const start = () => {
    if (index >= steps.length - 1) moveTo(0);
    play.textContent = "❚❚ Pause";
    timer = setInterval(() => (index < steps.length - 1 ? moveTo(index + 1) : stop()), PAUSE);
  };
  const moveTo = (to) => {
    index = to;
    slider.value = to;
    slider.setAttribute("aria-valuetext", `step ${steps[to]}`);
    stepText.textContent = `${steps[to]} of ${steps[steps.length - 1]}`;
    drawLines();
    drawHeat();
  };

  const lineOf = (variant) => profile.lines.find((line) => line.variant === variant);
  /** The index of a line's last step up to `step`, or -1. */
  const at = (line, step) => line.steps.findLastIndex((s) => s <= step);
  const place = (i) => i + first;
  const names = () => Object.fromEntries(profile.names.map((name, i) => [place(i), name]));

  /** Says of which lines theory says nothing: `labels` are [label, hasTheory]. */
  const noteTheory = (labels) => {
    const without = labels.filter(([, hasTheory]) => !hasTheory).map(([label]) => label);
    const named = without.slice(0, NAMED).join(", ");
    const more = without.length > NAMED ? ` and ${without.length - NAMED} more` : "";
    let note = "";
    if (without.length === labels.length) note = "No theory for what is shown: these are measurements alone.";
    else if (steps[index] > 0) note = "Theory speaks of networks before training: it is shown at step 0.";
    else if (without.length) note = `No theory for ${named}${more}.`;
    theoryNote.hidden = !note || profile.quantity !== "activation_gradient_norm";
    theoryNote.textContent = note;
  };

  const drawLines = () => {
    const step = steps[index];
    const series = chooser.lines().flatMap(({ variant, label }) => {
      const line = lineOf(variant);
      const here = at(line, step);
      if (here < 0) return [];
      const { mean, low, high } = line.spreads[here];
      const points = mean.map((y, i) => ({ x: place(i), y, low: low[i], high: high[i] }));
      const theory = here === 0 && line.theory
        ? [{
          label: `${label}, theory`, isTheory: true,
          points: line.theory.map((y, i) => ({ x: place(i), y })),
        }] : [];
      return [{ label, isTheory: false, points }, ...theory];
    });
    noteTheory(chooser.lines().map(({ variant, label }) => [label, Boolean(lineOf(variant).theory)]));
    series.sort((a, b) => a.isTheory - b.isTheory);
    const when = steps.length > 1 ? ` at step ${step}` : " before training";
    lineChart(lineFigure, {
      title: `${profile.name} by ${xLabel.split(",")[0]}${when}`,
      xLabel, yLabel: profile.label, isLog: profile.isLog, series, names: names(),
      yDomain: extent(),
    });
  };

  /** What the shown lines span through all steps, so that the axis stays still while they move. */
  const extent = () => {
    let [low, high] = [Infinity, -Infinity];
    for (const { variant } of chooser.lines()) {
      const line = lineOf(variant);
      for (const values of [...line.spreads.map((spread) => spread.mean), line.theory ?? []]) {
        for (const value of values) {
          if (!Number.isFinite(value) || (profile.isLog && value <= 0)) continue;
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      }
    }
    if (low > high) return undefined;
    if (profile.isLog) {
      const margin = Math.max(0.05 * Math.log10(high / low), 0.1);
      return [low / 10 ** margin, high * 10 ** margin];
    }
    const margin = low === high ? 0.5 : 0.06 * (high - low);
    return [low - margin, high + margin];
  };

  const drawHeat = () => {
    heatFigure.hidden = steps.length < 2;
    if (steps.length < 2) return;
    const chosen = chooser.lines()[Number(heatChoice.value)] ?? chooser.lines()[0];
    const line = lineOf(chosen.variant);
    const rows = Math.max(...line.spreads.map(({ mean }) => mean.length));
    const column = at(line, steps[index]);
    heatMap(heatFigure, {
      title: `${chosen.label}: ${profile.name} through training`,
      xLabel: "optimiser step", yLabel: xLabel, valueLabel: profile.name,
      isLog: profile.isLog, xs: line.steps, column: column < 0 ? null : column,
      ys: Array.from({ length: rows }, (_, i) => place(i)),
      values: Array.from({ length: rows }, (_, i) => line.spreads.map(({ mean }) => mean[i] ?? null)),
    });
  };

  /** Redraws for another profile or other variants, at the same step as before where there is one. */
  const update = () => {
    const before = steps[index] ?? 0;
    const lines = chooser.lines();
    const all = lines.flatMap(({ variant }) => lineOf(variant).steps);
    steps = [...new Set(all)].sort((a, b) => a - b);
    slider.max = steps.length - 1;
    through.hidden = steps.length < 2;
    const kept = Math.min(Number(heatChoice.value) || 0, lines.length - 1);
    heatChoice.replaceChildren(...lines.map(({ label }, i) =>
      html("option", { value: i, selected: i === kept }, label)));
    heatLabel.hidden = lines.length < 2 || steps.length < 2;
    moveTo(Math.max(0, steps.findLastIndex((step) => step <= before)));
  };

  const show = (next) => {
    profile = next;
    const i = quantities.indexOf(profile.quantity);
    tabs.forEach((tab, t) => {
      tab.setAttribute("aria-selected", t === i);
      tab.tabIndex = t === i ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", tabs[i].id);
    about.textContent = profile.about;
    const alike = profiles.filter((p) => p.quantity === profile.quantity);
    kinds.replaceChildren(...alike.map((p) =>
      html("option", { value: profiles.indexOf(p), selected: p === profile }, p.kind)));
    kindLabel.hidden = alike.length < 2;
    const withTheory = profile.lines.find((line) => line.theory);
    const deepest = profile.lines.reduce((a, b) =>
      (b.spreads[0].mean.length > a.spreads[0].mean.length ? b : a));
    chooser.offer(profile.lines.map((line) => line.variant), (withTheory ?? deepest).variant);
    update();
  };
  const choose = (quantity) => show(profiles.find((p) => p.quantity === quantity));
  show(profile);
  fromAddress();
  addEventListener("hashchange", fromAddress);
};
