// The page of the sandbox: it follows /_control/events and sends what its buttons say to /_control/.

import { $ } from "./dom.js";
import * as chart from "./chart.js";
import * as requests from "./requests.js";
import * as controls from "./controls.js";
import * as catalogue from "./catalogue.js";

const tabs = [$("tab-requests"), $("tab-catalogue")];

function select(tab) {
  for (const other of tabs) {
    const selected = other === tab;
    other.setAttribute("aria-selected", String(selected));
    other.tabIndex = selected ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = !selected;
  }
  catalogue.refresh();
}

tabs.forEach((tab, i) => {
  tab.addEventListener("click", () => select(tab));
  tab.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    const next = tabs[(i + 1) % tabs.length]; // there are two
    select(next);
    next.focus();
  });
});

function figures(counts) {
  let errors = 0;
  for (const [status, count] of Object.entries(counts.statuses)) if (status === "0" || Number(status) >= 400) errors += count;
  $("count-requests").textContent = counts.requests.toLocaleString("en");
  $("count-sign-ins").textContent = counts.sign_ins.toLocaleString("en");
  $("count-errors").textContent = errors.toLocaleString("en");
  $("count-faults").textContent = counts.faults.toLocaleString("en");
}

let run = ""; // the process that the requests shown came from

function follow() {
  const events = new EventSource("/_control/events");
  events.onopen = () => connection("live", true);
  events.onerror = () => connection("not connected", false);
  events.onmessage = (event) => {
    const news = JSON.parse(event.data);
    if (run && news.run !== run) { // the sandbox was restarted
      requests.clear();
      chart.clear();
      catalogue.changed();
    }
    run = news.run;
    figures(news.counts);
    if (news.state) controls.show(news.state);
    for (const exchange of news.exchanges) {
      chart.count(exchange);
      if (exchange.method !== "GET") catalogue.changed();
    }
    if (news.exchanges.length) requests.add(news.exchanges);
    chart.draw();
  };
}

function connection(text, live) {
  if ($("connection").textContent !== text) $("connection").textContent = text;
  $("connection").classList.toggle("live", live);
}

requests.init();
controls.init();
catalogue.init();
chart.draw();
follow();
setInterval(() => {
  chart.draw();
  catalogue.refresh();
}, 1000);
