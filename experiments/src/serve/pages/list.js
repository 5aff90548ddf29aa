/* The list of runs: times in the reader's own clock, rows that fit the search. */
(() => {
  for (const time of document.querySelectorAll("time[data-unix]")) {
    const date = new Date(1000 * Number(time.dataset.unix));
    time.dateTime = date.toISOString();
    time.textContent = date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  }
  const search = document.getElementById("search");
  search?.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/);
    for (const row of document.querySelectorAll("#runs tbody tr")) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
})();
