// The report of a run, from disk.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { backdraft, close, folder, lowContrast, open, rows, screenshots } from "./browser.mjs";

let run, url;
before(() => {
  const out = folder();
  run = backdraft("run", "sigmoid-vs-relu", "--quiet", "--out", out, "--seeds", "3", "--set", "depths=[3, 10]",
    "--set", "flow_depth=10", "--set", "steps=60", "--set", "evaluate_every=20").trim();
  url = pathToFileURL(join(run, "report.html")).href;
});
after(close);

const geometricMean = (values) => Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
const significant = (value, digits) => Number(value.toPrecision(digits));
/** What the tooltip says of a line: its mean. */
const told = async (chart, label) => {
  const lines = await chart.locator(".tooltip > div").allTextContents();
  const line = lines.find((text) => text.startsWith(`${label}: `));
  assert.ok(line, `${label} is not among ${lines}`);
  return Number(line.slice(label.length + 2).split(" [")[0]);
};

test("the page opens from disk, asks for nothing else, and weighs little", async () => {
  const { page, done } = await open(url);
  assert.ok(readFileSync(join(run, "report.html")).length <= 2e6);
  assert.match(await page.title(), /sigmoid-vs-relu/);
  for (const heading of ["Verdicts", "What the experiment shows", "Layer by layer", "Through training", "Diagnosis",
    "How it was measured"]) {
    await page.getByRole("heading", { name: heading, exact: true }).waitFor();
  }
  assert.equal(await page.locator(".verdicts > li").count(), 12);
  await done();
});

test("the answer comes first, then its picture, then the verdicts", async () => {
  const { page, done } = await open(url);
  const answer = page.locator(".answer");
  assert.match(await answer.textContent(), /^(Refuted: |Inconclusive: )?In a deep sigmoid net, .* Of 12 statements, /);
  const top = async (locator) => (await locator.boundingBox()).y;
  const [first, picture, verdicts] = [await top(answer), await top(page.locator("#pictures figure").first()), await top(page.locator("#verdicts"))];
  assert.ok(first < picture && picture < verdicts && first + 100 < 900);
  await page.emulateMedia({ media: "print" });
  const rule = page.locator(".verdicts details p").first();
  assert.ok((await rule.boundingBox())?.height > 5, "print keeps the rule");
  assert.match(await rule.textContent(), /^Rule, fixed beforehand/);
  await done();
});

test("the place of the slider is in the address, and comes back with it", async () => {
  const { page, done } = await open(url);
  const slider = page.locator("#layers").getByRole("slider");
  await slider.focus();
  await page.keyboard.press("End");
  const step = await slider.getAttribute("aria-valuetext");
  const address = page.url();
  assert.match(address, /#layers=[1-9]\d*$/);
  const chart = page.locator("#layers figure.chart").first();
  const drawn = await chart.locator("path.line").first().getAttribute("d");
  await done();
  const again = await open(address);
  assert.equal(await again.page.locator("#layers").getByRole("slider").getAttribute("aria-valuetext"), step);
  assert.equal(await again.page.locator("#layers figure.chart").first().locator("path.line").first().getAttribute("d"), drawn);
  await again.page.locator("#layers").getByRole("slider").focus();
  await again.page.keyboard.press("Home");
  assert.ok(!again.page.url().includes("#layers"));
  await again.done();
  const hostile = await open(`${url}#layers=<script>`);
  assert.equal(await hostile.page.locator("#layers").getByRole("slider").inputValue(), "0");
  await hostile.done();
});

test("numbers on screen equal those of the record", async () => {
  const { page, done } = await open(url);
  const explorer = page.locator("#layers");
  const chart = explorer.locator("figure.chart").first();
  const plot = chart.locator(".plot");
  const levels = async (name) => explorer.getByRole("combobox", { name, exact: true }).inputValue();
  const held = { depth: await levels("depth"), optimizer: await levels("optimizer") };
  const expected = (network, step, subject) => geometricMean(rows(run)
    .filter((row) => row.quantity === "activation_gradient_norm" && row.step === step && row.subject === subject)
    .filter(({ variant }) => variant.network === network && variant.depth === held.depth
      && variant.optimizer === held.optimizer)
    .map((row) => row.value));

  // With the keyboard: the first place, then the next.
  await plot.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  assert.equal(await told(chart, "sigmoid"), significant(significant(expected("sigmoid", 0, "hidden.1"), 5), 4));
  // With the pointer, at the last step.
  const slider = explorer.getByRole("slider");
  await slider.focus();
  await page.keyboard.press("End");
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + box.width - 20, box.y + box.height / 2);
  const steps = rows(run).filter((row) => row.quantity === "activation_gradient_norm").map((row) => row.step);
  const last = `hidden.${Number(held.depth) - 1}`;
  for (const network of ["sigmoid", "relu", "relu-he"]) {
    assert.equal(await told(chart, network), significant(significant(expected(network, Math.max(...steps), last), 5), 4));
  }
  await done();
});

test("slider, play, tabs and legend work with the keyboard", async () => {
  const { page, done } = await open(url);
  const explorer = page.locator("#layers");
  const slider = explorer.getByRole("slider");
  const chart = explorer.locator("figure.chart").first();
  const drawn = () => chart.locator("path.line").first().getAttribute("d");
  const atStart = await drawn();
  await slider.focus();
  await page.keyboard.press("ArrowRight");
  assert.notEqual(await drawn(), atStart);
  assert.match(await slider.getAttribute("aria-valuetext"), /step [1-9]/);
  await page.keyboard.press("Home");
  assert.equal(await drawn(), atStart);
  await explorer.getByRole("button", { name: "Play" }).press("Enter");
  await page.waitForFunction(() => document.querySelector("#layers input").value > 1);
  await explorer.getByRole("button", { name: "Pause" }).press("Enter");

  const theory = chart.getByRole("button", { name: "theory", exact: true });
  await slider.focus();
  await page.keyboard.press("Home");
  assert.equal(await theory.count(), 1, "theory lies over what was measured before training");
  assert.equal(await explorer.locator(".theory-note").isVisible(), false, "every line has its theory");
  await page.keyboard.press("End");
  assert.match(await explorer.locator(".theory-note").textContent(), /^Theory speaks of networks before training/);
  await page.keyboard.press("Home");
  const toggle = chart.getByRole("button", { name: "sigmoid", exact: true });
  const count = await chart.locator("path.line").count();
  await toggle.press("Space");
  assert.equal(await toggle.getAttribute("aria-pressed"), "false");
  assert.equal(await chart.locator("path.line").count(), count - 1);
  await toggle.press("Space");
  assert.equal(await chart.locator("path.line").count(), count);

  const tabs = explorer.getByRole("tab");
  await tabs.first().focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await tabs.nth(1).getAttribute("aria-selected"), "true");
  assert.match(await chart.locator("figcaption").textContent(), /∂L\/∂θ/);
  await done();
});

test("plots have text alternatives, a table and a CSV of their data", async () => {
  const { page, done } = await open(url);
  const unnamed = await page.locator('.plot > svg:not([aria-label]), .plot > svg[aria-label=""]').count();
  assert.equal(unnamed, 0);
  const chart = page.locator("#pictures > figure").first();
  assert.match(await chart.getByRole("img").getAttribute("aria-label"), /sigmoid: .+ to /);
  await chart.locator("summary").press("Enter");
  await chart.locator("tbody tr").first().waitFor();
  const [download] = await Promise.all([
    page.waitForEvent("download"), chart.getByRole("button", { name: "Download CSV" }).press("Enter"),
  ]);
  const csv = readFileSync(await download.path(), "utf8").trim().split("\n");
  assert.equal(csv.length - 1, await chart.locator("tbody tr").count());
  const first = rows(run).filter((row) => row.quantity === "activation_gradient_norm" && row.step === 0
    && row.subject === "hidden.0" && row.variant.depth === "10" && row.variant.optimizer === "adam"
    && row.variant.network === "sigmoid");
  const cells = csv.find((line) => line.startsWith("sigmoid,1,")).split(",");
  assert.ok(Math.abs(Number(cells[2]) / geometricMean(first.map((row) => row.value)) - 1) < 1e-9);
  await done();
});

test("contrast passes AA, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const { page, done } = await open(url, { colorScheme });
    assert.deepEqual(await lowContrast(page), []);
    await done();
  }
});

test("screenshots, none wider than its screen", () => screenshots(url, "report"));
