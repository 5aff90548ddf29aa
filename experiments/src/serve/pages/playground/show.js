/* Shows an answer: words, numbers, curves. */
const show = (() => {
  const { html, number, lineChart } = backdraft;
  const at = (id) => document.getElementById(id);
  const EXPERIMENTS = { layers: "hidden layer", sequence: "time step" };

  const points = (values) => values.map((y, i) => ({ x: i + 1, y }));
  const of = (places, key) => points(places.map((place) => place[key]));
  const has = (places, key) => places.some((place) => place[key] !== null);

  /** The ways of the gradient: through layers or states, and through an LSTM's memory. */
  const PATHS = {
    h: { key: "gradient", name: "∂L/∂h", symbol: "‖∂L/∂h‖", summary: (answer) => answer.summary, factor: (answer) => answer.factor },
    c: { key: "memory_gradient", name: "∂L/∂c", symbol: "‖∂L/∂c‖", summary: (answer) => answer.memory.summary, factor: (answer) => answer.memory.factor },
  };
  /** The way that is shown: what was chosen, where there is a choice. */
  const pathOf = (answer) => PATHS[answer.memory ? controls.path() : "h"];
  /** What arrives at the first place of what the last one gets. */
  const ratioOf = ({ places }, { key }) => places[0]?.[key] / places[places.length - 1]?.[key];

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
  const mood = (answer, path) => {
    const { places } = answer;
    const factor = path.factor(answer);
    const [first, last] = [places[0]?.[path.key], places[places.length - 1]?.[path.key]];
    if (!places.length || !Number.isFinite(first) || !Number.isFinite(last)) return "exploded";
    if (factor === null && places.length > 1) return "vanished";
    const decades = Math.log10(first / last);
    if (decades <= -3) return "vanished";
    if (decades < -1) return "fading";
    return decades <= 1 ? "level" : decades < 3 ? "growing" : "exploded";
  };

  const GATES = { input: "input gate", forget: "forget gate", output: "output gate", reset: "reset gate", update: "update gate" };
  /** The mean of each gate over all time steps, as [name, mean]. */
  const gates = ({ places }) => (places[0]?.gates ?? []).map(({ gate }, i) =>
    [GATES[gate], places.reduce((sum, place) => sum + place.gates[i].mean, 0) / places.length]);

  const tiles = (answer, theory, frame, path) => {
    const isOfPath = theory && theory.is_of_memory === (path === PATHS.c);
    const ratio = ratioOf(answer, path);
    const unit = controls.kind() === "sequence" ? "time step" : "layer";
    const tile = (name, value, note) => html("div", {}, html("dt", {}, name), html("dd", {}, value, note ? html("small", {}, ` ${note}`) : null));
    const accuracy = frame?.test_accuracy;
    at("numbers").replaceChildren(
      tile(`factor per ${unit}`, short(path.factor(answer)), isOfPath ? `${theory.is_of_one_path || theory.is_of_memory ? theory.label : "theory"} ${short(theory.factor)}` : null),
      tile("first ÷ last", short(ratio)),
      ...gates(answer).map(([name, mean]) => tile(`${name}, mean`, short(mean))),
      tile("loss", short(answer.loss), frame?.test_loss === undefined || frame?.test_loss === null ? null : `test ${short(frame.test_loss)}`),
      accuracy === null || accuracy === undefined
        ? tile("parameters", answer.parameters.toLocaleString("en"))
        : tile("right on test", percent(accuracy)));
  };

  const kept = []; // curves to compare with, as series of the chart
  const MOST_KEPT = 3;
  const keep = (name, answer) => {
    const { places, memory } = answer;
    const path = pathOf(answer);
    const label = memory ? `${name}, ${path.symbol}` : name;
    const others = kept.filter((series) => series.label !== label);
    kept.splice(0, kept.length, ...others.slice(1 - MOST_KEPT), { label, isTheory: false, points: of(places, path.key) });
  };
  const drop = () => kept.splice(0, kept.length);

  const gradients = (answer, theory, before, path) => {
    const { places } = answer;
    const isSequence = controls.kind() === "sequence";
    const state = { label: "‖∂L/∂h‖", isTheory: false, points: of(places, "gradient") };
    const memory = { label: "‖∂L/∂c‖, memory", isTheory: false, points: of(places, "memory_gradient") };
    const series = !answer.memory ? [state] : path === PATHS.c ? [memory, state] : [state, memory];
    if (before) series.push({ label: `${path.symbol} before training`, isTheory: false, points: of(before.places, path.key) });
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
    const named = places[0]?.gates ?? [];
    at("gates").hidden = named.length === 0;
    if (named.length) {
      lineChart(at("gates"), {
        title: "How far the gates are open", xLabel, yLabel: "mean over units and examples", isLog: false, yDomain: [0, 1],
        series: named.map(({ gate }, i) => ({ label: GATES[gate], isTheory: false, points: points(places.map((place) => place.gates[i].mean)) })),
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

  const summary = (answer, path) => {
    const element = at("summary");
    element.className = mood(answer, path);
    const text = path.summary(answer);
    if (element.textContent !== text) element.textContent = text;
  };

  /** Shows an answer with its theory or the reason `without` it; in training also the frame it belongs to,
   * and the answer before it all. */
  const answer = (shown, { theory, without_theory: without }, frame, before) => {
    const path = pathOf(shown);
    at("paths").hidden = !shown.memory;
    summary(shown, path);
    drawRiver(shown, path);
    tiles(shown, theory, frame, path);
    at("theory").textContent = theory ? `Theory: ${theory.words}` : without;
    gradients(shown, theory, before, path);
    inside(shown);
    if (frame === null) why(shown);
    listFindings(at("findings"), shown.findings, "Nothing is wrong, by the rules of backdraft-hooks.");
  };

  /** Fills in what is measured: {ratio} arrives, {factor} per place, and the {gate} that keeps. */
  const fill = (story, shown) => {
    const path = pathOf(shown);
    const keeping = gates(shown).find(([name]) => ["forget gate", "update gate"].includes(name));
    const measured = { ratio: ratioOf(shown, path), factor: path.factor(shown), gate: keeping?.[1] };
    return story.replace(/\{(\w+)\}/g, (_, name) => short(measured[name]));
  };

  return { answer, river: (shown) => drawRiver(shown, pathOf(shown)), courses, keep, drop, fill, short, percent };
})();
