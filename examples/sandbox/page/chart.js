import { $ } from "./dom.js";

const seconds = 60;
const names = ["requests", "failed", "signins"];
const buckets = new Map(); // by second since 1970: [requests, errors, sign-ins]
const bars = [];

function build() {
  for (let i = 0; i < seconds; i++) {
    bars.push(names.map((name) => {
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      bar.setAttribute("class", "bar-" + name);
      bar.setAttribute("width", "4");
      bar.setAttribute("height", "0");
      bar.setAttribute("x", String(i * 5));
      $("chart").append(bar);
      return bar;
    }));
  }
}

export function count(exchange) {
  const second = Math.floor(Date.parse(exchange.time) / 1000);
  if (second < Date.now() / 1000 - seconds) return;
  const bucket = buckets.get(second) ?? [0, 0, 0];
  bucket[0]++;
  if (exchange.status === 0 || exchange.status >= 400) bucket[1]++;
  if (exchange.route === "/auth/login" && exchange.status === 200) bucket[2]++;
  buckets.set(second, bucket);
}

export function draw() {
  if (bars.length === 0) build();
  const now = Math.floor(Date.now() / 1000);
  for (const second of buckets.keys()) if (second <= now - seconds) buckets.delete(second);
  let most = 4;
  let all = 0;
  for (const bucket of buckets.values()) {
    most = Math.max(most, bucket[0]);
    all += bucket[0];
  }
  bars.forEach((group, i) => {
    const bucket = buckets.get(now - seconds + 1 + i) ?? [0, 0, 0];
    let top = 48;
    group.forEach((bar, kind) => {
      const height = bucket[kind] === 0 ? 0 : Math.max(2, bucket[kind] / most * 46);
      bar.setAttribute("height", String(height));
      bar.setAttribute("y", String(kind === 2 ? 48 - height : top - height));
      bar.setAttribute("width", kind === 2 ? "1.5" : "4");
    });
  });
  const last = buckets.get(now - 1) ?? [0, 0, 0];
  $("rate").textContent = String(last[0]);
  $("chart").setAttribute("aria-label", `${all} requests in the last 60 seconds, at most ${most === 4 && all === 0 ? 0 : most} a second`);
}

export function clear() {
  buckets.clear();
}
