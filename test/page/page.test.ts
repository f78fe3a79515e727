/** The page as it is served: its files, what a browser may load for it, and what it shows without its script. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import type { ComponentChildren } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { PAGE_FILES } from '../../src/page/files.ts'
import { h } from '../../src/page/h.ts'
import { STEPS } from '../../src/page/story.ts'
import { en, type Words } from '../../src/page/words/en.ts'
import { es } from '../../src/page/words/es.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { documentAt } from '../helpers/documents.ts'
import { readEvents } from '../helpers/events.ts'
import { assertProblem, assertSafeHeaders } from '../helpers/problem.ts'
import {
  agree,
  sharedPeers,
  type TestPeer,
  talk,
  withOnePeer,
  withPeers,
} from '../helpers/with-peers.ts'

const root = path.resolve(import.meta.dirname, '../..')
const SERVED = PAGE_FILES.map((path) => path.slice(1))
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8')
const folderOf = (file: string) => (file.endsWith('.svg') ? 'src/page' : 'dist/browser')
const textOf = (file: string) => fs.readFileSync(path.join(root, folderOf(file), file), 'utf8')

const HTML = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }
const pageOf = (peer: TestPeer) => peer.call('/', HTML)

/** Each sentence as the page has it, by its name; where one has figures in it, with the same ones. */
function sentencesOf(words: unknown, name = ''): Map<string, string> {
  if (typeof words === 'boolean') return new Map()
  if (typeof words === 'function') return sentencesOf(words(2, 3, 4), name)
  const isNode = Array.isArray(words) && words.some((part) => part?.type !== undefined)
  if (typeof words !== 'object' || words === null || isNode)
    return new Map([[name, renderToString(h('p', null, words as ComponentChildren))]])
  return new Map(
    Object.entries(words).flatMap(([key, inner]) => [...sentencesOf(inner, `${name}.${key}`)]),
  )
}

/** Whom the page links to, and the names of namespaces. */
const LINKED = [
  ...['csrc.nist.gov', 'datatracker.ietf.org', 'safecurves.cr.yp.to', 'signal.org'],
  ...['www.epfl.ch', 'www.rfc-editor.org', 'www.secg.org', 'www.w3.org'],
]

/** Sentences that are the same in both languages. */
const SAME: readonly string[] = ['.bytes', '.folded', '.stage.arrival.arrived']

/** Two peers that nothing went between. */
const withPair = sharedPeers()
/** Two on another suite who have talked. */
const withTalk = sharedPeers({ suite: SUITES.X25519MLKEM768 }, talk)

/** The styles and scripts of a page, and what its scripts load for it. */
function loadedBy(html: string, path: string, language: string): Set<string> {
  const files = new Set(
    Array.from(html.matchAll(/(?:href|src)="([\w-]+\.(?:css|js))"/g), ([, name = '']) => name),
  )
  const isLoaded = (name: string) =>
    name.endsWith('.js') &&
    (path.includes('present') || name !== 'present.js') &&
    (!/e[ns]\.js$/.test(name) || name.endsWith(`${language}.js`))
  for (const file of files)
    for (const [, name = ''] of textOf(file).matchAll(/(?:from|import\()["`]\.\/([\w-]+\.js)["`]/g))
      if (isLoaded(name)) files.add(name)
  return files
}

describe('the files of the page', () => {
  it('have with each page at most 140 kB in all, in one language', () =>
    withPair(async (a) => {
      for (const language of ['en', 'es'])
        for (const path of ['/?', '/?present&', '/toy?']) {
          const page = await a.call(`${path}lang=${language}`, HTML)
          const loaded = [...loadedBy(page.text, path, language)]
          const bytes = [page.text, ...loaded.map(textOf)].map((text) => Buffer.byteLength(text))
          const all = bytes.reduce((sum, each) => sum + each)
          assert.ok(
            loaded.length > 4 && all <= 140_000,
            `${path} ${all} bytes: ${loaded}, ${bytes}`,
          )
        }
    }))

  it('name no host but those of links, and in no way run text', () => {
    for (const file of SERVED) {
      const text = textOf(file)
      for (const [, host = ''] of text.matchAll(/https?:\/\/([\w.-]+)/g))
        assert.ok(LINKED.includes(host), `${file}: ${host}`)
      assert.doesNotMatch(text, /outerHTML|insertAdjacent|document\.write|eval\(|Function\(/)
      assert.doesNotMatch(text, /@import ["u]|\burl\(|style[:=] ?"|\son[a-z]+="|javascript:/)
    }
    // Preact takes HTML from whoever asks for it
    const sources = fs.readdirSync(path.join(root, 'src/page'), {
      recursive: true,
      encoding: 'utf8',
    })
    for (const file of sources.filter((name) => name.endsWith('.ts')))
      assert.doesNotMatch(fs.readFileSync(path.join(root, 'src/page', file), 'utf8'), /innerHTML/i)
  })

  it('are all that was built for a browser, and all in the folder that needs no building', () => {
    const read = (folder: string) => fs.readdirSync(path.join(root, folder))
    const asTheyAre = read('src/page').filter((name) => name.endsWith('.svg'))
    // the lab serves what is in a folder of its own
    const built = read('dist/browser').filter((name) => name !== 'mallory')
    assert.deepEqual(SERVED.toSorted(), [...built, ...asTheyAre].sort())
  })

  it('are served with their types, and refused by any other name', () =>
    withPair(async (a) => {
      const types: Record<string, string> = {
        '.css': 'text/css; charset=utf-8',
        '.js': 'text/javascript; charset=utf-8',
        '.svg': 'image/svg+xml',
      }
      for (const name of SERVED) {
        const answer = await a.call(`/${name}`)
        const type = types[path.extname(name)]
        assert.deepEqual([answer.status, answer.headers['content-type']], [200, type])
        assert.equal(answer.headers['cache-control'], 'no-store')
        assert.equal(answer.text, textOf(name))
        assertSafeHeaders(answer)
      }
      const others = `/index.html /page /PAGE.JS /page.js/ /page/page.js /./page.js%00
        /..%2fhttp%2fpage.ts /../page/page.js /tsconfig.json /README.md`
      for (const name of others.split(/\s+/)) assertProblem(await a.call(name), 'not_found')
    }))

  it('are in the README as two pictures, which are small', () => {
    const files = [...readme.matchAll(/!\[The (?:stage|wire)[^\]]*\]\(([^)]+)\)/g)]
    assert.deepEqual(
      files.map(([, file]) => file),
      ['test/stage.png', 'test/page.png'],
    )
    for (const [, file = ''] of files)
      assert.ok(fs.statSync(path.join(root, file)).size < 200 * 1024, file)
  })
})

describe('the page in a language', () => {
  const pageIn = (peer: TestPeer, path: string, languages?: string) =>
    peer.call(path, {
      headers: { ...HTML.headers, ...(languages && { 'accept-language': languages }) },
    })
  it("is in the address's, else in the one that the browser likes best, else in English", () =>
    withPair(async (a) => {
      for (const [path, languages, expected] of [
        ['/', undefined, 'en'],
        ['/', 'es', 'es'],
        ['/', 'es-MX,es;q=0.9,en;q=0.8', 'es'],
        ['/', 'es-419', 'es'],
        ['/', 'fr-FR,fr;q=0.9,es;q=0.2', 'es'],
        ['/', 'en-US,en;q=0.9,es;q=0.8', 'en'],
        ['/', 'de,fr', 'en'],
        ['/', '*', 'en'],
        ['/', ';;q=,,\u00ff', 'en'],
        ['/?lang=es', 'en', 'es'],
        ['/?lang=en', 'es', 'en'],
        ['/?lang=de', 'es', 'es'],
        ['/?lang=es&lang=en', 'en', 'en'],
        ['/?lang=', undefined, 'en'],
        ['/?lang=__proto__', undefined, 'en'],
      ] as const) {
        const { status, text, headers } = await pageIn(a, path, languages)
        const [, lang] = /<html lang="([^"]*)">/.exec(text) ?? []
        const got = [status, lang, headers['content-language'], headers['set-cookie']]
        assert.deepEqual(got, [200, expected, expected, undefined], `${path} ${languages}`)
        assert.match(headers['vary'] ?? '', /Accept-Language/)
      }
      // what no browser asks for is in English
      assert.match((await a.call('/?lang=es')).text, /make a fresh key pair/)
    }))

  it('has every sentence of its own, in Spanish as in English, with the same figures, elements and links', () => {
    const [english, spanish] = [sentencesOf(en), sentencesOf(es)]
    assert.deepEqual([...english.keys()], [...spanish.keys()])
    assert.ok(english.size > 180, `${english.size}`)
    const same = [...english].filter(([name, sentence]) => spanish.get(name) === sentence)
    assert.deepEqual(same.map(([name]) => name).sort(), SAME.toSorted())
    const marks = (text = '') => text.match(/<[^>]+>|\bRFC \d+|\bFIPS \d+|\b20\d\d\b|\d{5,}/g) ?? []
    english.delete('.billions')
    for (const [name, sentence] of english)
      assert.deepEqual(marks(spanish.get(name)).sort(), marks(sentence).sort(), name)
  })

  it('goes on in it: to the other page too if it was chosen, and to the other language by a link', () =>
    withPair(async (a, b) => {
      const chosen = (await pageIn(a, '/?lang=es', 'en')).text
      assert.ok(chosen.includes(`<a href="${b.url}/?lang=es">Abrir su página</a>`))
      assert.ok(chosen.includes('<a href="?lang=en" hreflang="en" lang="en">In English</a>'))
      const liked = (await pageIn(a, '/', 'es')).text
      assert.ok(liked.includes(`<a href="${b.url}/">Abrir su página</a>`))
      const english = (await pageIn(a, '/?lang=en')).text
      assert.ok(english.includes('<a href="?lang=es" hreflang="es" lang="es">En español</a>'))
    }))

  it('has the fields of the wire explained in it by its events; a transcript is in English', () =>
    withPair(async (a) => {
      for (const [query, is] of [
        ['', /^Which keys sealed it\./],
        ['?lang=en', /^Which keys sealed it\./],
        ['?lang=es', /^Con qué claves se cifró\./],
      ] as const) {
        const stream = await readEvents(a.url, undefined, query)
        const run = await stream.until(({ type }) => type === 'run')
        stream.close()
        assert.match(run.data.forms['sealed message'].session.is, is)
      }
      const { forms } = (await a.call('/transcript?lang=es')).json
      assert.deepEqual(Object.keys(forms['sealed message'].session), ['is', 'source', 'hex'])
      assert.match(forms['sealed message'].session.is, /^Which keys/)
    }))
})

describe('the caption of a step that was refused', () => {
  it('points to no record, since it has none', () =>
    withPair(async (peer) => {
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      await peer.call('/send_msg', { method: 'POST', headers: form, body: 'message=x' })
      const { text } = await pageOf(peer)
      assert.match(text, /Your step was refused:.*bad_message/s)
      assert.ok(!text.includes(en.noReason))
    }))
})

describe('the page', () => {
  it('numbers its steps as the README and the lesson do', () =>
    withPair(async (a) => {
      const numbered = ({ steps }: Words) => STEPS.map((step, i) => `${i + 1} ${steps[step]}`)
      for (const [file, words, between] of [
        ['README.md', en, ' → '],
        ['src/page/LEEME.md', es, ' → '],
        ['src/classroom/lab/README.md', en, ', '],
      ] as const)
        assert.ok(
          documentAt(file).text.replaceAll('\n', ' ').includes(numbered(words).join(between)),
        )
      const inReadme = [...readme.matchAll(/\*\*(\d)\. `(\/\w+)`/g)]
      const steps = /data-step="([^"]+)"[^>]*><h3 data-number="(\d)"/g
      const onPage = [...(await pageOf(a)).text.matchAll(steps)].map(
        ([, step = '', number]) => `${number} ${step.replace('/other', '')}`,
      )
      assert.equal(inReadme.length, 5)
      for (const [, number, step] of inReadme) assert.ok(onPage.includes(`${number} ${step}`), step)
    }))

  it('may load what this peer serves and nothing else, and run no text of its own', () =>
    withPair(async (a) => {
      const answer = await pageOf(a)
      assertSafeHeaders(answer)
      assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
      assert.equal(
        answer.headers['content-security-policy'],
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
          "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      )
      assert.deepEqual(answer.text.match(/<script[^>]*>[^<]*/g), [
        '<script type="module" src="start.js">',
      ])
      assert.doesNotMatch(answer.text, /<style|style=/)
    }))

  it('has a value wherever one belongs, before an exchange and after it', async () => {
    for (const withPeers of [withPair, withTalk])
      await withPeers(async (...peers) => {
        for (const peer of peers)
          assert.doesNotMatch(
            (await pageOf(peer)).text,
            /undefined|null|NaN|\[object|<code[^>]*><\//,
          )
      })
  })

  it('shows without its script the state, the picture and the curls', () =>
    withTalk(async (a, b) => {
      const { text } = await pageOf(b)
      const { session, peer, safetyNumber, ...shown } = (await b.call('/show')).json
      for (const value of [
        ...[shown.publicKey, shown.identity, shown.basePoint, peer.publicKey, peer.identity],
        ...[...safetyNumber.split(' '), session.id],
      ])
        assert.ok(text.includes(`>${value}<`), value)
      for (const step of ['send_keys', 'show', 'send_msg', 'decrypt_msg', 'send_image'])
        assert.ok(text.includes(`curl ${b.url}/${step}`), step)
      assert.ok(text.includes(`curl ${a.url}/send_keys`))
      assert.match(text, /<img src="image\?[0-9a-f]+" alt="[^"]+"\/>/)
      assert.match((await pageOf(a)).text, /No picture has come yet\./)
    }))

  it('links to the page of a peer on this machine, and of no other: only its owner may see it', async () => {
    await withOnePeer({ peerUrl: 'http://127.0.0.1:1' }, async (peer) => {
      const { text } = await peer.call('/', HTML)
      assert.match(text, /<small>port 1<[\s\S]*<a href="http:\/\/127\.0\.0\.1:1\/">/)
    })
    await withOnePeer({ peerUrl: 'http://192.0.2.7:5001' }, async (peer) => {
      const { text } = await peer.call('/', HTML)
      assert.doesNotMatch(text, /href="http:\/\/192/)
      assert.match(text, /<small>192\.0\.2\.7:5001<[\s\S]*# on the other machine</)
    })
  })

  it('tells of the KEM on X25519MLKEM768, and on no other', async () => {
    let alone = ''
    await withPair(async (a) => {
      alone = (await pageOf(a)).text
    })
    await withTalk(async (a) => {
      const joined = (await pageOf(a)).text
      assert.ok(joined.includes('2<sup>125.8</sup> additions'))
      for (const text of ['encapsulation key', 'ciphertext of ML-KEM', 'FIPS 203 section 8']) {
        assert.ok(joined.includes(text), text)
        assert.ok(!alone.includes(text), text)
      }
      assert.ok(alone.includes(' X25519MLKEM768.'))
      for (const text of [joined, alone]) assert.doesNotMatch(text, /<!--|\{\{/)
    })
  })

  it('says which peer is known, and claims nothing before', () =>
    withPeers({}, async (a, b) => {
      const peerIs = async () => /data-peer="(\w+)"/.exec((await pageOf(a)).text)?.[1]
      for (const expected of ['none', 'new', 'known']) {
        assert.equal(await peerIs(), expected)
        await agree(a, b)
      }
    }))

  for (const [suite, order, rho, claimed, english, spanish] of [
    // RFC 7748 section 4.1, FIPS 186-4 D.1.2.3
    [
      SUITES.X25519,
      2n ** 252n + 0x14def9dea2f79cd65812631a5cf5d3edn,
      125.8,
      2.5e20,
      /<sup>125\.8<.+2\.5 × 10²⁰ years.+250 billion\./s,
      /<sup>125,8<.+2,5 × 10²⁰ años.+250\.000 millones\./s,
    ],
    [
      SUITES['P-256'],
      0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
      127.8,
      1e21,
      /<sup>127\.8<.+10²¹ years.+1,000 billion\./s,
      /<sup>127,8<.+10²¹ años.+1\.000\.000 millones\./s,
    ],
  ] as const)
    it(`says what an eavesdropper would have to compute on ${suite.name}, as the group's order has it, in figures of each language`, () =>
      withPeers({ suite }, async (a) => {
        assert.match((await a.call('/?lang=en', HTML)).text, english)
        assert.match((await a.call('/?lang=es', HTML)).text, spanish)
        // 0.886 times the root of the order
        const log2 = Math.log2(0.886) + Math.log2(Number(order)) / 2
        assert.equal(log2.toFixed(1), `${rho}`)
        // at the rate of 8.5 × 10^16 in 3.5 months
        const years = (2 ** log2 / 8.5e16) * (3.5 / 12)
        assert.ok(Math.abs(years / claimed - 1) < 0.05, `${years}`)
      }))

  it('has its picture as noise from what came over the wire', () =>
    withTalk(async (a, b) => {
      const answer = await b.call('/sealed_image')
      assert.equal(answer.headers['content-type'], 'application/octet-stream')
      assert.match(answer.text, /^DUET2/)
      assertProblem(await a.call('/sealed_image'), 'no_image')
      const { events, state } = (await b.call('/transcript')).json
      const { parts, bytes } = events.find(
        (event: { type: string; route: string }) =>
          event.type === 'request' && event.route === '/wire/image',
      )
      assert.equal(Number(answer.headers['content-length']), bytes)
      assert.equal(parts[1].hex + parts[2].hex, state.image.sealed)
    }))
})
