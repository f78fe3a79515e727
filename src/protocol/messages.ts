/** The wire forms of duet/2: strict parse and encode. No aliases: each value has one form. */

import * as v from 'valibot'
import { type Annotated, annotatedJson } from './annotate.ts'
import { bytesToHex, equalBytes, hexToBytes } from './bytes.ts'
import { DuetError } from './errors.ts'
import type { Share } from './keySchedule.ts'
import { publicKeyBytes, SUITES, type Suite } from './suites.ts'

const VERSION = 2
export const SESSION_ID_BYTES = 16
const CONFIRM_TAG_BYTES = 32
/** Poly1305's tag, the end of every ciphertext (RFC 8439 section 2.8). */
export const AEAD_TAG_BYTES = 16
/** The longest text, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 16 * 1024

/** The proof that its sender has the keys of `session`. */
export interface Confirm {
  /** Session id, 16 bytes. */
  readonly session: Uint8Array
  /** Confirm tag, 32 bytes. */
  readonly tag: Uint8Array
  /** What the KEM's secret travels in, exactly when the confirmation's sender made it. */
  readonly ciphertext?: Uint8Array
}

/** A public key on its way, with the confirmation of its sender's newest session, if there is one. */
export interface KeyMessage {
  readonly share: Share
  readonly confirm?: Confirm
}

/** A sealed text. */
export interface SealedMessage {
  /** Session id, 16 bytes. */
  readonly session: Uint8Array
  /** Sequence number in its session and direction, from 0. */
  readonly seq: number
  /** The text, sealed, then the 16-byte tag. */
  readonly ciphertext: Uint8Array
}

/** JSON has -0, another form of 0. */
const isNotMinusZero = (seq: number) => !Object.is(seq, -0)

const ConfirmForm = v.strictObject({
  session: v.string(),
  tag: v.string(),
  // on a suite with a KEM; `decodeConfirm` refuses it on another
  ciphertext: v.exactOptional(v.string()),
})
const KeyForm = v.strictObject({
  v: v.literal(VERSION),
  curve: v.string(),
  basePoint: v.string(),
  identity: v.string(),
  publicKey: v.string(),
  confirm: v.exactOptional(ConfirmForm),
})
const AnswerForm = v.strictObject({
  accepted: v.literal(true),
  confirm: v.exactOptional(ConfirmForm),
})
const MessageForm = v.strictObject({
  v: v.literal(VERSION),
  session: v.string(),
  seq: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.check(isNotMinusZero)),
  ciphertext: v.string(),
})
const MessageAnswerForm = v.strictObject({
  accepted: v.literal(true),
  missing: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})

export type KeyForm = v.InferOutput<typeof KeyForm>
export type AnswerForm = v.InferOutput<typeof AnswerForm>
export type MessageForm = v.InferOutput<typeof MessageForm>
export type MessageAnswerForm = v.InferOutput<typeof MessageAnswerForm>

/** The longest key message, in bytes of JSON: 4,096, and 8,192 on a suite with a KEM. */
export function maxKeyMessageBytes(suite: Suite): number {
  return suite.kem === null ? 4096 : 8192
}

/** A key message as JSON has it. */
export function encodeKeyMessage(suite: Suite, message: KeyMessage): KeyForm {
  return {
    v: VERSION,
    curve: suite.name,
    basePoint: bytesToHex(suite.curve.basePoint),
    identity: bytesToHex(message.share.identity),
    publicKey: bytesToHex(message.share.publicKey),
    ...encodeConfirm(message.confirm),
  }
}

/**
 * A key message out of parsed JSON, its form, lengths and base point checked, its points not yet.
 * @throws DuetError `bad_version` `bad_message` `curve_mismatch` `bad_encoding` `bad_base_point`
 */
export function parseKeyMessage(suite: Suite, body: unknown): KeyMessage {
  const { curve } = suite
  const form = parse(KeyForm, body, 'A key message')
  if (form.curve !== suite.name)
    throw new DuetError('curve_mismatch', `This peer was started with ${suite.name}.`)
  // first, since a ciphertext that has no place is `bad_message`
  const confirm = decodeConfirm(suite, form.confirm)
  const basePoint = decodeHex('basePoint', form.basePoint, curve.pointBytes)
  const identity = decodeHex('identity', form.identity, curve.pointBytes)
  const publicKey = decodeHex('publicKey', form.publicKey, publicKeyBytes(suite))
  if (!equalBytes(basePoint, curve.basePoint))
    throw new DuetError('bad_base_point', `The base point is not that of ${curve.name}.`)
  return { share: { identity, publicKey }, ...confirm }
}

/** The answer to an accepted key message as JSON has it. */
export function encodeAnswer(confirm: Confirm | undefined): AnswerForm {
  return { accepted: true, ...encodeConfirm(confirm) }
}

/**
 * The confirmation in an answer to a key message, if it carries one.
 * @throws DuetError `bad_message` `bad_encoding`
 */
export function parseAnswer(suite: Suite, body: unknown): Confirm | undefined {
  return decodeConfirm(suite, parse(AnswerForm, body, 'An answer to a key message').confirm).confirm
}

/** A sealed message as JSON has it. */
export function encodeMessage(message: SealedMessage): MessageForm {
  return {
    v: VERSION,
    session: bytesToHex(message.session),
    seq: message.seq,
    ciphertext: bytesToHex(message.ciphertext),
  }
}

/**
 * A sealed message out of parsed JSON, not yet opened.
 * @throws DuetError `bad_version` `bad_message` `bad_encoding`
 */
export function parseMessage(body: unknown): SealedMessage {
  const form = parse(MessageForm, body, 'A message')
  return {
    session: decodeHex('session', form.session, SESSION_ID_BYTES),
    seq: form.seq,
    ciphertext: decodeHex(
      'ciphertext',
      form.ciphertext,
      AEAD_TAG_BYTES,
      AEAD_TAG_BYTES + MAX_TEXT_BYTES,
    ),
  }
}

/**
 * The answer to an accepted message.
 * @throws DuetError `bad_message`
 */
export function parseMessageAnswer(body: unknown): MessageAnswerForm {
  return parse(MessageAnswerForm, body, 'An answer to a message')
}

type Form = typeof KeyForm | typeof AnswerForm | typeof MessageForm | typeof MessageAnswerForm

/** Another version may have other fields, so the version is looked at before them. */
function parse<F extends Form>(form: F, body: unknown, what: string): v.InferOutput<F> {
  if ('v' in form.entries && typeof body === 'object' && body !== null && 'v' in body) {
    if (typeof body.v === 'number' && body.v !== VERSION)
      throw new DuetError('bad_version', `This peer speaks duet/${VERSION} only.`)
  }
  const result = v.safeParse(form, body)
  if (result.success) return result.output
  const [{ path = [], received }] = result.issues
  const field = path.map(({ key }) => key).join('.')
  const fields = Object.keys(form.entries).flatMap((name) =>
    name === 'confirm'
      ? [name, ...Object.keys(ConfirmForm.entries).map((of) => `${name}.${of}`)]
      : name,
  )
  // only a name of ours is repeated
  if (!fields.includes(field))
    throw new DuetError(
      'bad_message',
      `${what} is a JSON object with no other fields than \`${fields.join('`, `')}\`.`,
    )
  throw new DuetError(
    'bad_message',
    received === 'undefined'
      ? `${what} lacks \`${field}\`.`
      : `${what} needs \`${field}\` in the form that the protocol gives it.`,
  )
}

function encodeConfirm(confirm: Confirm | undefined) {
  if (confirm === undefined) return {}
  return {
    confirm: {
      session: bytesToHex(confirm.session),
      tag: bytesToHex(confirm.tag),
      ...(confirm.ciphertext && { ciphertext: bytesToHex(confirm.ciphertext) }),
    },
  }
}

function decodeConfirm({ name, kem }: Suite, form: KeyForm['confirm']): { confirm?: Confirm } {
  if (form === undefined) return {}
  const { session, tag, ciphertext } = form
  if (ciphertext !== undefined && kem === null)
    throw new DuetError('bad_message', `\`confirm.ciphertext\` has no place on ${name}.`)
  return {
    confirm: {
      session: decodeHex('confirm.session', session, SESSION_ID_BYTES),
      tag: decodeHex('confirm.tag', tag, CONFIRM_TAG_BYTES),
      ...(ciphertext !== undefined &&
        kem !== null && {
          ciphertext: decodeHex('confirm.ciphertext', ciphertext, kem.ciphertextBytes),
        }),
    },
  }
}

/** Lower-case hex of `min` to `max` bytes: upper case and odd lengths are other forms of the same value. */
function decodeHex(field: string, hex: string, min: number, max = min): Uint8Array {
  if (hex.length < 2 * min || hex.length > 2 * max || hex.length % 2 !== 0) {
    const expected = min === max ? `${2 * min}` : `an even number from ${2 * min} to ${2 * max}`
    throw new DuetError(
      'bad_encoding',
      `\`${field}\` has ${hex.length} characters; expected ${expected} hex digits.`,
    )
  }
  try {
    return hexToBytes(hex)
  } catch {
    throw new DuetError('bad_encoding', `\`${field}\` is not in lower-case hex.`)
  }
}

/** A page shows no other word here: it could be any text. */
const CurveName = v.picklist(Object.keys(SUITES))

/** Every form of this file with each of its fields explained. */
export function annotatedMessages(suite: Suite) {
  const { curve: name, base, key, joined } = SOURCES[suite.name] ?? NO_SOURCES
  const version = {
    is: 'The version of the protocol. A peer that speaks another one refuses.',
    es: 'La versión del protocolo. Quien habla otra lo rechaza.',
    source: 'duet/2, Key message',
  }
  const confirm = {
    'confirm.session': {
      hex: true,
      is: `Which keys the proof is about: the first 16 bytes of the SHA-256 of the curve and both sides' identities and public keys${joined ? ', and of the ciphertext' : ''}.`,
      es: `De qué claves trata la prueba: los primeros 16 bytes del SHA-256 de la curva y de las identidades y claves públicas de las dos partes${joined ? ', y del texto cifrado' : ''}.`,
      source: 'RFC 6234 section 6.2; duet/2, Keys',
    },
    'confirm.tag': {
      hex: true,
      is: 'The proof that its sender has the same keys: an HMAC that nobody else can make, and that tells nothing of them.',
      es: 'La prueba de que quien envía tiene las mismas claves: un HMAC que nadie más puede calcular y que no revela nada de ellas.',
      source: 'RFC 2104 section 2; RFC 5869 section 2.3',
    },
    'confirm.ciphertext': {
      hex: true,
      is: 'What ML-KEM made for the encapsulation key of the other side: it carries a secret to the owner of that key and to nobody else. Whoever made it sends it.',
      es: 'Lo que ML-KEM creó para la clave de encapsulación de la otra parte: lleva un secreto al dueño de esa clave y a nadie más. Lo envía quien lo creó.',
      source: 'FIPS 203 section 7.2; draft-ietf-tls-ecdhe-mlkem',
    },
  }
  const accepted = {
    is: 'The request was checked whole and taken.',
    es: 'La petición se comprobó entera y se aceptó.',
    source: 'RFC 9110 section 15.3.2 (201)',
  }
  const point = {
    hex: true,
    is: 'Private key times base point, fresh for this exchange. The private key stays where it is.',
    es: 'Clave privada por punto base, nueva en este intercambio. La clave privada se queda donde está.',
    source: key,
  }
  return {
    'key message': annotatedJson(v.strictObject({ ...KeyForm.entries, curve: CurveName }), {
      v: version,
      curve: {
        is: 'The curve that both were started with. It is not negotiated, so nobody can talk them into a weaker one.',
        es: 'La curva con la que se iniciaron los dos. No se negocia, así que nadie puede llevarlos a una más débil.',
        source: name,
      },
      basePoint: {
        hex: true,
        is: 'The point that everybody multiplies, the same for all. It is sent to be seen, and compared.',
        es: 'El punto que todos multiplican, el mismo para todos. Se envía para que se vea, y se compara.',
        source: base,
      },
      identity: {
        hex: true,
        is: "The sender's long-term public key. The safety number is made from it.",
        es: 'La clave pública de larga duración de quien envía. De ella sale el número de seguridad.',
        source: `${key}; duet/2, Keys of a peer`,
      },
      publicKey: joined
        ? {
            hex: true,
            is: 'The first half of the public key: an encapsulation key of ML-KEM-768, fresh for this exchange. A quantum computer is not known to be of help in finding what it opens.',
            es: 'La primera mitad de la clave pública: una clave de encapsulación de ML-KEM-768, nueva en este intercambio. No se sabe que un ordenador cuántico ayude a hallar lo que abre.',
            source: joined,
            end: {
              ...point,
              name: 'x25519',
              bytes: suite.curve.pointBytes,
              is: `The second half: ${point.is}`,
              es: `La segunda mitad: ${point.es}`,
            },
          }
        : point,
      ...confirm,
    }),
    'answer to a key message': annotatedJson(AnswerForm, { accepted, ...confirm }),
    'sealed message': annotatedJson(MessageForm, {
      v: version,
      session: {
        hex: true,
        is: 'Which keys sealed it. It is part of what the tag covers.',
        es: 'Con qué claves se cifró. Forma parte de lo que protege la etiqueta.',
        source: 'duet/2, Messages',
      },
      seq: {
        is: 'Its place in the session, counted from 0. It chooses the key: each message has one of its own, and a message that is sent again is refused.',
        es: 'Su lugar en la sesión, contado desde 0. Elige la clave: cada mensaje tiene la suya, y un mensaje que se repite se rechaza.',
        source: 'The Double Ratchet Algorithm, section 2.2; duet/2, Messages',
      },
      ciphertext: {
        hex: true,
        is: 'The text XOR the key stream of ChaCha20: as long as the text, and without the key as good as noise.',
        es: 'El texto XOR la secuencia cifrante de ChaCha20: tan largo como el texto y, sin la clave, como si fuera ruido.',
        source: 'RFC 8439 section 2.4',
        end: {
          hex: true,
          name: 'tag',
          bytes: AEAD_TAG_BYTES,
          is: 'The tag of Poly1305. A single changed bit anywhere, and the message does not open.',
          es: 'La etiqueta de Poly1305. Con un solo bit cambiado en cualquier sitio, el mensaje no se descifra.',
          source: 'RFC 8439 section 2.5',
        },
      },
    }),
    'answer to a sealed message': annotatedJson(MessageAnswerForm, {
      accepted,
      missing: {
        is: 'How many messages before this one never came.',
        es: 'Cuántos mensajes anteriores a este no llegaron nunca.',
        source: 'duet/2, Messages',
      },
    }),
  } satisfies Record<string, Annotated>
}

interface Sources {
  readonly curve: string
  readonly base: string
  readonly key: string
  /** Of the KEM's half of a public key, where there is one. */
  readonly joined?: string
}

const NO_SOURCES: Sources = { curve: '', base: '', key: '' }

/** Where each curve, its base point and its public keys are defined. */
const SOURCES: Readonly<Record<string, Sources>> = {
  X25519: {
    curve: 'RFC 7748 section 4.1',
    base: 'RFC 7748 section 4.1',
    key: 'RFC 7748 section 6.1',
  },
  'P-256': {
    curve: 'RFC 5903 section 3.1',
    base: 'RFC 5903 section 3.1; SEC 1 section 2.3.3',
    key: 'RFC 5903 section 7; SEC 1 section 2.3.3',
  },
  X25519MLKEM768: {
    curve: 'RFC 7748 section 4.1; FIPS 203 section 8; draft-ietf-tls-ecdhe-mlkem',
    base: 'RFC 7748 section 4.1',
    key: 'RFC 7748 section 6.1',
    joined: 'FIPS 203 section 7.1; draft-ietf-tls-ecdhe-mlkem',
  },
}
