// What the tests of pages share: the program, a browser, and pages that may not complain.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
/** The program. */
export const PROGRAM = join(TARGET, "release/backdraft");
export const SCREENSHOTS = join(TARGET, "browser");

/** Runs the program and returns what it prints. */
export const backdraft = (...args) =>
  execFileSync(PROGRAM, args, { encoding: "utf8" });

/** A folder that is gone when the process ends. */
export const folder = () => {
  const path = mkdtempSync(join(tmpdir(), "backdraft-"));
  process.on("exit", () => rmSync(path, { recursive: true, force: true }));
  return path;
};

/** All rows of a run, with their variant and seed. */
export const rows = (run) => {
  const measurements = join(run, "measurements");
  return readdirSync(measurements).flatMap((file) => {
    const lines = readFileSync(join(measurements, file), "utf8").trim().split("\n").map(JSON.parse);
    const { trial, seed } = lines[0];
    const variant = Object.fromEntries(trial);
    return lines.filter((line) => line.quantity).map((line) => ({ ...line, variant, seed }));
  });
};

let browser = null;
/** Starts the browser once; call `close` after the last test. */
const started = async () => {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  return browser;
};
export const close = async () => browser?.close();

/** Opens a page; `complaints` collects what goes wrong on it, requests that leave it included. */
export const open = async (url, { width = 1280, height = 900, colorScheme = "light" } = {}) => {
  const context = await (await started()).newContext({
    viewport: { width, height }, colorScheme, acceptDownloads: true,
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => complaints.push(`${request.url()} failed`));
  const origin = new URL(url).origin;
  page.on("request", (request) => {
    const own = request.url().split("#")[0] === url.split("#")[0] || request.url().startsWith("data:") || request.url().startsWith("blob:")
      || (origin !== "null" && request.url().startsWith(origin));
    if (!own) complaints.push(`asks for ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints, done: async () => { await context.close(); assert.deepEqual(complaints, []); } };
};

/** Takes screenshots at phone and desktop width, light and dark; nothing may be wider than the page. */
export const screenshots = async (url, name) => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  for (const [device, width, height] of [["phone", 390, 844], ["desktop", 1440, 900]]) {
    for (const colorScheme of ["light", "dark"]) {
      const { page, done } = await open(url, { width, height, colorScheme });
      const path = join(SCREENSHOTS, `${name}-${device}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage: true });
      const [needed, given] = await page.evaluate(() =>
        [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(needed <= given, `${name} on a ${device} is ${needed} pixels wide, ${given} are there`);
      await done();
    }
  }
};

/** Every text and control of the page with less contrast than WCAG 2.2 AA asks for. */
export const lowContrast = (page) => page.evaluate(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join("");
    if (!text || !element.checkVisibility() || ["SCRIPT", "NOSCRIPT", "STYLE"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const color = rgb(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [luminance(color), luminance(background(element))].sort((x, y) => y - x);
    const isLarge = parseFloat(style.fontSize) >= 24;
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < (isLarge ? 3 : 4.5)) found.push(`${text.slice(0, 40)}: ${contrast.toFixed(2)}`);
  }
  return [...new Set(found)];
});
