/* Follows a run: asks every second for what is new, while there is something to come. */
(() => {
  const { html, number, lineChart } = backdraft;
  const { api } = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const PERIOD = 1000;
  const RARELY = 3000;
  const EXAMPLES = { loss: "training batch", test_loss: "test examples", test_accuracy: "test examples" };

  const ask = async (path) => {
    const response = await fetch(path);
    if (!response.ok) throw new Error((await response.text()).trim());
    return response.json();
  };

  const state = ({ ending }) => {
    if (ending === null) return "under way";
    if (ending === "finished") return "finished";
    if (ending.diverged) return `diverged at step ${ending.diverged.step}`;
    return `failed: ${ending.failed?.message ?? ""}`;
  };

  const words = (run) => {
    const ended = run.begun.filter((trial) => trial.ending !== null).length;
    const counts = `${ended} of ${run.trials} trials have ended`;
    if (run.state === "cut off") return `${counts}; the run was cut off. Its command, below, goes on with it.`;
    if (run.state !== "running") return `${counts}; the run is ${run.state}.`;
    const silent = run.silent === null ? "" : `, the last measurement ${Math.round(run.silent)} s ago`;
    return `${counts}. Running: ${run.owner}${silent}.`;
  };

  const drawList = (run) => {
    at("standing").textContent = words(run);
    at("done").max = Math.max(run.trials, 1);
    at("done").value = run.begun.filter((trial) => trial.ending !== null).length;
    at("trials").replaceChildren(...run.begun.map((trial) => html("tr", {},
      html("td", { class: "path" }, trial.name), html("td", {}, String(trial.step)),
      html("td", {}, trial.loss === null ? "" : number(trial.loss)), html("td", {}, state(trial)))));
    const chosen = at("trial").value;
    const names = run.begun.map((trial) => trial.name);
    if ([...at("trial").options].map((option) => option.value).join("\n") !== names.join("\n")) {
      at("trial").replaceChildren(...names.map((name) => html("option", { value: name }, name)));
      if (names.includes(chosen)) at("trial").value = chosen;
    }
    const running = run.begun.filter((trial) => trial.ending === null);
    if (at("latest").checked && running.length) at("trial").value = running[running.length - 1].name;
  };

  /** The norms of a profile, first place to last. */
  const profile = (rows, axis) => ({
    points: rows.map((row, i) => ({ x: i + 1, y: row.value })),
    yLabel: rows[0]?.quantity === "gradient_norm" ? "‖∂L/∂W‖, L2" : "‖∂L/∂h‖, L2 over the batch",
    xLabel: axis === "time" ? "time step" : "layer, first to last",
  });

  const course = (trial, name) => (trial.courses[name] ?? []).map(([x, y]) => ({ x, y }));

  const drawTrial = (trial) => {
    const [latest, first] = [trial.latest, trial.first].map((rows) => profile(rows, trial.axis));
    const step = trial.latest[0]?.step ?? 0;
    lineChart(at("norms"), {
      title: `Gradient by layer, step ${step}`, xLabel: latest.xLabel, yLabel: latest.yLabel, isLog: true,
      series: [...(first.points.length ? [{ label: "at the start", isTheory: false, points: first.points }] : []),
        { label: "now", isTheory: false, points: latest.points }],
    });
    const losses = ["loss", "test_loss"].filter((name) => course(trial, name).length);
    at("loss").hidden = losses.length === 0;
    if (losses.length) lineChart(at("loss"), {
      title: "Loss", xLabel: "optimiser step", yLabel: "mean over examples", isLog: false,
      series: losses.map((name) => ({ label: EXAMPLES[name], isTheory: false, points: course(trial, name) })),
    });
    const scores = course(trial, "test_accuracy");
    at("scores").hidden = scores.length === 0;
    if (scores.length) {
      lineChart(at("scores"), {
        title: "Accuracy on test examples", xLabel: "optimiser step", yLabel: "share that is right",
        isLog: false, yDomain: [0, 1], series: [{ label: EXAMPLES.test_accuracy, isTheory: false, points: scores }],
      });
    }
    listFindings(at("findings"), trial.findings, "Nothing is wrong in the latest observation.");
  };

  const update = async () => {
    let again = PERIOD;
    try {
      const run = await ask(api);
      drawList(run);
      const name = at("trial").value;
      if (name) drawTrial(await ask(`${api}/${encodeURIComponent(name)}`));
      if (!run.is_caught_up) again = 0;
      else if (run.state === "cut off") again = RARELY; // somebody may go on with it
      else if (run.state !== "running") again = null;
    } catch (error) {
      at("standing").textContent = `No answer: ${error.message}. Asking again.`;
    }
    if (again !== null) setTimeout(update, again);
  };

  at("trial").addEventListener("change", async () => {
    at("latest").checked = false;
    drawTrial(await ask(`${api}/${encodeURIComponent(at("trial").value)}`));
  });
  update();
})();
