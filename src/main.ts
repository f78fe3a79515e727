#!/usr/bin/env node
/** The command. What it runs is built as few files (`build.js`), whose maps have to be asked for before they are loaded. */

process.setSourceMapsEnabled(true)
const { run } = await import('./commands/run.ts')
await run()
