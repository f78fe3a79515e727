/** The marks for what is public and what is secret, and values of the state. */

import type { ComponentChildren } from 'preact'
import type { Held } from '../facts.ts'
import { h } from '../h.ts'

/** A drawing that `Page` defines. */
export const icon = (name: 'eye' | 'lock' | 'open-lock' | 'envelope') =>
  h('svg', { class: 'icon', 'aria-hidden': 'true' }, h('use', { href: `#${name}` }))

/** What anyone on the wire has: blue, with an eye. */
export const open = (...children: ComponentChildren[]) =>
  h('span', { class: 'public' }, icon('eye'), children)

/** What never crosses the wire: red, with a lock. */
export const secret = (...children: ComponentChildren[]) =>
  h('span', { class: 'secret' }, icon('lock'), children)

/** What was erased is struck out. */
export const gone = (is: Held, what: string) =>
  is === 'gone' ? h('s', null, secret(what)) : secret(what)

/** A space between the bytes. */
export const spaced = (hex: string) => hex.replace(/..(?=.)/g, '$& ')

/** The UTF-8 of a text, in hex. */
export const hexOf = (text: string) =>
  Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('')
