import { $, el, send, outcome } from "./dom.js";

const kept = 10000; // exchanges in memory
const shown = 100; // rows in the document
let all = []; // oldest first
let matching = []; // of all, those that the filters accept, oldest first
let start = 0; // rows before the first shown, newest first
let paused = false;
let scheduled = false;
const rows = new Map(); // shown rows by ID
const routes = new Set();

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

export function add(list) {
  for (const exchange of list) {
    all.push(exchange);
    if (accepts(exchange)) {
      matching.push(exchange);
      if (start > 0 || paused) start++; // keep in place what the reader looks at
    }
    if (exchange.route && !routes.has(exchange.route)) addRoute(exchange.route);
  }
  if (all.length > kept + 1000) {
    all = all.slice(-kept);
    const oldest = all[0].id;
    matching = matching.filter((exchange) => exchange.id >= oldest);
  }
  schedule();
}

function addRoute(route) {
  routes.add(route);
  const sorted = [...routes].sort();
  const option = el("option", { value: route }, route);
  $("filter-route").insertBefore(option, $("filter-route").options[sorted.indexOf(route) + 1] ?? null);
  $("paths").append(el("option", { value: route }));
}

function accepts(exchange) {
  const route = $("filter-route").value;
  const status = $("filter-status").value;
  const text = $("filter-text").value.trim().toLowerCase();
  if (route && exchange.route !== route) return false;
  if (status === "fault" ? !exchange.fault : status !== "" && Math.floor(exchange.status / 100) !== Number(status)) return false;
  return !text || `${exchange.method} ${exchange.path} ${exchange.status} ${exchange.fault ?? ""}`.toLowerCase().includes(text);
}

function filter() {
  matching = all.filter(accepts);
  start = 0;
  schedule();
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    render();
  });
}

function render() {
  start = Math.max(0, Math.min(start, matching.length - 1));
  const end = matching.length - start;
  const visible = matching.slice(Math.max(0, end - shown), end).reverse();
  const ids = new Set(visible.map((exchange) => exchange.id));
  for (const [id, row] of rows) {
    if (!ids.has(id)) {
      row.remove();
      rows.delete(id);
    }
  }
  let place = $("rows").firstChild;
  for (const exchange of visible) {
    let row = rows.get(exchange.id);
    if (row && row === place) {
      place = place.nextSibling;
      continue;
    }
    if (!row) {
      row = build(exchange);
      rows.set(exchange.id, row);
    }
    $("rows").insertBefore(row, place);
  }
  $("empty").hidden = all.length > 0;
  const last = start + visible.length;
  $("position").textContent = matching.length === 0 ? (all.length ? "none matches" : "") : `${start + 1}–${last} of ${matching.length}`;
  $("newer").disabled = start === 0;
  $("older").disabled = last >= matching.length;
}

function build(exchange) {
  const status = Math.floor(exchange.status / 100);
  const open = el("button", { type: "button", class: "open", title: exchange.path, onclick: () => show(exchange.id) },
    el("span", { class: "method" }, exchange.method), " ", exchange.path);
  return el("tr", { "data-id": exchange.id },
    el("td", {}, clock.format(new Date(exchange.time))),
    el("td", { class: "path" }, open),
    el("td", {}, el("span", { class: `status s${status}` }, exchange.status === 0 ? "no response" : String(exchange.status))),
    el("td", { class: "number" }, exchange.ms.toFixed(1)),
    el("td", {}, exchange.organization || "–"),
    el("td", {}, exchange.credential),
    el("td", { class: "met" }, exchange.fault ?? ""));
}

async function show(id) {
  try {
    const exchange = await send("GET", "/exchanges/" + id);
    $("detail-title").textContent = `${exchange.method} ${exchange.path}${exchange.query ? "?" + exchange.query : ""}`;
    const facts = {
      Status: exchange.status === 0 ? "no response" : exchange.status, Route: exchange.route || "none", Time: new Date(exchange.time).toLocaleString("en-GB"),
      Duration: exchange.ms.toFixed(1) + " ms", Organization: exchange.organization || "–", Credential: exchange.credential, Fault: exchange.fault || "none",
    };
    $("detail-facts").replaceChildren(...Object.entries(facts).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))));
    for (const side of ["request", "response"]) {
      $(side + "-header").textContent = Object.entries(exchange[side].header ?? {}).map(([name, values]) => `${name}: ${values.join(", ")}`).sort().join("\n");
      $(side + "-body").textContent = pretty(exchange[side]);
    }
    $("detail").showModal();
    $("detail-title").focus();
  } catch (error) {
    outcome(error.message, true);
  }
}

function pretty(message) {
  let text = message.body;
  try {
    text = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // not JSON, or cut off
  }
  if (message.size > 0 && !message.body) return `(${message.size} bytes, no longer kept)`;
  return message.size > 65536 ? `${text}\n(${message.size} bytes in all)` : text;
}

// clear forgets the requests: those of this page, not those of the sandbox.
export function clear() {
  all = [];
  filter();
}

export function init() {
  for (const id of ["filter-route", "filter-status"]) $(id).addEventListener("change", filter);
  $("filter-text").addEventListener("input", filter);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("clear").addEventListener("click", clear);
  $("newer").addEventListener("click", () => { start = Math.max(0, start - shown); schedule(); });
  $("older").addEventListener("click", () => { start += shown; schedule(); });
  $("pause").addEventListener("click", () => {
    paused = !paused;
    $("pause").setAttribute("aria-pressed", String(paused));
    if (!paused) start = 0;
    schedule();
  });
  $("detail-close").addEventListener("click", () => $("detail").close());
  render();
}
