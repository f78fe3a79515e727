/** Elements made and found, and how bytes are written. No text becomes markup here or anywhere on the page. */

/**
 * The element of the page with this id.
 * @template {HTMLElement} [E=HTMLElement] @param {string} id @returns {E}
 */
export const byId = (id) => /** @type {E} */ (document.getElementById(id))

/**
 * A new element. Strings become text.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, string>} [attributes] @param {(Node | string)[]} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/**
 * The same for a drawing.
 * @param {string} tag @param {Record<string, string | number>} attributes
 */
export function svg(tag, attributes, content = '') {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`)
  element.textContent = content
  return element
}

/** A space between the bytes. @param {string} hex */
export const spaced = (hex) => hex.replace(/..(?=.)/g, '$& ')

/** The UTF-8 of a text, in hex. @param {string} text */
export const hexOf = (text) =>
  Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('')
