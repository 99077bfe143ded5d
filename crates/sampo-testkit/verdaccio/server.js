// A real npm registry on this machine, without a package and without a way to any other registry.
//
// Usage: node server.js STORAGE MODULES
//
// Says on one line where it listens and which token may publish, and ends when its standard input does. While a file
// `refused/NAME` stands in STORAGE (`/` in NAME written as `+`), publishing the package NAME is answered with status 403.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");

const [storage, modules] = process.argv.slice(2);
const { runServer } = createRequire(path.join(modules, "verdaccio", "package.json"))("verdaccio");

const config = {
  self_path: path.join(storage, "config.yaml"),
  configPath: path.join(storage, "config.yaml"),
  storage: path.join(storage, "packages"),
  auth: { htpasswd: { file: path.join(storage, "htpasswd"), algorithm: "sha1" } },
  uplinks: {},
  packages: { "**": { access: "$all", publish: "$authenticated", unpublish: "$authenticated" } },
  server: { keepAliveTimeout: 60 },
  log: { type: "file", path: path.join(storage, "log"), level: "warn" },
};

function isRefused(request) {
  if (request.method !== "PUT") return false;
  const name = decodeURIComponent(request.url.slice(1)).replaceAll("/", "+");
  return fs.existsSync(path.join(storage, "refused", name));
}

async function main() {
  const server = await runServer(config);
  const listeners = server.listeners("request");
  server.removeAllListeners("request");
  server.on("request", (request, response) => {
    if (!isRefused(request)) return listeners.forEach((listener) => listener.call(server, request, response));
    response.writeHead(403, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: "refused for a test" }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${server.address().port}/`;
  const answer = await fetch(`${address}-/user/org.couchdb.user:aino`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "aino", password: "not-a-secret", email: "aino@example.com", type: "user" }),
  });
  const { token } = await answer.json();
  console.log(JSON.stringify({ address, token }));
  process.stdin.resume().on("end", () => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
