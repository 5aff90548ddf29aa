/* Shows an answer: words, numbers, curves. */
const show = (() => {
  const { html, number, lineChart } = backdraft;
  const at = (id) => document.getElementById(id);
  const EXPERIMENTS = { layers: "hidden layer", sequence: "time step" };

  const points = (values) => values.map((y, i) => ({ x: i + 1, y }));
  const of = (places, key) => points(places.map((place) => place[key]));
  const has = (places, key) => places.some((place) => place[key] !== null);

  const percent = (share) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`);
  /** Three digits; very large and small ones with a power of ten. */
  const short = (value) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    if (size === 0 || (size >= 1e-3 && size < 1e5)) return String(Number(value.toPrecision(3)));
    const exponent = Math.floor(Math.log10(size));
    return `${Number((value / 10 ** exponent).toPrecision(2))} × ${backdraft.powerOfTen(exponent)}`;
  };

  /** What the sentence is about: one of the shades of the river. */
  const mood = ({ places, factor }) => {
    const [first, last] = [places[0]?.gradient, places[places.length - 1]?.gradient];
    if (!places.length || !Number.isFinite(first) || !Number.isFinite(last)) return "exploded";
    if (factor === null && places.length > 1) return "vanished";
    const decades = Math.log10(first / last);
    if (decades <= -3) return "vanished";
    if (decades < -1) return "fading";
    return decades <= 1 ? "level" : decades < 3 ? "growing" : "exploded";
  };

  const tiles = (answer, theory, frame) => {
    const { places } = answer;
    const [first, last] = [places[0]?.gradient, places[places.length - 1]?.gradient];
    const unit = controls.kind() === "sequence" ? "time step" : "layer";
    const tile = (name, value, note) => html("div", {}, html("dt", {}, name), html("dd", {}, value, note ? html("small", {}, ` ${note}`) : null));
    const accuracy = frame?.test_accuracy;
    at("numbers").replaceChildren(
      tile(`factor per ${unit}`, short(answer.factor), theory && !theory.is_of_memory ? `${theory.is_of_one_path ? theory.label : "theory"} ${short(theory.factor)}` : null),
      tile("first ÷ last", last > 0 ? short(first / last) : "–"),
      tile("loss", short(answer.loss), frame?.test_loss === undefined || frame?.test_loss === null ? null : `test ${short(frame.test_loss)}`),
      accuracy === null || accuracy === undefined
        ? tile("parameters", answer.parameters.toLocaleString("en"))
        : tile("right on test examples", percent(accuracy)));
  };

  const kept = []; // curves to compare with, as series of the chart
  const MOST_KEPT = 3;
  const keep = (label, { places }) => {
    const others = kept.filter((series) => series.label !== label);
    kept.splice(0, kept.length, ...others.slice(1 - MOST_KEPT), { label, isTheory: false, points: of(places, "gradient") });
  };
  const drop = () => kept.splice(0, kept.length);

  const gradients = (answer, theory, before) => {
    const { places } = answer;
    const isSequence = controls.kind() === "sequence";
    const series = [{ label: "‖∂L/∂h‖", isTheory: false, points: of(places, "gradient") }];
    if (has(places, "memory_gradient")) {
      series.push({ label: "‖∂L/∂c‖, memory", isTheory: false, points: of(places, "memory_gradient") });
    }
    if (before) series.push({ label: "‖∂L/∂h‖ before training", isTheory: false, points: of(before.places, "gradient") });
    if (theory && !before) {
      const label = theory.is_of_memory ? "‖∂L/∂c‖, memory" : "‖∂L/∂h‖";
      series.push({ label: `${label}, theory: ${theory.label}`, isTheory: true, points: points(theory.norms) });
    }
    series.push(...kept);
    lineChart(at("gradient"), {
      title: isSequence ? "The gradient at each time step" : "The gradient at each layer",
      xLabel: EXPERIMENTS[controls.kind()], yLabel: "L2 norm over the batch", isLog: true, series,
    });
  };

  const inside = ({ places }) => {
    const xLabel = EXPERIMENTS[controls.kind()];
    lineChart(at("activations"), {
      title: "Activations", xLabel, yLabel: "over units and examples", isLog: false,
      series: [{ label: "mean", isTheory: false, points: of(places, "mean") },
        { label: "standard deviation", isTheory: false, points: of(places, "standard_deviation") }],
    });
    const shares = [["saturated", "saturated units"], ["dead", "dead units"]].filter(([key]) => has(places, key));
    at("shares").hidden = shares.length === 0;
    if (shares.length) {
      lineChart(at("shares"), {
        title: shares[0][0] === "dead" ? "Units that are zero for the whole batch" : "Outputs with almost no slope",
        xLabel, yLabel: "share", isLog: false, yDomain: [0, 1],
        series: shares.map(([key, label]) => ({ label, isTheory: false, points: of(places, key) })),
      });
    }
    const hasWeights = has(places, "weight_gradient");
    at("weights").hidden = !hasWeights;
    if (hasWeights) {
      const series = [{ label: "‖∂L/∂W‖", isTheory: false, points: of(places, "weight_gradient") }];
      if (has(places, "update_ratio")) series.push({ label: "‖ΔW‖ / ‖W‖ of the step", isTheory: false, points: of(places, "update_ratio") });
      lineChart(at("weights"), { title: "Gradient of the weights", xLabel, yLabel: "L2 norm", isLog: true, series });
    }
  };

  const courses = (frames) => {
    at("losses").hidden = frames.length < 2;
    const course = (value) => frames.map((frame) => ({ x: frame.answer.step, y: value(frame) })).filter(({ y }) => y !== null);
    const scores = course((frame) => frame.test_accuracy);
    at("accuracy").hidden = frames.length < 2 || scores.length === 0;
    if (frames.length < 2) return;
    lineChart(at("losses"), {
      title: "Loss", xLabel: "optimiser step", yLabel: "mean over examples", isLog: false,
      series: [{ label: "batch", isTheory: false, points: course((frame) => frame.answer.loss) },
        { label: "test", isTheory: false, points: course((frame) => frame.test_loss) }],
    });
    if (scores.length) {
      lineChart(at("accuracy"), {
        title: "Right on test examples", xLabel: "optimiser step", yLabel: "share", isLog: false, yDomain: [0, 1],
        series: [{ label: "test", isTheory: false, points: scores }],
      });
    }
  };

  const summary = (answer) => {
    const element = at("summary");
    element.className = mood(answer);
    if (element.textContent !== answer.summary) element.textContent = answer.summary;
  };

  /** Shows an answer with its theory or the reason `without` it; in training also the frame it belongs to,
   * and the answer before it all. */
  const answer = (shown, { theory, without_theory: without }, frame, before) => {
    summary(shown);
    drawRiver(shown);
    tiles(shown, theory, frame);
    at("theory").textContent = theory ? `Theory: ${theory.words}` : without;
    gradients(shown, theory, before);
    inside(shown);
    listFindings(at("findings"), shown.findings, "Nothing is wrong, by the rules of backdraft-hooks.");
  };

  return { answer, courses, keep, drop, short, percent };
})();
