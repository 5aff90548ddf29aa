/* The comparison: fills the figures that the page holds. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const figures = document.querySelectorAll("#pictures > figure");
  data.pictures.forEach((picture, i) => backdraft.lineChart(figures[i], picture));
})();
