/** The sentences of Mallory's page in Spanish. */

import { es as words } from '../../../../page/words/es.ts'
import type { Hers } from './en.ts'

export const es: Hers = {
  words,
  title: (a, b) => `Mallory entre ${a} y ${b}`,
  heading: 'Mallory, en medio',
  where: (own, other) => `en el puerto ${own}; en el ${other} está la misma página`,
  attack: (a, b) =>
    `Esto es un ataque, para que lo vea toda la clase. ${a} y ${b} son pares honestos. Cada uno cree que habla con el otro, y los dos hablan conmigo.`,
  standing: {
    nothing: (a, b) =>
      `Espero. Lo que ${a} y ${b} se envían llega a mí, como si la red wifi fuera mía.`,
    one: () =>
      'Han llegado las primeras claves. Me las quedo y envío claves mías en su lugar: nada en una clave dice de quién es.',
    both: (a, b) =>
      `Comparto un secreto con ${a} y otro con ${b}. Lo que uno cifra, yo lo descifro, lo leo y lo cifro de nuevo para el otro. Nadie lo nota hasta que se comparan los dos números de seguridad.`,
    'shut out': (a, b) =>
      `Ya se conocían. Al menos uno de los dos, ${a} o ${b}, recuerda la identidad del otro y rechaza la mía. Puedo alegar la identidad correcta, que es pública, pero no demostrarla. Puedo mantenerlos separados, y nada más.`,
  },
  stage: 'Dos cables, y yo en los dos',
  believes: (far) => `cree que soy ${far}`,
  itSent: 'Envió esta clave:',
  iSend: (far) => `En nombre de ${far} le envío esta clave mía:`,
  refusesMe: 'Me rechaza.',
  me: 'Mallory',
  mine: (victim, port) => `hacia ${victim}, en mi puerto ${port}`,
  secretWith: (victim) => `el secreto que comparto con ${victim}`,
  onTerminal: 'en mi terminal',
  noSecretYet: 'todavía no hay secreto',
  session: 'sesión',
  counts: (received, sent) => `cifró ${received}, y yo cifré ${sent}`,
  texts: 'Los textos que se envían están en mi terminal, y nunca en esta página.',
  lack: (a, b) =>
    `Lo que me falta: las claves privadas de ${a} y de ${b}. Ninguna clave que envío pertenece a una identidad suya.`,

  numbers: 'Lo que me delata',
  numberAt: (victim) => `El número de seguridad que muestra ${victim}`,
  differ: (n) => `Difieren en ${n} de los doce grupos.`,
  equal: 'Son iguales: al compararlos no se descubre a nadie.',
  oneNumber: 'Todavía no hay un segundo número con el que compararlo.',
  noNumber: 'Todavía no hay número.',
  whyDifferent:
    'La mitad de cada número sale de una identidad mía, distinta en cada lado. Para encontrar identidades que den las mismas cifras necesitaría unos 10^30 intentos.',
  caught: (a, b) =>
    `Me descubren si ${a} y ${b} comparan sus números de viva voz, cara a cara o de cualquier forma que no pase por mis cables. Si lo han hecho, no puedo saberlo: nada de eso pasa por aquí.`,
  different: 'distinto:',

  passages: 'Lo que llegó, y lo que siguió',
  newest: 'lo más nuevo primero',
  none: 'Todavía no ha llegado nada.',
  wireOf: (victim) => `cable hacia ${victim}`,
  cameFrom: (victim) => `de ${victim}`,
  wentTo: (victim) => `a ${victim}`,
  unanswered: 'todavía sin respuesta',
  nothingWent: 'nada',
  deeds: {
    keys: (from, to) => `Me quedé con las claves de ${from} y envié las mías a ${to}.`,
    claim: (from, to) =>
      `Envié a ${to} una clave mía con la identidad de ${from}, que no puedo demostrar.`,
    sealed: (from, to) =>
      `Descifré el texto de ${from}, lo leí y lo cifré de nuevo para ${to}. Está en mi terminal.`,
    altered: (from, to) =>
      `Descifré el texto de ${from}, lo cambié y cifré el cambiado para ${to}. Los dos están en mi terminal.`,
    picture: (from, to) =>
      `Descifré la imagen de ${from}, guardé una copia y la cifré de nuevo para ${to}.`,
    same: (_from, to) => `Lo pasé a ${to} tal como llegó.`,
    pending: (from) => `Acaba de llegar de ${from}.`,
    refused: (from) => `No pude aceptar lo que envió ${from}.`,
    kept: (from) => `Acepté lo que envió ${from}, y nada siguió.`,
    copy: (from) => `${from} envió lo mismo otra vez. Lo primero ya había seguido.`,
    own: (_from, to) => `Envié esto a ${to} por mi cuenta.`,
    forgotten: (_from, to) => `Envié esto a ${to}. De qué salió ya no se conserva.`,
  },
  fields: 'campo por campo',
  isSame: 'los mismos bytes',
  isNew: 'otros bytes',
  isOnly: 'solo en un cable',
  absent: 'ninguno',
  request: 'La petición',
  answer: 'La respuesta',
  counted: (same, all) => `${same} de ${all} campos son los mismos bytes`,
  earlier: (n) => `${n} anteriores`,

  pictures: 'Las imágenes que copié',
  noPicture: 'Todavía no ha llegado ninguna imagen.',
  pictureOf: (victim) => `La última imagen que envió ${victim}`,
  copyGone: 'La guardo mientras dura el ataque.',
}
