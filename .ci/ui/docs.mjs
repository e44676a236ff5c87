// A browser loads /docs: every operation of the contract is shown, nothing is fetched from elsewhere, nothing fails.
import { chromium } from "playwright-core";
import assert from "node:assert/strict";

const [base, executablePath] = process.argv.slice(2);
const contract = await (await fetch(`${base}/openapi.json`)).json();
const operations = Object.values(contract.paths).flatMap((path) => Object.values(path).map((o) => o.operationId).filter(Boolean));
assert.ok(operations.length > 100, `the contract has ${operations.length} operations`);

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  const broken = [];
  page.on("pageerror", (e) => broken.push(`error: ${e.message}`));
  page.on("console", (m) => m.type() === "error" && broken.push(`console: ${m.text()}`));
  page.on("request", (r) => r.url().startsWith(base) || r.url().startsWith("data:") || broken.push(`fetched: ${r.url()}`));
  page.on("requestfailed", (r) => broken.push(`failed: ${r.url()}`));
  const answer = await page.goto(`${base}/docs`, { waitUntil: "networkidle" });
  assert.equal(answer.status(), 200);
  assert.match(await page.title(), /tariffd/i);
  const text = await page.evaluate(() => document.body.textContent);
  for (const path of Object.keys(contract.paths)) assert.ok(text.includes(path), `${path} is not shown`);
  const shown = await page.locator("details.op").count();
  assert.equal(shown, operations.length, "operations shown");
  assert.deepEqual(broken, []);
  console.log(`ok  docs: ${shown} operations in a browser, nothing from elsewhere`);
} finally {
  await browser.close();
}
