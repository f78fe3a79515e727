/** The toy's sentences in Spanish, one for each in `en.ts`. */

import { h } from '../h.ts'
import type { Words } from './en.ts'
import { inUnits, rounded, superscript, type Unit } from './numbers.ts'

const locale = 'es'
const number = (n: number) => n.toLocaleString(locale)
const count = (n: number, one: string, many: string) => `${number(n)} ${n === 1 ? one : many}`
const round = (n: number) => rounded(n, locale)
const UNITS: Readonly<Record<Unit, readonly [one: string, many: string]>> = {
  second: ['segundo', 'segundos'],
  minute: ['minuto', 'minutos'],
  hour: ['hora', 'horas'],
  day: ['día', 'días'],
  year: ['año', 'años'],
}
const time = (seconds: number) => {
  if (seconds < 0.1) return 'menos de una décima de segundo'
  const [value, unit] = inUnits(seconds)
  const [one, many] = UNITS[unit]
  const text = round(value)
  return `${text} ${text === '1' ? one : many}`
}
const B = (text: string) => h('b', null, text)

export const es: Words = {
  locale,
  title: 'Una curva que se ve entera – ecdh-duet',
  heading: 'Una curva que se ve entera',
  back: 'Volver al programa',
  otherLanguage: 'In English',
  skip: 'Ir a la curva',
  intro:
    'Dos partes acuerdan un secreto sobre una curva con más puntos de los que nadie puede contar. Esta tiene 33, y se ven todos.',
  nothingReal: 'Nada de aquí es del programa en marcha, así que los secretos se pueden ver.',
  noScript:
    'Sin su script, aquí no se mueve nada. Las figuras muestran un caso, y la tabla de abajo tiene todos los puntos.',

  // One secret
  ownTitle: 'Un número secreto de saltos',
  own: [
    'Cada círculo es un punto de y² = x³ − x + 3, donde solo cuenta el resto de dividir entre 31. Dos puntos tienen una suma, que es otro punto.',
    'Empieza en G y suma G una y otra vez: 2G, 3G, 4G… Arrastra a, o la propia A, e intenta adivinar dónde cae el siguiente salto.',
  ],
  secretA: 'a, tu secreto',
  secretB: 'b, el secreto de la otra parte',
  hop: 'Ver los saltos',
  hopBoth: 'Ver saltar a las dos',
  ownPlot: (a, point) =>
    `Los 32 puntos de la curva que tienen un lugar, y los saltos desde G hasta ${a}G, que es ${point}.`,
  ownResult: (a, point) => [B(`${a}G = ${point}`), ' es A, tu clave pública.'],
  ownMeaning: (additions) =>
    `Todos pueden ver A. Cuántos saltos llevan hasta allí solo lo sabes tú. Y no hace falta darlos todos: duplicando (2G, 4G, 8G…) bastaron ${count(additions, 'suma', 'sumas')}.`,

  // Two secrets
  bothTitle: 'Dos caminos, un punto',
  both: [
    'La otra parte hace lo mismo con b. Os enviáis A y B, y cada una salta desde lo que le llegó: tú sumas a veces B, la otra parte b veces A.',
    'Las dos llegan a S, el secreto compartido, porque a × bG y b × aG son lo mismo.',
  ],
  bothPlot: (a, b, point) =>
    `Dos caminos por la curva: de B a ${a}B, y de A a ${b}A. Los dos acaban en S, que es ${point}.`,
  you: 'Tú',
  them: 'La otra parte',
  makes: 'envía',
  gets: 'recibe',
  computes: 'calcula',
  infinityName: 'infinito',
  infinity:
    'Es el punto en el infinito, que no tiene lugar en la figura: 33 = 3 × 11, y por eso algunos secretos llevan juntos hasta él. Las curvas que se usan de verdad tienen un orden con un gran factor primo, y un programa rechaza ese resultado.',
  same: 'El mismo punto, y nadie ha enviado su secreto.',

  // Eve
  eveTitle: 'Eve los prueba todos',
  eveText: [
    'Eve tiene G, A y B, y no conoce ningún camino de vuelta. Pero puede saltar como tú, 1G, 2G, 3G…, hasta llegar a A. Entonces ha contado tu secreto.',
    'Con 33 puntos lo tiene enseguida. Haz pues la curva más grande: cada prueba crea un secreto nuevo, y ella cuenta de verdad, en tu navegador.',
  ],
  evePlot: (steps) =>
    `La curva pequeña, y ${steps === 1 ? 'el punto que Eve ha' : `los ${number(steps)} puntos que Eve ha`} probado.`,
  ways: 'Cómo busca',
  wayAll: 'un punto tras otro',
  wayRho: 'del mejor modo conocido (la rho de Pollard)',
  rhoText:
    'Rho camina hasta llegar dos veces al mismo punto. Eso cuesta algo más que la raíz del número de puntos: la mitad de los bits le sale gratis. En las dos curvas más pequeñas no vale la pena, y Eve salta.',
  sizes: 'Las curvas, de pequeña a grande',
  points: (n) => `${number(n)} puntos`,
  field: (p, b) => `y² = x³ − x + ${b} mod ${number(p)}`,
  start: 'Probar',
  again: 'Otra vez',
  stop: 'Parar',
  yours: (additions) => `tú: ${count(additions, 'suma', 'sumas')}`,
  steps: (n) => `Eve: ${count(n, 'paso', 'pasos')}`,
  perSecond: (n) => `${n} por segundo`,
  share: (share) =>
    `${(100 * share).toLocaleString(locale, { maximumSignificantDigits: 2 })} % del total`,
  found: (secret, seconds) =>
    `Lo tiene: ${number(secret)}${seconds === null ? ', aquí despacio para que veas cada paso' : `, en ${time(seconds)}`}.`,
  stopped: (seconds) => (seconds === null ? 'Parada.' : `Parada después de ${time(seconds)}.`),
  allTake: (seconds) => `Todos: ${time(seconds)}; de media, la mitad.`,
  rhoTakes: (seconds) => `De media: ${time(seconds)}.`,
  progress: (points) => `Lo que Eve ha probado de ${points}`,
  newsRunning: (points) => `Eve prueba con ${points}.`,
  newsFound: (steps) => `Eve ha encontrado el secreto después de ${count(steps, 'paso', 'pasos')}.`,
  newsStopped: (steps) => `Parada después de ${count(steps, 'paso', 'pasos')}.`,
  realName: 'X25519, la curva del programa',
  realPoints: `unos 2${superscript(252)} puntos`,
  real: (rho, seconds) => [
    'Unos ',
    h('b', null, '2', h('sup', null, rho.toLocaleString(locale)), ' pasos'),
    ' con rho, el mejor modo conocido (',
    h('a', { href: 'https://safecurves.cr.yp.to/rho.html' }, 'SafeCurves'),
    '). ',
    seconds === null
      ? ''
      : `A la última velocidad que ha tenido aquí: ${time(seconds)}. El universo tiene 14.000 millones de años.`,
  ],
  record: (years, faster) =>
    `A la velocidad del récord de 2009, cuando más de 200 consolas de videojuegos rompieron una curva sobre un primo de 112 bits: ${years} años; mil millones de veces más rápido, ${number(1000 * faster)} millones.`,
  quantum:
    'Nadie ha demostrado que no haya un modo mejor, y un ordenador cuántico grande lo tendría.',

  // Paint
  paintTitle: 'Lo mismo con pintura',
  paint: [
    'Muchas veces se cuenta con pintura. Todos conocen el amarillo. Cada parte le mezcla un color secreto y envía la mezcla; después añade el suyo a lo que le llega. Las dos tienen en el bote las mismas tres partes.',
  ],
  colourA: 'tu color secreto',
  colourB: 'el color secreto de la otra parte',
  common: 'el amarillo, que todos conocen',
  sentA: 'tú envías: amarillo y tu color',
  sentB: 'la otra parte envía: amarillo y su color',
  potA: 'tu bote: lo que llegó, y tu color',
  potB: 'el bote de la otra parte: lo que llegó, y su color',
  eveColour: 'Eve quita el amarillo de lo que enviaste',
  paintLimit:
    'Aquí el cuento deja de ser verdad. La pintura solo es difícil de separar a mano: quien mide una mezcla calcula lo que lleva dentro, como Eve aquí, con una división para el rojo, otra para el verde y otra para el azul. Con puntos nadie conoce un camino así, de G y A hasta a. Una curva es pintura que nadie sabe separar.',

  // Every point
  tableTitle: 'Todos los múltiplos de G',
  tableNote: '33G es el punto en el infinito, el cero de esta suma, y desde 34G todo se repite.',
  after: () => [
    'El laboratorio rompe un programa que usó de verdad esta curva: ',
    h('code', null, 'lab original'),
    ', en una terminal.',
  ],
}
