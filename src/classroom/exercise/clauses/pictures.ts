/** Stage 4: pictures, in chunks, each way. */

import type { Clause } from '../clause.ts'
import { memory } from './pictures/memory.ts'
import { labels } from './pictures/names.ts'
import { damaged, declared, heads, metadata, pixels, signatures } from './pictures/refused.ts'
import { fullChunks, headAndMetadata, numbers, opens } from './pictures/sent.ts'
import { everyType, keeps, pieces, twiceAtOnce } from './pictures/taken.ts'
import { earlyRefusal, nothingMoves, oneAtATime } from './pictures/wire.ts'

const USUAL = { stage: 4, section: 'Pictures', start: 'agreed', parties: null, weight: 1 } as const
const TAKEN = ['pictures/5'] as const

export const PICTURES: readonly Clause[] = [
  {
    ...USUAL,
    id: 'pictures/1',
    title: 'the head and the metadata of your pictures',
    sentence: '"DUET2" ‖ session id ‖ u64 number ‖ chunks',
    needs: ['agreement'],
    run: headAndMetadata,
  },
  {
    ...USUAL,
    id: 'pictures/2',
    title: 'a picture of yours opens',
    sentence:
      'chunk     = ChaCha20-Poly1305(key, nonce, 65,536 bytes of plaintext; the last chunk has what is left), its tag at its end',
    parties: [1, 2],
    weight: 2,
    needs: ['pictures/1'],
    run: (context) => opens(context, 46, 1),
  },
  {
    ...USUAL,
    id: 'pictures/3',
    title: 'a picture of yours in three chunks',
    sentence: 'nonce     = u88 number of the chunk, from 0 ‖ u8: 1 for the last chunk, else 0',
    parties: [1, 2],
    weight: 2,
    needs: ['pictures/2'],
    run: (context) => opens(context, 150_006, 3),
  },
  {
    ...USUAL,
    id: 'pictures/4',
    title: 'a last chunk that is full',
    sentence:
      'The last chunk is the one that ends with the body; it has at least one byte of plaintext, since the metadata come first.',
    parties: [1, 2],
    weight: 2,
    needs: ['pictures/3', 'pictures/5'],
    run: fullChunks,
  },
  {
    ...USUAL,
    id: 'pictures/5',
    title: 'you open pictures of the four types',
    sentence:
      'The answer is 201 with `{ "accepted": true, "bytes": n }`, n the length of the picture.',
    parties: [1, 2],
    weight: 2,
    needs: ['agreement'],
    run: everyType,
  },
  {
    ...USUAL,
    id: 'pictures/6',
    title: 'you keep what was sent',
    sentence: 'It keeps the picture, and steps the chain behind its number, once all of this holds',
    needs: TAKEN,
    needsStart: true,
    run: keeps,
  },
  {
    ...USUAL,
    id: 'pictures/7',
    title: 'the numbers of pictures, beside texts',
    sentence:
      '`number` counts from 0 in each session and direction, and goes up by one with every picture that is begun, whether it arrives or not.',
    needs: ['pictures/2', 'pictures/5'],
    run: numbers,
  },
  {
    ...USUAL,
    id: 'pictures/8',
    title: 'a picture in pieces',
    section: 'Transport',
    sentence: 'HTTP/1.1.',
    needs: TAKEN,
    run: pieces,
  },
  {
    ...USUAL,
    id: 'pictures/9',
    title: 'damaged pictures leave nothing',
    sentence: 'Cutting, swapping, repeating or adding chunks makes one of them fail to open.',
    weight: 2,
    needs: TAKEN,
    run: damaged,
  },
  {
    ...USUAL,
    id: 'pictures/10',
    title: 'head, session and number are looked at',
    sentence: '29 bytes that begin with DUET2',
    needs: TAKEN,
    run: heads,
  },
  {
    ...USUAL,
    id: 'pictures/11',
    title: 'the metadata are looked at',
    sentence:
      'The metadata are JSON in UTF-8, at most 1,024 bytes, with exactly these fields, in any order, with or without blanks between them:',
    needs: TAKEN,
    run: metadata,
  },
  {
    ...USUAL,
    id: 'pictures/12',
    title: 'the first bytes are those of the type',
    sentence:
      'the first bytes are those of the type: `89 PNG 0d 0a 1a 0a`, `ff d8 ff`, `RIFF` four bytes `WEBP`, `GIF87a` or `GIF89a`',
    needs: TAKEN,
    run: signatures,
  },
  {
    ...USUAL,
    id: 'pictures/13',
    title: 'as many bytes as declared, and not too many',
    sentence: '`bytes` is not over what the receiver takes (64 MiB if it was told nothing else)',
    needs: TAKEN,
    run: declared,
  },
  {
    ...USUAL,
    id: 'pictures/14',
    title: 'sizes that no memory has room for',
    sentence:
      'no size that the picture tells (of its canvas, of a frame) has a side over 65,535 pixels or an area over 64,000,000, and the reserved bits in the head of an extended WebP are 0',
    needs: TAKEN,
    run: pixels,
  },
  {
    ...USUAL,
    id: 'pictures/15',
    title: 'a name is never a path',
    sentence: '`name` a label, which is never used as a path.',
    weight: 2,
    needs: ['pictures/6'],
    needsStart: true,
    run: labels,
  },
  {
    ...USUAL,
    id: 'pictures/16',
    title: 'a refusal before all of it was sent',
    section: 'Transport',
    sentence: 'A refusal has a status of 400 or more and a problem whose `code` is what counts.',
    start: 'own',
    needs: ['pictures/3'],
    run: earlyRefusal,
  },
  {
    ...USUAL,
    id: 'pictures/17',
    title: 'nothing moves for five seconds',
    section: 'Transport',
    sentence:
      'A caller gives up after 5 seconds (for a picture, after 5 in which nothing moves; for the copies of a text, see [below](#a-text-arrives-once)), and a later answer is dropped.',
    start: 'own',
    needs: ['pictures/3'],
    isSlow: true,
    run: nothingMoves,
  },
  {
    ...USUAL,
    id: 'pictures/18',
    title: 'one picture twice at the same time',
    sentence: 'it is not below the next one expected, now and once the picture has come',
    needs: TAKEN,
    run: twiceAtOnce,
  },
  {
    ...USUAL,
    id: 'pictures/19',
    title: 'one picture at a time',
    sentence: 'The sender waits for each answer before the next picture.',
    start: 'own',
    needs: ['pictures/2'],
    run: oneAtATime,
  },
  {
    ...USUAL,
    id: 'pictures/20',
    title: 'one chunk in memory at a time',
    sentence: 'The receiver holds one chunk at a time.',
    start: 'own',
    weight: 0,
    needs: TAKEN,
    needsStart: true,
    run: memory,
  },
]
