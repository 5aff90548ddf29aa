/* The comparison: fills the figures that the page holds. */
(() => {
  const { pictures } = JSON.parse(document.getElementById("data").textContent);
  const rows = document.querySelectorAll("#pictures > .charts");

  /** What the lines of pictures span together, so that they can be compared at a glance. */
  const domain = (alike, isLog) => {
    const points = alike.flatMap(({ series }) => series.flatMap((line) => line.points));
    const values = points.flatMap(({ y, low, high }) => [y, low, high])
      .filter((value) => Number.isFinite(value) && (!isLog || value > 0));
    return values.length ? backdraft.scaleOf(values, isLog, [0, 1]).domain() : undefined;
  };
  pictures.forEach((alike, row) => {
    const yDomain = alike.length > 1 ? domain(alike, alike[0].isLog) : undefined;
    const figures = rows[row].querySelectorAll("figure");
    alike.forEach((picture, i) => backdraft.lineChart(figures[i], { ...picture, yDomain }));
  });
})();
