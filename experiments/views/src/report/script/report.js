/* The report: fills the figures that the page holds. */
(() => {
  const { html, lineChart } = backdraft;
  const data = JSON.parse(document.getElementById("data").textContent);
  const variants = data.variants.map(Object.fromEntries);

  const pictures = document.querySelectorAll("#pictures > figure");
  data.pictures.forEach((picture, i) => lineChart(pictures[i], picture));

  const labels = data.pictures.flatMap((picture) => picture.series.map(({ label }) => label));
  // The most telling comparison is the one that theory speaks of.
  const told = data.profiles.flatMap(({ lines }) => lines.filter((line) => line.theory));
  const order = [...new Set(labels)];
  const on = (axis) => data.profiles.filter((profile) => profile.axis === axis);
  const place = (id, profiles, texts) => {
    const element = document.getElementById(id);
    if (element) explore(element, profiles, variants, texts);
  };
  place("layers", on("depth"), { xLabel: "layer, from the input", first: 1, order });
  place("lags", on("time"), { xLabel: "lag T − t, time steps", first: 0, order });

  const courses = document.getElementById("courses");
  if (courses) {
    const figures = data.courses.map(() => html("figure"));
    const draw = () => data.courses.forEach((course, i) => {
      const series = chooser.lines().flatMap(({ variant, label }) => {
        const line = course.lines.find((l) => l.variant === variant);
        if (!line) return [];
        const { mean, low, high } = line.spread;
        const points = line.steps.map((x, k) => ({ x, y: mean[k], low: low[k], high: high[k] }));
        return [{ label, isTheory: false, points }];
      });
      const title = course.name[0].toUpperCase() + course.name.slice(1);
      lineChart(figures[i], {
        title, xLabel: "optimiser step", yLabel: course.label, isLog: course.isLog, series,
      });
    });
    const chooser = variantChooser(variants, order, draw);
    const trained = data.courses.flatMap((course) => course.lines.map((line) => line.variant));
    const offered = [...new Set(trained)].sort((a, b) => a - b);
    chooser.offer(offered, told.map((line) => line.variant).find((v) => offered.includes(v)));
    courses.replaceChildren(chooser.element, html("div", { class: "charts" }, ...figures));
    draw();
  }
})();
