import { $, el, send, outcome } from "./dom.js";
import { orders } from "./controls.js";

const branchesShown = 6;
let page = 1;
let pages = 1;
let stale = true;
let loading = false;

// changed notes that the catalogue may have changed, and reloads it while it is visible.
export function changed() {
  stale = true;
}

export async function refresh() {
  if (!stale || loading || $("panel-catalogue").hidden) return;
  await load();
}

async function load() {
  loading = true;
  stale = false;
  try {
    const shop = await send("GET", `/catalogue?page=${page}&search=${encodeURIComponent($("shop-text").value.trim())}`);
    pages = shop.pages;
    $("shop-rows").replaceChildren(...shop.products.map(row));
    $("shop-count").textContent = `${shop.total} products at ${shop.branches} branches`;
    $("shop-position").textContent = `page ${page} of ${pages}`;
    $("shop-previous").disabled = page <= 1;
    $("shop-next").disabled = page >= pages;
    orders(shop.orders);
  } catch (error) {
    outcome(error.message, true);
  }
  loading = false;
}

function row(product) {
  const stock = product.stock.slice(0, branchesShown).map((at) => el("span", { title: at.name_ar ? `${at.name_en} – ${at.name_ar}` : at.branch },
    (at.name_en || at.branch) + " ", el("span", { class: at.qty > 0 ? "" : "low" }, String(at.qty))));
  if (product.stock.length > branchesShown) stock.push(el("span", { class: "quiet" }, `and ${product.stock.length - branchesShown} more`));
  return el("tr", {},
    el("td", { class: "path" }, product.iv_id),
    el("td", { class: "wrap" }, product.name_en),
    el("td", { class: "arabic", dir: "rtl", lang: "ar" }, product.name_ar),
    el("td", { class: "number" }, product.price.toFixed(2)),
    el("td", { class: "number" + (product.total > 0 ? "" : " low") }, String(product.total)),
    el("td", { class: "wrap" }, el("div", { class: "stock" }, ...stock)));
}

export function init() {
  $("shop-search").addEventListener("submit", (event) => {
    event.preventDefault();
    page = 1;
    load();
  });
  $("shop-previous").addEventListener("click", () => { page = Math.max(1, page - 1); load(); });
  $("shop-next").addEventListener("click", () => { page = Math.min(pages, page + 1); load(); });
  load();
}
