/* Chooses which variants are lines of a chart: one factor is compared, the others are held.
 *
 * const chooser = variantChooser(variants, order, onChange)
 *                                      order: levels that come first, as in the pictures: a level
 *                                      should have one colour on the whole page
 * chooser.element                      its controls
 * chooser.offer(indices, preferred)    which variants there are, and which to begin with
 * chooser.lines()                      [{variant, label}] to draw
 */
const variantChooser = (variants, order, onChange) => {
  const { html } = backdraft;
  const EVERYTHING = ""; // compared by all factors at once
  const FEW = 7; // as many as there are colours
  const element = html("div", { class: "controls" });
  let available = [];
  let varying = [];
  let by = null;
  let held = {};

  const levels = (factor) => {
    const found = [...new Set(available.map((v) => variants[v][factor]))];
    const isNumeric = found.every((level) => level !== undefined && Number.isFinite(Number(level)));
    const rank = (level) => (order.includes(level) ? order.indexOf(level) : order.length);
    return found.sort((a, b) => (isNumeric ? a - b : rank(a) - rank(b) || (a < b ? -1 : 1)));
  };
  const fits = (v) =>
    by === EVERYTHING || varying.every((factor) => factor === by || variants[v][factor] === held[factor]);
  const lines = () => {
    const label = (v) =>
      by === EVERYTHING ? varying.map((factor) => variants[v][factor]).join(", ") : variants[v][by];
    const shown = available.filter(fits).map((v) => ({ variant: v, label: label(v) || "all seeds" }));
    const compared = by === EVERYTHING ? varying : [by];
    const ranks = compared.map((factor) => [factor, levels(factor)]);
    const rank = ({ variant }) => ranks.map(([factor, sorted]) => sorted.indexOf(variants[variant][factor]));
    const before = (a, b) => a.map((place, i) => place - b[i]).find((difference) => difference) ?? 0;
    return shown.sort((a, b) => before(rank(a), rank(b)));
  };

  const select = (name, options, value, change) =>
    html("label", {}, name, html("select", {
      "aria-label": name, onchange: (event) => change(event.target.value),
    },
      ...options.map(([option, text]) =>
        html("option", { value: option, selected: option === value }, text))));
  const hold = (factor, level) => {
    held[factor] = level;
    if (!available.some(fits)) {
      // Not every combination was run: take the others from one that was.
      const like = available.find((v) => variants[v][factor] === level);
      held = { ...variants[like] };
    }
    draw();
    onChange();
  };
  const draw = () => {
    element.replaceChildren();
    if (varying.length < 2) return;
    const choices = varying.map((factor) => [factor, factor]);
    if (available.length <= FEW) choices.unshift([EVERYTHING, "everything"]);
    const compare = (factor) => {
      by = factor;
      if (!available.some(fits)) held = { ...variants[available[0]] };
      draw();
      onChange();
    };
    element.append(select("compare", choices, by, compare));
    for (const factor of varying.filter((name) => by !== EVERYTHING && name !== by)) {
      const options = levels(factor).map((level) => [level, level]);
      element.append(select(factor, options, held[factor], (level) => hold(factor, level)));
    }
  };

  const offer = (indices, preferred) => {
    available = indices;
    const factors = Object.keys(variants[indices[0]] ?? {});
    varying = factors.filter((factor) => levels(factor).length > 1);
    if (!varying.includes(by)) by = available.length <= FEW ? EVERYTHING : varying[0];
    if (by === EVERYTHING && available.length > FEW) [by] = varying;
    const isHeld = Object.keys(held).length > 0 && available.some(fits);
    if (!isHeld) held = { ...variants[preferred ?? available[0]] };
    draw();
  };
  return { element, offer, lines };
};
