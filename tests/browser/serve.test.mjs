// `backdraft serve`: the list of runs, a run that is followed, the playground.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { PROGRAM, SCREENSHOTS, backdraft, close, folder, lowContrast, open, screenshots } from "./browser.mjs";

const HOSTILE = "<script>alert(1)</script>";
let out, run, server, base;
before(async () => {
  out = folder();
  run = backdraft("run", "residual-flow", "--quiet", "--out", out, "--seeds", "2", "--set", "width=8",
    "--set", "depth=5").trim();
  // A run whose name is a script tag, and one that is going on.
  mkdirSync(join(out, "hostile"));
  cpSync(run, join(out, "hostile", HOSTILE.replaceAll("/", "")), { recursive: true });
  server = spawn(PROGRAM, ["serve", "--port", "0", "--out", out]);
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  base = line.split(" ")[0].replace(/\/$/, "");
});
after(async () => { server.kill(); await close(); });

const ask = async (path, question) => {
  const response = await fetch(base + path, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(question),
  });
  assert.equal(response.status, 200);
  return response.json();
};
/** Waits until the playground shows the answer to its settings. */
const settled = (page) => page.waitForFunction(() => document.body.dataset.state === "ready");
const summary = (page) => page.locator("#summary").textContent();
/** What the chart's data say of a series, place by place. */
const series = async (page, label) => {
  const details = page.locator("#gradient details");
  if (!(await details.evaluate((element) => element.open))) await details.locator("summary").click();
  await details.locator("tbody tr").first().waitFor();
  const cells = await details.locator("tbody tr").evaluateAll((trs) =>
    trs.map((tr) => [...tr.children].map((td) => td.textContent)));
  return cells.filter((row) => row[0] === label).map((row) => Number(row[2]));
};
const four = (value) => Number(value.toPrecision(4));
const change = (page, name, value) => page.locator(`[name="${name}"]`).evaluate((field, to) => {
  field.value = to;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}, String(value));

test("the list shows every run, hostile names as text, and opens a report", async () => {
  const { page, done } = await open(`${base}/`);
  assert.equal(await page.locator("#runs tbody tr").count(), 2);
  assert.match(await page.locator("#runs").textContent(), /<script>alert\(1\)<script>/);
  assert.deepEqual(await lowContrast(page), []);
  await page.getByLabel("Find").fill("residual");
  assert.equal(await page.locator("#runs tbody tr:visible").count(), 1);
  await page.getByRole("link", { name: "residual-flow" }).click();
  await page.getByRole("heading", { name: "Verdicts" }).waitFor();
  assert.match(page.url(), /report\.html$/);
  await done();
  await screenshots(`${base}/`, "runs");
});

test("a run that is going on is followed as it measures", async () => {
  const going = join(out, "residual-flow", "going-on");
  mkdirSync(join(going, "measurements"), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
  writeFileSync(join(going, "run.json"), JSON.stringify({ ...manifest, id: "going-on", status: "running", verdicts: [] }));
  const file = join(going, "measurements", "network-plain.seed-0.jsonl");
  const say = (line) => appendFileSync(file, `${JSON.stringify(line)}\n`);
  say({ trial: [["network", "plain"]], seed: 0 });
  const loss = (step, value) => say({ step, quantity: "loss", subject: "network", value });
  const norms = (step, factor) => [0, 1, 2, 3].forEach((layer) =>
    say({ step, quantity: "activation_gradient_norm", subject: `hidden.${layer}`, value: factor ** (3 - layer) }));
  loss(0, 0.9);
  norms(0, 0.5);
  const { page, done } = await open(`${base}/runs/residual-flow/going-on/`);
  const chart = page.locator("#norms");
  await chart.getByText("Gradient by layer, step 0").waitFor();
  // Nobody works on it; then somebody on another machine does.
  assert.match(await page.locator("#standing").textContent(), /^0 of 8 trials have ended; the run was cut off/);
  const states = async () => (await fetch(`${base}/`)).text();
  assert.match(await states(), /going-on\/">residual-flow<\/a><\/td><td>cut off</);
  const owner = { host: "elsewhere.invalid", pid: 7, since_unix: Math.floor(Date.now() / 1000) };
  writeFileSync(join(going, "lock"), JSON.stringify(owner));
  assert.match(await states(), /going-on\/">residual-flow<\/a><\/td><td>running</);
  await page.locator("#standing").getByText("process 7 on elsewhere.invalid").waitFor({ timeout: 8_000 });
  loss(10, 0.7);
  norms(10, 0.01);
  await chart.getByText("Gradient by layer, step 10").waitFor({ timeout: 5_000 });
  assert.match(await page.locator("#trials").textContent(), /10\s*0\.7\s*under way/);
  assert.match(await page.locator("#findings").textContent(), /vanishing in hidden\.0/);
  say({ end: "finished" });
  await page.locator("#trials").getByText("finished").waitFor({ timeout: 5_000 });
  assert.deepEqual(await lowContrast(page), []);
  await done();
});

test("numbers on screen are the server's, and theory lies beside them", async () => {
  const { page, done } = await open(`${base}/playground`);
  await settled(page);
  const answer = await ask("/api/playground", { kind: "layers", depth: 20, width: 64, activation: "sigmoid",
    initializer: "xavier_normal" });
  assert.equal(await summary(page), answer.summary);
  assert.deepEqual(await series(page, "‖∂L/∂h‖"), answer.places.map(({ gradient }) => four(gradient)));
  assert.deepEqual(await series(page, "‖∂L/∂h‖, theory: mean field"), answer.theory.norms.map(four));
  assert.match(await page.locator("#numbers").textContent(), /0\.236/);
  assert.match(await page.locator("#findings").textContent(), /vanishing in hidden\.0/);
  assert.deepEqual(await lowContrast(page), []);
  await done();
});

test("where there is no theory, it says why", async () => {
  for (const [link, words] of [
    ["#kind=sequence&cell=gru", /^Theory: σ\(0\) = 0\.500 per step: the update gate alone/],
    ["#skip=residual&activation=tanh", /^Theory: √\(1 \+ χ\) per layer/],
    ["#skip=residual&activation=relu", /^Theory: √\(1 \+ χ\) per layer .* along the mean of the activations/],
    ["#skip=highway", /^No theory for highway layers/],
  ]) {
    const { page, done } = await open(`${base}/playground${link}`);
    await settled(page);
    assert.match(await page.locator("#theory").textContent(), words);
    await done();
  }
});

test("a slider changes the chart and the address, and the last of many settings wins", async () => {
  const { page, done } = await open(`${base}/playground`);
  await settled(page);
  for (const depth of [3, 17, 40, 9, 25, 7]) await change(page, "depth", depth);
  await page.waitForFunction(() => document.querySelectorAll("#river .layer").length === 7);
  await settled(page);
  assert.equal((await series(page, "‖∂L/∂h‖")).length, 7);
  assert.match(page.url(), /#depth=7$/);
  await page.locator('[name="depth"]').focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => document.querySelectorAll("#river .layer").length === 8);
  await page.getByRole("button", { name: "Batch norm explodes" }).click();
  await page.waitForFunction(() => document.getElementById("summary").className === "exploded");
  assert.match(await summary(page), /^The gradient explodes/);
  await done();
});

test("an address reproduces its state, and one with nonsense in it does no harm", async () => {
  const link = "#kind=sequence&cell=lstm&length=60&forget_bias=5&recurrent=zeros&seed=3&rate=0.01";
  const { page, done } = await open(`${base}/playground${link}`);
  await settled(page);
  assert.equal(await page.locator('[name="forget_bias"]').inputValue(), "5");
  assert.equal(await page.locator("#rate").inputValue(), "0.01");
  const answer = await ask("/api/playground", { kind: "sequence", cell: "lstm", length: 60, forget_bias: 5, seed: 3,
    recurrent_initializer: "zeros" });
  assert.equal(await summary(page), answer.memory.summary);
  assert.deepEqual(await series(page, "‖∂L/∂c‖, memory"), answer.places.map((place) => four(place.memory_gradient)));
  await done();
  const hostile = await open(`${base}/playground#depth=<script>&activation=rm&width=1e9&gain=NaN&kind=x&frob=1`);
  await settled(hostile.page);
  assert.match(await summary(hostile.page), /^The gradient/);
  await hostile.done();
});

/** Half of the width of the river from the input to the loss, as it is drawn. */
const halfWidths = (page) => page.locator("#river .water").evaluate((water) => {
  const ys = [...water.getAttribute("d").matchAll(/[ML][\d.]+ ([\d.]+)/g)].map((match) => Number(match[1]));
  const upper = ys.slice(0, ys.length / 2);
  const lower = ys.slice(ys.length / 2).reverse();
  return upper.map((y, i) => (lower[i] - y) / 2).slice(1, -1);
});

test("every story shows what it says, with the numbers on screen", async () => {
  const { page, done } = await open(`${base}/playground`);
  await settled(page);
  const stories = await page.evaluate(() => presets.map(({ name, shows, settings }) => ({ name, shows, settings })));
  assert.ok(stories.length > 15);
  for (const { name, shows, settings } of stories) {
    const old = await summary(page);
    await page.getByRole("button", { name, exact: true }).click();
    if (name !== stories[0].name) await page.waitForFunction((old) => document.getElementById("summary").textContent !== old, old);
    await page.waitForFunction(() => /^[^{}]*$/.test(document.getElementById("story").textContent));
    assert.equal(await page.locator("#summary").getAttribute("class"), shows, `${name}: ${await summary(page)}`);
    const story = await page.locator("#story").textContent();
    assert.ok(!/[{}–]|NaN/.test(story), `${name}: ${story}`);
    const isLstm = settings.cell === "lstm";
    assert.equal(await page.locator("#paths").isVisible(), isLstm, name);
    assert.match(await summary(page), isLstm ? /^The memory's gradient/ : /^The gradient/, name);
  }
  await done();
});

test("an LSTM opens on its memory, and the switch shows its state", async () => {
  const link = "#kind=sequence&cell=lstm&length=100&forget_bias=5&recurrent=zeros";
  const { page, done } = await open(`${base}/playground${link}`);
  await settled(page);
  assert.match(await summary(page), /^The memory's gradient arrives/);
  assert.match(await page.locator("#river").textContent(), /← ∂L\/∂c/);
  assert.match(await page.locator("#numbers").textContent(), /forget gate, mean0\.993/);
  await page.locator('#paths [value="c"]').focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => document.getElementById("summary").className === "vanished");
  assert.match(await summary(page), /^‖∂L\/∂h‖ vanishes completely/);
  assert.match(await page.locator("#river").textContent(), /← ∂L\/∂h/);
  assert.match(page.url(), /&path=h$/);
  await page.reload();
  await settled(page);
  assert.match(await summary(page), /^‖∂L\/∂h‖ vanishes completely/);
  await done();
});

test("the river is as wide as its key says, for what vanishes and what explodes", async () => {
  for (const link of ["#depth=4", "#activation=tanh&initializer=lecun_normal&gain=2&depth=50"]) {
    const { page, done } = await open(`${base}/playground${link}`);
    await settled(page);
    const norms = await series(page, "‖∂L/∂h‖");
    const half = await halfWidths(page);
    const last = norms.length - 1;
    assert.ok(Math.abs(Math.log10(norms[0] / norms[last])) > 1.5);
    norms.forEach((norm, i) => {
      const expected = half[last] * (norm / norms[last]) ** (1 / 5);
      if (Math.min(expected, half[i]) < 0.5) return; // a hair, so that it can be seen
      assert.ok(Math.abs(half[i] - expected) < 0.15, `${link}, ${i}: ${half[i]} ≠ ${expected}`);
    });
    const marks = await page.locator("#key rect").evaluateAll((rects) => rects.map((rect) => Number(rect.getAttribute("height")) / 2));
    assert.ok(Math.abs(marks[1] - half[last]) < 0.1, `${marks} beside ${half[last]}`);
    assert.ok(Math.abs(marks[2] / marks[1] - 100 ** (1 / 5)) < 0.01);
    assert.ok(Math.abs(marks[1] / marks[0] - 100 ** (1 / 5)) < 0.01);
    await done();
  }
});

test("the factors of the layers multiply into the gradient, beside the slope of each unit", async () => {
  const { page, done } = await open(`${base}/playground#depth=6`);
  await settled(page);
  const { product, places } = await ask("/api/playground", { kind: "layers", depth: 6, width: 64 });
  const layer = page.getByRole("slider", { name: "Layer", exact: true });
  await layer.fill("2");
  const { slopes, weights } = product.layers[1];
  const told = await page.locator("#product").textContent();
  const numbers = [...told.matchAll(/[\d.]+(?: × 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?/g)].map(([text]) => text);
  assert.ok(Math.abs(Number(numbers[1]) / slopes - 1) < 0.01 && Math.abs(Number(numbers[2]) / weights - 1) < 0.01, told);
  const whole = product.layers.slice(1).reduce((sum, one) => sum * one.slopes * one.weights, 1);
  assert.ok(Math.abs(whole / (places[0].gradient / places[5].gradient) - 1) < 1e-3);
  assert.equal(await page.locator("#slope circle").count(), 64);
  await page.locator('[name="skip"]').selectOption("residual");
  await page.waitForFunction(() => document.getElementById("why").hidden);
  await done();
});

test("training moves the curve, learns, can be scrubbed and reset", async () => {
  const { page, done } = await open(`${base}/playground#depth=4&activation=relu&initializer=he_normal`);
  await settled(page);
  const before = await series(page, "‖∂L/∂h‖");
  await page.getByRole("button", { name: "Train" }).click();
  await page.waitForFunction(() => Number(document.getElementById("frame").max) >= 12, null, { timeout: 30_000 });
  await page.getByRole("button", { name: "Pause" }).click();
  await page.waitForTimeout(500);
  const told = await page.locator("#training").textContent();
  assert.match(told, /^Step \d+: loss [\d.]+.* right\.$/);
  assert.ok(Number(/([\d.]+) % right/.exec(told)[1]) > 60, told);
  assert.deepEqual(await series(page, "‖∂L/∂h‖ before training"), before);
  assert.notDeepEqual(await series(page, "‖∂L/∂h‖"), before);
  await page.locator("#frame").evaluate((frame) => { frame.value = 0; frame.dispatchEvent(new Event("input")); });
  assert.deepEqual(await series(page, "‖∂L/∂h‖"), before);
  await page.getByRole("button", { name: "Reset" }).click();
  await settled(page);
  assert.match(await page.locator("#training").textContent(), /^Not trained yet/);
  await done();
});

test("curves that were kept stay to compare with", async () => {
  const { page, done } = await open(`${base}/playground#depth=5`);
  await settled(page);
  const sigmoid = await series(page, "‖∂L/∂h‖");
  await page.getByRole("button", { name: "Keep this curve" }).click();
  await page.locator(`[name="activation"]`).selectOption("relu");
  await page.waitForFunction(() => document.getElementById("summary").className === "level");
  assert.deepEqual(await series(page, "sigmoid, Xavier, depth 5"), sigmoid);
  await page.getByRole("button", { name: "Drop the curves" }).click();
  assert.deepEqual(await series(page, "sigmoid, Xavier, depth 5"), []);
  await done();
});

test("every control has a name, and all of it goes by keyboard", async () => {
  for (const [link, sliders] of [["", ["Depth", "Width", "Gain of the weights"]],
    ["#kind=sequence", ["Length, time steps", "Hidden units", "Forget bias", "Their gain"]]]) {
    const { page, done } = await open(`${base}/playground${link}`);
    await settled(page);
    for (const name of [...sliders, "Frame of the training"]) {
      assert.equal(await page.getByRole("slider", { name, exact: true }).count(), 1, name);
    }
    const nameless = (await page.locator("main").ariaSnapshot()).split("\n")
      .filter((line) => /^\s*- (slider|combobox|checkbox|radio|spinbutton|button|img)\b(?! ")/.test(line));
    assert.deepEqual(nameless, []);
    const river = await page.getByRole("img", { name: /^A river from the loss/ }).getAttribute("aria-label");
    if (!link) assert.match(river, /a thousandth of what the last one gets at layer 1\d, then a millionth of what the last one gets at layer \d+\./);
    await page.getByRole("slider", { name: sliders[0] }).focus();
    const old = await summary(page);
    await page.keyboard.press("PageUp");
    await page.waitForFunction((old) => document.getElementById("summary").textContent !== old, old);
    await done();
  }
});

test("nothing moves by itself where motion is not wanted", async () => {
  const { page, done } = await open(`${base}/playground`);
  await settled(page);
  const moving = () => page.evaluate(() => document.getAnimations().filter((of) => of.playState === "running").length);
  assert.ok(await moving() > 0);
  await page.emulateMedia({ reducedMotion: "reduce" });
  assert.equal(await moving(), 0);
  await done();
});

test("the river stays in sight on a phone while a setting is dragged", async () => {
  for (const link of ["", "#kind=sequence"]) {
    const { page, done } = await open(`${base}/playground${link}`, { width: 390, height: 844 });
    await settled(page);
    const sliders = page.locator(".settings input[type=range]:visible");
    for (let i = 0; i < await sliders.count(); i += 1) {
      const slider = sliders.nth(i);
      await slider.evaluate((element) => element.scrollIntoView({ block: "center" }));
      const [river, own] = [await page.locator("#river").boundingBox(), await slider.boundingBox()];
      assert.ok(river.y >= 0 && river.y + river.height <= own.y, `slider ${i}: ${JSON.stringify([river, own])}`);
      assert.ok(own.y + own.height <= 844);
    }
    await done();
  }
});

test("no tile is clipped, whatever it shows", async () => {
  for (const width of [390, 1440]) {
    for (const link of ["", "#skip=rezero", "#kind=sequence", "#kind=sequence&cell=rnn", "#kind=sequence&cell=gru"]) {
      const { page, done } = await open(`${base}/playground${link}`, { width });
      await settled(page);
      await page.getByRole("button", { name: "10 steps" }).click();
      await page.waitForFunction(() => Number(document.getElementById("frame").max) >= 1);
      const clipped = await page.locator("#numbers > div, #numbers dt, #numbers dd, button").evaluateAll((all) => all
        .filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent));
      assert.deepEqual(clipped, [], `${width} ${link}`);
      await done();
    }
  }
});

test("settings that would take too long are refused in words", async () => {
  const { page, complaints } = await open(`${base}/playground#depth=100&width=256`);
  await page.locator("#summary.refused").waitFor();
  assert.match(await summary(page), /too long/);
  // The browser itself notes the refusal, and nothing else goes wrong.
  assert.ok(complaints.every((line) => line.includes("400")), complaints.join("\n"));
});

test("the playground fits phone and desktop, light and dark", async () => {
  await screenshots(`${base}/playground`, "playground");
  const dark = await open(`${base}/playground`, { colorScheme: "dark" });
  await settled(dark.page);
  assert.deepEqual(await lowContrast(dark.page), []);
  await dark.done();
  // The picture of the README.
  const { page, done } = await open(`${base}/playground`, { height: 1330 });
  await settled(page);
  await page.screenshot({ path: join(SCREENSHOTS, "playground.png") });
  await done();
});
