/** Planted mistakes that the walk has to find, each in one public method of the protocol. */

import type { Kind } from './bounds.ts'
import type { Protocol } from './load.ts'
import type { Bounds } from './world.ts'

// biome-ignore lint/suspicious/noExplicitAny: a method of any class
type Method = (this: any, ...args: any[]) => any
type Mistake = readonly [
  what: string,
  /** The class's name and the method's. */
  of: `${keyof Protocol}.${string}`,
  /** The method as it is then, from the right one. */
  wrong: (right: Method) => Method,
]

/** By the kind of suite, and the bounds of a walk that finds them soon. */
export const MISTAKES: readonly {
  readonly kind: Kind
  readonly bounds: Bounds
  readonly mistakes: readonly Mistake[]
}[] = [
  {
    kind: 'classical',
    bounds: { keys: 2, texts: 1, pictures: 0, troubles: 0, underWay: 2 },
    mistakes: [
      [
        'both directions have one key',
        'KeySchedule.direction',
        (right) =>
          function () {
            return right.call(this, 1)
          },
      ],
      ['the session before keeps its sending keys', 'Session.demote', () => () => {}],
      ['a private key is not erased', 'EphemeralKeys.erase', () => () => {}],
      [
        'the confirmation in a key message is not looked at',
        'KeyExchange.receiveKeys',
        (right) =>
          function ({ share }) {
            return right.call(this, { share })
          },
      ],
    ],
  },
  {
    kind: 'classical',
    bounds: { keys: 1, texts: 1, pictures: 0, troubles: 1, underWay: 3 },
    mistakes: [
      ['a wrong tag is right', 'Session.isProvenBy', () => () => true],
      ['a text may come twice', 'KeyChain.check', () => () => {}],
    ],
  },
  {
    kind: 'classical',
    bounds: { keys: 1, texts: 2, pictures: 0, troubles: 1, underWay: 2 },
    mistakes: [
      [
        'a text that had no answer is told as refused',
        'OpenText.learn',
        (right) =>
          function (outcome) {
            return right.call(this, outcome === 'no answer' ? 'unknown_session' : outcome)
          },
      ],
      [
        'a text that had no answer is sealed anew',
        'Exchange.repeatMessage',
        (right) =>
          function () {
            return this.current.seal(right.call(this).ciphertext.slice(0, -16))
          },
      ],
    ],
  },
  {
    kind: 'hybrid',
    bounds: { keys: 2, texts: 0, pictures: 0, troubles: 0, underWay: 3 },
    mistakes: [
      [
        'the ciphertext of party 1 is not confirmed once more',
        'KeyExchange.receiveAnswer',
        (right) =>
          function (confirm) {
            return { completed: right.call(this, confirm).completed }
          },
      ],
      [
        'whoever is refused does not send its keys without the confirmation',
        'KeyExchange.afterRefusal',
        () => () => undefined,
      ],
    ],
  },
]

/** Makes the mistake. Returns what puts it right again. */
export function plant(protocol: Protocol, [, of, wrong]: Mistake): () => void {
  const [name = '', method = ''] = of.split('.')
  const { prototype } = Object(Reflect.get(protocol, name))
  const right = Object.getOwnPropertyDescriptor(prototype, method)
  if (!right) throw new Error(`There is no ${of}.`)
  Object.defineProperty(prototype, method, { ...right, value: wrong(right.value) })
  return () => Object.defineProperty(prototype, method, right)
}
