// Elements are made with textContent only, so that no text of a request is read as HTML.

export const $ = (id) => document.getElementById(id);

// el makes an element with attributes and children, which are texts or elements.
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

// send calls the control interface, and returns what it responds.
export async function send(method, path, body) {
  const options = { method };
  if (method !== "GET") {
    options.headers = { "Content-Type": "application/json" };
    if (body !== undefined) options.body = JSON.stringify(body);
  }
  const response = await fetch("/_control" + path, options);
  const result = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Error(result.error);
  return result;
}

// outcome shows what an action did.
export function outcome(text, failed = false) {
  $("outcome").textContent = text;
  $("outcome").classList.toggle("failed", failed);
}

// attempt runs an action and shows what it returns, or its error.
export async function attempt(action) {
  try {
    outcome(await action());
  } catch (error) {
    outcome(error.message, true);
  }
}
