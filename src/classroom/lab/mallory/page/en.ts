/** The sentences of Mallory's page in English; `es.ts` has each of them in Spanish. She says "I". */

import { en as words } from '../../../../page/words/en.ts'
import type { Deed, Standing } from './match.ts'

/** A sentence for everything that her page says. */
export type Hers = typeof en

export const en = {
  /** Those of a peer's page, for records and their fields. */
  words,
  title: (a: string, b: string) => `Mallory between ${a} and ${b}`,
  heading: 'Mallory, in the middle',
  where: (own: number, other: number) => `at port ${own}; at ${other} it is the same page`,
  attack: (a: string, b: string) =>
    `This is an attack, for everybody here to watch. ${a} and ${b} are honest peers. Each of them believes that it talks to the other one. Both talk to me.`,
  standing: {
    nothing: (a: string, b: string) =>
      `I wait. What ${a} and ${b} send to each other arrives at me, as if I owned the Wi-Fi.`,
    one: () =>
      'The first keys have come. I keep them and send keys of mine in their place: nothing in a key says whose it is.',
    both: (a: string, b: string) =>
      `I share one secret with ${a} and another one with ${b}. What one of them seals, I open, read, and seal anew for the other. Nobody notices until the two safety numbers are compared.`,
    'shut out': (a: string, b: string) =>
      `They have met before. At least one of ${a} and ${b} remembers the other's identity and refuses mine. I can claim the right identity, which is public, but I can't prove it. I can keep them apart, and no more.`,
  } satisfies Record<Standing, (a: string, b: string) => string>,
  stage: 'Two wires, and I am on both',
  believes: (far: string) => `believes that I am ${far}`,
  itSent: 'It sent this key:',
  iSend: (far: string) => `In the name of ${far} I send it this one of mine:`,
  refusesMe: 'It refuses me.',
  me: 'Mallory',
  mine: (victim: string, port: number) => `towards ${victim}, at my port ${port}`,
  secretWith: (victim: string) => `the secret that I share with ${victim}`,
  onTerminal: 'on my terminal',
  noSecretYet: 'no secret yet',
  session: 'session',
  counts: (received: number, sent: number) => `it sealed ${received}, and I sealed ${sent}`,
  texts: 'The texts that they send each other are on my terminal, and never on this page.',
  lack: (a: string, b: string) =>
    `What I lack: the private keys of ${a} and ${b}. No key that I send belongs to an identity of theirs.`,

  numbers: 'What gives me away',
  numberAt: (victim: string) => `The safety number that ${victim} shows`,
  differ: (n: number) => `They differ in ${n} of the twelve groups.`,
  equal: 'They are equal: nobody is found by comparing them.',
  oneNumber: 'There is no second number to compare it with yet.',
  noNumber: 'There is no number yet.',
  whyDifferent:
    'Half of each number is made from an identity of mine, a different one on each side. To find identities that give equal digits I would need some 10^30 tries.',
  caught: (a: string, b: string) =>
    `I am caught if ${a} and ${b} compare their numbers by voice, face to face, or in any way that does not run over my wires. Whether they have done so I can't know: nothing of it passes here.`,
  different: 'different:',

  passages: 'What came, and what went on',
  newest: 'the newest first',
  none: 'Nothing has come yet.',
  wireOf: (victim: string) => `wire to ${victim}`,
  cameFrom: (victim: string) => `from ${victim}`,
  wentTo: (victim: string) => `to ${victim}`,
  unanswered: 'not answered yet',
  nothingWent: 'nothing',
  /** What she did with what `from` sent to `to`. */
  deeds: {
    keys: (from: string, to: string) => `I kept the keys of ${from} and sent mine to ${to}.`,
    claim: (from: string, to: string) =>
      `I sent ${to} a key of mine with the identity of ${from}, which I can't prove.`,
    sealed: (from: string, to: string) =>
      `I opened the text of ${from}, read it, and sealed it anew for ${to}. It is on my terminal.`,
    altered: (from: string, to: string) =>
      `I opened the text of ${from}, changed it, and sealed the changed one for ${to}. Both are on my terminal.`,
    picture: (from: string, to: string) =>
      `I opened the picture of ${from}, kept a copy, and sealed it anew for ${to}.`,
    same: (_from: string, to: string) => `I passed it on to ${to} as it came.`,
    pending: (from: string) => `It has just come from ${from}.`,
    refused: (from: string) => `I could not take what ${from} sent.`,
    kept: (from: string) => `I took what ${from} sent, and nothing went on.`,
    copy: (from: string) => `${from} sent the same once more. The first one had gone on already.`,
    own: (_from: string, to: string) => `I sent this to ${to} of my own accord.`,
    forgotten: (_from: string, to: string) =>
      `I sent this to ${to}. What it came of is no longer kept.`,
  } satisfies Record<Deed, (from: string, to: string) => string>,
  fields: 'field by field',
  isSame: 'the same bytes',
  isNew: 'other bytes',
  isOnly: 'on one wire only',
  absent: 'none',
  request: 'The request',
  answer: 'The answer',
  counted: (same: number, all: number) => `${same} of ${all} fields are the same bytes`,
  earlier: (n: number) => `${n} earlier ones`,

  pictures: 'The pictures that I copied',
  noPicture: 'No picture has come yet.',
  pictureOf: (victim: string) => `The last picture that ${victim} sent`,
  copyGone: 'I keep it while I run.',
}
