// Gatepost's tools for the agents of this gateway.
//
// Who speaks is what the gateway says (`context.agentId`), never what a model writes: each agent has a token of its own, and a
// call goes to the node with that token and nothing else to say who it is. An agent without a token has no tools. The texts and
// schemas in tools.json are the node's own; nothing is decided here.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";

const PREFIX = "gatepost_";
const PATIENCE_MS = 75_000; // the node answers within 50 seconds, however it stands
const AWAY_MS = 15_000; // how long a node that restarts is waited for
const AWAY = new Set(["ECONNREFUSED", "ENOENT", "ECONNRESET", "EPIPE"]);
const SENDS = new Set(["send", "ask", "delegate"]);
const TOOLS = JSON.parse(readFileSync(new URL("./tools.json", import.meta.url), "utf8"));

/** Call one tool of the node; resolves to {line, body, failed}. */
function call(config, token, session, name, input, signal) {
  const text = JSON.stringify(input ?? {});
  const to = config.socket ? { socketPath: config.socket } : { host: "127.0.0.1", port: config.port };
  const options = {
    ...to,
    method: "POST",
    path: `/v1/tools/${name}?prefix=${PREFIX}&session=${encodeURIComponent(session)}`,
    headers: {
      Host: config.socket ? "localhost" : `127.0.0.1:${config.port}`,
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(text),
    },
    timeout: PATIENCE_MS,
    signal,
  };
  return new Promise((resolve, reject) => {
    const request = http.request(options, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const said = JSON.parse(Buffer.concat(parts).toString("utf8"));
        if (response.statusCode === 200) resolve(said);
        else resolve({ line: `${said.what}${said.why ? `: ${said.why}` : ""}`, body: { error: said }, failed: true });
      });
    });
    request.on("timeout", () => request.destroy(new Error("the node did not answer in time")));
    request.on("error", reject);
    request.end(text);
  });
}

/** Call, and call again while the node is away. What sends has a key, so that it is one message however often it is called. */
async function insist(config, token, session, name, input, signal) {
  const until = Date.now() + AWAY_MS;
  for (;;) {
    try {
      return await call(config, token, session, name, input, signal);
    } catch (fault) {
      if (signal?.aborted || !AWAY.has(fault.code) || Date.now() > until) throw fault;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** What a call becomes for the model: one line, then the same as data. */
async function execute(config, token, context, name, input, signal) {
  const key = randomUUID(); // the id of a call is the model's, and some use one again
  const given = SENDS.has(name) && !input?.request_key ? { ...input, request_key: key } : input;
  let said;
  try {
    said = await insist(config, token, context.sessionKey ?? "", name, given, signal);
  } catch (fault) {
    const line = `Gatepost's node does not answer (${fault.message}). It may have taken the call; repeat it with request_key "${key}".`;
    said = { line, body: { error: { code: "node.not_running", retryable: true } }, failed: true };
  }
  const text = `${said.line}\n${JSON.stringify(said.body)}`;
  return { content: [{ type: "text", text }], details: { gatepost: { state: said.body.state, id: said.body.id } } };
}

export default {
  id: "gatepost",
  name: "Gatepost",
  register(api) {
    const config = api.pluginConfig ?? {};
    for (const tool of TOOLS) {
      const name = PREFIX + tool.name;
      api.registerTool(
        (context) => {
          const token = config.agents?.[context.agentId];
          if (!token) return null;
          return {
            name,
            label: name,
            description: tool.description,
            parameters: tool.parameters,
            execute: (_id, input, signal) => execute(config, token, context, tool.name, input, signal),
          };
        },
        { name },
      );
    }
  },
};
