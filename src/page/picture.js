/**
 * The picture that came last, beside what of it was on the wire.
 *
 * @import { State } from './eventFeed.js'
 */

import { byId, h } from './dom.js'
import { words } from './language.js'

/** The header before the chunks of a picture's stream. */
const HEADER_BYTES = 29

/** @type {State['image']} */
let last = null

/** Shows the picture unless it is there already. @param {State} now @param {string} place Part of its address, so that each picture has another one. */
export async function showPicture({ image }, place) {
  if (JSON.stringify(image) === JSON.stringify(last)) return
  last = image
  if (image === null) return
  const { type, bytes } = image
  // under the same address the browser would show the picture before it
  const img = h('img', { src: `/image?${place}`, alt: words.pictureAlt(type, bytes) })
  const shown = h('figure', {}, img, h('figcaption', {}, words.pictureOpened(type, bytes)))
  const answer = image.sealed === null ? null : await fetch('/sealed_image').catch(() => null)
  const sealed = answer?.ok ? new Uint8Array(await answer.arrayBuffer()) : null
  const beside = sealed === null ? h('p', {}, words.sealedNotKept) : noise(sealed)
  // another one may have come meanwhile
  if (last?.sealed === image.sealed) byId('picture').replaceChildren(shown, beside)
}

/** The first bytes of the stream as pixels, three bytes each, after the header. @param {Uint8Array} sealed */
function noise(sealed) {
  const bytes = sealed.subarray(HEADER_BYTES)
  const side = Math.floor(Math.sqrt(bytes.length / 3))
  const canvas = h('canvas', {
    width: `${side}`,
    height: `${side}`,
    role: 'img',
    'aria-label': words.noiseAlt,
  })
  const context = canvas.getContext('2d')
  if (context && side > 0) {
    const pixels = context.createImageData(side, side)
    for (let i = 0; i < side * side; i++) {
      pixels.data.set(bytes.subarray(3 * i, 3 * i + 3), 4 * i)
      pixels.data[4 * i + 3] = 255
    }
    context.putImageData(pixels, 0, 0)
  }
  return h('figure', {}, canvas, h('figcaption', {}, words.noise(3 * side * side)))
}
