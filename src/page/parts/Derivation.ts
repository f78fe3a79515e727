/** From the secret to a key: what both sides compute once they have each other's public key. */

import { h } from '../h.ts'
import type { View } from '../view.ts'
import { open, secret } from './marks.ts'

export function Derivation({ words, setting, model }: View) {
  const { session } = model.state
  return h(
    'section',
    { id: 'sums', 'aria-labelledby': 'sums-title' },
    h('h2', { id: 'sums-title' }, words.sums),
    h(
      'div',
      { class: 'card' },
      h('h3', null, words.sharedSecret),
      h('p', null, secret(words.yourPrivateKey), ' × ', open(words.sumItsPublicKey)),
      h('p', null, '= ', secret(words.itsPrivateKey), ' × ', open(words.rowYourPublicKey)),
      h('p', null, '= ', secret(words.oneNumber)),
    ),
    setting.hasKem &&
      h(
        'div',
        { class: 'card' },
        h('h3', null, words.secondSecret),
        h('p', null, words.secondSecretHow()),
      ),
    h(
      'div',
      { class: 'card' },
      h('h3', null, words.session),
      h('p', null, words.sessionHow(setting.hasKem)),
      h('code', { class: session === null ? 'none' : 'public' }, session?.id ?? words.notYet),
    ),
  )
}
