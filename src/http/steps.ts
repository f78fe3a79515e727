/** The owner's routes, in the order in which a person runs them. */

import { type FileHandle, open } from 'node:fs/promises'
import type { Peer } from '../peer/peer.ts'
import type { PictureType } from '../protocol/stream.ts'
import type { Step } from '../wirelog/events.ts'
import type { Events } from '../wirelog/ring.ts'
import { hasBody, readNumber, readText } from './bodies.ts'
import { TABLE } from './codes.ts'
import { commandsOf } from './nextCommands.ts'
import { answerPage } from './page.ts'
import { pictureIn } from './pictures.ts'
import { HttpError } from './problems.ts'
import { type Ctx, type Handlers, listOfRoutes } from './routes.ts'

/** With fewer letters than this their shares are not even yet; a picture has more. */
const FLAT_SAMPLE = 10_000

const OTHER_HELP = '/other/...    these steps on the other peer, as /other/show; all but /compare\n'

/** Each answers with `next`: the command to run after it. `runsOther`: whether `/other/...` runs the other peer's steps. */
export function stepHandlers(
  peer: Peer,
  events: Events,
  runsOther: boolean,
): Handlers<Step | '/image' | '/frequency' | '/'> {
  const commands = commandsOf(peer)
  const { own, peer: others, inSession } = commands
  const next = () => {
    const { waiting, session } = peer.publicState()
    return own(waiting.length > 0 ? '/decrypt_msg' : session ? '/send_msg' : '/send_keys')
  }

  /** The session that our own /send_keys completed, its id as hex. */
  let completed: string | null = null

  return {
    '/send_keys': async (ctx) => {
      const sent = await peer.sendKeys()
      const { session, refused } = sent
      completed = session ?? completed
      const nextForPeer = others(session === null ? '/send_keys' : '/show')
      answer(ctx, 201, sent, refused ? TABLE[refused].next(commands, '/send_keys') : nextForPeer)
    },

    '/show': (ctx) => {
      const state = peer.show()
      const { session, waiting } = state
      const isUnused = session?.sent === 0 && session.received === 0 && waiting.length === 0
      // whoever follows `next` sees both secrets, first that of the peer whose keys were sent first
      const after = session?.id === completed ? others('/send_msg') : others('/show')
      answer(ctx, 200, state, isUnused ? after : next())
    },

    '/compare': async (ctx) => answer(ctx, 200, peer.compare(await readNumber(ctx)), next()),

    '/send_msg': async (ctx) => {
      if (ctx.querystring !== '')
        throw new HttpError('text_in_url', 'Programs on the way write URLs into their logs.')
      // Before the body is read: only a request that came after the answer that left a text in doubt can be about that text.
      const { textInDoubt } = peer
      const sent = await peer.sendMessage(await readText(ctx), textInDoubt)
      answer(ctx, 201, sent, others('/decrypt_msg'))
    },

    '/decrypt_msg': (ctx) => answer(ctx, 200, peer.decryptMessages(), own('/send_msg')),

    '/send_image': async (ctx) => {
      answer(ctx, 201, await peer.sendPicture(await pictureIn(ctx)), others('/'))
    },

    '/image': (ctx) => answerPicture(ctx, peer),

    '/frequency': (ctx) => {
      const letter = letterOf(ctx)
      const { english, ciphertext, sample } = peer.frequency()
      const shown =
        letter === null
          ? { english, ciphertext, sample }
          : { letter, english: english[letter], ciphertext: ciphertext[letter], sample }
      const another = letter === null ? '/frequency -G -d letter=e' : '/frequency'
      answer(ctx, 200, shown, sample < FLAT_SAMPLE ? inSession('/send_image') : own(another))
    },

    '/': async (ctx) => {
      if (ctx.accepts('text/plain', 'text/html') === 'text/html') {
        await answerPage(ctx, peer, events, runsOther)
        return
      }
      const mailbox = `\nFor everyone, since this peer has a mailbox:\n${listOfRoutes('open')}`
      ctx.type = 'text/plain'
      ctx.body = `ecdh-duet on port ${peer.port}; the other peer is ${peer.peerUrl}

${listOfRoutes("the owner's")}${runsOther ? OTHER_HELP : ''}${peer.mailboxKey === null ? '' : mailbox}
next: ${next()}
`
    },
  }
}

/** Answers with the picture that came last. */
export async function answerPicture(ctx: Ctx, peer: Peer): Promise<void> {
  const { type, file } = await openLast(peer)
  ctx.type = type
  ctx.length = (await file.stat()).size
  ctx.body = file.createReadStream()
}

/**
 * The file of the picture that came last.
 * @throws HttpError `no_image`
 */
async function openLast(peer: Peer): Promise<{ type: PictureType; file: FileHandle }> {
  const picture = peer.lastPicture
  if (picture === null) throw new HttpError('no_image', 'No picture has come yet.')
  try {
    return { type: picture.type, file: await open(picture.path) }
  } catch {
    // another picture came meanwhile, and this one may have been removed for it
    if (peer.lastPicture !== picture) return openLast(peer)
    throw new HttpError('no_image', 'The file of the last picture is gone.')
  }
}

/**
 * The one letter that the query asks for, or null without a query.
 * @throws HttpError `bad_letter`
 */
function letterOf(ctx: Ctx): string | null {
  if (hasBody(ctx)) throw new HttpError('bad_letter', 'A letter comes as a query: curl needs -G.')
  if (ctx.querystring === '') return null
  const [[name, value = ''] = [], ...more] = new URLSearchParams(ctx.querystring)
  if (name !== 'letter' || !/^[a-z]$/.test(value) || more.length > 0)
    throw new HttpError('bad_letter', 'The query is one letter from a to z: ?letter=e')
  return value
}

/** Indented for people, with a newline at its end. */
function answer(ctx: Ctx, status: number, body: object, next: string): void {
  ctx.status = status
  ctx.type = 'application/json'
  ctx.body = `${JSON.stringify({ ...body, next }, null, 2)}\n`
  ctx.state.next = next
}
