import { $, el, send, attempt } from "./dom.js";

const problem = (code, error) => JSON.stringify({ code, error });

// The faults that a button sets.
const faults = [
  { label: "422", title: "Validation error", status: 422, body: problem(422, "Validation error") },
  { label: "409", title: "Conflict", status: 409, body: problem(409, "Conflict") },
  { label: "401", title: "Unauthorized", status: 401, body: problem(401, "Unauthorized") },
  { label: "429", title: "Too many requests, without Retry-After", status: 429, body: problem(429, "Too many requests") },
  { label: "500", title: "Internal server error", status: 500, body: problem(500, "Internal Server Error") },
  { label: "502 HTML", title: "A gateway's page instead of JSON", status: 502, body: "<html><body>Bad Gateway</body></html>" },
  { label: "503 + Retry-After", title: "Unavailable for two seconds", status: 503, body: problem(503, "Service Unavailable"), header: { "Retry-After": ["2"] } },
  { label: "Delay 3 s", title: "The response is late", delay: "3s" },
  { label: "Close before", title: "The connection closes before the request takes effect", drop_before: true },
  { label: "Close after", title: "The connection closes after the request took effect", drop_after: true },
  { label: "Cut off", title: "The connection closes halfway through the response", truncate: true },
];

function setFault({ label, title, ...fault }) {
  attempt(async () => {
    const added = await send("POST", "/faults", {
      ...fault, name: label, method: $("fault-method").value, path: $("fault-path").value.trim(), times: Number($("fault-times").value),
    });
    return `Fault set: ${added.name}, ${where(added)}, ${often(added.times)}.`;
  });
}

const where = (fault) => `${fault.method || "any method"} ${fault.path || "any path"}`;
const often = (times) => (times < 0 ? "until removed" : times === 1 ? "next request" : `next ${times} requests`);

function item(text, label, path) {
  return el("li", {}, el("span", {}, text), el("button", { type: "button", "aria-label": label, onclick: () => attempt(async () => {
    await send("DELETE", path);
    return "Removed.";
  }) }, "Remove"));
}

function list(id, items, none) {
  $(id).replaceChildren(...(items.length || !none ? items : [el("li", { class: "none" }, none)]));
}

let last = ""; // the state that is shown

// show shows what is in effect.
export function show(state) {
  const text = JSON.stringify(state);
  if (text === last) return;
  last = text;
  $("url").textContent = state.url;
  list("faults", state.faults.map((fault) =>
    item(`${fault.name}: ${where(fault)}, ${often(fault.times < 0 ? -1 : fault.times - fault.met)}`, `Remove the fault ${fault.name}`, "/faults/" + fault.id)), "no fault");
  list("refusals", state.refusals.map((refusal) =>
    item(`${refusal.route}: ${refusal.key} gets a ${refusal.status}`, `Accept ${refusal.key} again`, "/refusals/" + refusal.id)));
  const suspended = state.suspended.includes("org_123");
  $("suspend").setAttribute("aria-pressed", String(suspended));
  $("revoke").disabled = state.revoked;
}

const action = (id, path, text) => $(id).addEventListener("click", () => attempt(async () => {
  await send("POST", path);
  return text;
}));

function onSubmit(id, run) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(run);
  });
}

export function init() {
  $("fault-buttons").append(...faults.map((fault) => el("button", { type: "button", title: fault.title, onclick: () => setFault(fault) }, fault.label)));
  action("expire", "/expire", "Every token is expired: the next call with one gets a 401.");
  action("revoke", "/revoke", "The API key is revoked.");
  action("restore", "/restore", "The API key and the dashboard's token are accepted again.");
  $("suspend").addEventListener("click", () => attempt(async () => {
    const suspended = $("suspend").getAttribute("aria-pressed") !== "true";
    await send("POST", "/suspension", { organization: "org_123", suspended });
    return suspended ? "org_123 is suspended." : "org_123 is in service again.";
  }));
  onSubmit("refuse", async () => {
    const refusal = await send("POST", "/refusals", { route: $("refuse-route").value, key: $("refuse-key").value.trim(), status: 422, details: "rejected in the sandbox" });
    return `Writes of ${refusal.key} get a 422, also within a bulk request.`;
  });
  onSubmit("webhook", async () => {
    const { status, ms } = await send("POST", "/webhook", { url: $("webhook-url").value, order: $("webhook-order").value });
    return `Your program responded ${status} after ${ms.toFixed(0)} ms.`;
  });
}

// orders fills the list of orders to send.
export function orders(ids) {
  const chosen = $("webhook-order").value;
  $("webhook-order").replaceChildren(...ids.map((id) => el("option", {}, id)));
  if (ids.includes(chosen)) $("webhook-order").value = chosen;
}
