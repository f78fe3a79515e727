/** The picture that came last, beside what of it was on the wire. */

import { h } from '../h.ts'
import { othersCommand, type View } from '../view.ts'
import { Part } from './Part.ts'

/** The header before the chunks of a picture's stream. */
const HEADER_BYTES = 29

export function Picture({ words, setting, model, desk, act }: View) {
  const { image } = model.state
  return h(
    Part,
    { id: 'pictures', title: words.pictures, isOpen: image !== null },
    h(
      'div',
      { id: 'picture' },
      image === null
        ? h(
            'p',
            null,
            words.noPicture,
            ' ',
            h('code', { lang: 'en' }, othersCommand(setting, '/send_image')),
          )
        : [
            h(
              'figure',
              null,
              // under the same address a browser would show the picture before it
              h('img', {
                src: `image?${image.sealed ?? 'before'}`,
                alt: words.pictureAlt(image.type, image.bytes),
              }),
              h('figcaption', null, words.pictureOpened(image.type, image.bytes)),
            ),
            act &&
              (desk.sealed === null
                ? h('p', null, words.sealedNotKept)
                : h(Noise, { view: desk.sealed, words })),
          ],
    ),
  )
}

/** The first bytes of the stream as pixels, three bytes each, after the header. */
function Noise({ view, words }: { view: Uint8Array; words: View['words'] }) {
  const bytes = view.subarray(HEADER_BYTES)
  const side = Math.floor(Math.sqrt(bytes.length / 3))
  return h(
    'figure',
    null,
    h('canvas', {
      ...{ width: side, height: side, role: 'img', 'aria-label': words.noiseAlt },
      ref: (canvas) => {
        const context = canvas?.getContext('2d')
        if (!context || side === 0) return
        const pixels = context.createImageData(side, side)
        for (let i = 0; i < side * side; i++) {
          pixels.data.set(bytes.subarray(3 * i, 3 * i + 3), 4 * i)
          pixels.data[4 * i + 3] = 255
        }
        context.putImageData(pixels, 0, 0)
      },
    }),
    h('figcaption', null, words.noise(3 * side * side)),
  )
}
