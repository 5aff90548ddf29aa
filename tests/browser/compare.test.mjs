// The page that `compare` writes: two runs of one experiment side by side.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { backdraft, close, folder, lowContrast, open, rows, screenshots } from "./browser.mjs";

const WIDTHS = { A: "64", B: "16" };
const runs = {};
let url;
before(() => {
  const out = folder();
  for (const [letter, width] of Object.entries(WIDTHS)) {
    runs[letter] = backdraft("run", "residual-flow", "--quiet", "--out", out, "--seeds", "3", "--set", "depth=6",
      "--set", `width=${width}`).trim();
  }
  const page = join(out, "compare.html");
  backdraft("compare", runs.A, runs.B, "--html", page);
  url = pathToFileURL(page).href;
});
after(close);

const logs = (letter, network, subject) => {
  const found = rows(runs[letter]).filter((row) => row.quantity === "activation_gradient_norm" && row.step === 0
    && row.subject === subject && row.variant.network === network);
  return new Map(found.map((row) => [row.seed, Math.log(row.value)]));
};
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** ln of first over last layer, by seed. */
const gains = (letter, network) => {
  const [first, last] = ["hidden.0", "hidden.5"].map((subject) => logs(letter, network, subject));
  return new Map([...first].map(([seed, log]) => [seed, log - last.get(seed)]));
};
/** Compares a number on screen, rounded to so many digits. */
const isRounded = (text, value, digits) =>
  assert.equal(Number(text), Number(value.toPrecision(digits)), `${text} is not ${value}`);

test("it says what was different, and judges claim by claim", async () => {
  const { page, done } = await open(url);
  assert.match(await page.title(), /Comparison: residual-flow/);
  const width = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "width", exact: true }) });
  assert.deepEqual(await width.getByRole("cell").allTextContents(), [WIDTHS.A, WIDTHS.B]);
  const claims = page.locator("section[aria-labelledby=verdicts] tbody tr").filter({ has: page.locator("th.claim") });
  assert.equal(await claims.count(), 5);
  assert.equal(await claims.locator(".ruling").count(), 10);
  await done();
});

test("numbers on screen equal those of the records", async () => {
  const { page, done } = await open(url);
  for (const letter of ["A", "B"]) {
    const chart = page.locator("#pictures figure").filter({ hasText: `${letter}: Gradient` });
    await chart.locator("summary").press("Enter");
    const cells = await chart.locator("tbody tr").evaluateAll((trs) =>
      trs.map((tr) => [...tr.children].map((td) => td.textContent)));
    const first = cells.find(([series, x]) => series === "plain" && x === "1");
    isRounded(first[2], Math.exp(mean([...logs(letter, "plain", "hidden.0").values()])), 4);
  }

  // The table of quantities: means of both runs, and the ratio of pairs of seeds.
  const table = page.locator("section[aria-labelledby=quantities]").getByRole("table").first();
  const row = table.getByRole("row").filter({ has: page.getByRole("rowheader", { name: /residual$/ }) }).first();
  const [a, b, ratio] = await row.getByRole("cell").allTextContents();
  const [ofA, ofB] = ["A", "B"].map((letter) => gains(letter, "residual"));
  isRounded(a.split(" ")[0], Math.exp(mean([...ofA.values()])), 3);
  isRounded(b.split(" ")[0], Math.exp(mean([...ofB.values()])), 3);
  isRounded(ratio.split(" ")[0], Math.exp(mean([...ofA].map(([seed, log]) => ofB.get(seed) - log))), 3);
  assert.match(ratio, /3 pairs$/);
  await done();
});

test("charts and tables are reached and read with the keyboard", async () => {
  const { page, done } = await open(url);
  const chart = page.locator("#pictures figure").first();
  await chart.locator(".plot").focus();
  await page.keyboard.press("ArrowRight");
  assert.match(await chart.getByRole("status").textContent(), /hidden layer: 1.*plain: [\d.]+ \[/);
  const toggle = chart.getByRole("button", { name: "plain", exact: true });
  await toggle.press("Space");
  assert.equal(await toggle.getAttribute("aria-pressed"), "false");
  const wide = await page.locator(".scrolling:not(details *)").evaluateAll((boxes) =>
    boxes.filter((box) => box.tabIndex !== 0).length);
  assert.equal(wide, 0, "every table that scrolls can be scrolled by keys");
  await done();
});

test("it fits phone and desktop, and contrast passes AA, light and dark", async () => {
  await screenshots(url, "compare");
  for (const colorScheme of ["light", "dark"]) {
    const { page, done } = await open(url, { colorScheme });
    assert.deepEqual(await lowContrast(page), []);
    await done();
  }
});
