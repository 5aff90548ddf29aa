// The values of one step, chosen by the slider. What has left its range up to this step is marked.

const data = JSON.parse(document.getElementById("data").textContent);
const slider = document.getElementById("step");
const shown = document.getElementById("shown");
const body = document.getElementById("values");

const text = (value) => {
  if (value === null) return "";
  return typeof value === "number" ? value.toPrecision(3) : value;
};

const hasLeft = (step, subject, quantity) =>
  data.departures.some(
    (left) =>
      left.step <= step &&
      left.quantity === quantity &&
      (left.is_common || left.subject === subject),
  );

const cell = (kind, content) => {
  const made = document.createElement(kind);
  made.textContent = content;
  return made;
};

const show = () => {
  const at = Number(slider.value);
  const step = data.steps[at];
  shown.textContent = step;
  const rows = data.subjects.map((subject, row) => {
    const line = document.createElement("tr");
    line.append(cell("th", subject));
    data.quantities.forEach((quantity, column) => {
      const value = data.values[at][row][column];
      const made = cell("td", text(value));
      if (value !== null && hasLeft(step, subject, quantity)) made.className = "left";
      line.append(made);
    });
    return line;
  });
  body.replaceChildren(...rows);
};

slider.addEventListener("input", show);
show();
