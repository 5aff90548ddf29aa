// How long a large report takes to write and to open: 50 layers, 5 seeds, 2,000 steps.
//
//     tests/browser/run.sh speed.test.mjs

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { backdraft, close, folder, open } from "./browser.mjs";

const [LAYERS, SEEDS, STEPS, EVERY] = [50, 5, 2000, 20];
const OF_LAYERS = ["activation_gradient_norm", "saturated_share", "dead_share"];

let run;
let count = 0;
before(() => {
  // The manifest of a real run, with the settings of a larger one, and measurements made up.
  const out = folder();
  const small = backdraft("run", "sigmoid-vs-relu", "--quiet", "--out", out, "--seeds", "2", "--set", "depths=[3]",
    "--set", "flow_depth=3", "--set", "steps=2").trim();
  const manifest = JSON.parse(readFileSync(join(small, "run.json"), "utf8"));
  Object.assign(manifest.settings, { depths: [3, LAYERS], flow_depth: LAYERS, steps: STEPS, seeds: SEEDS });
  run = join(out, "sigmoid-vs-relu", "large");
  mkdirSync(join(run, "measurements"), { recursive: true });
  writeFileSync(join(run, "run.json"), JSON.stringify({ ...manifest, trials: 3 * SEEDS }));
  for (const [network, factor] of [["sigmoid", 0.24], ["relu", 0.7], ["relu-he", 1]]) {
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const trial = [["network", network], ["optimizer", "adam"], ["depth", String(LAYERS)]];
      const lines = [{ trial, seed }];
      const row = (step, quantity, subject, value) => lines.push({ step, quantity, subject, value });
      for (let step = 0; step <= STEPS; step += 1) {
        const wobble = 1 + 0.1 * Math.sin(step + seed);
        row(step, "loss", "network", wobble * Math.exp(-step / 500));
        if (step % EVERY) continue;
        for (let layer = 0; layer < LAYERS; layer += 1) {
          const norm = wobble * factor ** (LAYERS - layer) * (1 + step / 100);
          OF_LAYERS.forEach((quantity) => row(step, quantity, `hidden.${layer}`, quantity.endsWith("share") ? 0.2 : norm));
          row(step, "gradient_norm", `hidden.${layer}.linear.weight`, 2 * norm);
          row(step, "gradient_norm", `hidden.${layer}.linear.bias`, norm);
        }
      }
      count += lines.length - 1;
      const name = `network-${network}.optimizer-adam.depth-${LAYERS}.seed-${seed}.jsonl`;
      const text = [...lines, { end: "finished" }].map((line) => JSON.stringify(line)).join("\n");
      writeFileSync(join(run, "measurements", name), `${text}\n`);
    }
  }
});
after(close);

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

test("the report is written within 2 s and weighs at most 2 MB", () => {
  const seconds = [1, 2, 3].map(() => {
    const start = performance.now();
    backdraft("report", run);
    return (performance.now() - start) / 1000;
  });
  const size = statSync(join(run, "report.html")).size;
  console.log(`${count} measurements: report in ${seconds.map((s) => s.toFixed(2))} s, ${(size / 1e6).toFixed(2)} MB`);
  assert.ok(median(seconds) <= 2, `${seconds}`);
  assert.ok(size <= 2e6);
});

test("the page is interactive within 1 s, and a step of the slider takes little", async () => {
  const times = [];
  const steps = [];
  for (let i = 0; i < 3; i += 1) {
    const { page, done } = await open(pathToFileURL(join(run, "report.html")).href);
    times.push(await page.evaluate(() => performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd));
    steps.push(await page.evaluate(() => {
      const slider = document.querySelector("#layers input");
      const start = performance.now();
      for (let step = 1; step <= 20; step += 1) {
        slider.value = step;
        slider.dispatchEvent(new Event("input"));
        document.body.getBoundingClientRect();
      }
      return (performance.now() - start) / 20;
    }));
    await done();
  }
  console.log(`interactive in ${times.map(Math.round)} ms; ${steps.map((t) => t.toFixed(1))} ms a step of the slider`);
  assert.ok(median(times) <= 1000, `${times}`);
  assert.ok(median(steps) <= 100, `${steps}`);
});
