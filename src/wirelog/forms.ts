/** What crosses the wire: the forms of each route, with a note on every field in English and Spanish. */

import * as v from 'valibot'
import {
  AnswerForm,
  ImageAnswerForm,
  KeyForm,
  MessageAnswerForm,
  MessageForm,
} from '../protocol/forms.ts'
import { AEAD_TAG_BYTES, SESSION_ID_BYTES } from '../protocol/messages.ts'
import { MAGIC, NUMBER_BYTES } from '../protocol/stream.ts'
import { SUITE_NAMES, type Suite, type SuiteName } from '../protocol/suites.ts'
import { type Annotated, annotatedBytes, annotatedJson } from './annotate.ts'
import { CODES } from './codes.ts'

/** Of each wire route, the form of its requests and that of its answers. */
export const FORMS = {
  '/wire/keys': ['key message', 'answer to a key message'],
  '/wire/message': ['sealed message', 'answer to a sealed message'],
  '/wire/image': ['picture header', 'answer to a picture'],
} as const
export type WireRoute = keyof typeof FORMS
export type Form = (typeof FORMS)[WireRoute][number] | 'refusal'

/** Each form with its fields explained, and how a body is cut into them. */
export function formsOf(suite: Suite): Readonly<Record<Form, Annotated>> {
  return { ...annotatedMessages(suite), ...annotatedStream(), refusal: annotatedProblem }
}

interface Sources {
  readonly curve: string
  readonly base: string
  readonly key: string
  /** Of the KEM's half of a public key, where there is one. */
  readonly joined?: string
}

/** Where each curve, its base point and its public keys are defined. */
const SOURCES: Readonly<Record<SuiteName, Sources>> = {
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

function annotatedMessages(suite: Suite) {
  const { curve: name, base, key, joined } = SOURCES[suite.name]
  const version = {
    en: 'The version of the protocol. A peer that speaks another one refuses.',
    es: 'La versión del protocolo. Quien habla otra lo rechaza.',
    source: 'duet/2, Key message',
  }
  const confirm = {
    'confirm.session': {
      hex: true,
      en: `Which keys the proof is about: the first 16 bytes of the SHA-256 of the curve and both sides' identities and public keys${joined ? ', and of the ciphertext' : ''}.`,
      es: `De qué claves trata la prueba: los primeros 16 bytes del SHA-256 de la curva y de las identidades y claves públicas de las dos partes${joined ? ', y del texto cifrado' : ''}.`,
      source: 'RFC 6234 section 6.2; duet/2, Keys',
    },
    'confirm.tag': {
      hex: true,
      en: 'The proof that its sender has the same keys: an HMAC that nobody else can make, and that tells nothing of them.',
      es: 'La prueba de que quien envía tiene las mismas claves: un HMAC que nadie más puede calcular y que no revela nada de ellas.',
      source: 'RFC 2104 section 2; RFC 5869 section 2.3',
    },
    'confirm.ciphertext': {
      hex: true,
      en: 'What ML-KEM made for the encapsulation key of the other side: it carries a secret to the owner of that key and to nobody else. Whoever made it sends it.',
      es: 'Lo que ML-KEM creó para la clave de encapsulación de la otra parte: lleva un secreto al dueño de esa clave y a nadie más. Lo envía quien lo creó.',
      source: 'FIPS 203 section 7.2; draft-ietf-tls-ecdhe-mlkem',
    },
  }
  const accepted = {
    en: 'The request was checked whole and taken.',
    es: 'La petición se comprobó entera y se aceptó.',
    source: 'RFC 9110 section 15.3.2 (201)',
  }
  const point = {
    hex: true,
    en: 'Private key times base point, fresh for this exchange. The private key stays where it is.',
    es: 'Clave privada por punto base, nueva en este intercambio. La clave privada se queda donde está.',
    source: key,
  }
  return {
    'key message': annotatedJson(
      v.strictObject({ ...KeyForm.entries, curve: v.picklist(SUITE_NAMES) }),
      {
        v: version,
        curve: {
          en: 'The curve that both were started with. It is not negotiated, so nobody can talk them into a weaker one.',
          es: 'La curva con la que se iniciaron los dos. No se negocia, así que nadie puede llevarlos a una más débil.',
          source: name,
        },
        basePoint: {
          hex: true,
          en: 'The point that everybody multiplies, the same for all. It is sent to be seen, and compared.',
          es: 'El punto que todos multiplican, el mismo para todos. Se envía para que se vea, y se compara.',
          source: base,
        },
        identity: {
          hex: true,
          en: "The sender's long-term public key. The safety number is made from it.",
          es: 'La clave pública de larga duración de quien envía. De ella sale el número de seguridad.',
          source: `${key}; duet/2, Keys of a peer`,
        },
        publicKey: joined
          ? {
              hex: true,
              en: 'The first half of the public key: an encapsulation key of ML-KEM-768, fresh for this exchange. A quantum computer is not known to be of help in finding what it opens.',
              es: 'La primera mitad de la clave pública: una clave de encapsulación de ML-KEM-768, nueva en este intercambio. No se sabe que un ordenador cuántico ayude a hallar lo que abre.',
              source: joined,
              end: {
                ...point,
                name: 'x25519',
                bytes: suite.curve.pointBytes,
                en: `The second half: ${point.en}`,
                es: `La segunda mitad: ${point.es}`,
              },
            }
          : point,
        ...confirm,
      },
    ),
    'answer to a key message': annotatedJson(AnswerForm, { accepted, ...confirm }),
    'sealed message': annotatedJson(MessageForm, {
      v: version,
      session: {
        hex: true,
        en: 'Which keys sealed it. It is part of what the tag covers.',
        es: 'Con qué claves se cifró. Forma parte de lo que protege la etiqueta.',
        source: 'duet/2, Messages',
      },
      seq: {
        en: 'Its place in the session, counted from 0. It chooses the key: each message has one of its own, and a message that is sent again is refused.',
        es: 'Su lugar en la sesión, contado desde 0. Elige la clave: cada mensaje tiene la suya, y un mensaje que se repite se rechaza.',
        source: 'The Double Ratchet Algorithm, section 2.2; duet/2, Messages',
      },
      ciphertext: {
        hex: true,
        en: 'The text XOR the key stream of ChaCha20: as long as the text, and without the key as good as noise.',
        es: 'El texto XOR la secuencia cifrante de ChaCha20: tan largo como el texto y, sin la clave, como si fuera ruido.',
        source: 'RFC 8439 section 2.4',
        end: {
          hex: true,
          name: 'tag',
          bytes: AEAD_TAG_BYTES,
          en: 'The tag of Poly1305. A single changed bit anywhere, and the message does not open.',
          es: 'La etiqueta de Poly1305. Con un solo bit cambiado en cualquier sitio, el mensaje no se descifra.',
          source: 'RFC 8439 section 2.5',
        },
      },
    }),
    'answer to a sealed message': annotatedJson(MessageAnswerForm, {
      accepted,
      missing: {
        en: 'How many messages before this one never came.',
        es: 'Cuántos mensajes anteriores a este no llegaron nunca.',
        source: 'duet/2, Messages',
      },
    }),
  } satisfies Record<string, Annotated>
}

function annotatedStream() {
  return {
    'picture header': annotatedBytes(
      {
        name: 'magic',
        value: MAGIC,
        en: 'The letters DUET2: what follows is a picture stream of this version.',
        es: 'Las letras DUET2: lo que sigue es el flujo de una imagen, de esta versión.',
        source: 'duet/2, Pictures',
      },
      [
        {
          name: 'session',
          bytes: SESSION_ID_BYTES,
          en: 'Which keys sealed it.',
          es: 'Con qué claves se cifró.',
          source: 'duet/2, Pictures',
        },
        {
          name: 'number',
          bytes: NUMBER_BYTES,
          en: 'Its place among the pictures of the session, counted from 0. It chooses the key: each picture has one of its own, so its chunks can be counted from 0.',
          es: 'Su lugar entre las imágenes de la sesión, contado desde 0. Elige la clave: cada imagen tiene la suya, así que sus bloques se pueden contar desde 0.',
          source: 'The Double Ratchet Algorithm, section 2.2; duet/2, Pictures',
        },
      ],
    ),
    'answer to a picture': annotatedJson(ImageAnswerForm, {
      accepted: {
        en: 'Every chunk has opened, in its order and to the last.',
        es: 'Todos los bloques se han descifrado, en su orden y hasta el último.',
        source: 'RFC 9110 section 15.3.2 (201)',
      },
      bytes: {
        en: 'The length of the picture.',
        es: 'La longitud de la imagen.',
        source: 'duet/2, Pictures',
      },
    }),
  }
}

const KnownCode = v.picklist(CODES)
/** A refusal with each of its fields explained. */
export const annotatedProblem = annotatedJson(
  v.strictObject({
    status: v.number(),
    code: KnownCode,
    title: v.string(),
    detail: v.string(),
    next: v.string(),
    peer_code: v.exactOptional(v.nullable(KnownCode)),
  }),
  {
    status: {
      en: 'The status of the answer once more.',
      es: 'El código de estado de la respuesta, otra vez.',
      source: 'RFC 9457 section 3.1.2',
    },
    code: {
      en: 'Why it was refused, for programs.',
      es: 'Por qué se rechazó, para programas.',
      source: 'RFC 9457 section 3.2',
    },
    title: {
      en: 'The same for people.',
      es: 'Lo mismo, para personas.',
      source: 'RFC 9457 section 3.1.3',
    },
    detail: {
      en: 'What was wrong with this request.',
      es: 'Qué estaba mal en esta petición.',
      source: 'RFC 9457 section 3.1.4',
    },
    next: { en: 'How to go on.', es: 'Cómo seguir.', source: 'RFC 9457 section 3.2' },
    peer_code: {
      en: 'Why the other peer refused.',
      es: 'Por qué rechazó la otra parte.',
      source: 'RFC 9457 section 3.2',
    },
  },
)
