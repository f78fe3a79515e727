/** The sentences of presenting in Spanish. */

import { h } from '../h.ts'
import type { PresentWords } from './en.ts'

const [A, B, S] = ['A', 'B', 'S'].map((name) => h('var', null, name))

export const es: PresentWords = {
  titles: {
    who: 'Dos que hablan, y Eva, que lo oye todo',
    keys: 'Cada parte envía una clave pública',
    crossed: 'Lo que pasó por el canal',
    compare: '¿Es quien creemos?',
    secret: 'El secreto está en las terminales',
    sums: 'Del secreto a una clave',
    text: 'Un texto cruza, cifrado',
    question: '¿Qué tiene Eva hasta ahora?',
    table: 'Lo que tienes tú, y lo que tiene Eva',
    costs: 'Lo que le costaría el resto',
    end: 'Lo que queda',
  },
  can: '¿Pueden acordar un secreto mientras ella lee cada byte?',
  canHow: ['No se conocen, y no acordaron nada antes. Decidid: ', h('b', null, '¿sí o no?')],
  quiet: 'Todavía no ha pasado nada de esto por el canal.',
  toChoose: 'Pulsa un campo de color: dice qué es.',
  terminals: (hasSecret, isHidden) =>
    isHidden
      ? 'Esta parte se inició con --no-secrets: ha borrado su secreto.'
      : hasSecret
        ? 'Mirad las dos terminales. ¿Son iguales, hasta la última cifra?'
        : 'Cada parte muestra el suyo en su terminal. ¿Serán iguales?',
  terminalOf: (name) => `la terminal, ${name}`,
  nothingToSee: 'sin mostrar todavía',
  onlyThere: 'solo allí',
  ask: 'Eva ha leído todo lo que pasó. De cada cosa: ¿la tiene, o le falta?',
  askEach: 'Decididlo antes de mirar.',
  lengthOfTexts: 'cuánto mide cada texto',
  additions: 'sumas de puntos',
  remains: [
    [
      'Dos partes pueden acordar un secreto ',
      h('b', null, 'a la vista de todos'),
      ': de ',
      A,
      ' y ',
      B,
      ' Eva no obtiene ',
      S,
      '.',
    ],
    ['Cada texto tiene su propia clave, y una vez usada está ', h('b', null, 'borrada'), '.'],
    [
      'Quien solo escucha no es un peligro. Quien se sienta ',
      h('b', null, 'en medio'),
      ' sí lo es, hasta que los dos comparan.',
    ],
  ],
  toy: 'Pruébalo: una curva tan pequeña que se ve',
  transcript: 'Llévatelo: la transcripción de esta ejecución',
  on: 'Seguir',
  begin: 'Empezar',
  again: 'Desde el principio',
  reveal: 'Mirar',
  toKeys: 'Antes, las claves',
  toField: 'Escribir su número',
  showTheirs: 'Mostrar también el suyo',
  copy: 'Copiar el curl',
  back: 'La pantalla anterior',
  forth: 'La pantalla siguiente',
  leave: 'A la página',
  turning: 'se pasa con ← y →',
  of: (n, count) => `${n} de ${count}`,
}
